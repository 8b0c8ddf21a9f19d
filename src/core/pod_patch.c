/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_patch.h"

#include "hazard_view.h"
#include "portside/resolve.h"

static bool is_our_variable(const struct ps_pod_plan *plan, struct ps_str name,
                            const struct ps_json *entry)
{
    if (ps_str_is(name, "BASH_ENV")) {
        return ps_str_is(ps_json_get_text(entry, "value"), PS_HOOK_FILE);
    }
    return (ps_str_starts(name, "PORTSIDE_") && !ps_str_is(name, PS_USER_BASH_ENV)) ||
           ps_pod_has_added(plan, name);
}

static bool is_our_mount(const struct ps_pod_plan *plan, struct ps_str path,
                         const struct ps_json *mount)
{
    (void)plan;
    (void)mount; /* the path decides */
    return ps_str_is(path, "/portside") || ps_str_starts(path, PS_MOUNT_PREFIX);
}

static bool is_our_volume(const struct ps_pod_plan *plan, struct ps_str name,
                          const struct ps_json *volume)
{
    (void)plan;
    (void)volume; /* the name decides */
    return ps_str_is(name, PS_VOLUME_SHARED) || ps_str_is(name, PS_VOLUME_ENDPOINT);
}

static bool is_our_init(const struct ps_pod_plan *plan, struct ps_str name,
                        const struct ps_json *container)
{
    (void)plan;
    (void)container; /* the name decides */
    return ps_str_is(name, PS_INIT_NAME);
}

static struct ps_list container_list(const struct ps_pod *pod, const char *member, const char *key)
{
    struct ps_str container_pointer =
        ps_pointer_index(pod->arena, PS_STR("/spec/containers"), pod->injection.broker.index);
    return (struct ps_list){
        .existing = ps_json_get(pod->injection.broker.original, member),
        .pointer = ps_pointer_key(pod->arena, container_pointer, ps_str_of(member)),
        .key = key,
        .plan = &pod->plan,
    };
}

static struct ps_list spec_list(const struct ps_pod *pod, const char *member)
{
    return (struct ps_list){
        .existing = ps_json_get(pod->spec, member),
        .pointer = ps_pointer_key(pod->arena, PS_STR("/spec"), ps_str_of(member)),
        .key = "name",
        .plan = &pod->plan,
    };
}

/* The list of names in a pod's status; NULL if there is none, or none that can be read. */
static const struct ps_json *read_added(struct ps_arena *arena, struct ps_str status)
{
    struct ps_json *root = NULL;
    bool read = status.len > 0 && ps_ok(ps_json_parse(arena, status, &root, NULL));
    return read ? ps_json_get(root, "env") : NULL;
}

void ps_pod_prepare(struct ps_pod *pod)
{
    struct ps_pod_plan *plan = &pod->plan;
    const struct ps_json *annotations = ps_json_get(pod->metadata, "annotations");
    plan->arena = pod->arena;
    plan->policy = pod->policy;
    plan->exposures = &pod->exposures;
    plan->injection = &pod->injection;
    plan->marked = ps_json_get(annotations, PS_ANNOTATION_STATUS) != NULL;
    plan->added = read_added(pod->arena, ps_json_get_text(annotations, PS_ANNOTATION_STATUS));
    for (size_t i = 0; i < pod->exposures.count; i++) {
        plan->sources[i] = ps_endpoint_sources(pod->arena, &pod->exposures.list[i], &plan->facts);
    }
}

void ps_pod_lists(struct ps_pod *pod, struct ps_pod_lists *ret_lists)
{
    ret_lists->volumes = spec_list(pod, "volumes");
    ret_lists->volumes.is_ours = is_our_volume;
    ret_lists->init = spec_list(pod, "initContainers");
    ret_lists->init.is_ours = is_our_init;
    ret_lists->env = container_list(pod, "env", "name");
    ret_lists->env.is_ours = is_our_variable;
    ret_lists->mounts = container_list(pod, "volumeMounts", "mountPath");
    ret_lists->mounts.is_ours = is_our_mount;
    ps_pod_volumes(&pod->plan, &ret_lists->volume_pieces);
    ps_pod_env(&pod->plan, &ret_lists->env_pieces);
    ps_pod_mounts(&pod->plan, &ret_lists->mount_pieces);
    ret_lists->init_pieces.count = 0;
    if (ps_pod_needs_init(&pod->plan)) {
        ps_pod_init(&pod->plan, &ret_lists->init_pieces);
    }
}

/* What the controller writes is of one pod; from a template or a backup it is another's. */
static void drop_foreign_facts(struct ps_pod *pod)
{
    const struct ps_json *annotations = ps_json_get(pod->metadata, "annotations");
    PS_JSON_EACH(member, annotations)
    {
        if (ps_exposure_is_controller_key(ps_json_key(member))) {
            ps_patch_remove(
                &pod->decision->patch,
                ps_pointer_key(pod->arena, PS_STR("/metadata/annotations"), ps_json_key(member)));
        }
    }
}

static void patch_metadata(struct ps_pod *pod)
{
    struct ps_patch *patch = &pod->decision->patch;
    drop_foreign_facts(pod);
    ps_map_set(patch, ps_json_get(pod->metadata, "annotations"), PS_STR("/metadata/annotations"),
               PS_STR(PS_ANNOTATION_STATUS), ps_pod_status(&pod->plan));
    ps_map_set(patch, ps_json_get(pod->metadata, "labels"), PS_STR("/metadata/labels"),
               PS_STR(PS_LABEL_STATEFULSET), pod->plan.facts.statefulset);
}

static struct ps_str env_pointer(struct ps_pod *pod, const struct ps_pod_lists *lists, size_t index,
                                 const char *member)
{
    struct ps_str entry = ps_pointer_index(pod->arena, lists->env.pointer, index);
    return ps_pointer_key(pod->arena, entry, ps_str_of(member));
}

/* The three values, in place; indexes are those before our own entries come in front. */
static void patch_listener_values(struct ps_pod *pod, const struct ps_pod_lists *lists)
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
static void patch_user_bash_env(struct ps_pod *pod, const struct ps_pod_lists *lists)
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
                                 PS_STR(PS_USER_BASH_ENV));
        }
        index++;
    }
}

/* A Service named kafka would otherwise set KAFKA_PORT=tcp://… in the broker. */
static void patch_service_links(struct ps_pod *pod)
{
    const struct ps_json *links = ps_json_get(pod->spec, "enableServiceLinks");
    if (links != NULL && ps_json_type(links) == PS_JSON_BOOL && !ps_json_is_true(links)) {
        return;
    }
    if (ps_mentions_service_links(pod->spec)) {
        ps_warn(&pod->decision->warnings,
                "enableServiceLinks stays on, as a container reads such variables: a Service named "
                "kafka would set KAFKA_PORT");
        return;
    }
    ps_jw_bool(ps_patch_add(&pod->decision->patch, PS_STR("/spec/enableServiceLinks")), false);
    ps_patch_end(&pod->decision->patch);
}

void ps_pod_patch(struct ps_pod *pod, const struct ps_pod_lists *lists)
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
