/* SPDX-License-Identifier: Apache-2.0 */
#include "support/runner.h"

#include <stdio.h>
#include <stdlib.h>

/* Seconds for one test that does not say more: Check's own four are too few on a busy machine. */
#define TEST_TIMEOUT_S "60"

/*
 * A mistyped CK_RUN_CASE makes Check run nothing and succeed, so a run without a single test is a
 * failure here. Check prints "Checks: 0" as well, which CTest is told to treat as a failure.
 */
int main(void)
{
    (void)setenv("CK_DEFAULT_TIMEOUT", TEST_TIMEOUT_S, 0);
    SRunner *runner = srunner_create(ps_test_suite());
    srunner_run_all(runner, CK_ENV);
    int run = srunner_ntests_run(runner);
    int failed = srunner_ntests_failed(runner);
    srunner_free(runner);
    if (run == 0) {
        fputs("no test was run: check CK_RUN_CASE, CK_RUN_SUITE and the tags\n", stderr);
        return EXIT_FAILURE;
    }
    return failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
