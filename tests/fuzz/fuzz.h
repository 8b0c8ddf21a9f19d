/* SPDX-License-Identifier: Apache-2.0 */
/*
 * What the fuzz targets share. A target defines LLVMFuzzerTestOneInput and states properties, not
 * only "does not crash". It is linked twice: with libFuzzer (preset fuzz), and in all other builds
 * with replay.c, which feeds it the corpus under CTest, so that no target rots.
 */
#pragma once

#include "portside/arena.h"
#include "portside/jw.h"

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* One input. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Ends the program if a property does not hold. */
#define FUZZ_CHECK(condition)                                                                      \
    do {                                                                                           \
        if (!(condition)) {                                                                        \
            fprintf(stderr, "%s:%d: property broken: %s\n", __FILE__, __LINE__, #condition);       \
            abort();                                                                               \
        }                                                                                          \
    } while (0)

/* The input as a view. */
static inline struct ps_str fuzz_text(const uint8_t *data, size_t size)
{
    return (struct ps_str){(const char *)data, size};
}

/* *arena, emptied; made if it is NULL. */
static inline struct ps_arena *fuzz_empty(struct ps_arena **arena)
{
    if (*arena == NULL) {
        *arena = ps_arena_new((size_t)32 * 1024 * 1024);
    }
    FUZZ_CHECK(*arena != NULL);
    ps_arena_reset(*arena);
    return *arena;
}

/* An empty arena, the same one for all inputs of a process. */
static inline struct ps_arena *fuzz_arena(void)
{
    static struct ps_arena *arena;
    return fuzz_empty(&arena);
}

/* A tree that ps_jw_can_copy(), as text. */
static inline struct ps_str fuzz_write(struct ps_arena *arena, const struct ps_json *root)
{
    struct ps_buf buf;
    struct ps_jw jw;
    ps_buf_init(&buf, arena, 0);
    ps_jw_init(&jw, &buf);
    ps_jw_copy(&jw, root);
    return ps_buf_view(&buf);
}

/*
 * Runs work within arena. Not every input can succeed: a refusal and the arena's limit are fine
 * answers, which is why the result may be ignored.
 */
static inline bool fuzz_run(struct ps_arena *arena, struct ps_status (*work)(void *arg), void *arg)
{
    struct ps_error err;
    return ps_ok(ps_arena_run(arena, work, arg, &err));
}
