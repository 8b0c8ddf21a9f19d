/* SPDX-License-Identifier: Apache-2.0 */
/*
 * cJSON allocates through process-wide hooks. They are set once, before main, and draw from the
 * arena that the calling thread has entered; so no thread ever sees another's memory.
 */
#include "portside/json.h"

#include <cjson/cJSON.h>
#include <stdlib.h>

#include "json_cjson.h"
#include "json_scan.h"
#include "portside/buf.h"

static _Thread_local struct ps_arena *entered;

static void *hook_malloc(size_t bytes)
{
    return entered == NULL ? NULL : ps_arena_alloc(entered, bytes);
}

static void hook_free(void *memory)
{
    if (entered != NULL) {
        ps_arena_release(entered, memory);
    }
}

__attribute__((constructor)) static void install_hooks(void)
{
    cJSON_InitHooks(&(cJSON_Hooks){.malloc_fn = hook_malloc, .free_fn = hook_free});
}

void ps_json_enter(struct ps_arena *arena)
{
    entered = arena;
}

const cJSON *ps_json_node(const struct ps_json *node)
{
    return (const cJSON *)node;
}

/* cJSON_IsObject() and its like are calls into a library. */
static bool has_type(const struct ps_json *node, int type)
{
    return node != NULL && (ps_json_node(node)->type & 0xFF) == type;
}

enum ps_json_type ps_json_type(const struct ps_json *node)
{
    if (node == NULL) {
        return PS_JSON_ABSENT;
    }
    switch (ps_json_node(node)->type & 0xFF) {
    case cJSON_False:
    case cJSON_True:
        return PS_JSON_BOOL;
    case cJSON_Number:
        return PS_JSON_NUMBER;
    case cJSON_String:
        return PS_JSON_STRING;
    case cJSON_Array:
        return PS_JSON_ARRAY;
    case cJSON_Object:
        return PS_JSON_OBJECT;
    default:
        return PS_JSON_NULL;
    }
}

const char *ps_json_type_name(const struct ps_json *node)
{
    static const char *const names[] = {
        [PS_JSON_ABSENT] = "absent", [PS_JSON_NULL] = "null",     [PS_JSON_BOOL] = "boolean",
        [PS_JSON_NUMBER] = "number", [PS_JSON_STRING] = "string", [PS_JSON_ARRAY] = "array",
        [PS_JSON_OBJECT] = "object",
    };
    return names[ps_json_type(node)];
}

/* Up to so many members, each pair is compared; a larger object is sorted. */
#define COMPARED_MAX 24

static int by_key(const void *a, const void *b)
{
    const cJSON *const *left = a;
    const cJSON *const *right = b;
    return ps_str_compare(ps_str_of((*left)->string), ps_str_of((*right)->string));
}

static const char *duplicate_of_few(const cJSON *object)
{
    for (const cJSON *member = object->child->next; member != NULL; member = member->next) {
        for (const cJSON *elder = object->child; elder != member; elder = elder->next) {
            if (elder->string[0] == member->string[0] &&
                strcmp(elder->string, member->string) == 0) {
                return member->string;
            }
        }
    }
    return NULL;
}

static const char *duplicate_of_many(struct ps_arena *arena, const cJSON *object, size_t count)
{
    const cJSON **members = ps_arena_alloc(arena, (count + 1) * sizeof(*members));
    const char *found = NULL;
    size_t i = 0;
    for (const cJSON *child = object->child; child != NULL; child = child->next) {
        members[i++] = child;
    }
    qsort(members, count, sizeof(const cJSON *), by_key);
    for (i = 1; i < count && found == NULL; i++) {
        if (by_key(&members[i - 1], &members[i]) == 0) {
            found = members[i]->string;
        }
    }
    ps_arena_release(arena, members);
    return found;
}

/* A key that occurs twice in object, NULL if none does. */
static const char *duplicate_key(struct ps_arena *arena, const cJSON *object)
{
    size_t count = ps_json_count((const struct ps_json *)object);
    return count <= COMPARED_MAX ? duplicate_of_few(object)
                                 : duplicate_of_many(arena, object, count);
}

/* Of a node that has children. Depth is bounded by the scanner. */
static struct ps_status refuse_duplicates(struct ps_arena *arena, const cJSON *node,
                                          struct ps_error *err)
{
    if (node->child->next != NULL && has_type((const struct ps_json *)node, cJSON_Object)) {
        const char *key = duplicate_key(arena, node);
        if (key != NULL) {
            return ps_fail(err, PS_CODE_INPUT, "invalid JSON: key '%.200s' occurs twice", key);
        }
    }
    for (const cJSON *child = node->child; child != NULL; child = child->next) {
        if (child->child != NULL) {
            PS_TRY(refuse_duplicates(arena, child, err));
        }
    }
    return ps_success();
}

/* The text with null in each hole. */
static struct ps_str fill_holes(struct ps_arena *arena, struct ps_str text,
                                const struct ps_json_holes *holes)
{
    struct ps_buf buf;
    size_t from = 0;
    if (holes->count == 0) {
        return text;
    }
    ps_buf_init(&buf, arena, text.len);
    for (size_t i = 0; i < holes->count; i++) {
        ps_buf_put(&buf, ps_str_slice(text, from, holes->list[i].begin));
        ps_buf_puts(&buf, "null");
        from = holes->list[i].end;
    }
    ps_buf_put(&buf, ps_str_slice(text, from, text.len));
    return ps_buf_view(&buf);
}

/* A text that was scanned. */
static struct ps_status make_tree(struct ps_arena *arena, struct ps_str text,
                                  struct ps_json **ret_root, struct ps_error *err)
{
    ps_json_enter(arena);
    cJSON *root = cJSON_ParseWithLength(text.ptr, text.len);
    if (root == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "invalid JSON: it cannot be read");
    }
    if (root->child != NULL) {
        PS_TRY(refuse_duplicates(arena, root, err));
    }
    *ret_root = (struct ps_json *)root;
    return ps_success();
}

struct ps_status ps_json_parse(struct ps_arena *arena, struct ps_str text,
                               struct ps_json **ret_root, struct ps_error *err)
{
    PS_TRY(ps_json_scan(text, err));
    return make_tree(arena, text, ret_root, err);
}

struct ps_status ps_json_parse_without(struct ps_arena *arena, struct ps_str text,
                                       const struct ps_json_skip *skips, size_t skip_count,
                                       struct ps_json **ret_root, struct ps_error *err)
{
    struct ps_json_holes holes = {.skips = skips, .skip_count = skip_count};
    PS_TRY(ps_json_scan_holes(text, &holes, err));
    return make_tree(arena, fill_holes(arena, text, &holes), ret_root, err);
}

const struct ps_json *ps_json_first(const struct ps_json *node)
{
    return node == NULL ? NULL : (const struct ps_json *)ps_json_node(node)->child;
}

const struct ps_json *ps_json_next(const struct ps_json *child)
{
    return (const struct ps_json *)ps_json_node(child)->next;
}

/* Byte by byte: most differ in the first, and most others have few. */
static bool has_key(const cJSON *member, struct ps_str key)
{
    const char *name = member->string;
    for (size_t i = 0; i < key.len; i++) {
        if (name[i] != key.ptr[i] || name[i] == '\0') {
            return false;
        }
    }
    return name[key.len] == '\0';
}

const struct ps_json *ps_json_get_str(const struct ps_json *node, struct ps_str key)
{
    if (!has_type(node, cJSON_Object)) {
        return NULL;
    }
    const cJSON *member = ps_json_node(node)->child;
    while (member != NULL && !has_key(member, key)) {
        member = member->next;
    }
    return (const struct ps_json *)member;
}

const struct ps_json *ps_json_last(const struct ps_json *node)
{
    const struct ps_json *first = ps_json_first(node);
    return first == NULL ? NULL : ps_json_previous(first);
}

const struct ps_json *ps_json_previous(const struct ps_json *child)
{
    return (const struct ps_json *)ps_json_node(child)->prev; /* cJSON keeps the last one there */
}

size_t ps_json_count(const struct ps_json *node)
{
    size_t count = 0;
    PS_JSON_EACH(child, node)
    {
        count++;
    }
    return count;
}

const struct ps_json *ps_json_at(const struct ps_json *array, size_t index)
{
    if (ps_json_type(array) != PS_JSON_ARRAY) {
        return NULL;
    }
    const struct ps_json *child = ps_json_first(array);
    while (child != NULL && index > 0) {
        child = ps_json_next(child);
        index--;
    }
    return child;
}

struct ps_str ps_json_key(const struct ps_json *child)
{
    return child == NULL ? PS_STR("") : ps_str_of(ps_json_node(child)->string);
}

bool ps_json_is_string(const struct ps_json *node)
{
    return has_type(node, cJSON_String);
}

struct ps_str ps_json_text(const struct ps_json *node)
{
    return ps_json_is_string(node) ? ps_str_of(ps_json_node(node)->valuestring) : PS_STR("");
}

bool ps_json_is_true(const struct ps_json *node)
{
    return has_type(node, cJSON_True);
}

bool ps_json_to_int(const struct ps_json *node, int64_t *ret_value)
{
    const double exact_max = 9007199254740991.0; /* 2^53 - 1 (RFC 8259 section 6) */
    if (ps_json_type(node) != PS_JSON_NUMBER) {
        return false;
    }
    double value = ps_json_node(node)->valuedouble;
    if (!(value >= -exact_max && value <= exact_max)) {
        return false;
    }
    int64_t whole = (int64_t)value;
    double fraction = value - (double)whole;
    if (fraction > 0 || fraction < 0) {
        return false;
    }
    *ret_value = whole;
    return true;
}
