/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Kubernetes API client: requests.
 *
 * One thread owns a client and drives it by ps_kube_turn(); nothing happens between turns, and
 * callbacks are only made inside of one. A callback may send, cancel, start and stop watches; it
 * may not call ps_kube_turn() or ps_kube_free(). What it is given is valid during the call only,
 * and it does not run inside ps_arena_run().
 *
 * Watches: kube_watch.h. Where the API server is: kube_config.h. How bytes get there:
 * kube_transport.h.
 */
#pragma once

#include <poll.h>
#include <stdbool.h>
#include <stdint.h>

#include "portside/error.h"
#include "portside/json.h"
#include "portside/kube_transport.h"
#include "portside/str.h"

/* Field manager of everything that is written, unless a request names another one. */
#define PS_KUBE_FIELD_MANAGER "portside"

struct ps_kube;

/* What is not given (0, NULL) has a default. */
struct ps_kube_options {
    unsigned in_flight_max;        /* requests under way at a time, watches apart; 16 */
    uint64_t deadline_ms;          /* of a request that names none, from its sending; 30,000 */
    uint64_t (*now_ms)(void *arg); /* ps_clock_mono_ms() */
    int64_t (*wall_ms)(void *arg); /* ps_clock_wall_ms(); for callers alone */
    uint64_t (*random)(void *arg); /* getrandom(2); for jitter only */
    void *arg;                     /* of the three above */
};

/* A client that owns transport from now on (freed at once on failure). options may be NULL. */
struct ps_status ps_kube_new(struct ps_transport *transport, const struct ps_kube_options *options,
                             struct ps_kube **ret_kube, struct ps_error *err) PS_MUST_USE;

/* Ends watches and requests without calling back; kube may be NULL. */
void ps_kube_free(struct ps_kube *kube);

/*
 * One turn of the loop: waits until an answer, a timer of the client, one of the caller's count
 * descriptors (revents as of poll(2); fds may be NULL), or timeout_ms, whatever is first; then
 * makes the callbacks that are due. Returns at once when there is work already. Fails only if
 * waiting itself failed.
 */
struct ps_status ps_kube_turn(struct ps_kube *kube, int timeout_ms, struct pollfd *fds,
                              size_t count, struct ps_error *err) PS_MUST_USE;

/*
 * A kind of objects, as in {"apps/v1", "statefulsets"}; the core group is "v1". With an empty api:
 * documents at the root of the API server, as its "version"; plural is then for messages only.
 * Static.
 */
struct ps_kube_resource {
    const char *api;
    const char *plural;
};

enum ps_kube_verb {
    PS_KUBE_GET = 1,
    PS_KUBE_LIST,
    PS_KUBE_CREATE,
    PS_KUBE_UPDATE,      /* PUT; with metadata.resourceVersion in the body: only if unchanged */
    PS_KUBE_APPLY,       /* server-side apply; body is the applied configuration */
    PS_KUBE_MERGE_PATCH, /* RFC 7386; metadata.uid in the body: CONFLICT if it is another's */
    PS_KUBE_JSON_PATCH,  /* RFC 6902 */
    PS_KUBE_DELETE,
};

struct ps_kube_result;

/* All views are copied by ps_kube_send(). Zero means absent. */
struct ps_kube_request {
    enum ps_kube_verb verb;
    const struct ps_kube_resource *resource;
    struct ps_str namespace; /* empty: cluster-scoped, or all namespaces */
    struct ps_str name;      /* not for LIST and CREATE */
    struct ps_str subresource;
    struct ps_str body; /* JSON */

    bool force;                   /* APPLY: take fields from other managers */
    struct ps_str manager;        /* field manager; empty: PS_KUBE_FIELD_MANAGER */
    bool dry_run;                 /* dryRun=All */
    bool strict;                  /* fieldValidation=Strict: refuse unknown fields */
    struct ps_str label_selector; /* LIST */
    struct ps_str field_selector; /* LIST */
    unsigned limit;               /* LIST: objects in a page; 0: 100 */
    struct ps_str uid;            /* DELETE: only the object of this uid, else 409 */
    struct ps_str version;        /* DELETE: only in this resourceVersion, else 409 */

    uint64_t deadline_ms; /* absolute, on the client's clock, tries and pages included */
    unsigned tries_max;   /* 0: until the deadline; 1: never again */
    bool urgent;          /* does not wait for those that are under way */

    /* Called once; for LIST once for each page. NULL: nobody cares. */
    void (*on_done)(void *arg, const struct ps_kube_result *result);
    void *arg;
};

/* What callers branch on. */
enum ps_kube_outcome {
    PS_KUBE_OK = 1,
    PS_KUBE_NOT_FOUND, /* 404 */
    PS_KUBE_CONFLICT,  /* 409, unless ALREADY_EXISTS: another version, uid or field manager */
    PS_KUBE_ALREADY_EXISTS,
    PS_KUBE_EXPIRED,   /* 410: the version or the continue token is too old */
    PS_KUBE_FORBIDDEN, /* 401, 403: RBAC or quota; see reason and message */
    PS_KUBE_REFUSED,   /* another 4xx: sending it again would not help */
    PS_KUBE_FAILED,    /* no answer in time, 429, 5xx, or an answer that cannot be read */
};

struct ps_kube_result {
    enum ps_kube_outcome outcome;
    int status;                   /* HTTP status of the last try; 0 if there was no answer */
    const struct ps_json *object; /* the answer; on failure the Status object, or NULL */
    struct ps_str reason;         /* metav1.Status reason, as in "AlreadyExists"; may be empty */
    /* "patch pods 'kafka-0' in namespace 'kafka': 403 forbidden: …"; empty if OK */
    const struct ps_error *error;
    uint64_t retry_after_ms; /* what the server asked for; 0: nothing */
    unsigned tries;
    bool more;     /* LIST: another page follows */
    bool too_long; /* the answer was larger than 16 MiB and broken off */
};

/*
 * Queues a request. Tries again after 429, 5xx and lost connections, with growing pauses, until its
 * deadline (after 500 twice only): so a CREATE may find its own object of an earlier try
 * (ALREADY_EXISTS). ret_id (may be NULL) is for ps_kube_cancel(). Fails if the request makes no
 * sense or there is no memory; on_done is not called then.
 */
struct ps_status ps_kube_send(struct ps_kube *kube, const struct ps_kube_request *request,
                              uint64_t *ret_id, struct ps_error *err) PS_MUST_USE;

/* Forgets a request: no on_done. The server may carry it out. Unknown ids are ignored. */
void ps_kube_cancel(struct ps_kube *kube, uint64_t id);

/* Requests queued, waiting for another try, or under way; watches apart. */
size_t ps_kube_pending(const struct ps_kube *kube);

/* The client's clocks: the one that everything is timed by, and the one to date things with. */
uint64_t ps_kube_now_ms(const struct ps_kube *kube);
int64_t ps_kube_wall_ms(const struct ps_kube *kube);

/* Counts since the start, for metrics. */
struct ps_kube_counts {
    uint64_t requests; /* sent, tries counted apart */
    uint64_t retries;
    uint64_t failures; /* results with an outcome of FORBIDDEN and above */
    uint64_t lists;    /* of watches */
    uint64_t watches;  /* opened */
    uint64_t events;   /* bookmarks included */
};
struct ps_kube_counts ps_kube_counts(const struct ps_kube *kube);
