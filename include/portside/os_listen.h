/* SPDX-License-Identifier: Apache-2.0 */
/* Listening sockets, and how many descriptors there may be. */
#pragma once

#include <stddef.h>
#include <stdint.h>

#include "portside/error.h"

/* Longest "[address]:port" with its NUL. */
#define PS_ADDRESS_BYTES 64U

/*
 * Opens count sockets (non-blocking, close-on-exec; owned by the caller) that listen on the same
 * address with SO_REUSEPORT. host is a numeric address, a name, or "" for every address (IPv6 and
 * IPv4 where the system has both). Port 0: the system chooses one, the same for all of them. An
 * address that another process listens on is refused, though SO_REUSEPORT would share it.
 * ret_address receives the address bound, as text. Fails with PS_CODE_IO; then none stays open.
 */
struct ps_status ps_listen_open(const char *host, uint16_t port, size_t count, int *ret_fds,
                                char ret_address[PS_ADDRESS_BYTES],
                                struct ps_error *err) PS_MUST_USE;

/* Raises the limit of open descriptors to what the system lets us; the limit that holds then. */
size_t ps_descriptors_raise(void);

/* Processors that this process may use; at least 1. */
size_t ps_processors(void);
