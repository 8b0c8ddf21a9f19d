/* SPDX-License-Identifier: Apache-2.0 */
/*
 * JSON values, read only but for the patch applier. The only door to cJSON.
 *
 * Parsing is strict: RFC 8259, one value, nothing behind it, valid UTF-8 without BOM, no lone
 * surrogates, no U+0000, no duplicate key, depth and numbers within bounds. Nodes live in the
 * arena of the parse. Getters are case-sensitive and take NULL, or a node of another type, as
 * "absent", so that chains need no checks.
 *
 * A number is a double in here: an int64 above 2^53 is damaged. So a parsed node is never printed;
 * ps_jw_copy() refuses such numbers.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/arena.h"
#include "portside/error.h"
#include "portside/str.h"

/* Deepest nesting that is read. Kubernetes' own objects stay below 30. */
#define PS_JSON_DEPTH_MAX 128

struct ps_json;

enum ps_json_type {
    PS_JSON_ABSENT = 0, /* no node at all */
    PS_JSON_NULL,
    PS_JSON_BOOL,
    PS_JSON_NUMBER,
    PS_JSON_STRING,
    PS_JSON_ARRAY,
    PS_JSON_OBJECT,
};

/* Parses text. Fails with PS_CODE_INPUT and a message that names the byte offset. */
struct ps_status ps_json_parse(struct ps_arena *arena, struct ps_str text,
                               struct ps_json **ret_root, struct ps_error *err) PS_MUST_USE;

/* Members of an object, which depth - 1 others stand around, that nobody is going to read. */
struct ps_json_skip {
    size_t depth;
    struct ps_str key;
};

/*
 * As ps_json_parse(), but null stands where the value of such a member stood. It is checked all the
 * same, but for duplicate keys inside it. Nesting counts arrays, too.
 */
struct ps_status ps_json_parse_without(struct ps_arena *arena, struct ps_str text,
                                       const struct ps_json_skip *skips, size_t skip_count,
                                       struct ps_json **ret_root, struct ps_error *err) PS_MUST_USE;

/* Fails as ps_json_parse() does, but for duplicate keys; makes nothing of text. */
struct ps_status ps_json_scan(struct ps_str text, struct ps_error *err) PS_MUST_USE;
/* As above; known are strings of JSON, quotes included, which are passed over where they stand. */
struct ps_status ps_json_scan_known(struct ps_str text, const struct ps_str *known,
                                    size_t known_count, struct ps_error *err) PS_MUST_USE;

enum ps_json_type ps_json_type(const struct ps_json *node);
/* "object", "string", … for messages. */
const char *ps_json_type_name(const struct ps_json *node);

/* Member of an object by its exact key; NULL if node is no object or has none. */
const struct ps_json *ps_json_get_str(const struct ps_json *node, struct ps_str key);
static inline const struct ps_json *ps_json_get(const struct ps_json *node, const char *key)
{
    return ps_json_get_str(node, ps_str_of(key));
}
/* Member of a member: ps_json_get(ps_json_get(node, a), b). */
static inline const struct ps_json *ps_json_get2(const struct ps_json *node, const char *a,
                                                 const char *b)
{
    return ps_json_get(ps_json_get(node, a), b);
}

/* Children of an array or object in their order; NULL at the end. */
const struct ps_json *ps_json_first(const struct ps_json *node);
const struct ps_json *ps_json_next(const struct ps_json *child);
#define PS_JSON_EACH(child, node)                                                                  \
    for (const struct ps_json *child = ps_json_first(node); (child) != NULL;                       \
         (child) = ps_json_next(child))

/* The last child, NULL if there is none; the one before child, of the first one the last. */
const struct ps_json *ps_json_last(const struct ps_json *node);
const struct ps_json *ps_json_previous(const struct ps_json *child);

size_t ps_json_count(const struct ps_json *node);
const struct ps_json *ps_json_at(const struct ps_json *array, size_t index);
/* Key of a child of an object; the empty view otherwise. */
struct ps_str ps_json_key(const struct ps_json *child);

/* Text of a string node; the empty view if it is none. */
struct ps_str ps_json_text(const struct ps_json *node);
/* Text of the string member key of node; the empty view if absent or of another type. */
static inline struct ps_str ps_json_get_text(const struct ps_json *node, const char *key)
{
    return ps_json_text(ps_json_get(node, key));
}
bool ps_json_is_string(const struct ps_json *node);
/* True only for the literal true. */
bool ps_json_is_true(const struct ps_json *node);
/* A number without fraction and below 2^53 in size; false otherwise. */
bool ps_json_to_int(const struct ps_json *node, int64_t *ret_value);

/* Same type and value; objects as sets of members, numbers as doubles. */
bool ps_json_equal(const struct ps_json *a, const struct ps_json *b);

/* Tree surgery, for the patch applier. Nodes must come from one arena; value must be detached. */
struct ps_json *ps_json_mutable_get(struct ps_json *object, struct ps_str key);
struct ps_json *ps_json_mutable_at(struct ps_json *array, size_t index);
void ps_json_object_set(struct ps_arena *arena, struct ps_json *object, struct ps_str key,
                        struct ps_json *value);
bool ps_json_object_remove(struct ps_json *object, struct ps_str key);
/* index may equal the count: appends. False if it is larger. */
bool ps_json_array_insert(struct ps_json *array, size_t index, struct ps_json *value);
bool ps_json_array_remove(struct ps_json *array, size_t index);
/*
 * A value that stays folded as text, which was scanned and lives as long as the arena. It counts as
 * null until ps_json_unfold() makes a tree of it, in its place; other nodes are left alone.
 */
struct ps_json *ps_json_folded(struct ps_arena *arena, struct ps_str text);
void ps_json_unfold(struct ps_arena *arena, struct ps_json *node);
/* Deep copy in the same arena. */
struct ps_json *ps_json_copy(struct ps_arena *arena, const struct ps_json *node);
