/* SPDX-License-Identifier: Apache-2.0 */
/* Whether and when to try again: a function of facts, so that it can be tested by a table. */
#pragma once

#include <stdbool.h>
#include <stdint.h>

#define PS_KUBE_RETRY_NEVER UINT64_MAX

struct ps_kube_failure {
    int status;              /* HTTP status; 0 if there was no answer, or only a part of it */
    unsigned attempt;        /* failures in a row, this one included; from 1 */
    uint64_t retry_after_ms; /* what the server asked for; 0: nothing */
    uint64_t random;         /* any bits */
};

/* True if the same request may succeed later: no answer, 429, 500, 502, 503, 504. */
bool ps_kube_is_transient(int status);

/*
 * The pause before the next try, or PS_KUBE_RETRY_NEVER for a failure that stays (a third 500 is
 * one). Doubles from 200 ms to 10 s (5 s if there was no answer), less up to a half of itself at
 * random; never less than the server asked for (which counts up to 60 s), and then up to a tenth
 * more.
 */
uint64_t ps_kube_retry_ms(const struct ps_kube_failure *failure);

/* The same without asking what kind of failure it was: a watch never gives up. */
uint64_t ps_kube_backoff_ms(const struct ps_kube_failure *failure);
