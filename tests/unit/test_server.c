/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The server on real loopback sockets, with a handler that says what it was told: the paths of
 * bytes through TLS, pump and libmicrohttpd. What an API server asks is in tests/contract.
 */
#include "portside/server.h"

#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "certificate.h"
#include "https_client.h"
#include "support/runner.h"

#define HOUR 3600L
#define BODY_MAX ((size_t)7 * 1024 * 1024)
#define BIG_BYTES ((size_t)6 * 1024 * 1024)

static char folder[] = "/tmp/portside-test-server-XXXXXX";
static char cert_path[64];
static char key_path[64];
static char *big; /* an answer larger than all buffers on its way */
static struct ps_config config;
static struct ps_server *server;

static struct ps_status use_arena(void *arg)
{
    memset(ps_arena_alloc(arg, 10000), 1, 10000); /* to be given back after each request */
    return ps_success();
}

/* "big" is answered with much, "fail" with 500, all else with itself. */
static void echo(const void *context, struct ps_arena *arena, struct ps_str request,
                 struct ps_admission *ret_admission)
{
    ck_assert_ptr_eq(context, &config);
    ck_assert_uint_eq(ps_arena_used(arena), 0);
    ck_assert(ps_ok(ps_arena_run(arena, use_arena, arena, NULL)));
    *ret_admission = (struct ps_admission){
        .http_status = ps_str_is(request, "fail") ? 500 : 200,
        .content_type = PS_STR_INIT("application/json"),
        .body = ps_str_is(request, "big") ? (struct ps_str){big, BIG_BYTES} : request,
        .verdict = PS_VERDICT_SKIP,
    };
}

static void start(const char *settings)
{
    struct ps_error err = {0};
    ck_assert_msg(ps_ok(ps_config_parse(&config, ps_str_of(settings), &err)), "%s", err.message);
    ck_assert_msg(ps_ok(ps_server_start(&config, echo, &config, &server, &err)), "%s", err.message);
}

static void set_up(void)
{
    struct certificate pair = certificate_make(-HOUR, HOUR);
    (void)signal(SIGPIPE, SIG_IGN);
    certificate_folder(folder);
    certificate_write(folder, "tls.crt", pair.cert_pem);
    certificate_write(folder, "tls.key", pair.key_pem);
    certificate_clear(&pair);
    (void)snprintf(cert_path, sizeof(cert_path), "%s/tls.crt", folder);
    (void)snprintf(key_path, sizeof(key_path), "%s/tls.key", folder);
    ps_config_init(&config);
    config.listen = PS_STR("127.0.0.1:0");
    config.plain_listen = PS_STR("127.0.0.1:0");
    config.tls_cert = ps_str_of(cert_path);
    config.tls_key = ps_str_of(key_path);
    big = malloc(BIG_BYTES);
    ck_assert_ptr_nonnull(big);
    for (size_t i = 0; i < BIG_BYTES; i++) {
        big[i] = (char)('a' + i % 23);
    }
}

static void tear_down(void)
{
    ps_server_stop(server);
    server = NULL;
    free(big);
    certificate_remove(folder);
    memcpy(folder + strlen(folder) - 6, "XXXXXX", 6); /* for the next test without fork */
}

static struct https dial(void)
{
    return https_connect(ps_server_address(server), 0);
}

static void expect_answer(struct https *https, int status, const char *body, size_t len)
{
    struct https_answer answer = https_read(https);
    ck_assert_int_eq(answer.status, status);
    ck_assert_uint_eq(answer.len, len);
    ck_assert(memcmp(answer.body, body, len) == 0);
    https_answer_clear(&answer);
}

/* The value of a metric that has no labels, or with them in its name. */
static long metric(const char *name)
{
    int status = 0;
    char *text = https_plain(ps_server_plain_address(server), "/metrics", &status);
    char line[200];
    (void)snprintf(line, sizeof(line), "\n%s ", name);
    const char *found = strstr(text, line);
    long value = found == NULL ? 0 : strtol(found + strlen(line), NULL, 10);
    free(text);
    return value;
}

static void expect_no_connections(void)
{
    const struct timespec pause = {.tv_nsec = 20000000};
    for (int i = 0; i < 500 && metric("portside_connections") != 0; i++) {
        (void)nanosleep(&pause, NULL);
    }
    ck_assert_int_eq(metric("portside_connections"), 0);
}

START_TEST(a_request_is_answered)
{
    start("threads = 2");
    struct https https = dial();
    for (int i = 0; i < 3; i++) {
        ck_assert(https_post(&https, "hello", 5));
        expect_answer(&https, 200, "hello", 5);
    }
    ck_assert(https_post(&https, "fail", 4));
    expect_answer(&https, 500, "fail", 4);
    https_close(&https);
}
END_TEST

START_TEST(the_largest_request_comes_back_whole)
{
    start("threads = 1");
    char *body = malloc(BODY_MAX);
    ck_assert_ptr_nonnull(body);
    for (size_t i = 0; i < BODY_MAX; i++) {
        body[i] = (char)(i * 7 % 251);
    }
    struct https https = dial();
    ck_assert(https_post(&https, body, BODY_MAX));
    expect_answer(&https, 200, body, BODY_MAX);
    ck_assert(https_post(&https, "next", 4));
    expect_answer(&https, 200, "next", 4);
    https_close(&https);
    free(body);
}
END_TEST

START_TEST(a_slow_reader_holds_nobody_up)
{
    start("threads = 1");
    struct https slow = https_connect(ps_server_address(server), 4096);
    ck_assert(https_post(&slow, "big", 3));
    struct https other = dial();
    for (int i = 0; i < 50; i++) { /* while the big answer is stuck */
        ck_assert(https_post(&other, "hello", 5));
        expect_answer(&other, 200, "hello", 5);
    }
    expect_answer(&slow, 200, big, BIG_BYTES);
    ck_assert(https_post(&slow, "again", 5));
    expect_answer(&slow, 200, "again", 5);
    https_close(&slow);
    https_close(&other);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    start("threads = 1");
    struct https https = dial();
    char body[32];
    for (int i = 0; i < 200; i++) {
        int len = snprintf(body, sizeof(body), "number %d", i);
        ck_assert(https_post(&https, body, (size_t)len));
    }
    ck_assert(https_post(&https, "big", 3));
    for (int i = 0; i < 200; i++) {
        int len = snprintf(body, sizeof(body), "number %d", i);
        expect_answer(&https, 200, body, (size_t)len);
    }
    expect_answer(&https, 200, big, BIG_BYTES);
    https_close(&https);
}
END_TEST

/* libmicrohttpd looks at 128 events at a time, and has stalled at exactly so many. */
START_TEST(connections_that_are_ready_at_once_are_all_served)
{
    static const int counts[] = {127, 128, 129, 256, 300};
    int count = counts[_i];
    struct https https[300];
    char part[8192];
    memset(part, 'x', sizeof(part));
    start("threads = 1");
    for (int i = 0; i < count; i++) {
        https[i] = dial();
    }
    for (int i = 0; i < count; i++) {
        ck_assert(https_post(&https[i], part, sizeof(part)));
    }
    for (int i = 0; i < count; i++) {
        expect_answer(&https[i], 200, part, sizeof(part));
        https_close(&https[i]);
    }
    expect_no_connections();
}
END_TEST

START_TEST(one_byte_at_a_time_is_a_request_too)
{
    static const char text[] =
        "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    start("threads = 1");
    struct https https = dial();
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        ck_assert(https_write(&https, &text[i], 1));
    }
    expect_answer(&https, 200, "hello", 5);
    https_close(&https);
}
END_TEST

START_TEST(a_client_that_closed_its_half_gets_its_answer)
{
    start("threads = 1");
    struct https https = dial();
    ck_assert(https_post(&https, "hello", 5));
    ck_assert_int_ge(SSL_shutdown(https.ssl), 0);
    expect_answer(&https, 200, "hello", 5);
    ck_assert_int_eq(https_read(&https).status, 0); /* and then the end */
    https_close(&https);
    expect_no_connections();
}
END_TEST

START_TEST(clients_that_vanish_leave_nothing)
{
    start("threads = 1");
    for (int i = 0; i < 60; i++) {
        struct https https = dial();
        char part[10000];
        memset(part, ' ', sizeof(part));
        if (i % 3 == 0) {
            ck_assert(https_write(&https, "POST /mutate HT", 15));
        } else if (i % 3 == 1) {
            static const char head[] = "POST /mutate HTTP/1.1\r\nHost: x\r\n"
                                       "Content-Type: application/json\r\n"
                                       "Content-Length: 100000\r\n\r\n";
            ck_assert(https_write(&https, head, sizeof(head) - 1));
            ck_assert(https_write(&https, part, sizeof(part)));
        } else {
            ck_assert(https_post(&https, "big", 3));
        }
        if (i % 2 == 0) {
            https_abort(&https);
        } else {
            https_close(&https);
        }
    }
    expect_no_connections();
    struct https https = dial();
    ck_assert(https_post(&https, "hello", 5));
    expect_answer(&https, 200, "hello", 5);
    https_close(&https);
}
END_TEST

START_TEST(bodies_beyond_a_workers_share_are_told_to_come_again)
{
    static const char head[] =
        "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 4000\r\n\r\nx";
    struct https held[8];
    char body[4000];
    memset(body, 'x', sizeof(body));
    start("threads = 1\nbody-max-bytes = 4000");
    for (size_t i = 0; i < PS_COUNT(held); i++) {
        held[i] = dial();
        ck_assert(https_write(&held[i], head, sizeof(head) - 1));
    }
    while (metric("portside_connections") < (long)PS_COUNT(held)) {
    }
    struct https https = dial();
    ck_assert(https_post(&https, body, sizeof(body)));
    struct https_answer answer = https_read(&https);
    ck_assert_int_eq(answer.status, 503);
    https_answer_clear(&answer);
    https_close(&https);
    for (size_t i = 0; i < PS_COUNT(held); i++) {
        ck_assert(https_write(&held[i], body, sizeof(body) - 1));
        expect_answer(&held[i], 200, body, sizeof(body));
        https_close(&held[i]);
    }
}
END_TEST

START_TEST(draining_answers_and_closes)
{
    start("threads = 1");
    int status = 0;
    free(https_plain(ps_server_plain_address(server), "/readyz", &status));
    ck_assert_int_eq(status, 200);
    struct https https = dial();
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
    start("threads = 2");
    struct https idle = dial();
    struct https busy = dial();
    struct https stuck = https_connect(ps_server_address(server), 4096);
    pthread_t thread;
    ck_assert(https_post(&idle, "hello", 5));
    expect_answer(&idle, 200, "hello", 5);
    ck_assert(https_write(&busy, first, sizeof(first) - 1));
    ck_assert(https_post(&stuck, "big", 3));
    while (metric("portside_http_responses_total{code=\"200\"}") < 2) {
    }
    ck_assert_int_eq(pthread_create(&thread, NULL, stop_server, server), 0);
    server = NULL;
    ck_assert_int_eq(https_read(&idle).status, 0);
    ck_assert(https_write(&busy, rest, sizeof(rest) - 1));
    expect_answer(&busy, 200, "hello", 5);
    expect_answer(&stuck, 200, big, BIG_BYTES);
    https_close(&idle);
    https_close(&busy);
    https_close(&stuck);
    ck_assert_int_eq(pthread_join(thread, NULL), 0);
}
END_TEST

START_TEST(an_address_that_is_taken_is_an_error)
{
    start("threads = 2");
    struct ps_config second = config;
    struct ps_server *other = NULL;
    struct ps_error err = {0};
    second.listen = ps_str_of(ps_server_address(server));
    ck_assert(!ps_ok(ps_server_start(&second, echo, &config, &other, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, ps_server_address(server)));
    second.listen = PS_STR("127.0.0.1:0");
    second.plain_listen = ps_str_of(ps_server_plain_address(server));
    ck_assert(!ps_ok(ps_server_start(&second, echo, &config, &other, &err)));
    ck_assert_ptr_null(other);
}
END_TEST

START_TEST(a_new_certificate_serves_from_the_next_connection_on)
{
    start("threads = 2");
    struct https old = dial();
    struct certificate pair = certificate_make(-HOUR, 2 * HOUR);
    certificate_write(folder, "tls.crt", pair.cert_pem);
    certificate_write(folder, "tls.key", pair.key_pem);
    certificate_clear(&pair);
    ps_server_reload(server);
    struct https new = dial();
    X509 *old_leaf = SSL_get1_peer_certificate(old.ssl);
    X509 *new_leaf = SSL_get1_peer_certificate(new.ssl);
    ck_assert_int_ne(X509_cmp(old_leaf, new_leaf), 0);
    X509_free(old_leaf);
    X509_free(new_leaf);
    ck_assert(https_post(&old, "hello", 5));
    expect_answer(&old, 200, "hello", 5);
    ck_assert_int_eq(metric("portside_certificate_loads_total"), 2);
    https_close(&old);
    https_close(&new);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *bytes = tcase_create("bytes");
    tcase_set_timeout(bytes, 60);
    tcase_add_checked_fixture(bytes, set_up, tear_down);
    tcase_add_test(bytes, a_request_is_answered);
    tcase_add_test(bytes, the_largest_request_comes_back_whole);
    tcase_add_test(bytes, a_slow_reader_holds_nobody_up);
    tcase_add_test(bytes, pipelined_requests_are_answered_in_order);
    tcase_add_loop_test(bytes, connections_that_are_ready_at_once_are_all_served, 0, 5);
    tcase_add_test(bytes, one_byte_at_a_time_is_a_request_too);
    tcase_add_test(bytes, a_client_that_closed_its_half_gets_its_answer);
    tcase_add_test(bytes, clients_that_vanish_leave_nothing);
    tcase_add_test(bytes, bodies_beyond_a_workers_share_are_told_to_come_again);
    suite_add_tcase(suite, bytes);
    TCase *life = tcase_create("life");
    tcase_set_timeout(life, 60);
    tcase_add_checked_fixture(life, set_up, tear_down);
    tcase_add_test(life, draining_answers_and_closes);
    tcase_add_test(life, what_is_under_way_at_the_stop_is_finished);
    tcase_add_test(life, an_address_that_is_taken_is_an_error);
    tcase_add_test(life, a_new_certificate_serves_from_the_next_connection_on);
    suite_add_tcase(suite, life);
    return suite;
}
