/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Making certificates and looking into them: a certificate authority (CA), leaves that it signs,
 * and what PEM text that came from elsewhere really holds. All keys are ECDSA P-256, serial numbers
 * are random, signatures use SHA-256. Nothing here is kept; times are arguments, in seconds since
 * 1970.
 */
#pragma once

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "portside/attr.h"
#include "portside/error.h"
#include "portside/str.h"

#define PS_TLS_DIGEST_BYTES 32U
/* Hexadecimal text of a serial number (at most 20 bytes, RFC 5280 section 4.1.2.2) and a NUL. */
#define PS_TLS_SERIAL_BYTES 41U

/* A certificate and its key as PEM, NUL-terminated; owned. Zero is empty. */
struct ps_tls_pair {
    char *cert_pem;
    char *key_pem;
};

/* Overwrites and frees what pair holds; it is empty then. */
void ps_tls_pair_clear(struct ps_tls_pair *pair);

struct ps_tls_validity {
    int64_t not_before_s;
    int64_t not_after_s;
};

/* DNS names and IP addresses as text; borrowed. */
struct ps_tls_names {
    const struct ps_str *list;
    size_t count;
};

/*
 * A new CA that may sign leaves only. Fails with PS_CODE_INTERNAL. ret_pair is owned: see
 * ps_tls_pair_clear().
 */
struct ps_status ps_tls_make_ca(const struct ps_tls_validity *validity,
                                struct ps_tls_pair *ret_pair, struct ps_error *err) PS_MUST_USE;

/*
 * A new server certificate for names, signed by ca. Fails with PS_CODE_INPUT if a name is neither a
 * DNS name nor an IP address, there is none, or ca cannot sign.
 */
struct ps_status ps_tls_make_leaf(const struct ps_tls_pair *ca, const struct ps_tls_names *names,
                                  const struct ps_tls_validity *validity,
                                  struct ps_tls_pair *ret_pair, struct ps_error *err) PS_MUST_USE;

/* What a certificate says. */
struct ps_tls_facts {
    unsigned char digest[PS_TLS_DIGEST_BYTES]; /* SHA-256 of its DER form */
    char serial[PS_TLS_SERIAL_BYTES];
    struct ps_tls_validity validity;
    bool is_ca;  /* it may sign others */
    bool covers; /* it is valid for all names that were asked for */
};

/*
 * Looks at a pair: the first certificate of cert_pem, which must be ECDSA P-256, and key_pem, which
 * must belong to it. Fails with PS_CODE_INPUT and says what is wrong. names may be NULL: none are
 * asked for. What the certificate says of its dates is not judged.
 */
struct ps_status ps_tls_inspect(struct ps_str cert_pem, struct ps_str key_pem,
                                const struct ps_tls_names *names, struct ps_tls_facts *ret_facts,
                                struct ps_error *err) PS_MUST_USE;

/* One certificate of a bundle. */
struct ps_tls_member {
    char *pem; /* without anything around it; owned */
    struct ps_tls_facts facts;
};

/*
 * The certificates in text, at most max of them. Fails with PS_CODE_INPUT at the first that is
 * damaged, or if there are more; what stands before it is then in ret_members all the same. Each
 * member's pem is to be freed by ps_heap_free().
 */
struct ps_status ps_tls_read_bundle(struct ps_str text, size_t max,
                                    struct ps_tls_member *ret_members, size_t *ret_count,
                                    struct ps_error *err) PS_MUST_USE;

/*
 * True if who trusts the certificates of ca_pem trusts the first one of chain_pem, by what follows
 * it there. Neither dates nor names are judged.
 */
bool ps_tls_vouches(struct ps_str ca_pem, struct ps_str chain_pem);

/* True if the first certificate of leaf_pem was signed by that of ca_pem, which may sign. */
bool ps_tls_is_issuer(struct ps_str ca_pem, struct ps_str leaf_pem);
