/* SPDX-License-Identifier: Apache-2.0 */
/* Making a CA and leaves. The profiles are those of RFC 5280; Go's API server wants the names in
 * subjectAltName and the issuer found by its key identifier. */
#include "portside/tls_issue.h"

#include "openssl_error.h"
#include "pem.h"
#include "portside/heap.h"
#include "x509.h"

#include <openssl/crypto.h>
#include <openssl/ec.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define SERIAL_BYTES 16U
#define NAME_BYTES_MAX 253U /* of a DNS name, RFC 1035 section 2.3.4 */

/* What is being made, and who signs it: itself if issuer is NULL. */
struct work {
    X509 *made;
    EVP_PKEY *key;
    X509 *issuer;
    EVP_PKEY *issuer_key;
};

static void work_clear(struct work *work)
{
    ps_x509_clear(&work->made);
    ps_key_clear(&work->key);
    ps_x509_clear(&work->issuer);
    ps_key_clear(&work->issuer_key);
}

static void cleanse(char **text)
{
    if (*text != NULL) {
        OPENSSL_cleanse(*text, strlen(*text));
        ps_heap_free(*text);
        *text = NULL;
    }
}

void ps_tls_pair_clear(struct ps_tls_pair *pair)
{
    ps_heap_free(pair->cert_pem);
    pair->cert_pem = NULL;
    cleanse(&pair->key_pem);
}

static struct ps_status broken(struct ps_error *err, const char *what)
{
    return ps_fail(err, PS_CODE_INTERNAL, "cannot make %s: %s", what, ps_openssl_reason());
}

/* 126 random bits, as no two certificates of an issuer may share one; never 0 or negative. */
static bool set_serial(X509 *made)
{
    unsigned char bytes[SERIAL_BYTES];
    if (RAND_bytes(bytes, sizeof(bytes)) != 1) {
        return false;
    }
    bytes[0] = (unsigned char)((bytes[0] & 0x3FU) | 0x40U);
    BIGNUM *number = BN_bin2bn(bytes, sizeof(bytes), NULL);
    bool set = number != NULL && BN_to_ASN1_INTEGER(number, X509_get_serialNumber(made)) != NULL;
    BN_free(number);
    return set;
}

/* A new CA has a name of its own, so that two in one bundle can be told apart. */
static bool set_subject(X509 *made, bool is_ca)
{
    char name[64] = "portside webhook";
    X509_NAME *subject = X509_get_subject_name(made);
    if (is_ca) {
        const ASN1_INTEGER *serial = X509_get0_serialNumber(made);
        const unsigned char *bytes = ASN1_STRING_get0_data(serial);
        (void)snprintf(name, sizeof(name), "portside webhook CA %02x%02x%02x%02x", bytes[0],
                       bytes[1], bytes[2], bytes[3]);
    }
    return X509_NAME_add_entry_by_NID(subject, NID_commonName, MBSTRING_ASC,
                                      (const unsigned char *)name, -1, -1, 0) == 1;
}

static bool set_validity(X509 *made, const struct ps_tls_validity *validity)
{
    return ASN1_TIME_set(X509_getm_notBefore(made), validity->not_before_s) != NULL &&
           ASN1_TIME_set(X509_getm_notAfter(made), validity->not_after_s) != NULL;
}

static bool add_extension(const struct work *work, int nid, const char *value)
{
    X509V3_CTX context;
    X509V3_set_ctx_nodb(&context);
    X509V3_set_ctx(&context, work->issuer == NULL ? work->made : work->issuer, work->made, NULL,
                   NULL, 0);
    X509_EXTENSION *extension = X509V3_EXT_conf_nid(NULL, &context, nid, value);
    bool added = extension != NULL && X509_add_ext(work->made, extension, -1) == 1;
    X509_EXTENSION_free(extension);
    return added;
}

static bool add_ca_profile(const struct work *work)
{
    return add_extension(work, NID_basic_constraints, "critical,CA:TRUE,pathlen:0") &&
           add_extension(work, NID_key_usage, "critical,keyCertSign,cRLSign") &&
           add_extension(work, NID_subject_key_identifier, "hash");
}

static bool add_leaf_profile(const struct work *work)
{
    return add_extension(work, NID_basic_constraints, "critical,CA:FALSE") &&
           add_extension(work, NID_key_usage, "critical,digitalSignature") &&
           add_extension(work, NID_ext_key_usage, "serverAuth") &&
           add_extension(work, NID_subject_key_identifier, "hash") &&
           add_extension(work, NID_authority_key_identifier, "keyid:always");
}

static bool is_dns_name(struct ps_str name)
{
    for (size_t i = 0; i < name.len; i++) {
        char c = name.ptr[i];
        if (!ps_is_alpha(c) && !ps_is_digit(c) && c != '-' && c != '.') {
            return false;
        }
    }
    return name.len > 0;
}

/* A subjectAltName of either kind; NULL if text is neither. */
static GENERAL_NAME *make_name(struct ps_str text)
{
    char copy[NAME_BYTES_MAX + 1];
    if (text.len == 0 || text.len > NAME_BYTES_MAX) {
        return NULL;
    }
    (void)snprintf(copy, sizeof(copy), "%.*s", PS_FMT(text));
    ASN1_OCTET_STRING *address = strlen(copy) == text.len ? a2i_IPADDRESS(copy) : NULL;
    GENERAL_NAME *name = GENERAL_NAME_new();
    ERR_clear_error(); /* most names are no addresses */
    if (name != NULL && address != NULL) {
        GENERAL_NAME_set0_value(name, GEN_IPADD, address);
        return name;
    }
    ASN1_OCTET_STRING_free(address);
    ASN1_IA5STRING *dns = ASN1_IA5STRING_new();
    if (name != NULL && dns != NULL && is_dns_name(text) &&
        ASN1_STRING_set(dns, text.ptr, (int)text.len) == 1) {
        GENERAL_NAME_set0_value(name, GEN_DNS, dns);
        return name;
    }
    ASN1_IA5STRING_free(dns);
    GENERAL_NAME_free(name);
    return NULL;
}

static struct ps_status fill_names(GENERAL_NAMES *list, const struct ps_tls_names *names,
                                   struct ps_error *err)
{
    if (list == NULL) {
        return broken(err, "a list of names");
    }
    if (names->count == 0) {
        return ps_fail(err, PS_CODE_INPUT, "a certificate needs at least one name");
    }
    for (size_t i = 0; i < names->count; i++) {
        GENERAL_NAME *name = make_name(names->list[i]);
        if (name == NULL) {
            return ps_fail(err, PS_CODE_INPUT, "'%.*s' is neither a DNS name nor an IP address",
                           PS_FMT(names->list[i]));
        }
        if (sk_GENERAL_NAME_push(list, name) == 0) {
            GENERAL_NAME_free(name);
            return broken(err, "a list of names");
        }
    }
    return ps_success();
}

static struct ps_status add_names(X509 *made, const struct ps_tls_names *names,
                                  struct ps_error *err)
{
    GENERAL_NAMES *list = sk_GENERAL_NAME_new_null();
    struct ps_status status = fill_names(list, names, err);
    if (ps_ok(status) && X509_add1_ext_i2d(made, NID_subject_alt_name, list, 0, 0) != 1) {
        status = broken(err, "a list of names");
    }
    GENERAL_NAMES_free(list);
    return status;
}

/* Key, serial number, subject, dates; what both kinds share. */
static struct ps_status begin(struct work *work, const struct ps_tls_validity *validity, bool is_ca,
                              struct ps_error *err)
{
    ERR_clear_error();
    work->key = EVP_EC_gen("P-256");
    work->made = X509_new();
    if (work->key == NULL || work->made == NULL ||
        X509_set_version(work->made, X509_VERSION_3) != 1 || !set_serial(work->made) ||
        !set_subject(work->made, is_ca) || !set_validity(work->made, validity) ||
        X509_set_pubkey(work->made, work->key) != 1) {
        return broken(err, "a certificate");
    }
    const X509 *issuer = work->issuer == NULL ? work->made : work->issuer;
    if (X509_set_issuer_name(work->made, X509_get_subject_name(issuer)) != 1) {
        return broken(err, "a certificate");
    }
    return ps_success();
}

static struct ps_status finish(const struct work *work, struct ps_tls_pair *ret_pair,
                               struct ps_error *err)
{
    EVP_PKEY *signer = work->issuer == NULL ? work->key : work->issuer_key;
    if (X509_sign(work->made, signer, EVP_sha256()) == 0) {
        return broken(err, "a signature");
    }
    struct ps_tls_pair pair = {ps_x509_text(work->made), ps_key_text(work->key)};
    if (pair.cert_pem == NULL || pair.key_pem == NULL) {
        ps_tls_pair_clear(&pair);
        return broken(err, "PEM text");
    }
    *ret_pair = pair;
    return ps_success();
}

struct ps_status ps_tls_make_ca(const struct ps_tls_validity *validity,
                                struct ps_tls_pair *ret_pair, struct ps_error *err)
{
    struct work work PS_CLEANUP(work_clear) = {0};
    PS_TRY(begin(&work, validity, true, err));
    if (!add_ca_profile(&work)) {
        return broken(err, "a CA");
    }
    return finish(&work, ret_pair, err);
}

static struct ps_status read_ca(const struct ps_tls_pair *ca, struct work *work,
                                struct ps_error *err)
{
    BIO *bio PS_CLEANUP(ps_pem_close) = ps_pem_open(ps_str_of(ca->cert_pem));
    work->issuer = bio == NULL ? NULL : PEM_read_bio_X509(bio, NULL, NULL, NULL);
    if (work->issuer == NULL) {
        return ps_fail(err, PS_CODE_INPUT, "the CA cannot be read: %s", ps_openssl_reason());
    }
    PS_TRY(ps_pem_read_key(ps_str_of(ca->key_pem), work->issuer, &work->issuer_key, err));
    if (X509_check_private_key(work->issuer, work->issuer_key) != 1) {
        ERR_clear_error();
        return ps_fail(err, PS_CODE_INPUT, "the key does not belong to the CA");
    }
    return ps_success();
}

struct ps_status ps_tls_make_leaf(const struct ps_tls_pair *ca, const struct ps_tls_names *names,
                                  const struct ps_tls_validity *validity,
                                  struct ps_tls_pair *ret_pair, struct ps_error *err)
{
    struct work work PS_CLEANUP(work_clear) = {0};
    PS_TRY(read_ca(ca, &work, err));
    PS_TRY(begin(&work, validity, false, err));
    if (!add_leaf_profile(&work)) {
        return broken(err, "a server certificate");
    }
    PS_TRY(add_names(work.made, names, err));
    return finish(&work, ret_pair, err);
}
