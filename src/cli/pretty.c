/* SPDX-License-Identifier: Apache-2.0 */
/*
 * White space of JSON, on its text: a parsed node is never printed, because numbers are doubles in
 * there (json.h). The input is known to be valid.
 */
#include "cmd_review.h"

struct pretty {
    struct ps_buf out;
    struct ps_str in;
    size_t at;
    size_t depth;  /* of open containers */
    size_t broken; /* how many of them are broken into lines */
};

static void new_line(struct pretty *pretty)
{
    ps_buf_putc(&pretty->out, '\n');
    for (size_t i = 0; i < pretty->depth; i++) {
        ps_buf_puts(&pretty->out, "  ");
    }
}

static bool is_broken(const struct pretty *pretty)
{
    return pretty->depth <= pretty->broken;
}

static char next_byte(struct pretty *pretty)
{
    while (pretty->at < pretty->in.len && ps_is_space(pretty->in.ptr[pretty->at])) {
        pretty->at++;
    }
    return pretty->at < pretty->in.len ? pretty->in.ptr[pretty->at] : '\0';
}

static void copy_string(struct pretty *pretty)
{
    size_t begin = pretty->at++;
    while (pretty->at < pretty->in.len && pretty->in.ptr[pretty->at] != '"') {
        pretty->at += pretty->in.ptr[pretty->at] == '\\' ? 2 : 1;
    }
    pretty->at++;
    ps_buf_put(&pretty->out, ps_str_slice(pretty->in, begin, pretty->at));
}

static void open_container(struct pretty *pretty, char bracket)
{
    ps_buf_putc(&pretty->out, bracket);
    pretty->at++;
    char next = next_byte(pretty);
    if (next == ']' || next == '}') {
        ps_buf_putc(&pretty->out, next);
        pretty->at++;
        return;
    }
    pretty->depth++;
    if (is_broken(pretty)) {
        new_line(pretty);
    }
}

static void close_container(struct pretty *pretty, char bracket)
{
    bool broken = is_broken(pretty);
    pretty->depth--;
    if (broken) {
        new_line(pretty);
    }
    ps_buf_putc(&pretty->out, bracket);
    pretty->at++;
}

static void put_comma(struct pretty *pretty)
{
    ps_buf_putc(&pretty->out, ',');
    pretty->at++;
    if (is_broken(pretty)) {
        new_line(pretty);
    } else {
        ps_buf_putc(&pretty->out, ' ');
    }
}

static void copy_token(struct pretty *pretty, char c)
{
    switch (c) {
    case '"':
        copy_string(pretty);
        return;
    case '{':
    case '[':
        open_container(pretty, c);
        return;
    case '}':
    case ']':
        close_container(pretty, c);
        return;
    case ',':
        put_comma(pretty);
        return;
    case ':':
        ps_buf_puts(&pretty->out, ": ");
        pretty->at++;
        return;
    default: /* a byte of a number or a word */
        ps_buf_putc(&pretty->out, c);
        pretty->at++;
    }
}

struct ps_str ps_pretty(struct ps_arena *arena, struct ps_str json, size_t depth)
{
    struct pretty pretty = {.in = json, .broken = depth};
    ps_buf_init(&pretty.out, arena, json.len * 2);
    char c = next_byte(&pretty);
    while (c != '\0') {
        copy_token(&pretty, c);
        c = next_byte(&pretty);
    }
    ps_buf_putc(&pretty.out, '\n');
    return ps_buf_view(&pretty.out);
}
