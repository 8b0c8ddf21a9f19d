/* SPDX-License-Identifier: Apache-2.0 */
#include "service_digest.h"

#include <inttypes.h>

#define FNV_BASIS UINT64_C(14695981039346656037)
#define FNV_PRIME UINT64_C(1099511628211)

struct ps_str ps_digest(struct ps_arena *arena, struct ps_str text)
{
    uint64_t hash = FNV_BASIS;
    for (size_t i = 0; i < text.len; i++) {
        hash = (hash ^ (unsigned char)text.ptr[i]) * FNV_PRIME;
    }
    return ps_arena_printf(arena, "%016" PRIx64, hash);
}

enum list_rule {
    LIST_EXACT = 0,
    LIST_CONTAINS,
    LIST_PREFIX,
};

static enum list_rule rule_of(struct ps_str key)
{
    if (ps_str_is(key, "ports") || ps_str_is(key, "ownerReferences")) {
        return LIST_CONTAINS;
    }
    return ps_str_is(key, "ipFamilies") ? LIST_PREFIX : LIST_EXACT;
}

static bool is_in(const struct ps_json *element, const struct ps_json *list)
{
    PS_JSON_EACH(other, list)
    {
        if (ps_desired_stands(element, other)) {
            return true;
        }
    }
    return false;
}

static bool list_stands(const struct ps_json *desired, const struct ps_json *observed)
{
    enum list_rule rule = rule_of(ps_json_key(desired));
    const struct ps_json *other = ps_json_first(observed);
    if (rule == LIST_EXACT && ps_json_count(desired) != ps_json_count(observed)) {
        return false;
    }
    PS_JSON_EACH(element, desired)
    {
        if (rule == LIST_CONTAINS ? !is_in(element, observed)
                                  : !ps_desired_stands(element, other)) {
            return false;
        }
        other = other == NULL ? NULL : ps_json_next(other);
    }
    return true;
}

/* Recursion is bounded by the depth of desired, which the planners write themselves. */
bool ps_desired_stands(const struct ps_json *desired, const struct ps_json *observed)
{
    if (ps_json_type(desired) != ps_json_type(observed)) {
        return false;
    }
    if (ps_json_type(desired) == PS_JSON_ARRAY) {
        return list_stands(desired, observed);
    }
    if (ps_json_type(desired) != PS_JSON_OBJECT) {
        return ps_json_equal(desired, observed);
    }
    PS_JSON_EACH(member, desired)
    {
        if (!ps_desired_stands(member, ps_json_get_str(observed, ps_json_key(member)))) {
            return false;
        }
    }
    return true;
}

struct ps_str ps_label_of(const struct ps_json *object, const char *label)
{
    return ps_json_get_text(ps_json_get2(object, "metadata", "labels"), label);
}

struct ps_str ps_annotation_of(const struct ps_json *object, struct ps_str annotation)
{
    const struct ps_json *annotations = ps_json_get2(object, "metadata", "annotations");
    return ps_json_text(ps_json_get_str(annotations, annotation));
}
