/* SPDX-License-Identifier: Apache-2.0 */
/* What in a pod speaks against the patch: names of ours in use, and fields of a wrong type. */
#include "pod_patch.h"

/* Absent and null are as good as the right type: the parent is made then. */
static bool has_type(const struct ps_json *node, enum ps_json_type type)
{
    enum ps_json_type found = ps_json_type(node);
    return found == PS_JSON_ABSENT || found == PS_JSON_NULL || found == type;
}

/* The API server sends no such thing; replacing it would still be the user's loss. */
static bool is_malformed(const struct ps_pod *pod, const struct ps_pod_lists *lists,
                         const char **ret_what)
{
    const struct {
        const struct ps_json *node;
        enum ps_json_type type;
        const char *what;
    } rows[] = {
        {ps_json_get(pod->metadata, "annotations"), PS_JSON_OBJECT, "metadata.annotations"},
        {ps_json_get(pod->metadata, "labels"), PS_JSON_OBJECT, "metadata.labels"},
        {lists->volumes.existing, PS_JSON_ARRAY, "spec.volumes"},
        {lists->init.existing, PS_JSON_ARRAY, "spec.initContainers"},
        {lists->env.existing, PS_JSON_ARRAY, "env of the broker"},
        {lists->mounts.existing, PS_JSON_ARRAY, "volumeMounts of the broker"},
    };
    for (size_t i = 0; i < PS_COUNT(rows); i++) {
        if (!has_type(rows[i].node, rows[i].type)) {
            *ret_what = rows[i].what;
            return true;
        }
    }
    return false;
}

/* A volume of our name that holds something else is the user's, whatever the status says. */
static bool has_foreign_volume(const struct ps_pod_lists *lists, struct ps_str *ret_name)
{
    PS_JSON_EACH(volume, lists->volumes.existing)
    {
        struct ps_str name = ps_json_get_text(volume, "name");
        bool endpoint = ps_str_is(name, PS_VOLUME_ENDPOINT);
        const char *type = endpoint ? "downwardAPI" : "emptyDir";
        if ((endpoint || ps_str_is(name, PS_VOLUME_SHARED)) && ps_json_get(volume, type) == NULL) {
            *ret_name = name;
            return true;
        }
    }
    return false;
}

/* Names of containers and init containers are one set. */
static bool has_container_of_our_name(const struct ps_pod *pod, struct ps_str *ret_name)
{
    PS_JSON_EACH(container, ps_json_get(pod->spec, "containers"))
    {
        if (ps_str_is(ps_json_get_text(container, "name"), PS_INIT_NAME)) {
            *ret_name = PS_STR(PS_INIT_NAME);
            return true;
        }
    }
    return false;
}

static bool name_in_use(const struct ps_pod *pod, struct ps_str name, enum ps_reason *ret_reason,
                        struct ps_str *ret_message)
{
    *ret_reason = PS_REASON_NAME_IN_USE;
    *ret_message = ps_arena_printf(
        pod->arena, "the pod has its own '%.*s', a name that portside needs: rename it",
        PS_FMT(name));
    return true;
}

static bool has_object_conflict(const struct ps_pod *pod, const struct ps_pod_lists *lists,
                                struct ps_str *ret_name)
{
    return ps_list_conflicts(pod->arena, &lists->volumes, &lists->volume_pieces, ret_name) ||
           ps_list_conflicts(pod->arena, &lists->init, &lists->init_pieces, ret_name) ||
           ps_list_conflicts(pod->arena, &lists->mounts, &lists->mount_pieces, ret_name);
}

bool ps_pod_obstacle(const struct ps_pod *pod, const struct ps_pod_lists *lists,
                     enum ps_reason *ret_reason, struct ps_str *ret_message)
{
    struct ps_str name = PS_STR("");
    const char *what = NULL;
    if (is_malformed(pod, lists, &what)) {
        *ret_reason = PS_REASON_MALFORMED;
        *ret_message =
            ps_arena_printf(pod->arena, "%s has a type that Kubernetes does not know", what);
        return true;
    }
    if (has_foreign_volume(lists, &name) || has_container_of_our_name(pod, &name)) {
        return name_in_use(pod, name, ret_reason, ret_message);
    }
    if (pod->plan.marked) {
        return false; /* what bears our names is ours */
    }
    const struct ps_env env = ps_env_stated(&pod->injection.broker);
    bool renamed = ps_env_find(&env, PS_STR(PS_USER_BASH_ENV)) != NULL;
    if (renamed) {
        name = PS_STR(PS_USER_BASH_ENV);
    }
    if (renamed || ps_list_conflicts(pod->arena, &lists->env, &lists->env_pieces, &name)) {
        *ret_reason = PS_REASON_USER_PORTSIDE_ENV;
        *ret_message = ps_arena_printf(
            pod->arena, "the broker sets %.*s itself: rename it, PORTSIDE_ is portside's",
            PS_FMT(name));
        return true;
    }
    return has_object_conflict(pod, lists, &name) &&
           name_in_use(pod, name, ret_reason, ret_message);
}
