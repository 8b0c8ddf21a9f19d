/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Exposure: the wish that one listener of one StatefulSet be reachable from outside, parsed once
 * from `portside.dev/…` annotations. Nothing downstream sees annotation text.
 *
 * One table row for each annotation: parser, default, help, and whether this version gives it
 * effect. The reference in docs is generated from the table. A key that is known but has no effect
 * yet is refused by name, never ignored.
 */
#pragma once

#include "portside/arena.h"
#include "portside/config.h"
#include "portside/error.h"
#include "portside/json.h"
#include "portside/kafka.h"
#include "portside/str.h"

#define PS_ANNOTATION_PREFIX "portside.dev/"
/* Kept on the object by portside itself; never input of a user's. */
#define PS_ANNOTATION_STATUS "portside.dev/status"
#define PS_ANNOTATION_COPIED "portside.dev/copied"

#define PS_EXPOSURES_MAX 8
#define PS_ADDRESS_TYPES_MAX 5

enum ps_exposure_type {
    PS_EXPOSURE_NODE_PORT = 0,
    PS_EXPOSURE_LOAD_BALANCER,
    PS_EXPOSURE_CLUSTER_IP,
    PS_EXPOSURE_NONE,
};

/* Node.status.addresses[].type of the Kubernetes API. */
enum ps_address_type {
    PS_ADDRESS_EXTERNAL_DNS = 0,
    PS_ADDRESS_EXTERNAL_IP,
    PS_ADDRESS_INTERNAL_DNS,
    PS_ADDRESS_INTERNAL_IP,
    PS_ADDRESS_HOSTNAME,
};

enum ps_delivery {
    PS_DELIVERY_DETECT = 0,
    PS_DELIVERY_ENV,
    PS_DELIVERY_HOOK,
};

enum ps_ip_family {
    PS_IP_FAMILY_ANY = 0,
    PS_IP_FAMILY_4,
    PS_IP_FAMILY_6,
};

enum ps_ip_family_policy {
    PS_IP_FAMILY_POLICY_DEFAULT = 0,
    PS_IP_FAMILY_POLICY_SINGLE,
    PS_IP_FAMILY_POLICY_PREFER_DUAL,
    PS_IP_FAMILY_POLICY_REQUIRE_DUAL,
};

#define PS_IP_FAMILIES_MAX 2

/* "name: value" of an annotation map; value is a template, quotes taken off. */
struct ps_exposure_pair {
    struct ps_str name;
    struct ps_str value;
};

struct ps_exposure_pairs {
    size_t count;
    const struct ps_exposure_pair *list; /* in the arena of the parse */
};

struct ps_exposure_texts {
    size_t count;
    const struct ps_str *list; /* in the arena of the parse */
};

/* How the Services of an exposure look. All zero: as the table's defaults say. */
struct ps_service_options {
    bool cluster_policy; /* externalTrafficPolicy of broker Services: Cluster, else Local */
    bool no_bootstrap;
    bool no_node_ports; /* allocateLoadBalancerNodePorts: false */
    bool shared_port;
    uint32_t bootstrap_node_port; /* 0: chosen by Kubernetes */
    struct ps_exposure_pairs annotations;
    struct ps_exposure_pairs bootstrap_annotations;
    struct ps_str load_balancer_class;
    struct ps_exposure_texts load_balancer_ips; /* of the brokers, by ordinal less start */
    struct ps_exposure_texts allow_from;        /* CIDRs; none: anyone */
    size_t ip_family_count;
    enum ps_ip_family ip_families[PS_IP_FAMILIES_MAX];
    enum ps_ip_family_policy ip_family_policy;
};

struct ps_exposure {
    struct ps_str name;       /* "external" */
    struct ps_str env_prefix; /* "PORTSIDE_EXTERNAL" */
    struct ps_str key_prefix; /* of its annotations, in front of the domain: "vpn.", or empty */
    enum ps_exposure_type type;
    struct ps_str listener_name;
    uint16_t listener_port;
    bool listener_name_stated; /* by an annotation or an installation-wide default */
    bool listener_port_stated;
    enum ps_protocol protocol;
    uint32_t node_port_base; /* 0: chosen by Kubernetes */
    size_t address_type_count;
    enum ps_address_type address_types[PS_ADDRESS_TYPES_MAX];
    struct ps_str advertised_host; /* template, empty: the node's or load balancer's address */
    struct ps_str advertised_port; /* template, empty: the Service's port */
    struct ps_service_options service;
    bool start_when_missing; /* on-missing: start, after wait_timeout_s */
    bool start_stated;       /* on-missing: start by the object itself, not the installation */
    uint64_t wait_timeout_s; /* 0: the table's default, 600 */
};

struct ps_exposures {
    bool opted_out; /* portside.dev/inject: "false" */
    size_t count;
    struct ps_exposure list[PS_EXPOSURES_MAX];
    struct ps_str container; /* empty: detected */
    struct ps_str family;    /* empty: detected */
    struct ps_str rack_label;
    struct ps_exposure_pairs env; /* NAME and template of further variables */
    enum ps_delivery delivery;
};

/* One row of the table, for help and docs. */
struct ps_exposure_key {
    const char *name;     /* behind the prefix */
    const char *fallback; /* default as text; "" if there is none */
    const char *values;   /* what is allowed, in words or as a list */
    const char *help;
    bool per_exposure; /* also as `<exposure>.portside.dev/<name>` */
    bool with_pod;     /* has effect on pods made from then on; else at once, on Services alone */
    bool supported;    /* has effect in this version */
};

const struct ps_exposure_key *ps_exposure_keys(size_t *ret_count);

/*
 * What is wrong with an object's annotations. unsupported: known, but without effect in this
 * version. The message names the key, its value and what is allowed.
 */
struct ps_exposure_problem {
    bool unsupported;
    struct ps_str message;
};

/*
 * Reads annotations (an object node, or NULL) into *ret_exposures. Returns true if they are valid;
 * false with the first problem in *ret_problem otherwise. Keys under our prefix that are unknown
 * are a problem too, with the nearest known one in the message; keys that portside itself writes
 * (status, copied, stale, rack, <exposure>.portside.dev/host and port) are passed over. The
 * policy's defaults apply where the object is silent, its limits to everything.
 */
bool ps_exposures_parse(struct ps_arena *arena, const struct ps_policy *policy,
                        const struct ps_json *annotations, struct ps_exposures *ret_exposures,
                        struct ps_exposure_problem *ret_problem);

/* The exposure of that name; NULL: there is none. */
const struct ps_exposure *ps_exposures_find(const struct ps_exposures *exposures,
                                            struct ps_str name);

/* True if the policy lets users set this annotation of Services; never one of our own domain. */
bool ps_exposure_annotation_allowed(const struct ps_policy *policy, struct ps_str name);

/* True if key belongs to a user's wish: under our prefix, and not one that portside writes. */
bool ps_exposure_is_user_key(struct ps_str key);
/* True for what portside itself writes: status, copied, and what only the controller sets. */
bool ps_exposure_is_own_key(struct ps_str key);
/* True if key is one of a user's whose row has effect with the pod, or has none. */
bool ps_exposure_is_with_pod(struct ps_str key);
/* True for what only the controller sets on pods: `<exposure>.portside.dev/host`, `/port`, … */
bool ps_exposure_is_controller_key(struct ps_str key);

/* Facts that templates may name. */
struct ps_template_facts {
    uint64_t ordinal;
    struct ps_str pod;
    struct ps_str statefulset;
    struct ps_str namespace_name;
};

/*
 * Expands {ordinal}, {pod}, {statefulset}, {namespace} and, in ports, {ordinal + N}, in text that
 * ps_exposures_parse() has accepted.
 */
struct ps_str ps_template_expand(struct ps_arena *arena, struct ps_str text,
                                 const struct ps_template_facts *facts);

/* True if the Services of the exposure have node ports. */
bool ps_exposure_has_node_ports(const struct ps_exposure *exposure);

const char *ps_exposure_type_name(enum ps_exposure_type type);
const char *ps_delivery_name(enum ps_delivery delivery);
