/* SPDX-License-Identifier: Apache-2.0 */
/* What is told and counted of handshakes that failed. */
#pragma once

#include "conn.h"

/* Counts a connection that ended before TLS was set up. */
void ps_handshake_count(struct ps_worker *worker, enum ps_tls_failure_kind kind);

/* Counts it, logs why, and tells a client of plain HTTP. */
void ps_handshake_failed(struct ps_conn *conn, const struct ps_tls_failure *failure);
