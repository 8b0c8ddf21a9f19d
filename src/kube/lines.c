/* SPDX-License-Identifier: Apache-2.0 */
#include "lines.h"

#include "portside/heap.h"

#include <string.h>

#define FIRST_BYTES ((size_t)16 * 1024)
/* An empty buffer larger than this goes back to the system: a large event is rare. */
#define KEEP_BYTES ((size_t)256 * 1024)

void ps_lines_init(struct ps_lines *lines, size_t line_max)
{
    *lines = (struct ps_lines){.line_max = line_max};
}

void ps_lines_clear(struct ps_lines *lines)
{
    ps_heap_free(lines->ptr);
    ps_lines_init(lines, lines->line_max);
}

/* Moves what is left to the front. */
static void compact(struct ps_lines *lines)
{
    if (lines->begin == 0) {
        return;
    }
    lines->len -= lines->begin;
    lines->seen -= lines->begin;
    memmove(lines->ptr, lines->ptr + lines->begin, lines->len);
    lines->begin = 0;
}

static bool reserve(struct ps_lines *lines, size_t more)
{
    compact(lines);
    if (lines->cap - lines->len >= more) {
        return true;
    }
    size_t cap = lines->cap == 0 ? FIRST_BYTES : lines->cap;
    while (cap - lines->len < more) {
        cap *= 2;
    }
    char *ptr = ps_heap_resize(lines->ptr, cap);
    if (ptr == NULL) {
        return false;
    }
    lines->ptr = ptr;
    lines->cap = cap;
    return true;
}

/* Forgets the bytes of a line that is too long; its end is still to come. */
static void drop_partial(struct ps_lines *lines)
{
    const char *end = NULL;
    if (lines->seen < lines->len) {
        end = memchr(lines->ptr + lines->seen, '\n', lines->len - lines->seen);
    }
    if (end == NULL) {
        lines->seen = lines->len;
        if (lines->len - lines->begin > lines->line_max) {
            lines->dropping = true;
            lines->len = lines->begin;
            lines->seen = lines->begin;
        }
    }
}

bool ps_lines_feed(struct ps_lines *lines, struct ps_str bytes)
{
    if (bytes.len == 0) {
        return true;
    }
    if (!reserve(lines, bytes.len)) {
        return false;
    }
    memcpy(lines->ptr + lines->len, bytes.ptr, bytes.len);
    lines->len += bytes.len;
    drop_partial(lines);
    return true;
}

/* Nothing is left that could be taken. */
static enum ps_line none(struct ps_lines *lines)
{
    drop_partial(lines);
    if (lines->begin == lines->len && lines->cap > KEEP_BYTES) {
        ps_heap_free(lines->ptr);
        lines->ptr = NULL;
        lines->cap = lines->begin = lines->len = lines->seen = 0;
    }
    return PS_LINE_NONE;
}

enum ps_line ps_lines_next(struct ps_lines *lines, struct ps_str *ret_line)
{
    const char *end = NULL;
    if (lines->seen < lines->len) {
        end = memchr(lines->ptr + lines->seen, '\n', lines->len - lines->seen);
    }
    if (end == NULL) {
        return none(lines);
    }
    struct ps_str line = {lines->ptr + lines->begin, (size_t)(end - lines->ptr) - lines->begin};
    lines->begin += line.len + 1;
    lines->seen = lines->begin;
    bool too_long = lines->dropping || line.len > lines->line_max;
    lines->dropping = false;
    if (too_long) {
        return PS_LINE_TOO_LONG;
    }
    *ret_line = line;
    return PS_LINE_READY;
}
