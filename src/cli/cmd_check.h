/* SPDX-License-Identifier: Apache-2.0 */
/*
 * `portside check`: rows of facts, each with how it is and what to do about it. Nothing is written:
 * the proof that all parts work together is a StatefulSet that the webhook must refuse, as a dry
 * run.
 */
#pragma once

#include "portside/cli.h"
#include "portside/kube.h"

#define PS_CHECKUP_ROWS_MAX 48U
#define PS_CHECKUP_NAME_BYTES 254U
#define PS_CHECKUP_SAYS_BYTES 1200U
#define PS_CHECKUP_CURE_BYTES 480U

enum ps_checkup_result {
    PS_CHECKUP_OK = 0,
    PS_CHECKUP_FAILED,
    PS_CHECKUP_UNKNOWN, /* it could not be seen, and need not be wrong */
};

struct ps_checkup_row {
    enum ps_checkup_result result;
    const char *about; /* static */
    char says[PS_CHECKUP_SAYS_BYTES];
    char cure[PS_CHECKUP_CURE_BYTES]; /* "": none is needed */
};

/* One run of the command. */
struct ps_checkup {
    const struct ps_cli *cli;
    struct ps_arena *arena;
    struct ps_kube *kube;
    const char *server;  /* where the API server is, for people */
    struct ps_str space; /* to look at and to try in; empty: all that are labelled */
    struct ps_str home;  /* of portside; empty: as its registration says */
    struct ps_str registration;
    struct ps_str secret;
    bool json;

    char home_found[PS_CHECKUP_NAME_BYTES];
    char trial[PS_CHECKUP_NAME_BYTES]; /* a namespace that is asked about; "": there is none */
    bool silent;                       /* the API server does not answer */
    size_t count;
    size_t more; /* rows that had no room */
    struct ps_checkup_row rows[PS_CHECKUP_ROWS_MAX];
};

/* The whole work; the result is the exit code. */
int ps_checkup_run(struct ps_checkup *check);

/* Adds a row; says is formatted, and cut if it is long. cure may be NULL. */
void ps_checkup_tell(struct ps_checkup *check, enum ps_checkup_result result, const char *about,
                     const char *cure, const char *says, ...) PS_PRINTF(5, 6);
/* Puts another cure, of names, to the last row. */
void ps_checkup_cure(struct ps_checkup *check, const char *cure, ...) PS_PRINTF(2, 3);

/* How a request ended. */
struct ps_checkup_answer {
    enum ps_kube_outcome outcome;
    char words[PS_CHECKUP_SAYS_BYTES]; /* what the API server said, or why it did not */
};

/* Called with each page of the answer. */
typedef void (*ps_checkup_read)(void *arg, const struct ps_json *object);

/* Sends a request and waits for its end; read may be NULL. */
struct ps_checkup_answer ps_checkup_ask(struct ps_checkup *check,
                                        const struct ps_kube_request *like, ps_checkup_read read,
                                        void *arg);

/* The namespace of portside, if it is known by now; else empty. */
struct ps_str ps_checkup_home(const struct ps_checkup *check);

/* The rows, in this order; each adds what it finds. */
void ps_checkup_server(struct ps_checkup *check);
void ps_checkup_registration(struct ps_checkup *check);
void ps_checkup_certificate(struct ps_checkup *check);
void ps_checkup_lease(struct ps_checkup *check);
void ps_checkup_namespaces(struct ps_checkup *check);
void ps_checkup_trial(struct ps_checkup *check);
void ps_checkup_findings(struct ps_checkup *check);

/* For people. */
void ps_checkup_show(const struct ps_checkup *check, const struct ps_term *term);
/* As one JSON document on a line. Inside ps_arena_run(). */
struct ps_str ps_checkup_json(const struct ps_checkup *check);
