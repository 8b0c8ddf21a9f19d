/* SPDX-License-Identifier: Apache-2.0 */
/* The time, as arguments for those who may not ask for it themselves. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#include "portside/str.h"

/* Nanoseconds since some moment in the past; never jumps. For durations and deadlines. */
uint64_t ps_clock_mono_ns(void);

/* The same in milliseconds. */
uint64_t ps_clock_mono_ms(void);

/* Milliseconds since 1970-01-01T00:00:00Z, as far as the system knows. */
int64_t ps_clock_wall_ms(void);

/* Length of "2026-11-21T14:06:27.123Z" and its NUL. */
#define PS_CLOCK_TEXT_BYTES 25U

/* Reads "2026-11-21T14:06:27Z", as the Kubernetes API writes times; false if text is another. */
bool ps_clock_parse(struct ps_str text, int64_t *ret_wall_ms);

/* Writes wall_ms as RFC 3339 in UTC with milliseconds; years are cut to 0000…9999. */
void ps_clock_format(int64_t wall_ms, char ret_text[PS_CLOCK_TEXT_BYTES]);
