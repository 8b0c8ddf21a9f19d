/* SPDX-License-Identifier: Apache-2.0 */
/* The listening check, against real sockets on loopback. */
#include "support/runner.h"
#include "test_controller_support.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#define POD_BYTES 2048U
#define YES "portside_controller_listeners{listening=\"yes\"}"
#define NO "portside_controller_listeners{listening=\"no\"}"
#define UNKNOWN "portside_controller_listeners{listening=\"unknown\"}"
#define LONG_AGO "2020-01-01T00:00:00Z"
#define SERVERS "\"bootstrap.servers\":\"203.0.113.1:31000\""
#define INJECTED_BEGIN "\"portside.dev/status\""
#define INJECTED_BY_HOOK                                                                           \
    "\"portside.dev/status\":\"{\\\"contract\\\":1,\\\"delivery\\\":\\\"hook\\\","                 \
    "\\\"listeners\\\":{\\\"external\\\":\\\"PORTSIDE\\\"}}\""

/* A broker of the test: its port, and what the API server tells of it. */
struct broker {
    int fd;
    uint16_t port;
    char statefulsets[4096];
    char pods[POD_BYTES];
    char wishes[256];
    struct ps_fake_answer answers[6];
};

/* The pod as it is made by what is asked for, between what stands before it and behind. */
static void write_pod(const struct broker *broker, char out[POD_BYTES], const char *before,
                      const char *pod, const char *behind)
{
    const char *at = strstr(pod, INJECTED_BEGIN);
    ck_assert_ptr_nonnull(at);
    (void)snprintf(out, POD_BYTES, "%s%.*s%s,%s%s", before, (int)(at - pod), pod, broker->wishes,
                   at, behind);
}

/* A broker whose port is bound to 127.0.0.1 but does not listen yet. annotations: further ones. */
static void make_broker(struct broker *broker, const char *annotations, const char *status)
{
    *broker = (struct broker){.fd = -1};
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t size = sizeof(address);
    broker->fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(broker->fd, (struct sockaddr *)&address, size), 0);
    ck_assert_int_eq(getsockname(broker->fd, (struct sockaddr *)&address, &size), 0);
    broker->port = ntohs(address.sin_port);
    (void)snprintf(broker->wishes, sizeof(broker->wishes),
                   "\"portside.dev/listener-port\":\"%u\"%s", (unsigned)broker->port, annotations);
    (void)snprintf(broker->statefulsets, sizeof(broker->statefulsets), STATEFULSET_LIST("%s"),
                   broker->wishes);
    write_pod(broker, broker->pods, "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[", status,
              "]}");
}

#define READY(ready) "\"conditions\":[{\"type\":\"Ready\",\"status\":\"" ready "\"}]"
#define RUNS(id, since)                                                                            \
    "\"containerStatuses\":[{\"name\":\"kafka\",\"containerID\":\"" id                             \
    "\",\"state\":{\"running\":{\"startedAt\":\"" since "\"}}}]"
#define HERE "\"podIP\":\"127.0.0.1\",\"hostIP\":\"10.0.0.1\""
#define UP POD("4", INJECTED, HERE "," READY("True") "," RUNS("c", LONG_AGO))

static struct ps_fake *begin(struct broker *broker)
{
    const struct ps_fake_answer all[] = {
        NAMESPACES,
        {"GET", STATEFULSETS_PATH, 200, broker->statefulsets, 1},
        {"GET", "/api/v1/pods?", 200, broker->pods, 1},
        SERVICES,
        NODE,
    };
    for (size_t i = 0; i < PS_COUNT(all); i++) {
        broker->answers[i] = all[i];
    }
    return ps_fake_begin(broker->answers, broker->answers[5].method == NULL ? 5 : 6);
}

static void tell(const struct broker *broker, struct ps_fake *fake, const char *pod)
{
    char line[POD_BYTES];
    write_pod(broker, line, "{\"type\":\"MODIFIED\",\"object\":", pod, "}");
    ps_fake_tell(fake, "/api/v1/pods?", line);
}

static size_t accepted(const struct broker *broker)
{
    size_t count = 0;
    int peer;
    while ((peer = accept(broker->fd, NULL, NULL)) >= 0) {
        (void)close(peer);
        count++;
    }
    return count;
}

static void end(struct broker *broker, struct ps_fake *fake)
{
    ps_fake_end(fake);
    ck_assert_int_eq(close(broker->fd), 0);
}

START_TEST(one_that_listens)
{
    struct broker broker;
    make_broker(&broker, "", UP);
    ck_assert_int_eq(listen(broker.fd, 8), 0);
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\\\"listening\\\":\\\"yes\\\"");
    ps_fake_wait_metric(fake, YES, 1);
    ps_fake_run(fake, 20);
    ck_assert_int_eq(ps_fake_metric(fake, YES), 1);
    ck_assert_uint_eq(accepted(&broker), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    end(&broker, fake);
}
END_TEST

START_TEST(one_that_refuses_until_it_listens)
{
    struct broker broker;
    make_broker(&broker, "",
                POD("4", INJECTED_BY_HOOK, HERE "," READY("True") "," RUNS("c", LONG_AGO)));
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"NotListening\"");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "portside.dev/listener-port"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "broker's log"), 1);
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\\\"listening\\\":\\\"no\\\"");
    size_t with = ps_fake_count(fake, "PATCH", MAP_PATH, SERVERS);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, ""), with + 1);
    ck_assert_int_eq(ps_fake_metric(fake, NO), 1);
    ck_assert_int_eq(listen(broker.fd, 8), 0);
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"Listening\"");
    ps_fake_wait_metric(fake, YES, 1);
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, SERVERS), with + 1);
    ck_assert_int_eq(ps_fake_metric(fake, YES), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 2);
    end(&broker, fake);
}
END_TEST

/* No word of any of these, and their brokers stay in bootstrap.servers. */
static const struct {
    const char *annotations;
    const char *status;
} quiet[] = {
    {"", READY("True") "," HERE "," RUNS("c", "2999-01-01T00:00:00Z")}, /* starting */
    {"", READY("True") "," HERE "," RUNS("c", "yesterday")},
    {"", READY("True") ",\"podIP\":\"127.0.0.1\",\"hostIP\":\"127.0.0.1\"," RUNS("c", LONG_AGO)},
    {",\"portside.dev/allow-from\":\"192.0.2.0/24\"",
     READY("True") "," HERE "," RUNS("c", LONG_AGO)},
    {"", READY("False") "," HERE "," RUNS("c", LONG_AGO)},
    {"", HERE "," RUNS("c", LONG_AGO)},
    {"", READY("True") "," HERE},
    {"", READY("True") "," RUNS("c", LONG_AGO)},
    {"", READY("True") ",\"podIPs\":7,\"podIP\":\"nonsense\"," RUNS("c", LONG_AGO)},
    {"", READY("True") ",\"phase\":\"Failed\"," HERE "," RUNS("c", LONG_AGO)},
};

START_TEST(no_false_alarm)
{
    struct broker broker;
    char pod[POD_BYTES];
    (void)snprintf(pod, sizeof(pod), POD("4", INJECTED, "%s"), quiet[_i].status);
    make_broker(&broker, quiet[_i].annotations, pod);
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "PATCH", MAP_PATH, SERVERS);
    ps_fake_skip(fake, 5000); /* a second refusal would come after one second */
    ck_assert_int_eq(ps_fake_metric(fake, UNKNOWN), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, ""), 1);
    end(&broker, fake);
}
END_TEST

START_TEST(one_that_starts_for_too_long)
{
    struct broker broker;
    make_broker(&broker, "",
                POD("4", INJECTED, HERE "," READY("True") "," RUNS("c", "2999-01-01T00:00:00Z")));
    struct ps_fake *fake = begin(&broker);
    ps_fake_skip(fake, 58000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ps_fake_skip(fake, 10000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "NotListening"), 1);
    end(&broker, fake);
}
END_TEST

START_TEST(one_that_answered_may_be_on_its_way_out)
{
    struct broker broker;
    make_broker(&broker, "", UP);
    ck_assert_int_eq(listen(broker.fd, 8), 0);
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\\\"listening\\\":\\\"yes\\\"");
    ck_assert_int_eq(shutdown(broker.fd, SHUT_RDWR), 0);
    ps_fake_skip(fake, 35000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ps_fake_skip(fake, 10000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "NotListening"), 1);
    end(&broker, fake);
}
END_TEST

START_TEST(one_that_is_not_ready_is_not_dialled)
{
    struct broker broker;
    make_broker(&broker, "", POD("4", INJECTED, HERE "," READY("False") "," RUNS("c", LONG_AGO)));
    ck_assert_int_eq(listen(broker.fd, 8), 0);
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "PATCH", MAP_PATH, SERVERS);
    ps_fake_run(fake, 300);
    ck_assert_uint_eq(accepted(&broker), 0);
    /* Soon after it has become ready it is, and again when its container is another. */
    tell(&broker, fake, POD("10", INJECTED, HERE "," READY("True") "," RUNS("c", LONG_AGO)));
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\\\"listening\\\":\\\"yes\\\"");
    ck_assert_uint_eq(accepted(&broker), 1);
    tell(&broker, fake, POD("11", INJECTED, HERE "," READY("True") "," RUNS("d", LONG_AGO)));
    ps_fake_run(fake, 300);
    ck_assert_uint_eq(accepted(&broker), 1);
    end(&broker, fake);
}
END_TEST

START_TEST(one_of_several_addresses_is_enough)
{
    struct broker broker;
    make_broker(&broker, "",
                POD("4", INJECTED,
                    "\"podIPs\":[{\"ip\":\"127.0.0.2\"},{\"ip\":\"127.0.0.1\"}]," READY(
                        "True") "," RUNS("c", LONG_AGO)));
    ck_assert_int_eq(listen(broker.fd, 8), 0);
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\\\"listening\\\":\\\"yes\\\"");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    end(&broker, fake);
}
END_TEST

START_TEST(a_new_leader_goes_on_with_what_the_last_one_found)
{
    struct broker broker;
    make_broker(&broker, "", UP);
    broker.answers[5] = (struct ps_fake_answer){
        "GET", "/api/v1/configmaps?", 200,
        LIST("{\"metadata\":{\"name\":\"external-kafka\",\"namespace\":\"ns\","
             "\"uid\":\"m\",\"resourceVersion\":\"3\",\"labels\":{"
             "\"app.kubernetes.io/managed-by\":\"portside\","
             "\"portside.dev/statefulset\":\"kafka\",\"portside.dev/role\":\"status\"}},"
             "\"data\":{\"brokers.json\":\"[{\\\"pod\\\":\\\"kafka-0\\\","
             "\\\"listening\\\":\\\"no\\\"}]\"}}"),
        1};
    struct ps_fake *fake = begin(&broker);
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"NotListening\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, SERVERS), 0);
    ck_assert_int_eq(listen(broker.fd, 8), 0);
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"Listening\"");
    ps_fake_wait(fake, "PATCH", MAP_PATH, SERVERS);
    end(&broker, fake);
}
END_TEST

#define CROWD 300U
#define CROWD_BYTES (CROWD * POD_BYTES)

/* Pods that never answer, and at both ends of the list one that does, at another address. */
static void write_crowd(const struct broker *broker, char out[CROWD_BYTES])
{
    size_t len =
        (size_t)snprintf(out, CROWD_BYTES, "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[");
    for (unsigned i = 0; i < CROWD; i++) {
        bool answers = i == 0 || i + 1 == CROWD;
        len += (size_t)snprintf(
            out + len, CROWD_BYTES - len,
            "%s{\"metadata\":{\"name\":\"kafka-%u\",\"namespace\":\"ns\",\"uid\":\"p%u\","
            "\"resourceVersion\":\"4\",\"labels\":{\"portside.dev/statefulset\":\"kafka\"},"
            "\"annotations\":{%s," INJECTED "}},\"spec\":{\"nodeName\":\"n1\"},\"status\":{"
            "\"podIP\":\"127.0.0.%u\",\"hostIP\":\"10.0.0.1\"," READY("True") "," RUNS(
                "c", LONG_AGO) "}}",
            i == 0 ? "" : ",", i, i, broker->wishes, answers ? 2U : 1U);
    }
    (void)snprintf(out + len, CROWD_BYTES - len, "]}");
}

/* Nobody takes its connections, and there is no room for more to wait. */
static void fill_queue(const struct broker *broker, int clients[4])
{
    struct sockaddr_in address = {.sin_family = AF_INET,
                                  .sin_port = htons(broker->port),
                                  .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    ck_assert_int_eq(listen(broker->fd, 0), 0);
    for (size_t i = 0; i < 4; i++) {
        clients[i] = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
        (void)connect(clients[i], (struct sockaddr *)&address, sizeof(address));
    }
}

START_TEST(many_that_are_silent_do_not_hide_the_others)
{
    static char pods[CROWD_BYTES];
    struct broker broker;
    int clients[4];
    make_broker(&broker, "", POD("4", INJECTED, HERE));
    write_crowd(&broker, pods);
    fill_queue(&broker, clients);
    struct sockaddr_in other = {.sin_family = AF_INET,
                                .sin_port = htons(broker.port),
                                .sin_addr.s_addr = htonl(INADDR_LOOPBACK + 1)};
    int fd = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK, 0);
    ck_assert_int_eq(bind(fd, (struct sockaddr *)&other, sizeof(other)), 0);
    ck_assert_int_eq(listen(fd, 64), 0);
    const struct ps_fake_answer answers[] = {
        NAMESPACES,
        {"GET", STATEFULSETS_PATH, 200, broker.statefulsets, 1},
        {"GET", "/api/v1/pods?", 200, pods, 1},
        SERVICES,
        NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 120000);
    ck_assert_int_eq(ps_fake_metric(fake, YES), 2);
    for (size_t i = 0; i < 4; i++) {
        (void)close(clients[i]);
    }
    ck_assert_int_eq(close(fd), 0);
    end(&broker, fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_listen");
    TCase *tc = tcase_create("loop");
    tcase_add_test(tc, one_that_listens);
    tcase_add_test(tc, one_that_refuses_until_it_listens);
    tcase_add_loop_test(tc, no_false_alarm, 0, (int)PS_COUNT(quiet));
    tcase_add_test(tc, one_that_starts_for_too_long);
    tcase_add_test(tc, one_that_answered_may_be_on_its_way_out);
    tcase_add_test(tc, one_that_is_not_ready_is_not_dialled);
    tcase_add_test(tc, one_of_several_addresses_is_enough);
    tcase_add_test(tc, a_new_leader_goes_on_with_what_the_last_one_found);
    tcase_add_test(tc, many_that_are_silent_do_not_hide_the_others);
    suite_add_tcase(suite, tc);
    return suite;
}
