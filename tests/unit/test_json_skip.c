/* SPDX-License-Identifier: Apache-2.0 */
/* Members that the parser checks and makes nothing of. */
#include <stdlib.h>

#include "in_arena.h"
#include "portside/buf.h"
#include "portside/json.h"
#include "support/runner.h"

/* Members that are left out: x in the document, y two deeper. */
static const struct ps_json_skip skips[] = {{1, PS_STR_INIT("x")}, {3, PS_STR_INIT("y")}};

static const struct skip_row {
    const char *text;
    const char *expected; /* what it is read as; NULL: it is refused */
} skipped[] = {
    {"{\"x\":1}", "{\"x\":null}"},
    {"{\"x\":\"a,}]\",\"z\":2}", "{\"x\":null,\"z\":2}"},
    {" { \"x\" : [ 1 , {\"x\":[]} ] , \"z\" : 2 } ", "{\"x\":null,\"z\":2}"},
    {"{\"z\":1,\"x\":{}}", "{\"z\":1,\"x\":null}"},
    {"{\"x\":[]}", "{\"x\":null}"},
    {"{\"x\":null}", "{\"x\":null}"},
    {"{\"z\":{\"x\":1},\"y\":1}", "{\"z\":{\"x\":1},\"y\":1}"},
    {"{\"z\":{\"z\":{\"y\":[{\"y\":1}],\"z\":[3]}}}", "{\"z\":{\"z\":{\"y\":null,\"z\":[3]}}}"},
    {"{\"z\":[{\"y\":1},{\"y\":2}]}", "{\"z\":[{\"y\":null},{\"y\":null}]}"},
    {"{\"x\":{\"z\":{\"y\":1}},\"z\":1}", "{\"x\":null,\"z\":1}"},
    {"{\"xx\":1,\"X\":2,\"\":3}", "{\"xx\":1,\"X\":2,\"\":3}"},
    {"{\"\\u0078\":1}", "{\"x\":1}"}, /* only as it is always written */
    {"[{\"x\":1}]", "[{\"x\":1}]"},
    {"\"x\"", "\"x\""},
    {"{\"x\":{\"a\":1,\"a\":2}}", "{\"x\":null}"}, /* nobody reads the one or the other */
    {"{\"x\":1,\"x\":2}", NULL},
    {"{\"x\":{\"a\":1,\"z\":2,\"z\":[01]}}", NULL},
    {"{\"x\":", NULL},
    {"{\"x\":}", NULL},
    {"{\"x\":1", NULL},
    {"{\"x\":1]", NULL},
    {"{\"x\":[1}", NULL},
    {"{\"x\":\"\xFF\"}", NULL},
};

static void skip_members(struct ps_arena *arena, const void *arg)
{
    const struct skip_row *row = arg;
    struct ps_json *root = NULL;
    struct ps_json *expected = NULL;
    struct ps_str text = ps_str_of(row->text);
    char *copy = ps_exact_copy(text);
    struct ps_status status = ps_json_parse_without(arena, (struct ps_str){copy, text.len}, skips,
                                                    PS_COUNT(skips), &root, NULL);
    free(copy);
    ck_assert_msg(ps_ok(status) == (row->expected != NULL), "%s", row->text);
    if (row->expected != NULL) {
        ck_assert(ps_ok(ps_json_parse(arena, ps_str_of(row->expected), &expected, NULL)));
        ck_assert_msg(ps_json_equal(root, expected), "%s", row->text);
    }
}

START_TEST(test_skip)
{
    ps_in_arena(skip_members, &skipped[_i]);
}
END_TEST

/* There are holes for a few only: what is behind them is read. */
static void skip_many(struct ps_arena *arena, const void *row)
{
    const size_t many = 100;
    struct ps_buf buf;
    struct ps_json *root = NULL;
    (void)row;
    ps_buf_init(&buf, arena, 1024);
    for (size_t i = 0; i < many; i++) {
        ps_buf_printf(&buf, "%s{\"y\":%zu}", i == 0 ? "{\"z\":[" : ",", i + 1);
    }
    ps_buf_puts(&buf, "]}");
    ck_assert(ps_ok(
        ps_json_parse_without(arena, ps_buf_view(&buf), skips, PS_COUNT(skips), &root, NULL)));
    const struct ps_json *list = ps_json_get(root, "z");
    ck_assert_uint_eq(ps_json_count(list), many);
    ck_assert_int_eq(ps_json_type(ps_json_get(ps_json_at(list, 0), "y")), PS_JSON_NULL);
    int64_t last = 0;
    ck_assert(ps_json_to_int(ps_json_get(ps_json_at(list, many - 1), "y"), &last));
    ck_assert_int_eq(last, (int64_t)many);
}

START_TEST(test_skip_many)
{
    ps_in_arena(skip_many, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("json_skip");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, test_skip, 0, PS_COUNT(skipped));
    tcase_add_test(all, test_skip_many);
    suite_add_tcase(suite, all);
    return suite;
}
