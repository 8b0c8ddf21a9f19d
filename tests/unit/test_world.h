/* SPDX-License-Identifier: Apache-2.0 */
/*
 * An API server that keeps what it is sent, for the controller: objects, versions, uids, watches,
 * preconditions, node ports, on clocks of its own, so that minutes pass in no time. It can be told
 * to fail. Every node port and every endpoint that it is given must stay what it was: it ends the
 * test if a Service of the same name gets another port, or a pod another endpoint.
 */
#pragma once

#include "portside/controller.h"

struct ps_world;

enum ps_fault_kind {
    PS_FAULT_ANSWER = 1, /* status, body and retry_after_ms instead of doing it */
    PS_FAULT_REFUSE,     /* no connection; watches that are open break at from_ms */
    PS_FAULT_LOSE,       /* it is done, but the answer does not arrive */
    PS_FAULT_HANG,       /* it is not done, and nothing arrives */
    PS_FAULT_CUT,        /* a watch breaks in the middle of its next line */
    PS_FAULT_PAGE,       /* a list of which this is not the last page */
    PS_FAULT_RUN,        /* run(), then it is done */
};

struct ps_fault {
    enum ps_fault_kind kind;
    uint64_t from_ms; /* since the beginning */
    uint64_t until_ms;
    const char *method; /* NULL: any */
    const char *path;   /* a part of it, with its query; NULL: any */
    unsigned times;     /* 0: always */
    int status;
    uint64_t retry_after_ms;
    const char *body;
    void (*run)(struct ps_world *world);
};

/* Something that happens at a time. */
struct ps_step {
    uint64_t at_ms;
    void (*run)(struct ps_world *world);
};

/* A world with a controller; faults and steps (each list ends with zeros) are borrowed. */
struct ps_world *ps_world_begin(const struct ps_fault *faults, const struct ps_step *steps,
                                const struct ps_step *more_steps);

/* Makes or changes an object, as a person would: text without uid and resourceVersion. */
void ps_world_put(struct ps_world *world, const char *path, const char *text);
/* The same, but as a new one of that name. */
void ps_world_replace(struct ps_world *world, const char *path, const char *text);
void ps_world_delete(struct ps_world *world, const char *path);
/* NULL if there is none. */
const char *ps_world_get(const struct ps_world *world, const char *path);

/* Forgets the history: who follows it from before has to list again (410). */
void ps_world_compact(struct ps_world *world);
/* The clocks of the machine that the controller runs on go on by so much. */
void ps_world_jump(struct ps_world *world, uint64_t mono_ms, int64_t wall_ms);
/* From now on (true) every write but those of Leases ends the test. */
void ps_world_forbid_writes(struct ps_world *world, bool on);
uint64_t ps_world_now_ms(const struct ps_world *world);

/* Turns until so many milliseconds have passed since the beginning. */
void ps_world_run(struct ps_world *world, uint64_t until_ms);

/*
 * All objects but Leases, Events, and those whose name begins with "x-", sorted, without uid and
 * versions (owned).
 */
char *ps_world_dump(const struct ps_world *world);
/* The different writes to pods and Services that went well, sorted (owned). */
char *ps_world_writes(const struct ps_world *world);
/* How many requests a fault has met. */
unsigned ps_world_met(const struct ps_world *world, size_t fault);
/* The value of a metric without labels; -1: it is not shown. */
long ps_world_metric(const struct ps_world *world, const char *name);
/* How many requests there were. */
size_t ps_world_requests(const struct ps_world *world);

void ps_world_end(struct ps_world *world);
