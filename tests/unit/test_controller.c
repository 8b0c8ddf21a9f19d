/* SPDX-License-Identifier: Apache-2.0 */
#include "portside/clock.h"
#include "support/runner.h"
#include "test_controller_support.h"

START_TEST(makes_services_for_each_broker)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-0", "\"uid\":\"u1\"");
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "\"Local\"");
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-bootstrap", "\"Cluster\"");
    ps_fake_end(fake);
}
END_TEST

START_TEST(writes_the_endpoint_of_a_bound_pod_with_its_uid)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, PODS, SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", "/api/v1/namespaces/ns/pods/kafka-0", "203.0.113.1");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "/api/v1/namespaces/ns/pods/kafka-0", "31000"),
                      1);
    ck_assert_uint_eq(
        ps_fake_count(fake, "PATCH", "/api/v1/namespaces/ns/pods/kafka-0", "\"uid\":\"p0\""), 1);
    ps_fake_wait(fake, "PATCH", "/api/v1/namespaces/ns/configmaps/external-kafka",
                 "203.0.113.1:31000");
    ps_fake_end(fake);
}
END_TEST

START_TEST(writes_nothing_while_another_leads)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"GET", LEASE_PATH, 200,
         "{\"metadata\":{\"name\":\"portside\",\"resourceVersion\":\"3\"},\"spec\":"
         "{\"holderIdentity\":\"other\",\"leaseDurationSeconds\":10,"
         "\"renewTime\":\"2026-01-01T00:00:00.000000Z\"}}",
         0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_run(fake, 500);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "", ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", "", ""), 0);
    ck_assert_uint_gt(ps_fake_count(fake, "GET", "/apis/apps/v1/namespaces/ns", ""), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(goes_on_with_the_rest_when_one_is_refused_and_tries_again)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"PATCH", SERVICE_PATH "external-kafka-0", 403,
         "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"no patch\"}", 1},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ps_fake_wait(fake, "POST", "/api/v1/namespaces/ns/events", "Forbidden");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-0", ""), 1);
    ps_fake_run(fake, 1500);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-0", ""), 2);
    ps_fake_end(fake);
}
END_TEST

START_TEST(forgets_a_port_that_is_taken_but_not_at_once)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"GET", "/api/v1/configmaps?", 200,
         LIST("{\"metadata\":{\"name\":\"kafka.ports.portside.dev\",\"namespace\":\"ns\","
              "\"uid\":\"r\",\"resourceVersion\":\"3\",\"labels\":{"
              "\"app.kubernetes.io/managed-by\":\"portside\","
              "\"portside.dev/statefulset\":\"kafka\",\"portside.dev/role\":\"ports\"}},"
              "\"data\":{\"external-kafka-0\":\"31000\"}}"),
         1},
        {"PATCH", SERVICE_PATH "external-kafka-0", 422,
         "{\"kind\":\"Status\",\"code\":422,\"reason\":\"Invalid\",\"message\":"
         "\"provided port is already allocated\"}",
         4},
    };
    const char *path = SERVICE_PATH "external-kafka-0";
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", "/api/v1/namespaces/ns/events", "PortTaken");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", path, "31000"), 4);
    ps_fake_run(fake, 2000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", path, "31000"), 4);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", path, ""), 5);
    ps_fake_end(fake);
}
END_TEST

START_TEST(leaves_a_foreign_service_and_says_so)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"PATCH", SERVICE_PATH "external-kafka-1", 409,
         "{\"kind\":\"Status\",\"code\":409,\"reason\":\"Conflict\",\"message\":\"conflict\"}", 0},
        {"GET", SERVICE_PATH "external-kafka-1", 200,
         "{\"metadata\":{\"name\":\"external-kafka-1\",\"namespace\":\"ns\",\"uid\":\"f\","
         "\"resourceVersion\":\"8\"},\"spec\":{\"selector\":{\"app\":\"x\"}}}",
         0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", "/api/v1/namespaces/ns/events", "ForeignObject");
    ps_fake_run(fake, 1000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-1", ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    ps_fake_end(fake);
}
END_TEST

#define OWN_POLICY                                                                                 \
    "{\"metadata\":{\"name\":\"portside-kafka\",\"namespace\":\"ns\",\"uid\":\"n0\","              \
    "\"resourceVersion\":\"6\",\"labels\":{\"app.kubernetes.io/managed-by\":\"portside\","         \
    "\"portside.dev/statefulset\":\"kafka\",\"portside.dev/role\":\"allow-from\"},"                \
    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\","                   \
    "\"name\":\"kafka\",\"uid\":\"u1\"}]},\"spec\":{\"podSelector\":{}}}"

/* It was taken out of the annotations while no controller ran. */
START_TEST(removes_the_policy_of_an_allow_from_that_is_no_more)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"GET", "/apis/networking.k8s.io/v1/networkpolicies?", 200, LIST(OWN_POLICY), 0},
        {"GET", "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies?", 200, LIST(OWN_POLICY),
         0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "DELETE",
                 "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies/portside-kafka",
                 "\"uid\":\"n0\"");
    ps_fake_end(fake);
}
END_TEST

/* The broker container mounts at the path of the hook: admission leaves such pods. */
START_TEST(makes_no_service_for_brokers_that_admission_leaves)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS_WITH("", "\"volumes\":[{\"name\":\"portside-endpoint\",\"emptyDir\":{}}],",
                          ""),
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 5000);
    ck_assert_uint_gt(ps_fake_count(fake, "GET", STATEFULSETS_PATH, ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH, ""), 0);
    ps_fake_end(fake);
}
END_TEST

/* 403 like a missing right, but no right would help. */
START_TEST(tells_a_quota_from_a_right)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"PATCH", SERVICE_PATH "external-kafka-0", 403,
         "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"services "
         "\\\"external-kafka-0\\\" is forbidden: exceeded quota: q\"}",
         0},
        {"PATCH", SERVICE_PATH "external-kafka-1", 403, FORBIDDEN_STATUS, 0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"RequestRefused\"");
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"Forbidden\"");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "exceeded quota"), 1);
    ps_fake_end(fake);
}
END_TEST

START_TEST(says_nothing_of_a_namespace_that_ends)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"PATCH", SERVICE_PATH, 403,
         "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"services "
         "\\\"x\\\" is forbidden: unable to create new content in namespace ns because it is being "
         "terminated\"}",
         0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 5000);
    ck_assert_uint_gt(ps_fake_count(fake, "PATCH", SERVICE_PATH, ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ps_fake_end(fake);
}
END_TEST

/* Admission was not asked when they were written. */
START_TEST(tells_of_annotations_that_are_older_than_the_label)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/listener-port\":\"abc\"")};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "\"reason\":\"InvalidAnnotation\"");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "portside.dev/listener-port: 'abc'"),
                      1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH, ""), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(gives_the_lease_back_when_it_leaves)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", LEASE_PATH, "\"holderIdentity\":\"me\"");
    ps_fake_run(fake, 50);
    ps_controller_leave(ps_fake_controller(fake));
    ps_fake_wait(fake, "PATCH", LEASE_PATH, "\"holderIdentity\":\"\"");
    ps_fake_run(fake, 50);
    ck_assert(!ps_controller_turn(ps_fake_controller(fake), 0));
    ps_fake_end(fake);
}
END_TEST

START_TEST(tells_the_rack_of_the_node)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/rack-label\":\"zone\""),
        PODS_OF(INJECTED ",\"portside.dev/rack-label\":\"zone\"", ""), SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", POD_PATH, "\"portside.dev/rack\":\"z1\"");
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\\\"rack\\\":\\\"z1\\\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, ""), 1);
    ps_fake_end(fake);
}
END_TEST

START_TEST(tells_what_a_stale_broker_advertises)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS,
        PODS_OF(INJECTED ",\"external.portside.dev/host\":\"203.0.113.9\","
                         "\"external.portside.dev/port\":\"31000\"",
                "\"containerStatuses\":[{\"name\":\"kafka\",\"containerID\":\"c\","
                "\"state\":{\"running\":{}}}]"),
        SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "StaleEndpoint");
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\"bootstrap.servers\":\"203.0.113.1:31000\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, "\\\"host\\\":\\\"203.0.113.9\\\""),
                      1);
    ps_fake_wait_metric(fake, "portside_controller_endpoints{state=\"stale\"}", 1);
    ps_fake_run(fake, 20);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_endpoints{state=\"stale\"}"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_endpoints{state=\"known\"}"), 0);
    ps_fake_end(fake);
}
END_TEST

#define RUNNING(id, address)                                                                       \
    "\"hostIP\":\"" address "\",\"containerStatuses\":[{\"name\":\"kafka\",\"containerID\":\"" id  \
    "\",\"state\":{\"running\":{}}}]"
#define SET_ENDPOINT                                                                               \
    ",\"external.portside.dev/host\":\"203.0.113.1\",\"external.portside.dev/port\":\"31000\""

START_TEST(reads_the_node_anew_when_the_pod_has_moved)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        PODS_OF(INJECTED SET_ENDPOINT, RUNNING("c", "10.0.0.1")),
        SERVICES,
        {"GET", "/api/v1/nodes/n1", 200,
         "{\"metadata\":{\"name\":\"n1\"},\"status\":{\"addresses\":[{\"type\":\"ExternalIP\","
         "\"address\":\"203.0.113.1\"}]}}",
         1},
        {"GET", "/api/v1/nodes/n1", 200,
         "{\"metadata\":{\"name\":\"n1\"},\"status\":{\"addresses\":[{\"type\":\"ExternalIP\","
         "\"address\":\"203.0.113.2\"}]}}",
         0}};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    char line[1024];
    ps_fake_wait(fake, "PATCH", MAP_PATH, "203.0.113.1:31000");
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "GET", "/api/v1/nodes/n1", ""), 1);
    /* A container that was started anew, or a node that has got another address. */
    (void)snprintf(line, sizeof(line), "{\"type\":\"MODIFIED\",\"object\":%s}",
                   _i == 0 ? POD("10", INJECTED SET_ENDPOINT, RUNNING("d", "10.0.0.1"))
                           : POD("10", INJECTED SET_ENDPOINT, RUNNING("c", "10.0.0.2")));
    ps_fake_tell(fake, "/api/v1/pods?", line);
    ps_fake_wait(fake, "PATCH", POD_PATH, "\"external.portside.dev/host\":\"203.0.113.2\"");
    ps_fake_wait(fake, "POST", EVENT_PATH, "StaleEndpoint");
    /* The broker still tells its clients the old one, and is reached at the new one. */
    ps_fake_wait(fake, "PATCH", MAP_PATH, "\"bootstrap.servers\":\"203.0.113.2:31000\"");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAP_PATH, "\\\"host\\\":\\\"203.0.113.2\\\""),
                      0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(writes_an_endpoint_that_needs_no_node_before_the_node_is_read)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS_OF("\"portside.dev/advertised-host\":\"{pod}.example.org\""),
        PODS_OF(INJECTED ",\"portside.dev/advertised-host\":\"{pod}.example.org\"", ""),
        SERVICES,
        {"GET", "/api/v1/nodes/n1", 403, FORBIDDEN_STATUS, 0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", POD_PATH, "kafka-0.example.org");
    ps_fake_wait(fake, "PATCH", MAP_PATH, "kafka-0.example.org:31000");
    ps_fake_end(fake);
}
END_TEST

START_TEST(counts)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, PODS, SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", MAP_PATH, "");
    ps_fake_wait_metric(fake, "portside_controller_leader", 1);
    ps_fake_wait_metric(fake, "portside_controller_statefulsets", 1);
    ps_fake_wait_metric(fake, "portside_controller_endpoints{state=\"known\"}", 1);
    ps_fake_run(fake, 20);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_leader"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_statefulsets"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_endpoints{state=\"known\"}"), 1);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_listeners{listening=\"unknown\"}"),
                     1);
    ck_assert_int_gt(ps_fake_metric(fake, "portside_controller_heard_timestamp_seconds"), 0);
    ck_assert_int_ge(ps_fake_metric(fake, "portside_kube_watch_lists_total"), 6);
    ck_assert_int_gt(ps_fake_metric(fake, "portside_kube_requests_total"), 6);
    ps_fake_end(fake);
}
END_TEST

/* The server's thread shows what the controller's counts; ThreadSanitizer looks on. */
START_TEST(shows_metrics_to_another_thread)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, PODS, SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    struct ps_error err = {0};
    ck_assert(ps_ok(ps_controller_start(ps_fake_controller(fake), &err)));
    uint64_t end_ms = ps_clock_mono_ms() + 5000;
    while (ps_fake_metric(fake, "portside_controller_endpoints{state=\"known\"}") != 1) {
        ck_assert_uint_lt(ps_clock_mono_ms(), end_ms);
    }
    ps_controller_leave(ps_fake_controller(fake));
    ps_fake_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller");
    TCase *tc = tcase_create("loop");
    tcase_add_test(tc, makes_services_for_each_broker);
    tcase_add_test(tc, writes_the_endpoint_of_a_bound_pod_with_its_uid);
    tcase_add_test(tc, writes_nothing_while_another_leads);
    tcase_add_test(tc, goes_on_with_the_rest_when_one_is_refused_and_tries_again);
    tcase_add_test(tc, forgets_a_port_that_is_taken_but_not_at_once);
    tcase_add_test(tc, leaves_a_foreign_service_and_says_so);
    tcase_add_test(tc, removes_the_policy_of_an_allow_from_that_is_no_more);
    tcase_add_test(tc, makes_no_service_for_brokers_that_admission_leaves);
    tcase_add_test(tc, tells_a_quota_from_a_right);
    tcase_add_test(tc, says_nothing_of_a_namespace_that_ends);
    tcase_add_test(tc, tells_of_annotations_that_are_older_than_the_label);
    tcase_add_test(tc, gives_the_lease_back_when_it_leaves);
    tcase_add_test(tc, tells_the_rack_of_the_node);
    tcase_add_test(tc, tells_what_a_stale_broker_advertises);
    tcase_add_loop_test(tc, reads_the_node_anew_when_the_pod_has_moved, 0, 2);
    tcase_add_test(tc, writes_an_endpoint_that_needs_no_node_before_the_node_is_read);
    tcase_add_test(tc, counts);
    tcase_add_test(tc, shows_metrics_to_another_thread);
    suite_add_tcase(suite, tc);
    return suite;
}
