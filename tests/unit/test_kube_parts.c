/* SPDX-License-Identifier: Apache-2.0 */
/* The pure parts of the Kubernetes client: pauses, lines, lists as text, the plan of a watch. */
#include "items.h"
#include "lines.h"
#include "retry.h"
#include "watch_step.h"

#include <string.h>

#include "support/runner.h"

#define FULL UINT64_MAX

static const struct {
    struct ps_kube_failure failure;
    uint64_t least_ms;
    uint64_t most_ms;
} pauses[] = {
    {{.status = 0, .attempt = 1}, 100, 200},
    {{.status = 0, .attempt = 20}, 2500, 5000},
    {{.status = 503, .attempt = 2}, 200, 400},
    {{.status = 502, .attempt = 6}, 3200, 6400},
    {{.status = 504, .attempt = 7}, 5000, 10000},
    {{.status = 504, .attempt = 4000000000U}, 5000, 10000},
    {{.status = 500, .attempt = 2}, 200, 400},
    {{.status = 500, .attempt = 3}, FULL, FULL},
    {{.status = 429, .attempt = 1, .retry_after_ms = 1000}, 1000, 1100},
    {{.status = 429, .attempt = 7, .retry_after_ms = 1000}, 5000, 10000},
    {{.status = 503, .attempt = 1, .retry_after_ms = FULL}, 60000, 66000},
    {{.status = 400, .attempt = 1}, FULL, FULL},
    {{.status = 401, .attempt = 1}, FULL, FULL},
    {{.status = 403, .attempt = 1, .retry_after_ms = 1000}, FULL, FULL},
    {{.status = 404, .attempt = 1}, FULL, FULL},
    {{.status = 409, .attempt = 1}, FULL, FULL},
    {{.status = 410, .attempt = 1}, FULL, FULL},
    {{.status = 501, .attempt = 1}, FULL, FULL},
};

START_TEST(pauses_grow_within_bounds)
{
    static const uint64_t randoms[] = {0, 1, 99, 100, 0x5555555555555555U, FULL};
    for (size_t i = 0; i < PS_COUNT(randoms); i++) {
        struct ps_kube_failure failure = pauses[_i].failure;
        failure.random = randoms[i];
        uint64_t pause_ms = ps_kube_retry_ms(&failure);
        ck_assert_uint_ge(pause_ms, pauses[_i].least_ms);
        ck_assert_uint_le(pause_ms, pauses[_i].most_ms);
    }
}
END_TEST

/* Takes all lines, as "line|line|!|" with '!' for one that was dropped. */
static void take_all(struct ps_lines *lines, char *text, size_t size)
{
    struct ps_str line;
    for (enum ps_line found = ps_lines_next(lines, &line); found != PS_LINE_NONE;
         found = ps_lines_next(lines, &line)) {
        if (found == PS_LINE_TOO_LONG) {
            line = PS_STR("!");
        }
        size_t len = strlen(text);
        ck_assert_uint_lt(len + line.len + 1, size);
        memcpy(text + len, line.ptr, line.len);
        text[len + line.len] = '|';
        text[len + line.len + 1] = '\0';
    }
}

static const struct {
    const char *text;
    const char *lines;
} streams[] = {
    {"", ""},
    {"abc", ""},
    {"abc\n", "abc|"},
    {"\n\n", "||"},
    {"a\nbb\nccc\ndd", "a|bb|ccc|"},
    {"12345678\n", "12345678|"},
    {"123456789\nabc\n", "!|abc|"},
    {"a\n1234567890123456789012345678901234567890\nb\n", "a|!|b|"},
    {"123456789\n123456789\n\nx\n", "!|!||x|"},
    {"12345678901234567890", ""},
};

START_TEST(lines_do_not_depend_on_how_bytes_come)
{
    struct ps_str text = ps_str_of(streams[_i].text);
    for (size_t chunk = 1; chunk <= text.len + 1; chunk++) {
        for (int late = 0; late < 2; late++) {
            struct ps_lines lines;
            char found[256] = "";
            ps_lines_init(&lines, 8);
            for (size_t at = 0; at < text.len; at += chunk) {
                ck_assert(ps_lines_feed(&lines, ps_str_slice(text, at, at + chunk)));
                if (late == 0) {
                    take_all(&lines, found, sizeof(found));
                }
            }
            take_all(&lines, found, sizeof(found));
            ck_assert_msg(strcmp(found, streams[_i].lines) == 0, "chunks of %zu: '%s'", chunk,
                          found);
            ps_lines_clear(&lines);
        }
    }
}
END_TEST

static const struct {
    const char *text;
    const char *array; /* NULL: no object */
    const char *items; /* joined by '|' */
} lists[] = {
    {"{}", "", ""},
    {" { \"items\" : [ ] } \n", "[ ]", ""},
    {"{\"items\":[{}],\"a\":1}", "[{}]", "{}|"},
    {"{\"a\":{\"items\":[1]},\"items\":[2, 3 ,4]}", "[2, 3 ,4]", "2|3|4|"},
    {"{\"s\":\"\\\"}]\\\\\",\"items\":[{\"x\":\"]}\\\"\"},[[]],\"a,b\"]}",
     "[{\"x\":\"]}\\\"\"},[[]],\"a,b\"]", "{\"x\":\"]}\\\"\"}|[[]]|\"a,b\"|"},
    {"{\"items\":null,\"n\":-1.5e3,\"t\":true}", "", ""},
    {"{\"items\":[{}]", NULL, NULL},
    {"{\"items\":[{}}", NULL, NULL},
    {"{\"items\":[1,2", NULL, NULL},
    {"{\"items\":\"x", NULL, NULL},
    {"{\"a\"}", NULL, NULL},
    {"{\"a\":}", NULL, NULL},
    {"{\"a\":1,}", NULL, NULL},
    {"{\"a\":1}}", NULL, NULL},
    {"{\"\\", NULL, NULL},
    {"{", NULL, NULL},
    {"", NULL, NULL},
    {"[]", NULL, NULL},
    {"<html>", NULL, NULL},
};

START_TEST(lists_are_taken_apart_as_text)
{
    struct ps_items items;
    struct ps_str item;
    char found[256] = "";
    bool object = ps_items_init(&items, ps_str_of(lists[_i].text));
    ck_assert_msg(object == (lists[_i].array != NULL), "'%s'", lists[_i].text);
    if (!object) {
        return;
    }
    ck_assert(ps_str_is(items.array, lists[_i].array));
    while (ps_items_next(&items, &item)) {
        strncat(found, item.ptr, item.len);
        strncat(found, "|", 2);
    }
    ck_assert_str_eq(found, lists[_i].items);
}
END_TEST

static const struct {
    const char *name;
    struct ps_watch_end end;
    struct ps_watch_next next;
} plans[] = {
    {"the server's time-out", {.status = 200, .events = 3}, {.relist = false}},
    {"a quiet watch", {.status = 200, .lived_ms = 300000, .attempt = 4}, {.relist = false}},
    {"an event was left out", {.status = 200, .events = 1, .stale = true}, {.relist = true}},
    {"cut after events",
     {.status = 200, .broken = true, .events = 9, .attempt = 3},
     {.trouble = true, .attempt = 1, .pause_ms = 200}},
    {"ended at once",
     {.status = 200, .attempt = 1},
     {.trouble = true, .attempt = 2, .pause_ms = 400}},
    {"no answer, tenth time",
     {.broken = true, .attempt = 9},
     {.trouble = true, .attempt = 10, .pause_ms = 5000}},
    {"503 for the fourth time",
     {.status = 503, .attempt = 3},
     {.trouble = true, .attempt = 4, .pause_ms = 1600}},
    {"504 for the fifth time",
     {.status = 504, .attempt = 4},
     {.relist = true, .trouble = true, .attempt = 5, .pause_ms = 3200}},
    {"410", {.status = 410}, {.relist = true, .attempt = 1}},
    {"410 after events",
     {.status = 410, .events = 7, .attempt = 2},
     {.relist = true, .attempt = 1}},
    {"410 again",
     {.status = 410, .attempt = 1},
     {.relist = true, .trouble = true, .attempt = 2, .pause_ms = 400}},
    {"410 after a long time without answers",
     {.status = 410, .attempt = 9},
     {.relist = true, .trouble = true, .attempt = 10, .pause_ms = 800}},
    {"403", {.status = 403, .attempt = 8}, {.trouble = true, .attempt = 9, .pause_ms = 10000}},
    {"400", {.status = 400}, {.relist = true, .trouble = true, .attempt = 1, .pause_ms = 200}},
    {"429 with Retry-After",
     {.status = 429, .retry_after_ms = 5000},
     {.trouble = true, .attempt = 1, .pause_ms = 5000}},
};

START_TEST(a_watch_has_a_plan)
{
    struct ps_watch_next next = ps_watch_plan(&plans[_i].end);
    const char *name = plans[_i].name;
    ck_assert_msg(next.relist == plans[_i].next.relist, "%s: relist", name);
    ck_assert_msg(next.trouble == plans[_i].next.trouble, "%s: trouble", name);
    ck_assert_msg(next.attempt == plans[_i].next.attempt, "%s: %u", name, next.attempt);
    ck_assert_msg(next.pause_ms == plans[_i].next.pause_ms, "%s: %u ms", name,
                  (unsigned)next.pause_ms);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube_parts");
    TCase *tests = tcase_create("parts");
    tcase_add_loop_test(tests, pauses_grow_within_bounds, 0, (int)PS_COUNT(pauses));
    tcase_add_loop_test(tests, lines_do_not_depend_on_how_bytes_come, 0, (int)PS_COUNT(streams));
    tcase_add_loop_test(tests, lists_are_taken_apart_as_text, 0, (int)PS_COUNT(lists));
    tcase_add_loop_test(tests, a_watch_has_a_plan, 0, (int)PS_COUNT(plans));
    suite_add_tcase(suite, tests);
    return suite;
}
