/* SPDX-License-Identifier: Apache-2.0 */
/* The specs of the objects of one StatefulSet, private to the Service planner. */
#pragma once

#include "portside/exposure.h"
#include "service_object.h"

/* What makes one Service of an exposure different from the others: ps_object.what. */
struct ps_service_spec {
    const struct ps_exposure *exposure;
    uint16_t listener_port;
    struct ps_str selector_label;
    struct ps_str selector_value;
    bool local;          /* externalTrafficPolicy */
    bool also_not_ready; /* publishNotReadyAddresses */
    uint32_t node_port;  /* wished for by a person; 0: none */
    uint32_t kept_port;  /* as it was before, or is; 0: none */
    struct ps_str load_balancer_ip;
};

/* For Services: what is a struct ps_service_spec. */
ps_object_put ps_service_put_spec;

/* Who may connect to one port. */
struct ps_port_guard {
    uint16_t port;
    struct ps_exposure_texts from;
};

struct ps_policy_spec {
    struct ps_str statefulset;
    size_t guard_count;
    const struct ps_port_guard *guards; /* by port, each once */
    bool isolated;                      /* other policies decide about all other ports */
};

/* For NetworkPolicies: what is a struct ps_policy_spec. */
ps_object_put ps_policy_put_spec;

/*
 * True if one of policies that is not ours selects pods with these labels for ingress: then what
 * no policy allows is refused already, and we must not allow it.
 */
bool ps_policy_isolates(size_t count, const struct ps_json *const *policies,
                        const struct ps_json *pod_labels, struct ps_str statefulset);

/* The node port of an observed Service; 0 if it has none. */
uint32_t ps_service_node_port(const struct ps_json *service);
