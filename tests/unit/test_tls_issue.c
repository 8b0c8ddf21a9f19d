/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/tls_issue.h"

#include <openssl/pem.h>
#include <openssl/x509v3.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certificate.h"
#include "portside/heap.h"
#include "portside/tls.h"
#include "support/runner.h"

#define DAY INT64_C(86400)
#define NOW INT64_C(1795276800) /* 2026-11-21 */

static const struct ps_tls_validity ca_validity = {NOW - 3600, NOW + 3650 * DAY};
static const struct ps_tls_validity leaf_validity = {NOW - 3600, NOW + 7 * DAY};
static const struct ps_str name_list[] = {
    PS_STR_INIT("portside"),
    PS_STR_INIT("portside.infra.svc"),
    PS_STR_INIT("127.0.0.1"),
    PS_STR_INIT("fd00::1"),
};
static const struct ps_tls_names names = {name_list, PS_COUNT(name_list)};

static struct ps_tls_pair ca;
static struct ps_tls_pair leaf;

static void set_up(void)
{
    struct ps_error err = {0};
    ck_assert_msg(ps_ok(ps_tls_make_ca(&ca_validity, &ca, &err)), "%s", err.message);
    ck_assert_msg(ps_ok(ps_tls_make_leaf(&ca, &names, &leaf_validity, &leaf, &err)), "%s",
                  err.message);
}

static void tear_down(void)
{
    ps_tls_pair_clear(&ca);
    ps_tls_pair_clear(&leaf);
    ck_assert_ptr_null(ca.key_pem);
    ps_tls_pair_clear(&ca); /* an empty one is fine */
}

static X509 *parse(const char *pem)
{
    BIO *bio = BIO_new_mem_buf(pem, -1);
    X509 *certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL);
    ck_assert_ptr_nonnull(certificate);
    BIO_free_all(bio);
    return certificate;
}

/* Result of OpenSSL's own verification at the time at_s, for a TLS server of this host name. */
static int verify(const char *ca_pem, const char *leaf_pem, const char *host, int64_t at_s)
{
    X509_STORE *trust = X509_STORE_new();
    X509_STORE_CTX *context = X509_STORE_CTX_new();
    X509 *root = parse(ca_pem);
    X509 *end = parse(leaf_pem);
    ck_assert_int_eq(X509_STORE_add_cert(trust, root), 1);
    ck_assert_int_eq(X509_STORE_CTX_init(context, trust, end, NULL), 1);
    X509_VERIFY_PARAM *param = X509_STORE_CTX_get0_param(context);
    X509_VERIFY_PARAM_set_time(param, (time_t)at_s);
    X509_VERIFY_PARAM_set_flags(param, X509_V_FLAG_X509_STRICT);
    ck_assert_int_eq(X509_VERIFY_PARAM_set_purpose(param, X509_PURPOSE_SSL_SERVER), 1);
    ck_assert_int_eq(X509_VERIFY_PARAM_set1_host(param, host, 0), 1);
    (void)X509_verify_cert(context);
    int result = X509_STORE_CTX_get_error(context);
    X509_STORE_CTX_free(context);
    X509_STORE_free(trust);
    X509_free(root);
    X509_free(end);
    return result;
}

START_TEST(a_leaf_verifies_against_its_ca)
{
    struct ps_tls_pair other;
    ck_assert(ps_ok(ps_tls_make_ca(&ca_validity, &other, NULL)));
    ck_assert_int_eq(verify(ca.cert_pem, leaf.cert_pem, "portside.infra.svc", NOW), X509_V_OK);
    ck_assert_int_eq(verify(ca.cert_pem, leaf.cert_pem, "portside", NOW), X509_V_OK);
    ck_assert_int_eq(verify(ca.cert_pem, leaf.cert_pem, "other.infra.svc", NOW),
                     X509_V_ERR_HOSTNAME_MISMATCH);
    ck_assert_int_eq(verify(ca.cert_pem, leaf.cert_pem, "portside", NOW + 8 * DAY),
                     X509_V_ERR_CERT_HAS_EXPIRED);
    ck_assert_int_eq(verify(ca.cert_pem, leaf.cert_pem, "portside", NOW - 2 * 3600),
                     X509_V_ERR_CERT_NOT_YET_VALID);
    ck_assert_int_ne(verify(other.cert_pem, leaf.cert_pem, "portside", NOW), X509_V_OK);
    ps_tls_pair_clear(&other);
}
END_TEST

START_TEST(issuers_are_known_by_their_signature)
{
    struct ps_tls_pair other;
    ck_assert(ps_ok(ps_tls_make_ca(&ca_validity, &other, NULL)));
    ck_assert(ps_tls_is_issuer(ps_str_of(ca.cert_pem), ps_str_of(leaf.cert_pem)));
    ck_assert(ps_tls_is_issuer(ps_str_of(ca.cert_pem), ps_str_of(ca.cert_pem)));
    ck_assert(!ps_tls_is_issuer(ps_str_of(other.cert_pem), ps_str_of(leaf.cert_pem)));
    ck_assert(!ps_tls_is_issuer(ps_str_of(leaf.cert_pem), ps_str_of(leaf.cert_pem)));
    ck_assert(!ps_tls_is_issuer(PS_STR(""), ps_str_of(leaf.cert_pem)));
    ck_assert(!ps_tls_is_issuer(ps_str_of(ca.cert_pem), PS_STR("hello")));
    ps_tls_pair_clear(&other);
}
END_TEST

START_TEST(facts_are_what_was_asked_for)
{
    struct ps_tls_facts facts;
    struct ps_tls_facts again;
    struct ps_error err = {0};
    ck_assert_msg(ps_ok(ps_tls_inspect(ps_str_of(leaf.cert_pem), ps_str_of(leaf.key_pem), &names,
                                       &facts, &err)),
                  "%s", err.message);
    ck_assert_int_eq(facts.validity.not_before_s, leaf_validity.not_before_s);
    ck_assert_int_eq(facts.validity.not_after_s, leaf_validity.not_after_s);
    ck_assert(!facts.is_ca);
    ck_assert(facts.covers);
    ck_assert_uint_eq(strlen(facts.serial), 32);
    ck_assert(
        ps_ok(ps_tls_inspect(ps_str_of(ca.cert_pem), ps_str_of(ca.key_pem), NULL, &again, &err)));
    ck_assert(again.is_ca);
    ck_assert(again.covers);
    ck_assert_int_eq(again.validity.not_after_s, ca_validity.not_after_s);
    ck_assert_str_ne(again.serial, facts.serial);
    ck_assert_mem_ne(again.digest, facts.digest, sizeof(facts.digest));
}
END_TEST

static const struct ps_str missing[] = {
    PS_STR_INIT("portside.infra"), PS_STR_INIT("127.0.0.2"),
    PS_STR_INIT("fd00::2"),        PS_STR_INIT(""),
    PS_STR_INIT("*.infra.svc"),    PS_STR_INIT("portside webhook"),
};

START_TEST(names_that_are_not_covered)
{
    const struct ps_str list[] = {name_list[0], missing[_i]};
    const struct ps_tls_names asked = {list, PS_COUNT(list)};
    struct ps_tls_facts facts;
    ck_assert(ps_ok(
        ps_tls_inspect(ps_str_of(leaf.cert_pem), ps_str_of(leaf.key_pem), &asked, &facts, NULL)));
    ck_assert(!facts.covers);
}
END_TEST

START_TEST(names_that_cannot_be_in_a_certificate)
{
    static const struct ps_str bad[] = {
        PS_STR_INIT(""),          PS_STR_INIT("a b"),         PS_STR_INIT("a\0b"),
        PS_STR_INIT("*.x"),       PS_STR_INIT("DNS:evil"),    PS_STR_INIT("a,IP:10.0.0.1"),
        PS_STR_INIT("b\xC3\xBC"), PS_STR_INIT("127.0.0.1\0"),
    };
    char longest[255];
    memset(longest, 'a', sizeof(longest));
    for (size_t i = 0; i <= PS_COUNT(bad); i++) {
        struct ps_str one =
            i < PS_COUNT(bad) ? bad[i] : (struct ps_str){longest, sizeof(longest) - 1};
        struct ps_tls_names asked = {&one, 1};
        struct ps_tls_pair pair = {0};
        struct ps_error err = {0};
        ck_assert_msg(!ps_ok(ps_tls_make_leaf(&ca, &asked, &leaf_validity, &pair, &err)), "row %zu",
                      i);
        ck_assert_ptr_nonnull(strstr(err.message, "neither a DNS name nor an IP address"));
        ck_assert_ptr_null(pair.key_pem);
    }
    struct ps_tls_names none = {NULL, 0};
    struct ps_error err = {0};
    struct ps_tls_pair pair = {0};
    ck_assert(!ps_ok(ps_tls_make_leaf(&ca, &none, &leaf_validity, &pair, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "at least one name"));
}
END_TEST

START_TEST(a_ca_that_cannot_sign)
{
    struct ps_error err = {0};
    struct ps_tls_pair pair = {0};
    char hello[] = "hello";
    const struct ps_tls_pair garbage = {hello, ca.key_pem};
    const struct ps_tls_pair no_key = {ca.cert_pem, hello};
    const struct ps_tls_pair mixed = {ca.cert_pem, leaf.key_pem};
    ck_assert(!ps_ok(ps_tls_make_leaf(&garbage, &names, &leaf_validity, &pair, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "the CA cannot be read"));
    ck_assert(!ps_ok(ps_tls_make_leaf(&no_key, &names, &leaf_validity, &pair, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "no PEM private key"));
    ck_assert(!ps_ok(ps_tls_make_leaf(&mixed, &names, &leaf_validity, &pair, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "does not belong"));
}
END_TEST

static char *key_of(const char *type)
{
    EVP_PKEY *key = strcmp(type, "RSA") == 0 ? EVP_RSA_gen(2048) : EVP_EC_gen(type);
    X509 *certificate = X509_new();
    BIO *bio = BIO_new(BIO_s_mem());
    char *bytes = NULL;
    ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notBefore(certificate), 0));
    ck_assert_ptr_nonnull(X509_gmtime_adj(X509_getm_notAfter(certificate), DAY));
    ck_assert_int_eq(X509_set_pubkey(certificate, key), 1);
    ck_assert_int_ne(X509_sign(certificate, key, EVP_sha256()), 0);
    ck_assert_int_eq(PEM_write_bio_X509(bio, certificate), 1);
    ck_assert_int_eq(PEM_write_bio_PrivateKey(bio, key, NULL, NULL, 0, NULL, NULL), 1);
    long len = BIO_get_mem_data(bio, &bytes);
    char *text = ps_heap_copy((struct ps_str){bytes, (size_t)len});
    BIO_free_all(bio);
    X509_free(certificate);
    EVP_PKEY_free(key);
    return text;
}

static void expect_refusal(const char *cert, const char *key, const char *word)
{
    struct ps_tls_facts facts;
    struct ps_error err = {0};
    ck_assert(!ps_ok(ps_tls_inspect(ps_str_of(cert), ps_str_of(key), NULL, &facts, &err)));
    ck_assert_msg(strstr(err.message, word) != NULL, "no '%s' in '%s'", word, err.message);
}

START_TEST(pairs_that_are_refused)
{
    char *rsa = key_of("RSA");
    char *p384 = key_of("P-384");
    char *encrypted = certificate_encrypted_key();
    expect_refusal(rsa, rsa, "the key is RSA, not ECDSA P-256");
    expect_refusal(p384, p384, "the key is EC secp384r1, not");
    expect_refusal("", leaf.key_pem, "no PEM certificate");
    expect_refusal("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", leaf.key_pem,
                   "no PEM certificate");
    expect_refusal(leaf.cert_pem, "", "no PEM private key");
    expect_refusal(leaf.cert_pem, encrypted, "passphrase");
    expect_refusal(leaf.cert_pem, ca.key_pem, "does not belong");
    ps_heap_free(rsa);
    ps_heap_free(p384);
    free(encrypted);
}
END_TEST

static void free_members(struct ps_tls_member *members, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ps_heap_free(members[i].pem);
    }
}

START_TEST(bundles_are_read_in_order)
{
    struct ps_tls_member members[4];
    struct ps_error err = {0};
    size_t count = 0;
    char text[8192];
    (void)snprintf(text, sizeof(text), "# ours\n%s\nnoise\n%s", ca.cert_pem, leaf.cert_pem);
    ck_assert(ps_ok(ps_tls_read_bundle(ps_str_of(text), 4, members, &count, &err)));
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(members[0].pem, ca.cert_pem);
    ck_assert_str_eq(members[1].pem, leaf.cert_pem);
    ck_assert(members[0].facts.is_ca);
    ck_assert(!members[1].facts.is_ca);
    free_members(members, count);

    ck_assert(!ps_ok(ps_tls_read_bundle(ps_str_of(text), 1, members, &count, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "more than 1"));
    free_members(members, count);

    memset(strstr(text, "noise") + 60, '!', 20);
    ck_assert(!ps_ok(ps_tls_read_bundle(ps_str_of(text), 4, members, &count, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "certificate 2 is damaged"));
    ck_assert_uint_eq(count, 1);
    free_members(members, count);

    ck_assert(ps_ok(ps_tls_read_bundle(PS_STR(""), 4, members, &count, &err)));
    ck_assert_uint_eq(count, 0);
}
END_TEST

START_TEST(a_made_pair_is_served_from_memory)
{
    struct ps_error err = {0};
    struct ps_tls *tls = ps_tls_new(NULL, NULL);
    struct ps_str cert = ps_str_of(leaf.cert_pem);
    ck_assert(!ps_tls_is_ready(tls, NOW, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "no certificate in the Secret yet"));
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_NONE);
    ck_assert(!ps_ok(ps_tls_use(tls, cert, ps_str_of(ca.key_pem), &err)));
    ck_assert(!ps_tls_is_ready(tls, NOW, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "does not belong"));
    ck_assert(ps_ok(ps_tls_use(tls, cert, ps_str_of(leaf.key_pem), &err)));
    uint64_t generation = ps_tls_generation(tls);
    ck_assert(ps_tls_is_ready(tls, NOW, &err));
    ck_assert_int_eq(ps_tls_not_after_s(tls), leaf_validity.not_after_s);
    ck_assert(!ps_ok(ps_tls_use(tls, PS_STR("hello"), ps_str_of(leaf.key_pem), &err)));
    ck_assert_uint_eq(ps_tls_generation(tls), generation);
    ck_assert(!ps_tls_is_ready(tls, NOW + 8 * DAY, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "expired at 2026-11-28"));
    ps_tls_free(tls);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("tls_issue");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, a_leaf_verifies_against_its_ca);
    tcase_add_test(all, issuers_are_known_by_their_signature);
    tcase_add_test(all, facts_are_what_was_asked_for);
    tcase_add_loop_test(all, names_that_are_not_covered, 0, (int)PS_COUNT(missing));
    tcase_add_test(all, names_that_cannot_be_in_a_certificate);
    tcase_add_test(all, a_ca_that_cannot_sign);
    tcase_add_test(all, pairs_that_are_refused);
    tcase_add_test(all, bundles_are_read_in_order);
    tcase_add_test(all, a_made_pair_is_served_from_memory);
    suite_add_tcase(suite, all);
    return suite;
}
