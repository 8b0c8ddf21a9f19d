/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/nearest.h"

#include "support/runner.h"

#define NONE PS_COUNT(names)

static const char *const names[] = {"serve", "review", "help", "version", "listener-port"};

static const struct {
    const char *word;
    size_t nearest;
} slips[] = {
    {"serv", 0},
    {"sevre", 0},
    {"revew", 1},
    {"reveiw", 1},
    {"Review", 1},
    {"hlep", 2},
    {"verson", 3},
    {"server", 0},
    {"review", 1},
    {"LISTENERPORT", 4},
    {"listner-prot", 4},
    {"inject", NONE},
    {"", NONE},
    {"x", NONE},
    {"kubectl", NONE},
    {"reviewreviewreviewreviewreviewreview", NONE},
    {"reviewreviewreviewreviewreviewreviewreviewreviewreviewreviewreviewreview", NONE},
};

START_TEST(finds_what_was_meant)
{
    size_t found = NONE;
    struct ps_nearest nearest;
    ps_nearest_init(&nearest, ps_str_of(slips[_i].word));
    for (size_t i = 0; i < PS_COUNT(names); i++) {
        found = ps_nearest_try(&nearest, ps_str_of(names[i])) ? i : found;
    }
    ck_assert_msg(found == slips[_i].nearest, "'%s': %zu", slips[_i].word, found);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("nearest");
    TCase *tcase = tcase_create("nearest");
    tcase_add_loop_test(tcase, finds_what_was_meant, 0, (int)PS_COUNT(slips));
    suite_add_tcase(suite, tcase);
    return suite;
}
