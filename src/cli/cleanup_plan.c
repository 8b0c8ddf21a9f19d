/* SPDX-License-Identifier: Apache-2.0 */
#include "cmd_cleanup.h"

/* The brokers alone keep the objects of a set that has some, whoever else runs. */
bool ps_cleanup_cares(const struct ps_cleanup *cleanup)
{
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        if (set->first != NULL && set->broker_count == 0 && set->served) {
            return !cleanup->force;
        }
    }
    return false;
}

static enum ps_keep keep_of(const struct ps_cleanup *cleanup, const struct ps_left_set *set)
{
    if (cleanup->force) {
        return PS_KEEP_NOTHING;
    }
    if (set->broker_count > 0) {
        return PS_KEEP_BROKERS;
    }
    if (!set->served || cleanup->life == PS_LIFE_NONE) {
        return PS_KEEP_NOTHING;
    }
    return cleanup->life == PS_LIFE_RUNS ? PS_KEEP_CONTROLLER : PS_KEEP_UNKNOWN;
}

void ps_cleanup_decide(struct ps_cleanup *cleanup)
{
    for (struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        set->keep = keep_of(cleanup, set);
        for (struct ps_leftover *one = set->first; one != NULL; one = one->next) {
            one->fate = set->keep == PS_KEEP_NOTHING ? PS_LEFT_FOUND : PS_LEFT_KEPT;
        }
    }
}

struct ps_left_sum ps_cleanup_count(const struct ps_cleanup *cleanup)
{
    struct ps_left_sum sum = {0};
    for (const struct ps_left_set *set = cleanup->sets; set != NULL; set = set->next) {
        for (const struct ps_leftover *one = set->first; one != NULL; one = one->next) {
            sum.found += one->fate == PS_LEFT_FOUND;
            sum.kept += one->fate == PS_LEFT_KEPT;
            sum.deleted += one->fate == PS_LEFT_DELETED;
            sum.failed += one->fate == PS_LEFT_FAILED;
        }
    }
    return sum;
}
