/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/buf.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void ps_buf_init(struct ps_buf *buf, struct ps_arena *arena, size_t size)
{
    size_t cap = size < 64 ? 64 : size;
    *buf = (struct ps_buf){.arena = arena, .ptr = ps_arena_alloc(arena, cap), .cap = cap};
    buf->ptr[0] = '\0';
}

/* Makes room for more bytes and the NUL. */
static void reserve(struct ps_buf *buf, size_t more)
{
    if (buf->cap - buf->len > more) {
        return;
    }
    size_t cap = (buf->cap + more) * 2;
    char *ptr = ps_arena_alloc(buf->arena, cap);
    memcpy(ptr, buf->ptr, buf->len + 1);
    buf->ptr = ptr;
    buf->cap = cap;
}

char *ps_buf_extend(struct ps_buf *buf, size_t len)
{
    reserve(buf, len);
    char *at = buf->ptr + buf->len;
    buf->len += len;
    buf->ptr[buf->len] = '\0';
    return at;
}

void ps_buf_put(struct ps_buf *buf, struct ps_str text)
{
    if (text.len > 0) {
        memcpy(ps_buf_extend(buf, text.len), text.ptr, text.len);
    }
}

void ps_buf_puts(struct ps_buf *buf, const char *text)
{
    ps_buf_put(buf, ps_str_of(text));
}

void ps_buf_putc(struct ps_buf *buf, char c)
{
    *ps_buf_extend(buf, 1) = c;
}

void ps_buf_printf(struct ps_buf *buf, const char *format, ...)
{
    va_list args;
    va_list again;
    va_start(args, format);
    va_copy(again, args);
    int len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len > 0) {
        reserve(buf, (size_t)len);
        (void)vsnprintf(buf->ptr + buf->len, (size_t)len + 1, format, again);
        buf->len += (size_t)len;
    }
    va_end(again);
}

struct ps_str ps_buf_view(const struct ps_buf *buf)
{
    return (struct ps_str){buf->ptr, buf->len};
}
