/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Errors: a status that must not be ignored, and a text for a person.
 *
 * A function that can fail returns struct ps_status and fills struct ps_error. The code says what
 * kind of failure it is; the message says what was tried and what to do, lower case, no full stop.
 * Outcomes that a caller expects (skip, leave, deny) are values, never errors.
 */
#pragma once

#include <stdbool.h>

#include "portside/attr.h"

enum ps_code {
    PS_CODE_OK = 0,
    PS_CODE_INPUT,    /* what we were given is wrong: the sender can mend it */
    PS_CODE_LIMIT,    /* a stated maximum was exceeded */
    PS_CODE_IO,       /* the operating system refused */
    PS_CODE_INTERNAL, /* a promise of our own was broken */
};

/* One member, so that an int is never mistaken for it. */
struct ps_status {
    enum ps_code code;
};

struct ps_error {
    enum ps_code code;
    char message[480];
};

static inline bool ps_ok(struct ps_status status)
{
    return status.code == PS_CODE_OK;
}

/* The status of success. */
static inline struct ps_status ps_success(void)
{
    return (struct ps_status){PS_CODE_OK};
}

/* Fills err (may be NULL) with code and the formatted message; returns the status of code. */
struct ps_status ps_fail(struct ps_error *err, enum ps_code code, const char *format, ...)
    PS_PRINTF(3, 4) PS_MUST_USE;

/* Puts "context: " in front of the message that err holds; returns err's status. */
struct ps_status ps_wrap(struct ps_error *err, const char *format, ...) PS_PRINTF(2, 3) PS_MUST_USE;

/* Returns from the calling function, with the status of expr, unless it succeeded. */
#define PS_TRY(expr)                                                                               \
    do {                                                                                           \
        struct ps_status ps_try_status = (expr);                                                   \
        if (!ps_ok(ps_try_status)) {                                                               \
            return ps_try_status;                                                                  \
        }                                                                                          \
    } while (0)
