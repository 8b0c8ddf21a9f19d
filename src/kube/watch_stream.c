/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The stream of a watch. Bytes only go into the buffer of lines while the transport runs; events
 * are told of afterwards, so that a callback may do what it likes with the client.
 *
 * The server ends each watch after the time that we ask for; some way behind it we end it
 * ourselves. A stream on which nothing came for so long that bookmarks (one a minute) must have
 * come is dead, though its connection may not know it yet.
 */
#include "watch.h"

#include "answer.h"
#include "event.h"
#include "path.h"
#include "watch_step.h"

#define TIMEOUT_MIN_S 300U
#define TIMEOUT_SPREAD_S 300U
#define GRACE_MS 30000U
#define SILENCE_MS 150000U
#define MS_PER_S 1000U

struct job {
    struct ps_kube_watch *watch;
    unsigned timeout_s;
    struct ps_str path;
    struct ps_json *root;
};

static bool take_bytes(void *arg, int status, struct ps_str bytes)
{
    struct ps_kube_watch *watch = arg;
    watch->status = status;
    watch->heard_ms = ps_kube_now_ms(watch->kube);
    return ps_lines_feed(&watch->lines, bytes);
}

static void take_end(void *arg, const struct ps_transport_result *result)
{
    struct ps_kube_watch *watch = arg;
    watch->transfer = NULL;
    watch->status = result->status;
    watch->retry_after_ms = result->retry_after_ms;
    if (result->error != NULL) {
        (void)!ps_ok(ps_fail(&watch->broken, PS_CODE_IO, "%s", result->error));
    }
}

static struct ps_status write_path(void *arg)
{
    struct job *job = arg;
    job->path = ps_kube_watch_path(job->watch->kube->scratch, &job->watch->list,
                                   ps_text_view(&job->watch->version), job->timeout_s);
    return ps_success();
}

static struct ps_status begin(struct ps_kube_watch *watch, unsigned timeout_s, struct ps_error *err)
{
    struct ps_kube *kube = watch->kube;
    struct job job = {.watch = watch, .timeout_s = timeout_s};
    PS_TRY(ps_arena_run(kube->scratch, write_path, &job, err));
    struct ps_transport_request request = {
        .method = "GET",
        .path = job.path.ptr,
        .on_body = take_bytes,
        .on_done = take_end,
        .arg = watch,
    };
    return kube->transport->ops->begin(kube->transport, &request, &watch->transfer, err);
}

void ps_watch_open(struct ps_kube_watch *watch)
{
    struct ps_kube *kube = watch->kube;
    unsigned timeout_s = TIMEOUT_MIN_S + (unsigned)(ps_kube_random(kube) % TIMEOUT_SPREAD_S);
    ps_lines_clear(&watch->lines);
    watch->state = PS_WATCH_OPEN;
    watch->events = 0;
    watch->status = 0;
    watch->retry_after_ms = 0;
    watch->broken = (struct ps_error){.message = ""};
    watch->opened_ms = ps_kube_now_ms(kube);
    watch->heard_ms = watch->opened_ms;
    watch->deadline_ms = watch->opened_ms + (uint64_t)timeout_s * MS_PER_S + GRACE_MS;
    kube->counts.watches++;
    /* On failure it has ended: the transfer is NULL and broken says why. */
    (void)!ps_ok(begin(watch, timeout_s, &watch->broken));
    ps_arena_reset(kube->scratch);
}

void ps_watch_close(struct ps_kube_watch *watch)
{
    if (watch->transfer != NULL) {
        watch->kube->transport->ops->cancel(watch->kube->transport, watch->transfer);
        watch->transfer = NULL;
    }
    ps_lines_clear(&watch->lines);
}

/* Ends the stream for a reason of ours. */
static void break_off(struct ps_kube_watch *watch, const char *cause)
{
    ps_watch_close(watch);
    (void)!ps_ok(ps_fail(&watch->broken, PS_CODE_IO, "%s", cause));
}

static void tell_event(struct ps_kube_watch *watch, const struct ps_event *event)
{
    static const enum ps_kube_change changes[] = {
        [PS_EVENT_ADDED] = PS_KUBE_ADDED,
        [PS_EVENT_MODIFIED] = PS_KUBE_MODIFIED,
        [PS_EVENT_DELETED] = PS_KUBE_DELETED,
    };
    watch->attempt = 0;
    watch->events++;
    watch->kube->counts.events++;
    watch->kube->progress = true;
    ps_watch_keep_version(watch, event->version);
    if (event->kind != PS_EVENT_BOOKMARK) {
        watch->options.on_object(watch->options.arg, changes[event->kind], event->object);
    }
}

/* The server's own word that it cannot go on: a metav1.Status. */
static void take_error(struct ps_kube_watch *watch, const struct ps_event *event)
{
    struct ps_str message = ps_json_get_text(event->object, "message");
    struct ps_error cause = {.message = ""};
    (void)!ps_ok(ps_fail(&cause, PS_CODE_IO, "%.*s", PS_FMT(message)));
    watch->status = event->code > 0 && event->code < 1000 ? (int)event->code : 0;
    break_off(watch, cause.message);
}

/* An event is lost; the list after the next end of the stream makes up for it. */
static void leave_out(struct ps_kube_watch *watch, const char *cause)
{
    watch->stale = true;
    watch->events++;
    ps_watch_trouble(watch, cause);
}

static void take_line(struct ps_kube_watch *watch, struct ps_str line)
{
    struct ps_error error = {.message = ""};
    struct ps_event event;
    struct ps_status status = ps_event_decode(watch->kube->answers, line, &event, &error);
    if (ps_ok(status) && event.kind != PS_EVENT_ERROR) {
        tell_event(watch, &event);
    } else if (ps_ok(status)) {
        take_error(watch, &event);
    } else if (ps_event_looks_real(line)) {
        (void)!ps_ok(ps_wrap(&error, "an event was left out"));
        leave_out(watch, error.message);
    } else {
        (void)!ps_ok(ps_wrap(&error, "what came is no event"));
        break_off(watch, error.message);
    }
    ps_arena_reset(watch->kube->answers);
}

static void take_lines(struct ps_kube_watch *watch)
{
    struct ps_str line;
    /* An answer that is no stream is read as a whole, at its end. */
    while (!watch->stopped && watch->status < 300) {
        enum ps_line found = ps_lines_next(&watch->lines, &line);
        if (found == PS_LINE_NONE) {
            return;
        }
        if (found == PS_LINE_TOO_LONG) {
            leave_out(watch, "an event larger than 8 MiB was left out");
        } else if (line.len > 0) {
            take_line(watch, line);
        }
    }
}

static struct ps_status parse(void *arg)
{
    struct job *job = arg;
    struct ps_lines *lines = &job->watch->lines;
    struct ps_str text = {lines->ptr == NULL ? "" : lines->ptr, lines->len};
    return ps_json_parse(job->watch->kube->answers, text, &job->root, NULL);
}

/* Tells why the stream ended. */
static void explain(struct ps_kube_watch *watch)
{
    struct ps_error error = {.message = ""};
    struct job job = {.watch = watch};
    const char *broken = watch->broken.message[0] != '\0' ? watch->broken.message : NULL;
    if (broken == NULL && watch->status < 400) {
        broken = "the server ended it at once";
    }
    bool parsed =
        watch->lines.len > 0 && ps_ok(ps_arena_run(watch->kube->answers, parse, &job, NULL));
    struct ps_kube_answer answer = {
        .what = ps_watch_words(watch, "watch"),
        .status = watch->status,
        .broken = broken,
        .object = parsed ? job.root : NULL,
    };
    ps_kube_explain(&answer, "watch", watch->list.resource->plural, &error);
    ps_arena_reset(watch->kube->scratch);
    ps_arena_reset(watch->kube->answers);
    if (watch->options.on_trouble != NULL) {
        watch->options.on_trouble(watch->options.arg, &error);
    }
}

static void end(struct ps_kube_watch *watch, uint64_t now_ms)
{
    struct ps_watch_end facts = {
        .status = watch->status,
        .broken = watch->broken.message[0] != '\0',
        .stale = watch->stale,
        .events = watch->events,
        .lived_ms = now_ms - watch->opened_ms,
        .attempt = watch->attempt,
        .retry_after_ms = watch->retry_after_ms,
        .random = ps_kube_random(watch->kube),
    };
    struct ps_watch_next next = ps_watch_plan(&facts);
    watch->attempt = next.attempt;
    watch->state = PS_WATCH_OPEN_DUE;
    watch->due_ms = now_ms + next.pause_ms;
    if (next.relist) {
        ps_watch_list_later(watch, next.pause_ms);
    }
    if (next.trouble) {
        explain(watch);
    }
    ps_lines_clear(&watch->lines);
}

uint64_t ps_watch_stream_due_ms(const struct ps_kube_watch *watch)
{
    if (watch->transfer == NULL) {
        return 0;
    }
    uint64_t silent_ms = watch->heard_ms + SILENCE_MS;
    return silent_ms < watch->deadline_ms ? silent_ms : watch->deadline_ms;
}

void ps_watch_drain(struct ps_kube_watch *watch, uint64_t now_ms)
{
    take_lines(watch);
    if (watch->stopped) {
        return;
    }
    if (watch->transfer != NULL && now_ms >= watch->deadline_ms) {
        ps_watch_close(watch); /* as the server should have done */
    } else if (watch->transfer != NULL && now_ms >= watch->heard_ms + SILENCE_MS) {
        break_off(watch, "nothing came for 150 s");
    }
    if (watch->transfer == NULL) {
        end(watch, now_ms);
    }
}
