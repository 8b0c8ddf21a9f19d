/* SPDX-License-Identifier: Apache-2.0 */
/* Reading PEM text from memory. */
#pragma once

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <stdbool.h>

#include "portside/error.h"
#include "portside/str.h"

/* A BIO that reads text (borrowed); owned. NULL if there is no memory. */
BIO *ps_pem_open(struct ps_str text);

/* For PS_CLEANUP. */
void ps_pem_close(BIO **bio);

/* True if the error on top only says that there is no further PEM block. */
bool ps_pem_is_end(void);

/*
 * The private key in text (owned: EVP_PKEY_free()), of whatever kind it is; found sooner if it is
 * of the same kind as the certificate's. Fails with PS_CODE_INPUT in words.
 */
struct ps_status ps_pem_read_key(struct ps_str text, const X509 *certificate, EVP_PKEY **ret_key,
                                 struct ps_error *err) PS_MUST_USE;
