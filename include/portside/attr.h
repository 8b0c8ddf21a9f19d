/* SPDX-License-Identifier: Apache-2.0 */
/* Compiler attributes behind names of our own, so that the rest is plain C11. */
#pragma once

#define PS_MUST_USE __attribute__((warn_unused_result))
#define PS_PRINTF(fmt_index, args_index) __attribute__((format(printf, fmt_index, args_index)))
#define PS_NORETURN __attribute__((noreturn))
#define PS_CLEANUP(function) __attribute__((cleanup(function)))

#define PS_COUNT(array) (sizeof(array) / sizeof((array)[0]))
