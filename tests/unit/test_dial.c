/* SPDX-License-Identifier: Apache-2.0 */
/* Dials against real sockets on loopback, with a clock of the test's own. */
#include "dial.h"

#include "support/runner.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#define WAIT_MS 5000

/* A socket bound to a free port of 127.0.0.1; listening if backlog >= 0. */
static int make_socket(int backlog, uint16_t *ret_port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    ck_assert(backlog < 0 || listen(fd, backlog) == 0);
    *ret_port = ntohs(address.sin_port);
    return fd;
}

/* Waits on the real clock for the next answer of dialer, whose own stands at now_ms. */
static void *wait_answer(struct ps_dialer *dialer, uint64_t now_ms, enum ps_listening *ret_answer)
{
    void *arg = ps_dialer_next(dialer, now_ms, ret_answer);
    for (int i = 0; arg == NULL && i < WAIT_MS / 10; i++) {
        struct pollfd fds[PS_DIALS_MAX];
        (void)poll(fds, ps_dialer_fds(dialer, fds), 10);
        arg = ps_dialer_next(dialer, now_ms, ret_answer);
    }
    return arg;
}

static void expect(const char *address, uint16_t port, enum ps_listening expected)
{
    struct ps_dialer dialer = {0};
    const struct ps_dial_target target = {ps_str_of(address), port};
    enum ps_listening answer = PS_LISTENING_UNKNOWN;
    int mark = 0;
    ck_assert(ps_dialer_start(&dialer, &target, 1000, &mark));
    ck_assert_ptr_eq(wait_answer(&dialer, 1000, &answer), &mark);
    ck_assert_msg(answer == expected, "%s: %s", address, ps_listening_name(answer));
    ck_assert_uint_eq(ps_dialer_due_ms(&dialer), UINT64_MAX);
}

START_TEST(one_that_listens)
{
    uint16_t port;
    int fd = make_socket(8, &port);
    expect("127.0.0.1", port, PS_LISTENING_YES);
    /* It was closed at once, and nothing was sent. */
    char byte;
    int peer = accept(fd, NULL, NULL);
    ck_assert_int_ge(peer, 0);
    ck_assert_int_eq(recv(peer, &byte, 1, 0), 0);
    ck_assert_int_eq(close(peer), 0);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(one_that_refuses)
{
    uint16_t port;
    int fd = make_socket(-1, &port);
    expect("127.0.0.1", port, PS_LISTENING_NO);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

START_TEST(what_is_no_address)
{
    static const char *const texts[] = {"",
                                        "kafka-0",
                                        "127.0.0.1.",
                                        "[::1]",
                                        "::1%lo",
                                        "0000:0000:0000:0000:0000:ffff:127.127.127.127:::",
                                        "255.255.255.255",
                                        "fe80::1"};
    for (size_t i = 0; i < PS_COUNT(texts); i++) {
        expect(texts[i], 9, PS_LISTENING_UNKNOWN);
    }
    expect("127.0.0.1", 0, PS_LISTENING_UNKNOWN);
}
END_TEST

START_TEST(ipv6)
{
    struct sockaddr_in6 address = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    socklen_t size = sizeof(address);
    int fd = socket(AF_INET6, SOCK_STREAM, 0);
    if (fd < 0 || bind(fd, (struct sockaddr *)&address, size) != 0) {
        expect("::1", 9, PS_LISTENING_UNKNOWN); /* there is no IPv6 here */
        return;
    }
    ck_assert_int_eq(getsockname(fd, (struct sockaddr *)&address, &size), 0);
    expect("::1", ntohs(address.sin6_port), PS_LISTENING_NO);
    ck_assert_int_eq(listen(fd, 8), 0);
    expect("::1", ntohs(address.sin6_port), PS_LISTENING_YES);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

/* Connections that the kernel leaves unanswered, as the backlog of their listener is full. */
static size_t fill(struct ps_dialer *dialer, uint16_t port, int *marks)
{
    const struct ps_dial_target target = {PS_STR("127.0.0.1"), port};
    size_t count = 0;
    while (ps_dialer_start(dialer, &target, 1000, &marks[count])) {
        count++;
    }
    return count;
}

START_TEST(so_many_at_a_time_and_a_time_out)
{
    struct ps_dialer dialer = {0};
    int marks[PS_DIALS_MAX + 1] = {0};
    enum ps_listening answer = PS_LISTENING_UNKNOWN;
    uint16_t port;
    int fd = make_socket(0, &port);
    ck_assert_uint_eq(fill(&dialer, port, marks), PS_DIALS_MAX);
    size_t open = PS_DIALS_MAX;
    while (ps_dialer_next(&dialer, 1000 + PS_DIAL_TIMEOUT_MS - 1, &answer) != NULL) {
        ck_assert_int_eq(answer, PS_LISTENING_YES);
        open--;
    }
    ck_assert_uint_gt(open, 0); /* the backlog is full */
    struct pollfd fds[PS_DIALS_MAX];
    ck_assert_uint_eq(ps_dialer_fds(&dialer, fds), open);
    ck_assert_uint_eq(ps_dialer_due_ms(&dialer), 1000 + PS_DIAL_TIMEOUT_MS);
    ps_dialer_cancel(&dialer, &marks[PS_DIALS_MAX - 1]);
    ck_assert_uint_eq(ps_dialer_fds(&dialer, fds), --open);
    while (ps_dialer_next(&dialer, 1000 + PS_DIAL_TIMEOUT_MS, &answer) != NULL) {
        ck_assert_int_eq(answer, PS_LISTENING_UNKNOWN);
        open--;
    }
    ck_assert_uint_eq(open, 0);
    ck_assert_uint_eq(ps_dialer_fds(&dialer, fds), 0);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("dial");
    TCase *tc = tcase_create("loopback");
    tcase_add_test(tc, one_that_listens);
    tcase_add_test(tc, one_that_refuses);
    tcase_add_test(tc, what_is_no_address);
    tcase_add_test(tc, ipv6);
    tcase_add_test(tc, so_many_at_a_time_and_a_time_out);
    suite_add_tcase(suite, tc);
    return suite;
}
