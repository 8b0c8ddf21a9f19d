/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates' shell beside replicas that serve a certificate of another mode, and lead. */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "certificate.h"
#include "portside/attr.h"
#include "portside/tls_issue.h"
#include "support/runner.h"
#include "test_certs_support.h"

#define TEXT_BYTES 8192U
#define OTHERS_LEASE                                                                               \
    {                                                                                              \
        "GET", LEASE, 200,                                                                         \
            "{\"metadata\":{\"name\":\"portside\",\"resourceVersion\":\"3\"},\"spec\":"            \
            "{\"holderIdentity\":\"other\",\"leaseDurationSeconds\":10,"                           \
            "\"renewTime\":\"2026-01-01T00:00:00.000000Z\"}}",                                     \
            0                                                                                      \
    }

static char hook_list[TEXT_BYTES];
static char secret_list[2 * TEXT_BYTES];
static const struct ps_fake_answer registration = {"GET", HOOKS "?", 200, hook_list, 0};

static void encode(char text[TEXT_BYTES], const char *pem)
{
    size_t len = strlen(pem);
    ck_assert_uint_lt(len * 2, TEXT_BYTES);
    (void)EVP_EncodeBlock((unsigned char *)text, (const unsigned char *)pem, (int)len);
}

/* The caBundle holds the CA of theirs alone. */
static void set_up(void)
{
    char text[TEXT_BYTES];
    struct certificate theirs = certificate_make(-3600, 3600);
    encode(text, theirs.cert_pem);
    certificate_clear(&theirs);
    int len = snprintf(hook_list, sizeof(hook_list),
                       LIST("{\"metadata\":{\"name\":\"portside\",\"uid\":\"h1\","
                            "\"resourceVersion\":\"7\"},\"webhooks\":[{\"name\":\"a.b.c\","
                            "\"clientConfig\":{\"caBundle\":\"%s\"}}]}"),
                       text);
    ck_assert_int_lt(len, (int)sizeof(hook_list));
}

START_TEST(one_who_begins_writes_in_place_of_a_leader_of_another_mode)
{
    const struct ps_fake_answer answers[] = {registration, OTHERS_LEASE};
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 3000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, ""), 0);
    ps_fake_skip(fake, 3000); /* the other's Lease holds for ten seconds */
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, "\"ca.key\":\""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, "\"previous-ca.crt\":\""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, "\"tls.crt\""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, "caBundle"), 1);
    ck_assert(!ps_certs_are_served()); /* not everybody knows of it yet */
    ps_certs_end(fake);
}
END_TEST

/* A Secret of ours, from an earlier time. */
static void leave_secret(void)
{
    static char texts[4][TEXT_BYTES];
    const struct ps_str name = PS_STR("portside.portside.svc");
    const struct ps_tls_names names = {&name, 1};
    const int64_t now_s = (int64_t)time(NULL);
    const struct ps_tls_validity span = {now_s - 7200, now_s + 86400};
    struct ps_tls_pair ca = {0};
    struct ps_tls_pair leaf = {0};
    ck_assert(ps_ok(ps_tls_make_ca(&span, &ca, NULL)));
    ck_assert(ps_ok(ps_tls_make_leaf(&ca, &names, &span, &leaf, NULL)));
    const char *const pems[] = {ca.cert_pem, ca.key_pem, leaf.cert_pem, leaf.key_pem};
    for (size_t i = 0; i < PS_COUNT(pems); i++) {
        encode(texts[i], pems[i]);
    }
    ps_tls_pair_clear(&ca);
    ps_tls_pair_clear(&leaf);
    int len = snprintf(secret_list, sizeof(secret_list),
                       LIST("{\"metadata\":{\"name\":\"portside-certificates\",\"namespace\":"
                            "\"portside\",\"uid\":\"s1\",\"resourceVersion\":\"5\",\"labels\":"
                            "{\"app.kubernetes.io/managed-by\":\"portside\"}},\"data\":"
                            "{\"ca.crt\":\"%s\",\"ca.key\":\"%s\",\"tls.crt\":\"%s\","
                            "\"tls.key\":\"%s\"}}"),
                       texts[0], texts[1], texts[2], texts[3]);
    ck_assert_int_lt(len, (int)sizeof(secret_list));
}

START_TEST(a_certificate_from_an_earlier_time_goes_before_its_ca_is_published)
{
    leave_secret();
    const struct ps_fake_answer answers[] = {
        registration,
        {"GET", SECRETS "?", 200, secret_list, 0},
    };
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", SECRET, "\"tls.crt\":null,\"tls.key\":null,\"previous-ca.crt\":\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 0);
    ck_assert(!ps_certs_are_served());
    ps_certs_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_modes");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, set_up, NULL);
    tcase_add_test(all, one_who_begins_writes_in_place_of_a_leader_of_another_mode);
    tcase_add_test(all, a_certificate_from_an_earlier_time_goes_before_its_ca_is_published);
    suite_add_tcase(suite, all);
    return suite;
}
