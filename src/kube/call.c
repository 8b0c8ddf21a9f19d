/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Requests: a queue in the order of sending, of which a few are under way. Each try that fails for
 * a reason that may pass goes back to the queue with a pause, as long as its deadline allows.
 */
#include "call.h"

#include "path.h"

#include "portside/heap.h"

#include <stdio.h>
#include <string.h>

#define WORDS_BYTES 160U

void ps_call_free(struct ps_call *call)
{
    ps_text_clear(&call->answer);
    ps_text_clear(&call->token);
    ps_heap_free(call->copies);
    ps_heap_free(call);
}

void ps_call_append(struct ps_calls *calls, struct ps_call *call)
{
    call->next = NULL;
    if (calls->last != NULL) {
        calls->last->next = call;
    } else {
        calls->first = call;
    }
    calls->last = call;
    calls->count++;
}

void ps_call_unlink(struct ps_calls *calls, struct ps_call *call)
{
    struct ps_call *before = NULL;
    for (struct ps_call *at = calls->first; at != call; at = at->next) {
        before = at;
    }
    if (before != NULL) {
        before->next = call->next;
    } else {
        calls->first = call->next;
    }
    if (calls->last == call) {
        calls->last = before;
    }
    calls->count--;
}

/* Ends the try that is under way, if one is. */
static void land(struct ps_call *call)
{
    if (call->state != PS_CALL_FLYING) {
        return;
    }
    call->kube->transport->ops->cancel(call->kube->transport, call->transfer);
    call->transfer = NULL;
    call->kube->calls.flying--;
    call->state = PS_CALL_QUEUED;
}

struct job {
    struct ps_arena *arena;
    const struct ps_kube_request *request;
    struct ps_str token;
    struct ps_str words;
    struct ps_str text;
};

static struct ps_status write_path(void *arg)
{
    struct job *job = arg;
    job->text = ps_kube_path(job->arena, job->request, job->token);
    return ps_success();
}

/* Gives the next try to the transport. */
static struct ps_status begin(struct ps_call *call, struct ps_error *err)
{
    struct ps_kube *kube = call->kube;
    const struct ps_kube_verb_info *verb = ps_kube_verb_info(call->request.verb);
    struct job job = {kube->scratch, &call->request, ps_text_view(&call->token), {0}, {0}};
    PS_TRY(ps_arena_run(kube->scratch, write_path, &job, err));
    struct ps_transport_request request = {
        .method = verb->method,
        .path = job.text.ptr,
        .content_type = verb->content_type,
        .body = call->request.body,
        .on_body = ps_call_bytes,
        .on_done = ps_call_end,
        .arg = call,
    };
    call->too_long = false;
    return kube->transport->ops->begin(kube->transport, &request, &call->transfer, err);
}

static void launch(struct ps_call *call)
{
    struct ps_error error = {.message = ""};
    call->tries++;
    call->kube->counts.requests++;
    struct ps_status status = begin(call, &error);
    ps_arena_reset(call->kube->scratch);
    if (!ps_ok(status)) {
        struct ps_try outcome = {.broken = error.message};
        ps_call_fail(call, &outcome, NULL);
        return;
    }
    call->state = PS_CALL_FLYING;
    call->kube->calls.flying++;
}

/* Its deadline has passed. */
static void expire(struct ps_call *call)
{
    char words[WORDS_BYTES];
    bool flying = call->state == PS_CALL_FLYING;
    (void)snprintf(words, sizeof(words), "%s before its deadline (tries: %u)",
                   flying ? "no answer" : "it could not be sent", call->tries);
    land(call);
    struct ps_try outcome = {.broken = words};
    ps_call_fail(call, &outcome, NULL);
}

static bool has_room(const struct ps_kube *kube, const struct ps_call *call)
{
    return call->request.urgent || kube->calls.flying < kube->options.in_flight_max;
}

/* The first call that has something to do now; NULL if there is none. */
static struct ps_call *find_due(const struct ps_kube *kube, uint64_t now_ms)
{
    for (struct ps_call *call = kube->calls.first; call != NULL; call = call->next) {
        bool waits = call->state == PS_CALL_WAITING && now_ms < call->due_ms;
        if (now_ms >= call->request.deadline_ms ||
            (call->state != PS_CALL_FLYING && !waits && has_room(kube, call))) {
            return call;
        }
    }
    return NULL;
}

void ps_calls_run(struct ps_kube *kube, uint64_t now_ms)
{
    /* From the front each time: a call that ended may have changed the queue in its on_done. */
    for (struct ps_call *call = find_due(kube, now_ms); call != NULL;
         call = find_due(kube, now_ms)) {
        if (now_ms >= call->request.deadline_ms) {
            expire(call);
        } else {
            launch(call);
        }
    }
}

uint64_t ps_calls_due_ms(const struct ps_kube *kube)
{
    uint64_t due_ms = UINT64_MAX;
    for (const struct ps_call *call = kube->calls.first; call != NULL; call = call->next) {
        uint64_t at_ms = call->request.deadline_ms;
        bool room = has_room(kube, call);
        if (call->state == PS_CALL_WAITING && room && call->due_ms < at_ms) {
            at_ms = call->due_ms;
        }
        if (call->state == PS_CALL_QUEUED && room) {
            at_ms = 0;
        }
        due_ms = at_ms < due_ms ? at_ms : due_ms;
    }
    return due_ms;
}

void ps_calls_free(struct ps_kube *kube)
{
    while (kube->calls.first != NULL) {
        struct ps_call *call = kube->calls.first;
        land(call);
        ps_call_unlink(&kube->calls, call);
        ps_call_free(call);
    }
}

#define VIEWS 10U

/* Everything of a call that points to text. */
static void list_views(struct ps_call *call, struct ps_str *views[VIEWS])
{
    struct ps_kube_request *request = &call->request;
    struct ps_str *all[VIEWS] = {
        &request->namespace, &request->name,           &request->subresource,
        &request->body,      &request->label_selector, &request->field_selector,
        &request->uid,       &request->version,        &request->manager,
        &call->words,
    };
    memcpy(views, all, sizeof(all));
}

/* Moves all text of the call into one block of its own. */
static bool copy_views(struct ps_call *call)
{
    struct ps_str *views[VIEWS];
    list_views(call, views);
    size_t bytes = 0;
    for (size_t i = 0; i < VIEWS; i++) {
        bytes += views[i]->len + 1;
    }
    char *at = ps_heap_new(1, bytes);
    call->copies = at;
    for (size_t i = 0; at != NULL && i < VIEWS; i++) {
        if (views[i]->len > 0) {
            memcpy(at, views[i]->ptr, views[i]->len);
        }
        views[i]->ptr = at;
        at += views[i]->len + 1;
    }
    return at != NULL;
}

static struct ps_status write_texts(void *arg)
{
    struct job *job = arg;
    const char *word = ps_kube_verb_info(job->request->verb)->word;
    job->words = ps_kube_words(job->arena, job->request, word);
    job->text = ps_kube_body(job->arena, job->request);
    return ps_success();
}

/* A copy of request as a call that is not in the queue yet. */
static struct ps_status make(struct ps_kube *kube, const struct ps_kube_request *request,
                             struct ps_call **ret_call, struct ps_error *err)
{
    struct job job = {.arena = kube->scratch, .request = request};
    PS_TRY(ps_kube_check(request, err));
    PS_TRY(ps_arena_run(kube->scratch, write_texts, &job, err));
    struct ps_call *call = ps_heap_new(1, sizeof(*call));
    if (call == NULL) {
        return ps_fail(err, PS_CODE_IO, "no memory for a request");
    }
    call->kube = kube;
    call->request = *request;
    call->request.body = job.text;
    call->words = job.words;
    if (!copy_views(call)) {
        ps_call_free(call);
        return ps_fail(err, PS_CODE_IO, "no memory for a request");
    }
    if (request->deadline_ms == 0) {
        call->request.deadline_ms = ps_kube_now_ms(kube) + kube->options.deadline_ms;
    }
    *ret_call = call;
    return ps_success();
}

static struct ps_status enqueue(struct ps_kube *kube, const struct ps_kube_request *request,
                                struct ps_call **ret_call, struct ps_error *err)
{
    struct ps_status status = make(kube, request, ret_call, err);
    ps_arena_reset(kube->scratch);
    if (ps_ok(status)) {
        (*ret_call)->id = ++kube->calls.next_id;
        ps_call_append(&kube->calls, *ret_call);
    }
    return status;
}

struct ps_status ps_kube_send(struct ps_kube *kube, const struct ps_kube_request *request,
                              uint64_t *ret_id, struct ps_error *err)
{
    struct ps_call *call = NULL;
    PS_TRY(enqueue(kube, request, &call, err));
    if (ret_id != NULL) {
        *ret_id = call->id;
    }
    return ps_success();
}

struct ps_status ps_call_page(struct ps_kube *kube, const struct ps_kube_request *request,
                              struct ps_str token, uint64_t *ret_id, struct ps_error *err)
{
    struct ps_call *call = NULL;
    PS_TRY(enqueue(kube, request, &call, err));
    call->raw = true;
    *ret_id = call->id;
    if (!ps_text_add(&call->token, token)) {
        ps_kube_cancel(kube, call->id);
        return ps_fail(err, PS_CODE_IO, "no memory for a request");
    }
    return ps_success();
}

void ps_kube_cancel(struct ps_kube *kube, uint64_t id)
{
    if (kube->calls.current != NULL && kube->calls.current->id == id) {
        kube->calls.current->cancelled = true;
        return;
    }
    for (struct ps_call *call = kube->calls.first; call != NULL; call = call->next) {
        if (call->id == id) {
            land(call);
            ps_call_unlink(&kube->calls, call);
            ps_call_free(call);
            return;
        }
    }
}

size_t ps_kube_pending(const struct ps_kube *kube)
{
    return kube->calls.count;
}
