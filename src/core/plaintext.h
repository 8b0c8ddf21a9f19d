/* SPDX-License-Identifier: Apache-2.0 */
/* The policy on listeners that speak PLAINTEXT to everyone who reaches the port. */
#pragma once

#include "portside/config.h"
#include "portside/inject.h"

enum ps_plaintext {
    PS_PLAINTEXT_NO = 0,
    PS_PLAINTEXT_YES,
    PS_PLAINTEXT_UNKNOWN, /* mirrored at run time */
};

/* Whether any of the external listeners is PLAINTEXT, as far as admission can know. */
enum ps_plaintext ps_plaintext_of(const struct ps_exposures *exposures,
                                  const struct ps_injection *injection);

/* Why the policy forbids the injection; the empty view if it does not. */
struct ps_str ps_plaintext_refusal(struct ps_arena *arena, const struct ps_policy *policy,
                                   const struct ps_exposures *exposures,
                                   const struct ps_injection *injection);
