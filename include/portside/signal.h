/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Signals as events: they are blocked in every thread and read from a descriptor by one, so that no
 * code ever runs inside a handler.
 */
#pragma once

#include "portside/error.h"

/*
 * Blocks SIGTERM, SIGINT and SIGHUP in the calling thread and in those it makes later, ignores
 * SIGPIPE, and opens a descriptor (non-blocking, close-on-exec; owned) that becomes readable.
 * To be called before the first thread is made.
 */
struct ps_status ps_signal_open(int *ret_fd, struct ps_error *err) PS_MUST_USE;

/* Waits up to timeout_ms (-1: for ever) for a signal; its number, or 0 if none came. */
int ps_signal_wait(int fd, int timeout_ms);
