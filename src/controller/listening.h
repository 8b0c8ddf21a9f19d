/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The listening check: whether brokers answer on their listener ports, as the leader sees it.
 *
 * A plan asks for each listener of each pod, and is told what is known; what it does not ask for
 * any more is forgotten. When something changes, the StatefulSet is planned again.
 *
 * A refusal is believed the second time, and not before the container has run for a while: a broker
 * takes its time to start, and a pod without readiness probe is ready from the beginning. What was
 * known when another replica led is taken over.
 */
#pragma once

#include "control.h"

#define PS_CHECK_ADDRESSES 2U

/* One listener of one pod; views are copied. */
struct ps_check_wish {
    struct ps_set *set;
    struct ps_str pod_uid;
    uint16_t port;
    bool ready;                                  /* the pod is, and its broker's container runs */
    struct ps_str addresses[PS_CHECK_ADDRESSES]; /* of the pod; empty: no further one */
    struct ps_str container;                     /* id of the broker's container */
    uint64_t age_ms;                             /* for how long it has run */
    bool doubtful;            /* a refusal may come from somebody else than the broker */
    enum ps_listening before; /* as the status tells it; read if the listener is not known yet */
};

struct ps_check_result {
    enum ps_listening listening;
    bool again; /* it answers after it had refused; said once */
};

/* Inside or outside of ps_arena_run(); never fails. */
struct ps_check_result ps_check_ask(struct ps_controller *controller,
                                    const struct ps_check_wish *wish);

/* False if nothing has been found out for it yet: wish->before is taken then. */
bool ps_check_is_known(const struct ps_check_wish *wish);

/* Begins a plan of the StatefulSet, or ends it: what it did not ask for is forgotten. */
void ps_checks_begin(const struct ps_set *set);
void ps_checks_end(struct ps_controller *controller, struct ps_set *set);

/* Takes answers and dials what is due. */
void ps_checks_turn(struct ps_controller *controller);

/* When the next turn is due at the latest. */
uint64_t ps_checks_due_ms(const struct ps_controller *controller);

/* Forgets those of set, or all. */
void ps_checks_forget(struct ps_controller *controller, struct ps_set *set);
void ps_checks_forget_all(struct ps_controller *controller);
