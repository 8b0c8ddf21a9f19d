/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison and tree surgery: what the patch applier needs. */
#include <cjson/cJSON.h>

#include "json_cjson.h"
#include "portside/json.h"

static cJSON *writable(struct ps_json *node)
{
    return (cJSON *)node;
}

static bool equal_members(const struct ps_json *a, const struct ps_json *b)
{
    if (ps_json_count(a) != ps_json_count(b)) {
        return false;
    }
    PS_JSON_EACH(member, a)
    {
        if (!ps_json_equal(member, ps_json_get_str(b, ps_json_key(member)))) {
            return false;
        }
    }
    return true;
}

static bool equal_elements(const struct ps_json *a, const struct ps_json *b)
{
    const struct ps_json *right = ps_json_first(b);
    PS_JSON_EACH(left, a)
    {
        if (right == NULL || !ps_json_equal(left, right)) {
            return false;
        }
        right = ps_json_next(right);
    }
    return right == NULL;
}

bool ps_json_equal(const struct ps_json *a, const struct ps_json *b)
{
    if (ps_json_type(a) != ps_json_type(b)) {
        return false;
    }
    switch (ps_json_type(a)) {
    case PS_JSON_ABSENT:
    case PS_JSON_NULL:
        return true;
    case PS_JSON_BOOL:
        return ps_json_is_true(a) == ps_json_is_true(b);
    case PS_JSON_NUMBER: {
        double left = ps_json_node(a)->valuedouble;
        double right = ps_json_node(b)->valuedouble;
        return left <= right && left >= right;
    }
    case PS_JSON_STRING:
        return ps_str_equal(ps_json_text(a), ps_json_text(b));
    case PS_JSON_ARRAY:
        return equal_elements(a, b);
    case PS_JSON_OBJECT:
        return equal_members(a, b);
    }
    return false;
}

struct ps_json *ps_json_mutable_get(struct ps_json *object, struct ps_str key)
{
    if (ps_json_type(object) != PS_JSON_OBJECT) {
        return NULL;
    }
    cJSON *child = writable(object)->child;
    while (child != NULL && !ps_str_equal(ps_str_of(child->string), key)) {
        child = child->next;
    }
    return (struct ps_json *)child;
}

struct ps_json *ps_json_mutable_at(struct ps_json *array, size_t index)
{
    if (ps_json_type(array) != PS_JSON_ARRAY) {
        return NULL;
    }
    cJSON *child = writable(array)->child;
    while (child != NULL && index > 0) {
        child = child->next;
        index--;
    }
    return (struct ps_json *)child;
}

void ps_json_object_set(struct ps_arena *arena, struct ps_json *object, struct ps_str key,
                        struct ps_json *value)
{
    struct ps_json *old = ps_json_mutable_get(object, key);
    struct ps_str name = ps_arena_copy(arena, key);
    ps_json_enter(arena);
    if (old == NULL) {
        (void)cJSON_AddItemToObject(writable(object), name.ptr, writable(value));
        return;
    }
    /* keeps the member's place; cJSON_ReplaceItemInObject would ignore the case of the key */
    writable(value)->string = (char *)(uintptr_t)name.ptr;
    (void)cJSON_ReplaceItemViaPointer(writable(object), writable(old), writable(value));
}

bool ps_json_object_remove(struct ps_json *object, struct ps_str key)
{
    struct ps_json *old = ps_json_mutable_get(object, key);
    if (old == NULL) {
        return false;
    }
    (void)cJSON_DetachItemViaPointer(writable(object), writable(old));
    return true;
}

/*
 * Not cJSON_InsertItemInArray: 1.7.15 with the fix of CVE-2023-50472, as Debian 12 has it, inserts
 * nothing behind the first place.
 */
static void insert_before(cJSON *array, cJSON *next, cJSON *item)
{
    item->next = next;
    item->prev = next->prev; /* of the first child: the last one */
    if (array->child == next) {
        array->child = item;
    } else {
        next->prev->next = item;
    }
    next->prev = item;
}

bool ps_json_array_insert(struct ps_json *array, size_t index, struct ps_json *value)
{
    size_t count = ps_json_count(array);
    if (index > count) {
        return false;
    }
    writable(value)->string = NULL; /* it may have been a member before */
    if (index == count) {
        return cJSON_AddItemToArray(writable(array), writable(value));
    }
    insert_before(writable(array), writable(ps_json_mutable_at(array, index)), writable(value));
    return true;
}

bool ps_json_array_remove(struct ps_json *array, size_t index)
{
    struct ps_json *old = ps_json_mutable_at(array, index);
    if (old == NULL) {
        return false;
    }
    (void)cJSON_DetachItemViaPointer(writable(array), writable(old));
    return true;
}

/* cJSON's "raw" node, which says how long its text is as well. */
struct ps_json *ps_json_folded(struct ps_arena *arena, struct ps_str text)
{
    cJSON *node = PS_ARENA_NEW(arena, cJSON);
    node->type = cJSON_Raw | cJSON_IsReference;
    node->valuestring = (char *)(uintptr_t)text.ptr;
    node->valueint = (int)text.len;
    return (struct ps_json *)node;
}

void ps_json_unfold(struct ps_arena *arena, struct ps_json *node)
{
    cJSON *folded = writable(node);
    if (!cJSON_IsRaw(folded)) {
        return;
    }
    ps_json_enter(arena);
    const cJSON *tree = cJSON_ParseWithLength(folded->valuestring, (size_t)folded->valueint);
    folded->type = tree == NULL ? cJSON_NULL : tree->type;
    folded->child = tree == NULL ? NULL : tree->child;
    folded->valuestring = tree == NULL ? NULL : tree->valuestring;
    folded->valuedouble = tree == NULL ? 0 : tree->valuedouble;
}

struct ps_json *ps_json_copy(struct ps_arena *arena, const struct ps_json *node)
{
    ps_json_enter(arena);
    return (struct ps_json *)cJSON_Duplicate(ps_json_node(node), 1);
}
