/* SPDX-License-Identifier: Apache-2.0 */
#include <string.h>

#include "portside/error.h"
#include "support/runner.h"

START_TEST(test_fail_fills)
{
    struct ps_error err;
    struct ps_status status = ps_fail(&err, PS_CODE_IO, "cannot open '%s'", "x");
    ck_assert(!ps_ok(status));
    ck_assert_int_eq(status.code, PS_CODE_IO);
    ck_assert_int_eq(err.code, PS_CODE_IO);
    ck_assert_str_eq(err.message, "cannot open 'x'");
}
END_TEST

START_TEST(test_nobody_listens)
{
    ck_assert_int_eq(ps_fail(NULL, PS_CODE_LIMIT, "x").code, PS_CODE_LIMIT);
    ck_assert_int_eq(ps_wrap(NULL, "x").code, PS_CODE_INTERNAL);
    ck_assert(ps_ok(ps_success()));
}
END_TEST

START_TEST(test_wrap_goes_in_front)
{
    struct ps_error err;
    ck_assert(!ps_ok(ps_fail(&err, PS_CODE_INPUT, "no such key")));
    struct ps_status status = ps_wrap(&err, "file '%s' line %d", "a.conf", 3);
    ck_assert_int_eq(status.code, PS_CODE_INPUT);
    ck_assert_str_eq(err.message, "file 'a.conf' line 3: no such key");
}
END_TEST

START_TEST(test_too_long_is_cut)
{
    struct ps_error err;
    char text[2 * sizeof(err.message)];
    memset(text, 'x', sizeof(text));
    text[sizeof(text) - 1] = '\0';
    ck_assert(!ps_ok(ps_fail(&err, PS_CODE_INPUT, "%s", text)));
    ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
    ck_assert(!ps_ok(ps_wrap(&err, "context")));
    ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
    ck_assert(strncmp(err.message, "context: xxx", 12) == 0);
    ck_assert(!ps_ok(ps_wrap(&err, "%s", text)));
    ck_assert_uint_eq(strlen(err.message), sizeof(err.message) - 1);
}
END_TEST

static struct ps_status tried(bool works, bool *ret_went_on)
{
    *ret_went_on = false;
    PS_TRY(works ? ps_success() : ps_fail(NULL, PS_CODE_INPUT, "no"));
    *ret_went_on = true;
    return ps_success();
}

START_TEST(test_try)
{
    bool went_on;
    ck_assert(ps_ok(tried(true, &went_on)) && went_on);
    ck_assert_int_eq(tried(false, &went_on).code, PS_CODE_INPUT);
    ck_assert(!went_on);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("error");
    TCase *tcase = tcase_create("errors");
    tcase_add_test(tcase, test_fail_fills);
    tcase_add_test(tcase, test_nobody_listens);
    tcase_add_test(tcase, test_wrap_goes_in_front);
    tcase_add_test(tcase, test_too_long_is_cut);
    tcase_add_test(tcase, test_try);
    suite_add_tcase(suite, tcase);
    return suite;
}
