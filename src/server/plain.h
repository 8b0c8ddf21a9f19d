/* SPDX-License-Identifier: Apache-2.0 */
/* The plain port: /healthz, /readyz, /metrics. */
#pragma once

#include "worker.h"

struct MHD_Daemon;

/* Serves on the listening socket fd, which it owns, in a thread of its own; NULL if it cannot. */
struct MHD_Daemon *ps_plain_start(struct ps_shared *shared, int fd);

/* Ends that thread; daemon may be NULL. */
void ps_plain_stop(struct MHD_Daemon *daemon);
