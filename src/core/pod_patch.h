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

/* Computes what belongs in each list; pod->plan must be complete. */
void ps_pod_lists(struct ps_pod *pod, struct ps_pod_lists *ret_lists);

/* True if the broker has a variable of our kind that is not what we would write. */
bool ps_pod_variable_conflicts(const struct ps_pod *pod, const struct ps_pod_lists *lists,
                               struct ps_str *ret_name);
/* The same for volumes, mounts and the init container. */
bool ps_pod_object_conflicts(const struct ps_pod *pod, const struct ps_pod_lists *lists,
                             struct ps_str *ret_name);

/* Writes the operations into the decision's patch. */
void ps_pod_patch(struct ps_pod *pod, const struct ps_pod_lists *lists);
