/* SPDX-License-Identifier: Apache-2.0 */
/* Watches against a script of lists, streams and faults. */
#include "test_kube_told.h"

#include <string.h>

#include "support/runner.h"

/* Steps, what is told of them, and when the last step begins. */
static const struct life {
    const char *name;
    struct ps_script_step steps[8];
    const char *told;
    uint64_t last_ms;
} lives[] = {
    {"list, watch, changes, bookmark, clean end",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*",
       .status = 200,
       .body = EVENT("ADDED", "b", "6") EVENT("MODIFIED", "b", "7") EVENT("DELETED", "a", "8")
           EVENT("BOOKMARK", "", "12"),
       .chunk = 7},
      {.expect = WATCH "12&*", .status = 200, .hangs = true}},
     "BEGIN +a END +b ~b -a",
     0},
    {"pages",
     {{.expect = LIST, .status = 200, .body = PAGE("5", "t/", OBJECT("a", "3"))},
      {.expect = LIST "&continue=t%2F", .status = 503},
      {.expect = LIST "&continue=t%2F", .status = 200, .body = PAGE("5", "", OBJECT("b", "4"))},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a +b END",
     200},
    {"an empty list",
     {{.expect = LIST, .status = 200, .body = PAGE("5", "", "")},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN END",
     0},
    {"pages that expire half-way",
     {{.expect = LIST, .status = 200, .body = PAGE("5", "t", OBJECT("a", "3"))},
      {.expect = LIST "&continue=t", .status = 410},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a " LIST_WORDS "410 gone BEGIN +a END",
     200},
    {"cut in the middle of a line",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*",
       .status = 200,
       .body = EVENT("ADDED", "b", "6") "{\"type\":\"ADDED\",\"obj",
       .error = "connection reset"},
      {.expect = WATCH "6&*", .status = 200, .body = EVENT("ADDED", "c", "7"), .hangs = true}},
     "BEGIN +a END +b " WORDS "connection reset +c",
     200},
    {"410 as a status",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 410, .body = "{\"kind\":\"Status\"}"},
      {.expect = LIST, .status = 200, .body = PAGE("90", "", OBJECT("b", "80"))},
      {.expect = WATCH "90&*", .status = 200, .hangs = true}},
     "BEGIN +a END BEGIN +b END",
     0},
    {"410 as an event",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .body = GONE, .hangs = true},
      {.expect = LIST, .status = 200, .body = PAGE("90", "", "")},
      {.expect = WATCH "90&*", .status = 200, .hangs = true}},
     "BEGIN +a END BEGIN END",
     0},
    {"410 again and again",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 410},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .body = GONE},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END BEGIN +a END " WORDS "410 gone: too old resource version BEGIN +a END",
     400},
    {"an error event that is no 410",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*",
       .status = 200,
       .body = "{\"type\":\"ERROR\",\"object\":{\"code\":500,\"message\":\"etcd\"}}\n"},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END " WORDS "500 server error: etcd",
     200},
    {"no permission to list",
     {{.expect = LIST,
       .status = 403,
       .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"p cannot list\"}"},
      {.expect = LIST, .status = 200, .body = PAGE("5", "", "")},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     LIST_WORDS
     "403 forbidden: grant the verb 'list' on 'pods' to this account: p cannot list BEGIN END",
     200},
    {"no permission to watch",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*",
       .status = 403,
       .body = "{\"kind\":\"Status\",\"reason\":\"Forbidden\",\"message\":\"p cannot watch r\"}"},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END " WORDS "403 forbidden: grant the verb 'watch' on 'pods' to this account: "
     "p cannot watch r",
     200},
    {"429 with Retry-After, on list and watch",
     {{.expect = LIST, .status = 429, .retry_after_ms = 3000},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 429, .retry_after_ms = 4000},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     LIST_WORDS "429 too many requests BEGIN +a END " WORDS "429 too many requests",
     7000},
    {"a server that is away",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .error = "refused"},
      {.expect = WATCH "5&*", .error = "refused"},
      {.expect = WATCH "5&*", .error = "refused"},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END " WORDS "refused " WORDS "refused " WORDS "refused",
     1400},
    {"a server that does not know the version",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 400},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END " WORDS "400 refused BEGIN +a END",
     200},
    {"a server that ends streams at once",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200},
      {.expect = WATCH "5&*", .status = 200},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END " WORDS "the server ended it at once " WORDS "the server ended it at once",
     600},
    {"a list that is none",
     {{.expect = LIST, .status = 200, .body = "<html>"},
      {.expect = LIST, .status = 200, .body = "{}"},
      {.expect = LIST, .status = 200, .body = "{\"items\":[{}"},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     LIST_WORDS "the answer is no list: it is no JSON object " LIST_WORDS
                "the answer is no list: it has no resourceVersion " LIST_WORDS
                "the answer is no list: it is no JSON object BEGIN +a END",
     1400},
    {"an object that cannot be read hides no other",
     {{.expect = LIST,
       .status = 200,
       .body = PAGE("5", "", "{\"a\":\"\\u0000\"}," OBJECT("b", "4") ",{\"x\":1,\"x\":2}")},
      {.expect = WATCH "5&*",
       .status = 200,
       .body = "{\"type\":\"ADDED\",\"object\":{\"a\":\"\\u0000\"}}\n" EVENT("ADDED", "c", "7")},
      {.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     NULL,
     0},
    {"garbage in a stream",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .status = 200, .body = "<html>\n<body>\n", .hangs = true},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     NULL,
     200},
    {"a token that cannot be read",
     {{.expect = LIST, .status = 200, .body = ONE},
      {.expect = WATCH "5&*", .no_begin = "cannot read '/t'"},
      {.expect = WATCH "5&*", .status = 200, .hangs = true}},
     "BEGIN +a END " WORDS "cannot read '/t'",
     200},
};

static size_t count_steps(const struct ps_script_step *steps)
{
    size_t count = 0;
    while (count < 8 && steps[count].expect != NULL) {
        count++;
    }
    return count;
}

START_TEST(each_life_is_told)
{
    const struct life *life = &lives[_i];
    struct told told = {.text = ""};
    size_t count = count_steps(life->steps);
    struct ps_script *script = ps_script_begin(life->steps, count, 0);
    struct ps_kube_watch *watch = ps_told_start(script, &told);
    ck_assert(!ps_kube_watch_synced(watch));
    ps_script_run(script, 20000);
    ck_assert_msg(life->told == NULL || strcmp(told.text, life->told) == 0, "%s: '%s'", life->name,
                  told.text);
    ck_assert_msg(ps_script_begun_ms(script, count - 1) == life->last_ms, "%s: last at %u",
                  life->name, (unsigned)ps_script_begun_ms(script, count - 1));
    ck_assert(ps_kube_watch_synced(watch));
    ck_assert_uint_eq(ps_script_open(script), 1);
    ps_script_end(script);
}
END_TEST

START_TEST(what_cannot_be_read_is_left_out_and_made_up_for)
{
    static const struct {
        const char *life;
        const char *parts[6];
    } rows[] = {
        {"an object that cannot be read hides no other",
         {"BEGIN " WORDS "an object was left out: ", " +b " WORDS "an object was left out: ",
          " END " WORDS "an event was left out: ", " +c BEGIN +a END"}},
        {"garbage in a stream", {"BEGIN +a END " WORDS "what came is no event: "}},
    };
    const struct life *life = lives;
    while (strcmp(life->name, rows[_i].life) != 0) {
        life++;
    }
    struct told told = {.text = ""};
    struct ps_script *script = ps_script_begin(life->steps, count_steps(life->steps), 0);
    (void)ps_told_start(script, &told);
    ps_script_run(script, 20000);
    const char *at = told.text;
    for (const char *const *part = rows[_i].parts; *part != NULL; part++) {
        at = strstr(at, *part);
        ck_assert_msg(at != NULL, "no '%s' in '%s'", *part, told.text);
        at += strlen(*part) - 1;
    }
    ps_script_end(script);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube_watch");
    TCase *tests = tcase_create("lives");
    tcase_add_loop_test(tests, each_life_is_told, 0, (int)PS_COUNT(lives));
    tcase_add_loop_test(tests, what_cannot_be_read_is_left_out_and_made_up_for, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
