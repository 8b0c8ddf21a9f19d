/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/patch.h"

/* Holds most patches: one of them has a script of some KiB. */
#define FIRST_BYTES ((size_t)16 * 1024)
#define FIRST_OPERATIONS 32U

void ps_patch_init(struct ps_patch *patch, struct ps_arena *arena)
{
    *patch = (struct ps_patch){.arena = arena, .room = FIRST_OPERATIONS};
    patch->operations = ps_arena_alloc(arena, patch->room * sizeof(*patch->operations));
    ps_buf_init(&patch->buf, arena, FIRST_BYTES);
    ps_jw_init(&patch->jw, &patch->buf);
    ps_jw_array(&patch->jw);
}

static const char *const names[] = {
    [PS_PATCH_ADD] = "add",
    [PS_PATCH_REPLACE] = "replace",
    [PS_PATCH_REMOVE] = "remove",
};

static struct ps_patch_operation *new_operation(struct ps_patch *patch)
{
    if (patch->count == patch->room) {
        struct ps_patch_operation *old = patch->operations;
        patch->room *= 2;
        patch->operations = ps_arena_alloc(patch->arena, patch->room * sizeof(*old));
        memcpy(patch->operations, old, patch->count * sizeof(*old));
    }
    return &patch->operations[patch->count++];
}

static void begin(struct ps_patch *patch, enum ps_patch_kind kind, struct ps_str pointer)
{
    ps_jw_object(&patch->jw);
    ps_jw_member(&patch->jw, "op", ps_str_of(names[kind]));
    ps_jw_member(&patch->jw, "path", pointer);
    if (kind != PS_PATCH_REMOVE) {
        ps_jw_key(&patch->jw, "value");
    }
    *new_operation(patch) = (struct ps_patch_operation){kind, pointer, patch->buf.len, 0};
}

struct ps_jw *ps_patch_add(struct ps_patch *patch, struct ps_str pointer)
{
    begin(patch, PS_PATCH_ADD, pointer);
    return &patch->jw;
}

struct ps_jw *ps_patch_replace(struct ps_patch *patch, struct ps_str pointer)
{
    begin(patch, PS_PATCH_REPLACE, pointer);
    return &patch->jw;
}

void ps_patch_end(struct ps_patch *patch)
{
    patch->operations[patch->count - 1].end = patch->buf.len;
    ps_jw_object_end(&patch->jw);
}

void ps_patch_add_str(struct ps_patch *patch, struct ps_str pointer, struct ps_str value)
{
    ps_jw_str(ps_patch_add(patch, pointer), value);
    ps_patch_end(patch);
}

void ps_patch_replace_str(struct ps_patch *patch, struct ps_str pointer, struct ps_str value)
{
    ps_jw_str(ps_patch_replace(patch, pointer), value);
    ps_patch_end(patch);
}

void ps_patch_remove(struct ps_patch *patch, struct ps_str pointer)
{
    begin(patch, PS_PATCH_REMOVE, pointer);
    ps_patch_end(patch);
}

struct ps_str ps_patch_finish(struct ps_patch *patch)
{
    ps_jw_array_end(&patch->jw);
    return patch->count == 0 ? PS_STR("") : ps_buf_view(&patch->buf);
}
