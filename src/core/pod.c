/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The pod mutator. A pod is never denied: whatever speaks against an injection, it starts as its
 * author wrote it, with a warning.
 */
#include "plaintext.h"
#include "pod_converge.h"
#include "portside/mutate.h"

/* The PORTSIDE_BASH_ENV entry is the user's own BASH_ENV under another name. */
#define USER_BASH_ENV "PORTSIDE_BASH_ENV"

struct pod {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    const struct ps_review *review;
    const struct ps_json *metadata;
    const struct ps_json *spec;
    struct ps_exposures exposures;
    struct ps_injection injection;
    struct ps_pod_plan plan;
    struct ps_str container_pointer;
    struct ps_decision *decision;
};

static void settle(struct pod *pod, enum ps_verdict verdict, enum ps_reason reason,
                   struct ps_str message)
{
    pod->decision->verdict = verdict;
    pod->decision->reason = reason;
    pod->decision->message = message;
    if (verdict == PS_VERDICT_LEAVE) {
        ps_warn(&pod->decision->warnings, "portside left this broker as it is: %.*s",
                PS_FMT(message));
    }
}

static const struct ps_json *annotation(const struct pod *pod, const char *key)
{
    return ps_json_get(ps_json_get(pod->metadata, "annotations"), key);
}

/* Name of the StatefulSet that controls the pod; empty if there is none. */
static struct ps_str owner_name(const struct pod *pod)
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

/* The label is there from Kubernetes 1.28 on (KEP-4017); the name always ends in the ordinal. */
static bool read_ordinal(const struct pod *pod, uint64_t *ret_ordinal)
{
    const struct ps_json *labels = ps_json_get(pod->metadata, "labels");
    struct ps_str label = ps_json_get_text(labels, "apps.kubernetes.io/pod-index");
    struct ps_str name = pod->review->name;
    struct ps_str suffix = ps_str_slice(name, ps_str_last_index(name, '-') + 1, name.len);
    return ps_str_to_uint(label, INT32_MAX, ret_ordinal) ||
           ps_str_to_uint(suffix, INT32_MAX, ret_ordinal);
}

/* What makes a pod none of ours, before its containers are looked at; true if it was settled. */
static bool settle_foreign(struct pod *pod)
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
static bool settle_identity(struct pod *pod)
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
static bool settle_injection(struct pod *pod)
{
    struct ps_exposure_problem problem = {.message = PS_STR("")};
    bool valid = ps_exposures_parse(pod->arena, pod->policy,
                                    ps_json_get(pod->metadata, "annotations"), &pod->exposures,
                                    &problem);
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

static void plan_pieces(struct pod *pod)
{
    struct ps_pod_plan *plan = &pod->plan;
    plan->arena = pod->arena;
    plan->exposures = &pod->exposures;
    plan->injection = &pod->injection;
    plan->spec = pod->spec;
    plan->marked = annotation(pod, PS_ANNOTATION_STATUS) != NULL;
    for (size_t i = 0; i < pod->exposures.count; i++) {
        plan->sources[i] =
            ps_endpoint_sources(pod->arena, &pod->exposures.list[i], &plan->facts);
    }
    pod->container_pointer =
        ps_pointer_index(pod->arena, PS_STR("/spec/containers"), pod->injection.broker.index);
    pod->decision->delivery = ps_str_of(ps_delivery_name(pod->injection.delivery));
}

/* A node port beyond the range would be refused by the API server when the Service is made. */
static bool settle_node_port(struct pod *pod)
{
    for (size_t i = 0; i < pod->exposures.count; i++) {
        const struct ps_exposure *exposure = &pod->exposures.list[i];
        uint64_t port = exposure->node_port_base + pod->plan.facts.ordinal;
        if (exposure->node_port_base > 0 && port > pod->policy->node_port_max) {
            settle(pod, PS_VERDICT_LEAVE, PS_REASON_BAD_ANNOTATION,
                   ps_arena_printf(pod->arena,
                                   "portside.dev/node-port-base: '%u' + ordinal %llu is beyond the "
                                   "last node port %u",
                                   (unsigned)exposure->node_port_base,
                                   (unsigned long long)pod->plan.facts.ordinal,
                                   (unsigned)pod->policy->node_port_max));
            return true;
        }
    }
    return false;
}

static bool is_our_variable(struct ps_str name, const struct ps_json *entry)
{
    if (ps_str_is(name, "BASH_ENV")) {
        return ps_str_is(ps_json_get_text(entry, "value"), PS_HOOK_FILE);
    }
    return ps_str_starts(name, "PORTSIDE_") && !ps_str_is(name, USER_BASH_ENV);
}

static bool is_our_mount(struct ps_str path, const struct ps_json *mount)
{
    (void)mount; /* the path decides */
    return ps_str_is(path, "/portside") || ps_str_starts(path, PS_MOUNT_PREFIX);
}

static bool is_our_volume(struct ps_str name, const struct ps_json *volume)
{
    (void)volume; /* the name decides */
    return ps_str_is(name, PS_VOLUME_SHARED) || ps_str_is(name, PS_VOLUME_ENDPOINT);
}

static bool is_our_init(struct ps_str name, const struct ps_json *container)
{
    (void)container; /* the name decides */
    return ps_str_is(name, PS_INIT_NAME);
}

static bool settle_policy(struct pod *pod)
{
    struct ps_str refusal = ps_plaintext_refusal(pod->policy, &pod->exposures, &pod->injection);
    if (refusal.len > 0) {
        settle(pod, PS_VERDICT_LEAVE, PS_REASON_POLICY, refusal);
    }
    return refusal.len > 0;
}

static struct ps_list container_list(const struct pod *pod, const char *member, const char *key)
{
    return (struct ps_list){
        .existing = ps_json_get(pod->injection.broker.container, member),
        .pointer = ps_pointer_key(pod->arena, pod->container_pointer, ps_str_of(member)),
        .key = key,
    };
}

static struct ps_list spec_list(const struct pod *pod, const char *member)
{
    return (struct ps_list){
        .existing = ps_json_get(pod->spec, member),
        .pointer = ps_pointer_key(pod->arena, PS_STR("/spec"), ps_str_of(member)),
        .key = "name",
    };
}

/* The lists of a pod that we touch, with what belongs in them. */
struct lists {
    struct ps_list volumes;
    struct ps_list init;
    struct ps_list env;
    struct ps_list mounts;
    struct ps_pieces volume_pieces;
    struct ps_pieces init_pieces;
    struct ps_pieces env_pieces;
    struct ps_pieces mount_pieces;
};

static void make_lists(struct pod *pod, struct lists *lists)
{
    lists->volumes = spec_list(pod, "volumes");
    lists->volumes.is_ours = is_our_volume;
    lists->init = spec_list(pod, "initContainers");
    lists->init.is_ours = is_our_init;
    lists->env = container_list(pod, "env", "name");
    lists->env.is_ours = is_our_variable;
    lists->mounts = container_list(pod, "volumeMounts", "mountPath");
    lists->mounts.is_ours = is_our_mount;
    ps_pod_volumes(&pod->plan, &lists->volume_pieces);
    ps_pod_env(&pod->plan, &lists->env_pieces);
    ps_pod_mounts(&pod->plan, &lists->mount_pieces);
    lists->init_pieces.count = 0;
    if (ps_pod_needs_init(&pod->plan)) {
        ps_pod_init(&pod->plan, &lists->init_pieces);
    }
}

/* Things of the user's that bear our names: then ours are not added; true if it was settled. */
static bool settle_conflicts(struct pod *pod, const struct lists *lists)
{
    struct ps_str name = PS_STR("");
    if (pod->plan.marked) {
        return false;
    }
    if (ps_list_conflicts(pod->arena, &lists->env, &lists->env_pieces, &name)) {
        settle(pod, PS_VERDICT_LEAVE, PS_REASON_USER_PORTSIDE_ENV,
               ps_arena_printf(pod->arena,
                               "the broker sets %.*s itself: names that begin with PORTSIDE_ are "
                               "portside's, rename it",
                               PS_FMT(name)));
        return true;
    }
    if (ps_list_conflicts(pod->arena, &lists->volumes, &lists->volume_pieces, &name) ||
        ps_list_conflicts(pod->arena, &lists->init, &lists->init_pieces, &name) ||
        ps_list_conflicts(pod->arena, &lists->mounts, &lists->mount_pieces, &name)) {
        settle(pod, PS_VERDICT_LEAVE, PS_REASON_NAME_IN_USE,
               ps_arena_printf(pod->arena,
                               "the pod has a '%.*s' of its own, a name that portside needs: "
                               "rename it",
                               PS_FMT(name)));
        return true;
    }
    return false;
}

/* Only the controller knows endpoints; one from a template or a backup would be another's. */
static void drop_stale_endpoints(struct pod *pod)
{
    const struct ps_json *annotations = ps_json_get(pod->metadata, "annotations");
    PS_JSON_EACH(member, annotations)
    {
        if (ps_exposure_is_endpoint_key(ps_json_key(member))) {
            ps_patch_remove(&pod->decision->patch,
                            ps_pointer_key(pod->arena, PS_STR("/metadata/annotations"),
                                           ps_json_key(member)));
        }
    }
}

static void patch_metadata(struct pod *pod)
{
    struct ps_patch *patch = &pod->decision->patch;
    drop_stale_endpoints(pod);
    ps_map_set(patch, ps_json_get(pod->metadata, "annotations"), PS_STR("/metadata/annotations"),
               PS_STR(PS_ANNOTATION_STATUS), ps_pod_status(&pod->plan));
    ps_map_set(patch, ps_json_get(pod->metadata, "labels"), PS_STR("/metadata/labels"),
               PS_STR(PS_LABEL_STATEFULSET), pod->plan.facts.statefulset);
}

static struct ps_str env_pointer(struct pod *pod, const struct lists *lists, size_t index,
                                 const char *member)
{
    struct ps_str entry = ps_pointer_index(pod->arena, lists->env.pointer, index);
    return ps_pointer_key(pod->arena, entry, ps_str_of(member));
}

/* The three values, in place; indexes are those before our own entries come in front. */
static void patch_listener_values(struct pod *pod, const struct lists *lists)
{
    const struct ps_listener_plan *plan = &pod->injection.plan;
    const struct ps_str values[PS_VARIABLE_COUNT] = {
        [PS_VARIABLE_LISTENERS] = plan->listeners,
        [PS_VARIABLE_ADVERTISED] = plan->advertised,
        [PS_VARIABLE_MAP] = plan->protocol_map,
    };
    if (pod->injection.delivery != PS_DELIVERY_ENV || plan->outcome != PS_LISTENER_CHANGED) {
        return;
    }
    for (size_t i = 0; i < PS_VARIABLE_COUNT; i++) {
        size_t index = pod->injection.index[i];
        struct ps_str old = ps_json_get_text(ps_json_at(lists->env.existing, index), "value");
        if (!ps_str_equal(old, values[i])) {
            ps_patch_replace_str(&pod->decision->patch, env_pointer(pod, lists, index, "value"),
                                 values[i]);
        }
    }
}

/* The user's BASH_ENV goes on under a name that the hook sources first; it keeps its place. */
static void patch_user_bash_env(struct pod *pod, const struct lists *lists)
{
    size_t index = 0;
    if (pod->injection.delivery != PS_DELIVERY_HOOK) {
        return;
    }
    PS_JSON_EACH(entry, lists->env.existing)
    {
        bool ours = ps_str_is(ps_json_get_text(entry, "value"), PS_HOOK_FILE);
        if (ps_str_is(ps_json_get_text(entry, "name"), "BASH_ENV") && !ours) {
            ps_patch_replace_str(&pod->decision->patch, env_pointer(pod, lists, index, "name"),
                                 PS_STR(USER_BASH_ENV));
        }
        index++;
    }
}

static bool mentions_service_links(const struct ps_json *node)
{
    if (ps_json_is_string(node)) {
        struct ps_str text = ps_json_text(node);
        return ps_str_contains(text, "_SERVICE_HOST") || ps_str_contains(text, "_SERVICE_PORT") ||
               ps_str_contains(text, "_PORT_");
    }
    PS_JSON_EACH(child, node)
    {
        if (mentions_service_links(child)) {
            return true;
        }
    }
    return false;
}

/* A Service named kafka would otherwise set KAFKA_PORT=tcp://… in the broker. */
static void patch_service_links(struct pod *pod)
{
    const struct ps_json *links = ps_json_get(pod->spec, "enableServiceLinks");
    if (links != NULL && ps_json_type(links) == PS_JSON_BOOL && !ps_json_is_true(links)) {
        return;
    }
    if (mentions_service_links(ps_json_get(pod->spec, "containers")) ||
        mentions_service_links(ps_json_get(pod->spec, "initContainers"))) {
        ps_warn(&pod->decision->warnings,
                "enableServiceLinks stays on, as a container reads such variables: a Service named "
                "kafka would set KAFKA_PORT");
        return;
    }
    ps_jw_bool(ps_patch_add(&pod->decision->patch, PS_STR("/spec/enableServiceLinks")), false);
    ps_patch_end(&pod->decision->patch);
}

static void patch_pod(struct pod *pod, const struct lists *lists)
{
    struct ps_patch *patch = &pod->decision->patch;
    patch_metadata(pod);
    ps_list_converge(patch, &lists->volumes, &lists->volume_pieces);
    ps_list_converge(patch, &lists->init, &lists->init_pieces);
    patch_listener_values(pod, lists);
    patch_user_bash_env(pod, lists);
    ps_list_converge_front(patch, &lists->env, &lists->env_pieces);
    ps_list_converge(patch, &lists->mounts, &lists->mount_pieces);
    patch_service_links(pod);
}

void ps_pod_mutate(struct ps_arena *arena, const struct ps_policy *policy,
                   const struct ps_review *review, struct ps_decision *ret_decision)
{
    struct lists lists;
    struct pod pod = {
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
    plan_pieces(&pod);
    if (settle_node_port(&pod) || settle_policy(&pod)) {
        return;
    }
    make_lists(&pod, &lists);
    if (settle_conflicts(&pod, &lists)) {
        return;
    }
    patch_pod(&pod, &lists);
    bool changed = ret_decision->patch.count > 0;
    settle(&pod, changed ? PS_VERDICT_INJECT : PS_VERDICT_UNCHANGED, PS_REASON_NONE, PS_STR(""));
}
