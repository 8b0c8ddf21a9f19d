/* SPDX-License-Identifier: Apache-2.0 */
/* Comparison and tree surgery: what the patch applier needs. */
#include "json_tree.h"

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
    case PS_JSON_NUMBER:
        return a->number <= b->number && a->number >= b->number;
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
    struct ps_json *child = object->child;
    while (child != NULL && !ps_str_equal(ps_json_key(child), key)) {
        child = child->next;
    }
    return child;
}

struct ps_json *ps_json_mutable_at(struct ps_json *array, size_t index)
{
    if (ps_json_type(array) != PS_JSON_ARRAY) {
        return NULL;
    }
    struct ps_json *child = array->child;
    while (child != NULL && index > 0) {
        child = child->next;
        index--;
    }
    return child;
}

void ps_json_append(struct ps_json *parent, struct ps_json *child)
{
    struct ps_json *first = parent->child;
    child->next = NULL;
    if (first == NULL) {
        child->prev = child;
        parent->child = child;
        return;
    }
    child->prev = first->prev;
    first->prev->next = child;
    first->prev = child;
}

/* Before next, which is a child of parent. */
static void insert_before(struct ps_json *parent, struct ps_json *next, struct ps_json *child)
{
    child->next = next;
    child->prev = next->prev; /* of the first child: the last one */
    if (parent->child == next) {
        parent->child = child;
    } else {
        next->prev->next = child;
    }
    next->prev = child;
}

static void detach(struct ps_json *parent, struct ps_json *child)
{
    if (parent->child == child) {
        parent->child = child->next;
    } else {
        child->prev->next = child->next;
    }
    if (child->next != NULL) {
        child->next->prev = child->prev;
    } else if (parent->child != NULL) {
        parent->child->prev = child->prev; /* the last one is another now */
    }
    child->next = NULL;
    child->prev = child;
}

static void name(struct ps_json *node, struct ps_str key)
{
    node->key = key.ptr;
    node->key_len = (uint32_t)key.len;
}

/* A member that was there before keeps its place. */
void ps_json_object_set(struct ps_arena *arena, struct ps_json *object, struct ps_str key,
                        struct ps_json *value)
{
    struct ps_json *old = ps_json_mutable_get(object, key);
    name(value, ps_arena_copy(arena, key));
    if (old == NULL) {
        ps_json_append(object, value);
        return;
    }
    insert_before(object, old, value);
    detach(object, old);
}

bool ps_json_object_remove(struct ps_json *object, struct ps_str key)
{
    struct ps_json *old = ps_json_mutable_get(object, key);
    if (old == NULL) {
        return false;
    }
    detach(object, old);
    return true;
}

bool ps_json_array_insert(struct ps_json *array, size_t index, struct ps_json *value)
{
    struct ps_json *next = ps_json_mutable_at(array, index);
    if (next == NULL && index != ps_json_count(array)) {
        return false;
    }
    name(value, (struct ps_str){NULL, 0}); /* it may have been a member before */
    if (next == NULL) {
        ps_json_append(array, value);
    } else {
        insert_before(array, next, value);
    }
    return true;
}

bool ps_json_array_remove(struct ps_json *array, size_t index)
{
    struct ps_json *old = ps_json_mutable_at(array, index);
    if (old == NULL) {
        return false;
    }
    detach(array, old);
    return true;
}

/* Depth is bounded by that of what was parsed. Texts are never changed, so they are shared. */
struct ps_json *ps_json_copy(struct ps_arena *arena, const struct ps_json *node)
{
    struct ps_json *copy = PS_ARENA_NEW(arena, struct ps_json);
    *copy = *node;
    copy->next = NULL;
    copy->prev = copy;
    if (ps_json_type(node) == PS_JSON_ARRAY || ps_json_type(node) == PS_JSON_OBJECT) {
        copy->child = NULL;
    }
    PS_JSON_EACH(child, node)
    {
        ps_json_append(copy, ps_json_copy(arena, child));
    }
    return copy;
}
