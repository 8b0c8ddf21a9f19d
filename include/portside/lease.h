/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Leader election by a Lease (coordination.k8s.io/v1): a pure step function.
 *
 * Clocks: whether a lease is over is decided by the monotonic clock of the observer alone, from
 * the moment at which it saw the lease change; the times inside the Lease are for people. One who
 * holds counts from the moment before it *sent* its last renewal that was confirmed, and stops
 * being leader before any other may take over. A wall clock that jumps ahead of the monotonic one
 * (a suspended machine) ends leadership until the next renewal is confirmed.
 *
 * Times to a new leader, with the default timing: killed: at most 10 s + retry; released: at once
 * when the Lease is watched, else after retry (1 s).
 *
 * The loop of the caller: read or watch the Lease → ps_lease_observe(); ps_lease_step() → perform
 * the action → ps_lease_wrote() with the answer; ask ps_lease_is_leader() before every write.
 */
#pragma once

#include <stdint.h>

#include "portside/arena.h"
#include "portside/json.h"
#include "portside/str.h"

/* Length of "2026-11-21T14:06:27.123456Z" and its NUL. */
#define PS_MICRO_TIME_BYTES 28U

struct ps_lease_timing {
    uint64_t duration_ms; /* after which others may take over; whole seconds */
    uint64_t hold_ms;     /* after which the holder gives up; less than duration_ms */
    uint64_t renew_ms;    /* between renewals */
    uint64_t retry_ms;    /* between looks of one who waits, and after a failure */
};

/* 10 s, 7 s, 2 s, 1 s. */
struct ps_lease_timing ps_lease_timing_default(void);

struct ps_lease_now {
    uint64_t mono_ms; /* never goes back; may stand still while the machine is suspended */
    int64_t wall_us;  /* since 1970; may jump */
};

#define PS_LEASE_TEXT_MAX 256

/* Owns its texts, so that it outlives arenas. Plain data; zero is the state before anything. */
struct ps_lease_state {
    bool observed; /* the following members mean something */
    bool doubt;    /* may be outdated: read it before the next write */
    bool leaving;  /* release was asked for: never leader again */
    bool absent;
    bool mine; /* holderIdentity is ours */
    bool free; /* holderIdentity is empty */
    char resource_version[PS_LEASE_TEXT_MAX];
    char holder[PS_LEASE_TEXT_MAX];
    char renew_time[PS_LEASE_TEXT_MAX];
    uint64_t duration_ms;     /* that its holder promised; 0: it said nothing */
    int64_t transitions;      /* spec.leaseTransitions */
    uint64_t changed_mono_ms; /* when we saw holder or renew_time change */
    uint64_t looked_mono_ms;  /* when we last saw it at all */

    bool leader;
    uint64_t until_mono_ms;         /* leader only before this */
    struct ps_lease_now renewed_at; /* clocks when the last confirmed write was sent */
    uint64_t next_mono_ms;          /* no request before this, unless something was seen */
    uint64_t write_mono_ms;         /* no write before this: the last one was refused or lost */
};

enum ps_lease_action_kind {
    PS_LEASE_NOTHING = 0,
    PS_LEASE_READ,      /* GET the Lease: it is not known, or was not seen for retry_ms */
    PS_LEASE_CREATE,    /* POST body */
    PS_LEASE_RENEW,     /* PATCH body, a JSON merge patch with metadata.resourceVersion */
    PS_LEASE_TAKE_OVER, /* as RENEW */
    PS_LEASE_RELEASE,   /* as RENEW; stop when it is done or fails */
};

struct ps_lease_action {
    enum ps_lease_action_kind kind;
    struct ps_str body;
    bool leader;               /* writes of the controller are allowed */
    uint64_t deadline_mono_ms; /* step again at this time at the latest */
};

struct ps_lease_identity {
    struct ps_str holder; /* of this process: a new one for each start */
    struct ps_str name;   /* of the Lease */
    struct ps_str namespace_name;
    /*
     * The service account of the same namespace with whose deletion a Lease that we make goes: its
     * holder cannot write any more then, so a new installation need not wait for it. Empty: none.
     */
    struct ps_str account;
    struct ps_str account_uid;
};

/*
 * True if it has a resourceVersion: what some proxy answers instead tells nothing, and a write
 * without a version would fence nobody off.
 */
bool ps_lease_is_readable(const struct ps_json *lease);

/*
 * Takes note of the Lease as it is now; NULL: there is none (404). A version older than what is
 * known already (a watch that lags behind our own write) is passed over, and so is what is no
 * Lease.
 */
void ps_lease_observe(struct ps_lease_state *state, const struct ps_lease_identity *identity,
                      const struct ps_json *lease, const struct ps_lease_now *now);

/* The next action. release: we are leaving; give the lease back if it is ours. */
struct ps_lease_action ps_lease_step(struct ps_arena *arena, struct ps_lease_state *state,
                                     const struct ps_lease_timing *timing,
                                     const struct ps_lease_identity *identity,
                                     const struct ps_lease_now *now, bool release);

enum ps_lease_result {
    PS_LEASE_CONFIRMED = 0, /* 2xx */
    PS_LEASE_CONFLICT,      /* 409, 404: it is not what we took it for; read it */
    PS_LEASE_FAILED,        /* no answer, 5xx, 403, or a READ that failed */
};

struct ps_lease_answer {
    enum ps_lease_result result;
    const struct ps_json *lease; /* CONFIRMED: the object; else NULL */
    struct ps_lease_now sent;    /* the clocks just before the request was sent */
};

/* Takes note of the answer to a write of ours. */
void ps_lease_wrote(struct ps_lease_state *state, const struct ps_lease_timing *timing,
                    const struct ps_lease_identity *identity, const struct ps_lease_answer *answer,
                    const struct ps_lease_now *now);

/* True only while writes are allowed; ask with the present clocks right before each of them. */
bool ps_lease_is_leader(const struct ps_lease_state *state, const struct ps_lease_now *now);

/* RFC 3339 in UTC with microseconds (MicroTime of the Kubernetes API); years 0000 to 9999. */
void ps_micro_time_format(int64_t wall_us, char ret_text[PS_MICRO_TIME_BYTES]);
