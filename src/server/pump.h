/* SPDX-License-Identifier: Apache-2.0 */
/* Moves bytes between TLS and libmicrohttpd's end of the socket pair. */
#pragma once

#include "conn.h"

/*
 * Moves what can be moved in both directions and sets what epoll watches. May end or close conn.
 */
void ps_pump(struct ps_conn *conn);

/* Frees a held chunk. */
void ps_held_clear(struct ps_held *held);
