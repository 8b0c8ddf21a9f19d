/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Endpoint resolver: the external host:port of one broker, from the exposure, its Service and its
 * node; and the patch that writes it on the pod.
 *
 * Host: template, else load balancer (host name before address), else the node's addresses in the
 * order of address-types. Port: template, else that of the Service. Of several addresses of one
 * type, the first in the node's own order that suits: node addresses of an IP family that the
 * Service does not serve are passed over, and the Service's first family is preferred.
 *
 * Pure. Observed objects are given as the API server sent them.
 */
#pragma once

#include "portside/arena.h"
#include "portside/exposure.h"
#include "portside/json.h"
#include "portside/status.h"

/*
 * JSON `{"<exposure>":{"was":"host:port","container":"<id>"}}` on the pod: the broker in that
 * container was started with an endpoint that has changed since; with an empty "was": with none
 * (on-missing: start).
 */
#define PS_ANNOTATION_STALE "portside.dev/stale"
#define PS_ANNOTATION_RACK "portside.dev/rack"

struct ps_resolve_input {
    const struct ps_exposure *exposure;
    struct ps_template_facts facts;
    uint16_t listener_port;        /* that the broker binds; 0: as the exposure says */
    struct ps_str rack_label;      /* of the exposures; empty: no rack is wanted */
    const struct ps_json *service; /* ps_service_name_for(); NULL: there is none yet */
    const struct ps_json *node;    /* of spec.nodeName; NULL: not bound yet, or not readable */
};

/* An endpoint as it goes on the pod. */
struct ps_resolved {
    bool known;         /* host and port both are, and the rack if one is wanted */
    struct ps_str host; /* valid, IPv6 in brackets; empty if not known */
    struct ps_str port; /* 1 to 65535; empty if not known */
    bool rack_wanted;
    struct ps_str rack;   /* value of the node's rack-label; empty: none */
    struct ps_str reason; /* not known: what is missing, as the end of a sentence */
};

/* Decides. Never gives a host without its port, nor the other way round. */
void ps_resolve_endpoint(struct ps_arena *arena, const struct ps_resolve_input *input,
                         struct ps_resolved *ret_resolved);

/* An endpoint and whose it is. */
struct ps_resolve_target {
    const struct ps_exposure *exposure;
    struct ps_resolved resolved;
};

struct ps_resolve_patch {
    struct ps_str body; /* JSON merge patch with metadata.uid; empty: nothing to write */
    size_t stale_count;
    /* STALE_ENDPOINT: a running broker advertises something else; NO_ENDPOINT: it runs without. */
    struct ps_finding *stale; /* at most one per exposure */
};

/*
 * The patch that brings the annotations `<exposure>.portside.dev/host` and `/port` of pod to the
 * targets that are known. What is not known is left as it is, so no value is ever empty. broker is
 * the name of the broker's container: if it runs with an endpoint that changes, that is recorded
 * (PS_ANNOTATION_STALE) and found again until the container is a new one. Nothing is written on a
 * pod that is being deleted or is over. A pod that was made anew meanwhile refuses the patch with
 * 422 ("field is immutable"), a pod that is gone with 404: both mean to look again.
 */
void ps_endpoint_patch(struct ps_arena *arena, const struct ps_json *pod, struct ps_str broker,
                       size_t target_count, const struct ps_resolve_target *targets,
                       struct ps_resolve_patch *ret_patch);

/* What stands on the pod; both empty unless both are there. */
void ps_endpoint_of_pod(const struct ps_json *pod, const struct ps_exposure *exposure,
                        struct ps_str *ret_host, struct ps_str *ret_port);
