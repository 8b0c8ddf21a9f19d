/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The product: bytes of an AdmissionReview in, bytes of the answer out.
 *
 * No I/O, no clock, no globals, no memory but the arena's. The HTTPS server, `portside review`, the
 * goldens, the benchmarks and the fuzzers all call ps_admit().
 */
#pragma once

#include "portside/arena.h"
#include "portside/config.h"
#include "portside/str.h"
#include "portside/verdict.h"

/* Bytes of arena for each byte of request: a parsed review takes about eight times its text. */
#define PS_ADMIT_ARENA_PER_BYTE 16U

struct ps_admission {
    /* HTTP: 200 with an AdmissionReview in body, or 4xx/500 with a line of text in body. */
    int http_status;
    struct ps_str content_type;
    struct ps_str body;

    /* What was decided, for log, metrics and `portside review`. Empty where not known. */
    enum ps_verdict verdict;
    enum ps_reason reason;
    struct ps_str reason_text; /* one sentence for a person */
    struct ps_str family;      /* "apache", "cp-kafka", …; empty unless a broker was seen */
    struct ps_str delivery;    /* "env", "hook" or empty */
    struct ps_str uid;
    struct ps_str operation;
    struct ps_str kind;
    struct ps_str namespace_name;
    struct ps_str name;
    bool dry_run;
    struct ps_str patch; /* JSON array of operations; empty if there is none */
    size_t warning_count;
    const struct ps_str *warnings;
};

/*
 * Decides one review. Never fails: what goes wrong is an answer too (400 for a bad request, 413 if
 * the arena's limit is reached, 500 if a promise of our own is broken). *ret_admission looks into
 * arena and request: valid until the arena is reset. The arena is not reset in here.
 * Thread-safe for different arenas; policy is only read.
 */
void ps_admit(const struct ps_policy *policy, struct ps_arena *arena, struct ps_str request,
              struct ps_admission *ret_admission);
