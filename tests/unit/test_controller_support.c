/* SPDX-License-Identifier: Apache-2.0 */
#include "test_controller_support.h"

#include "portside/clock.h"
#include "portside/heap.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define TRANSFERS_MAX 4096U
#define ANSWERS_MAX 32U
#define WAIT_MS 5000U
#define STEP_MS 100U
#define TURNS 4U /* from what is due to what its answers lead to */

struct ps_transfer {
    char *method;
    char *path;
    char *body;
    struct ps_transport_request request;
    bool over;
};

struct ps_fake {
    struct ps_transport base;
    struct ps_config config;
    struct ps_controller *controller;
    const struct ps_fake_answer *answers;
    size_t answer_count;
    unsigned used[ANSWERS_MAX];
    struct ps_transfer *transfers[TRANSFERS_MAX];
    size_t count;
    uint64_t skipped_ms; /* that its clocks are ahead */
};

static bool starts(const char *text, const char *begin)
{
    return strncmp(text, begin, strlen(begin)) == 0;
}

static struct ps_status begin(struct ps_transport *transport,
                              const struct ps_transport_request *request,
                              struct ps_transfer **ret_transfer, struct ps_error *err)
{
    struct ps_fake *fake = (struct ps_fake *)transport;
    struct ps_transfer *transfer = ps_heap_new(1, sizeof(*transfer));
    (void)err;
    ck_assert_uint_lt(fake->count, TRANSFERS_MAX);
    transfer->method = ps_heap_copy(ps_str_of(request->method));
    transfer->path = ps_heap_copy(ps_str_of(request->path));
    transfer->body = ps_heap_copy(request->body);
    transfer->request = *request;
    fake->transfers[fake->count++] = transfer;
    *ret_transfer = transfer;
    return ps_success();
}

static void cancel(struct ps_transport *transport, struct ps_transfer *transfer)
{
    (void)transport;
    transfer->over = true;
}

static const struct ps_fake_answer *find(struct ps_fake *fake, const struct ps_transfer *transfer)
{
    for (size_t i = 0; i < fake->answer_count; i++) {
        const struct ps_fake_answer *answer = &fake->answers[i];
        if (strcmp(answer->method, transfer->method) == 0 && starts(transfer->path, answer->path) &&
            (answer->times == 0 || fake->used[i] < answer->times)) {
            fake->used[i]++;
            return answer;
        }
    }
    return NULL;
}

static void reply(struct ps_transfer *transfer, int status, const char *body)
{
    const struct ps_transport_result result = {.status = status};
    transfer->over = true;
    if (transfer->request.on_body(transfer->request.arg, status, ps_str_of(body))) {
        transfer->request.on_done(transfer->request.arg, &result);
    }
}

/* The object that was sent, in a new version. */
static void echo(struct ps_fake *fake, struct ps_transfer *transfer)
{
    static const char key[] = "\"metadata\":{";
    const char *at = strstr(transfer->body, key);
    if (at == NULL || strstr(transfer->body, "resourceVersion") != NULL) {
        reply(transfer, 200, transfer->body);
        return;
    }
    size_t head = (size_t)(at - transfer->body) + sizeof(key) - 1;
    size_t size = strlen(transfer->body) + 64;
    char *text = ps_heap_new(size, 1);
    (void)snprintf(text, size, "%.*s\"resourceVersion\":\"%zu\"%s%s", (int)head, transfer->body,
                   1000 + fake->count, transfer->body[head] == '}' ? "" : ",",
                   transfer->body + head);
    reply(transfer, 200, text);
    ps_heap_free(text);
}

static void answer_one(struct ps_fake *fake, struct ps_transfer *transfer)
{
    const struct ps_fake_answer *answer = find(fake, transfer);
    if (answer != NULL) {
        reply(transfer, answer->status, answer->body);
    } else if (strcmp(transfer->method, "GET") != 0) {
        echo(fake, transfer);
    } else if (strchr(transfer->path, '?') != NULL) {
        reply(transfer, 200, "{\"metadata\":{\"resourceVersion\":\"1\"},\"items\":[]}");
    } else {
        reply(transfer, 404, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}");
    }
}

static struct ps_status wait(struct ps_transport *transport, int timeout_ms, struct pollfd *fds,
                             size_t count, struct ps_error *err)
{
    struct ps_fake *fake = (struct ps_fake *)transport;
    bool busy = false;
    (void)err;
    for (size_t i = 0; i < fake->count; i++) {
        struct ps_transfer *transfer = fake->transfers[i];
        if (!transfer->over && strstr(transfer->path, "watch=") == NULL) {
            busy = true;
            answer_one(fake, transfer);
        }
    }
    (void)poll(fds, count, busy || timeout_ms < 0 ? 0 : timeout_ms);
    return ps_success();
}

/* The fake outlives its controller: tests look at what was asked. */
static void keep(struct ps_transport *transport)
{
    (void)transport;
}

static const struct ps_transport_ops ops = {
    .begin = begin, .cancel = cancel, .wait = wait, .free = keep};

static uint64_t now_ms(void *arg)
{
    const struct ps_fake *fake = arg;
    return ps_clock_mono_ms() + fake->skipped_ms;
}

static int64_t wall_ms(void *arg)
{
    const struct ps_fake *fake = arg;
    return ps_clock_wall_ms() + (int64_t)fake->skipped_ms;
}

struct ps_fake *ps_fake_begin(const struct ps_fake_answer *answers, size_t count)
{
    struct ps_error err = {0};
    struct ps_kube *kube = NULL;
    struct ps_fake *fake = ps_heap_new(1, sizeof(*fake));
    ck_assert_uint_le(count, ANSWERS_MAX);
    fake->base.ops = &ops;
    fake->answers = answers;
    fake->answer_count = count;
    ps_config_init(&fake->config);
    fake->config.identity = PS_STR("me");
    const struct ps_kube_options options = {.now_ms = now_ms, .wall_ms = wall_ms, .arg = fake};
    ck_assert(ps_ok(ps_kube_new(&fake->base, &options, &kube, &err)));
    ck_assert_msg(ps_ok(ps_controller_on(&fake->config, kube, "portside", &fake->controller, &err)),
                  "%s", err.message);
    return fake;
}

struct ps_controller *ps_fake_controller(struct ps_fake *fake)
{
    return fake->controller;
}

struct ps_config *ps_fake_config(struct ps_fake *fake)
{
    return &fake->config;
}

size_t ps_fake_count(const struct ps_fake *fake, const char *method, const char *path,
                     const char *text)
{
    size_t found = 0;
    for (size_t i = 0; i < fake->count; i++) {
        const struct ps_transfer *transfer = fake->transfers[i];
        found += strcmp(transfer->method, method) == 0 && starts(transfer->path, path) &&
                 strstr(transfer->body, text) != NULL;
    }
    return found;
}

void ps_fake_wait(struct ps_fake *fake, const char *method, const char *path, const char *text)
{
    uint64_t end_ms = ps_clock_mono_ms() + WAIT_MS;
    while (ps_fake_count(fake, method, path, text) == 0) {
        ck_assert_msg(ps_clock_mono_ms() < end_ms, "no %s %s with '%s'", method, path, text);
        (void)ps_controller_turn(fake->controller, 20);
    }
}

void ps_fake_wait_metric(struct ps_fake *fake, const char *name, long value)
{
    uint64_t end_ms = ps_clock_mono_ms() + WAIT_MS;
    while (ps_fake_metric(fake, name) < value) {
        ck_assert_msg(ps_clock_mono_ms() < end_ms, "%s is %ld, not %ld", name,
                      ps_fake_metric(fake, name), value);
        (void)ps_controller_turn(fake->controller, 20);
    }
}

void ps_fake_skip(struct ps_fake *fake, unsigned ms)
{
    for (unsigned i = 0; i < ms; i += STEP_MS) {
        fake->skipped_ms += STEP_MS;
        for (unsigned turn = 0; turn < TURNS; turn++) {
            (void)ps_controller_turn(fake->controller, 0);
        }
    }
}

void ps_fake_run(struct ps_fake *fake, unsigned ms)
{
    uint64_t end_ms = ps_clock_mono_ms() + ms;
    while (ps_clock_mono_ms() < end_ms && ps_controller_turn(fake->controller, 10)) {
    }
}

static struct ps_transfer *find_watch(const struct ps_fake *fake, const char *path)
{
    for (size_t i = fake->count; i > 0; i--) {
        struct ps_transfer *transfer = fake->transfers[i - 1];
        if (!transfer->over && starts(transfer->path, path) &&
            strstr(transfer->path, "watch=") != NULL) {
            return transfer;
        }
    }
    return NULL;
}

bool ps_fake_watched(const struct ps_fake *fake, const char *path)
{
    return find_watch(fake, path) != NULL;
}

void ps_fake_tell(struct ps_fake *fake, const char *path, const char *line)
{
    struct ps_transfer *transfer = find_watch(fake, path);
    ck_assert_msg(transfer != NULL, "no watch of '%s'", path);
    ck_assert(transfer->request.on_body(transfer->request.arg, 200, ps_str_of(line)));
    ck_assert(transfer->request.on_body(transfer->request.arg, 200, PS_STR("\n")));
}

long ps_fake_metric(const struct ps_fake *fake, const char *name)
{
    char *text = NULL;
    size_t size = 0;
    char line[200];
    FILE *out = open_memstream(&text, &size);
    ps_controller_write_metrics(fake->controller, out);
    (void)fclose(out);
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *found = strstr(text, line);
    long value = found == NULL ? -1 : strtol(found + strlen(line), NULL, 10);
    ps_heap_free(text);
    return value;
}

void ps_fake_end(struct ps_fake *fake)
{
    ps_controller_free(fake->controller);
    for (size_t i = 0; i < fake->count; i++) {
        ps_heap_free(fake->transfers[i]->method);
        ps_heap_free(fake->transfers[i]->path);
        ps_heap_free(fake->transfers[i]->body);
        ps_heap_free(fake->transfers[i]);
    }
    ps_heap_free(fake);
}
