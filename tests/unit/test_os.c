/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/clock.h"
#include "portside/file.h"
#include "portside/heap.h"
#include "portside/os_listen.h"
#include "portside/signal.h"

#include <netinet/in.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/runner.h"

START_TEST(a_file_is_read_whole)
{
    char path[] = "/tmp/portside-test-os-XXXXXX";
    int fd = mkstemp(path);
    char text[20000];
    memset(text, 'x', sizeof(text));
    ck_assert_int_eq((int)write(fd, text, sizeof(text)), (int)sizeof(text));
    ck_assert_int_eq(close(fd), 0);

    struct ps_file file = {0};
    struct ps_error err = {0};
    ck_assert(ps_ok(ps_file_read(path, sizeof(text), &file, &err)));
    ck_assert_uint_eq(file.len, sizeof(text));
    ck_assert_int_eq(file.ptr[file.len], '\0');
    ck_assert_mem_eq(file.ptr, text, sizeof(text));
    ps_file_clear(&file);
    ck_assert_ptr_null(file.ptr);

    struct ps_status status = ps_file_read(path, sizeof(text) - 1, &file, &err);
    ck_assert_int_eq(status.code, PS_CODE_LIMIT);
    ck_assert_ptr_nonnull(strstr(err.message, path));
    ck_assert_ptr_null(file.ptr);
    ck_assert_int_eq(unlink(path), 0);
}
END_TEST

START_TEST(an_empty_file_is_empty_text)
{
    struct ps_file file = {0};
    ck_assert(ps_ok(ps_file_read("/dev/null", 10, &file, NULL)));
    ck_assert(ps_str_is(ps_file_view(&file), ""));
    ps_file_clear(&file);
    ck_assert(ps_str_is(ps_file_view(&file), ""));
}
END_TEST

START_TEST(a_file_that_cannot_be_read_is_named)
{
    static const char *const paths[] = {"/nowhere/at/all", "/tmp"};
    struct ps_file file = {0};
    struct ps_error err = {0};
    struct ps_status status = ps_file_read(paths[_i], 10, &file, &err);
    ck_assert_int_eq(status.code, PS_CODE_IO);
    ck_assert_ptr_nonnull(strstr(err.message, paths[_i]));
    ck_assert_ptr_nonnull(strstr(err.message, _i == 0 ? "No such file" : "Is a directory"));
}
END_TEST

static uint16_t port_of(const char *address)
{
    uint64_t port = 0;
    struct ps_str text = ps_str_of(address);
    size_t colon = ps_str_last_index(text, ':');
    ck_assert(ps_str_to_uint(ps_str_slice(text, colon + 1, text.len), UINT16_MAX, &port));
    return (uint16_t)port;
}

static void close_all(const int *fds, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        ck_assert_int_eq(close(fds[i]), 0);
    }
}

START_TEST(several_sockets_share_a_chosen_port)
{
    static const char *const hosts[] = {"127.0.0.1", "::1", "", "localhost"};
    int fds[3];
    char address[PS_ADDRESS_BYTES];
    struct ps_error err = {0};
    ck_assert_msg(ps_ok(ps_listen_open(hosts[_i], 0, 3, fds, address, &err)), "%s", err.message);
    ck_assert_uint_ne(port_of(address), 0);
    for (size_t i = 0; i < 3; i++) {
        struct sockaddr_in6 bound = {0}; /* the port stands where sockaddr_in has it */
        socklen_t len = sizeof(bound);
        ck_assert_int_eq(getsockname(fds[i], (struct sockaddr *)&bound, &len), 0);
        ck_assert_uint_eq(ntohs(bound.sin6_port), port_of(address));
    }
    close_all(fds, 3);
}
END_TEST

START_TEST(a_port_in_use_is_refused)
{
    int first[1];
    int second[2];
    char address[PS_ADDRESS_BYTES];
    struct ps_error err = {0};
    ck_assert(ps_ok(ps_listen_open("127.0.0.1", 0, 1, first, address, &err)));
    struct ps_status status =
        ps_listen_open("127.0.0.1", port_of(address), 2, second, address, &err);
    ck_assert_int_eq(status.code, PS_CODE_IO);
    ck_assert_ptr_nonnull(strstr(err.message, address));
    ck_assert_ptr_nonnull(strstr(err.message, "in use"));
    ck_assert_int_eq(second[0], -1);
    close_all(first, 1);
}
END_TEST

START_TEST(a_host_that_is_none_is_refused)
{
    int fds[1];
    char address[PS_ADDRESS_BYTES];
    struct ps_error err = {0};
    ck_assert(!ps_ok(ps_listen_open("no.such.host.invalid", 0, 1, fds, address, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "'no.such.host.invalid'"));
    ck_assert(!ps_ok(ps_listen_open("203.0.113.1", 0, 1, fds, address, &err)));
    ck_assert_ptr_nonnull(strstr(err.message, "203.0.113.1"));
}
END_TEST

START_TEST(signals_are_read_from_a_descriptor)
{
    int fd = -1;
    struct ps_error err = {0};
    ck_assert(ps_ok(ps_signal_open(&fd, &err)));
    ck_assert_int_eq(ps_signal_wait(fd, 0), 0);
    ck_assert_int_eq(kill(getpid(), SIGTERM), 0);
    ck_assert_int_eq(kill(getpid(), SIGPIPE), 0); /* ignored */
    ck_assert_int_eq(ps_signal_wait(fd, 1000), SIGTERM);
    ck_assert_int_eq(ps_signal_wait(fd, 0), 0);
    ck_assert_int_eq(close(fd), 0);
}
END_TEST

static const struct {
    const char *text;
    bool valid;
    int64_t wall_ms;
} times[] = {
    {"2026-11-21T14:06:27Z", true, 1795269987000},
    {"1970-01-01T00:00:00Z", true, 0},
    {"1969-12-31T23:59:59Z", true, -1000},
    {"2026-11-21T14:06:27.5Z", false, 0},
    {"2026-11-21T14:06:27+", false, 0},
    {"2026-13-21T14:06:27Z", false, 0},
    {"2026-11-21 14:06:27Z", false, 0},
    {"", false, 0},
};

START_TEST(a_time_is_read)
{
    int64_t wall_ms = 0;
    ck_assert(ps_clock_parse(ps_str_of(times[_i].text), &wall_ms) == times[_i].valid);
    ck_assert_int_eq(wall_ms, times[_i].wall_ms);
}
END_TEST

START_TEST(clocks_run)
{
    uint64_t before = ps_clock_mono_ns();
    ck_assert_uint_ge(ps_clock_mono_ns(), before);
    ck_assert_uint_ge(ps_clock_mono_ms(), before / 1000000);
    ck_assert_int_gt(ps_clock_wall_ms(), 1700000000000);
}
END_TEST

START_TEST(the_system_has_processors_and_descriptors)
{
    ck_assert_uint_ge(ps_processors(), 1);
    ck_assert_uint_ge(ps_descriptors_raise(), 64);
}
END_TEST

START_TEST(heap_memory_is_zeroed_and_copied)
{
    char *zeroes = ps_heap_new(3, 5);
    ck_assert_mem_eq(zeroes, "\0\0\0\0\0\0\0\0\0\0\0\0\0\0", 15);
    zeroes = ps_heap_resize(zeroes, 100);
    ck_assert_ptr_nonnull(zeroes);
    ps_heap_free(zeroes);
    ps_heap_free(NULL);
    char *copy = ps_heap_copy(PS_STR("text"));
    ck_assert_str_eq(copy, "text");
    ps_heap_free(copy);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("os");
    TCase *files = tcase_create("files");
    tcase_add_test(files, a_file_is_read_whole);
    tcase_add_test(files, an_empty_file_is_empty_text);
    tcase_add_loop_test(files, a_file_that_cannot_be_read_is_named, 0, 2);
    tcase_add_test(files, heap_memory_is_zeroed_and_copied);
    suite_add_tcase(suite, files);
    TCase *sockets = tcase_create("sockets");
    tcase_add_loop_test(sockets, several_sockets_share_a_chosen_port, 0, 4);
    tcase_add_test(sockets, a_port_in_use_is_refused);
    tcase_add_test(sockets, a_host_that_is_none_is_refused);
    suite_add_tcase(suite, sockets);
    TCase *process = tcase_create("process");
    tcase_add_test(process, signals_are_read_from_a_descriptor);
    tcase_add_test(process, clocks_run);
    tcase_add_loop_test(process, a_time_is_read, 0, (int)PS_COUNT(times));
    tcase_add_test(process, the_system_has_processors_and_descriptors);
    suite_add_tcase(suite, process);
    return suite;
}
