/* SPDX-License-Identifier: Apache-2.0 */
#include "pod_converge.h"

/* Each desired element must be covered by one of existing, in the same order. */
static bool covers_elements(const struct ps_json *existing, const struct ps_json *desired)
{
    const struct ps_json *candidate = ps_json_first(existing);
    PS_JSON_EACH(wanted, desired)
    {
        while (candidate != NULL && !ps_json_covers(candidate, wanted)) {
            candidate = ps_json_next(candidate);
        }
        if (candidate == NULL) {
            return false;
        }
        candidate = ps_json_next(candidate);
    }
    return true;
}

bool ps_json_covers(const struct ps_json *existing, const struct ps_json *desired)
{
    if (ps_json_type(desired) == PS_JSON_ARRAY) {
        return ps_json_type(existing) == PS_JSON_ARRAY && covers_elements(existing, desired);
    }
    if (ps_json_type(desired) != PS_JSON_OBJECT) {
        /* the API server drops an empty "value" of an env entry */
        bool both_empty =
            existing == NULL && ps_json_is_string(desired) && ps_json_text(desired).len == 0;
        return both_empty || ps_json_equal(existing, desired);
    }
    PS_JSON_EACH(wanted, desired)
    {
        bool empty = ps_json_type(wanted) == PS_JSON_OBJECT && ps_json_first(wanted) == NULL;
        if (!empty && !ps_json_covers(ps_json_get_str(existing, ps_json_key(wanted)), wanted)) {
            return false;
        }
    }
    return true;
}

static struct ps_str name_of(const struct ps_list *list, const struct ps_json *element)
{
    return ps_json_get_text(element, list->key);
}

static bool is_ours(const struct ps_list *list, const struct ps_json *element)
{
    return list->is_ours(list->plan, name_of(list, element), element);
}

/* The piece that element is meant to be, NULL if it is the user's or not wanted any more. */
static const struct ps_piece *wanted_piece(const struct ps_list *list,
                                           const struct ps_pieces *pieces,
                                           const struct ps_json *element)
{
    for (size_t i = 0; i < pieces->count && is_ours(list, element); i++) {
        if (ps_str_equal(pieces->list[i].name, name_of(list, element))) {
            return &pieces->list[i];
        }
    }
    return NULL;
}

/* What we wrote ourselves parses; if it does not, the patch is refused later, in ps_admit(). */
static bool is_covered(struct ps_arena *arena, const struct ps_json *element,
                       const struct ps_piece *piece)
{
    struct ps_json *desired = NULL;
    return ps_ok(ps_json_parse(arena, piece->json, &desired, NULL)) &&
           ps_json_covers(element, desired);
}

bool ps_list_conflicts(struct ps_arena *arena, const struct ps_list *list,
                       const struct ps_pieces *pieces, struct ps_str *ret_name)
{
    PS_JSON_EACH(element, list->existing)
    {
        const struct ps_piece *piece = wanted_piece(list, pieces, element);
        if (is_ours(list, element) && (piece == NULL || !is_covered(arena, element, piece))) {
            *ret_name = name_of(list, element);
            return true;
        }
    }
    return false;
}

static void write_value(struct ps_jw *jw, struct ps_patch *patch, struct ps_str json)
{
    ps_jw_raw(jw, json);
    ps_patch_end(patch);
}

/* The list is not there: one operation makes it with all that belongs in it. */
static void add_list(struct ps_patch *patch, const struct ps_list *list,
                     const struct ps_pieces *pieces)
{
    if (pieces->count == 0) {
        return;
    }
    struct ps_jw *jw = ps_patch_add(patch, list->pointer);
    ps_jw_array(jw);
    for (size_t i = 0; i < pieces->count; i++) {
        ps_jw_raw(jw, pieces->list[i].json);
    }
    ps_jw_array_end(jw);
    ps_patch_end(patch);
}

static bool is_list(const struct ps_list *list)
{
    return ps_json_type(list->existing) == PS_JSON_ARRAY;
}

static bool has_piece(const struct ps_list *list, const struct ps_piece *piece)
{
    PS_JSON_EACH(element, list->existing)
    {
        if (is_ours(list, element) && ps_str_equal(name_of(list, element), piece->name)) {
            return true;
        }
    }
    return false;
}

static void replace_different(struct ps_patch *patch, const struct ps_list *list,
                              const struct ps_pieces *pieces)
{
    size_t index = 0;
    PS_JSON_EACH(element, list->existing)
    {
        const struct ps_piece *piece = wanted_piece(list, pieces, element);
        struct ps_str pointer = ps_pointer_index(patch->arena, list->pointer, index++);
        if (piece != NULL && !is_covered(patch->arena, element, piece)) {
            write_value(ps_patch_replace(patch, pointer), patch, piece->json);
        }
    }
}

/* From the end, so that the indexes of the others stay what they are. */
static void remove_where(struct ps_patch *patch, const struct ps_list *list,
                         const struct ps_pieces *pieces, bool also_wanted)
{
    const struct ps_json *element = ps_json_last(list->existing);
    for (size_t i = ps_json_count(list->existing); i > 0; i--) {
        bool wanted = wanted_piece(list, pieces, element) != NULL;
        if (is_ours(list, element) && (!wanted || also_wanted)) {
            ps_patch_remove(patch, ps_pointer_index(patch->arena, list->pointer, i - 1));
        }
        element = ps_json_previous(element);
    }
}

void ps_list_converge(struct ps_patch *patch, const struct ps_list *list,
                      const struct ps_pieces *pieces)
{
    if (!is_list(list)) {
        add_list(patch, list, pieces);
        return;
    }
    replace_different(patch, list, pieces);
    remove_where(patch, list, pieces, false);
    struct ps_str end = ps_pointer_key(patch->arena, list->pointer, PS_STR("-"));
    for (size_t i = 0; i < pieces->count; i++) {
        if (!has_piece(list, &pieces->list[i])) {
            write_value(ps_patch_add(patch, end), patch, pieces->list[i].json);
        }
    }
}

/* The first elements are the pieces, in their order, and none of ours comes later. */
static bool front_is_right(struct ps_arena *arena, const struct ps_list *list,
                           const struct ps_pieces *pieces)
{
    size_t index = 0;
    PS_JSON_EACH(element, list->existing)
    {
        if (index < pieces->count) {
            const struct ps_piece *piece = &pieces->list[index++];
            if (!ps_str_equal(name_of(list, element), piece->name) ||
                !is_covered(arena, element, piece)) {
                return false;
            }
        } else if (is_ours(list, element)) {
            return false;
        }
    }
    return index == pieces->count;
}

void ps_list_converge_front(struct ps_patch *patch, const struct ps_list *list,
                            const struct ps_pieces *pieces)
{
    if (!is_list(list)) {
        add_list(patch, list, pieces);
        return;
    }
    if (front_is_right(patch->arena, list, pieces)) {
        return;
    }
    remove_where(patch, list, pieces, true);
    for (size_t i = 0; i < pieces->count; i++) {
        struct ps_str pointer = ps_pointer_index(patch->arena, list->pointer, i);
        write_value(ps_patch_add(patch, pointer), patch, pieces->list[i].json);
    }
}

void ps_map_set(struct ps_patch *patch, const struct ps_json *existing, struct ps_str pointer,
                struct ps_str key, struct ps_str value)
{
    if (ps_json_type(existing) != PS_JSON_OBJECT) {
        struct ps_jw *jw = ps_patch_add(patch, pointer);
        ps_jw_object(jw);
        ps_jw_key_str(jw, key);
        ps_jw_str(jw, value);
        ps_jw_object_end(jw);
        ps_patch_end(patch);
        return;
    }
    const struct ps_json *old = ps_json_get_str(existing, key);
    struct ps_str at = ps_pointer_key(patch->arena, pointer, key);
    if (old == NULL) {
        ps_patch_add_str(patch, at, value);
    } else if (!ps_json_is_string(old) || !ps_str_equal(ps_json_text(old), value)) {
        ps_patch_replace_str(patch, at, value);
    }
}
