/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The paths of bytes through TLS, pump and libmicrohttpd, on real loopback sockets. What an API
 * server asks is in tests/contract.
 */
#include "test_server_support.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "support/runner.h"

START_TEST(a_request_is_answered)
{
    server_start("threads = 2");
    struct https https = server_dial();
    for (int i = 0; i < 3; i++) {
        ck_assert(https_post(&https, "hello", 5));
        server_expect_answer(&https, 200, "hello", 5);
    }
    ck_assert(https_post(&https, "fail", 4));
    server_expect_answer(&https, 500, "fail", 4);
    https_close(&https);
}
END_TEST

START_TEST(the_largest_request_comes_back_whole)
{
    server_start("threads = 1");
    char *body = malloc(BODY_MAX);
    ck_assert_ptr_nonnull(body);
    for (size_t i = 0; i < BODY_MAX; i++) {
        body[i] = (char)(i * 7 % 251);
    }
    struct https https = server_dial();
    ck_assert(https_post(&https, body, BODY_MAX));
    server_expect_answer(&https, 200, body, BODY_MAX);
    ck_assert(https_post(&https, "next", 4));
    server_expect_answer(&https, 200, "next", 4);
    https_close(&https);
    free(body);
}
END_TEST

START_TEST(a_slow_reader_holds_nobody_up)
{
    server_start("threads = 1");
    struct https slow = https_connect(ps_server_address(server), 4096);
    ck_assert(https_post(&slow, "big", 3));
    struct https other = server_dial();
    for (int i = 0; i < 50; i++) { /* while the server_big answer is stuck */
        ck_assert(https_post(&other, "hello", 5));
        server_expect_answer(&other, 200, "hello", 5);
    }
    server_expect_answer(&slow, 200, server_big, BIG_BYTES);
    ck_assert(https_post(&slow, "again", 5));
    server_expect_answer(&slow, 200, "again", 5);
    https_close(&slow);
    https_close(&other);
}
END_TEST

START_TEST(pipelined_requests_are_answered_in_order)
{
    server_start("threads = 1");
    struct https https = server_dial();
    char body[32];
    for (int i = 0; i < 200; i++) {
        int len = snprintf(body, sizeof(body), "number %d", i);
        ck_assert(https_post(&https, body, (size_t)len));
    }
    ck_assert(https_post(&https, "big", 3));
    for (int i = 0; i < 200; i++) {
        int len = snprintf(body, sizeof(body), "number %d", i);
        server_expect_answer(&https, 200, body, (size_t)len);
    }
    server_expect_answer(&https, 200, server_big, BIG_BYTES);
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
    server_start("threads = 1");
    for (int i = 0; i < count; i++) {
        https[i] = server_dial();
    }
    for (int i = 0; i < count; i++) {
        ck_assert(https_post(&https[i], part, sizeof(part)));
    }
    for (int i = 0; i < count; i++) {
        server_expect_answer(&https[i], 200, part, sizeof(part));
        https_close(&https[i]);
    }
    server_expect_no_connections();
}
END_TEST

START_TEST(one_byte_at_a_time_is_a_request_too)
{
    static const char text[] =
        "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n";
    server_start("threads = 1");
    struct https https = server_dial();
    for (size_t i = 0; i < sizeof(text) - 1; i++) {
        ck_assert(https_write(&https, &text[i], 1));
    }
    server_expect_answer(&https, 200, "hello", 5);
    https_close(&https);
}
END_TEST

START_TEST(a_client_that_closed_its_half_gets_its_answer)
{
    server_start("threads = 1");
    struct https https = server_dial();
    ck_assert(https_post(&https, "hello", 5));
    ck_assert_int_ge(SSL_shutdown(https.ssl), 0);
    server_expect_answer(&https, 200, "hello", 5);
    ck_assert_int_eq(https_read(&https).status, 0); /* and then the end */
    https_close(&https);
    server_expect_no_connections();
}
END_TEST

START_TEST(clients_that_vanish_leave_nothing)
{
    server_start("threads = 1");
    for (int i = 0; i < 60; i++) {
        struct https https = server_dial();
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
    server_expect_no_connections();
    struct https https = server_dial();
    ck_assert(https_post(&https, "hello", 5));
    server_expect_answer(&https, 200, "hello", 5);
    https_close(&https);
}
END_TEST

/* Until told to stop, or the server has had enough of it. */
static void *flood_with_key_updates(void *stop)
{
    struct https https = server_dial();
    while (!atomic_load((_Atomic bool *)stop) &&
           SSL_key_update(https.ssl, SSL_KEY_UPDATE_NOT_REQUESTED) == 1 &&
           SSL_do_handshake(https.ssl) == 1) {
    }
    https_close(&https);
    return NULL;
}

START_TEST(a_flood_of_key_updates_holds_nobody_up)
{
    pthread_t flood;
    _Atomic bool stop = false;
    server_start("threads = 1");
    struct https https = server_dial();
    ck_assert_int_eq(pthread_create(&flood, NULL, flood_with_key_updates, &stop), 0);
    for (int i = 0; i < 200; i++) {
        ck_assert(https_post(&https, "hello", 5));
        server_expect_answer(&https, 200, "hello", 5);
    }
    atomic_store(&stop, true);
    ck_assert_int_eq(pthread_join(flood, NULL), 0);
    https_close(&https);
    server_expect_no_connections();
}
END_TEST

/* Each has sent more than a header may have, and goes away before or after it is told so. */
START_TEST(endless_headers_are_refused_and_forgotten)
{
    static const char head[] = "POST /mutate HTTP/1.1\r\nHost: x\r\nX-Long: ";
    char part[40000];
    memset(part, 'x', sizeof(part));
    server_start("threads = 1");
    for (int i = 0; i < 40; i++) {
        struct https https = server_dial();
        ck_assert(https_write(&https, head, sizeof(head) - 1));
        ck_assert(https_write(&https, part, sizeof(part)));
        if (i % 2 == 0) {
            struct https_answer answer = https_read(&https);
            ck_assert_int_eq(answer.status, 431);
            https_answer_clear(&answer);
        }
        https_abort(&https);
    }
    server_expect_no_connections();
}
END_TEST

/* 16 bodies of 64 KiB, all but the last byte, are what 8 of the largest size may hold. */
#define LARGE_BYTES 65536U
#define HELD 16

static void hold_bodies(struct https *held, const char *body)
{
    static const char head[] =
        "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        "Content-Length: 65536\r\n\r\n";
    for (size_t i = 0; i < HELD; i++) {
        held[i] = server_dial();
        ck_assert(https_write(&held[i], head, sizeof(head) - 1));
        ck_assert(https_write(&held[i], body, LARGE_BYTES - 1));
    }
}

/* The answer to body while others hold as much as there is; 200 once the server has read it all. */
static int ask_beside(const char *body, size_t len)
{
    struct https https = server_dial();
    ck_assert(https_post(&https, body, len));
    struct https_answer answer = https_read(&https);
    int status = answer.status;
    ck_assert(status != 503 || strstr(answer.head, "Retry-After: 1\r\n") != NULL);
    https_answer_clear(&answer);
    https_close(&https);
    return status;
}

START_TEST(large_bodies_beyond_the_share_are_told_to_come_again_and_small_ones_served)
{
    struct https held[HELD];
    char *body = malloc(LARGE_BYTES);
    ck_assert_ptr_nonnull(body);
    memset(body, 'x', LARGE_BYTES);
    server_start(_i == 0 ? "threads = 1\nbody-max-bytes = 65536"
                         : "threads = 3\nbody-max-bytes = 65536");
    hold_bodies(held, body);
    int status = 200;
    for (int i = 0; i < 2000 && status == 200; i++) { /* until it has read what they sent */
        status = ask_beside(body, LARGE_BYTES);
    }
    ck_assert_int_eq(status, 503);
    ck_assert_int_eq(ask_beside(body, 32768), 200);
    for (size_t i = 0; i < HELD; i++) {
        ck_assert(https_write(&held[i], body, 1));
        server_expect_answer(&held[i], 200, body, LARGE_BYTES);
        https_close(&held[i]);
    }
    ck_assert_int_eq(ask_beside(body, LARGE_BYTES), 200);
    free(body);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("server");
    TCase *all = tcase_create("all");
    tcase_add_checked_fixture(all, server_set_up, server_tear_down);
    tcase_add_test(all, a_request_is_answered);
    tcase_add_test(all, the_largest_request_comes_back_whole);
    tcase_add_test(all, a_slow_reader_holds_nobody_up);
    tcase_add_test(all, pipelined_requests_are_answered_in_order);
    tcase_add_loop_test(all, connections_that_are_ready_at_once_are_all_served, 0, 5);
    tcase_add_test(all, one_byte_at_a_time_is_a_request_too);
    tcase_add_test(all, a_client_that_closed_its_half_gets_its_answer);
    tcase_add_test(all, clients_that_vanish_leave_nothing);
    tcase_add_test(all, a_flood_of_key_updates_holds_nobody_up);
    tcase_add_test(all, endless_headers_are_refused_and_forgotten);
    tcase_add_loop_test(
        all, large_bodies_beyond_the_share_are_told_to_come_again_and_small_ones_served, 0, 2);
    suite_add_tcase(suite, all);
    return suite;
}
