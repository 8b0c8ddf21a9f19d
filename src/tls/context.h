/* SPDX-License-Identifier: Apache-2.0 */
#pragma once

#include <openssl/ssl.h>

#include "portside/error.h"

/* Another context (owned) with the pair of like, and nothing of what else was set there. */
struct ps_status ps_context_again(SSL_CTX *like, SSL_CTX **ret_context,
                                  struct ps_error *err) PS_MUST_USE;
