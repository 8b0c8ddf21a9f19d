/* SPDX-License-Identifier: Apache-2.0 */
/* What counts as standing as desired. */
#include "service_digest.h"

#include "in_arena.h"
#include "support/runner.h"
#include "test_service_support.h"

static const struct row {
    const char *desired;
    const char *observed;
    bool stands;
} rows[] = {
    {"{}", "{'a':1}", true},
    {"{'a':1}", "{}", false},
    {"{'a':1}", "{'a':2}", false},
    {"{'a':'1'}", "{'a':1}", false},
    {"{'a':{'b':true}}", "{'a':{'b':true,'c':false}}", true},
    {"{'a':{'b':true}}", "{'a':{'b':false}}", false},
    {"{'a':{'b':true}}", "{'a':[true]}", false},
    {"{'list':['x','y']}", "{'list':['x','y']}", true},
    {"{'list':['x','y']}", "{'list':['y','x']}", false},
    {"{'list':['x']}", "{'list':['x','y']}", false},
    {"{'list':['x','y']}", "{'list':['x']}", false},
    {"{'list':[]}", "{'list':['x']}", false},
    {"{'ports':[{'name':'a'}]}", "{'ports':[{'name':'b'},{'name':'a','port':1}]}", true},
    {"{'ports':[{'name':'a'}]}", "{'ports':[{'name':'b'}]}", false},
    {"{'ownerReferences':[{'uid':'u'}]}", "{'ownerReferences':[{'uid':'v'},{'uid':'u'}]}", true},
    {"{'ipFamilies':['IPv4']}", "{'ipFamilies':['IPv4','IPv6']}", true},
    {"{'ipFamilies':['IPv6']}", "{'ipFamilies':['IPv4','IPv6']}", false},
    {"{'ipFamilies':['IPv6','IPv4']}", "{'ipFamilies':['IPv6']}", false},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    ck_assert_msg(ps_desired_stands(ps_quoted(arena, row->desired),
                                    ps_quoted(arena, row->observed)) == row->stands,
                  "%s in %s", row->desired, row->observed);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

/* The published vectors of FNV-1a, 64 bits. */
static void check_digest(struct ps_arena *arena, const void *row)
{
    (void)row;
    ck_assert_str_eq(ps_digest(arena, PS_STR("")).ptr, "cbf29ce484222325");
    ck_assert_str_eq(ps_digest(arena, PS_STR("a")).ptr, "af63dc4c8601ec8c");
    ck_assert_str_eq(ps_digest(arena, PS_STR("foobar")).ptr, "85944171f73967e8");
}

START_TEST(test_digest)
{
    ps_in_arena(check_digest, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("service_digest");
    TCase *tcase = tcase_create("service_digest");
    tcase_add_loop_test(tcase, test_row, 0, PS_COUNT(rows));
    tcase_add_test(tcase, test_digest);
    suite_add_tcase(suite, tcase);
    return suite;
}
