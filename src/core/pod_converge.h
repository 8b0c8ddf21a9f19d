/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Bringing lists and maps of a pod to what they should be, with as few and as small operations as
 * can be: nothing of the user's is replaced or moved, parents that are absent or null are made.
 */
#pragma once

#include "pod_parts.h"

struct ps_list {
    const struct ps_json *existing; /* may be NULL or JSON null */
    struct ps_str pointer;          /* of the list */
    const char *key;                /* member by which elements are known */
    const struct ps_pod_plan *plan;
    /* True for an element that bears a name of ours, wanted or not. */
    bool (*is_ours)(const struct ps_pod_plan *plan, struct ps_str name,
                    const struct ps_json *element);
};

/* True if an element bears a name of ours but is not what we would write. */
bool ps_list_conflicts(struct ps_arena *arena, const struct ps_list *list,
                       const struct ps_pieces *pieces, struct ps_str *ret_name);

/* Replaces what differs, removes what bears our names and is not wanted, appends what lacks. */
void ps_list_converge(struct ps_patch *patch, const struct ps_list *list,
                      const struct ps_pieces *pieces);

/* As above for a list in which ours must come first, as kubelet expands $(VAR) in order. */
void ps_list_converge_front(struct ps_patch *patch, const struct ps_list *list,
                            const struct ps_pieces *pieces);

/* Sets a member of a map of strings. The first call for a map that is absent makes it. */
void ps_map_set(struct ps_patch *patch, const struct ps_json *existing, struct ps_str pointer,
                struct ps_str key, struct ps_str value);
