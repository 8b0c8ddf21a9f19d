/* SPDX-License-Identifier: Apache-2.0 */
#include "in_arena.h"

#include <check.h>
#include <stdlib.h>
#include <string.h>

#define ARENA_BYTES ((size_t)64 * 1024 * 1024)

struct call {
    struct ps_arena *arena;
    void (*work)(struct ps_arena *arena, const void *row);
    const void *row;
};

static struct ps_status run(void *arg)
{
    const struct call *call = arg;
    call->work(call->arena, call->row);
    return ps_success();
}

void ps_in_arena(void (*work)(struct ps_arena *arena, const void *row), const void *row)
{
    struct ps_error err = {.message = ""};
    struct call call = {ps_arena_new(ARENA_BYTES), work, row};
    ck_assert_ptr_nonnull(call.arena);
    struct ps_status status = ps_arena_run(call.arena, run, &call, &err);
    ck_assert_msg(ps_ok(status), "the arena's work failed: %s", err.message);
    ps_arena_free(call.arena);
}

char *ps_exact_copy(struct ps_str text)
{
    char *copy = malloc(text.len > 0 ? text.len : 1);
    ck_assert_ptr_nonnull(copy);
    if (text.len > 0) {
        memcpy(copy, text.ptr, text.len);
    }
    return copy;
}
