/* SPDX-License-Identifier: Apache-2.0 */
/* What one StatefulSet needs, by what the store knows: gathers facts and asks the planners. */
#pragma once

#include "control.h"
#include "portside/service.h"

/* A merge patch of a pod. */
struct ps_pod_patch {
    struct ps_str pod;
    struct ps_str body;
};

/* Something to be told to those who look at an object. */
struct ps_notice {
    struct ps_event_subject subject;
    struct ps_event event;
};

/* Lives in the arena, with views into it and into the store. */
struct ps_desire {
    bool gone;           /* the StatefulSet is not there any more */
    bool wants_policies; /* the NetworkPolicies of the namespace have to be known first */
    size_t action_count;
    struct ps_action *actions;
    size_t patch_count;
    struct ps_pod_patch *patches;
    size_t notice_count;
    struct ps_notice *notices;
    struct ps_tally tally;
    uint64_t again_ms; /* to be planned again then; PS_NEVER: when something changes */
};

/* Inside ps_arena_run() of the controller's arena. May ask for nodes. */
void ps_plan(struct ps_controller *controller, struct ps_set *set, struct ps_desire *ret_desire);

/* Subject of Events about the StatefulSet. */
struct ps_event_subject ps_plan_subject(const struct ps_item_facts *facts);
