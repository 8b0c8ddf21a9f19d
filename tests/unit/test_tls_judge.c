/* SPDX-License-Identifier: Apache-2.0 */
/* Which pairs of files are taken: by kind, by names, by dates. */
#include "portside/tls.h"

#include <openssl/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "support/runner.h"
#include "test_tls_support.h"

START_TEST(a_chain_in_the_wrong_order_is_told)
{
    struct certificate other = certificate_make(-HOUR, HOUR);
    struct ps_error err = {0};
    char chain[8192];
    (void)snprintf(chain, sizeof(chain), "%s%s", other.cert_pem, pair.cert_pem);
    certificate_write(folder, "tls.crt", chain);
    certificate_write(folder, "tls.key", pair.key_pem);
    ck_assert_int_eq(ps_tls_reload(tls, (int64_t)time(NULL), &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "belongs to certificate 2, not to the first"));
    certificate_clear(&other);
}
END_TEST

/* What no API server would take, and what it would; made by OpenSSL's own words for them. */
static const struct kind {
    const char *key;     /* type, and group or bits behind a space */
    const char *digest;  /* "": of the key's own */
    const char *uses;    /* extendedKeyUsage; "": none */
    const char *names;   /* subjectAltName; "": none */
    const char *problem; /* "": none */
} kinds[] = {
    {"EC P-256", "SHA256", "", "DNS:a.b", ""},
    {"EC P-384", "SHA384", "serverAuth", "DNS:a.b", ""},
    {"EC P-521", "SHA512", "clientAuth,serverAuth", "DNS:a.b", ""},
    {"EC P-256", "SHA256", "anyExtendedKeyUsage", "DNS:a.b", ""},
    {"RSA 2048", "SHA256", "", "IP:127.0.0.1", ""},
    {"RSA 2048", "SHA1", "", "DNS:a.b", ""}, /* signed by itself */
    {"ED25519", "", "", "DNS:a.b", ""},
    {"RSA 1024", "SHA256", "", "DNS:a.b", "key too small"},
    {"RSA 512", "SHA256", "", "DNS:a.b", "key too small"},
    {"RSA 2048", "MD5", "", "DNS:a.b", "signed with MD5, which API servers refuse"},
    {"ED448", "", "", "DNS:a.b", "the key is ED448, which API servers do not know"},
    {"EC secp256k1", "SHA256", "", "DNS:a.b", "the key is EC secp256k1, which"},
    {"EC brainpoolP256r1", "SHA256", "", "DNS:a.b", "the key is EC brainpoolP256r1, which"},
    {"EC P-224", "SHA256", "", "DNS:a.b", "the key is EC secp224r1, which"},
    {"RSA-PSS 2048", "SHA256", "", "DNS:a.b", "the key is RSA-PSS, which API servers do not"},
    {"EC P-256", "SHA256", "clientAuth", "DNS:a.b", "lacks serverAuth"},
    {"EC P-256", "SHA256", "", "", "has no subjectAltName"},
};

START_TEST(kinds_that_no_api_server_takes_are_refused)
{
    const struct kind *kind = &kinds[_i];
    struct certificate made = certificate_of_kind(kind->key, kind->digest, kind->uses, kind->names);
    SSL_CTX *context = NULL;
    struct ps_error err = {0};
    int64_t from = 0;
    int64_t to = 0;
    bool good = ps_ok(ps_tls_context_new(ps_str_of(made.cert_pem), ps_str_of(made.key_pem),
                                         &context, &from, &to, &err));
    ck_assert_msg(good == (kind->problem[0] == '\0'), "%s: %s", kind->key, err.message);
    ck_assert_msg(good || strstr(err.message, kind->problem) != NULL, "%s: %s", kind->key,
                  err.message);
    ps_tls_context_free(context);
    certificate_clear(&made);
}
END_TEST

START_TEST(a_pair_for_other_names_is_refused)
{
    struct ps_error err = {0};
    int64_t now = (int64_t)time(NULL);
    ps_tls_demand(tls, PS_STR("localhost, portside.kafka.svc"));
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "is not for 'portside.kafka.svc'"));
    ck_assert(!ps_tls_is_ready(tls, now, &err));
    ck_assert_ptr_nonnull(strstr(err.message, "is not for 'portside.kafka.svc'"));
    struct certificate named =
        certificate_of_kind("EC P-256", "SHA256", "", "DNS:localhost,DNS:*.kafka.svc");
    write_pair(&named);
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_LOADED);
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_REFUSED);
    ck_assert(ps_tls_is_ready(tls, now, &err)); /* the one before serves on */
    certificate_clear(&named);
}
END_TEST

/* Served is what is valid; a new pair waits for its time, or for the end of the old one. */
START_TEST(a_pair_out_of_date_waits_while_a_valid_one_serves)
{
    struct ps_error err = {0};
    int64_t now = (int64_t)time(NULL);
    struct certificate early = certificate_make(HOUR / 2, 2 * HOUR);
    struct certificate expired = certificate_make(-2 * HOUR, -HOUR);
    write_pair(&pair);
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_LOADED);
    write_pair(&expired);
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "expired at 20"));
    ck_assert_ptr_nonnull(strstr(err.message, "the one before serves on"));
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_NONE); /* told once */
    ck_assert(ps_tls_is_ready(tls, now, &err));
    write_pair(&early);
    ck_assert_int_eq(ps_tls_reload(tls, now, &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_ptr_nonnull(strstr(err.message, "is not valid before 20"));
    ck_assert(ps_tls_is_ready(tls, now, &err));
    ck_assert_int_eq(ps_tls_reload(tls, now + HOUR / 2 + 10, &err), PS_TLS_CHANGE_LOADED);
    ck_assert_int_ge(ps_tls_not_after_s(tls), now + 2 * HOUR - 60);
    write_pair(&expired);
    ck_assert_int_eq(ps_tls_reload(tls, now + HOUR, &err), PS_TLS_CHANGE_REFUSED);
    ck_assert_int_eq(ps_tls_reload(tls, now + 3 * HOUR, &err), PS_TLS_CHANGE_LOADED);
    ck_assert(!ps_tls_is_ready(tls, now + 3 * HOUR, &err));
    certificate_clear(&early);
    certificate_clear(&expired);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("tls-judge");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, tear_down);
    tcase_add_test(all, a_chain_in_the_wrong_order_is_told);
    tcase_add_loop_test(all, kinds_that_no_api_server_takes_are_refused, 0,
                        (int)(sizeof(kinds) / sizeof(kinds[0])));
    tcase_add_test(all, a_pair_for_other_names_is_refused);
    tcase_add_test(all, a_pair_out_of_date_waits_while_a_valid_one_serves);
    suite_add_tcase(suite, all);
    return suite;
}
