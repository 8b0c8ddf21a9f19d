/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The end of a try: what came is parsed and judged, and the caller is told, unless the call goes
 * back to the queue for another try or for its next page.
 */
#include "answer.h"
#include "call.h"
#include "path.h"
#include "retry.h"

#include <stdio.h>

/* After a 401 the credentials are read again: a token may have been replaced meanwhile. */
#define UNAUTHORIZED_TRIES 3U
#define WORDS_BYTES 160U

struct job {
    const struct ps_call *call;
    struct ps_json *root;
    struct ps_error *err;
};

static struct ps_status parse(void *arg)
{
    struct job *job = arg;
    return ps_json_parse(job->call->kube->answers, ps_text_view(&job->call->answer), &job->root,
                         job->err);
}

/* The answer, parsed into the arena of answers; NULL if it is no JSON. */
static const struct ps_json *parse_answer(struct ps_call *call, struct ps_error *err)
{
    struct job job = {.call = call, .err = err};
    struct ps_status status = ps_arena_run(call->kube->answers, parse, &job, err);
    return ps_ok(status) ? job.root : NULL;
}

static void tell(struct ps_call *call, const struct ps_kube_result *result)
{
    struct ps_kube *kube = call->kube;
    kube->progress = true;
    if (result->outcome >= PS_KUBE_FORBIDDEN) {
        kube->counts.failures++;
    }
    if (call->request.on_done != NULL) {
        kube->calls.current = call;
        call->request.on_done(call->request.arg, result);
        kube->calls.current = NULL;
    }
}

/* The last word on a call that is in the queue; it is gone then. */
void ps_call_fail(struct ps_call *call, const struct ps_try *outcome, const struct ps_json *object)
{
    struct ps_error error = {.message = ""};
    struct ps_kube_answer answer = {call->words.ptr, outcome->status, outcome->broken, object};
    ps_kube_explain(&answer, ps_kube_verb_info(call->request.verb)->word,
                    call->request.resource->plural, &error);
    struct ps_kube_result result = {
        .outcome = ps_kube_outcome(&answer),
        .status = outcome->status,
        .object = object,
        .reason = ps_kube_reason(object),
        .error = &error,
        .retry_after_ms = outcome->retry_after_ms,
        .tries = call->tries,
        .too_long = call->too_long,
    };
    ps_call_unlink(&call->kube->calls, call);
    tell(call, &result);
    ps_call_free(call);
}

/* Back to the queue for the next page, which has as many tries as the first. */
static void ask_next(struct ps_call *call)
{
    call->tries = 0;
    call->state = PS_CALL_QUEUED;
    ps_text_clear(&call->answer);
    ps_call_append(&call->kube->calls, call);
}

static void succeed(struct ps_call *call, int status, const struct ps_json *object)
{
    struct ps_error none = {.message = ""};
    struct ps_str token = PS_STR("");
    if (call->request.verb == PS_KUBE_LIST && !call->raw) {
        token = ps_json_get_text(ps_json_get(object, "metadata"), "continue");
    }
    call->token.len = 0;
    bool more = token.len > 0 && ps_text_add(&call->token, token);
    struct ps_kube_result result = {
        .outcome = PS_KUBE_OK,
        .status = status,
        .object = object,
        .error = &none,
        .tries = call->tries,
        .more = more,
    };
    ps_call_unlink(&call->kube->calls, call);
    tell(call, &result);
    if (more && !call->cancelled) {
        ask_next(call);
    } else {
        ps_call_free(call);
    }
}

/* True if the call was put back for another try. */
static bool try_again(struct ps_call *call, const struct ps_try *outcome)
{
    struct ps_kube *kube = call->kube;
    bool last = call->request.tries_max > 0 && call->tries >= call->request.tries_max;
    if (last || call->too_long) {
        return false;
    }
    struct ps_kube_failure failure = {
        .status = outcome->broken != NULL ? 0 : outcome->status,
        .attempt = call->tries,
        .retry_after_ms = outcome->retry_after_ms,
        .random = ps_kube_random(kube),
    };
    uint64_t pause_ms = ps_kube_retry_ms(&failure);
    if (failure.status == 401 && call->tries < UNAUTHORIZED_TRIES) {
        pause_ms = ps_kube_backoff_ms(&failure);
    }
    uint64_t now_ms = ps_kube_now_ms(kube);
    if (pause_ms == PS_KUBE_RETRY_NEVER || now_ms + pause_ms >= call->request.deadline_ms) {
        return false;
    }
    call->state = PS_CALL_WAITING;
    call->due_ms = now_ms + pause_ms;
    ps_text_clear(&call->answer);
    kube->counts.retries++;
    return true;
}

/* A try is over and call->answer is what came. */
static void judge(struct ps_call *call, struct ps_try outcome)
{
    struct ps_error error = {.message = ""};
    const struct ps_json *object = NULL;
    char words[WORDS_BYTES];
    bool success = outcome.broken == NULL && outcome.status >= 200 && outcome.status < 300;
    bool wanted = !success || !call->raw;
    if (wanted && outcome.broken == NULL && call->answer.len > 0) {
        object = parse_answer(call, &error);
    }
    if (success && wanted && object == NULL) {
        (void)snprintf(words, sizeof(words), "the answer is no JSON: %.120s",
                       call->answer.len > 0 ? error.message : "it is empty");
        outcome.broken = words;
        success = false;
    }
    if (success) {
        succeed(call, outcome.status, object);
    } else if (!try_again(call, &outcome)) {
        ps_call_fail(call, &outcome, object);
    }
}

bool ps_call_bytes(void *arg, int status, struct ps_str bytes)
{
    struct ps_call *call = arg;
    (void)status;
    if (bytes.len > PS_ANSWER_BYTES_MAX - call->answer.len) {
        call->too_long = true;
        return false;
    }
    return ps_text_add(&call->answer, bytes);
}

void ps_call_end(void *arg, const struct ps_transport_result *result)
{
    struct ps_call *call = arg;
    struct ps_kube *kube = call->kube;
    struct ps_arena *answers = kube->answers;
    call->transfer = NULL;
    call->state = PS_CALL_QUEUED;
    kube->calls.flying--;
    struct ps_try outcome = {result->status, result->error, result->retry_after_ms};
    if (call->too_long) {
        outcome.broken = "the answer is larger than 16 MiB";
    }
    judge(call, outcome);
    ps_arena_reset(answers);
}

struct ps_str ps_call_text(const struct ps_kube *kube)
{
    return ps_text_view(&kube->calls.current->answer);
}
