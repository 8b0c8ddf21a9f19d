/* SPDX-License-Identifier: Apache-2.0 */
/* The plain port: /healthz, /readyz, /metrics. */
#pragma once

#include "worker.h"

struct ps_plain;

/* Serves on the listening socket fd, which it owns, in a thread of its own; NULL if it cannot. */
struct ps_plain *ps_plain_start(struct ps_shared *shared, int fd);

/*
 * Closes connections that have waited for the end of a request for longer than a header may take:
 * libmicrohttpd itself counts only from the last byte. To be called now and then.
 */
void ps_plain_expire(struct ps_plain *plain);

/* Ends that thread; plain may be NULL. */
void ps_plain_stop(struct ps_plain *plain);
