/* SPDX-License-Identifier: Apache-2.0 */
/* What a command printed. */
#pragma once

#include <stddef.h>

/* Fails unless each text stands in it; a NULL ends them early. row: the name of the case. */
void ps_expect_says(const char *row, const char *printed, const char *const *texts, size_t max);
/* Fails if the text stands in it; NULL: there is none. */
void ps_expect_not(const char *row, const char *printed, const char *text);
