/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Lines of a watch: bytes in, whole lines out. A line longer than the limit is dropped and told of
 * once, at its end; what follows it is intact. A line without an end is never given out: the
 * connection was cut in the middle of it.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>

#include "portside/str.h"

struct ps_lines {
    char *ptr; /* owned */
    size_t begin;
    size_t len; /* end of the bytes in ptr */
    size_t cap;
    size_t seen; /* up to here there is no line break */
    size_t line_max;
    bool dropping; /* the line under way is longer than line_max */
};

enum ps_line {
    PS_LINE_NONE = 0, /* no whole line yet */
    PS_LINE_READY,
    PS_LINE_TOO_LONG, /* one was dropped */
};

void ps_lines_init(struct ps_lines *lines, size_t line_max);

/* Frees and empties; ready for another connection. */
void ps_lines_clear(struct ps_lines *lines);

/* Adds bytes of the connection; false if there is no memory. */
bool ps_lines_feed(struct ps_lines *lines, struct ps_str bytes) PS_MUST_USE;

/* Takes the next line, without its break; valid until the next call of any of these. */
enum ps_line ps_lines_next(struct ps_lines *lines, struct ps_str *ret_line);
