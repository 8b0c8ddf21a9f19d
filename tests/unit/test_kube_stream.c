/* SPDX-License-Identifier: Apache-2.0 */
/* Large events, silence, and what a caller does to a watch. */
#include "test_kube_told.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

#define MIB ((size_t)1024 * 1024)

#define PODS "GET /api/v1/namespaces/kafka/pods"

/* An event whose object has a text of bytes. */
static struct ps_str make_event(const char *name, size_t bytes)
{
    char *text = malloc(bytes + 256);
    ck_assert_ptr_nonnull(text);
    int head = snprintf(text, 256,
                        "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"%s\","
                        "\"resourceVersion\":\"6\"},\"data\":\"",
                        name);
    memset(text + head, 'x', bytes);
    int tail = snprintf(text + (size_t)head + bytes, 16, "\"}}\n");
    return (struct ps_str){text, (size_t)head + bytes + (size_t)tail};
}

static const struct {
    size_t bytes;
    const char *told;
} sizes[] = {
    {MIB + 1, "BEGIN +a END +big"},
    {7 * MIB, "BEGIN +a END +big"},
    {9 * MIB, "BEGIN +a END " WORDS "an event larger than 8 MiB was left out BEGIN +a END"},
    {40 * MIB, "BEGIN +a END " WORDS "an event larger than 8 MiB was left out BEGIN +a END"},
};

START_TEST(large_events_come_whole)
{
    struct ps_str event = make_event("big", sizes[_i].bytes);
    bool fits = sizes[_i].bytes < 8 * MIB;
    struct ps_script_step steps[] = {
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&*", .status = 200, .bytes = event, .chunk = 16384},
        {.expect = fits ? WATCH "6&*" : LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&*", .status = 200, .hangs = true},
    };
    steps[2].hangs = fits;
    steps[2].body = fits ? NULL : ONE;
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, fits ? 3 : 4, 0);
    (void)ps_told_start(script, &told);
    ps_script_run(script, 1000);
    ck_assert_str_eq(told.text, sizes[_i].told);
    ps_script_end(script);
    union {
        const char *from;
        void *to;
    } owned = {event.ptr};
    free(owned.to);
}
END_TEST

START_TEST(a_silent_stream_is_opened_again)
{
    static const struct ps_script_step steps[] = {
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&timeoutSeconds=300*", .status = 200, .hangs = true},
        {.expect = WATCH "5&*", .status = 200, .hangs = true},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, 3, 0);
    struct ps_kube_watch *watch = ps_told_start(script, &told);
    ps_script_run(script, 151000);
    ck_assert_str_eq(told.text, "BEGIN +a END " WORDS "nothing came for 150 s");
    ck_assert_uint_eq(ps_script_begun_ms(script, 2), 150200);
    ck_assert_uint_eq(ps_script_open(script), 1);
    ck_assert_uint_eq(ps_kube_watch_heard_ms(watch), 151200);
    ps_script_end(script);
}
END_TEST

/* Bookmarks go on, but the server forgets its own time-out. */
START_TEST(a_stream_that_lives_too_long_is_opened_again)
{
#define MARK EVENT("BOOKMARK", "", "7")
    static const struct ps_script_step steps[] = {
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&timeoutSeconds=300*",
         .status = 200,
         .body = MARK MARK MARK MARK MARK MARK MARK,
         .chunk = sizeof(MARK) - 1,
         .every_ms = 60000,
         .hangs = true},
        {.expect = WATCH "7&*", .status = 200, .hangs = true},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, 3, 0);
    (void)ps_told_start(script, &told);
    ps_script_run(script, 340000);
    ck_assert_str_eq(told.text, "BEGIN +a END");
    ck_assert_uint_eq(ps_script_begun_ms(script, 2), 330000);
    ck_assert_uint_eq(ps_script_open(script), 1);
    ck_assert_uint_eq(ps_kube_counts(ps_script_kube(script)).events, 6);
    ps_script_end(script);
}
END_TEST

START_TEST(a_caller_may_stop_a_watch_in_its_callback)
{
    static const struct ps_script_step steps[] = {
        {.expect = LIST,
         .status = 200,
         .body = PAGE("5", "t", OBJECT("a", "1") "," OBJECT("b", "2"))},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, 1, 0);
    told.stops = ps_told_start(script, &told);
    ps_script_run(script, 10000);
    ck_assert_str_eq(told.text, "BEGIN +a");
    ck_assert_uint_eq(ps_script_open(script), 0);
    ps_script_end(script);
}
END_TEST

START_TEST(a_stream_may_be_stopped_in_its_callback)
{
    static const struct ps_script_step steps[] = {
        {.expect = LIST, .status = 200, .body = PAGE("5", "", "")},
        {.expect = WATCH "5&*",
         .status = 200,
         .body = EVENT("ADDED", "b", "6") EVENT("ADDED", "c", "7"),
         .hangs = true},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, 2, 0);
    told.stops = ps_told_start(script, &told);
    ps_script_run(script, 10000);
    ck_assert_str_eq(told.text, "BEGIN END +b");
    ck_assert_uint_eq(ps_script_open(script), 0);
    ps_script_end(script);
}
END_TEST

START_TEST(a_caller_may_ask_for_the_list)
{
    static const struct ps_script_step steps[] = {
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&*", .status = 200, .hangs = true},
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&*", .status = 200, .hangs = true},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, 4, 0);
    struct ps_kube_watch *watch = ps_told_start(script, &told);
    ps_script_run(script, 1000);
    ps_kube_watch_relist(watch);
    ps_script_run(script, 2000);
    ck_assert_str_eq(told.text, "BEGIN +a END BEGIN +a END");
    ck_assert_uint_eq(ps_script_open(script), 1);
    ps_script_end(script);
}
END_TEST

START_TEST(a_page_that_is_too_long_is_asked_for_in_smaller_ones)
{
    struct ps_str large = make_event("big", 17 * MIB);
    const struct ps_script_step steps[] = {
        {.expect = LIST, .status = 200, .bytes = large, .chunk = MIB},
        {.expect = PODS "?limit=25", .status = 200, .bytes = large, .chunk = MIB},
        {.expect = PODS "?limit=6", .status = 200, .body = PAGE("5", "t", OBJECT("a", "3"))},
        {.expect = PODS "?limit=6&continue=t", .status = 200, .body = PAGE("5", "", "")},
        {.expect = WATCH "5&*", .status = 410},
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&*", .status = 200, .hangs = true},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, PS_COUNT(steps), 0);
    (void)ps_told_start(script, &told);
    ps_script_run(script, 2000);
#define TOO_LONG LIST_WORDS "the answer is larger than 16 MiB "
    ck_assert_str_eq(told.text, TOO_LONG TOO_LONG "BEGIN +a END " WORDS "410 gone BEGIN +a END");
    ps_script_end(script);
    union {
        const char *from;
        void *to;
    } owned = {large.ptr};
    free(owned.to);
}
END_TEST

START_TEST(a_caller_may_end_the_pause_after_a_failure)
{
    static const struct ps_script_step steps[] = {
        {.expect = LIST, .status = 503, .retry_after_ms = 30000},
        {.expect = LIST, .status = 200, .body = ONE},
        {.expect = WATCH "5&*", .status = 200, .hangs = true},
    };
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(steps, 3, 0);
    struct ps_kube_watch *watch = ps_told_start(script, &told);
    ps_script_run(script, 1000);
    uint64_t asked_ms = ps_script_now_ms(script);
    ps_kube_watch_relist(watch);
    ps_script_run(script, 2000);
    ck_assert_uint_le(ps_script_begun_ms(script, 1), asked_ms + 1);
    ck_assert_str_eq(told.text, LIST_WORDS "503 service unavailable BEGIN +a END");
    ps_script_end(script);
}
END_TEST

START_TEST(a_watch_that_nobody_hears_is_refused)
{
    static const struct ps_kube_resource pods = {"v1", "pods"};
    struct ps_script *script = ps_script_begin(NULL, 0, 0);
    struct ps_kube_watch_options options = {.resource = &pods};
    struct ps_kube_watch *watch = NULL;
    struct ps_status status = ps_kube_watch_start(ps_script_kube(script), &options, &watch, NULL);
    ck_assert_int_eq(status.code, PS_CODE_INTERNAL);
    ps_script_end(script);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube_stream");
    TCase *tests = tcase_create("streams");
    tcase_add_loop_test(tests, large_events_come_whole, 0, (int)PS_COUNT(sizes));
    tcase_add_test(tests, a_silent_stream_is_opened_again);
    tcase_add_test(tests, a_stream_that_lives_too_long_is_opened_again);
    tcase_add_test(tests, a_caller_may_stop_a_watch_in_its_callback);
    tcase_add_test(tests, a_stream_may_be_stopped_in_its_callback);
    tcase_add_test(tests, a_caller_may_ask_for_the_list);
    tcase_add_test(tests, a_page_that_is_too_long_is_asked_for_in_smaller_ones);
    tcase_add_test(tests, a_caller_may_end_the_pause_after_a_failure);
    tcase_add_test(tests, a_watch_that_nobody_hears_is_refused);
    suite_add_tcase(suite, tests);
    return suite;
}
