/* SPDX-License-Identifier: Apache-2.0 */
/* What PEM text holds that somebody else may have written. */
#include "portside/tls_issue.h"

#include "clients.h"
#include "judge.h"
#include "openssl_error.h"
#include "pem.h"
#include "portside/heap.h"
#include "x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define CHAIN_MAX 16 /* as in context.c */

static X509 *read_first(struct ps_str pem)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(pem);
    return bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
}

static bool covers_all(X509 *leaf, const struct ps_tls_names *names)
{
    for (size_t i = 0; names != NULL && i < names->count; i++) {
        if (!ps_judge_covers(leaf, names->list[i], X509_CHECK_FLAG_NO_WILDCARDS)) {
            return false;
        }
    }
    return true;
}

static void write_serial(const X509 *certificate, char ret_text[PS_TLS_SERIAL_BYTES])
{
    const ASN1_INTEGER *serial = X509_get0_serialNumber(certificate);
    const unsigned char *bytes = ASN1_STRING_get0_data(serial);
    int len = ASN1_STRING_length(serial);
    size_t used = 0;
    ret_text[0] = '\0';
    for (int i = 0; i < len && used + 3 <= PS_TLS_SERIAL_BYTES; i++) {
        used += (size_t)snprintf(ret_text + used, PS_TLS_SERIAL_BYTES - used, "%02x", bytes[i]);
    }
}

static struct ps_status describe(X509 *certificate, const struct ps_tls_names *names,
                                 struct ps_tls_facts *ret_facts, struct ps_error *err)
{
    unsigned int len = 0;
    *ret_facts = (struct ps_tls_facts){
        .validity = {ps_x509_seconds(X509_get0_notBefore(certificate)),
                     ps_x509_seconds(X509_get0_notAfter(certificate))},
        .is_ca = X509_check_ca(certificate) == 1,
        .covers = covers_all(certificate, names),
    };
    write_serial(certificate, ret_facts->serial);
    bool digested = X509_digest(certificate, EVP_sha256(), ret_facts->digest, &len) == 1;
    ERR_clear_error();
    return digested ? ps_success()
                    : ps_fail(err, PS_CODE_INTERNAL, "the certificate has no fingerprint");
}

static struct ps_status check_kind(EVP_PKEY *key, struct ps_error *err)
{
    char group[32] = "";
    size_t len = 0;
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    if (key != NULL && EVP_PKEY_get_group_name(key, group, sizeof(group), &len) == 1 &&
        ps_str_is(ps_str_of(group), "prime256v1")) {
        return ps_success();
    }
    ERR_clear_error();
    return ps_fail(err, PS_CODE_INPUT, "the key is %s%s%s, not ECDSA P-256",
                   type == NULL ? "of an unknown kind" : type, group[0] == '\0' ? "" : " ", group);
}

struct ps_status ps_tls_inspect(struct ps_str cert_pem, struct ps_str key_pem,
                                const struct ps_tls_names *names, struct ps_tls_facts *ret_facts,
                                struct ps_error *err)
{
    ERR_clear_error();
    X509 *certificate PS_CLEANUP(ps_x509_clear) = read_first(cert_pem);
    EVP_PKEY *key PS_CLEANUP(ps_key_clear) = NULL;
    if (certificate == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "there is no PEM certificate in it: %s",
                       ps_openssl_reason());
    }
    PS_TRY(ps_pem_read_key(key_pem, certificate, &key, err));
    PS_TRY(check_kind(X509_get0_pubkey(certificate), err));
    if (X509_check_private_key(certificate, key) != 1) {
        ERR_clear_error();
        return ps_fail(err, PS_CODE_INPUT, "the private key does not belong to the certificate");
    }
    return describe(certificate, names, ret_facts, err);
}

static struct ps_status add_member(X509 *certificate, struct ps_tls_member *ret_member,
                                   struct ps_error *err)
{
    struct ps_tls_member member = {0};
    PS_TRY(describe(certificate, NULL, &member.facts, err));
    member.pem = ps_x509_text(certificate);
    if (member.pem == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for a certificate");
    }
    *ret_member = member;
    return ps_success();
}

struct ps_status ps_tls_read_bundle(struct ps_str text, size_t max,
                                    struct ps_tls_member *ret_members, size_t *ret_count,
                                    struct ps_error *err)
{
    ERR_clear_error();
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(text);
    *ret_count = 0;
    if (bio == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for the certificates");
    }
    for (;;) {
        X509 *next PS_CLEANUP(ps_x509_clear) = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (next == NULL && ps_pem_is_end()) {
            ERR_clear_error();
            return ps_success();
        }
        if (next == NULL) {
            return ps_fail(err, PS_CODE_INPUT, "certificate %zu is damaged: %s", *ret_count + 1,
                           ps_openssl_reason());
        }
        if (*ret_count == max) {
            return ps_fail(err, PS_CODE_INPUT, "there are more than %zu certificates", max);
        }
        PS_TRY(add_member(next, &ret_members[*ret_count], err));
        (*ret_count)++;
    }
}

bool ps_tls_is_issuer(struct ps_str ca_pem, struct ps_str leaf_pem)
{
    X509 *ca PS_CLEANUP(ps_x509_clear) = read_first(ca_pem);
    X509 *leaf PS_CLEANUP(ps_x509_clear) = read_first(leaf_pem);
    bool issued = ca != NULL && leaf != NULL && X509_check_ca(ca) == 1 &&
                  X509_check_issued(ca, leaf) == X509_V_OK &&
                  X509_verify(leaf, X509_get0_pubkey(ca)) == 1;
    ERR_clear_error();
    return issued;
}

/* What follows the first certificate. */
static STACK_OF(X509) * read_rest(struct ps_str pem)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(pem);
    STACK_OF(X509) *rest = sk_X509_new_null();
    X509 *next = bio == NULL || rest == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    X509_free(next); /* the first */
    while (next != NULL && sk_X509_num(rest) < CHAIN_MAX &&
           (next = PEM_read_bio_X509(bio, NULL, NULL, NULL)) != NULL) {
        if (sk_X509_push(rest, next) == 0) {
            X509_free(next);
        }
    }
    return rest;
}

static bool verifies(X509_STORE *trust, X509 *leaf, STACK_OF(X509) * rest)
{
    X509_STORE_CTX *check = X509_STORE_CTX_new();
    bool good = check != NULL && X509_STORE_CTX_init(check, trust, leaf, rest) == 1;
    if (good) {
        X509_STORE_CTX_set_flags(check, X509_V_FLAG_NO_CHECK_TIME);
        good = X509_verify_cert(check) == 1;
    }
    X509_STORE_CTX_free(check);
    return good;
}

bool ps_tls_vouches(struct ps_str ca_pem, struct ps_str chain_pem)
{
    X509 *leaf PS_CLEANUP(ps_x509_clear) = read_first(chain_pem);
    STACK_OF(X509) *rest = read_rest(chain_pem);
    X509_STORE *trust = NULL;
    struct ps_error err;
    bool good = leaf != NULL && rest != NULL && ps_ok(ps_clients_read(ca_pem, &trust, &err)) &&
                verifies(trust, leaf, rest);
    X509_STORE_free(trust);
    sk_X509_pop_free(rest, X509_free);
    ERR_clear_error();
    return good;
}
