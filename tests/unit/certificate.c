/* SPDX-License-Identifier: Apache-2.0 */
#include "certificate.h"

#include <check.h>
#include <dirent.h>
#include <openssl/bio.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rsa.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define PATH_BYTES 4096

/* What was written to bio, as text; frees bio. */
static char *text_of(BIO *bio)
{
    char *bytes = NULL;
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = calloc(1, (size_t)len + 1);
    ck_assert_ptr_nonnull(text);
    memcpy(text, bytes, (size_t)len);
    BIO_free_all(bio);
    return text;
}

static void add_extension(X509 *leaf, int kind, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, leaf, leaf, NULL, NULL, 0);
    if (value[0] == '\0') {
        return;
    }
    X509_EXTENSION *made = X509V3_EXT_conf_nid(NULL, &context, kind, value);
    ck_assert_ptr_nonnull(made);
    ck_assert_int_eq(X509_add_ext(leaf, made, -1), 1);
    X509_EXTENSION_free(made);
}

/* Without extensions and signature. */
static X509 *make_leaf(EVP_PKEY *key, long from_s, long to_s)
{
    static long serial = 1;
    X509 *leaf = X509_new();
    ck_assert_ptr_nonnull(leaf);
    ck_assert_int_eq(X509_set_version(leaf, X509_VERSION_3), 1);
    ck_assert_int_eq(ASN1_INTEGER_set(X509_get_serialNumber(leaf), serial++), 1);
    ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(leaf), from_s));
    ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(leaf), to_s));
    X509_NAME *name = X509_get_subject_name(leaf);
    ck_assert_int_eq(X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC,
                                                (const unsigned char *)"localhost", -1, -1, 0),
                     1);
    ck_assert_int_eq(X509_set_issuer_name(leaf, name), 1);
    ck_assert_int_eq(X509_set_pubkey(leaf, key), 1);
    return leaf;
}

static struct certificate texts_of(X509 *leaf, EVP_PKEY *key)
{
    BIO *cert_text = BIO_new(BIO_s_mem());
    BIO *key_text = BIO_new(BIO_s_mem());
    ck_assert_int_eq(PEM_write_bio_X509(cert_text, leaf), 1);
    ck_assert_int_eq(PEM_write_bio_PrivateKey(key_text, key, NULL, NULL, 0, NULL, NULL), 1);
    X509_free(leaf);
    EVP_PKEY_free(key);
    return (struct certificate){text_of(cert_text), text_of(key_text)};
}

static EVP_PKEY *make_key(const char *kind)
{
    char type[32];
    const char *more = strchr(kind, ' ');
    EVP_PKEY *key = NULL;
    (void)snprintf(type, sizeof(type), "%.*s", (int)strcspn(kind, " "), kind);
    EVP_PKEY_CTX *context = EVP_PKEY_CTX_new_from_name(NULL, type, NULL);
    ck_assert_int_eq(EVP_PKEY_keygen_init(context), 1);
    if (more != NULL && strcmp(type, "EC") == 0) {
        ck_assert_int_eq(EVP_PKEY_CTX_set_group_name(context, more + 1), 1);
    } else if (more != NULL) {
        ck_assert_int_eq(EVP_PKEY_CTX_set_rsa_keygen_bits(context, (int)strtol(more + 1, NULL, 10)),
                         1);
    }
    ck_assert_int_eq(EVP_PKEY_generate(context, &key), 1);
    EVP_PKEY_CTX_free(context);
    return key;
}

struct certificate certificate_of_kind(const char *key, const char *digest, const char *uses,
                                       const char *names)
{
    EVP_PKEY *made = make_key(key);
    X509 *leaf = make_leaf(made, -60, 3600);
    add_extension(leaf, NID_ext_key_usage, uses);
    add_extension(leaf, NID_subject_alt_name, names);
    const EVP_MD *with = digest[0] == '\0' ? NULL : EVP_get_digestbyname(digest);
    ck_assert_int_ne(X509_sign(leaf, made, with), 0);
    return texts_of(leaf, made);
}

struct certificate certificate_make(long from_s, long to_s)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    ck_assert_ptr_nonnull(key);
    X509 *leaf = make_leaf(key, from_s, to_s);
    add_extension(leaf, NID_subject_alt_name, "DNS:localhost,IP:127.0.0.1");
    ck_assert_int_ne(X509_sign(leaf, key, EVP_sha256()), 0);
    return texts_of(leaf, key);
}

void certificate_clear(struct certificate *certificate)
{
    free(certificate->cert_pem);
    free(certificate->key_pem);
    *certificate = (struct certificate){0};
}

char *certificate_encrypted_key(void)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    BIO *text = BIO_new(BIO_s_mem());
    static const unsigned char phrase[] = "secret";
    ck_assert_int_eq(PEM_write_bio_PrivateKey(text, key, EVP_aes_128_cbc(), phrase, 6, NULL, NULL),
                     1);
    EVP_PKEY_free(key);
    return text_of(text);
}

void certificate_write(const char *folder, const char *name, const char *text)
{
    char path[PATH_BYTES];
    (void)snprintf(path, sizeof(path), "%s/%s", folder, name);
    FILE *file = fopen(path, "w");
    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

void certificate_folder(char *template)
{
    ck_assert_ptr_nonnull(mkdtemp(template));
}

void certificate_remove(const char *folder)
{
    DIR *entries = opendir(folder);
    ck_assert_ptr_nonnull(entries);
    for (struct dirent *entry = readdir(entries); entry != NULL; entry = readdir(entries)) {
        (void)unlinkat(dirfd(entries), entry->d_name, 0); /* "." and ".." refuse */
    }
    ck_assert_int_eq(closedir(entries), 0);
    ck_assert_int_eq(rmdir(folder), 0);
}
