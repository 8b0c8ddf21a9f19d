/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a plan: what the store holds of one StatefulSet, parsed. */
#pragma once

#include "plan.h"
#include "portside/inject.h"
#include "portside/resolve.h"

struct ps_plan_pod {
    const struct ps_item *item;
    const struct ps_json *object;
    const struct ps_json *node; /* NULL: not bound, or not read */
    bool node_pending;          /* it is bound, and the node is being read for the first time */
    struct ps_str status;       /* annotation portside.dev/status; empty: not injected */
    uint64_t ordinal;
    struct ps_resolved resolved[PS_EXPOSURES_MAX];
    struct ps_str was[PS_EXPOSURES_MAX]; /* host:port that it advertises, if that is outdated */
};

struct ps_plan {
    struct ps_controller *controller;
    const struct ps_set *set;
    struct ps_arena *arena;
    uint64_t now_ms;
    struct ps_desire *desire;
    size_t notice_room;

    const struct ps_item *statefulset;
    struct ps_owner owner;
    struct ps_exposures exposures;
    struct ps_injection injection;
    const struct ps_json *pod_labels;
    uint16_t listener_ports[PS_EXPOSURES_MAX];
    bool withdrawn;
    size_t pod_count;
    struct ps_plan_pod *pods;
    size_t service_count;
    const struct ps_json **services;
    size_t map_count;
    const struct ps_json **maps;
    size_t policy_count;
    const struct ps_json **policies;
};

/* False if nothing is to be done now; the desire may say why. */
bool ps_plan_gather(struct ps_plan *plan);
