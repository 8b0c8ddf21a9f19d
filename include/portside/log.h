/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The log: one line per record, written by a single write(2), so that lines of several threads
 * never mix. JSON: {"time":…,"level":…,"msg":…,<fields in the order given>}. Text: the same order
 * for a person.
 *
 * The logger is one of the two mutable globals of the project. It is set up once, before threads
 * are made; ps_log() may then be called from any thread.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portside/log_level.h"
#include "portside/str.h"

enum ps_log_kind {
    PS_LOG_KIND_STR = 1,
    PS_LOG_KIND_INT,
    PS_LOG_KIND_BOOL,
    PS_LOG_KIND_MS, /* nanoseconds, shown as milliseconds with three decimals */
};

/* One field. Made by the macros below; views are borrowed for the call. */
struct ps_log_field {
    const char *key;
    enum ps_log_kind kind;
    struct ps_str text;
    int64_t number;
};

#define PS_LOG_STR(name, view)                                                                     \
    ((struct ps_log_field){.key = (name), .kind = PS_LOG_KIND_STR, .text = (view)})
#define PS_LOG_INT(name, value)                                                                    \
    ((struct ps_log_field){.key = (name), .kind = PS_LOG_KIND_INT, .number = (int64_t)(value)})
#define PS_LOG_BOOL(name, value)                                                                   \
    ((struct ps_log_field){.key = (name), .kind = PS_LOG_KIND_BOOL, .number = (value) ? 1 : 0})
#define PS_LOG_MS(name, nanoseconds)                                                               \
    ((struct ps_log_field){.key = (name), .kind = PS_LOG_KIND_MS, .number = (int64_t)(nanoseconds)})

/* Longest line with its line break; a text that would make it longer is cut and ends in "…". */
#define PS_LOG_LINE_BYTES 8192U

/* Writes to fd from now on. AUTO looks at fd; colours need a terminal and no NO_COLOR. */
void ps_log_init(int fd, enum ps_log_format format, enum ps_log_level level);

/* True if records of this level are written: to skip work for those that are not. */
bool ps_log_enabled(enum ps_log_level level);

/* Writes one record with count fields. Before ps_log_init() nothing is written. */
void ps_log(enum ps_log_level level, const char *message, const struct ps_log_field *fields,
            size_t count);

/* ps_log() with the fields as arguments. */
#define PS_LOG(level, message, ...)                                                                \
    ps_log((level), (message), (const struct ps_log_field[]){__VA_ARGS__},                         \
           PS_COUNT(((const struct ps_log_field[]){__VA_ARGS__})))

/* How a record looks. */
enum ps_log_style {
    PS_LOG_STYLE_JSON = 0,
    PS_LOG_STYLE_TEXT,
    PS_LOG_STYLE_COLOR,
};

struct ps_log_record {
    int64_t wall_ms;
    enum ps_log_level level;
    const char *message;
    const struct ps_log_field *fields;
    size_t count;
};

/*
 * Formats one record into ret_line, line break included, NUL-terminated; its length. What ps_log()
 * writes, for tests and other writers.
 */
size_t ps_log_format(enum ps_log_style style, const struct ps_log_record *record,
                     char ret_line[PS_LOG_LINE_BYTES]);
