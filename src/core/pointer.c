/* SPDX-License-Identifier: Apache-2.0 */
#include "pointer.h"

#include <limits.h>

#include "portside/buf.h"
#include "portside/patch.h"

struct ps_str ps_pointer_key(struct ps_arena *arena, struct ps_str parent, struct ps_str key)
{
    struct ps_buf buf;
    ps_buf_init(&buf, arena, parent.len + key.len + 8);
    ps_buf_put(&buf, parent);
    ps_buf_putc(&buf, '/');
    size_t done = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '~' || key.ptr[i] == '/') {
            ps_buf_put(&buf, ps_str_slice(key, done, i));
            ps_buf_puts(&buf, key.ptr[i] == '~' ? "~0" : "~1");
            done = i + 1;
        }
    }
    ps_buf_put(&buf, ps_str_slice(key, done, key.len));
    return ps_buf_view(&buf);
}

struct ps_str ps_pointer_index(struct ps_arena *arena, struct ps_str parent, size_t index)
{
    char digits[24];
    size_t at = sizeof(digits);
    do {
        digits[--at] = (char)('0' + index % 10);
        index /= 10;
    } while (index > 0);
    digits[--at] = '/';
    struct ps_buf buf;
    ps_buf_init(&buf, arena, parent.len + sizeof(digits));
    ps_buf_put(&buf, parent);
    ps_buf_put(&buf, (struct ps_str){digits + at, sizeof(digits) - at});
    return ps_buf_view(&buf);
}

bool ps_pointer_is_valid(struct ps_str pointer)
{
    if (pointer.len > 0 && pointer.ptr[0] != '/') {
        return false;
    }
    for (size_t i = ps_str_index(pointer, '~'); i < pointer.len; i++) {
        char next = i + 1 < pointer.len ? pointer.ptr[i + 1] : '\0';
        if (pointer.ptr[i] == '~' && next != '0' && next != '1') {
            return false;
        }
    }
    return true;
}

static struct ps_str unescape(struct ps_arena *arena, struct ps_str token)
{
    if (ps_str_index(token, '~') == token.len) {
        return token;
    }
    char *text = ps_arena_alloc(arena, token.len);
    size_t len = 0;
    for (size_t i = 0; i < token.len; i++) {
        char c = token.ptr[i];
        if (c == '~') {
            i++;
            if (token.ptr[i] == '1') {
                c = '/';
            }
        }
        text[len++] = c;
    }
    return (struct ps_str){text, len};
}

struct ps_str ps_pointer_take(struct ps_arena *arena, struct ps_str *rest)
{
    struct ps_str tail = ps_str_slice(*rest, 1, rest->len);
    size_t end = ps_str_index(tail, '/');
    *rest = ps_str_slice(tail, end, tail.len);
    return unescape(arena, ps_str_slice(tail, 0, end));
}

size_t ps_pointer_depth(struct ps_str pointer)
{
    size_t depth = 0;
    for (size_t i = 0; i < pointer.len; i++) {
        depth += pointer.ptr[i] == '/' ? 1 : 0;
    }
    return depth;
}

bool ps_pointer_to_index(struct ps_str token, size_t *ret_index)
{
    uint64_t index = 0;
    if (token.len > 1 && token.ptr[0] == '0') {
        return false;
    }
    if (!ps_str_to_uint(token, INT_MAX, &index)) {
        return false;
    }
    *ret_index = (size_t)index;
    return true;
}

const struct ps_json *ps_pointer_find(struct ps_arena *arena, const struct ps_json *doc,
                                      struct ps_str pointer)
{
    if (!ps_pointer_is_valid(pointer)) {
        return NULL;
    }
    while (doc != NULL && pointer.len > 0) {
        struct ps_str token = ps_pointer_take(arena, &pointer);
        size_t index = 0;
        if (ps_json_type(doc) == PS_JSON_OBJECT) {
            doc = ps_json_get_str(doc, token);
        } else {
            doc = ps_pointer_to_index(token, &index) ? ps_json_at(doc, index) : NULL;
        }
    }
    return doc;
}
