/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Mutators: from a review of a Pod or StatefulSet to a decision with its patch. Pure planners; the
 * objects of the review are only read.
 */
#pragma once

#include "portside/config.h"
#include "portside/hazard.h"
#include "portside/patch.h"
#include "portside/review.h"
#include "portside/verdict.h"

struct ps_decision {
    enum ps_verdict verdict;
    enum ps_reason reason;
    struct ps_str message; /* one sentence; for a denial, what the person sees */
    struct ps_str family;
    struct ps_str delivery;
    struct ps_warnings warnings;
    struct ps_patch patch;
};

/*
 * A StatefulSet, CREATE or UPDATE: checks the annotations, copies them to the template where that
 * starts no rollout, and warns. May deny.
 */
void ps_statefulset_mutate(struct ps_arena *arena, const struct ps_policy *policy,
                           const struct ps_review *review, struct ps_decision *ret_decision);

/* A Pod, CREATE: injects. Never denies. */
void ps_pod_mutate(struct ps_arena *arena, const struct ps_policy *policy,
                   const struct ps_review *review, struct ps_decision *ret_decision);
