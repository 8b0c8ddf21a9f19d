/* SPDX-License-Identifier: Apache-2.0 */
/*
 * RFC 6902 section 4, by the letter. The document stays within PS_JSON_DEPTH_MAX, so that what
 * walks a document may recurse: a few `copy` operations could otherwise double its depth each.
 */
#include "pointer.h"
#include "portside/patch.h"

struct apply {
    struct ps_arena *arena;
    struct ps_json **root;
    struct ps_error *err;
    size_t index; /* of the operation under way */
    struct ps_str name;
    struct ps_str path;
    struct ps_str from;
    struct ps_json *value; /* detached */
};

/* Where an operation acts. No parent: on the whole document. */
struct place {
    struct ps_json *parent;
    struct ps_str token;
};

#define FAIL(apply, format, ...)                                                                   \
    ps_fail((apply)->err, PS_CODE_INPUT, "operation %zu ('%.*s' at '%.*s'): " format,              \
            (apply)->index, PS_FMT((apply)->name), PS_FMT(ps_str_slice((apply)->path, 0, 200)),    \
            __VA_ARGS__)

static struct ps_json *child_of(struct ps_json *node, struct ps_str token)
{
    size_t index = 0;
    if (ps_json_type(node) == PS_JSON_OBJECT) {
        return ps_json_mutable_get(node, token);
    }
    return ps_pointer_to_index(token, &index) ? ps_json_mutable_at(node, index) : NULL;
}

/* The node at place; NULL if there is none. */
static struct ps_json *node_at(const struct apply *apply, struct place place)
{
    return place.parent == NULL ? *apply->root : child_of(place.parent, place.token);
}

/* Walks to the container of what pointer names; the named member itself need not exist. */
static struct ps_status find_place(struct apply *apply, struct ps_str pointer,
                                   struct place *ret_place)
{
    struct place place = {NULL, PS_STR("")};
    struct ps_str rest = pointer;
    while (rest.len > 0) {
        struct ps_json *node = node_at(apply, place);
        if (node != NULL) {
            ps_json_unfold(apply->arena, node);
        }
        enum ps_json_type type = ps_json_type(node);
        if (type != PS_JSON_OBJECT && type != PS_JSON_ARRAY) {
            size_t end = pointer.len - rest.len;
            return FAIL(apply, "'%.*s' is %s, an object or array is wanted",
                        PS_FMT(ps_str_slice(pointer, 0, end > 120 ? 120 : end)),
                        ps_json_type_name(node));
        }
        place = (struct place){node, ps_pointer_take(apply->arena, &rest)};
    }
    *ret_place = place;
    return ps_success();
}

/* As above, and something must be there. */
static struct ps_status find_existing(struct apply *apply, struct ps_str pointer,
                                      struct place *ret_place, struct ps_json **ret_node)
{
    struct place place;
    PS_TRY(find_place(apply, pointer, &place));
    struct ps_json *node = node_at(apply, place);
    if (node == NULL) {
        return FAIL(apply, "'%.*s' does not exist", PS_FMT(ps_str_slice(pointer, 0, 120)));
    }
    *ret_place = place;
    *ret_node = node;
    return ps_success();
}

static size_t depth_of(const struct ps_json *node)
{
    enum ps_json_type type = ps_json_type(node);
    size_t deepest = 0;
    if (type != PS_JSON_OBJECT && type != PS_JSON_ARRAY) {
        return 0;
    }
    PS_JSON_EACH(child, node)
    {
        size_t depth = depth_of(child);
        deepest = depth > deepest ? depth : deepest;
    }
    return deepest + 1;
}

static struct ps_status add_element(struct apply *apply, struct place place, struct ps_json *value)
{
    size_t count = ps_json_count(place.parent);
    size_t index = count;
    if (!ps_str_is(place.token, "-") && !ps_pointer_to_index(place.token, &index)) {
        return FAIL(apply, "'%.*s' is not an index of an array",
                    PS_FMT(ps_str_slice(place.token, 0, 60)));
    }
    if (!ps_json_array_insert(place.parent, index, value)) {
        return FAIL(apply, "index %zu is beyond the end of an array of %zu", index, count);
    }
    return ps_success();
}

/* Puts value, which is detached, at path. */
static struct ps_status put(struct apply *apply, struct ps_json *value)
{
    struct place place;
    PS_TRY(find_place(apply, apply->path, &place));
    if (ps_pointer_depth(apply->path) + depth_of(value) > PS_JSON_DEPTH_MAX) {
        return FAIL(apply, "the document would be nested more than %d deep", PS_JSON_DEPTH_MAX);
    }
    if (place.parent == NULL) {
        *apply->root = value;
        return ps_success();
    }
    if (ps_json_type(place.parent) == PS_JSON_ARRAY) {
        return add_element(apply, place, value);
    }
    ps_json_object_set(apply->arena, place.parent, place.token, value);
    return ps_success();
}

/* Takes what pointer names out of the document. */
static struct ps_status detach(struct apply *apply, struct ps_str pointer,
                               struct ps_json **ret_node)
{
    struct place place;
    size_t index = 0;
    PS_TRY(find_existing(apply, pointer, &place, ret_node));
    if (place.parent == NULL) {
        return FAIL(apply, "%s", "the whole document cannot be removed");
    }
    if (ps_json_type(place.parent) == PS_JSON_OBJECT) {
        (void)ps_json_object_remove(place.parent, place.token); /* exists: found above */
    } else if (ps_pointer_to_index(place.token, &index)) {
        (void)ps_json_array_remove(place.parent, index);
    }
    return ps_success();
}

static struct ps_status apply_add(struct apply *apply)
{
    return put(apply, apply->value);
}

static struct ps_status apply_remove(struct apply *apply)
{
    struct ps_json *removed;
    return detach(apply, apply->path, &removed);
}

/* A member keeps its place: `remove` and `add` would move it to the end. */
static struct ps_status apply_replace(struct apply *apply)
{
    struct place place;
    struct ps_json *old;
    PS_TRY(find_existing(apply, apply->path, &place, &old));
    if (ps_json_type(place.parent) == PS_JSON_ARRAY) {
        PS_TRY(detach(apply, apply->path, &old));
    }
    return apply_add(apply);
}

/* True if inner names something inside of what outer names. */
static bool is_inside(struct ps_str inner, struct ps_str outer)
{
    return inner.len > outer.len && ps_str_equal(ps_str_slice(inner, 0, outer.len), outer) &&
           inner.ptr[outer.len] == '/';
}

static struct ps_status apply_move(struct apply *apply)
{
    struct place place;
    struct ps_json *node;
    PS_TRY(find_existing(apply, apply->from, &place, &node));
    if (is_inside(apply->path, apply->from)) {
        return FAIL(apply, "'%.*s' cannot be moved into itself",
                    PS_FMT(ps_str_slice(apply->from, 0, 120)));
    }
    if (ps_str_equal(apply->path, apply->from)) {
        return ps_success();
    }
    PS_TRY(detach(apply, apply->from, &node));
    return put(apply, node);
}

static struct ps_status apply_copy(struct apply *apply)
{
    struct place place;
    struct ps_json *node;
    PS_TRY(find_existing(apply, apply->from, &place, &node));
    return put(apply, ps_json_copy(apply->arena, node));
}

static struct ps_status apply_test(struct apply *apply)
{
    struct place place;
    struct ps_json *node;
    PS_TRY(find_existing(apply, apply->path, &place, &node));
    if (!ps_json_equal(node, apply->value)) {
        return FAIL(apply, "%s", "the value there is another one");
    }
    return ps_success();
}

static const struct operation {
    const char *name;
    struct ps_status (*run)(struct apply *apply);
    bool has_value;
    bool has_from;
} operations[] = {
    [PS_PATCH_ADD] = {"add", apply_add, true, false},
    [PS_PATCH_REPLACE] = {"replace", apply_replace, true, false},
    [PS_PATCH_REMOVE] = {"remove", apply_remove, false, false},
    {"move", apply_move, false, true},
    {"copy", apply_copy, false, true},
    {"test", apply_test, true, false},
};

static struct ps_status read_string(struct apply *apply, const struct ps_json *node,
                                    const char *key, struct ps_str *ret_text)
{
    const struct ps_json *member = ps_json_get(node, key);
    if (!ps_json_is_string(member)) {
        return FAIL(apply, "'%s' must be a string, but is %s", key, ps_json_type_name(member));
    }
    *ret_text = ps_json_text(member);
    return ps_success();
}

static struct ps_status check_pointer(const struct apply *apply, const char *key,
                                      struct ps_str pointer)
{
    if (!ps_pointer_is_valid(pointer)) {
        return FAIL(apply, "'%s' is not a JSON pointer: '%.*s'", key,
                    PS_FMT(ps_str_slice(pointer, 0, 120)));
    }
    return ps_success();
}

static struct ps_status read_pointer(struct apply *apply, const struct ps_json *node,
                                     const char *key, struct ps_str *ret_pointer)
{
    PS_TRY(read_string(apply, node, key, ret_pointer));
    return check_pointer(apply, key, *ret_pointer);
}

static struct ps_status apply_one(struct apply *apply, const struct ps_json *node)
{
    const struct operation *operation = NULL;
    if (ps_json_type(node) != PS_JSON_OBJECT) {
        return ps_fail(apply->err, PS_CODE_INPUT, "operation %zu must be an object, but is %s",
                       apply->index, ps_json_type_name(node));
    }
    PS_TRY(read_string(apply, node, "op", &apply->name));
    PS_TRY(read_pointer(apply, node, "path", &apply->path));
    for (size_t i = 0; i < PS_COUNT(operations); i++) {
        operation = ps_str_is(apply->name, operations[i].name) ? &operations[i] : operation;
    }
    if (operation == NULL) {
        return FAIL(apply, "%s", "there is no such operation");
    }
    const struct ps_json *value = ps_json_get(node, "value");
    if (operation->has_value && value == NULL) {
        return FAIL(apply, "%s", "'value' is absent");
    }
    if (operation->has_value) {
        apply->value = ps_json_copy(apply->arena, value);
    }
    if (operation->has_from) {
        PS_TRY(read_pointer(apply, node, "from", &apply->from));
    }
    return operation->run(apply);
}

struct ps_status ps_patch_apply(struct ps_arena *arena, struct ps_json **root,
                                const struct ps_json *patch, struct ps_error *err)
{
    if (ps_json_type(patch) != PS_JSON_ARRAY) {
        return ps_fail(err, PS_CODE_INPUT, "a patch must be an array, but is %s",
                       ps_json_type_name(patch));
    }
    size_t index = 0;
    PS_JSON_EACH(node, patch)
    {
        struct apply apply = {.arena = arena, .root = root, .err = err, .index = index++};
        PS_TRY(apply_one(&apply, node));
    }
    return ps_success();
}

static struct ps_status prove_one(struct apply *apply, const struct ps_patch_operation *written,
                                  struct ps_str text)
{
    const struct operation *operation = &operations[written->kind];
    apply->name = ps_str_of(operation->name);
    apply->path = written->pointer;
    PS_TRY(check_pointer(apply, "path", apply->path));
    if (operation->has_value) {
        struct ps_str value = ps_str_slice(text, written->begin, written->end);
        apply->value = ps_json_folded(apply->arena, value);
    }
    return operation->run(apply);
}

struct ps_status ps_patch_prove(const struct ps_patch *patch, const struct ps_str *known,
                                size_t known_count, struct ps_json **root, struct ps_error *err)
{
    struct ps_str text = ps_buf_view(&patch->buf);
    PS_TRY(ps_json_scan_known(text, known, known_count, err));
    for (size_t i = 0; i < patch->count; i++) {
        struct apply apply = {.arena = patch->arena, .root = root, .err = err, .index = i};
        PS_TRY(prove_one(&apply, &patch->operations[i], text));
    }
    return ps_success();
}
