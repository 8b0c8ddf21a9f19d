/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Controller: one thread that watches StatefulSets and what surrounds them, and brings Services,
 * endpoints and status to what the planners of the core say. Replicas elect one of them by a Lease;
 * only that one writes. What fails is told in the log and tried again, so nothing is lost.
 */
#pragma once

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "portside/config.h"
#include "portside/error.h"
#include "portside/kube.h"

/* Name of the Lease. */
#define PS_CONTROLLER_LEASE "portside"

struct ps_controller;
struct ps_tls;

/*
 * A controller for the API server that config names; *ret_controller is NULL if config turns it
 * off. Sets libcurl up: to be called before other threads are made. config is borrowed until
 * ps_controller_free().
 */
struct ps_status ps_controller_new(const struct ps_config *config,
                                   struct ps_controller **ret_controller,
                                   struct ps_error *err) PS_MUST_USE;

/* The same on a client of the caller's (owned, freed at once on failure), for tests. */
struct ps_status ps_controller_on(const struct ps_config *config, struct ps_kube *kube,
                                  const char *namespace_name, struct ps_controller **ret_controller,
                                  struct ps_error *err) PS_MUST_USE;

/*
 * Before ps_controller_start(): keeps the certificates, as config says. Managed: in a Secret, from
 * where they come into tls (borrowed until ps_controller_free()); else tls may be NULL, and only
 * the caBundle is kept, if config names a file for it.
 */
struct ps_status ps_controller_certify(struct ps_controller *controller, struct ps_tls *tls,
                                       struct ps_error *err) PS_MUST_USE;

/* Runs it in a thread of its own. */
struct ps_status ps_controller_start(struct ps_controller *controller,
                                     struct ps_error *err) PS_MUST_USE;

/* One turn of the loop in the calling thread, for tests; false once it has left. */
bool ps_controller_turn(struct ps_controller *controller, int timeout_ms);

/*
 * Asks it to end: it stops writing and gives the Lease back, so that another replica goes on at
 * once. Returns without waiting; controller may be NULL. From any thread.
 */
void ps_controller_leave(struct ps_controller *controller);

/* Leaves, waits for the thread, frees controller (may be NULL). */
void ps_controller_free(struct ps_controller *controller);

/* What it counts, in the text format of Prometheus; controller may be NULL. From any thread. */
void ps_controller_write_metrics(const struct ps_controller *controller, FILE *out);
