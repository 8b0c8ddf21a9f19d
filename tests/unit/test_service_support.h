/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Rows of the Service planner: JSON with single quotes in, actions as text out. A plan is shown as
 * lines "create Service external-kafka-0"; a world of objects can be brought to what a plan says.
 */
#pragma once

#include "portside/resolve.h"
#include "portside/service.h"

#define OBJECTS_MAX 64

/* Parses JSON that is written with single quotes. */
const struct ps_json *ps_quoted(struct ps_arena *arena, const char *text);

/* The API server's side of one StatefulSet. */
struct ps_world {
    struct ps_arena *arena;
    struct ps_policy policy;
    struct ps_owner owner;
    struct ps_exposures exposures;
    size_t pod_count;
    struct ps_service_pod pods[OBJECTS_MAX];
    size_t service_count;
    const struct ps_json *services[OBJECTS_MAX];
    size_t network_policy_count;
    const struct ps_json *network_policies[OBJECTS_MAX];
    const struct ps_json *pod_labels;
    const struct ps_json *record;
    bool withdrawn;
    size_t refused_count;
    struct ps_str refused[4];
    size_t advertised_count;
    struct ps_service_port advertised[4];
    unsigned next_port;
    unsigned next_uid;
};

/* StatefulSet kafka in namespace shop with replicas pods, all injected, one exposure `external`. */
void ps_world_init(struct ps_world *world, struct ps_arena *arena, uint64_t replicas);

void ps_world_set_pods(struct ps_world *world, uint64_t count);

struct ps_service_plan ps_world_plan(const struct ps_world *world);

/* One line for each action. */
struct ps_str ps_plan_text(struct ps_arena *arena, const struct ps_service_plan *plan);

/* Does what the plan says, as the API server would: chooses node ports, gives uids. */
void ps_world_apply(struct ps_world *world, const struct ps_service_plan *plan);

/* Plans and applies until nothing is left to do; fails after five rounds. */
void ps_world_settle(struct ps_world *world);

const struct ps_json *ps_world_service(const struct ps_world *world, const char *name);
void ps_world_remove_service(struct ps_world *world, const char *name);
/* Puts text (single quotes) in the place of the Service called name, or adds it. */
void ps_world_put_service(struct ps_world *world, const char *name, const char *text);
