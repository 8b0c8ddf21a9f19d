/* SPDX-License-Identifier: Apache-2.0 */
/*
 * A small world for the certificate step: one Secret, one webhook configuration, replicas that see
 * them late and whose writes land late or never, API servers that go by a caBundle late.
 * Certificates are numbers.
 */
#pragma once

#include "portside/cert_step.h"

#define REPLICAS 3U
#define SERVERS 2U
#define CERTS_MAX 4096U
#define HISTORY 64U
#define MS 1000U

/* What is known of a certificate, by its number; 0 is none. */
struct cert {
    unsigned issuer; /* its own number: a CA */
    struct ps_cert_span span;
};

struct secret {
    unsigned version;
    bool present;
    unsigned ca;
    bool ca_key;
    unsigned leaf;
    bool leaf_key;
    unsigned previous[PS_CERT_SET_MAX];
    size_t previous_count;
    int64_t until_s;
};

struct config {
    unsigned version;
    uint64_t at_ms;
    bool present;
    bool ours; /* written by a replica, not by a person */
    unsigned list[PS_CERT_SET_MAX];
    size_t count;
};

/* A write on its way. */
struct flight {
    bool used;
    uint64_t lands_ms;
    bool is_secret;
    struct secret secret;
    struct config config;
    unsigned version; /* that it presumes */
};

/* Where a replica has its certificate from. */
enum mode {
    MANAGED = 0,
    FILES,        /* it looks after nothing */
    FILES_AND_CA, /* it publishes the CA of what it serves */
};

struct replica {
    enum mode mode;
    struct ps_cert_state state;
    unsigned served;
    bool hasty;           /* it had nothing to serve, and waited in vain for the caBundle */
    struct secret secret; /* as it sees it */
    struct config config;
    uint64_t read_ms;
    uint64_t seen_ms;
    uint64_t deaf_until_ms; /* its watches stand still */
    struct flight flights[2];
};

struct world {
    uint64_t random;
    uint64_t mono_ms;
    int64_t wall_s;
    struct cert certs[CERTS_MAX];
    unsigned cert_count;
    struct secret secret;
    struct config config;
    struct config history[HISTORY]; /* the newest at [changes % HISTORY] */
    unsigned changes;
    struct config seen[SERVERS]; /* by the API servers */
    struct replica replicas[REPLICAS];
    size_t leader;      /* REPLICAS: none */
    uint64_t calm_ms;   /* the last fault */
    struct secret copy; /* of the Secret, as people keep one */
    unsigned checks;
    unsigned rotations;
    unsigned renewals;
    unsigned faults;
};

/* A random number below sides. */
uint64_t dice(struct world *world, uint64_t sides);
bool is_in(const unsigned *list, size_t count, unsigned number);
/* Whatever is written comes in a new version, and is looked at closely. */
void put_config(struct world *world, const struct config *config);
void put_secret(struct world *world, const struct secret *secret);
/* By issuer 0: a CA. */
unsigned make_cert(struct world *world, unsigned issuer, const struct ps_cert_span *span);
/* One moment passes for everybody, time apart. */
void world_act(struct world *world);
/* What each serves verifies against what each API server goes by. */
void world_check(struct world *world);
/* The caBundle holds what the Secret does. */
bool world_is_published(const struct world *world);
