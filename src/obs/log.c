/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/log.h"

#include "log_text.h"
#include "portside/clock.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define TAIL 2U /* "}" and the line break that every line must still get */
#define NUMBER_BYTES 48U
#define MESSAGE_WIDTH 24

struct level_look {
    const char *json;
    const char *text;
    const char *color;
};

static const struct level_look looks[] = {
    [PS_LOG_LEVEL_DEBUG] = {"debug", "DEBUG", "\x1b[2m"},
    [PS_LOG_LEVEL_INFO] = {"info", "INFO ", "\x1b[32m"},
    [PS_LOG_LEVEL_WARN] = {"warn", "WARN ", "\x1b[33m"},
    [PS_LOG_LEVEL_ERROR] = {"error", "ERROR", "\x1b[31m"},
};

static struct {
    int fd;
    enum ps_log_style style;
    enum ps_log_level level;
    bool ready;
} logger;

static enum ps_log_style choose_style(int fd, enum ps_log_format format)
{
    bool terminal = isatty(fd) == 1;
    if (format == PS_LOG_FORMAT_JSON || (format == PS_LOG_FORMAT_AUTO && !terminal)) {
        return PS_LOG_STYLE_JSON;
    }
    const char *no_color = getenv("NO_COLOR");
    bool plain = !terminal || (no_color != NULL && no_color[0] != '\0');
    return plain ? PS_LOG_STYLE_TEXT : PS_LOG_STYLE_COLOR;
}

void ps_log_init(int fd, enum ps_log_format format, enum ps_log_level level)
{
    logger.fd = fd;
    logger.style = choose_style(fd, format);
    logger.level = level;
    logger.ready = true;
}

bool ps_log_enabled(enum ps_log_level level)
{
    return logger.ready && level >= logger.level;
}

/* Text of a field that is not a string. */
static struct ps_str number_text(const struct ps_log_field *field, char text[NUMBER_BYTES])
{
    if (field->kind == PS_LOG_KIND_BOOL) {
        return ps_str_of(field->number != 0 ? "true" : "false");
    }
    if (field->kind == PS_LOG_KIND_MS) {
        uint64_t us = field->number < 0 ? 0 : (uint64_t)field->number / 1000;
        (void)snprintf(text, NUMBER_BYTES, "%" PRIu64 ".%03" PRIu64, us / 1000, us % 1000);
    } else {
        (void)snprintf(text, NUMBER_BYTES, "%" PRId64, field->number);
    }
    return ps_str_of(text);
}

/* Takes back a field that did not fit: half a field would not be JSON. */
static void put_field(struct ps_log_line *line, enum ps_log_style style,
                      const struct ps_log_field *field)
{
    struct ps_log_line before = *line;
    char number[NUMBER_BYTES];
    bool json = style == PS_LOG_STYLE_JSON;
    if (!json && field->kind == PS_LOG_KIND_STR && field->text.len == 0) {
        return; /* a program wants every key, a person wants what there is */
    }
    ps_log_put(line, json ? PS_STR(",\"") : PS_STR(" "));
    if (style == PS_LOG_STYLE_COLOR) {
        ps_log_put(line, PS_STR("\x1b[2m"));
    }
    ps_log_put(line, ps_str_of(field->key));
    ps_log_put(line, json ? PS_STR("\":") : PS_STR("="));
    if (style == PS_LOG_STYLE_COLOR) {
        ps_log_put(line, PS_STR("\x1b[0m"));
    }
    if (field->kind != PS_LOG_KIND_STR) {
        ps_log_put(line, number_text(field, number));
    } else if (json) {
        ps_log_put_json(line, field->text, TAIL);
    } else {
        ps_log_put_text(line, field->text, TAIL);
    }
    if (line->full || line->room - line->len < TAIL) {
        *line = before;
    }
}

static void put_head_json(struct ps_log_line *line, const char *time,
                          const struct ps_log_record *record)
{
    ps_log_put(line, PS_STR("{\"time\":\""));
    ps_log_put(line, ps_str_of(time));
    ps_log_put(line, PS_STR("\",\"level\":\""));
    ps_log_put(line, ps_str_of(looks[record->level].json));
    ps_log_put(line, PS_STR("\",\"msg\":"));
    ps_log_put_json(line, ps_str_of(record->message), TAIL);
}

static void put_head_text(struct ps_log_line *line, bool color, const char *time,
                          const struct ps_log_record *record)
{
    const struct level_look *look = &looks[record->level];
    ps_log_put(line, ps_str_of(time));
    ps_log_put(line, PS_STR(" "));
    ps_log_put(line, ps_str_of(color ? look->color : ""));
    ps_log_put(line, ps_str_of(look->text));
    ps_log_put(line, ps_str_of(color ? "\x1b[0m " : " "));
    ps_log_put(line, ps_str_of(record->message));
    for (size_t i = strlen(record->message); record->count > 0 && i < MESSAGE_WIDTH; i++) {
        ps_log_put(line, PS_STR(" "));
    }
}

size_t ps_log_format(enum ps_log_style style, const struct ps_log_record *record,
                     char ret_line[PS_LOG_LINE_BYTES])
{
    char time[PS_CLOCK_TEXT_BYTES];
    ps_clock_format(record->wall_ms, time);
    struct ps_log_line line = {.ptr = ret_line, .room = PS_LOG_LINE_BYTES - 1};
    if (style == PS_LOG_STYLE_JSON) {
        put_head_json(&line, time, record);
    } else {
        put_head_text(&line, style == PS_LOG_STYLE_COLOR, time, record);
    }
    for (size_t i = 0; i < record->count; i++) {
        put_field(&line, style, &record->fields[i]);
    }
    ps_log_put(&line, style == PS_LOG_STYLE_JSON ? PS_STR("}\n") : PS_STR("\n"));
    ret_line[line.len] = '\0';
    return line.len;
}

void ps_log(enum ps_log_level level, const char *message, const struct ps_log_field *fields,
            size_t count)
{
    if (!ps_log_enabled(level)) {
        return;
    }
    const struct ps_log_record record = {
        .wall_ms = ps_clock_wall_ms(),
        .level = level,
        .message = message,
        .fields = fields,
        .count = count,
    };
    char text[PS_LOG_LINE_BYTES];
    size_t len = ps_log_format(logger.style, &record, text);
    ssize_t written = write(logger.fd, text, len);
    (void)written; /* a log that cannot be written has nobody to be told to */
}
