/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Service planner: what Services, NetworkPolicies and record of ports one StatefulSet should have,
 * against what there is; out comes a list of actions.
 *
 * Pure. Observed objects are given as the API server sent them (parsed; metadata.managedFields may
 * be dropped before). An object is right if everything that we desire stands in it; what others
 * added is left alone. A digest of the desired object (annotation portside.dev/applied) shows what
 * we no longer desire. Actions stand in a fixed order: exposures as given, brokers by ordinal,
 * then bootstrap, NetworkPolicy, record of ports, deletions by name.
 */
#pragma once

#include "portside/arena.h"
#include "portside/config.h"
#include "portside/exposure.h"
#include "portside/json.h"
#include "portside/status.h"

/* On all objects of ours; only objects with MANAGED_BY are ever touched. */
#define PS_LABEL_MANAGED_BY "app.kubernetes.io/managed-by"
#define PS_MANAGED_BY "portside"
#define PS_LABEL_STATEFULSET "portside.dev/statefulset"
#define PS_LABEL_EXPOSURE "portside.dev/exposure"
#define PS_LABEL_ORDINAL "portside.dev/ordinal"
/* What kind of object it is: "broker", "bootstrap", "shared", "status", "ports", "allow-from". */
#define PS_LABEL_ROLE "portside.dev/role"
#define PS_ANNOTATION_APPLIED "portside.dev/applied"
/* fieldManager of server-side apply. */
#define PS_FIELD_MANAGER "portside"

/* A pod of the StatefulSet that exists, whatever its phase. */
struct ps_service_pod {
    uint64_t ordinal;
    struct ps_str status;         /* its annotation portside.dev/status; empty: not injected */
    const struct ps_json *object; /* the pod, which says what its broker advertises; or NULL */
    /*
     * As which exposures it was injected, with the ports that it binds, if not as those that are
     * asked for now; else NULL.
     */
    const struct ps_exposures *made;
};

/* The node port of a Service. */
struct ps_service_port {
    struct ps_str service;
    uint32_t port;
};

struct ps_service_input {
    const struct ps_policy *policy;
    const struct ps_owner *owner;
    const struct ps_exposures *exposures;
    /*
     * True when portside should no longer serve the StatefulSet (namespace label removed, opted
     * out): nothing is made or changed, and all goes once no injected pod is left.
     */
    bool withdrawn;
    size_t pod_count;
    const struct ps_service_pod *pods; /* in any order */
    /* Services of the namespace: at least those with our labels, and those of our names. */
    size_t service_count;
    const struct ps_json *const *services;
    /* NetworkPolicies of the namespace, all of them; only read if an exposure has allow-from. */
    size_t network_policy_count;
    const struct ps_json *const *network_policies;
    const struct ps_json *pod_labels; /* spec.template.metadata.labels of the StatefulSet */
    const struct ps_json *record;     /* ConfigMap ps_service_record_name(); NULL: none */
    /* What running brokers advertise: such a Service keeps its port even if the record is lost. */
    size_t advertised_count;
    const struct ps_service_port *advertised;
    /* By index of exposures: the port that the broker binds; 0 or NULL: as the exposure says. */
    const uint16_t *listener_ports;
    /* Names of Services whose recorded node port the API server refused: it is forgotten. */
    size_t refused_count;
    const struct ps_str *refused;
};

struct ps_service_plan {
    size_t count;
    struct ps_action *actions;
};

/* Decides. The plan lives in arena; no action: everything is as it should be. */
void ps_service_plan(struct ps_arena *arena, const struct ps_service_input *input,
                     struct ps_service_plan *ret_plan);

/* Names; none of them is checked here, the planner reports those that no Service can have. */
struct ps_str ps_service_broker_name(struct ps_arena *arena, struct ps_str exposure,
                                     struct ps_str statefulset, uint64_t ordinal);
struct ps_str ps_service_bootstrap_name(struct ps_arena *arena, struct ps_str exposure,
                                        struct ps_str statefulset);
/* The one Service of all brokers with shared-port: `<exposure>-<statefulset>-shared`. */
struct ps_str ps_service_shared_name(struct ps_arena *arena, struct ps_str exposure,
                                     struct ps_str statefulset);
/* The ConfigMap of chosen ports: `<statefulset>.ports.portside.dev`. */
struct ps_str ps_service_record_name(struct ps_arena *arena, struct ps_str statefulset);
/* The NetworkPolicy of allow-from, one for all exposures: `portside-<statefulset>`. */
struct ps_str ps_service_policy_name(struct ps_arena *arena, struct ps_str statefulset);

/* Name of the Service through which the broker with this ordinal is reached. */
struct ps_str ps_service_name_for(struct ps_arena *arena, const struct ps_exposure *exposure,
                                  struct ps_str statefulset, uint64_t ordinal);

/* True if object carries our managed-by label. */
bool ps_service_is_ours(const struct ps_json *object);
