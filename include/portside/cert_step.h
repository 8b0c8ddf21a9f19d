/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Self-managed certificates: a pure step function.
 *
 * One Secret holds the certificate authority (CA) that signs, the leaf that all replicas serve, and
 * the CAs before it ("previous") whose leaves may still be in service. The caBundle of each webhook
 * configuration of ours holds the CA and the previous ones. Each replica decides for itself what it
 * serves. The promise: at each moment the leaf in service verifies against all caBundles that an
 * API server may still go by. It is kept by the order of things:
 *
 *   - a new CA is written into the Secret first, then into all caBundles; a leaf of it is made, and
 *     served, only when it has stood there for the propagation time;
 *   - a CA leaves the Secret, and then the caBundles, when its last leaf has expired;
 *   - before a CA is taken out of a caBundle the Secret is read again, so that a view that lags
 *     behind cannot take out what another leader has just put in;
 *   - a Secret that was deleted, damaged or restored from a copy is mended around what is served;
 *   - a CA that one who begins finds in the caBundles, and the Secret does not know, may be that of
 *     pods that serve certificates of another mode: it becomes a previous one, and goes as they do.
 *
 * Where nothing else is trusted there is nothing to protect, and the quickest way is taken.
 *
 * The leader writes, so that not all do. None of the above rests on there being one at most: each
 * write holds only for the version that was seen. So one who serves nothing does not wait for ever
 * for a leader that may be of another mode, and make no certificates: what nobody else has written
 * after a while it writes itself, until it serves. A leader of another mode that publishes CAs of
 * its own (given) leaves those that turn up beside them alone for as long as any rollout lasts.
 *
 * The loop of the caller: facts → ps_cert_step() → perform what the plan says; step again when a
 * fact changes, a write is answered, or deadline_mono_ms comes. Durations count on the monotonic
 * clock, dates of certificates on the wall clock, which is looked at once a minute at least: it
 * goes on while a machine is suspended.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portside/str.h"

/* CAs in one caBundle. */
#define PS_CERT_SET_MAX 8U
/* Webhook configurations that are looked after. */
#define PS_CERT_BUNDLES_MAX 4U

/* SHA-256 of a certificate's DER form; all zero: none. */
struct ps_cert_id {
    unsigned char bytes[32];
};

bool ps_cert_id_equal(const struct ps_cert_id *a, const struct ps_cert_id *b);
bool ps_cert_id_is_none(const struct ps_cert_id *id);

/* Certificates in their order, each once. */
struct ps_cert_set {
    struct ps_cert_id ids[PS_CERT_SET_MAX];
    size_t count;
};

bool ps_cert_set_has(const struct ps_cert_set *set, const struct ps_cert_id *id);
/* Appends id unless it is there or none; false if there is no room. */
bool ps_cert_set_add(struct ps_cert_set *set, const struct ps_cert_id *id);
/* Same certificates in the same order. */
bool ps_cert_set_equal(const struct ps_cert_set *a, const struct ps_cert_set *b);

/* Seconds since 1970. */
struct ps_cert_span {
    int64_t not_before_s;
    int64_t not_after_s;
};

struct ps_cert_leaf {
    bool usable; /* it is readable, its key belongs to it, its issuer is known */
    bool covers; /* all names that are configured */
    struct ps_cert_id id;
    struct ps_cert_id issuer;
    struct ps_cert_span span;
};

/* The Secret as last seen. */
struct ps_cert_secret {
    bool known;           /* it was looked for once; without this nothing else counts */
    bool present;         /* … and was there */
    bool foreign;         /* it is not ours to write */
    bool ca_usable;       /* the CA can sign */
    struct ps_cert_id ca; /* also if only its key is damaged */
    struct ps_cert_span ca_span;
    struct ps_cert_leaf leaf; /* issuer is ca or one of previous, else it is not usable */
    struct ps_cert_set previous;
    int64_t previous_until_s; /* when they may go; 0: not readable */
    uint64_t read_mono_ms;    /* when it was last asked for, other than by a watch */
};

/* The caBundles of one webhook configuration as last seen. */
struct ps_cert_bundle {
    bool known;
    bool present;              /* and has a webhook in it */
    bool neat;                 /* each caBundle is common and nothing else, written as we would */
    struct ps_cert_set common; /* in each of its caBundles */
    struct ps_cert_set any;    /* in any of them */
    uint64_t seen_mono_ms;     /* when it was first seen as it is now */
};

struct ps_cert_facts {
    bool leader;                     /* this replica leads */
    const struct ps_cert_set *given; /* own Secret: only these are published; else NULL */
    struct ps_cert_secret secret;    /* not looked at if given */
    struct ps_cert_leaf served;      /* by this replica */
    struct ps_cert_bundle bundles[PS_CERT_BUNDLES_MAX];
    size_t bundle_count;
    uint64_t mono_ms;
    int64_t wall_s;
};

struct ps_cert_timing {
    int64_t ca_s;            /* life of a CA */
    int64_t leaf_s;          /* life of a leaf */
    int64_t backdate_s;      /* how long before now a life begins: clocks differ */
    uint64_t propagation_ms; /* until each API server goes by a new caBundle */
    uint64_t patience_ms;    /* one who serves nothing waits so long for caBundles at most */
    uint64_t stall_ms;       /* one who serves nothing waits so long for the leader to write */
    uint64_t guest_ms;       /* a CA that turned up beside given ones stays so long */
};

/* 10 years, 7 days, 1 hour, 30 s, 40 s, 5 s, 1 day. */
struct ps_cert_timing ps_cert_timing_default(void);

/* What is remembered between steps. Plain data; zero is the state before anything. */
struct ps_cert_state {
    bool started;
    uint64_t started_mono_ms;
    struct {
        struct ps_cert_id id;
        uint64_t since_mono_ms; /* in all caBundles without a break */
    } published[PS_CERT_SET_MAX];
    size_t published_count;
    struct {
        struct ps_cert_id id;
        uint64_t since_mono_ms;
    } strangers[PS_CERT_SET_MAX]; /* in caBundles, not ours, and maybe in service */
    size_t stranger_count;
    bool bundles_seen;           /* all of them were known once */
    struct ps_cert_id candidate; /* leaf of the Secret that is not served yet */
    uint64_t candidate_mono_ms;  /* since when */
    bool stalled;                /* something is to be written, by one who does not lead */
    uint64_t stalled_mono_ms;    /* since when */
};

enum ps_cert_write {
    PS_CERT_WRITE_NONE = 0,
    PS_CERT_WRITE_CREATE, /* the Secret is not there */
    PS_CERT_WRITE_UPDATE, /* only in the version that was seen */
};

enum ps_cert_leaf_source {
    PS_CERT_LEAF_KEEP = 0, /* what is in the Secret */
    PS_CERT_LEAF_RESTORE,  /* what this replica serves */
    PS_CERT_LEAF_NEW,      /* made now, by the CA in the Secret or the new one */
    PS_CERT_LEAF_DROP,     /* none: its CA is not trusted, others are; a new one comes later */
};

/* Why the Secret is written; the first that holds. */
enum ps_cert_reason {
    PS_CERT_REASON_NONE = 0,
    PS_CERT_REASON_ABSENT,
    PS_CERT_REASON_CA_DAMAGED,
    PS_CERT_REASON_CA_AGE,
    PS_CERT_REASON_LEAF_DAMAGED,
    PS_CERT_REASON_LEAF_NAMES,
    PS_CERT_REASON_LEAF_AGE,
    PS_CERT_REASON_LEAF_CA, /* the new CA is published now */
    PS_CERT_REASON_LINEAGE, /* a leaf of a CA that the Secret does not know is in service */
    PS_CERT_REASON_RETIRED, /* no leaf of a previous CA can be in service any more */
    PS_CERT_REASONS,
};

/* For the log. */
const char *ps_cert_reason_text(enum ps_cert_reason reason);

/* What is to be done now, in this order. */
struct ps_cert_plan {
    bool serve;  /* put the Secret's leaf into service */
    bool writer; /* this replica writes: what is under way goes on */

    enum ps_cert_write secret;
    enum ps_cert_reason reason;
    bool new_ca;
    enum ps_cert_leaf_source leaf;
    struct ps_cert_span ca_span;   /* of the new CA */
    struct ps_cert_span leaf_span; /* of the new leaf */
    struct ps_cert_set previous;   /* to be in the Secret */
    int64_t previous_until_s;

    bool read_secret; /* ask for the Secret before caBundles can be written */
    struct ps_cert_set bundle;
    bool write_bundle[PS_CERT_BUNDLES_MAX];

    uint64_t deadline_mono_ms; /* step again at this time at the latest */
};

struct ps_cert_plan ps_cert_step(struct ps_cert_state *state, const struct ps_cert_timing *timing,
                                 const struct ps_cert_facts *facts);
