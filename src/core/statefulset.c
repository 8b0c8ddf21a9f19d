/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The StatefulSet mutator. A pod sees its template's annotations, not its StatefulSet's; so ours
 * are copied into the template: on CREATE, and on an UPDATE that changes spec.template anyway.
 * portside never starts a rollout.
 */
#include "announce.h"
#include "delivery_check.h"
#include "exposure_fit.h"
#include "plaintext.h"
#include "pod_patch.h"
#include "portside/hazard.h"
#include "portside/inject.h"
#include "portside/mutate.h"
#include "set_warn.h"
#include "template_copy.h"

struct statefulset {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    const struct ps_review *review;
    const struct ps_json *metadata;
    const struct ps_json *template_metadata;
    const struct ps_json *spec; /* of the template */
    uint64_t replicas;
    bool template_changes; /* CREATE, or an UPDATE that changes spec.template */
    bool container_stated; /* by an annotation, not by the installation */
    struct ps_exposures exposures;
    struct ps_injection injection;
    struct ps_decision *decision;
};

static void settle(struct statefulset *set, enum ps_verdict verdict, enum ps_reason reason,
                   struct ps_str message)
{
    set->decision->verdict = verdict;
    set->decision->reason = reason;
    set->decision->message = message;
}

static const struct ps_json *annotations_of(const struct ps_json *metadata)
{
    return ps_json_get(metadata, "annotations");
}

static const struct ps_json *old_template(const struct statefulset *set)
{
    return ps_json_get2(set->review->old_object, "spec", "template");
}

/* The update itself puts something into the template that neither it nor the object had. */
static bool template_states_new(const struct statefulset *set)
{
    const struct ps_json *old = annotations_of(ps_json_get(old_template(set), "metadata"));
    PS_JSON_EACH(annotation, annotations_of(set->template_metadata))
    {
        struct ps_str key = ps_json_key(annotation);
        struct ps_str value = ps_json_text(annotation);
        if (ps_exposure_is_user_key(key) &&
            !ps_str_equal(ps_json_text(ps_json_get_str(old, key)), value) &&
            !ps_str_equal(ps_json_text(ps_json_get_str(annotations_of(set->metadata), key)),
                          value)) {
            return true;
        }
    }
    return false;
}

/* Annotations are judged when they change: an old mistake must not block a later, other update. */
static bool annotations_are_new(const struct statefulset *set)
{
    const struct ps_json *old = annotations_of(ps_json_get(set->review->old_object, "metadata"));
    return set->review->operation == PS_OPERATION_CREATE ||
           ps_user_keys_differ(annotations_of(set->metadata), old) || template_states_new(set);
}

/* A template as the API server sends it: then an absent parent is made, else nothing is touched. */
static bool can_carry_copies(const struct statefulset *set)
{
    const struct ps_json *template =
        ps_json_get(ps_json_get(set->review->object, "spec"), "template");
    enum ps_json_type metadata = ps_json_type(set->template_metadata);
    enum ps_json_type annotations = ps_json_type(annotations_of(set->template_metadata));
    return ps_json_type(template) == PS_JSON_OBJECT &&
           (metadata <= PS_JSON_NULL || metadata == PS_JSON_OBJECT) &&
           (annotations <= PS_JSON_NULL || annotations == PS_JSON_OBJECT);
}

/*
 * With an update that leaves the template alone, the copies stay what they were, even where the
 * author's file, put as it is, has dropped them.
 */
static void put_copies(struct statefulset *set)
{
    const struct ps_json *annotations = annotations_of(set->metadata);
    const struct ps_json *old_metadata = ps_json_get(old_template(set), "metadata");
    if (can_carry_copies(set)) {
        ps_template_copy(&set->decision->patch,
                         set->template_changes ? annotations
                                               : ps_template_copies(set->arena, old_metadata),
                         set->template_metadata);
    }
}

static void copy_annotations(struct statefulset *set)
{
    const struct ps_json *old_metadata = ps_json_get(old_template(set), "metadata");
    put_copies(set);
    if (can_carry_copies(set) && !set->template_changes) {
        ps_set_warn_rollout(&set->decision->warnings, set->review, annotations_of(set->metadata),
                            old_metadata);
    }
}

static void deny(struct statefulset *set, enum ps_reason reason, struct ps_str message)
{
    if (annotations_are_new(set)) {
        settle(set, PS_VERDICT_DENY, reason, message);
        return;
    }
    settle(set, PS_VERDICT_LEAVE, PS_REASON_BAD_ANNOTATION, message);
    ps_warn(&set->decision->warnings, "%.*s", PS_FMT(message));
    put_copies(set);
}

static void warn_hazards(struct statefulset *set)
{
    struct ps_hazard_facts facts = {
        .metadata = set->template_metadata,
        .spec = set->spec,
        .replicas = set->replicas,
        .broker = &set->injection.broker,
        .exposures = &set->exposures,
        .delivery = set->injection.delivery,
        .env_read = set->injection.env_read,
    };
    ps_hazards(&facts, &set->decision->warnings);
}

/* False if it was denied. */
static bool check_fit(struct statefulset *set)
{
    int64_t start = 0;
    const struct ps_json *spec = ps_json_get(set->review->object, "spec");
    (void)ps_json_to_int(ps_json_get2(spec, "ordinals", "start"), &start);
    const struct ps_fit fit = {
        .arena = set->arena,
        .policy = set->policy,
        .exposures = &set->exposures,
        .statefulset = set->review->name,
        .namespace_name = set->review->namespace_name,
        .start = start > 0 ? (uint64_t)start : 0,
        .replicas = set->replicas,
        .metadata = set->template_metadata,
        .spec = set->spec,
    };
    struct ps_str flaw = ps_fit_set(&fit);
    if (flaw.len > 0 && !ps_has_user_keys(annotations_of(set->metadata))) {
        flaw = ps_arena_printf(set->arena, "%.*s, or opt out with portside.dev/inject: \"false\"",
                               PS_FMT(flaw)); /* its author may not know of portside */
    }
    if (flaw.len > 0) {
        deny(set, PS_REASON_INVALID_ANNOTATION, flaw);
    }
    return flaw.len == 0;
}

/* Where it is the template that changed, a warning is enough. False if it was denied. */
static bool check_delivery(struct statefulset *set)
{
    struct ps_str message = ps_delivery_problem(set->arena, &set->exposures, &set->injection);
    if (message.len > 0 && annotations_are_new(set)) {
        settle(set, PS_VERDICT_DENY, PS_REASON_INVALID_ANNOTATION, message);
        return false;
    }
    ps_warn_text(&set->decision->warnings, message);
    return true;
}

/* A conflict with what the user stated is a denial; with our defaults it is a warning. */
static bool is_stated_conflict(const struct statefulset *set)
{
    const struct ps_exposure *exposure = &set->exposures.list[set->injection.culprit];
    return (set->injection.reason == PS_REASON_NO_CONTAINER && set->container_stated) ||
           (set->injection.reason == PS_REASON_NAME_TAKEN && exposure->listener_name_stated) ||
           (set->injection.reason == PS_REASON_PORT_TAKEN && exposure->listener_port_stated) ||
           (set->injection.reason == PS_REASON_LISTENERS &&
            (set->exposures.delivery == PS_DELIVERY_ENV ||
             exposure->protocol != PS_PROTOCOL_MIRROR));
}

static void warn_own_keys(struct statefulset *set)
{
    ps_set_warn_own(&set->decision->warnings, annotations_of(set->metadata));
    ps_set_warn_own(&set->decision->warnings, annotations_of(set->template_metadata));
}

static void settle_leave(struct statefulset *set)
{
    if (is_stated_conflict(set)) {
        deny(set, set->injection.reason, set->injection.message);
        return;
    }
    settle(set, PS_VERDICT_LEAVE, set->injection.reason, set->injection.message);
    if (set->template_changes) {
        ps_warn(&set->decision->warnings, "portside: not injected: %.*s",
                PS_FMT(set->injection.message));
        warn_hazards(set);
    }
    copy_annotations(set);
}

/* Each claim becomes a volume of its name in the pod. */
static bool has_claim_of_our_name(struct statefulset *set)
{
    const struct ps_json *claims =
        ps_json_get2(set->review->object, "spec", "volumeClaimTemplates");
    PS_JSON_EACH(claim, claims)
    {
        struct ps_str name = ps_json_get_text(ps_json_get(claim, "metadata"), "name");
        if (ps_str_is(name, PS_VOLUME_SHARED) || ps_str_is(name, PS_VOLUME_ENDPOINT)) {
            set->injection.reason = PS_REASON_NAME_IN_USE;
            set->injection.message = ps_arena_printf(
                set->arena, "the volume claim '%.*s' has a name that portside needs: rename it",
                PS_FMT(name));
            return true;
        }
    }
    return false;
}

/* What would keep the pods of this template from being injected; true if there is something. */
static bool has_obstacle(struct statefulset *set)
{
    struct ps_pod_lists lists;
    struct ps_pod pod = {
        .arena = set->arena,
        .policy = set->policy,
        .review = set->review,
        .metadata = set->template_metadata,
        .spec = set->spec,
        .exposures = set->exposures,
        .injection = set->injection,
        .plan = {.facts = {.pod = set->review->name,
                           .statefulset = set->review->name,
                           .namespace_name = set->review->namespace_name}},
        .decision = set->decision,
    };
    ps_pod_prepare(&pod);
    ps_pod_lists(&pod, &lists);
    return ps_pod_obstacle(&pod, &lists, &set->injection.reason, &set->injection.message);
}

static void settle_inject(struct statefulset *set)
{
    struct ps_str refusal =
        ps_plaintext_refusal(set->arena, set->policy, &set->exposures, &set->injection);
    set->decision->delivery = ps_str_of(ps_delivery_name(set->injection.delivery));
    if (refusal.len > 0) {
        deny(set, PS_REASON_POLICY, refusal);
        return;
    }
    if (!check_fit(set) || !check_delivery(set)) {
        return;
    }
    if (has_claim_of_our_name(set) || has_obstacle(set)) {
        settle_leave(set);
        return;
    }
    if (set->template_changes) {
        settle(set, PS_VERDICT_INJECT, PS_REASON_NONE, PS_STR(""));
        ps_announce(set->policy, set->spec, &set->exposures, &set->injection,
                    &set->decision->warnings);
        warn_hazards(set);
    } else {
        settle(set, PS_VERDICT_UNCHANGED, PS_REASON_UPDATE_ONLY_METADATA, PS_STR(""));
    }
    copy_annotations(set);
}

static void settle_broker(struct statefulset *set)
{
    if (set->injection.verdict == PS_VERDICT_LEAVE) {
        settle_leave(set);
    } else {
        settle_inject(set);
        ps_set_warn_ports(&set->decision->warnings, set->policy, set->review, &set->exposures);
    }
    if (set->decision->verdict != PS_VERDICT_DENY) {
        warn_own_keys(set);
    }
}

static void settle_skip(struct statefulset *set)
{
    settle(set, PS_VERDICT_SKIP, set->injection.reason, set->injection.message);
    if (set->injection.reason != PS_REASON_NOT_KAFKA && set->template_changes &&
        ps_has_user_keys(annotations_of(set->metadata))) {
        ps_warn(&set->decision->warnings, "portside.dev annotations have no effect: %s",
                ps_reason_text(set->injection.reason));
    }
    if (set->injection.reason == PS_REASON_NOT_KAFKA &&
        ps_has_user_keys(annotations_of(set->metadata)) && set->template_changes) {
        ps_warn(&set->decision->warnings,
                "portside.dev annotations have no effect: no container looks like Kafka (see "
                "portside.dev/container)");
    }
}

/* Whoever controls the set writes its template, and would undo what we add. */
static bool is_controlled(const struct statefulset *set)
{
    PS_JSON_EACH(owner, ps_json_get(set->metadata, "ownerReferences"))
    {
        if (ps_json_is_true(ps_json_get(owner, "controller"))) {
            return true;
        }
    }
    return false;
}

static void decide(struct statefulset *set)
{
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    const struct ps_json *annotations =
        ps_template_effective(set->arena, annotations_of(set->metadata), set->template_metadata);
    bool valid =
        ps_exposures_parse(set->arena, set->policy, annotations, &set->exposures, &problem);
    set->container_stated = ps_json_get(annotations, PS_ANNOTATION_PREFIX "container") != NULL;
    ps_inject_decide(set->arena, set->template_metadata, set->spec, &set->exposures,
                     &set->injection);
    if (ps_broker_is_operated(set->metadata) || is_controlled(set)) {
        set->injection.verdict = PS_VERDICT_SKIP;
        set->injection.reason = PS_REASON_OPERATOR_OWNED;
        set->injection.message = PS_STR("");
    }
    if (set->injection.broker.family != NULL && set->injection.verdict != PS_VERDICT_SKIP) {
        set->decision->family = ps_str_of(set->injection.broker.family->name);
    }
    if (!valid) {
        deny(set,
             problem.unsupported ? PS_REASON_UNSUPPORTED_ANNOTATION : PS_REASON_INVALID_ANNOTATION,
             problem.message);
    } else if (set->exposures.opted_out) {
        settle(set, PS_VERDICT_SKIP, PS_REASON_OPTED_OUT, PS_STR(""));
        copy_annotations(set); /* so that the pods know */
    } else if (set->injection.verdict == PS_VERDICT_SKIP) {
        settle_skip(set);
    } else {
        settle_broker(set);
    }
}

/* Not an error of the user's: such an object is on its way out, or not ours to judge. */
static bool is_out_of_scope(const struct statefulset *set)
{
    bool wanted = set->review->operation == PS_OPERATION_CREATE ||
                  set->review->operation == PS_OPERATION_UPDATE;
    return !wanted || set->review->object == NULL ||
           ps_json_is_string(ps_json_get(set->metadata, "deletionTimestamp"));
}

void ps_statefulset_mutate(struct ps_arena *arena, const struct ps_policy *policy,
                           const struct ps_review *review, struct ps_decision *ret_decision)
{
    const struct ps_json *spec = ps_json_get(review->object, "spec");
    const struct ps_json *template = ps_json_get(spec, "template");
    const struct ps_json *metadata = ps_json_get(review->object, "metadata");
    int64_t replicas = 1; /* StatefulSet.spec.replicas defaults to 1 */
    (void)ps_json_to_int(ps_json_get(spec, "replicas"), &replicas);
    struct statefulset set = {
        .arena = arena,
        .policy = policy,
        .review = review,
        .metadata = metadata,
        .template_metadata = ps_json_get(template, "metadata"),
        .spec = ps_json_get(template, "spec"),
        .replicas = replicas > 0 ? (uint64_t)replicas : 0,
        .template_changes =
            review->operation == PS_OPERATION_CREATE ||
            ps_template_changes(arena, annotations_of(metadata),
                                ps_json_get2(review->old_object, "spec", "template"), template),
        .decision = ret_decision,
    };
    if (is_out_of_scope(&set)) {
        settle(&set, PS_VERDICT_SKIP, PS_REASON_OPERATION, PS_STR(""));
        return;
    }
    decide(&set);
}
