/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/jw.h"

#include <inttypes.h>
#include <string.h>

#include "json_bytes.h"
#include "portside/base64.h"

void ps_jw_init(struct ps_jw *jw, struct ps_buf *buf)
{
    *jw = (struct ps_jw){.buf = buf};
}

/* Before an element: the comma after its elder sibling. */
static void separate(struct ps_jw *jw)
{
    if (jw->comma) {
        ps_buf_putc(jw->buf, ',');
    }
    jw->comma = true;
}

static void begin(struct ps_jw *jw, char bracket)
{
    separate(jw);
    ps_buf_putc(jw->buf, bracket);
    jw->comma = false;
}

static void end(struct ps_jw *jw, char bracket)
{
    ps_buf_putc(jw->buf, bracket);
    jw->comma = true;
}

void ps_jw_object(struct ps_jw *jw)
{
    begin(jw, '{');
}

void ps_jw_object_end(struct ps_jw *jw)
{
    end(jw, '}');
}

void ps_jw_array(struct ps_jw *jw)
{
    begin(jw, '[');
}

void ps_jw_array_end(struct ps_jw *jw)
{
    end(jw, ']');
}

static void put_escape(struct ps_buf *buf, unsigned char c)
{
    static const char *const named[] = {
        ['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n",  ['\f'] = "\\f",
        ['\r'] = "\\r", ['"'] = "\\\"", ['\\'] = "\\\\",
    };
    if (c < PS_COUNT(named) && named[c] != NULL) {
        ps_buf_puts(buf, named[c]);
    } else {
        ps_buf_printf(buf, "\\u%04x", c);
    }
}

/* Index of the next byte that must be escaped, s.len if there is none. */
static size_t find_special(struct ps_str s, size_t from)
{
    for (; s.len - from >= sizeof(uint64_t); from += sizeof(uint64_t)) {
        uint64_t marks = ps_mark_special(s.ptr + from);
        if (marks != 0) {
            return from + ps_first_marked(marks);
        }
    }
    while (from < s.len && !ps_is_special(s.ptr[from])) {
        from++;
    }
    return from;
}

static void put_plain(struct ps_buf *buf, struct ps_str s)
{
    char *at = ps_buf_extend(buf, s.len + 2);
    at[0] = '"';
    if (s.len > 0) {
        memcpy(at + 1, s.ptr, s.len);
    }
    at[s.len + 1] = '"';
}

static void put_string(struct ps_buf *buf, struct ps_str s)
{
    size_t special = find_special(s, 0);
    if (special == s.len) {
        put_plain(buf, s);
        return;
    }
    ps_buf_putc(buf, '"');
    size_t from = 0;
    while (special < s.len) {
        ps_buf_put(buf, ps_str_slice(s, from, special));
        put_escape(buf, (unsigned char)s.ptr[special]);
        from = special + 1;
        special = find_special(s, from);
    }
    ps_buf_put(buf, ps_str_slice(s, from, s.len));
    ps_buf_putc(buf, '"');
}

void ps_jw_key_str(struct ps_jw *jw, struct ps_str key)
{
    separate(jw);
    put_string(jw->buf, key);
    ps_buf_putc(jw->buf, ':');
    jw->comma = false;
}

void ps_jw_key(struct ps_jw *jw, const char *key)
{
    size_t len = strlen(key);
    separate(jw);
    char *at = ps_buf_extend(jw->buf, len + 3);
    at[0] = '"';
    memcpy(at + 1, key, len);
    at[len + 1] = '"';
    at[len + 2] = ':';
    jw->comma = false;
}

void ps_jw_str(struct ps_jw *jw, struct ps_str value)
{
    separate(jw);
    put_string(jw->buf, value);
}

void ps_jw_int(struct ps_jw *jw, int64_t value)
{
    separate(jw);
    ps_buf_printf(jw->buf, "%" PRId64, value);
}

void ps_jw_bool(struct ps_jw *jw, bool value)
{
    separate(jw);
    ps_buf_puts(jw->buf, value ? "true" : "false");
}

void ps_jw_null(struct ps_jw *jw)
{
    separate(jw);
    ps_buf_puts(jw->buf, "null");
}

void ps_jw_member(struct ps_jw *jw, const char *key, struct ps_str value)
{
    ps_jw_key(jw, key);
    ps_jw_str(jw, value);
}

void ps_jw_member_int(struct ps_jw *jw, const char *key, int64_t value)
{
    ps_jw_key(jw, key);
    ps_jw_int(jw, value);
}

void ps_jw_member_bool(struct ps_jw *jw, const char *key, bool value)
{
    ps_jw_key(jw, key);
    ps_jw_bool(jw, value);
}

void ps_jw_base64(struct ps_jw *jw, struct ps_str bytes)
{
    size_t len = PS_BASE64_LEN(bytes.len);
    separate(jw);
    char *at = ps_buf_extend(jw->buf, len + 2);
    at[0] = '"';
    ps_base64_write(bytes, at + 1);
    at[len + 1] = '"';
}

void ps_jw_raw(struct ps_jw *jw, struct ps_str json)
{
    separate(jw);
    ps_buf_put(jw->buf, json);
}

/* Depth is bounded by PS_JSON_DEPTH_MAX. */
bool ps_jw_can_copy(const struct ps_json *node)
{
    int64_t ignored;
    if (ps_json_type(node) == PS_JSON_NUMBER) {
        return ps_json_to_int(node, &ignored);
    }
    PS_JSON_EACH(child, node)
    {
        if (!ps_jw_can_copy(child)) {
            return false;
        }
    }
    return true;
}

static void copy_children(struct ps_jw *jw, const struct ps_json *node, bool keys)
{
    PS_JSON_EACH(child, node)
    {
        if (keys) {
            ps_jw_key_str(jw, ps_json_key(child));
        }
        ps_jw_copy(jw, child);
    }
}

void ps_jw_copy(struct ps_jw *jw, const struct ps_json *node)
{
    int64_t number = 0;
    switch (ps_json_type(node)) {
    case PS_JSON_ABSENT:
    case PS_JSON_NULL:
        ps_jw_null(jw);
        return;
    case PS_JSON_BOOL:
        ps_jw_bool(jw, ps_json_is_true(node));
        return;
    case PS_JSON_NUMBER:
        (void)ps_json_to_int(node, &number); /* ps_jw_can_copy was asked */
        ps_jw_int(jw, number);
        return;
    case PS_JSON_STRING:
        ps_jw_str(jw, ps_json_text(node));
        return;
    case PS_JSON_ARRAY:
        ps_jw_array(jw);
        copy_children(jw, node, false);
        ps_jw_array_end(jw);
        return;
    case PS_JSON_OBJECT:
        ps_jw_object(jw);
        copy_children(jw, node, true);
        ps_jw_object_end(jw);
        return;
    }
}
