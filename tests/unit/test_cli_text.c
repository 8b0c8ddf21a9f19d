/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_review.h"
#include "in_arena.h"
#include "support/runner.h"

#define INT64_TOO_LARGE "9007199254740993"

static const struct pretty_row {
    const char *json;
    size_t depth;
    const char *expected;
} pretty_rows[] = {
    {"[]", SIZE_MAX, "[]\n"},
    {" { } ", SIZE_MAX, "{}\n"},
    {"[ [ ] , { } ]", SIZE_MAX, "[\n  [],\n  {}\n]\n"},
    {"{\"a\":[1,2],\"b\":\"x\"}", 0, "{\"a\": [1, 2], \"b\": \"x\"}\n"},
    {"{\"a\":[1,2],\"b\":\"x\"}", 1, "{\n  \"a\": [1, 2],\n  \"b\": \"x\"\n}\n"},
    {"{\"a\":[1,{\"c\":null}]}", SIZE_MAX,
     "{\n  \"a\": [\n    1,\n    {\n      \"c\": null\n    }\n  ]\n}\n"},
    {"[" INT64_TOO_LARGE ",-0.50e+3,true]", 1,
     "[\n  " INT64_TOO_LARGE ",\n  -0.50e+3,\n  true\n]\n"},
    {"[\"a,b:{}[]\\\"\\\\\",\"\\u00e4 \\/\"]", 1,
     "[\n  \"a,b:{}[]\\\"\\\\\",\n  \"\\u00e4 \\/\"\n]\n"},
    {"\r\n\t[\r\n\t1\r\n,\t2 ]", 1, "[\n  1,\n  2\n]\n"},
};

static void pretty(struct ps_arena *arena, const void *arg)
{
    const struct pretty_row *row = arg;
    struct ps_str text = ps_pretty(arena, ps_str_of(row->json), row->depth);
    ck_assert_str_eq(text.ptr, row->expected);
    /* It is its own form. */
    ck_assert_str_eq(ps_pretty(arena, text, row->depth).ptr, row->expected);
}

START_TEST(test_pretty)
{
    ps_in_arena(pretty, &pretty_rows[_i]);
}
END_TEST

static const struct diff_row {
    const char *expected;
    const char *actual;
    const char *diff;
} diff_rows[] = {
    {"", "", ""},
    {"a\nb\n", "a\nb\n", ""},
    {"a\n", "b\n", "- a\n+ b\n"},
    {"", "b\n", "+ b\n"},
    {"a\n", "", "- a\n"},
    {"a\nb\nc\n", "a\nc\n", "  a\n- b\n  c\n"},
    {"a\nc\n", "a\nb\nc\n", "  a\n+ b\n  c\n"},
    {"1\n2\n3\n4\n5\n6\n7\nx\n", "1\n2\n3\n4\n5\n6\n7\ny\n",
     "@ 5 lines as expected\n  6\n  7\n- x\n+ y\n"},
    {"x\n1\n2\n3\n4\n5\n6\n7\nx\n", "y\n1\n2\n3\n4\n5\n6\n7\ny\n",
     "- x\n+ y\n  1\n  2\n@ 3 lines as expected\n  6\n  7\n- x\n+ y\n"},
    {"a\nb\nc\nd\n", "c\nd\na\nb\n", "- a\n- b\n  c\n  d\n+ a\n+ b\n"},
    {"a\n\nb\n", "a\nb\n", "  a\n- \n  b\n"},
};

static void diff(struct ps_arena *arena, const void *arg)
{
    const struct diff_row *row = arg;
    struct ps_str text = ps_textdiff(arena, ps_str_of(row->expected), ps_str_of(row->actual));
    ck_assert_msg(ps_str_is(text, row->diff), "wanted\n%s\ngot\n%.*s", row->diff, PS_FMT(text));
}

START_TEST(test_diff)
{
    ps_in_arena(diff, &diff_rows[_i]);
}
END_TEST

/* Beyond the table's limit every line counts as different; it must still end soon. */
static void diff_large(struct ps_arena *arena, const void *arg)
{
    (void)arg;
    struct ps_buf old;
    struct ps_buf new;
    ps_buf_init(&old, arena, 0);
    ps_buf_init(&new, arena, 0);
    for (unsigned i = 0; i < 5000; i++) {
        ps_buf_printf(&old, "old %u\n", i);
        ps_buf_printf(&new, "new %u\n", i);
    }
    struct ps_str text = ps_textdiff(arena, ps_buf_view(&old), ps_buf_view(&new));
    ck_assert(ps_str_starts(text, "- old 0\n- old 1\n"));
    ck_assert(ps_str_ends(text, "+ new 4999\n"));
}

START_TEST(test_diff_large)
{
    ps_in_arena(diff_large, NULL);
}
END_TEST

static const struct value_row {
    const char *json;
    bool full;
    const char *expected;
} value_rows[] = {
    {"\"plain\"", false, "plain\n"},
    {"\"ends\\n\"", false, "ends\n"},
    {"7", false, "7\n"},
    {"1.5", false, "(a number)\n"},
    {"false", false, "false\n"},
    {"null", false, "null\n"},
    {"[]", false, "[]\n"},
    {"{\"a\":1,\"b\":{\"c\":[]}}", false, "a: 1\nb:\n  c: []\n"},
    {"[{\"name\":\"x\",\"v\":[1,2]},[3]]", false, "- name: x\n  v:\n    - 1\n    - 2\n-\n  - 3\n"},
    {"[\"sh\",\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n\"]", false, "- sh\n- … 7 lines\n"},
    {"[\"1\\n2\\n3\\n4\\n5\\n6\\n7\\n\"]", true, "- |\n  1\n  2\n  3\n  4\n  5\n  6\n  7\n"},
    {"[\"1\\n2\"]", false, "- |\n  1\n  2\n"},
};

static void value(struct ps_arena *arena, const void *arg)
{
    const struct value_row *row = arg;
    struct ps_json *root = NULL;
    ck_assert(ps_ok(ps_json_parse(arena, ps_str_of(row->json), &root, NULL)));
    struct ps_str text = ps_value_text(arena, root, row->full);
    ck_assert_msg(ps_str_is(text, row->expected), "wanted\n%s\ngot\n%.*s", row->expected,
                  PS_FMT(text));
}

START_TEST(test_value)
{
    ps_in_arena(value, &value_rows[_i]);
}
END_TEST

static void scripts(struct ps_arena *arena, const void *arg)
{
    (void)arg;
    struct ps_str words = PS_STR("[\"sh\",\"@ADDRESS_SCRIPT@\",\"x\",\"@HOOK_SCRIPT@\"]");
    struct ps_str texts = ps_scripts_restore(arena, words);
    ck_assert(texts.len > words.len + 1000);
    ck_assert(!ps_str_contains(texts, "_SCRIPT@"));
    ck_assert(ps_str_equal(ps_scripts_hide(arena, texts), words));
    struct ps_json *root = NULL;
    ck_assert(ps_ok(ps_json_parse(arena, texts, &root, NULL)));
    ck_assert_uint_eq(ps_json_count(root), 4);
}

START_TEST(test_scripts)
{
    ps_in_arena(scripts, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cli_text");
    TCase *tcase = tcase_create("all");
    tcase_add_loop_test(tcase, test_pretty, 0, (int)PS_COUNT(pretty_rows));
    tcase_add_loop_test(tcase, test_diff, 0, (int)PS_COUNT(diff_rows));
    tcase_add_test(tcase, test_diff_large);
    tcase_add_loop_test(tcase, test_value, 0, (int)PS_COUNT(value_rows));
    tcase_add_test(tcase, test_scripts);
    suite_add_tcase(suite, tcase);
    return suite;
}
