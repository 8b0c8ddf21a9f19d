/* SPDX-License-Identifier: Apache-2.0 */
#include "retry.h"

#define FIRST_MS 200U
#define LONGEST_MS 10000U
/* Knocking where nobody answers costs the server nothing, and it may be back any moment. */
#define LONGEST_UNANSWERED_MS 5000U
#define ASKED_MAX_MS 60000U
/* A 500 may be for ever: so the API server answers a server-side apply with an unknown field. */
#define ATTEMPTS_AT_500 3U

bool ps_kube_is_transient(int status)
{
    switch (status) {
    case 0:
    case 429:
    case 500: /* the API server's own word for a webhook or etcd that did not answer */
    case 502:
    case 503:
    case 504:
        return true;
    default:
        return false;
    }
}

static uint64_t exponential_ms(const struct ps_kube_failure *failure)
{
    uint64_t longest = failure->status == 0 ? LONGEST_UNANSWERED_MS : LONGEST_MS;
    uint64_t ms = FIRST_MS;
    for (unsigned i = 1; i < failure->attempt && ms < longest; i++) {
        ms *= 2;
    }
    return ms < longest ? ms : longest;
}

uint64_t ps_kube_backoff_ms(const struct ps_kube_failure *failure)
{
    uint64_t pause = exponential_ms(failure);
    pause -= failure->random % (pause / 2 + 1);
    uint64_t asked =
        failure->retry_after_ms < ASKED_MAX_MS ? failure->retry_after_ms : ASKED_MAX_MS;
    if (asked >= pause) {
        pause = asked + failure->random % (asked / 10 + 1);
    }
    return pause;
}

uint64_t ps_kube_retry_ms(const struct ps_kube_failure *failure)
{
    if (!ps_kube_is_transient(failure->status) ||
        (failure->status == 500 && failure->attempt >= ATTEMPTS_AT_500)) {
        return PS_KUBE_RETRY_NEVER;
    }
    return ps_kube_backoff_ms(failure);
}
