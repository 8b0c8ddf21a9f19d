/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The main function that every unit test program shares. A file tests/unit/test_<module>.c defines
 * ps_test_suite and links the runner: one executable per module, one suite, several test cases.
 *
 * Forking stays on, because a leak or a crash is then charged to the test that made it; CK_FORK=no
 * turns it off for a debugger and for TSan.
 */
#pragma once

#include <check.h>

/*
 * Builds the suite of this test program. The caller owns the result and gives it to Check, which
 * frees it.
 */
Suite *ps_test_suite(void);
