/* SPDX-License-Identifier: Apache-2.0 */
#include "watch_step.h"

#include "retry.h"

/* A server that ends every watch at once is not one to be asked again without a pause. */
#define SHORTEST_LIFE_MS 5000U
/* A version that the server does not know yet (after a restore of etcd) shows as time-outs. */
#define ATTEMPTS_BEFORE_RELIST 5U

/* Behind failures of another kind, a 410 says that the server is back: no long pause then. */
#define ATTEMPTS_COUNTED_AT_GONE 3U

#define STATUS_OK 200
#define STATUS_UNAUTHORIZED 401
#define STATUS_FORBIDDEN 403
#define STATUS_GONE 410

/* True if going on from the same version would fail in the same way. */
static bool version_is_useless(const struct ps_watch_end *end, unsigned attempt)
{
    if (end->stale || end->status == STATUS_GONE) {
        return true;
    }
    if (end->status == STATUS_UNAUTHORIZED || end->status == STATUS_FORBIDDEN) {
        return false;
    }
    bool answered = end->status >= 400;
    return answered && (!ps_kube_is_transient(end->status) || attempt >= ATTEMPTS_BEFORE_RELIST);
}

struct ps_watch_next ps_watch_plan(const struct ps_watch_end *end)
{
    bool lived = end->events > 0 || end->lived_ms >= SHORTEST_LIFE_MS;
    unsigned before = lived ? 0 : end->attempt;
    bool expected = end->status == STATUS_OK && !end->broken && lived;
    if (expected) {
        return (struct ps_watch_next){.relist = end->stale};
    }
    struct ps_watch_next next = {
        .trouble = end->status != STATUS_GONE || before > 0,
        .attempt = before + 1,
    };
    next.relist = version_is_useless(end, next.attempt);
    if (end->status == STATUS_GONE && before == 0) {
        return next; /* at once: nobody is to blame for a compaction */
    }
    bool counts = end->status != STATUS_GONE || next.attempt < ATTEMPTS_COUNTED_AT_GONE;
    struct ps_kube_failure failure = {
        .status = end->status,
        .attempt = counts ? next.attempt : ATTEMPTS_COUNTED_AT_GONE,
        .retry_after_ms = end->retry_after_ms,
        .random = end->random,
    };
    next.pause_ms = ps_kube_backoff_ms(&failure);
    return next;
}
