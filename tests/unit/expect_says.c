/* SPDX-License-Identifier: Apache-2.0 */
#include "expect_says.h"

#include <check.h>
#include <string.h>

void ps_expect_says(const char *row, const char *printed, const char *const *texts, size_t max)
{
    for (size_t i = 0; i < max && texts[i] != NULL; i++) {
        ck_assert_msg(strstr(printed, texts[i]) != NULL, "%s: no '%s' in '%s'", row, texts[i],
                      printed);
    }
}

void ps_expect_not(const char *row, const char *printed, const char *text)
{
    ck_assert_msg(text == NULL || strstr(printed, text) == NULL, "%s: '%s' in '%s'", row, text,
                  printed);
}
