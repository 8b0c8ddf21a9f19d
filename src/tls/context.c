/* SPDX-License-Identifier: Apache-2.0 */
/* TLS contexts from PEM text. */
#include "portside/tls.h"

#include "context.h"
#include "judge.h"
#include "openssl_error.h"
#include "pem.h"
#include "x509.h"

#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <string.h>

#define CHAIN_MAX 16 /* certificates of one chain; real ones have two or three */

struct pair {
    X509 *leaf;
    STACK_OF(X509) * chain; /* without the leaf */
    EVP_PKEY *key;
};

static void pair_clear(struct pair *pair)
{
    X509_free(pair->leaf);
    sk_X509_pop_free(pair->chain, X509_free);
    EVP_PKEY_free(pair->key);
    *pair = (struct pair){0};
}

static struct ps_status read_chain(BIO *bio, struct pair *pair, struct ps_error *err)
{
    pair->chain = sk_X509_new_null();
    for (int i = 0; pair->chain != NULL && i < CHAIN_MAX; i++) {
        X509 *next = PEM_read_bio_X509(bio, NULL, NULL, NULL);
        if (next == NULL && ps_pem_is_end()) {
            ERR_clear_error();
            return ps_success();
        }
        if (next == NULL) {
            return ps_fail(err, PS_CODE_INPUT, "certificate %d of the chain is damaged: %s", i + 2,
                           ps_openssl_reason());
        }
        if (sk_X509_push(pair->chain, next) == 0) {
            X509_free(next);
            return ps_fail(err, PS_CODE_INTERNAL, "no memory for the certificate chain");
        }
    }
    return ps_fail(err, PS_CODE_INPUT, "the chain has more than %d certificates", CHAIN_MAX);
}

static struct ps_status read_certificates(struct ps_str pem, struct pair *pair,
                                          struct ps_error *err)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(pem);
    if (bio == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for the certificate");
    }
    pair->leaf = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (pair->leaf == NULL && ps_pem_is_end()) {
        ERR_clear_error();
        return ps_fail(err, PS_CODE_INPUT,
                       "there is no PEM certificate in it ('-----BEGIN CERTIFICATE-----')");
    }
    if (pair->leaf == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "the certificate is damaged: %s", ps_openssl_reason());
    }
    return read_chain(bio, pair, err);
}

/*
 * The length-prefixed names that the client offers are searched for http/1.1. Go's API server
 * offers it always; for URLs on localhost together with h2.
 */
static int choose_protocol(SSL *ssl, const unsigned char **ret_name, unsigned char *ret_len,
                           const unsigned char *offered, unsigned int len, void *unused)
{
    static const char http11[] = "http/1.1";
    (void)ssl;
    (void)unused;
    for (unsigned int i = 0; i < len; i += 1U + offered[i]) {
        if (i + 1U + offered[i] > len) {
            break;
        }
        if (offered[i] == sizeof(http11) - 1 &&
            memcmp(offered + i + 1, http11, sizeof(http11) - 1) == 0) {
            *ret_name = offered + i + 1;
            *ret_len = offered[i];
            return SSL_TLSEXT_ERR_OK;
        }
    }
    return SSL_TLSEXT_ERR_ALERT_FATAL;
}

/*
 * No tickets and no session cache: the API server keeps its connections, and a resumed session
 * would outlive a change of the certificate. Released buffers: an idle connection then holds no 34
 * KiB. A partial or moved write is what the pump does when the socket is full. No automatic retry:
 * a read would go on for as long as the client sends key updates, and hold up everybody else.
 */
static void configure(SSL_CTX *context)
{
    (void)SSL_CTX_set_min_proto_version(context, TLS1_2_VERSION);
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_RENEGOTIATION |
                                     SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_COMPRESSION);
    (void)SSL_CTX_set_num_tickets(context, 0);
    (void)SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);
    (void)SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                        SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    (void)SSL_CTX_clear_mode(context, SSL_MODE_AUTO_RETRY);
    SSL_CTX_set_alpn_select_cb(context, choose_protocol, NULL);
}

static struct ps_status make_context(const struct pair *pair, SSL_CTX **ret_context,
                                     struct ps_error *err)
{
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    if (context == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "cannot make a TLS context: %s", ps_openssl_reason());
    }
    configure(context);
    if (SSL_CTX_use_cert_and_key(context, pair->leaf, pair->key, pair->chain, 1) != 1) {
        SSL_CTX_free(context);
        return ps_fail(err, PS_CODE_INPUT, "the certificate cannot be used: %s",
                       ps_openssl_reason());
    }
    *ret_context = context;
    return ps_success();
}

struct ps_status ps_tls_context_new(struct ps_str cert_pem, struct ps_str key_pem,
                                    SSL_CTX **ret_context, int64_t *ret_not_before_s,
                                    int64_t *ret_not_after_s, struct ps_error *err)
{
    ERR_clear_error();
    struct pair pair PS_CLEANUP(pair_clear) = {0};
    if (!ps_ok(read_certificates(cert_pem, &pair, err))) {
        return ps_wrap(err, "certificate file");
    }
    if (!ps_ok(ps_pem_read_key(key_pem, pair.leaf, &pair.key, err))) {
        return ps_wrap(err, "key file");
    }
    PS_TRY(ps_judge_pair(pair.leaf, pair.chain, pair.key, err));
    PS_TRY(make_context(&pair, ret_context, err));
    *ret_not_before_s = ps_x509_seconds(X509_get0_notBefore(pair.leaf));
    *ret_not_after_s = ps_x509_seconds(X509_get0_notAfter(pair.leaf));
    return ps_success();
}

struct ps_status ps_context_again(SSL_CTX *like, SSL_CTX **ret_context, struct ps_error *err)
{
    struct pair pair PS_CLEANUP(pair_clear) = {
        .leaf = SSL_CTX_get0_certificate(like),
        .key = SSL_CTX_get0_privatekey(like),
    };
    STACK_OF(X509) *chain = NULL;
    (void)X509_up_ref(pair.leaf);
    (void)EVP_PKEY_up_ref(pair.key);
    if (SSL_CTX_get0_chain_certs(like, &chain) == 1 && chain != NULL) {
        pair.chain = X509_chain_up_ref(chain);
    }
    return make_context(&pair, ret_context, err);
}

void ps_tls_context_free(SSL_CTX *context)
{
    SSL_CTX_free(context);
}
