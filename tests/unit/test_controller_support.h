/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API server for the controller: answers by a table, remembers what it was asked, and lets
 * watches hang. What the table does not know: lists are empty, other reads find nothing, writes are
 * answered with their own body.
 */
#pragma once

#include "portside/controller.h"

struct ps_fake_answer {
    const char *method;
    const char *path; /* how it begins */
    int status;
    const char *body;
    unsigned times; /* 0: always */
};

struct ps_fake;

/* A controller on a server with these answers (borrowed). */
struct ps_fake *ps_fake_begin(const struct ps_fake_answer *answers, size_t count);
struct ps_controller *ps_fake_controller(struct ps_fake *fake);

/* How many requests had this method, a path that begins so, and the text in their body. */
size_t ps_fake_count(const struct ps_fake *fake, const char *method, const char *path,
                     const char *text);

/* Turns until there was such a request; fails after some seconds. */
void ps_fake_wait(struct ps_fake *fake, const char *method, const char *path, const char *text);

/* Turns for so long. */
void ps_fake_run(struct ps_fake *fake, unsigned ms);

void ps_fake_end(struct ps_fake *fake);
