/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The list of a watch: page by page, object by object. An object that cannot be read is left out
 * and told of; it would be a way to blind us if it hid the others.
 */
#include "watch.h"

#include "items.h"
#include "path.h"
#include "retry.h"

#include "portside/buf.h"

/* A page fails for good soon; then the watch itself makes a pause and says so. */
#define LATER_PAGE_TRIES 3U
#define SHRINK 4U
#define STATUS_FORBIDDEN 403

struct job {
    struct ps_arena *arena;
    const struct ps_items *items;
    struct ps_str text;
    struct ps_json *root;
    struct ps_error *err;
};

static struct ps_status parse_item(void *arg)
{
    struct job *job = arg;
    return ps_json_parse(job->arena, job->text, &job->root, job->err);
}

/* The list without its items. */
static struct ps_status parse_frame(void *arg)
{
    struct job *job = arg;
    struct ps_str text = job->items->text;
    struct ps_str array = job->items->array;
    if (array.len > 0) {
        struct ps_buf buf;
        size_t begin = (size_t)(array.ptr - text.ptr);
        ps_buf_init(&buf, job->arena, text.len - array.len + sizeof("[]"));
        ps_buf_put(&buf, ps_str_slice(text, 0, begin));
        ps_buf_puts(&buf, "[]");
        ps_buf_put(&buf, ps_str_slice(text, begin + array.len, text.len));
        text = ps_buf_view(&buf);
    }
    return ps_json_parse(job->arena, text, &job->root, job->err);
}

/* Notes version and continue token of the page. */
static struct ps_status read_frame(struct ps_kube_watch *watch, const struct ps_items *items,
                                   struct ps_error *err)
{
    struct ps_arena *arena = watch->kube->answers;
    struct job job = {.arena = arena, .items = items, .err = err};
    PS_TRY(ps_arena_run(arena, parse_frame, &job, err));
    const struct ps_json *metadata = ps_json_get(job.root, "metadata");
    struct ps_str version = ps_json_get_text(metadata, "resourceVersion");
    if (version.len == 0) {
        return ps_fail(err, PS_CODE_INPUT, "the answer is no list: it has no resourceVersion");
    }
    ps_watch_keep_version(watch, version);
    watch->token.len = 0;
    if (!ps_text_add(&watch->token, ps_json_get_text(metadata, "continue"))) {
        return ps_fail(err, PS_CODE_IO, "no memory for a list");
    }
    return ps_success();
}

static void tell_item(struct ps_kube_watch *watch, struct ps_str text)
{
    struct ps_arena *arena = watch->kube->answers;
    struct ps_error error = {.message = ""};
    struct job job = {.arena = arena, .text = text, .err = &error};
    struct ps_status status = ps_arena_run(arena, parse_item, &job, &error);
    if (ps_ok(status)) {
        watch->options.on_object(watch->options.arg, PS_KUBE_ADDED, job.root);
    } else {
        (void)!ps_ok(ps_wrap(&error, "an object was left out"));
        ps_watch_trouble(watch, error.message);
    }
    ps_arena_reset(arena);
}

/* Few large objects must not hide all others; one alone is never too long. */
static void shrink_pages(struct ps_kube_watch *watch)
{
    unsigned objects = watch->list.limit == 0 ? PS_KUBE_PAGE_OBJECTS : watch->list.limit;
    watch->list.limit = objects > SHRINK ? objects / SHRINK : 1;
}

static void fail_list(struct ps_kube_watch *watch, const struct ps_kube_result *result)
{
    watch->attempt++;
    if (result->too_long) {
        shrink_pages(watch);
    }
    watch->forbidden = result->status == STATUS_FORBIDDEN;
    struct ps_kube_failure failure = {
        .status = result->status,
        .attempt = watch->attempt,
        .retry_after_ms = result->retry_after_ms,
        .random = ps_kube_random(watch->kube),
    };
    ps_watch_list_later(watch, ps_kube_backoff_ms(&failure));
    if (watch->options.on_trouble != NULL) {
        watch->options.on_trouble(watch->options.arg, result->error);
    }
}

/* The last page is through. */
static void finish_list(struct ps_kube_watch *watch)
{
    watch->synced = true;
    watch->forbidden = false;
    watch->stale = false;
    watch->list.limit = watch->options.limit;
    watch->state = PS_WATCH_OPEN_DUE;
    watch->due_ms = 0;
    watch->options.on_sync(watch->options.arg, PS_KUBE_SYNC_END);
}

static void tell_page(struct ps_kube_watch *watch, struct ps_items *items, bool first)
{
    struct ps_str text;
    if (first) {
        watch->options.on_sync(watch->options.arg, PS_KUBE_SYNC_BEGIN);
    }
    while (!watch->stopped && ps_items_next(items, &text)) {
        tell_item(watch, text);
    }
    if (watch->stopped) {
        return;
    }
    if (watch->token.len > 0) {
        ps_watch_list(watch);
    } else {
        finish_list(watch);
    }
}

static void take_page(void *arg, const struct ps_kube_result *result)
{
    struct ps_kube_watch *watch = arg;
    struct ps_error error = {.message = ""};
    struct ps_items items;
    bool first = watch->token.len == 0;
    if (result->outcome != PS_KUBE_OK) {
        fail_list(watch, result);
        return;
    }
    watch->heard_ms = ps_kube_now_ms(watch->kube);
    struct ps_status status =
        ps_items_init(&items, ps_call_text(watch->kube))
            ? read_frame(watch, &items, &error)
            : ps_fail(&error, PS_CODE_INPUT, "the answer is no list: it is no JSON object");
    ps_arena_reset(watch->kube->answers);
    if (ps_ok(status)) {
        tell_page(watch, &items, first);
        return;
    }
    (void)!ps_ok(ps_wrap(&error, "%s", ps_watch_words(watch, "list")));
    ps_arena_reset(watch->kube->scratch);
    struct ps_kube_result garbage = *result;
    garbage.error = &error;
    fail_list(watch, &garbage);
}

void ps_watch_list(struct ps_kube_watch *watch)
{
    struct ps_error error = {.message = ""};
    bool first = watch->token.len == 0;
    watch->kube->counts.lists += first ? 1 : 0;
    watch->list.on_done = take_page;
    watch->list.tries_max = first ? 1 : LATER_PAGE_TRIES;
    watch->state = PS_WATCH_LISTING;
    watch->relist = false;
    struct ps_status status = ps_call_page(watch->kube, &watch->list, ps_text_view(&watch->token),
                                           &watch->list_id, &error);
    if (!ps_ok(status)) {
        struct ps_kube_result result = {.outcome = PS_KUBE_FAILED, .error = &error};
        fail_list(watch, &result);
    }
}
