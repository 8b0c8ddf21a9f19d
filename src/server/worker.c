/* SPDX-License-Identifier: Apache-2.0 */
#include "worker.h"

#include "accept.h"
#include "conn.h"
#include "portside/clock.h"
#include "portside/heap.h"
#include "portside/log.h"
#include "route.h"

#include <errno.h>
#include <microhttpd.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

/*
 * Of one look at epoll. Answers go out when all of them have been dealt with, so with few at a time
 * nobody waits for many others; with less than eight libmicrohttpd's own looks begin to cost.
 */
#define EVENTS 8

/*
 * A handshake takes 30 KB that its connection does not need afterwards. When hundreds begin at
 * once, all of that would stay: what the connections keep lies in between. Once in this time is
 * enough: it takes 0.1 ms after 16 handshakes, one after 256, three after 900.
 */
#define TRIM_AFTER_MS 1000U
#define MHD_ROUNDS 16 /* in one round, so that no connection waits for the others */
/*
 * libmicrohttpd holds an index of the fields (64 bytes each) and part of a body as well. It touches
 * all of it after each request, so this is what an open connection costs: not more than needed.
 * With 32 KiB it would come from the heap and not be mapped anew for each connection, but then 400
 * short fields, or a header just too long, are refused in libmicrohttpd's words and not in ours.
 */
#define MHD_POOL_PER_HEADER 2U
#define MHD_POOL_EXTRA ((size_t)8 * 1024)

bool ps_worker_watch(struct ps_worker *worker, struct ps_source *source, uint32_t mask)
{
    if (source->fd < 0 || source->mask == mask) {
        return true;
    }
    struct epoll_event event = {.events = mask, .data.ptr = source};
    int change = EPOLL_CTL_MOD;
    if (mask == 0) {
        change = EPOLL_CTL_DEL;
    } else if (source->mask == 0) {
        change = EPOLL_CTL_ADD;
    }
    source->mask = mask;
    return epoll_ctl(worker->epoll, change, source->fd, &event) == 0;
}

void ps_worker_deadline(struct ps_worker *worker, uint64_t when_ms)
{
    if (when_ms < worker->deadline_ms) {
        worker->deadline_ms = when_ms;
    }
}

void ps_worker_trim_soon(struct ps_worker *worker)
{
    if (worker->trim_ms == 0) {
        worker->trim_ms = worker->now_ms + TRIM_AFTER_MS;
        ps_worker_deadline(worker, worker->trim_ms);
    }
}

static void trim(struct ps_worker *worker)
{
    if (worker->trim_ms == 0) {
        return;
    }
    if (worker->trim_ms <= worker->now_ms) {
        worker->trim_ms = 0;
        ps_heap_trim();
        return;
    }
    ps_worker_deadline(worker, worker->trim_ms);
}

bool ps_pace_is_due(struct ps_pace *pace, uint64_t now_ms, uint64_t every_ms, uint64_t *ret_times)
{
    pace->times++;
    if (pace->told_ms != 0 && now_ms - pace->told_ms < every_ms) {
        return false;
    }
    *ret_times = pace->times;
    *pace = (struct ps_pace){.told_ms = now_ms};
    return true;
}

static void notify(void *cls, struct MHD_Connection *connection, void **socket_context,
                   enum MHD_ConnectionNotificationCode code)
{
    struct ps_worker *worker = cls;
    (void)connection;
    if (code == MHD_CONNECTION_NOTIFY_STARTED) {
        *socket_context = worker->adding;
        worker->adding->mhd_knows = true;
        return;
    }
    struct ps_conn *conn = *socket_context;
    *socket_context = NULL;
    if (conn != NULL) {
        ps_conn_forgotten(conn);
    }
}

/* Paths are compared as they were sent: "/mutate%00" is not "/mutate". */
static size_t keep_escapes(void *cls, struct MHD_Connection *connection, char *text)
{
    (void)cls;
    (void)connection;
    return strlen(text);
}

static struct MHD_Daemon *start_daemon(struct ps_worker *worker)
{
    const struct ps_config *config = worker->shared->config;
    return MHD_start_daemon(
        MHD_USE_EPOLL | MHD_USE_NO_LISTEN_SOCKET, 0, NULL, NULL, ps_route_handle, worker,
        MHD_OPTION_NOTIFY_CONNECTION, notify, worker, MHD_OPTION_NOTIFY_COMPLETED,
        ps_route_completed, worker, MHD_OPTION_CONNECTION_LIMIT,
        (unsigned int)worker->shared->share.conn_max * 2U + 16U, MHD_OPTION_CONNECTION_TIMEOUT, 0U,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT,
        (size_t)config->header_max_bytes * MHD_POOL_PER_HEADER + MHD_POOL_EXTRA,
        MHD_OPTION_UNESCAPE_CALLBACK, keep_escapes, NULL, MHD_OPTION_STRICT_FOR_CLIENT, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1, MHD_OPTION_END);
}

static struct ps_status open_all(struct ps_worker *worker, struct ps_error *err)
{
    worker->epoll = epoll_create1(EPOLL_CLOEXEC);
    worker->wake.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
    if (worker->epoll < 0 || worker->wake.fd < 0) {
        return ps_fail(err, PS_CODE_IO, "cannot make an event loop: %s", strerror(errno));
    }
    worker->arena =
        ps_arena_new((size_t)worker->shared->config->body_max_bytes * PS_ADMIT_ARENA_PER_BYTE);
    worker->mhd = start_daemon(worker);
    if (worker->arena == NULL || worker->mhd == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "cannot start libmicrohttpd");
    }
    if (!ps_worker_watch(worker, &worker->wake, EPOLLIN) ||
        !ps_worker_watch(worker, &worker->listener, EPOLLIN)) {
        return ps_fail(err, PS_CODE_IO, "cannot watch a descriptor: %s", strerror(errno));
    }
    return ps_success();
}

struct ps_status ps_worker_init(struct ps_worker *worker, struct ps_shared *shared, int listener,
                                struct ps_error *err)
{
    worker->shared = shared;
    worker->deadline_ms = UINT64_MAX;
    worker->epoll = -1;
    worker->listener = (struct ps_source){.kind = PS_SOURCE_LISTENER, .fd = listener};
    worker->wake = (struct ps_source){.kind = PS_SOURCE_WAKE, .fd = -1};
    worker->mhd_turn = 1;
    worker->answered_end = &worker->answered;
    return open_all(worker, err);
}

static void close_fd(int *fd)
{
    if (*fd >= 0) {
        (void)close(*fd);
        *fd = -1;
    }
}

void ps_worker_join(struct ps_worker *worker)
{
    if (worker->started) {
        (void)pthread_join(worker->thread, NULL);
        worker->started = false;
    }
}

void ps_worker_clear(struct ps_worker *worker)
{
    if (worker->mhd != NULL) {
        MHD_stop_daemon(worker->mhd);
        worker->mhd = NULL;
    }
    close_fd(&worker->listener.fd);
    close_fd(&worker->wake.fd);
    close_fd(&worker->epoll);
    ps_tls_context_free(worker->context);
    worker->context = NULL;
    ps_arena_free(worker->arena);
    worker->arena = NULL;
}

void ps_worker_wake(const struct ps_worker *worker)
{
    uint64_t one = 1;
    ssize_t written = write(worker->wake.fd, &one, sizeof(one));
    (void)written; /* a counter that is full wakes as well */
}

/*
 * libmicrohttpd's epoll is edge-triggered inside: it says by a zero timeout that it is not done.
 * Its descriptor is not watched: all that ever happens there is what we do at our ends of the
 * pairs, and each time that gives it something to do we say so in mhd_dirty.
 */
static bool run_mhd(struct ps_worker *worker)
{
    MHD_UNSIGNED_LONG_LONG wait_ms = 1;
    for (int i = 0; i < MHD_ROUNDS; i++) {
        worker->mhd_dirty = false;
        (void)MHD_run(worker->mhd); /* fails only for daemons with threads of their own */
        if (MHD_get_timeout(worker->mhd, &wait_ms) != MHD_YES || wait_ms != 0) {
            worker->mhd_turn++;
            return false;
        }
    }
    return true;
}

/*
 * What libmicrohttpd has just answered goes out without another look at epoll. First come, first
 * served: in any other order some would wait for two rounds.
 */
static void deliver(struct ps_worker *worker)
{
    struct ps_conn *conn = worker->answered;
    worker->answered = NULL;
    worker->answered_end = &worker->answered;
    while (conn != NULL) {
        struct ps_conn *next = conn->next_answered;
        ps_conn_deliver(conn);
        conn = next;
    }
}

static void expire(struct ps_worker *worker)
{
    if (worker->now_ms < worker->deadline_ms) {
        return;
    }
    worker->deadline_ms =
        worker->accept_again_ms > worker->now_ms ? worker->accept_again_ms : UINT64_MAX;
    struct ps_conn *next;
    for (struct ps_conn *conn = worker->conns; conn != NULL; conn = next) {
        next = conn->next;
        if (ps_conn_deadline(conn) <= worker->now_ms) {
            ps_conn_expire(conn);
        }
        ps_worker_deadline(worker, ps_conn_deadline(conn));
    }
    trim(worker);
}

/* Only between the turns of libmicrohttpd, and before the graves are emptied. */
static void check_suspects(struct ps_worker *worker)
{
    while (worker->suspects != NULL) {
        struct ps_conn *conn = worker->suspects;
        worker->suspects = conn->next_suspect;
        conn->suspected = false;
        ps_conn_check_header(conn);
    }
}

static void empty_graves(struct ps_worker *worker)
{
    while (worker->graves != NULL) {
        struct ps_conn *conn = worker->graves;
        worker->graves = conn->next;
        ps_heap_free(conn);
    }
}

static void dispatch(struct ps_worker *worker, const struct epoll_event *event)
{
    const struct ps_source *source = event->data.ptr;
    uint64_t ignored;
    switch (source->kind) {
    case PS_SOURCE_LISTENER:
        ps_accept_some(worker);
        return;
    case PS_SOURCE_WAKE:
        (void)!read(worker->wake.fd, &ignored, sizeof(ignored));
        return;
    case PS_SOURCE_SOCKET:
    case PS_SOURCE_PAIR:
        ps_conn_event(source->conn, source, event->events);
        return;
    }
}

/* Takes what waits in the queue before closing it, as closing would reset those clients. */
static void stop_accepting(struct ps_worker *worker)
{
    if (worker->listener.fd >= 0) {
        ps_accept_some(worker);
        (void)ps_worker_watch(worker, &worker->listener, 0);
        close_fd(&worker->listener.fd);
    }
    struct ps_conn *next;
    for (struct ps_conn *conn = worker->conns; conn != NULL; conn = next) {
        next = conn->next;
        ps_conn_close_idle(conn);
    }
}

static int wait_ms(const struct ps_worker *worker, bool busy)
{
    if (busy || worker->mhd_dirty) {
        return 0;
    }
    if (worker->deadline_ms == UINT64_MAX) {
        return -1;
    }
    uint64_t now = ps_clock_mono_ms();
    uint64_t left = worker->deadline_ms > now ? worker->deadline_ms - now : 0;
    return left > 60000 ? 60000 : (int)left;
}

static void *loop(void *arg)
{
    struct ps_worker *worker = arg;
    bool busy = false;
    for (;;) {
        struct epoll_event events[EVENTS];
        int count = epoll_wait(worker->epoll, events, EVENTS, wait_ms(worker, busy));
        worker->now_ms = ps_clock_mono_ms();
        for (int i = 0; i < count; i++) {
            dispatch(worker, &events[i]);
        }
        expire(worker);
        ps_accept_make_room(worker);
        busy = (busy || worker->mhd_dirty) && run_mhd(worker);
        deliver(worker);
        if (!busy) {
            check_suspects(worker);
        }
        if (atomic_load(&worker->shared->stopping)) {
            stop_accepting(worker);
        }
        ps_accept_watch(worker);
        empty_graves(worker);
        if (worker->conns == NULL && worker->listener.fd < 0) {
            return NULL;
        }
    }
}

struct ps_status ps_worker_start(struct ps_worker *worker, struct ps_error *err)
{
    worker->now_ms = ps_clock_mono_ms();
    int failed = pthread_create(&worker->thread, NULL, loop, worker);
    if (failed != 0) {
        return ps_fail(err, PS_CODE_IO, "cannot start a thread: %s", strerror(failed));
    }
    worker->started = true;
    return ps_success();
}
