/* SPDX-License-Identifier: Apache-2.0 */
/* The Secret of the certificates, as somebody damaged it, or made it immutable. */
#include "support/runner.h"
#include "test_certs_support.h"

#define SECRET_OBJECT(rest)                                                                        \
    "{\"kind\":\"Secret\",\"apiVersion\":\"v1\",\"metadata\":"                                     \
    "{\"name\":\"portside-certificates\",\"namespace\":\"portside\",\"resourceVersion\":"          \
    "\"2000\",\"labels\":{\"app.kubernetes.io/managed-by\":\"portside\"}}" rest "}"
#define EVENT(rest) "{\"type\":\"MODIFIED\",\"object\":" SECRET_OBJECT(rest) "}"

/* What a Secret of ours may be made to hold. */
static const char *const damage[] = {
    EVENT(""),
    EVENT(",\"data\":null"),
    EVENT(",\"data\":[]"),
    EVENT(",\"data\":{\"tls.crt\":1,\"tls.key\":{},\"ca.crt\":null,\"ca.key\":[]}"),
    EVENT(",\"data\":{\"tls.crt\":\"%\",\"tls.key\":\"=\",\"ca.crt\":\"a\",\"ca.key\":\"AAAA\"}"),
    EVENT(",\"data\":{\"previous-ca.crt\":\"aGVsbG8=\",\"previous-until\":\"LTE=\"}"),
    EVENT(",\"data\":{\"ca.crt\":\"LS0tLS1CRUdJTiBDRVJUSUZJQ0FURS0tLS0tCg==\"}"),
};

START_TEST(damage_is_mended_and_the_old_certificate_serves)
{
    struct ps_fake *fake = ps_certs_begin(NULL, 0);
    ps_fake_wait(fake, "POST", SECRETS, "");
    ps_fake_run(fake, 50);
    uint64_t generation = ps_certs_generation();
    ck_assert(ps_certs_are_served());
    ps_fake_tell(fake, SECRETS, damage[_i]);
    ps_fake_wait(fake, "PATCH", SECRET, "\"resourceVersion\":\"2000\"");
    ck_assert_uint_ge(ps_fake_count(fake, "PATCH", SECRET, "\"ca.key\":\""), 1);
    ck_assert_uint_ge(ps_fake_count(fake, "PATCH", SECRET, "\"previous-ca.crt\":\""), 1);
    ck_assert_uint_eq(ps_certs_generation(), generation);
    ps_certs_end(fake);
}
END_TEST

#define DELETED "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}"

static const struct ps_fake_answer deletions[] = {
    {"DELETE", SECRET, 200, DELETED, 0},
    {"DELETE", SECRET, 404, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}", 0},
};

/* It cannot be written, so it goes as it was seen, and is made again around what is served. */
START_TEST(an_immutable_secret_is_replaced)
{
    struct ps_fake *fake = ps_certs_begin(&deletions[_i], 1);
    ps_fake_wait(fake, "POST", SECRETS, "");
    ps_fake_run(fake, 50);
    uint64_t generation = ps_certs_generation();
    ps_fake_tell(fake, SECRETS, EVENT(",\"immutable\":true,\"data\":{}"));
    ps_fake_wait(fake, "DELETE", SECRET, "\"resourceVersion\":\"2000\"");
    ps_fake_wait(fake, "POST", SECRETS, "\"previous-ca.crt\":\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SECRET, ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 1);
    ck_assert_uint_eq(ps_certs_generation(), generation);
    ps_certs_end(fake);
}
END_TEST

/* What keeps the deletion from being done. */
static const struct ps_fake_answer hurdles[] = {
    {"DELETE", SECRET, 403, "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\"}", 2},
    {"DELETE", SECRET, 409, "{\"kind\":\"Status\",\"code\":409,\"reason\":\"Conflict\"}", 2},
    {"DELETE", SECRET, 500, "", 2},
};

START_TEST(an_immutable_secret_is_asked_for_again)
{
    const struct ps_fake_answer answers[] = {
        hurdles[_i],
        {"GET", SECRETS "?", 200, LIST(""), 1},
        {"GET", SECRETS "?", 200, LIST(SECRET_OBJECT(",\"immutable\":true,\"data\":{}")), 0},
        {"DELETE", SECRET, 200, DELETED, 0},
    };
    struct ps_fake *fake = ps_certs_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", SECRETS, "");
    ps_fake_run(fake, 50);
    ps_fake_tell(fake, SECRETS, EVENT(",\"immutable\":true,\"data\":{}"));
    ps_fake_wait(fake, "DELETE", SECRET, "");
    ps_fake_skip(fake, 8000);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", SECRET, ""), 3);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", SECRETS, ""), 2);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_certificate_failures_total"), 2);
    ps_certs_end(fake);
}
END_TEST

START_TEST(a_foreign_secret_is_not_deleted)
{
    struct ps_fake *fake = ps_certs_begin(NULL, 0);
    ps_fake_wait(fake, "POST", SECRETS, "");
    ps_fake_run(fake, 50);
    ps_fake_tell(fake, SECRETS,
                 "{\"type\":\"MODIFIED\",\"object\":{\"kind\":\"Secret\",\"apiVersion\":\"v1\","
                 "\"metadata\":{\"name\":\"portside-certificates\",\"namespace\":\"portside\","
                 "\"resourceVersion\":\"2000\"},\"immutable\":true,\"data\":{}}}");
    ps_fake_skip(fake, 5000);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    ck_assert(ps_certs_are_served());
    ps_certs_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_secret");
    TCase *all = tcase_create("all");
    tcase_add_loop_test(all, damage_is_mended_and_the_old_certificate_serves, 0,
                        (int)PS_COUNT(damage));
    tcase_add_loop_test(all, an_immutable_secret_is_replaced, 0, (int)PS_COUNT(deletions));
    tcase_add_loop_test(all, an_immutable_secret_is_asked_for_again, 0, (int)PS_COUNT(hurdles));
    tcase_add_test(all, a_foreign_secret_is_not_deleted);
    suite_add_tcase(suite, all);
    return suite;
}
