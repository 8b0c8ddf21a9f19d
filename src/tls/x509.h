/* SPDX-License-Identifier: Apache-2.0 */
/* Small helpers around X.509 structures. */
#pragma once

#include <openssl/x509.h>
#include <stdint.h>

/* For PS_CLEANUP. */
void ps_x509_clear(X509 **certificate);
void ps_key_clear(EVP_PKEY **key);

/* Seconds since 1970; 0 if time is damaged. */
int64_t ps_x509_seconds(const ASN1_TIME *time);

/* PEM text of certificate, NUL-terminated (owned: ps_heap_free()); NULL if there is no memory. */
char *ps_x509_text(X509 *certificate);
/* PKCS #8 in PEM; to be overwritten before it is freed. */
char *ps_key_text(EVP_PKEY *key);
