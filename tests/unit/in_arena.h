/* SPDX-License-Identifier: Apache-2.0 */
/* What the unit tests of pure modules share: a place to allocate in. */
#pragma once

#include "portside/arena.h"

/*
 * Calls work(arena, row) inside ps_arena_run() with a new arena of 64 MiB; the test fails if the
 * limit is reached. A failed assertion leaves the arena behind, and the forked child with it.
 */
void ps_in_arena(void (*work)(struct ps_arena *arena, const void *row), const void *row);

/*
 * Copy of text in a heap block of its very size, so that AddressSanitizer sees each byte that is
 * read behind its end. The caller frees it.
 */
char *ps_exact_copy(struct ps_str text);
