/* SPDX-License-Identifier: Apache-2.0 */
/* The life of a server: start, certificates, drain, stop. */
#include "test_server_support.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "certificate.h"
#include "support/runner.h"

START_TEST(draining_answers_and_closes)
{
    server_start("threads = 1");
    int status = 0;
    free(https_plain(ps_server_plain_address(server), "/readyz", &status));
    ck_assert_int_eq(status, 200);
    struct https https = server_dial();
    ps_server_drain(server);
    char *text = https_plain(ps_server_plain_address(server), "/readyz", &status);
    ck_assert_int_eq(status, 503);
    ck_assert_ptr_nonnull(strstr(text, "draining"));
    free(text);
    ck_assert(https_post(&https, "hello", 5));
    struct https_answer answer = https_read(&https);
    ck_assert_int_eq(answer.status, 200);
    ck_assert_ptr_nonnull(strstr(answer.head, "\r\nConnection: close\r\n"));
    https_answer_clear(&answer);
    ck_assert_int_eq(https_read(&https).status, 0);
    https_close(&https);
}
END_TEST

static void *stop_server(void *arg)
{
    ps_server_stop(arg);
    return NULL;
}

START_TEST(what_is_under_way_at_the_stop_is_finished)
{
    static const char first[] = "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: ";
    static const char rest[] = "application/json\r\nContent-Length: 5\r\n\r\nhello";
    server_start("threads = 2");
    struct https idle = server_dial();
    struct https busy = server_dial();
    struct https stuck = https_connect(ps_server_address(server), 4096);
    pthread_t thread;
    ck_assert(https_post(&idle, "hello", 5));
    server_expect_answer(&idle, 200, "hello", 5);
    ck_assert(https_write(&busy, first, sizeof(first) - 1));
    ck_assert(https_post(&stuck, "big", 3));
    while (server_metric("portside_http_responses_total{code=\"200\"}") < 2) {
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_server, server), 0);
    server = NULL;
    ck_assert_int_eq(https_read(&idle).status, 0);
    ck_assert(https_write(&busy, rest, sizeof(rest) - 1));
    server_expect_answer(&busy, 200, "hello", 5);
    server_expect_answer(&stuck, 200, server_big, BIG_BYTES);
    https_close(&idle);
    https_close(&busy);
    https_close(&stuck);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(metrics_of_others_are_shown_too)
{
    server_start("threads = 1");
    ck_assert_int_eq(server_metric("test_value"), 42);
    ck_assert_int_eq(server_metric("portside_draining"), 0);
}
END_TEST

START_TEST(an_address_that_is_taken_is_an_error)
{
    server_start("threads = 2");
    struct ps_config second = server_config;
    struct ps_server *other = NULL;
    struct ps_error err = {0};
    const struct ps_server_options options = server_options(&second);
    second.listen = ps_str_of(ps_server_address(server));
    ck_assert(!ps_ok(ps_server_start(&options, &other, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, ps_server_address(server)));
    second.listen = PS_STR("127.0.0.1:0");
    second.plain_listen = ps_str_of(ps_server_plain_address(server));
    ck_assert(!ps_ok(ps_server_start(&options, &other, &err)));
    ck_assert_ptr_null(other);
}
END_TEST

START_TEST(a_new_certificate_serves_from_the_next_connection_on)
{
    server_start("threads = 2");
    struct https old = server_dial();
    struct certificate pair = certificate_make(-HOUR, 2 * HOUR);
    certificate_write(server_folder, "tls.crt", pair.cert_pem);
    certificate_write(server_folder, "tls.key", pair.key_pem);
    certificate_clear(&pair);
    ps_server_reload(server);
    struct https new = server_dial();
    X509 *old_leaf = SSL_get1_peer_certificate(old.ssl);
    X509 *new_leaf = SSL_get1_peer_certificate(new.ssl);
    ck_assert_int_ne(X509_cmp(old_leaf, new_leaf), 0);
    X509_free(old_leaf);
    X509_free(new_leaf);
    ck_assert(https_post(&old, "hello", 5));
    server_expect_answer(&old, 200, "hello", 5);
    ck_assert_int_eq(server_metric("portside_certificate_loads_total"), 2);
    https_close(&old);
    https_close(&new);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("server_life");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, server_set_up, server_tear_down);
    tcase_add_test(all, draining_answers_and_closes);
    tcase_add_test(all, what_is_under_way_at_the_stop_is_finished);
    tcase_add_test(all, metrics_of_others_are_shown_too);
    tcase_add_test(all, an_address_that_is_taken_is_an_error);
    tcase_add_test(all, a_new_certificate_serves_from_the_next_connection_on);
    suite_add_tcase(suite, all);
    return suite;
}
