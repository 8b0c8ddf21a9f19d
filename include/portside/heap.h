/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Heap: memory that outlives a request, for the layers that hold connections, buffers and files.
 * The core has no use for it: what belongs to a request is the arena's.
 */
#pragma once

#include <stddef.h>

#include "portside/attr.h"
#include "portside/str.h"

/* count × bytes zeroed (owned; see ps_heap_free()); NULL if there is no memory. */
void *ps_heap_new(size_t count, size_t bytes) PS_MUST_USE;

/* Resizes memory (may be NULL) to bytes; on NULL memory is still there and owned as before. */
void *ps_heap_resize(void *memory, size_t bytes) PS_MUST_USE;

/* Copy of s with a NUL behind it (owned); NULL if there is no memory. */
char *ps_heap_copy(struct ps_str s) PS_MUST_USE;

/*
 * Gives pages that are wholly free back to the system, wherever they lie. malloc does so by itself
 * only at the end of the heap. Walks all of the heap: for once in a while.
 */
void ps_heap_trim(void);

/* Frees memory (may be NULL), also what an interface of the system allocated by malloc(). */
void ps_heap_free(void *memory);
