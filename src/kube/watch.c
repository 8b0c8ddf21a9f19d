/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The life of a watch: list, stream, and again. A callback may stop any watch, so a stopped one
 * stays in the list of the client until the end of the run.
 */
#include "watch.h"

#include "path.h"

#include "portside/heap.h"

#include <string.h>

#define LINE_BYTES_MAX ((size_t)8 * 1024 * 1024)

struct job {
    struct ps_kube_watch *watch;
    const char *word;
    struct ps_str words;
};

static struct ps_status write_words(void *arg)
{
    struct job *job = arg;
    job->words = ps_kube_words(job->watch->kube->scratch, &job->watch->list, job->word);
    return ps_success();
}

const char *ps_watch_words(struct ps_kube_watch *watch, const char *word)
{
    struct job job = {.watch = watch, .word = word};
    struct ps_status status = ps_arena_run(watch->kube->scratch, write_words, &job, NULL);
    return ps_ok(status) ? job.words.ptr : word;
}

void ps_watch_trouble(struct ps_kube_watch *watch, const char *cause)
{
    if (watch->options.on_trouble == NULL || watch->stopped) {
        return;
    }
    struct ps_error error = {.message = ""};
    (void)!ps_ok(ps_fail(&error, PS_CODE_IO, "%s: %s", ps_watch_words(watch, "watch"), cause));
    ps_arena_reset(watch->kube->scratch);
    watch->options.on_trouble(watch->options.arg, &error);
}

void ps_watch_keep_version(struct ps_kube_watch *watch, struct ps_str version)
{
    if (version.len == 0 || ps_str_equal(version, ps_text_view(&watch->version))) {
        return;
    }
    watch->version.len = 0;
    if (!ps_text_add(&watch->version, version)) {
        watch->relist = true; /* no memory: what we hold is no version any more */
    }
}

void ps_watch_list_later(struct ps_kube_watch *watch, uint64_t pause_ms)
{
    watch->state = PS_WATCH_LIST_DUE;
    watch->synced = false;
    watch->relist = false;
    watch->token.len = 0;
    watch->due_ms = ps_kube_now_ms(watch->kube) + pause_ms;
}

static void copy_views(struct ps_kube_watch *watch, char *at)
{
    struct ps_str *views[] = {&watch->options.namespace, &watch->options.label_selector,
                              &watch->options.field_selector};
    for (size_t i = 0; i < PS_COUNT(views); i++) {
        if (views[i]->len > 0) {
            memcpy(at, views[i]->ptr, views[i]->len);
        }
        views[i]->ptr = at;
        at += views[i]->len;
    }
}

static void free_watch(struct ps_kube_watch *watch)
{
    ps_text_clear(&watch->version);
    ps_text_clear(&watch->token);
    ps_lines_clear(&watch->lines);
    ps_heap_free(watch->copies);
    ps_heap_free(watch);
}

static struct ps_kube_watch *make(struct ps_kube *kube, const struct ps_kube_watch_options *options)
{
    struct ps_kube_watch *watch = ps_heap_new(1, sizeof(*watch));
    if (watch == NULL) {
        return NULL;
    }
    watch->kube = kube;
    watch->options = *options;
    watch->copies = ps_heap_new(1, options->namespace.len + options->label_selector.len +
                                       options->field_selector.len + 1);
    if (watch->copies == NULL) {
        free_watch(watch);
        return NULL;
    }
    copy_views(watch, watch->copies);
    watch->list = (struct ps_kube_request){
        .verb = PS_KUBE_LIST,
        .resource = options->resource,
        .namespace = watch->options.namespace,
        .label_selector = watch->options.label_selector,
        .field_selector = watch->options.field_selector,
        .limit = options->limit,
        .arg = watch,
    };
    ps_lines_init(&watch->lines, LINE_BYTES_MAX);
    watch->heard_ms = ps_kube_now_ms(kube);
    return watch;
}

struct ps_status ps_kube_watch_start(struct ps_kube *kube,
                                     const struct ps_kube_watch_options *options,
                                     struct ps_kube_watch **ret_watch, struct ps_error *err)
{
    if (options->resource == NULL || options->on_sync == NULL || options->on_object == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "a watch has no resource or nobody to tell");
    }
    struct ps_kube_watch *watch = make(kube, options);
    if (watch == NULL) {
        return ps_fail(err, PS_CODE_IO, "no memory for a watch");
    }
    watch->next = kube->watches;
    kube->watches = watch;
    *ret_watch = watch;
    return ps_success();
}

void ps_kube_watch_stop(struct ps_kube_watch *watch)
{
    if (watch == NULL || watch->stopped) {
        return;
    }
    watch->stopped = true;
    ps_watch_close(watch);
    if (watch->state == PS_WATCH_LISTING) {
        ps_kube_cancel(watch->kube, watch->list_id);
    }
}

bool ps_kube_watch_synced(const struct ps_kube_watch *watch)
{
    return watch->synced;
}

bool ps_kube_watch_forbidden(const struct ps_kube_watch *watch)
{
    return watch->forbidden;
}

uint64_t ps_kube_watch_heard_ms(const struct ps_kube_watch *watch)
{
    return watch->heard_ms;
}

void ps_kube_watch_relist(struct ps_kube_watch *watch)
{
    watch->relist = true;
}

static void step(struct ps_kube_watch *watch, uint64_t now_ms)
{
    if (watch->state == PS_WATCH_OPEN) {
        ps_watch_drain(watch, now_ms);
    }
    if (watch->stopped) {
        return;
    }
    if (watch->relist && watch->state != PS_WATCH_LISTING) {
        ps_watch_close(watch);
        ps_watch_list_later(watch, 0);
    }
    if (watch->state == PS_WATCH_LIST_DUE && now_ms >= watch->due_ms) {
        ps_watch_list(watch);
    } else if (watch->state == PS_WATCH_OPEN_DUE && now_ms >= watch->due_ms) {
        ps_watch_open(watch);
    }
}

static void reap(struct ps_kube *kube)
{
    struct ps_kube_watch **link = &kube->watches;
    while (*link != NULL) {
        struct ps_kube_watch *watch = *link;
        if (watch->stopped) {
            *link = watch->next;
            free_watch(watch);
        } else {
            link = &watch->next;
        }
    }
}

void ps_watches_run(struct ps_kube *kube, uint64_t now_ms)
{
    for (struct ps_kube_watch *watch = kube->watches; watch != NULL; watch = watch->next) {
        if (!watch->stopped) {
            step(watch, now_ms);
        }
    }
    reap(kube);
}

static uint64_t due_ms(const struct ps_kube_watch *watch)
{
    if (watch->stopped || (watch->relist && watch->state != PS_WATCH_LISTING)) {
        return 0;
    }
    switch (watch->state) {
    case PS_WATCH_LIST_DUE:
    case PS_WATCH_OPEN_DUE:
        return watch->due_ms;
    case PS_WATCH_OPEN:
        return ps_watch_stream_due_ms(watch);
    case PS_WATCH_LISTING:
        break;
    }
    return UINT64_MAX; /* the call has its own deadline */
}

uint64_t ps_watches_due_ms(const struct ps_kube *kube)
{
    uint64_t first_ms = UINT64_MAX;
    for (const struct ps_kube_watch *watch = kube->watches; watch != NULL; watch = watch->next) {
        uint64_t at_ms = due_ms(watch);
        first_ms = at_ms < first_ms ? at_ms : first_ms;
    }
    return first_ms;
}

void ps_watches_free(struct ps_kube *kube)
{
    for (struct ps_kube_watch *watch = kube->watches; watch != NULL; watch = watch->next) {
        ps_kube_watch_stop(watch);
    }
    reap(kube);
}
