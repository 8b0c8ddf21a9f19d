/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The API server is a Go program: what crypto/tls and crypto/x509 do not know or do not take fails
 * each review. OpenSSL itself refuses RSA keys that are too short.
 */
#include "judge.h"

#include <openssl/err.h>
#include <openssl/x509v3.h>
#include <stdio.h>
#include <string.h>

#define NAME_BYTES_MAX 253U
#define GROUP_BYTES 32U
#define NO_ADDRESS (-2) /* X509_check_ip_asc(): the text is none */

static const char *const groups[] = {"prime256v1", "secp384r1", "secp521r1"};

static bool is_known_kind(EVP_PKEY *key, const char *group)
{
    bool known = EVP_PKEY_is_a(key, "RSA") == 1 || EVP_PKEY_is_a(key, "ED25519") == 1;
    for (size_t i = 0; i < sizeof(groups) / sizeof(groups[0]); i++) {
        known = known || strcmp(group, groups[i]) == 0;
    }
    return known;
}

static struct ps_status judge_kind(X509 *leaf, struct ps_error *err)
{
    EVP_PKEY *key = X509_get0_pubkey(leaf);
    char group[GROUP_BYTES] = "";
    size_t len = 0;
    const char *type = key == NULL ? NULL : EVP_PKEY_get0_type_name(key);
    if (key != NULL && EVP_PKEY_get_group_name(key, group, sizeof(group), &len) != 1) {
        group[0] = '\0';
    }
    ERR_clear_error();
    if (key != NULL && is_known_kind(key, group)) {
        return ps_success();
    }
    return ps_fail(err, PS_CODE_INPUT,
                   "the key is %s%s%s, which API servers do not know: use ECDSA P-256, P-384 or "
                   "P-521, RSA of 2048 bits or more, or Ed25519",
                   type == NULL ? "of an unknown kind" : type, group[0] == '\0' ? "" : " ", group);
}

/* A certificate that signed itself is trusted as it is: nobody looks at its signature. */
static struct ps_status judge_signature(X509 *leaf, struct ps_error *err)
{
    int digest = NID_undef;
    (void)X509_get_signature_info(leaf, &digest, NULL, NULL, NULL);
    bool weak = digest == NID_md5 || digest == NID_sha1;
    bool own = X509_self_signed(leaf, 0) == 1;
    ERR_clear_error();
    if (!weak || (own && digest == NID_sha1)) {
        return ps_success();
    }
    return ps_fail(err, PS_CODE_INPUT,
                   "the certificate is signed with %s, which API servers refuse: use SHA-256",
                   OBJ_nid2sn(digest));
}

static struct ps_status judge_purpose(X509 *leaf, struct ps_error *err)
{
    uint32_t uses = X509_get_extended_key_usage(leaf); /* all of them, if none is stated */
    if ((uses & (XKU_SSL_SERVER | XKU_ANYEKU)) == 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "the certificate is not for servers: its extended key usage lacks "
                       "serverAuth");
    }
    if (X509_get_ext_by_NID(leaf, NID_subject_alt_name, -1) < 0) {
        return ps_fail(err, PS_CODE_INPUT,
                       "the certificate has no subjectAltName, and API servers do not look at the "
                       "common name");
    }
    return ps_success();
}

static struct ps_status refuse_key(STACK_OF(X509) * chain, const EVP_PKEY *key,
                                   struct ps_error *err)
{
    for (int i = 0; i < sk_X509_num(chain); i++) {
        if (X509_check_private_key(sk_X509_value(chain, i), key) == 1) {
            return ps_fail(err, PS_CODE_INPUT,
                           "the private key belongs to certificate %d, not to the first: put the "
                           "server's own in front",
                           i + 2);
        }
    }
    ERR_clear_error();
    return ps_fail(err, PS_CODE_INPUT, "the private key does not belong to the certificate");
}

struct ps_status ps_judge_pair(X509 *leaf, STACK_OF(X509) * chain, EVP_PKEY *key,
                               struct ps_error *err)
{
    if (X509_check_private_key(leaf, key) != 1) {
        return refuse_key(chain, key, err);
    }
    PS_TRY(judge_kind(leaf, err));
    PS_TRY(judge_signature(leaf, err));
    return judge_purpose(leaf, err);
}

bool ps_judge_covers(X509 *leaf, struct ps_str name, unsigned flags)
{
    char text[NAME_BYTES_MAX + 1];
    if (name.len == 0 || name.len > NAME_BYTES_MAX) {
        return false;
    }
    (void)snprintf(text, sizeof(text), "%.*s", PS_FMT(name));
    int address = X509_check_ip_asc(leaf, text, 0);
    if (address != NO_ADDRESS) {
        return address == 1;
    }
    return X509_check_host(leaf, name.ptr, name.len, flags | X509_CHECK_FLAG_NEVER_CHECK_SUBJECT,
                           NULL) == 1;
}

struct ps_status ps_judge_names(X509 *leaf, struct ps_str names, struct ps_error *err)
{
    struct ps_str one;
    while (names.len > 0 && ps_str_split(&names, ',', &one)) {
        if (!ps_judge_covers(leaf, ps_str_trim(one), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS)) {
            ERR_clear_error();
            return ps_fail(err, PS_CODE_INPUT,
                           "the certificate is not for '%.*s': have it in its subjectAltName",
                           PS_FMT(ps_str_trim(one)));
        }
    }
    return ps_success();
}
