/* SPDX-License-Identifier: Apache-2.0 */
/* A plan under construction, private to the Service planner. */
#pragma once

#include "portside/service.h"
#include "service_object.h"

struct ps_service_planner {
    struct ps_arena *arena;
    const struct ps_service_input *input;
    size_t count;
    size_t room;
    struct ps_action *actions;
    /* Names of the Services that shall be, made or not. */
    size_t name_count;
    struct ps_str *names;
    uint32_t *node_ports; /* that they are asked to have; 0: none in particular */
};

void ps_service_planner_add(struct ps_service_planner *planner, const struct ps_action *action);

/* Plans the Services of the exposure at index. */
void ps_service_plan_exposure(struct ps_service_planner *planner, size_t index);

/* Plans the one NetworkPolicy. */
void ps_service_plan_policy(struct ps_service_planner *planner);

/*
 * The exposure at index with the port that its brokers bind; with a pod (or NULL), its type and
 * ports are those with which that pod was made: portside never starts a rollout, and until there is
 * one a running broker goes on being served as it is.
 */
struct ps_exposure ps_service_as_made(const struct ps_service_input *input, size_t index,
                                      const struct ps_service_pod *pod);

/* Ordinals, each once and in order, for which the exposure has Services. */
struct ps_ordinals {
    size_t count;
    uint64_t *list;
};

struct ps_ordinals ps_service_ordinals(struct ps_arena *arena, const struct ps_service_input *input,
                                       const struct ps_exposure *exposure);

/* True if object is a Service of ours for this StatefulSet. */
bool ps_service_is_of(const struct ps_json *object, const struct ps_owner *owner);

/* Why no Service can be called name, as a sentence; empty if it can (RFC 1035 label). */
struct ps_str ps_service_name_flaw(struct ps_arena *arena, struct ps_str name);
