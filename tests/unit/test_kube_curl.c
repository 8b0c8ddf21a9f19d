/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The transport of libcurl against a server of canned answers on loopback: what the path asks for
 * is what it sends, byte for byte.
 */
#include "portside/clock.h"
#include "portside/kube.h"
#include "portside/kube_config.h"
#include "portside/os_listen.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "support/runner.h"

#define HEAD "HTTP/1.1 "
#define JSON "Content-Type: application/json\r\n"

static const struct ps_kube_resource things = {"v1", "things"};

/* The name that is asked for chooses the answer; the connection is closed behind it. */
static const struct canned {
    const char *name;
    const char *answer; /* NULL: none, the connection stays */
    enum ps_kube_outcome outcome;
    int status;
    const char *message; /* part of it */
} canned[] = {
    {"good", HEAD "200 OK\r\n" JSON "Content-Length: 2\r\n\r\n{}", PS_KUBE_OK, 200, ""},
    {"chunked", HEAD "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n",
     PS_KUBE_OK, 200, ""},
    {"teapot", HEAD "418 Teapot\r\nContent-Length: 0\r\n\r\n", PS_KUBE_REFUSED, 418, "418 refused"},
    {"redirect", HEAD "302 Found\r\nLocation: /api/v1/things/good\r\nContent-Length: 0\r\n\r\n",
     PS_KUBE_FAILED, 302, "302"},
    {"cut", HEAD "200 OK\r\nContent-Length: 20\r\n\r\n{\"a\":", PS_KUBE_FAILED, 200,
     "no whole answer of 'http://"},
    {"chunkcut", HEAD "200 OK\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n{\"a\"", PS_KUBE_FAILED,
     200, "no whole answer of 'http://"},
    {"nothing", "", PS_KUBE_FAILED, 0, "Empty reply"},
    {"garbage", "220 smtp ready\r\n\r\n", PS_KUBE_FAILED, 0, "no whole answer of"},
    {"busy", HEAD "429 Slow\r\nRetry-After: 3\r\nContent-Length: 0\r\n\r\n", PS_KUBE_FAILED, 429,
     "429 too many requests"},
    {"silent", NULL, PS_KUBE_FAILED, 0, "no answer before its deadline"},
};

struct server {
    int fd;
    char address[PS_ADDRESS_BYTES];
    pthread_t thread;
    char request[4096]; /* the last one */
};

static void answer(struct server *server, int fd)
{
    size_t len = 0;
    memset(server->request, 0, sizeof(server->request));
    while (strstr(server->request, "\r\n\r\n") == NULL && len + 1 < sizeof(server->request)) {
        ssize_t got = recv(fd, server->request + len, sizeof(server->request) - len - 1, 0);
        if (got <= 0) {
            return;
        }
        len += (size_t)got;
    }
    for (size_t i = 0; i < PS_COUNT(canned); i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "/things/%s", canned[i].name);
        size_t at = strlen(path);
        const char *found = strstr(server->request, path);
        if (found == NULL || (found[at] != ' ' && found[at] != '?')) {
            continue;
        }
        if (canned[i].answer == NULL) {
            char rest;
            (void)recv(fd, &rest, 1, 0); /* until the client gives up */
        } else {
            (void)send(fd, canned[i].answer, strlen(canned[i].answer), MSG_NOSIGNAL);
        }
    }
}

static void *serve(void *arg)
{
    struct server *server = arg;
    for (int fd = accept(server->fd, NULL, NULL); fd >= 0; fd = accept(server->fd, NULL, NULL)) {
        answer(server, fd);
        (void)shutdown(fd, SHUT_WR);
        (void)close(fd);
    }
    return NULL;
}

static void start(struct server *server, const char *host)
{
    ck_assert(ps_ok(ps_listen_open(host, 0, 1, &server->fd, server->address, NULL)));
    int flags = fcntl(server->fd, F_GETFL);
    ck_assert_int_eq(fcntl(server->fd, F_SETFL, flags & ~O_NONBLOCK), 0);
    ck_assert_int_eq(pthread_create(&server->thread, NULL, serve, server), 0);
}

static void stop(struct server *server)
{
    (void)shutdown(server->fd, SHUT_RDWR);
    ck_assert_int_eq(pthread_join(server->thread, NULL), 0);
    ck_assert_int_eq(close(server->fd), 0);
}

static struct ps_kube *make_client(const char *address)
{
    char text[512];
    struct ps_kube_config *config = NULL;
    struct ps_transport *transport = NULL;
    struct ps_kube *kube = NULL;
    struct ps_error err = {.message = ""};
    (void)snprintf(text, sizeof(text),
                   "{\"current-context\":\"x\",\"contexts\":[{\"name\":\"x\",\"context\":"
                   "{\"cluster\":\"c\"}}],\"clusters\":[{\"name\":\"c\",\"cluster\":"
                   "{\"server\":\"http://%s\"}}]}",
                   address);
    ck_assert_int_eq(unsetenv("http_proxy"), 0);
    ck_assert_msg(ps_ok(ps_kube_config_parse(ps_str_of(text), "/", NULL, &config, &err)) &&
                      ps_ok(ps_transport_curl(config, &transport, &err)) &&
                      ps_ok(ps_kube_new(transport, NULL, &kube, &err)),
                  "%s", err.message);
    return kube;
}

struct told {
    bool done;
    enum ps_kube_outcome outcome;
    int status;
    uint64_t retry_after_ms;
    char message[480];
};

static void take(void *arg, const struct ps_kube_result *result)
{
    struct told *told = arg;
    *told = (struct told){true, result->outcome, result->status, result->retry_after_ms, ""};
    (void)snprintf(told->message, sizeof(told->message), "%s", result->error->message);
}

static void ask(struct ps_kube *kube, struct ps_kube_request request, struct told *told)
{
    struct ps_error err = {.message = ""};
    request.resource = &things;
    request.tries_max = 1;
    request.deadline_ms = ps_clock_mono_ms() + 1000;
    request.on_done = take;
    request.arg = told;
    ck_assert(ps_ok(ps_kube_send(kube, &request, NULL, &err)));
    while (!told->done) {
        struct ps_status status = ps_kube_turn(kube, 2000, NULL, 0, &err);
        ck_assert_msg(ps_ok(status), "%s", err.message);
    }
}

START_TEST(answers_and_faults_of_the_wire)
{
    struct server server = {.fd = -1};
    struct told told = {0};
    start(&server, "127.0.0.1");
    struct ps_kube *kube = make_client(server.address);
    ask(kube, (struct ps_kube_request){.verb = PS_KUBE_GET, .name = ps_str_of(canned[_i].name)},
        &told);
    ck_assert_msg(told.outcome == canned[_i].outcome && told.status == canned[_i].status,
                  "%s: outcome %d, status %d: %s", canned[_i].name, (int)told.outcome, told.status,
                  told.message);
    ck_assert_msg(strstr(told.message, canned[_i].message) != NULL, "%s: '%s'", canned[_i].name,
                  told.message);
    ck_assert_uint_eq(told.retry_after_ms, told.status == 429 ? 3000 : 0);
    ps_kube_free(kube);
    stop(&server);
}
END_TEST

START_TEST(a_write_goes_out_as_it_is)
{
    struct server server = {.fd = -1};
    struct told told = {0};
    start(&server, "::1");
    ck_assert_int_eq(server.address[0], '[');
    struct ps_kube *kube = make_client(server.address);
    ask(kube,
        (struct ps_kube_request){
            .verb = PS_KUBE_APPLY, .name = PS_STR("good"), .body = PS_STR("{\"a\":1}")},
        &told);
    ck_assert_msg(told.outcome == PS_KUBE_OK, "%s", told.message);
    ps_kube_free(kube);
    stop(&server);
    static const char *const parts[] = {
        "PATCH /api/v1/things/good?fieldManager=portside&force=false HTTP/1.1\r\n",
        "\r\nAccept: application/json\r\n",
        "\r\nContent-Type: application/apply-patch+yaml\r\n",
        "\r\nContent-Length: 7\r\n",
        "\r\nUser-Agent: portside/",
        "\r\nHost: [::1]:",
    };
    for (size_t i = 0; i < PS_COUNT(parts); i++) {
        ck_assert_msg(strstr(server.request, parts[i]) != NULL, "no '%s' in '%s'", parts[i],
                      server.request);
    }
    ck_assert_ptr_null(strstr(server.request, "Expect"));
}
END_TEST

START_TEST(nobody_listens)
{
    struct told told = {0};
    struct ps_kube *kube = make_client("127.0.0.1:1");
    ask(kube, (struct ps_kube_request){.verb = PS_KUBE_GET, .name = PS_STR("a")}, &told);
    ck_assert_int_eq((int)told.outcome, PS_KUBE_FAILED);
    ck_assert_ptr_nonnull(strstr(told.message, "get things 'a': no whole answer of "
                                               "'http://127.0.0.1:1': Failed to connect"));
    ps_kube_free(kube);
}
END_TEST

/* A byte, and an end that has been closed. */
START_TEST(a_descriptor_of_the_caller_ends_the_wait)
{
    int ends[2];
    struct ps_kube *kube = make_client("127.0.0.1:1");
    ck_assert_int_eq(pipe(ends), 0);
    struct pollfd fds[] = {{.fd = ends[0], .events = POLLIN}};
    ck_assert(ps_ok(ps_kube_turn(kube, 20, fds, 1, NULL)));
    ck_assert_int_eq(fds[0].revents, 0);
    if (_i == 0) {
        ck_assert_int_eq((int)write(ends[1], "x", 1), 1);
    }
    ck_assert_int_eq(close(ends[1]), 0);
    uint64_t before_ms = ps_clock_mono_ms();
    ck_assert(ps_ok(ps_kube_turn(kube, 3000, fds, 1, NULL)));
    ck_assert_uint_lt(ps_clock_mono_ms() - before_ms, 2000);
    ck_assert_int_ne(fds[0].revents & (_i == 0 ? POLLIN : POLLHUP), 0);
    ck_assert_int_eq(close(ends[0]), 0);
    ps_kube_free(kube);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube_curl");
    TCase *tests = tcase_create("wire");
    tcase_add_loop_test(tests, answers_and_faults_of_the_wire, 0, (int)PS_COUNT(canned));
    tcase_add_test(tests, a_write_goes_out_as_it_is);
    tcase_add_test(tests, nobody_listens);
    tcase_add_loop_test(tests, a_descriptor_of_the_caller_ends_the_wait, 0, 2);
    suite_add_tcase(suite, tests);
    return suite;
}
