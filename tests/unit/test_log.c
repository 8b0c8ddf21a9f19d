/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/clock.h"
#include "portside/json.h"
#include "portside/log.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "support/runner.h"

#define WALL_MS 1795270007123 /* 2026-11-21T14:06:47.123Z */

static char line[PS_LOG_LINE_BYTES];

static const char *format(enum ps_log_style style, const struct ps_log_field *fields, size_t count)
{
    const struct ps_log_record record = {
        .wall_ms = WALL_MS,
        .level = PS_LOG_LEVEL_WARN,
        .message = "it happened",
        .fields = fields,
        .count = count,
    };
    size_t len = ps_log_format(style, &record, line);
    ck_assert_uint_eq(len, strlen(line));
    ck_assert_int_eq(line[len - 1], '\n');
    return line;
}

START_TEST(json_has_stable_order)
{
    const struct ps_log_field fields[] = {
        PS_LOG_STR("name", PS_STR("kafka-0")),
        PS_LOG_INT("count", -7),
        PS_LOG_BOOL("dry_run", true),
        PS_LOG_MS("duration_ms", 1234567),
    };
    ck_assert_str_eq(format(PS_LOG_STYLE_JSON, fields, PS_COUNT(fields)),
                     "{\"time\":\"2026-11-21T14:06:47.123Z\",\"level\":\"warn\","
                     "\"msg\":\"it happened\",\"name\":\"kafka-0\",\"count\":-7,\"dry_run\":true,"
                     "\"duration_ms\":1.234}\n");
}
END_TEST

START_TEST(text_is_for_a_person)
{
    const struct ps_log_field fields[] = {
        PS_LOG_STR("name", PS_STR("kafka-0")),
        PS_LOG_STR("why", PS_STR("two words")),
        PS_LOG_STR("empty", PS_STR("")),
    };
    ck_assert_str_eq(format(PS_LOG_STYLE_TEXT, fields, PS_COUNT(fields)),
                     "2026-11-21T14:06:47.123Z WARN  it happened              name=kafka-0 "
                     "why=\"two words\"\n");
    ck_assert_str_eq(format(PS_LOG_STYLE_TEXT, NULL, 0),
                     "2026-11-21T14:06:47.123Z WARN  it happened\n");
}
END_TEST

START_TEST(colours_only_in_colour)
{
    const struct ps_log_field fields[] = {PS_LOG_STR("name", PS_STR("x"))};
    ck_assert_ptr_nonnull(strchr(format(PS_LOG_STYLE_COLOR, fields, 1), '\x1b'));
    ck_assert_ptr_null(strchr(format(PS_LOG_STYLE_TEXT, fields, 1), '\x1b'));
}
END_TEST

/* Text of others, and how it stands in JSON. */
struct row {
    struct ps_str text;
    const char *json;
};

static const struct row rows[] = {
    {PS_STR_INIT("plain"), "plain"},
    {PS_STR_INIT("a\"b\\c/d"), "a\\\"b\\\\c/d"},
    {PS_STR_INIT("line\nbreak\r\ttab"), "line\\nbreak\\r\\ttab"},
    {PS_STR_INIT("\x1b[31mred\x7f"), "\\u001b[31mred\\u007f"},
    {PS_STR_INIT("nul\0byte"), "nul\\u0000byte"},
    {PS_STR_INIT("k\xc3\xa4se \xe2\x98\x83 \xf0\x9d\x84\x9e"),
     "k\xc3\xa4se \xe2\x98\x83 \xf0\x9d\x84\x9e"},
    {PS_STR_INIT("bad \xff end"), "bad \xef\xbf\xbd end"},
    {PS_STR_INIT("cut \xe2\x98"), "cut \xef\xbf\xbd\xef\xbf\xbd"},
    {PS_STR_INIT("overlong \xc0\x80"), "overlong \xef\xbf\xbd\xef\xbf\xbd"},
    {PS_STR_INIT("surrogate \xed\xa0\x80"), "surrogate \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
    {PS_STR_INIT("beyond \xf4\x90\x80\x80"),
     "beyond \xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd\xef\xbf\xbd"},
};

START_TEST(text_of_others_is_escaped)
{
    const struct ps_log_field fields[] = {PS_LOG_STR("x", rows[_i].text)};
    const char *found = strstr(format(PS_LOG_STYLE_JSON, fields, 1), "\"x\":\"");
    ck_assert_ptr_nonnull(found);
    size_t len = strlen(rows[_i].json);
    ck_assert_msg(strncmp(found + 5, rows[_i].json, len) == 0 &&
                      strcmp(found + 5 + len, "\"}\n") == 0,
                  "got %s", found);
    ck_assert_ptr_null(strpbrk(format(PS_LOG_STYLE_TEXT, fields, 1), "\x1b\r\t\x7f"));
}
END_TEST

static struct ps_status parse(void *arg)
{
    struct ps_json *root;
    struct ps_error err;
    size_t len = strlen(line);
    bool valid = ps_ok(ps_json_parse(arg, (struct ps_str){line, len - 1}, &root, &err));
    ck_assert_msg(valid, "%s: %.200s", err.message, line);
    return ps_success();
}

START_TEST(a_line_is_json_whatever_its_length)
{
    char text[PS_LOG_LINE_BYTES * 2];
    memset(text, _i % 2 == 0 ? 'x' : '"', sizeof(text));
    struct ps_arena *arena = ps_arena_new((size_t)1024 * 1024);
    for (size_t around = 0; around < 300; around++) {
        struct ps_str value = {text, PS_LOG_LINE_BYTES / (_i % 2 == 0 ? 1 : 2) - around};
        const struct ps_log_field fields[] = {
            PS_LOG_STR("long", value),
            PS_LOG_INT("number", 12345678),
            PS_LOG_STR("more", value),
            PS_LOG_BOOL("last", true),
        };
        (void)format(PS_LOG_STYLE_JSON, fields, PS_COUNT(fields));
        ck_assert(ps_ok(ps_arena_run(arena, parse, arena, NULL)));
        ps_arena_reset(arena);
        (void)format(PS_LOG_STYLE_TEXT, fields, PS_COUNT(fields));
    }
    ps_arena_free(arena);
}
END_TEST

START_TEST(levels_below_are_left_out)
{
    int ends[2];
    char seen[PS_LOG_LINE_BYTES] = "";
    ck_assert_int_eq(pipe(ends), 0);
    ps_log_init(ends[1], PS_LOG_FORMAT_AUTO, PS_LOG_LEVEL_WARN);
    ck_assert(!ps_log_enabled(PS_LOG_LEVEL_INFO));
    ck_assert(ps_log_enabled(PS_LOG_LEVEL_ERROR));
    PS_LOG(PS_LOG_LEVEL_INFO, "not shown", PS_LOG_INT("x", 1));
    PS_LOG(PS_LOG_LEVEL_ERROR, "shown", PS_LOG_INT("x", 1));
    ck_assert_int_eq(close(ends[1]), 0);
    ck_assert_int_gt((int)read(ends[0], seen, sizeof(seen) - 1), 0);
    ck_assert_int_eq(seen[0], '{'); /* a pipe is no terminal */
    ck_assert_ptr_nonnull(strstr(seen, "\"msg\":\"shown\",\"x\":1}\n"));
    ck_assert_ptr_null(strstr(seen, "not shown"));
    ck_assert_int_eq(close(ends[0]), 0);
}
END_TEST

START_TEST(times_are_rfc_3339)
{
    char text[PS_CLOCK_TEXT_BYTES];
    ps_clock_format(0, text);
    ck_assert_str_eq(text, "1970-01-01T00:00:00.000Z");
    ps_clock_format(-1, text);
    ck_assert_str_eq(text, "1969-12-31T23:59:59.999Z");
    ps_clock_format(253402300799999, text);
    ck_assert_str_eq(text, "9999-12-31T23:59:59.999Z");
    ps_clock_format(INT64_MAX, text);
    ck_assert_str_eq(text, "0000-01-01T00:00:00.000Z");
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *lines = tcase_create("lines");
    tcase_add_test(lines, json_has_stable_order);
    tcase_add_test(lines, text_is_for_a_person);
    tcase_add_test(lines, colours_only_in_colour);
    tcase_add_loop_test(lines, text_of_others_is_escaped, 0, (int)PS_COUNT(rows));
    tcase_add_loop_test(lines, a_line_is_json_whatever_its_length, 0, 2);
    tcase_add_test(lines, levels_below_are_left_out);
    tcase_add_test(lines, times_are_rfc_3339);
    suite_add_tcase(suite, lines);
    return suite;
}
