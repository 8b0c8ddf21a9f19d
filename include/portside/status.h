/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Status: what portside tells about the brokers of one exposure, and the words it uses.
 *
 * - a ConfigMap `<exposure>-<statefulset>` with `bootstrap.servers`, `brokers.json` and
 *   `client.properties`, made of the brokers that have an endpoint and are not known to be deaf;
 * - Events, each for one finding, with the cure in its message.
 *
 * Pure: facts in, objects out. Observed objects are given as the API server sent them; texts live
 * in the arena, views into the observed objects.
 */
#pragma once

#include "portside/arena.h"
#include "portside/exposure.h"
#include "portside/json.h"
#include "portside/str.h"

struct ps_jw;

/* What an apply or a deletion is about; the controller's table of resources. */
enum ps_object_kind {
    PS_OBJECT_SERVICE = 0,    /* v1 Service */
    PS_OBJECT_CONFIG_MAP,     /* v1 ConfigMap */
    PS_OBJECT_NETWORK_POLICY, /* networking.k8s.io/v1 NetworkPolicy */
};

enum ps_action_kind {
    PS_ACTION_NONE = 0,
    /* Server-side apply of body without force: a foreign object that came meanwhile is a 409. */
    PS_ACTION_CREATE,
    /* Server-side apply of body with force; body has metadata.uid, so a new object is a 409. */
    PS_ACTION_UPDATE,
    /* As UPDATE, of an object of ours that has no owner, or one that is gone. */
    PS_ACTION_TAKE_BACK,
    /* Deletion with preconditions uid and resource_version. */
    PS_ACTION_DELETE,
    /* Nothing to do but to publish event. */
    PS_ACTION_REPORT,
};

/* What is reported, in the words of a person. */
struct ps_event {
    bool warning;          /* type Warning, else Normal */
    const char *reason;    /* "NotListening": CamelCase, part of the interface */
    struct ps_str message; /* what is so, and what to do; at most 1024 bytes */
};

/* One thing to do. Actions carry no pointer to the caller's facts but in texts. */
struct ps_action {
    enum ps_action_kind kind;
    enum ps_object_kind object;
    struct ps_str name;             /* of the object; its namespace is the StatefulSet's */
    struct ps_str body;             /* CREATE, UPDATE, TAKE_BACK: the whole desired object */
    struct ps_str uid;              /* all but CREATE and REPORT: of the observed object */
    struct ps_str resource_version; /* as uid */
    int64_t ordinal;                /* of the broker that it is for; -1: all of them */
    struct ps_event event;          /* REPORT */
};

/* The StatefulSet that owns what is planned. */
struct ps_owner {
    struct ps_str name;
    struct ps_str namespace_name;
    struct ps_str uid;
    uint64_t replicas;
    uint64_t start; /* spec.ordinals.start */
    bool deleting;  /* metadata.deletionTimestamp is set */
};

/* Reads the facts of a StatefulSet; false if it has no name, namespace or uid. */
bool ps_owner_read(const struct ps_json *statefulset, struct ps_owner *ret_owner);

/* Member ownerReferences that names it; controller: it is the one that makes the object. */
void ps_owner_put(struct ps_jw *jw, const struct ps_owner *owner, bool controller);

/* Name and ordinal of a pod called `<statefulset>-<ordinal>`; false if it is none. */
bool ps_owner_ordinal(const struct ps_owner *owner, struct ps_str pod, uint64_t *ret_ordinal);

/* Whether a broker answers on its listener port, as far as the controller can see. */
enum ps_listening {
    PS_LISTENING_UNKNOWN = 0,
    PS_LISTENING_YES,
    PS_LISTENING_NO,
};

/* "unknown", "yes" or "no". */
const char *ps_listening_name(enum ps_listening listening);

struct ps_broker_state {
    uint64_t ordinal;
    struct ps_str pod;
    struct ps_str node;
    struct ps_str host; /* where it is reached now, IPv6 in brackets; empty: not known yet */
    struct ps_str port;
    struct ps_str was;  /* host:port that the running broker advertises; empty: the same */
    struct ps_str rack; /* empty: none */
    enum ps_listening listening;
};

struct ps_status_input {
    const struct ps_owner *owner;
    const struct ps_exposure *exposure;
    struct ps_str protocol; /* "SASL_SSL"; empty if it is not known: no client.properties then */
    size_t broker_count;
    const struct ps_broker_state *brokers; /* in any order */
    const struct ps_json *observed;        /* the ConfigMap; NULL: there is none */
};

/*
 * What to do about the status ConfigMap: CREATE, UPDATE, TAKE_BACK, REPORT (a foreign one of that
 * name) or NONE (it is right already). Brokers stand in the order of their ordinals. One that has
 * no endpoint is left out of everything; one that does not listen stays in brokers.json only. Of
 * one that advertises an older endpoint, brokers.json tells that, bootstrap.servers the present. A
 * key that would be empty is left out, so that a pod that refers to it waits.
 */
void ps_status_plan(struct ps_arena *arena, const struct ps_status_input *input,
                    struct ps_action *ret_action);

/* True if the status ConfigMap has data of that key; what else is in it is not looked at. */
bool ps_status_has_key(struct ps_str key);

/* Name of the status ConfigMap: `<exposure>-<statefulset>`. */
struct ps_str ps_status_name(struct ps_arena *arena, struct ps_str exposure,
                             struct ps_str statefulset);

/* X-macro: enumerator, reason of the Event, whether it is a warning. */
#define PS_FINDINGS(X)                                                                             \
    X(NOT_LISTENING, "NotListening", true)         /* the broker refuses its listener port */      \
    X(LISTENING, "Listening", false)               /* it answers again */                          \
    X(NOT_INJECTED, "NotInjected", true)           /* runs without injection though it should */   \
    X(STALE_ENDPOINT, "StaleEndpoint", true)       /* advertises what is no longer so */           \
    X(NO_ENDPOINT, "StartedWithoutEndpoint", true) /* on-missing: start, after its time-out */     \
    X(WAITING, "WaitingForEndpoint", true)         /* for longer than it should take */            \
    X(FOREIGN_OBJECT, "ForeignObject", true)       /* an object of our name that is not ours */    \
    X(NAME_COLLISION, "NameCollision", true)       /* ours, but of another exposure */             \
    X(NAME_INVALID, "NameInvalid", true)           /* no Service can have that name */             \
    X(PORT_TAKEN, "PortTaken", true)               /* the API server refused the node port */      \
    X(PORT_OUT_OF_RANGE, "PortOutOfRange", true)   /* base + ordinal is beyond 65535 */            \
    X(INVALID, "InvalidAnnotation", true)          /* annotations that cannot be read */           \
    X(POLICY, "RefusedByPolicy", true)             /* a Service annotation is not allowed */       \
    X(REFUSED, "RequestRefused", true)             /* the API server refused something else */     \
    X(FORBIDDEN, "Forbidden", true)                /* RBAC: detail is "verb resource" */           \
    X(UNKNOWN_CONTRACT, "UnknownContract", true)   /* the pod's contract is not one of ours */

enum ps_finding_kind {
#define PS_FINDING_ENUM(id, reason, warning) PS_FINDING_##id,
    PS_FINDINGS(PS_FINDING_ENUM)
#undef PS_FINDING_ENUM
    PS_FINDING_COUNT,
};

/* What was found; members that a finding does not speak of may be empty. */
struct ps_finding {
    enum ps_finding_kind kind;
    struct ps_str exposure;
    struct ps_str listener; /* its name */
    uint16_t listener_port;
    struct ps_str object; /* "Service external-kafka-0", "pod kafka-0" */
    struct ps_str detail; /* what is missing, what the API server said, the likely cause */
    struct ps_str was;    /* STALE_ENDPOINT: what the broker advertises */
    struct ps_str is;     /* STALE_ENDPOINT: what is so now */
};

/* The Event of a finding; its message names the cure. */
struct ps_event ps_finding_event(struct ps_arena *arena, const struct ps_finding *finding);

/* The object that an Event is about. */
struct ps_event_subject {
    struct ps_str api_version; /* "v1", "apps/v1" */
    struct ps_str kind;        /* "Pod", "StatefulSet" */
    struct ps_str namespace_name;
    struct ps_str name;
    struct ps_str uid;
};

/*
 * Name of the Event: a function of subject, reason and message, so that the same Event is made once
 * (409) and then only counted.
 */
struct ps_str ps_event_name(struct ps_arena *arena, const struct ps_event_subject *subject,
                            const struct ps_event *event);

/* A core/v1 Event for POST. wall_us: microseconds since 1970. */
struct ps_str ps_event_object(struct ps_arena *arena, const struct ps_event_subject *subject,
                              const struct ps_event *event, int64_t wall_us);

/* JSON merge patch that counts an Event once more: count + 1 and lastTimestamp. */
struct ps_str ps_event_again(struct ps_arena *arena, const struct ps_json *observed,
                             int64_t wall_us);
