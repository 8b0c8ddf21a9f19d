/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The check of clients' certificates, which happens within the handshake: before it has ended, not
 * one byte of HTTP is read.
 */
#pragma once

#include <openssl/ssl.h>

#include "portside/error.h"
#include "portside/str.h"
#include "portside/tls_session.h"

/*
 * The certificates in pem as trust anchors (owned: X509_STORE_free()), as in Go: one of them may
 * be an intermediate CA. Fails with PS_CODE_INPUT.
 */
struct ps_status ps_clients_read(struct ps_str pem, X509_STORE **ret_trust,
                                 struct ps_error *err) PS_MUST_USE;

/*
 * From now on context demands a certificate for TLS clients that trust vouches for (NULL: nobody
 * is trusted) and that bears one of names, separated by commas (none: any). names is borrowed as
 * long as context lives.
 */
void ps_clients_demand(SSL_CTX *context, X509_STORE *trust, const struct ps_str *names);

/* Before and after SSL_accept(): a certificate that is refused is told to note (borrowed). */
void ps_clients_note(SSL *session, struct ps_tls_failure *note);
