/* SPDX-License-Identifier: Apache-2.0 */
/* Where host and port of a broker's endpoint come from: known at admission, or learned later. */
#pragma once

#include "portside/exposure.h"

enum ps_source_kind {
    PS_SOURCE_LITERAL = 0,
    PS_SOURCE_HOST_IP,    /* downward API, status.hostIP */
    PS_SOURCE_ANNOTATION, /* the controller writes `<exposure>.portside.dev/host|port` */
};

struct ps_source {
    enum ps_source_kind kind;
    struct ps_str literal;
    struct ps_str annotation; /* key */
    struct ps_str variable;   /* "PORTSIDE_EXTERNAL_HOST" */
    struct ps_str file;       /* in the downward-API volume: "external.host" */
};

struct ps_endpoint_sources {
    struct ps_source host;
    struct ps_source port;
};

/* The broker's rack, which only the node's label tells. */
extern const struct ps_source ps_endpoint_rack;

/* True if a part of the endpoint is learned after admission, so that the broker waits for it. */
bool ps_endpoint_is_awaited(struct ps_arena *arena, const struct ps_exposure *exposure);

struct ps_endpoint_sources ps_endpoint_sources(struct ps_arena *arena,
                                               const struct ps_exposure *exposure,
                                               const struct ps_template_facts *facts);
