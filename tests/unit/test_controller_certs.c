/* SPDX-License-Identifier: Apache-2.0 */
/* The certificates' shell against a server that answers by a table, hostile answers included. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "certificate.h"
#include "portside/attr.h"
#include "portside/tls.h"
#include "support/runner.h"
#include "test_certs_support.h"

START_TEST(the_first_start_makes_all)
{
    static const struct ps_fake_answer answers[] = {HOOK_LIST(TWO_ENTRIES)};
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ck_assert(!ps_certs_are_served());
    ps_fake_wait(fake, "POST", SECRETS, "\"ca.key\":\"");
    ps_fake_wait(fake, "PATCH", HOOK, "\"uid\":\"h1\",\"resourceVersion\":\"7\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, "\"a.b.c\""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, "\"d.e.f\""), 1);
    ps_fake_run(fake, 100);
    ck_assert(ps_certs_are_served());
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "", "caBundle"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_certificate_authorities_made_total"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_certificates_made_total"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_certificate_bundles_written_total"), 1);
    ck_assert_int_gt(ps_fake_metric(fake, "portside_certificate_authority_not_after_seconds"),
                     (long)time(NULL) + 3650L * 86400);
    ps_certs_end(fake);
}
END_TEST

START_TEST(a_refusal_is_tried_again)
{
    static const struct ps_fake_answer answers[] = {
        {"POST", SECRETS, 403, "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\"}", 2},
    };
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", SECRETS, "");
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, ""), 1);
    ck_assert(!ps_certs_are_served());
    ps_fake_skip(fake, 8000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, ""), 3);
    ck_assert(ps_certs_are_served());
    ck_assert_int_eq(ps_fake_metric(fake, "portside_certificate_failures_total"), 2);
    ps_certs_end(fake);
}
END_TEST

START_TEST(one_who_does_not_lead_writes_nothing)
{
    static const struct ps_fake_answer answers[] = {
        HOOK_LIST(TWO_ENTRIES),
        {"GET", LEASE, 200,
         "{\"metadata\":{\"name\":\"portside\",\"resourceVersion\":\"3\"},\"spec\":"
         "{\"holderIdentity\":\"other\",\"leaseDurationSeconds\":10,"
         "\"renewTime\":\"2026-01-01T00:00:00.000000Z\"}}",
         0},
    };
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ps_fake_run(fake, 300);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", "", ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "", ""), 0);
    ck_assert(!ps_certs_are_served());
    ps_certs_end(fake);
}
END_TEST

static const struct ps_fake_answer odd_hooks[] = {
    HOOK_LIST("null"),
    HOOK_LIST("{}"),
    HOOK_LIST("[]"),
    HOOK_LIST("\"x\""),
    {"GET", HOOKS "?", 200, LIST("{\"metadata\":null}"), 0},
};

START_TEST(a_configuration_without_webhooks_is_left_alone)
{
    struct ps_fake *fake = ps_certs_begin(&odd_hooks[_i], 1);
    ps_fake_wait(fake, "POST", SECRETS, "");
    ps_fake_run(fake, 100);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOKS, ""), 0);
    ps_certs_end(fake);
}
END_TEST

static const struct ps_fake_answer odd_entries[] = {
    HOOK_LIST("[{\"name\":\"x\",\"clientConfig\":{\"caBundle\":\"LS0tLS1CRUdJTiBDRVJU\"}}]"),
    HOOK_LIST("[{\"name\":\"x\",\"clientConfig\":{\"caBundle\":17}}]"),
    HOOK_LIST("[{\"name\":\"x\",\"clientConfig\":null}]"),
    HOOK_LIST("[{\"name\":\"x\"}]"),
};

START_TEST(any_bundle_is_put_right)
{
    struct ps_fake *fake = ps_certs_begin(&odd_entries[_i], 1);
    ps_fake_wait(fake, "PATCH", HOOK, "\"name\":\"x\",\"clientConfig\":{\"caBundle\":\"LS0tLS1C");
    ps_certs_end(fake);
}
END_TEST

START_TEST(somebody_who_undoes_all_is_not_fought)
{
    static const struct ps_fake_answer answers[] = {
        HOOK_LIST(TWO_ENTRIES),
        {"PATCH", HOOK, 200,
         "{\"metadata\":{\"name\":\"portside\",\"uid\":\"h1\",\"resourceVersion\":\"8\"},"
         "\"webhooks\":" TWO_ENTRIES "}",
         0},
    };
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", HOOK, "");
    ps_fake_skip(fake, 5000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 12);
    ps_fake_skip(fake, 10000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 13);
    ps_certs_end(fake);
}
END_TEST

START_TEST(a_given_file_is_published)
{
    static const struct ps_fake_answer answers[] = {HOOK_LIST(TWO_ENTRIES)};
    char folder[] = "/tmp/portside-test-certs-XXXXXX";
    char path[64];
    struct certificate pair = certificate_make(-3600, 3600);
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    certificate_folder(folder);
    (void)snprintf(path, sizeof(path), "%s/ca.crt", folder);
    certificate_write(folder, "ca.crt", pair.cert_pem);
    ps_fake_config(fake)->tls_ca = ps_str_of(path);
    ck_assert(ps_ok(ps_controller_certify(ps_fake_controller(fake), NULL, NULL)));
    ps_fake_wait(fake, "PATCH", HOOK, "\"name\":\"d.e.f\",\"clientConfig\":{\"caBundle\":\"LS0tLS");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, ""), 0);
    certificate_write(folder, "ca.crt", "");
    ps_fake_skip(fake, 3000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 1); /* not emptied */
    ps_fake_end(fake);
    certificate_remove(folder);
    certificate_clear(&pair);
}
END_TEST

/* Both files as a Secret of somebody's own is mounted. */
static void mount(const char *folder, const char *ca, const char *cert)
{
    certificate_write(folder, "ca.crt", ca);
    certificate_write(folder, "tls.crt", cert);
}

/* How often a caBundle of just these was written to both entries. */
static size_t published(const struct ps_fake *fake, const char *first, const char *second)
{
    char pem[4096];
    char text[8192] = "\"caBundle\":\"";
    size_t len = strlen(text);
    int bytes = snprintf(pem, sizeof(pem), "%s%s", first, second);
    len += (size_t)EVP_EncodeBlock((unsigned char *)text + len, (unsigned char *)pem, bytes);
    (void)snprintf(text + len, sizeof(text) - len, "\"}},{\"name\":\"d.e.f\"");
    return ps_fake_count(fake, "PATCH", HOOK, text);
}

START_TEST(a_given_ca_is_published_if_it_vouches_and_the_one_before_stays_for_a_while)
{
    static const struct ps_fake_answer answers[] = {HOOK_LIST(TWO_ENTRIES)};
    char folder[] = "/tmp/portside-test-certs-XXXXXX";
    char ca_path[64];
    char cert_path[64];
    struct certificate one = certificate_make(-3600, 3600);
    struct certificate two = certificate_make(-3600, 3600);
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    certificate_folder(folder);
    /* A line of a file of settings: where the path ends there is no NUL. */
    (void)snprintf(ca_path, sizeof(ca_path), "%s/ca.crt\nnext = 1", folder);
    (void)snprintf(cert_path, sizeof(cert_path), "%s/tls.crt", folder);
    ps_fake_config(fake)->tls_ca = ps_str_slice(ps_str_of(ca_path), 0, strcspn(ca_path, "\n"));
    ps_fake_config(fake)->tls_cert = ps_str_of(cert_path);
    mount(folder, one.cert_pem, two.cert_pem);
    ck_assert(ps_ok(ps_controller_certify(ps_fake_controller(fake), NULL, NULL)));
    ps_fake_skip(fake, 5000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 0);
    mount(folder, one.cert_pem, one.cert_pem);
    ps_fake_skip(fake, 2000);
    ck_assert_uint_eq(published(fake, one.cert_pem, ""), 1);
    mount(folder, two.cert_pem, two.cert_pem);
    ps_fake_skip(fake, 590000);
    ck_assert_uint_eq(published(fake, two.cert_pem, one.cert_pem), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 2);
    ps_fake_skip(fake, 15000);
    ck_assert_uint_eq(published(fake, two.cert_pem, ""), 1);
    mount(folder, "hello", two.cert_pem);
    ps_fake_skip(fake, 5000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", HOOK, ""), 3);
    ps_fake_end(fake);
    certificate_remove(folder);
    certificate_clear(&one);
    certificate_clear(&two);
}
END_TEST

#define REGISTERED(version)                                                                        \
    "{\"kind\":\"MutatingWebhookConfiguration\",\"metadata\":{\"name\":\"portside\","              \
    "\"uid\":\"h1\",\"resourceVersion\":\"" version "\",\"labels\":{\"a\":\"b\"}},"                \
    "\"webhooks\":[{\"name\":\"a.b.c\",\"failurePolicy\":\"Fail\",\"timeoutSeconds\":5,"           \
    "\"clientConfig\":{}}]}"
#define SERVICE "/api/v1/namespaces/portside/services/portside"
#define AGAIN HOOK "?fieldManager=portside-restore"

/* The registration is deleted while the Service is as stated. */
static struct ps_fake *begin_without(const struct ps_fake_answer *answers, size_t count)
{
    struct ps_fake *fake = ps_certs_begin(answers, count);
    ps_fake_wait(fake, "PATCH", HOOK, "caBundle");
    ps_fake_tell(fake, HOOKS "?", "{\"type\":\"MODIFIED\",\"object\":" REGISTERED("8") "}");
    ps_fake_tell(fake, HOOKS "?", "{\"type\":\"DELETED\",\"object\":" REGISTERED("9") "}");
    ps_fake_run(fake, 20);
    return fake;
}

START_TEST(a_deleted_configuration_is_made_again)
{
    static const struct ps_fake_answer answers[] = {
        {"GET", HOOKS "?", 200, LIST(REGISTERED("7")), 1},
        {"GET", SERVICE, 200, "{\"metadata\":{\"name\":\"portside\"}}", 0},
        {"PATCH", AGAIN, 403, "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\"}", 1},
    };
    struct ps_fake *fake = begin_without(answers, PS_COUNT(answers));
    ck_assert_uint_eq(ps_fake_count(fake, "GET", SERVICE, ""), 0); /* not at once */
    ps_fake_skip(fake, 3500);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", AGAIN, "\"timeoutSeconds\":5"), 1);
    ps_fake_skip(fake, 2000); /* what was refused is tried again */
    ck_assert_uint_ge(ps_fake_count(fake, "PATCH", AGAIN, "\"labels\":{\"a\":\"b\"}"), 2);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", AGAIN, "\"uid\""), 0);
    ps_certs_end(fake);
}
END_TEST

static const struct ps_fake_answer uninstalled[] = {
    {"GET", SERVICE, 404, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}", 0},
    {"GET", SERVICE, 200,
     "{\"metadata\":{\"name\":\"portside\",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"}}", 0},
};

START_TEST(a_configuration_is_gone_for_good_with_its_service)
{
    const struct ps_fake_answer answers[] = {
        {"GET", HOOKS "?", 200, LIST(REGISTERED("7")), 1},
        uninstalled[_i],
    };
    struct ps_fake *fake = begin_without(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 60000);
    ck_assert_uint_eq(ps_fake_count(fake, "GET", SERVICE, ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", AGAIN, ""), 0);
    ps_certs_end(fake);
}
END_TEST

START_TEST(a_configuration_that_somebody_else_made_again_stands)
{
    static const struct ps_fake_answer answers[] = {
        {"GET", HOOKS "?", 200, LIST(REGISTERED("7")), 1},
        {"GET", SERVICE, 200, "{\"metadata\":{\"name\":\"portside\"}}", 0},
    };
    struct ps_fake *fake = begin_without(answers, PS_COUNT(answers));
    ps_fake_tell(fake, HOOKS "?",
                 "{\"type\":\"ADDED\",\"object\":{\"kind\":\"MutatingWebhookConfiguration\","
                 "\"metadata\":{\"name\":\"portside\",\"uid\":\"h2\",\"resourceVersion\":\"12\"},"
                 "\"webhooks\":[{\"name\":\"a.b.c\",\"clientConfig\":{}}]}}");
    ps_fake_skip(fake, 60000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", AGAIN, ""), 0);
    ck_assert_uint_ge(ps_fake_count(fake, "PATCH", HOOK, "\"uid\":\"h2\""), 1);
    ps_certs_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_certs");
    TCase *all = tcase_create("all");
    tcase_add_test(all, the_first_start_makes_all);
    tcase_add_test(all, a_refusal_is_tried_again);
    tcase_add_test(all, one_who_does_not_lead_writes_nothing);
    tcase_add_loop_test(all, a_configuration_without_webhooks_is_left_alone, 0,
                        (int)PS_COUNT(odd_hooks));
    tcase_add_loop_test(all, any_bundle_is_put_right, 0, (int)PS_COUNT(odd_entries));
    tcase_add_test(all, somebody_who_undoes_all_is_not_fought);
    tcase_add_test(all, a_given_file_is_published);
    tcase_add_test(all, a_given_ca_is_published_if_it_vouches_and_the_one_before_stays_for_a_while);
    tcase_add_test(all, a_deleted_configuration_is_made_again);
    tcase_add_loop_test(all, a_configuration_is_gone_for_good_with_its_service, 0,
                        (int)PS_COUNT(uninstalled));
    tcase_add_test(all, a_configuration_that_somebody_else_made_again_stands);
    suite_add_tcase(suite, all);
    return suite;
}
