/* SPDX-License-Identifier: Apache-2.0 */
/* Moves bytes between TLS and libmicrohttpd's end of the socket pair. */
#pragma once

#include "conn.h"

/*
 * Moves what can be moved in both directions and sets what epoll watches. May end or close conn.
 */
void ps_pump(struct ps_conn *conn);

/* The same after an event of source: moves only what that can have made possible. */
void ps_pump_event(struct ps_conn *conn, const struct ps_source *source);

/* Frees a held chunk. */
void ps_held_clear(struct ps_held *held);
