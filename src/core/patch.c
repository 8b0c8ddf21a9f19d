/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/patch.h"

/* Holds most patches: one of them has a script of some KiB. */
#define FIRST_BYTES ((size_t)16 * 1024)

void ps_patch_init(struct ps_patch *patch, struct ps_arena *arena)
{
    *patch = (struct ps_patch){.arena = arena};
    ps_buf_init(&patch->buf, arena, FIRST_BYTES);
    ps_jw_init(&patch->jw, &patch->buf);
    ps_jw_array(&patch->jw);
}

static void begin(struct ps_patch *patch, const char *operation, struct ps_str pointer)
{
    patch->count++;
    ps_jw_object(&patch->jw);
    ps_jw_member(&patch->jw, "op", ps_str_of(operation));
    ps_jw_member(&patch->jw, "path", pointer);
}

static struct ps_jw *begin_value(struct ps_patch *patch, const char *operation,
                                 struct ps_str pointer)
{
    begin(patch, operation, pointer);
    ps_jw_key(&patch->jw, "value");
    return &patch->jw;
}

struct ps_jw *ps_patch_add(struct ps_patch *patch, struct ps_str pointer)
{
    return begin_value(patch, "add", pointer);
}

struct ps_jw *ps_patch_replace(struct ps_patch *patch, struct ps_str pointer)
{
    return begin_value(patch, "replace", pointer);
}

void ps_patch_end(struct ps_patch *patch)
{
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
    begin(patch, "remove", pointer);
    ps_patch_end(patch);
}

struct ps_str ps_patch_finish(struct ps_patch *patch)
{
    ps_jw_array_end(&patch->jw);
    return patch->count == 0 ? PS_STR("") : ps_buf_view(&patch->buf);
}
