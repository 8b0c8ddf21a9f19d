/* SPDX-License-Identifier: Apache-2.0 */
/* A JSON value in the manner of YAML, which is how a person at kubectl knows these objects. */
#include <inttypes.h>

#include "cmd_review.h"

/* Longer texts are scripts; the first look needs to know only that there is one. */
#define LINES_MAX 6U

struct printer {
    struct ps_buf *out;
    bool full;
};

static void put_value(const struct printer *printer, const struct ps_json *value, size_t indent);

static void put_indent(const struct printer *printer, size_t indent)
{
    for (size_t i = 0; i < indent; i++) {
        ps_buf_putc(printer->out, ' ');
    }
}

static size_t count_lines(struct ps_str text)
{
    size_t lines = 1;
    for (size_t i = 0; i + 1 < text.len; i++) {
        lines += text.ptr[i] == '\n';
    }
    return lines;
}

static void put_text(const struct printer *printer, struct ps_str text, size_t indent)
{
    size_t lines = count_lines(text);
    if (lines == 1) {
        ps_buf_putc(printer->out, ' ');
        ps_buf_put(printer->out,
                   ps_str_ends(text, "\n") ? ps_str_slice(text, 0, text.len - 1) : text);
        ps_buf_putc(printer->out, '\n');
        return;
    }
    if (lines > LINES_MAX && !printer->full) {
        ps_buf_printf(printer->out, " … %zu lines\n", lines);
        return;
    }
    ps_buf_puts(printer->out, " |\n");
    struct ps_str rest = text;
    struct ps_str line;
    for (size_t i = 0; i < lines && ps_str_split(&rest, '\n', &line); i++) {
        put_indent(printer, indent);
        ps_buf_put(printer->out, line);
        ps_buf_putc(printer->out, '\n');
    }
}

/* The first member stands on the line that is begun already if inline_first. */
static void put_members(const struct printer *printer, const struct ps_json *object, size_t indent,
                        bool inline_first)
{
    bool begun = inline_first;
    PS_JSON_EACH(member, object)
    {
        put_indent(printer, begun ? 0 : indent);
        begun = false;
        ps_buf_put(printer->out, ps_json_key(member));
        ps_buf_putc(printer->out, ':');
        put_value(printer, member, indent + 2);
    }
}

static void put_elements(const struct printer *printer, const struct ps_json *array, size_t indent)
{
    PS_JSON_EACH(element, array)
    {
        put_indent(printer, indent);
        ps_buf_putc(printer->out, '-');
        if (ps_json_type(element) == PS_JSON_OBJECT && ps_json_count(element) > 0) {
            ps_buf_putc(printer->out, ' ');
            put_members(printer, element, indent + 2, true);
        } else {
            put_value(printer, element, indent + 2);
        }
    }
}

static void put_number(const struct printer *printer, const struct ps_json *number)
{
    int64_t value = 0;
    if (ps_json_to_int(number, &value)) {
        ps_buf_printf(printer->out, " %" PRId64 "\n", value);
    } else {
        ps_buf_puts(printer->out, " (a number)\n"); /* not damaged by showing it as a double */
    }
}

/* Behind "key:" or "-". Depth is bounded by that of the parser. */
static void put_value(const struct printer *printer, const struct ps_json *value, size_t indent)
{
    switch (ps_json_type(value)) {
    case PS_JSON_ABSENT:
    case PS_JSON_NULL:
        ps_buf_puts(printer->out, " null\n");
        return;
    case PS_JSON_BOOL:
        ps_buf_puts(printer->out, ps_json_is_true(value) ? " true\n" : " false\n");
        return;
    case PS_JSON_NUMBER:
        put_number(printer, value);
        return;
    case PS_JSON_STRING:
        put_text(printer, ps_json_text(value), indent);
        return;
    case PS_JSON_ARRAY:
    case PS_JSON_OBJECT:
        break;
    }
    bool is_array = ps_json_type(value) == PS_JSON_ARRAY;
    if (ps_json_count(value) == 0) {
        ps_buf_puts(printer->out, is_array ? " []\n" : " {}\n");
        return;
    }
    ps_buf_putc(printer->out, '\n');
    if (is_array) {
        put_elements(printer, value, indent);
    } else {
        put_members(printer, value, indent, false);
    }
}

struct ps_str ps_value_text(struct ps_arena *arena, const struct ps_json *value, bool full)
{
    struct ps_buf out;
    ps_buf_init(&out, arena, 256);
    const struct printer printer = {&out, full};
    put_value(&printer, value, 0);
    /* The blank behind the key that is not there, or the line break of a container. */
    return ps_str_slice(ps_buf_view(&out), 1, out.len);
}
