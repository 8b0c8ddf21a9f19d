/* SPDX-License-Identifier: Apache-2.0 */
/* What a pod's status annotation says. */
#include "portside/injected.h"

#include "in_arena.h"
#include "support/runner.h"

static const struct row {
    const char *status;
    bool served;
    bool carries; /* the exposure external */
    const char *delivery;
} rows[] = {
    {"", false, true, ""},
    {"{\"contract\":1,\"delivery\":\"hook\",\"listeners\":{\"external\":\"PORTSIDE\"}}", true, true,
     "hook"},
    {"{\"contract\":1,\"delivery\":\"env\",\"listeners\":{\"vpn\":\"VPN\"}}", true, false, "env"},
    {"{\"contract\":1}", true, false, ""},
    {"{\"contract\":1,\"listeners\":7,\"delivery\":7}", true, false, ""},
    {"{\"contract\":2,\"listeners\":{}}", false, true, ""},
    {"{\"contract\":0}", false, true, ""},
    {"{\"contract\":-1}", false, true, ""},
    {"{\"contract\":\"1\"}", false, true, ""},
    {"{\"contract\":1e300}", false, true, ""},
    {"{\"listeners\":{}}", false, true, ""},
    {"[]", false, true, ""},
    {"{\"contract\":1", false, true, ""},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_injected injected;
    ps_injected_read(arena, ps_str_of(row->status), &injected);
    ck_assert_msg(injected.served == row->served, "%s", row->status);
    ck_assert_msg(ps_injected_carries(&injected, PS_STR("external")) == row->carries, "%s",
                  row->status);
    ck_assert_msg(ps_str_is(injected.delivery, row->delivery), "%s", row->status);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("injected");
    TCase *tc = tcase_create("rows");
    tcase_add_loop_test(tc, test_row, 0, (int)PS_COUNT(rows));
    suite_add_tcase(suite, tc);
    return suite;
}
