/* SPDX-License-Identifier: Apache-2.0 */
/* Listener lists as values: parsed from the settings, written back by the planner. */
#pragma once

#include "portside/listener.h"

#define PS_LISTENERS_MAX 64

/* "NAME://HOST:PORT". Names are compared without case, as Kafka does (ListenerName.normalised). */
struct ps_endpoint {
    struct ps_str text; /* as it stands, trimmed */
    struct ps_str name;
    struct ps_str rest; /* "HOST:PORT" */
    bool port_known;
    uint64_t port;
};

struct ps_endpoints {
    size_t count;
    struct ps_endpoint list[PS_LISTENERS_MAX];
};

struct ps_mapping {
    struct ps_str name;
    enum ps_protocol protocol;
};

struct ps_mappings {
    size_t count;
    struct ps_mapping list[PS_LISTENERS_MAX];
};

/* A listener name that every image and property name can carry. */
bool ps_listener_name_valid(struct ps_str name);

/* Appends; false if the text is no endpoint or there are too many. Empty elements are dropped. */
bool ps_endpoints_parse(struct ps_str list, struct ps_endpoints *endpoints);
bool ps_endpoints_add(struct ps_endpoints *endpoints, struct ps_str text);
struct ps_endpoint *ps_endpoints_find(struct ps_endpoints *endpoints, struct ps_str name);
/* Elements with commas between. */
struct ps_str ps_endpoints_format(struct ps_arena *arena, const struct ps_endpoints *endpoints);

/* "NAME:PROTOCOL,…" */
bool ps_mappings_parse(struct ps_str list, struct ps_mappings *mappings);
bool ps_mappings_add(struct ps_mappings *mappings, struct ps_str name, enum ps_protocol protocol);
const struct ps_mapping *ps_mappings_find(const struct ps_mappings *mappings, struct ps_str name);
struct ps_str ps_mappings_format(struct ps_arena *arena, const struct ps_mappings *mappings);

/* True if name stands in a comma-separated list. */
bool ps_list_has(struct ps_str list, struct ps_str name);
