/* SPDX-License-Identifier: Apache-2.0 */
#include "pem.h"

#include "openssl_error.h"

#include <limits.h>
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

struct ps_status ps_pem_read_key(struct ps_str text, EVP_PKEY **ret_key, struct ps_error *err)
{
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
