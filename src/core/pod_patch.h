/* SPDX-License-Identifier: Apache-2.0 */
/* A pod under mutation, and the patch that carries the injection into it. */
#pragma once

#include "pod_converge.h"
#include "portside/mutate.h"

struct ps_pod {
    struct ps_arena *arena;
    const struct ps_policy *policy;
    const struct ps_review *review;
    const struct ps_json *metadata;
    const struct ps_json *spec;
    struct ps_exposures exposures;
    struct ps_injection injection;
    struct ps_pod_plan plan;
    struct ps_decision *decision;
};

/* The lists of a pod that we touch, with what belongs in them. */
struct ps_pod_lists {
    struct ps_list volumes;
    struct ps_list init;
    struct ps_list env;
    struct ps_list mounts;
    struct ps_pieces volume_pieces;
    struct ps_pieces init_pieces;
    struct ps_pieces env_pieces;
    struct ps_pieces mount_pieces;
};

/* Fills pod->plan; its facts and all other members of pod must be there. */
void ps_pod_prepare(struct ps_pod *pod);

/* Computes what belongs in each list; pod->plan must be complete. */
void ps_pod_lists(struct ps_pod *pod, struct ps_pod_lists *ret_lists);

/* Whatever in the pod speaks against the patch: why, in words; false if nothing does. */
bool ps_pod_obstacle(const struct ps_pod *pod, const struct ps_pod_lists *lists,
                     enum ps_reason *ret_reason, struct ps_str *ret_message);

/* Writes the operations into the decision's patch. */
void ps_pod_patch(struct ps_pod *pod, const struct ps_pod_lists *lists);
