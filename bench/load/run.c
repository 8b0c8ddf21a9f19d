/* SPDX-License-Identifier: Apache-2.0 */
/* The loop: closed (each connection asks again at once) or open (requests are due by the clock). */
#include "load.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <time.h>

#define EVENTS 256
#define NS_PER_S 1000000000.0
#define DRAIN_NS 5000000000ULL /* how long answers are waited for at the end */

struct clock {
    uint64_t begin_ns;   /* the first request is due */
    uint64_t measure_ns; /* the warm-up ends */
    uint64_t end_ns;
    uint64_t step_ns; /* between two requests of an open loop */
    uint64_t sent;
};

static uint64_t now_of(clockid_t clock)
{
    struct timespec now;
    if (clock_gettime(clock, &now) != 0) {
        return 0;
    }
    return (uint64_t)now.tv_sec * 1000000000ULL + (uint64_t)now.tv_nsec;
}

uint64_t load_now_ns(void)
{
    return now_of(CLOCK_MONOTONIC);
}

/* Exact, unlike the ticks of /proc/PID/stat. */
static uint64_t server_ns(const struct load *load)
{
    clockid_t clock;
    if (load->options.server == 0 || clock_getcpuclockid(load->options.server, &clock) != 0) {
        return 0;
    }
    return now_of(clock);
}

/* Resident memory of the server, now; 0 if it is not known. */
static unsigned long server_rss_kb(const struct load *load)
{
    char path[64];
    char line[128];
    unsigned long kb = 0;
    (void)snprintf(path, sizeof(path), "/proc/%d/status", (int)load->options.server);
    FILE *file = fopen(path, "r");
    while (file != NULL && fgets(line, sizeof(line), file) != NULL) {
        if (strncmp(line, "VmRSS:", 6) == 0) {
            kb = strtoul(line + 6, NULL, 10);
        }
    }
    if (file != NULL) {
        (void)fclose(file);
    }
    return kb;
}

static void next(struct load *load, struct load_conn *conn, uint64_t due_ns)
{
    if (conn->phase == LOAD_CLOSED) {
        load_conn_open(load, conn, due_ns);
    } else {
        load_conn_ask(load, conn, due_ns);
    }
}

void load_answered(struct load *load)
{
    load->waiting--;
}

static struct load_conn *find_free(struct load *load)
{
    static size_t at;
    for (size_t i = 0; i < load->options.connections; i++) {
        struct load_conn *conn = &load->conns[at];
        at = (at + 1) % load->options.connections;
        if (conn->phase == LOAD_IDLE || conn->phase == LOAD_CLOSED) {
            return conn;
        }
    }
    return NULL;
}

/* Open loop: sends what is due, as far as connections are free. */
static void send_due(struct load *load, struct clock *clock)
{
    uint64_t now = load_now_ns();
    for (;;) {
        uint64_t due = clock->begin_ns + clock->sent * clock->step_ns;
        struct load_conn *conn = due > now || load->draining ? NULL : find_free(load);
        if (conn == NULL) {
            return;
        }
        clock->sent++;
        load->waiting++;
        next(load, conn, due);
    }
}

/* Closed loop: each connection that is free asks. */
static void send_free(struct load *load, struct load_conn *conn)
{
    if (!load->draining && (conn->phase == LOAD_IDLE || conn->phase == LOAD_CLOSED)) {
        load->waiting++;
        next(load, conn, load_now_ns());
    }
}

/* Until the next request is due or the phase ends. */
static uint64_t wait_ns(const struct load *load, const struct clock *clock)
{
    uint64_t until = load->measuring ? clock->end_ns : clock->measure_ns;
    if (clock->step_ns != 0 && !load->draining) {
        uint64_t due = clock->begin_ns + clock->sent * clock->step_ns;
        until = due < until ? due : until;
    }
    uint64_t now = load_now_ns();
    return until > now ? until - now : 0;
}

static void turn(struct load *load, struct clock *clock)
{
    struct epoll_event events[EVENTS];
    uint64_t wait = load->draining ? 10000000ULL : wait_ns(load, clock);
    struct timespec timeout = {(time_t)(wait / 1000000000ULL), (long)(wait % 1000000000ULL)};
    int count = epoll_pwait2(load->epoll, events, EVENTS, &timeout, NULL);
    for (int i = 0; i < count; i++) {
        struct load_conn *conn = events[i].data.ptr;
        load_conn_event(load, conn);
        if (clock->step_ns == 0) {
            send_free(load, conn);
        }
    }
    if (clock->step_ns != 0) {
        send_due(load, clock);
    }
}

static void begin(struct load *load, struct clock *clock)
{
    clock->begin_ns = load_now_ns();
    clock->measure_ns = clock->begin_ns + (uint64_t)(load->options.warm_up_s * NS_PER_S);
    clock->end_ns = clock->measure_ns + (uint64_t)(load->options.seconds * NS_PER_S);
    clock->step_ns = load->options.rate > 0 ? (uint64_t)(NS_PER_S / load->options.rate) : 0;
    for (size_t i = 0; clock->step_ns == 0 && i < load->options.connections; i++) {
        send_free(load, &load->conns[i]);
    }
}

struct costs {
    double seconds;
    double server_s;
    double client_s;
    unsigned long server_rss_kb;
};

static void report(const struct load *load, const struct costs *costs)
{
    const struct load_counts *counts = &load->counts;
    static const struct {
        const char *name;
        double share;
    } rows[] = {{"p50", 0.5}, {"p90", 0.9}, {"p99", 0.99}, {"p999", 0.999}};
    (void)printf("{\"answers\":%llu,\"errors\":%llu,\"late\":%llu,\"seconds\":%.6f,"
                 "\"server_cpu_s\":%.6f,\"client_cpu_s\":%.6f,\"server_rss_kb\":%lu,"
                 "\"bytes_min\":%llu,\"bytes_max\":%llu",
                 (unsigned long long)counts->answers, (unsigned long long)counts->errors,
                 (unsigned long long)counts->late, costs->seconds, costs->server_s, costs->client_s,
                 costs->server_rss_kb, (unsigned long long)counts->bytes_min,
                 (unsigned long long)counts->bytes_max);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        (void)printf(",\"%s_us\":%.1f", rows[i].name,
                     (double)load_histogram_at(&counts->latencies, rows[i].share) / 1000.0);
    }
    (void)printf(",\"max_us\":%.1f,\"failure\":\"%s\"}\n",
                 (double)counts->latencies.max_ns / 1000.0, load->failure);
}

/* Requests that an open loop owed and could not send, because all connections were busy. */
static uint64_t owed(const struct clock *clock)
{
    uint64_t due = clock->step_ns == 0 ? 0 : (clock->end_ns - clock->begin_ns) / clock->step_ns;
    return due > clock->sent ? due - clock->sent : 0;
}

/* The part that is counted. */
static void measure(struct load *load, struct clock *clock, struct costs *costs)
{
    load->measuring = true;
    uint64_t from_ns = load_now_ns();
    uint64_t server_from_ns = server_ns(load);
    uint64_t client_from_ns = now_of(CLOCK_PROCESS_CPUTIME_ID);
    while (load_now_ns() < clock->end_ns) {
        turn(load, clock);
    }
    costs->seconds = (double)(load_now_ns() - from_ns) / NS_PER_S;
    costs->server_s = (double)(server_ns(load) - server_from_ns) / NS_PER_S;
    costs->client_s = (double)(now_of(CLOCK_PROCESS_CPUTIME_ID) - client_from_ns) / NS_PER_S;
    costs->server_rss_kb = server_rss_kb(load);
    load->measuring = false;
}

bool load_run(struct load *load)
{
    struct clock clock = {0};
    struct costs costs;
    begin(load, &clock);
    while (load_now_ns() < clock.measure_ns) {
        turn(load, &clock);
    }
    measure(load, &clock, &costs);
    load->counts.late = owed(&clock);
    load->draining = true;
    uint64_t give_up_ns = load_now_ns() + DRAIN_NS;
    while (load->waiting > 0 && load_now_ns() < give_up_ns) {
        turn(load, &clock);
    }
    if (load->waiting > 0) {
        load_failed(load, "answers that never came");
    }
    report(load, &costs);
    return load->counts.answers > 0;
}
