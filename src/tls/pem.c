/* SPDX-License-Identifier: Apache-2.0 */
#include "pem.h"

#include "openssl_error.h"

#include <limits.h>
#include <openssl/decoder.h>
#include <openssl/err.h>
#include <openssl/pem.h>

BIO *ps_pem_open(struct ps_str text)
{
    if (text.len > INT_MAX) {
        return NULL;
    }
    return BIO_new_mem_buf(text.len == 0 ? "" : text.ptr, (int)text.len);
}

void ps_pem_close(BIO **bio)
{
    BIO_free_all(*bio);
    *bio = NULL;
}

bool ps_pem_is_end(void)
{
    unsigned long last = ERR_peek_last_error();
    return ERR_GET_LIB(last) == ERR_LIB_PEM && ERR_GET_REASON(last) == PEM_R_NO_START_LINE;
}

/* Answers every question for a passphrase with "none": a server has nobody to ask. */
static int no_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

/*
 * The key in the first block, if it is of this kind; NULL if not. PEM_read_bio_PrivateKey() sets up
 * the decoders of every kind there is, for each key anew: 4.7 million instructions of OpenSSL 3.0
 * instead of 1.4, a tenth of all that a start takes.
 */
static EVP_PKEY *read_kind(struct ps_str text, const X509 *certificate)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(text);
    EVP_PKEY *like = X509_get0_pubkey(certificate);
    EVP_PKEY *key = NULL;
    bool asked = false;
    OSSL_DECODER_CTX *decoder =
        bio == NULL || like == NULL
            ? NULL
            : OSSL_DECODER_CTX_new_for_pkey(&key, "PEM", NULL, EVP_PKEY_get0_type_name(like),
                                            EVP_PKEY_KEYPAIR, NULL, NULL);
    if (decoder != NULL &&
        (OSSL_DECODER_CTX_set_pem_password_cb(decoder, no_passphrase, &asked) != 1 ||
         OSSL_DECODER_from_bio(decoder, bio) != 1)) {
        EVP_PKEY_free(key);
        key = NULL;
    }
    OSSL_DECODER_CTX_free(decoder);
    ERR_clear_error();
    return key;
}

struct ps_status ps_pem_read_key(struct ps_str text, const X509 *certificate, EVP_PKEY **ret_key,
                                 struct ps_error *err)
{
    *ret_key = read_kind(text, certificate);
    if (*ret_key != NULL) {
        return ps_success();
    }
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(text);
    if (bio == NULL) {
        return ps_fail(err, PS_CODE_INTERNAL, "no memory for the private key");
    }
    bool asked = false;
    *ret_key = PEM_read_bio_PrivateKey(bio, NULL, no_passphrase, &asked);
    if (*ret_key != NULL) {
        return ps_success();
    }
    const char *reason = ps_openssl_reason();
    if (asked) {
        return ps_fail(err, PS_CODE_INPUT,
                       "the private key has a passphrase: store it without one");
    }
    return ps_fail(err, PS_CODE_INPUT, "there is no PEM private key in it: %s", reason);
}
