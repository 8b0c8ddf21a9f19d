/* SPDX-License-Identifier: Apache-2.0 */
#include "test_kube_support.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define STEPS_MAX 64U
#define START_MS 1000U

struct ps_transfer {
    struct ps_transfer *next;
    const struct ps_script_step *step;
    struct ps_transport_request request;
    uint64_t first_ms;
    size_t given;
};

struct ps_script {
    struct ps_transport base;
    const struct ps_script_step *steps;
    size_t count;
    size_t taken;
    uint64_t begun_ms[STEPS_MAX];
    uint64_t now_ms;
    bool in_body; /* callbacks of bytes may not call back */
    struct ps_transfer *transfers;
    struct ps_kube *kube;
};

static struct ps_str body_of(const struct ps_script_step *step)
{
    return step->bytes.ptr != NULL ? step->bytes : ps_str_of(step->body);
}

static void check_expected(const struct ps_script_step *step, size_t number,
                           const struct ps_transport_request *request)
{
    char line[4096];
    (void)snprintf(line, sizeof(line), "%s %s %.*s", request->method, request->path,
                   PS_FMT(request->body));
    struct ps_str expect = ps_str_of(step->expect);
    size_t star = ps_str_index(expect, '*');
    bool same = star < expect.len
                    ? strncmp(line, step->expect, star) == 0
                    : strncmp(line, step->expect, expect.len) == 0 && line[expect.len] == ' ';
    ck_assert_msg(same, "step %zu: '%s' instead of '%s'", number, line, step->expect);
    ck_assert_msg(step->has == NULL || strstr(line, step->has) != NULL,
                  "step %zu: '%s' has no '%s'", number, line, step->has);
}

static struct ps_status begin(struct ps_transport *transport,
                              const struct ps_transport_request *request,
                              struct ps_transfer **ret_transfer, struct ps_error *err)
{
    struct ps_script *script = (struct ps_script *)transport;
    ck_assert(!script->in_body);
    ck_assert_msg(script->taken < script->count, "the script has no step for '%s %s'",
                  request->method, request->path);
    const struct ps_script_step *step = &script->steps[script->taken];
    check_expected(step, script->taken, request);
    script->begun_ms[script->taken++] = script->now_ms;
    if (step->no_begin != NULL) {
        return ps_fail(err, PS_CODE_IO, "%s", step->no_begin);
    }
    struct ps_transfer *transfer = calloc(1, sizeof(*transfer));
    ck_assert_ptr_nonnull(transfer);
    *transfer = (struct ps_transfer){
        .next = script->transfers,
        .step = step,
        .request = *request,
        .first_ms = script->now_ms + step->delay_ms,
    };
    script->transfers = transfer;
    *ret_transfer = transfer;
    return ps_success();
}

static void cancel(struct ps_transport *transport, struct ps_transfer *transfer)
{
    struct ps_script *script = (struct ps_script *)transport;
    ck_assert(!script->in_body);
    struct ps_transfer **link = &script->transfers;
    while (*link != transfer) {
        ck_assert_ptr_nonnull(*link);
        link = &(*link)->next;
    }
    *link = transfer->next;
    free(transfer);
}

static void end(struct ps_script *script, struct ps_transfer *transfer, const char *error)
{
    const struct ps_script_step *step = transfer->step;
    struct ps_transport_request request = transfer->request;
    struct ps_transport_result result = {step->status, step->retry_after_ms, error};
    cancel(&script->base, transfer);
    request.on_done(request.arg, &result);
}

/* The next chunk or the end; false if there is nothing to tell of now. */
static bool move(struct ps_script *script, struct ps_transfer *transfer)
{
    const struct ps_script_step *step = transfer->step;
    struct ps_str body = body_of(step);
    if (script->now_ms < transfer->first_ms) {
        return false;
    }
    if (transfer->given < body.len) {
        size_t chunk = step->chunk == 0 ? body.len : step->chunk;
        struct ps_str bytes = ps_str_slice(body, transfer->given, transfer->given + chunk);
        transfer->given += bytes.len;
        transfer->first_ms = script->now_ms + step->every_ms;
        script->in_body = true;
        bool more = transfer->request.on_body(transfer->request.arg, step->status, bytes);
        script->in_body = false;
        if (!more) {
            end(script, transfer, "no more was wanted");
        }
        return true;
    }
    if (step->hangs) {
        return false;
    }
    end(script, transfer, step->error);
    return true;
}

/* When a transfer has something to tell of, or the time-out. */
static uint64_t next_ms(const struct ps_script *script, int timeout_ms)
{
    uint64_t next = script->now_ms + (uint64_t)timeout_ms;
    for (const struct ps_transfer *at = script->transfers; at != NULL; at = at->next) {
        bool later = at->first_ms > script->now_ms && at->first_ms < next;
        next = later ? at->first_ms : next;
    }
    return next;
}

static struct ps_status wait_for(struct ps_transport *transport, int timeout_ms, struct pollfd *fds,
                                 size_t count, struct ps_error *err)
{
    struct ps_script *script = (struct ps_script *)transport;
    (void)fds;
    (void)count;
    (void)err;
    ck_assert_int_ge(timeout_ms, 0);
    for (struct ps_transfer *at = script->transfers; at != NULL; at = at->next) {
        if (move(script, at)) {
            return ps_success();
        }
    }
    script->now_ms = next_ms(script, timeout_ms);
    return ps_success();
}

/* The client owns the transport, but the test still looks at it. */
static void keep(struct ps_transport *transport)
{
    struct ps_script *script = (struct ps_script *)transport;
    ck_assert_ptr_null(script->transfers);
}

static uint64_t now_ms(void *arg)
{
    const struct ps_script *script = arg;
    return script->now_ms;
}

/* The longest pause. */
static uint64_t no_jitter(void *arg)
{
    (void)arg;
    return 0;
}

size_t ps_script_count(const struct ps_script_step *steps)
{
    size_t count = 0;
    while (steps[count].expect != NULL) {
        count++;
    }
    return count;
}

struct ps_script *ps_script_begin(const struct ps_script_step *steps, size_t count,
                                  unsigned in_flight_max)
{
    static const struct ps_transport_ops ops = {begin, cancel, wait_for, keep};
    struct ps_script *script = calloc(1, sizeof(*script));
    ck_assert_ptr_nonnull(script);
    ck_assert_uint_le(count, STEPS_MAX);
    script->base.ops = &ops;
    script->steps = steps;
    script->count = count;
    script->now_ms = START_MS;
    struct ps_kube_options options = {
        .in_flight_max = in_flight_max, .now_ms = now_ms, .random = no_jitter, .arg = script};
    ck_assert(ps_ok(ps_kube_new(&script->base, &options, &script->kube, NULL)));
    return script;
}

struct ps_kube *ps_script_kube(struct ps_script *script)
{
    return script->kube;
}

uint64_t ps_script_now_ms(const struct ps_script *script)
{
    return script->now_ms;
}

uint64_t ps_script_begun_ms(const struct ps_script *script, size_t i)
{
    ck_assert_uint_lt(i, script->taken);
    return script->begun_ms[i] - START_MS;
}

size_t ps_script_open(const struct ps_script *script)
{
    size_t count = 0;
    for (const struct ps_transfer *at = script->transfers; at != NULL; at = at->next) {
        count++;
    }
    return count;
}

void ps_script_run(struct ps_script *script, uint64_t until_ms)
{
    unsigned turns = 0;
    while (script->now_ms < START_MS + until_ms) {
        int left_ms = (int)(START_MS + until_ms - script->now_ms);
        ck_assert(ps_ok(ps_kube_turn(script->kube, left_ms, NULL, 0, NULL)));
        ck_assert_msg(++turns < 100000, "the client turns without an end");
    }
}

void ps_script_end(struct ps_script *script)
{
    ck_assert_msg(script->taken == script->count, "only %zu of %zu steps were taken", script->taken,
                  script->count);
    ps_kube_free(script->kube);
    free(script);
}
