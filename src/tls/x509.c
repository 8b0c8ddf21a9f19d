/* SPDX-License-Identifier: Apache-2.0 */
#include "x509.h"

#include "pem.h"
#include "portside/heap.h"

#include <openssl/asn1.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <time.h>

void ps_x509_clear(X509 **certificate)
{
    X509_free(*certificate);
    *certificate = NULL;
}

void ps_key_clear(EVP_PKEY **key)
{
    EVP_PKEY_free(*key);
    *key = NULL;
}

int64_t ps_x509_seconds(const ASN1_TIME *time)
{
    struct tm utc;
    if (ASN1_TIME_to_tm(time, &utc) != 1) {
        return 0;
    }
    return (int64_t)timegm(&utc);
}

/* What was written to bio, whose own buffer is overwritten when it is closed (BUF_MEM_free). */
static char *text_of(BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    return len <= 0 ? NULL : ps_heap_copy((struct ps_str){bytes, (size_t)len});
}

char *ps_x509_text(X509 *certificate)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = BIO_new(BIO_s_mem());
    bool written = bio != NULL && PEM_write_bio_X509(bio, certificate) == 1;
    ERR_clear_error();
    return written ? text_of(bio) : NULL;
}

char *ps_key_text(EVP_PKEY *key)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = BIO_new(BIO_s_mem());
    bool written =
        bio != NULL && PEM_write_bio_PKCS8PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL) == 1;
    ERR_clear_error();
    return written ? text_of(bio) : NULL;
}
