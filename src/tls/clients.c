/* SPDX-License-Identifier: Apache-2.0 */
#include "clients.h"

#include "openssl_error.h"
#include "pem.h"
#include "x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdio.h>

#define SUBJECT_BYTES 160 /* what the log shows of a subject */

static void store_clear(X509_STORE **store)
{
    X509_STORE_free(*store);
    *store = NULL;
}

/* Takes every certificate of bio into store; *ret_count of them. */
static struct ps_status add_all(BIO *bio, X509_STORE *store, int *ret_count, struct ps_error *err)
{
    for (*ret_count = 0;; (*ret_count)++) {
        X509 *next PS_CLEANUP(ps_x509_clear) = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (next == NULL && ps_pem_is_end()) {
            ERR_clear_error();
            return ps_success();
        }
        if (next == NULL) {
            return ps_fail(err, PS_CODE_INPUT, "certificate %d is damaged: %s", *ret_count + 1,
                           ps_openssl_reason());
        }
        if (X509_STORE_add_cert(store, next) != 1) {
            return ps_fail(err, PS_CODE_INPUT, "certificate %d cannot be used: %s", *ret_count + 1,
                           ps_openssl_reason());
        }
    }
}

struct ps_status ps_clients_read(struct ps_str pem, X509_STORE **ret_trust, struct ps_error *err)
{
    ERR_clear_error();
    int count = 0;
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(pem);
    X509_STORE *store PS_CLEANUP(store_clear) = X509_STORE_new();
    if (bio == NULL || store == NULL ||
        X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN) != 1) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for the certificates");
    }
    PS_TRY(add_all(bio, store, &count, err));
    if (count == 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "there is no PEM certificate in it ('-----BEGIN CERTIFICATE-----')");
    }
    *ret_trust = store;
    store = NULL;
    return ps_success();
}

/* Whole elements are compared, byte by byte: a name within a name, or with a NUL in it, is none. */
static bool is_listed(struct ps_str names, struct ps_str name)
{
    struct ps_str one;
    while (ps_str_split(&names, ',', &one)) {
        if (name.len > 0 && ps_str_equal(ps_str_trim(one), name)) {
            return true;
        }
    }
    return false;
}

static bool is_text_listed(struct ps_str names, const ASN1_STRING *text)
{
    unsigned char *bytes = NULL;
    int len = ASN1_STRING_to_UTF8(&bytes, text);
    bool listed = len > 0 && is_listed(names, (struct ps_str){(const char *)bytes, (size_t)len});
    OPENSSL_free(bytes);
    return listed;
}

static bool is_common_name_listed(struct ps_str names, const X509 *leaf)
{
    const X509_NAME *subject = X509_get_subject_name(leaf);
    int at = -1;
    while ((at = X509_NAME_get_index_by_NID(subject, NID_commonName, at)) >= 0) {
        if (is_text_listed(names, X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)))) {
            return true;
        }
    }
    return false;
}

static bool is_alternative_listed(struct ps_str names, const X509 *leaf)
{
    GENERAL_NAMES *all = X509_get_ext_d2i(leaf, NID_subject_alt_name, NULL, NULL);
    bool listed = false;
    for (int i = 0; i < sk_GENERAL_NAME_num(all) && !listed; i++) {
        const GENERAL_NAME *one = sk_GENERAL_NAME_value(all, i);
        if (one->type == GEN_DNS || one->type == GEN_URI || one->type == GEN_EMAIL) {
            listed = is_text_listed(names, one->d.ia5);
        }
    }
    GENERAL_NAMES_free(all);
    return listed;
}

static void tell(X509_STORE_CTX *check, const char *why)
{
    SSL *session = X509_STORE_CTX_get_ex_data(check, SSL_get_ex_data_X509_STORE_CTX_idx());
    struct ps_tls_failure *note = SSL_get_app_data(session);
    char subject[SUBJECT_BYTES] = "";
    (void)X509_NAME_oneline(X509_get_subject_name(X509_STORE_CTX_get0_cert(check)), subject,
                            (int)sizeof(subject));
    if (note != NULL) {
        (void)snprintf(note->cause, sizeof(note->cause), "the client's certificate '%s': %s",
                       subject, why);
    }
}

/* Instead of X509_verify_cert(): the chain first, then the name. */
static int judge(X509_STORE_CTX *check, void *arg)
{
    const struct ps_str *names = arg;
    const X509 *leaf = X509_STORE_CTX_get0_cert(check);
    if (X509_verify_cert(check) <= 0) {
        tell(check, X509_verify_cert_error_string(X509_STORE_CTX_get_error(check)));
        return 0;
    }
    if (names->len == 0 || is_common_name_listed(*names, leaf) ||
        is_alternative_listed(*names, leaf)) {
        return 1;
    }
    X509_STORE_CTX_set_error(check, X509_V_ERR_HOSTNAME_MISMATCH); /* alert bad_certificate */
    tell(check, "none of its names is in 'client-names'");
    return 0;
}

/*
 * No names of CAs are sent along: a Go client that has no certificate of one of them would send
 * none at all, and the log could not say which one was wrong.
 */
void ps_clients_demand(SSL_CTX *context, X509_STORE *trust, const struct ps_str *names)
{
    if (trust != NULL) {
        (void)SSL_CTX_set1_verify_cert_store(context, trust);
    }
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    SSL_CTX_set_cert_verify_callback(context, judge, (void *)(uintptr_t)names);
}

void ps_clients_note(SSL *session, struct ps_tls_failure *note)
{
    SSL_set_app_data(session, note);
}
