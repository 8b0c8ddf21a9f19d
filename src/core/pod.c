/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod mutator. A pod is never denied: whatever speaks against an injection, it starts as its
 * author wrote it, with a warning.
 */
#include "delivery_check.h"
#include "env_extra.h"
#include "exposure_fit.h"
#include "plaintext.h"
#include "pod_patch.h"
#include "portside/mutate.h"

static void settle(struct ps_pod *pod, enum ps_verdict verdict, enum ps_reason reason,
                   struct ps_str message)
{
    pod->decision->verdict = verdict;
    pod->decision->reason = reason;
    pod->decision->message = message;
    if (verdict == PS_VERDICT_LEAVE) {
        ps_warn(&pod->decision->warnings, "portside: not injected: %.*s", PS_FMT(message));
    }
}

static const struct ps_json *annotation(const struct ps_pod *pod, const char *key)
{
    return ps_json_get(ps_json_get(pod->metadata, "annotations"), key);
}

/* Name of the StatefulSet that controls the pod; empty if there is none. */
static struct ps_str owner_name(const struct ps_pod *pod)
{
    PS_JSON_EACH(owner, ps_json_get(pod->metadata, "ownerReferences"))
    {
        if (ps_str_is(ps_json_get_text(owner, "kind"), "StatefulSet") &&
            ps_str_starts(ps_json_get_text(owner, "apiVersion"), "apps/")) {
            return ps_json_get_text(owner, "name");
        }
    }
    return PS_STR("");
}

/*
 * The StatefulSet controller names its pods <name>-<ordinal>. Where the name is not there yet
 * (generateName), the label of Kubernetes 1.28 and later says the ordinal (KEP-4017).
 */
static bool read_ordinal(const struct ps_pod *pod, uint64_t *ret_ordinal)
{
    const struct ps_json *labels = ps_json_get(pod->metadata, "labels");
    struct ps_str name = pod->review->name;
    if (name.len == 0) {
        return ps_str_to_uint(ps_json_get_text(labels, "apps.kubernetes.io/pod-index"), INT32_MAX,
                              ret_ordinal);
    }
    struct ps_str owner = pod->plan.facts.statefulset;
    struct ps_str ordinal = ps_str_slice(name, owner.len + 1, name.len);
    bool ours = ps_str_starts(name, owner.ptr) && name.len > owner.len &&
                name.ptr[owner.len] == '-' && (ordinal.len == 1 || !ps_str_starts(ordinal, "0"));
    return ours && ps_str_to_uint(ordinal, INT32_MAX, ret_ordinal);
}

/* What makes a pod none of ours, before its containers are looked at; true if it was settled. */
static bool settle_foreign(struct ps_pod *pod)
{
    if (pod->review->operation != PS_OPERATION_CREATE || pod->review->object == NULL) {
        settle(pod, PS_VERDICT_SKIP, PS_REASON_OPERATION, PS_STR(""));
        return true;
    }
    if (annotation(pod, "kubernetes.io/config.mirror") != NULL) {
        settle(pod, PS_VERDICT_SKIP, PS_REASON_MIRROR_POD, PS_STR(""));
        return true;
    }
    return false;
}

/* Who owns the pod and which one it is; true if that speaks against an injection. */
static bool settle_identity(struct ps_pod *pod)
{
    struct ps_template_facts *facts = &pod->plan.facts;
    facts->statefulset = owner_name(pod);
    facts->namespace_name = pod->review->namespace_name;
    if (facts->statefulset.len == 0) {
        settle(pod, PS_VERDICT_SKIP, PS_REASON_NOT_STATEFULSET, PS_STR(""));
        return true;
    }
    if (!read_ordinal(pod, &facts->ordinal)) {
        settle(pod, PS_VERDICT_SKIP, PS_REASON_NO_ORDINAL, PS_STR(""));
        return true;
    }
    facts->pod = pod->review->name.len > 0
                     ? pod->review->name
                     : ps_arena_printf(pod->arena, "%.*s-%llu", PS_FMT(facts->statefulset),
                                       (unsigned long long)facts->ordinal);
    return false;
}

/* Reads annotations and containers; true if a verdict other than INJECT came out. */
static bool settle_injection(struct ps_pod *pod)
{
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    bool valid =
        ps_exposures_parse(pod->arena, pod->policy, ps_json_get(pod->metadata, "annotations"),
                           &pod->exposures, &problem);
    ps_inject_decide(pod->arena, pod->metadata, pod->spec, &pod->exposures, &pod->injection);
    if (valid && pod->exposures.opted_out) {
        settle(pod, PS_VERDICT_SKIP, PS_REASON_OPTED_OUT, PS_STR(""));
        return true;
    }
    if (pod->injection.verdict == PS_VERDICT_SKIP) {
        settle(pod, PS_VERDICT_SKIP, pod->injection.reason, pod->injection.message);
        return true;
    }
    if (settle_identity(pod)) {
        return true;
    }
    pod->decision->family = pod->injection.broker.family == NULL
                                ? PS_STR("")
                                : ps_str_of(pod->injection.broker.family->name);
    if (!valid) {
        settle(pod, PS_VERDICT_LEAVE, PS_REASON_BAD_ANNOTATION, problem.message);
        return true;
    }
    if (pod->injection.verdict != PS_VERDICT_INJECT) {
        settle(pod, pod->injection.verdict, pod->injection.reason, pod->injection.message);
        return true;
    }
    return false;
}

/* An endpoint that cannot be would be waited for in vain, or keep Kafka from starting. */
static bool settle_fit(struct ps_pod *pod)
{
    const struct ps_fit fit = {
        .arena = pod->arena,
        .policy = pod->policy,
        .exposures = &pod->exposures,
        .statefulset = pod->plan.facts.statefulset,
    };
    struct ps_str flaw = ps_fit_broker(&fit, &pod->plan.facts);
    if (flaw.len > 0) {
        settle(pod, PS_VERDICT_LEAVE, PS_REASON_BAD_ANNOTATION, flaw);
    }
    return flaw.len > 0;
}

static bool settle_policy(struct ps_pod *pod)
{
    struct ps_str refusal =
        ps_plaintext_refusal(pod->arena, pod->policy, &pod->exposures, &pod->injection);
    if (refusal.len > 0) {
        settle(pod, PS_VERDICT_LEAVE, PS_REASON_POLICY, refusal);
    }
    return refusal.len > 0;
}

/* True if something in the pod speaks against the patch. */
static bool settle_obstacle(struct ps_pod *pod, const struct ps_pod_lists *lists)
{
    enum ps_reason reason = PS_REASON_NONE;
    struct ps_str message = PS_STR("");
    bool found = ps_pod_obstacle(pod, lists, &reason, &message);
    if (found) {
        settle(pod, PS_VERDICT_LEAVE, reason, message);
    }
    return found;
}

/* Wishes that the pod cannot have: its author's own variable, for one, is never changed. */
static void warn_unheeded(struct ps_pod *pod)
{
    for (size_t i = 0; i < pod->exposures.env.count; i++) {
        struct ps_str name = pod->exposures.env.list[i].name;
        if (ps_pod_is_stated(&pod->plan, name)) {
            ps_warn(&pod->decision->warnings,
                    "portside.dev/env: the container sets %.*s itself, which stays as it is",
                    PS_FMT(name));
        }
    }
    struct ps_str rack =
        ps_env_stated_rack(&pod->exposures, &pod->injection.broker, pod->plan.added);
    if (ps_pod_wants_rack(&pod->plan) && rack.len > 0) {
        ps_warn(&pod->decision->warnings,
                "portside.dev/rack-label: the broker's own rack stays, which %.*s sets",
                PS_FMT(rack));
    }
    struct ps_str start = ps_delivery_refused_start(pod->arena, &pod->exposures, &pod->injection);
    if (start.len > 0) {
        ps_warn(&pod->decision->warnings,
                "%.*s: 'start' needs the hook: the pod waits for its endpoint", PS_FMT(start));
    }
}

void ps_pod_mutate(struct ps_arena *arena, const struct ps_policy *policy,
                   const struct ps_review *review, struct ps_decision *ret_decision)
{
    struct ps_pod_lists lists;
    struct ps_pod pod = {
        .arena = arena,
        .policy = policy,
        .review = review,
        .metadata = ps_json_get(review->object, "metadata"),
        .spec = ps_json_get(review->object, "spec"),
        .decision = ret_decision,
    };
    if (settle_foreign(&pod) || settle_injection(&pod)) {
        return;
    }
    ps_pod_prepare(&pod);
    ret_decision->delivery = ps_str_of(ps_delivery_name(pod.injection.delivery));
    if (settle_fit(&pod) || settle_policy(&pod)) {
        return;
    }
    ps_pod_lists(&pod, &lists);
    if (settle_obstacle(&pod, &lists)) {
        return;
    }
    ps_pod_patch(&pod, &lists);
    warn_unheeded(&pod);
    bool changed = ret_decision->patch.count > 0;
    settle(&pod, changed ? PS_VERDICT_INJECT : PS_VERDICT_UNCHANGED, PS_REASON_NONE, PS_STR(""));
}
