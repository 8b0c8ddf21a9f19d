/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Arena: the memory of one request.
 *
 * Allocation moves a pointer; everything is given back at once by ps_arena_reset(). An arena has a
 * limit. When it is reached, the arena unwinds to the ps_arena_run() that is under way, which then
 * fails with PS_CODE_LIMIT: so an allocation never returns NULL, and no caller can forget to check.
 * This is the only place of the project that jumps. Inside ps_arena_run() nothing may be held that
 * needs a release of its own (heap, files, locks).
 *
 * One thread uses an arena at a time.
 */
#pragma once

#include <stddef.h>

#include "portside/attr.h"
#include "portside/error.h"
#include "portside/str.h"

struct ps_arena;

/* A new arena that never holds more than limit_bytes; NULL if the system has no memory. */
struct ps_arena *ps_arena_new(size_t limit_bytes);

/* Frees arena (may be NULL) and all that was allocated from it. */
void ps_arena_free(struct ps_arena *arena);

/* Gives back all allocations at once; keeps one block for the next request. */
void ps_arena_reset(struct ps_arena *arena);

/*
 * Calls work(arg). Fails with PS_CODE_LIMIT if the limit was reached meanwhile; what work had
 * allocated is then still there until the next reset. Calls do not nest on one arena.
 */
struct ps_status ps_arena_run(struct ps_arena *arena, struct ps_status (*work)(void *arg),
                              void *arg, struct ps_error *err) PS_MUST_USE;

/* Uninitialised memory for any type. Never NULL; only inside ps_arena_run(). */
void *ps_arena_alloc(struct ps_arena *arena, size_t bytes);

/* As above, count × bytes zeroed; a product that overflows counts as the limit reached. */
void *ps_arena_calloc(struct ps_arena *arena, size_t count, size_t bytes);

/* Gives back memory if it is the newest allocation; otherwise does nothing. */
void ps_arena_release(struct ps_arena *arena, void *memory);

/* Copy of s with a NUL behind it. */
struct ps_str ps_arena_copy(struct ps_arena *arena, struct ps_str s);

/* The texts one behind the other, with a NUL behind them. */
struct ps_str ps_arena_join(struct ps_arena *arena, const struct ps_str *texts, size_t count);
#define PS_ARENA_JOIN(arena, ...)                                                                  \
    ps_arena_join((arena), (const struct ps_str[]){__VA_ARGS__},                                   \
                  PS_COUNT(((const struct ps_str[]){__VA_ARGS__})))

/* Formatted text with a NUL behind it: where it matters what it costs, texts are joined. */
struct ps_str ps_arena_printf(struct ps_arena *arena, const char *format, ...) PS_PRINTF(2, 3);

/* Bytes in use now, for metrics and tests. */
size_t ps_arena_used(const struct ps_arena *arena);

#define PS_ARENA_NEW(arena, type) ((type *)ps_arena_calloc((arena), 1, sizeof(type)))
#define PS_ARENA_ARRAY(arena, type, count) ((type *)ps_arena_calloc((arena), (count), sizeof(type)))
