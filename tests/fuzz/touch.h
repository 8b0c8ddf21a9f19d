/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What a patch may touch. All that is ours is taken out of the object before and out of the object
 * after; what is left must be the same, lists in the same order. Ours are, by name: of a Pod our
 * annotations, label, volumes, init container, and in containers variables and mounts, the values
 * of variables for listeners, and enableServiceLinks; of a StatefulSet the annotations of its
 * template.
 */
#pragma once

#include "fuzz/fuzz.h"
#include "portside/json.h"

struct touch {
    const struct ps_json *before; /* names of variables that the status says are ours */
    const struct ps_json *after;
};

/* The names of variables in the status of a pod, which speaks of those that no name gives away. */
static inline const struct ps_json *touch_status(struct ps_arena *arena, const struct ps_json *pod)
{
    struct ps_json *status = NULL;
    const struct ps_json *annotations = ps_json_get2(pod, "metadata", "annotations");
    struct ps_str text = ps_json_get_text(annotations, "portside.dev/status");
    bool read = text.len > 0 && ps_ok(ps_json_parse(arena, text, &status, NULL));
    return read ? ps_json_get(status, "env") : NULL;
}

static inline struct ps_json *touch_get(struct ps_json *node, const char *key)
{
    return ps_json_mutable_get(node, ps_str_of(key));
}

/* A container that holds nothing is as good as none: the patch makes it where it is absent. */
static inline void touch_tidy(struct ps_json *object, const char *key)
{
    struct ps_json *member = touch_get(object, key);
    if (member != NULL && ps_json_first(member) == NULL && !ps_json_is_string(member) &&
        ps_json_type(member) != PS_JSON_NUMBER && ps_json_type(member) != PS_JSON_BOOL) {
        (void)ps_json_object_remove(object, ps_str_of(key));
    }
}

static inline void touch_map(struct ps_json *metadata, const char *key)
{
    struct ps_json *map = touch_get(metadata, key);
    const struct ps_json *next = NULL;
    for (const struct ps_json *member = ps_json_first(map); member != NULL; member = next) {
        next = ps_json_next(member);
        struct ps_str name = ps_json_key(member);
        if (ps_str_starts(name, "portside.dev/") || ps_str_contains(name, ".portside.dev/")) {
            (void)ps_json_object_remove(map, name);
        }
    }
    touch_tidy(metadata, key);
}

static inline bool touch_lists(const struct ps_json *names, struct ps_str name)
{
    PS_JSON_EACH(variable, names)
    {
        if (ps_str_equal(ps_json_text(variable), name)) {
            return true;
        }
    }
    return false;
}

static inline bool touch_is_ours(const struct touch *touch, struct ps_str name)
{
    return touch_lists(touch->before, name) || touch_lists(touch->after, name) ||
           ps_str_starts(name, "PORTSIDE_") || ps_str_is(name, "BASH_ENV") ||
           ps_str_is(name, "portside") || ps_str_is(name, "portside-endpoint") ||
           ps_str_is(name, "portside-address") || ps_str_is(name, "/portside") ||
           ps_str_starts(name, "/portside/");
}

/* Drops what is ours from the list key, by the member of its elements that names them. */
static inline void touch_list(const struct touch *touch, struct ps_json *parent, const char *key,
                              const char *name)
{
    struct ps_json *list = touch_get(parent, key);
    for (size_t i = ps_json_count(list); i > 0; i--) {
        const struct ps_json *element = ps_json_mutable_at(list, i - 1);
        if (touch_is_ours(touch, ps_json_get_text(element, name))) {
            (void)ps_json_array_remove(list, i - 1);
        }
    }
    touch_tidy(parent, key);
}

static inline void touch_container(const struct touch *touch, struct ps_json *container)
{
    touch_list(touch, container, "env", "name");
    touch_list(touch, container, "volumeMounts", "mountPath");
    struct ps_json *env = touch_get(container, "env");
    for (size_t i = 0; i < ps_json_count(env); i++) {
        struct ps_json *entry = ps_json_mutable_at(env, i);
        if (ps_str_contains(ps_json_get_text(entry, "name"), "LISTENER")) {
            (void)ps_json_object_remove(entry, PS_STR("value"));
        }
    }
}

static inline void touch_pod(const struct touch *touch, struct ps_json *pod)
{
    struct ps_json *spec = touch_get(pod, "spec");
    struct ps_json *containers = touch_get(spec, "containers");
    struct ps_json *metadata = touch_get(pod, "metadata");
    touch_map(metadata, "annotations");
    touch_map(metadata, "labels");
    touch_list(touch, spec, "volumes", "name");
    touch_list(touch, spec, "initContainers", "name");
    (void)ps_json_object_remove(spec, PS_STR("enableServiceLinks"));
    for (size_t i = 0; i < ps_json_count(containers); i++) {
        touch_container(touch, ps_json_mutable_at(containers, i));
    }
}

static inline void touch_template(struct ps_json *set)
{
    struct ps_json *template = touch_get(touch_get(set, "spec"), "template");
    touch_map(touch_get(template, "metadata"), "annotations");
    touch_tidy(template, "metadata");
}

/* True if the two differ in what is ours alone. */
static inline bool touch_is_fine(struct ps_arena *arena, struct ps_str kind,
                                 const struct ps_json *before, const struct ps_json *after)
{
    struct ps_json *a = ps_json_copy(arena, before);
    struct ps_json *b = ps_json_copy(arena, after);
    if (ps_str_is(kind, "StatefulSet")) {
        touch_template(a);
        touch_template(b);
        return ps_json_equal(a, b);
    }
    if (!ps_str_is(kind, "Pod")) {
        return false;
    }
    const struct touch touch = {touch_status(arena, before), touch_status(arena, after)};
    touch_pod(&touch, a);
    touch_pod(&touch, b);
    return ps_json_equal(a, b);
}
