/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/admit.h"

#include "portside/mutate.h"
#include "portside/script.h"

struct work {
    const struct ps_policy *policy;
    struct ps_arena *arena;
    struct ps_str request;
    struct ps_admission *admission;
};

/* What the API server shows to a person if it cannot use our answer. */
static void answer_text(struct ps_admission *admission, int http_status, enum ps_reason reason,
                        struct ps_str text)
{
    *admission = (struct ps_admission){
        .http_status = http_status,
        .content_type = PS_STR("text/plain; charset=utf-8"),
        .body = text,
        .reason = reason,
        .reason_text = text,
        .uid = admission->uid,
        .operation = admission->operation,
        .kind = admission->kind,
        .namespace_name = admission->namespace_name,
        .name = admission->name,
    };
}

static void fill_facts(struct ps_admission *admission, const struct ps_review *review)
{
    admission->uid = review->uid;
    admission->operation = review->operation_text;
    admission->kind = review->kind_text;
    admission->namespace_name = review->namespace_name;
    admission->name = review->name;
    admission->dry_run = review->dry_run;
}

static void mutate(const struct work *work, const struct ps_review *review,
                   struct ps_decision *decision)
{
    switch (review->kind) {
    case PS_KIND_POD:
        ps_pod_mutate(work->arena, work->policy, review, decision);
        return;
    case PS_KIND_STATEFULSET:
        ps_statefulset_mutate(work->arena, work->policy, review, decision);
        return;
    case PS_KIND_OTHER:
        decision->verdict = PS_VERDICT_SKIP;
        decision->reason = PS_REASON_KIND;
        return;
    }
}

/*
 * The API server answers a patch that does not apply with a hard 500, whatever the failurePolicy;
 * so ours is applied here first. The review's tree is not needed any more and takes the patch.
 * The scripts, most of its text, were proven when portside was built and tested.
 */
static struct ps_status check_patch(const struct ps_review *review, const struct ps_patch *patch,
                                    struct ps_error *err)
{
    struct ps_json *object =
        ps_json_mutable_get(ps_json_mutable_get(review->root, PS_STR("request")), PS_STR("object"));
    const struct ps_str scripts[] = {ps_script_address_json, ps_script_hook_json};
    return ps_patch_prove(patch, scripts, PS_COUNT(scripts), &object, err);
}

#define AUDIT_MAX 4

/* Audit annotations: keys must not hold '/', the API server puts the webhook's name in front. */
static size_t fill_audit(const struct ps_decision *decision, struct ps_str audit[AUDIT_MAX][2])
{
    const struct ps_str rows[AUDIT_MAX][2] = {
        {PS_STR("verdict"), ps_str_of(ps_verdict_name(decision->verdict))},
        {PS_STR("reason"), ps_str_of(ps_reason_name(decision->reason))},
        {PS_STR("family"), decision->family},
        {PS_STR("delivery"), decision->delivery},
    };
    size_t count = 0;
    for (size_t i = 0; i < AUDIT_MAX; i++) {
        if (rows[i][1].len > 0) {
            audit[count][0] = rows[i][0];
            audit[count][1] = rows[i][1];
            count++;
        }
    }
    return count;
}

static void answer_review(const struct work *work, const struct ps_review *review,
                          const struct ps_decision *decision, struct ps_str patch)
{
    struct ps_str(*audit)[2] = ps_arena_alloc(work->arena, AUDIT_MAX * sizeof(*audit));
    struct ps_review_answer answer = {
        .allowed = decision->verdict != PS_VERDICT_DENY,
        .code = 422,
        .message = decision->message, /* sent with a refusal only */
        .patch = patch,
        .warning_count = decision->warnings.count,
        .warnings = decision->warnings.list,
        .audit_count = fill_audit(decision, audit),
        .audit = (const struct ps_str(*)[2])audit,
    };
    struct ps_admission *admission = work->admission;
    admission->http_status = 200;
    admission->content_type = PS_STR("application/json");
    admission->body = ps_review_encode(work->arena, review, &answer);
    admission->patch = patch;
    admission->warning_count = decision->warnings.count;
    admission->warnings = decision->warnings.list;
}

static void report(const struct work *work, const struct ps_decision *decision)
{
    struct ps_admission *admission = work->admission;
    admission->verdict = decision->verdict;
    admission->reason = decision->reason;
    admission->reason_text =
        decision->message.len > 0 ? decision->message : ps_str_of(ps_reason_text(decision->reason));
    admission->family = decision->family;
    admission->delivery = decision->delivery;
}

static struct ps_status admit(void *arg)
{
    const struct work *work = arg;
    struct ps_review review;
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_review_decode(work->arena, work->request, &review, &err);
    if (!ps_ok(status)) {
        answer_text(work->admission, 400, PS_REASON_BAD_REQUEST,
                    ps_arena_printf(work->arena, "%s\n", err.message));
        return ps_success();
    }
    struct ps_decision *decision = PS_ARENA_NEW(work->arena, struct ps_decision);
    fill_facts(work->admission, &review);
    decision->warnings.arena = work->arena;
    ps_patch_init(&decision->patch, work->arena);
    mutate(work, &review, decision);
    bool denied = decision->verdict == PS_VERDICT_DENY;
    struct ps_str patch = denied ? PS_STR("") : ps_patch_finish(&decision->patch);
    report(work, decision);
    if (patch.len > 0 && !ps_ok(check_patch(&review, &decision->patch, &err))) {
        answer_text(work->admission, 500, PS_REASON_INTERNAL,
                    ps_arena_printf(work->arena, "portside made a patch that does not apply: %s\n",
                                    err.message));
        return ps_success();
    }
    answer_review(work, &review, decision, patch);
    return ps_success();
}

void ps_admit(const struct ps_policy *policy, struct ps_arena *arena, struct ps_str request,
              struct ps_admission *ret_admission)
{
    struct work work = {policy, arena, request, ret_admission};
    *ret_admission = (struct ps_admission){0};
    if (!ps_ok(ps_arena_run(arena, admit, &work, NULL))) {
        answer_text(ret_admission, 413, PS_REASON_TOO_LARGE,
                    PS_STR("the AdmissionReview needs more memory than portside grants one\n"));
    }
}
