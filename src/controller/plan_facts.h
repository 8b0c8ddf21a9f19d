/* SPDX-License-Identifier: Apache-2.0 */
/* Facts of a plan: what the store holds of one StatefulSet, parsed. */
#pragma once

#include "plan.h"
#include "portside/inject.h"
#include "portside/injected.h"
#include "portside/resolve.h"

struct ps_plan_pod {
    const struct ps_item *item;
    const struct ps_json *object;
    const struct ps_json *node;  /* NULL: not bound, or not read */
    bool node_pending;           /* it is bound, and the node is being read for the first time */
    struct ps_str status;        /* annotation portside.dev/status; empty: not injected */
    struct ps_injected injected; /* by status */
    const struct ps_exposures *made; /* as which it was injected; NULL: as is asked for now */
    bool beyond_limits;              /* the policy would not let made be made now */
    uint64_t ordinal;
    struct ps_resolved resolved[PS_EXPOSURES_MAX];
    enum ps_listening listening[PS_EXPOSURES_MAX];
    struct ps_str was[PS_EXPOSURES_MAX]; /* host:port that it advertises, if that is outdated */
};

struct ps_plan {
    struct ps_controller *controller;
    struct ps_set *set;
    uint64_t name_hash; /* of the set, as of an item's owner */
    struct ps_arena *arena;
    uint64_t now_ms;
    struct ps_desire *desire;
    size_t notice_room;

    const struct ps_item *statefulset;
    struct ps_owner owner;
    const struct ps_json *wishes; /* annotations that say what is asked for now */
    struct ps_exposures exposures;
    struct ps_injection injection;
    const struct ps_json *pod_labels;
    uint16_t listener_ports[PS_EXPOSURES_MAX];
    bool opted_out;
    bool withdrawn;
    /* What the account may not list: nothing is known of it. */
    bool blind_pods;
    bool blind_maps;
    bool blind_policies;
    size_t pod_count;
    struct ps_plan_pod *pods;
    size_t bare_count; /* pods that should have been injected and were not */
    const struct ps_item **bare;
    size_t service_count;
    const struct ps_json **services;
    size_t map_count;
    const struct ps_json **maps;
    size_t policy_count;
    const struct ps_json **policies;
};

/* plan_made.c: as which exposures the pod was injected: fills its made in. */
void ps_plan_made_as(const struct ps_plan *plan, struct ps_plan_pod *pod);
/* The port of a listener in a value of `listeners`; 0: it has none of that name. */
uint16_t ps_plan_port_in(struct ps_str listeners, struct ps_str name);
/* The exposure at index as the pod was made with it. */
const struct ps_exposure *ps_plan_exposure(const struct ps_plan *plan,
                                           const struct ps_plan_pod *pod, size_t index);
/* The node label of which the pod was made to wait for; empty: none. */
struct ps_str ps_plan_rack_label(const struct ps_plan *plan, const struct ps_plan_pod *pod);
/* The port that the pod's broker binds for it. */
uint16_t ps_plan_listener_port(const struct ps_plan *plan, const struct ps_plan_pod *pod,
                               size_t index);

/* False if nothing is to be done now; the desire may say why. */
bool ps_plan_gather(struct ps_plan *plan);

/* NULL if there is none of that name. */
const struct ps_json *ps_plan_find(size_t count, const struct ps_json *const *objects,
                                   struct ps_str name);

bool ps_plan_is_over(const struct ps_json *pod);

/* plan_listen.c: asks whether the pod's listeners answer, and tells of those that do not. */
void ps_plan_listening(const struct ps_plan *plan, struct ps_plan_pod *pod);

/* An Event on the pod. */
void ps_plan_notice_pod(const struct ps_plan *plan, const struct ps_item_facts *pod,
                        const struct ps_finding *finding);
/* "pod kafka-0" */
struct ps_str ps_plan_pod_words(const struct ps_plan *plan, const struct ps_item_facts *pod);

/* plan_pods.c: endpoints of the pods, and what is to be told to those who look at them. */
void ps_plan_pods(const struct ps_plan *plan);
void ps_plan_add_notice(const struct ps_plan *plan, const struct ps_event_subject *subject,
                        const struct ps_event *event);

/* plan_blind.c: false if the action could do harm, as something is not known. */
bool ps_plan_is_safe(const struct ps_plan *plan, const struct ps_action *action);
/* Events on the StatefulSet about rights that the account lacks. */
void ps_plan_tell_blindness(const struct ps_plan *plan);

/* plan_bare.c: true if a pod of that name, made anew by the template, would be injected. */
bool ps_plan_would_inject(const struct ps_plan *plan, const struct ps_json *statefulset,
                          struct ps_str pod);
