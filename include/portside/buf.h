/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Buffers: text under construction, in an arena.
 *
 * Invariant: ptr is never NULL and always NUL-terminated; len counts the bytes before the NUL.
 * Appending cannot fail (see arena.h).
 */
#pragma once

#include "portside/arena.h"
#include "portside/str.h"

struct ps_buf {
    struct ps_arena *arena;
    char *ptr;
    size_t len;
    size_t cap;
};

/* Empty buffer in arena with room for size bytes before it grows. */
void ps_buf_init(struct ps_buf *buf, struct ps_arena *arena, size_t size);

void ps_buf_put(struct ps_buf *buf, struct ps_str text);
/* Appends len bytes, which the caller writes at once to where they are. */
char *ps_buf_extend(struct ps_buf *buf, size_t len);
void ps_buf_puts(struct ps_buf *buf, const char *text);
void ps_buf_putc(struct ps_buf *buf, char c);
void ps_buf_printf(struct ps_buf *buf, const char *format, ...) PS_PRINTF(2, 3);

/* Looks at the content; valid until the next append. */
struct ps_str ps_buf_view(const struct ps_buf *buf);
