/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/heap.h"

#include <malloc.h>
#include <stdlib.h>
#include <string.h>

void *ps_heap_new(size_t count, size_t bytes)
{
    return calloc(count, bytes);
}

void *ps_heap_resize(void *memory, size_t bytes)
{
    return realloc(memory, bytes);
}

char *ps_heap_copy(struct ps_str s)
{
    char *copy = malloc(s.len + 1);
    if (copy == NULL) {
        return NULL;
    }
    if (s.len > 0) {
        memcpy(copy, s.ptr, s.len);
    }
    copy[s.len] = '\0';
    return copy;
}

void ps_heap_free(void *memory)
{
    free(memory);
}

void ps_heap_trim(void)
{
    (void)malloc_trim(0);
}
