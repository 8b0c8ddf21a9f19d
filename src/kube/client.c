/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The loop. A turn: begin what may begin, wait in the transport (which tells of bytes and ends),
 * then tell of events and run what has become due. When something was told of before the wait, the
 * wait is only a look.
 */
#include "client.h"

#include "portside/clock.h"
#include "portside/heap.h"

#include <limits.h>
#include <string.h>
#include <sys/random.h>

#define IN_FLIGHT 16U
#define DEADLINE_MS 30000U
/* A parsed answer takes about ten times its text, which is at most 16 MiB. */
#define ANSWERS_BYTES ((size_t)256 * 1024 * 1024)
#define SCRATCH_BYTES ((size_t)64 * 1024 * 1024)
#define TEXT_BYTES 1024U

bool ps_text_add(struct ps_text *text, struct ps_str bytes)
{
    if (text->cap - text->len <= bytes.len) {
        size_t cap = text->cap == 0 ? TEXT_BYTES : text->cap;
        while (cap - text->len <= bytes.len) {
            cap *= 2;
        }
        char *ptr = ps_heap_resize(text->ptr, cap);
        if (ptr == NULL) {
            return false;
        }
        text->ptr = ptr;
        text->cap = cap;
    }
    if (bytes.len > 0) {
        memcpy(text->ptr + text->len, bytes.ptr, bytes.len);
    }
    text->len += bytes.len;
    text->ptr[text->len] = '\0';
    return true;
}

void ps_text_clear(struct ps_text *text)
{
    ps_heap_free(text->ptr);
    *text = (struct ps_text){0};
}

struct ps_str ps_text_view(const struct ps_text *text)
{
    return text->ptr == NULL ? PS_STR("") : (struct ps_str){text->ptr, text->len};
}

static uint64_t clock_ms(void *arg)
{
    (void)arg;
    return ps_clock_mono_ms();
}

static int64_t wall_clock_ms(void *arg)
{
    (void)arg;
    return ps_clock_wall_ms();
}

static uint64_t system_random(void *arg)
{
    (void)arg;
    uint64_t bits = 0;
    ssize_t got = getrandom(&bits, sizeof(bits), GRND_NONBLOCK);
    return got == (ssize_t)sizeof(bits) ? bits : 0; /* only jitter: zero does no harm */
}

static void set_defaults(struct ps_kube_options *options)
{
    if (options->in_flight_max == 0) {
        options->in_flight_max = IN_FLIGHT;
    }
    if (options->deadline_ms == 0) {
        options->deadline_ms = DEADLINE_MS;
    }
    if (options->now_ms == NULL) {
        options->now_ms = clock_ms;
    }
    if (options->wall_ms == NULL) {
        options->wall_ms = wall_clock_ms;
    }
    if (options->random == NULL) {
        options->random = system_random;
    }
}

struct ps_status ps_kube_new(struct ps_transport *transport, const struct ps_kube_options *options,
                             struct ps_kube **ret_kube, struct ps_error *err)
{
    struct ps_kube *kube = ps_heap_new(1, sizeof(*kube));
    if (kube == NULL) {
        transport->ops->free(transport);
        return ps_fail(err, PS_CODE_IO, "no memory for a Kubernetes client");
    }
    kube->transport = transport;
    if (options != NULL) {
        kube->options = *options;
    }
    set_defaults(&kube->options);
    kube->answers = ps_arena_new(ANSWERS_BYTES);
    kube->scratch = ps_arena_new(SCRATCH_BYTES);
    if (kube->answers == NULL || kube->scratch == NULL) {
        ps_kube_free(kube);
        return ps_fail(err, PS_CODE_IO, "no memory for a Kubernetes client");
    }
    *ret_kube = kube;
    return ps_success();
}

void ps_kube_free(struct ps_kube *kube)
{
    if (kube == NULL) {
        return;
    }
    ps_watches_free(kube);
    ps_calls_free(kube);
    kube->transport->ops->free(kube->transport);
    ps_arena_free(kube->answers);
    ps_arena_free(kube->scratch);
    ps_heap_free(kube);
}

uint64_t ps_kube_now_ms(const struct ps_kube *kube)
{
    return kube->options.now_ms(kube->options.arg);
}

int64_t ps_kube_wall_ms(const struct ps_kube *kube)
{
    return kube->options.wall_ms(kube->options.arg);
}

uint64_t ps_kube_random(const struct ps_kube *kube)
{
    return kube->options.random(kube->options.arg);
}

struct ps_kube_counts ps_kube_counts(const struct ps_kube *kube)
{
    return kube->counts;
}

static void run(struct ps_kube *kube)
{
    uint64_t now_ms = ps_kube_now_ms(kube);
    ps_watches_run(kube, now_ms);
    ps_calls_run(kube, now_ms);
}

/* timeout_ms, or less if something of ours is due before. */
static int wait_ms(const struct ps_kube *kube, int timeout_ms)
{
    if (kube->progress) {
        return 0;
    }
    uint64_t now_ms = ps_kube_now_ms(kube);
    uint64_t calls_ms = ps_calls_due_ms(kube);
    uint64_t watches_ms = ps_watches_due_ms(kube);
    uint64_t due_ms = calls_ms < watches_ms ? calls_ms : watches_ms;
    uint64_t ours = due_ms <= now_ms ? 0 : due_ms - now_ms;
    if (timeout_ms >= 0 && ours >= (uint64_t)timeout_ms) {
        return timeout_ms;
    }
    return ours > INT_MAX ? INT_MAX : (int)ours;
}

struct ps_status ps_kube_turn(struct ps_kube *kube, int timeout_ms, struct pollfd *fds,
                              size_t count, struct ps_error *err)
{
    kube->progress = false;
    run(kube);
    PS_TRY(kube->transport->ops->wait(kube->transport, wait_ms(kube, timeout_ms), fds, count, err));
    run(kube);
    return ps_success();
}
