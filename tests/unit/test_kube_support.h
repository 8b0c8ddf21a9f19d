/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API server that follows a script, on a clock of its own: waiting costs no time. Each request
 * takes the next step of the script; a step that names another request fails the test.
 */
#pragma once

#include "portside/kube.h"

struct ps_script_step {
    const char *expect; /* "GET /api/v1/pods…": how method and path begin; a '*' ends it */
    const char *has;    /* also somewhere in method, path and body; NULL */
    int status;
    uint64_t retry_after_ms;
    const char *body;
    struct ps_str bytes;  /* instead of body, if it has NULs or is large */
    const char *error;    /* breaks off after the body */
    bool hangs;           /* never ends by itself */
    uint64_t delay_ms;    /* before its first byte */
    size_t chunk;         /* bytes at a time; 0: all at once */
    uint64_t every_ms;    /* between two chunks */
    const char *no_begin; /* begin fails with this */
};

struct ps_script;

/* Steps of a table whose last one has no expect. */
size_t ps_script_count(const struct ps_script_step *steps);
/* A script of count steps and its client; freed by ps_script_end(). */
struct ps_script *ps_script_begin(const struct ps_script_step *steps, size_t count,
                                  unsigned in_flight_max);
struct ps_kube *ps_script_kube(struct ps_script *script);
uint64_t ps_script_now_ms(const struct ps_script *script);
/* When step i was begun; fails if it was not. */
uint64_t ps_script_begun_ms(const struct ps_script *script, size_t i);
/* Transfers that hang now. */
size_t ps_script_open(const struct ps_script *script);

/* Turns until the script's clock shows ms. */
void ps_script_run(struct ps_script *script, uint64_t until_ms);

/* Fails unless every step was taken; frees all. */
void ps_script_end(struct ps_script *script);
