/* SPDX-License-Identifier: Apache-2.0 */
/* Portside's account lacks the right to list something: the rest goes on as far as it is safe. */
#include "support/runner.h"
#include "test_controller_support.h"

/* Until a refusal is believed. */
#define REFUSED_MS 12000U
#define MAPS_PATH "/api/v1/namespaces/ns/configmaps/"
#define DENY(path)                                                                                 \
    {                                                                                              \
        "GET", path, 403, FORBIDDEN_STATUS, 0                                                      \
    }
/* One of ours whose pod is gone and whose ordinal is beyond the replicas. */
#define SURPLUS                                                                                    \
    "{\"metadata\":{\"name\":\"external-kafka-7\",\"namespace\":\"ns\",\"uid\":\"s7\","            \
    "\"resourceVersion\":\"5\",\"labels\":{\"app.kubernetes.io/managed-by\":\"portside\","         \
    "\"portside.dev/statefulset\":\"kafka\",\"portside.dev/exposure\":\"external\","               \
    "\"portside.dev/role\":\"broker\",\"portside.dev/ordinal\":\"7\"},"                            \
    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\","                   \
    "\"name\":\"kafka\",\"uid\":\"u1\"}]},\"spec\":{}}"
#define SURPLUS_SERVICES                                                                           \
    {                                                                                              \
        "GET", "/api/v1/services?", 200, LIST(NODE_PORT_SERVICE "," SURPLUS), 1                    \
    }

START_TEST(a_surplus_service_goes)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, SURPLUS_SERVICES};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "DELETE", SERVICE_PATH "external-kafka-7", "");
    ps_fake_end(fake);
}
END_TEST

START_TEST(config_maps)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS, PODS, NODE, SURPLUS_SERVICES, DENY("/api/v1/configmaps?")};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 1000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH, ""), 0); /* it may be a moment */
    ps_fake_skip(fake, REFUSED_MS);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-1", ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", POD_PATH, "203.0.113.1"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "list and watch configmaps"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAPS_PATH, ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_synced"), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(pods)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, SURPLUS_SERVICES,
                                                    DENY("/api/v1/pods?")};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, REFUSED_MS);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-1", ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "list and watch pods"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAPS_PATH "external-kafka", ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", MAPS_PATH "kafka.ports", "31000"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    ps_fake_end(fake);
}
END_TEST

/* The broker's keeps the port that it advertises; that of bootstrap is in the record alone. */
START_TEST(a_service_that_was_lost_keeps_its_port)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        PODS_OF(INJECTED ",\"external.portside.dev/host\":\"203.0.113.1\","
                         "\"external.portside.dev/port\":\"31000\"",
                ""),
        NODE,
        {"GET", "/api/v1/configmaps?", 403, FORBIDDEN_STATUS, 8}};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, REFUSED_MS);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-1", ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-0", "31000"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-bo", ""), 0);
    ps_fake_skip(fake, 120000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-bo", ""), 1);
    ps_fake_end(fake);
}
END_TEST

/* Without these nobody knows what is to be done at all. */
static const char *const needed[] = {"/api/v1/namespaces?", "/api/v1/services?"};

START_TEST(nothing_without_namespaces_or_services)
{
    const struct ps_fake_answer answers[] = {DENY(needed[_i]), NAMESPACES, STATEFULSETS, PODS,
                                             SERVICES,         NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, REFUSED_MS);
    ck_assert_uint_gt(ps_fake_count(fake, "GET", needed[_i], ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "/api/v1/", ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    ps_fake_end(fake);
}
END_TEST

#define DENIED_POLICIES DENY("/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies?")

START_TEST(network_policies_matter_to_allow_from_alone)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, DENIED_POLICIES};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(no_port_is_opened_to_all_that_is_to_be_open_to_a_few)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/allow-from\":\"192.0.2.0/24\""),
        PODS,       NODE,
        SERVICES,   DENIED_POLICIES};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, REFUSED_MS);
    ps_fake_wait(fake, "POST", EVENT_PATH, "list and watch networkpolicies");
    ps_fake_wait(fake, "PATCH", POD_PATH, "203.0.113.1");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH "external-kafka-1", ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "/apis/networking.k8s.io/", ""), 0);
    ps_fake_end(fake);
}
END_TEST

#define POLICY_PATH "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies"
#define POLICY(labels)                                                                             \
    LIST("{\"metadata\":{\"name\":\"portside-kafka\",\"namespace\":\"ns\",\"uid\":\"n\","          \
         "\"resourceVersion\":\"6\",\"labels\":{" labels "}},\"spec\":{\"podSelector\":{}}}")

/* What may keep our NetworkPolicy from standing: a quota, another one of its name. */
static const struct ps_fake_answer no_policy[] = {
    {"PATCH", POLICY_PATH, 403, FORBIDDEN_STATUS, 0},
    {"PATCH", POLICY_PATH, 500, "", 0},
    {"GET", POLICY_PATH "?", 200, POLICY(""), 1},
    {"GET", POLICY_PATH "?", 200,
     POLICY("\"app.kubernetes.io/managed-by\":\"portside\",\"portside.dev/statefulset\":\"zoo\""),
     1},
};

START_TEST(no_port_is_opened_before_the_policy_stands)
{
    const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/allow-from\":\"192.0.2.0/24\""), PODS, NODE,
        no_policy[_i]};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 3000);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH, ""), 0);
    size_t told = ps_fake_count(fake, "POST", EVENT_PATH, "etworkPolicy portside-kafka");
    ck_assert_int_eq(told > 0, no_policy[_i].status != 500); /* an outage is for the log alone */
    ps_fake_end(fake);
}
END_TEST

#define OWN_POLICIES_PATH "/apis/networking.k8s.io/v1/networkpolicies?"
#define OWN_POLICY                                                                                 \
    POLICY("\"app.kubernetes.io/managed-by\":\"portside\",\"portside.dev/statefulset\":\"kafka\"," \
           "\"portside.dev/role\":\"allow-from\"")
#define GONE "{\"kind\":\"Status\",\"apiVersion\":\"v1\",\"status\":\"Success\"}"

/* What keeps it from being deleted for a while. */
static const struct ps_fake_answer kept_policy[] = {
    {"DELETE", POLICY_PATH, 403, FORBIDDEN_STATUS, 3},
    {"DELETE", POLICY_PATH, 409, "{\"kind\":\"Status\",\"code\":409,\"reason\":\"Conflict\"}", 3},
    {"DELETE", POLICY_PATH, 500, "", 3},
};

/* The label is gone, and the Services with it; nothing else speaks of the StatefulSet any more. */
START_TEST(a_policy_that_is_left_is_tried_again)
{
    const struct ps_fake_answer answers[] = {
        {"GET", "/api/v1/namespaces?", 200, LIST(""), 1},
        {"GET", OWN_POLICIES_PATH, 200, OWN_POLICY, 1},
        {"GET", POLICY_PATH "?", 200, OWN_POLICY, 1},
        STATEFULSETS,
        kept_policy[_i],
        {"DELETE", POLICY_PATH, 200, GONE, 0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "DELETE", POLICY_PATH "/portside-kafka", "\"uid\":\"n\"");
    ps_fake_skip(fake, 20000);
    ck_assert_uint_ge(ps_fake_count(fake, "DELETE", POLICY_PATH "/portside-kafka", ""), 4);
    ps_fake_end(fake);
}
END_TEST

START_TEST(the_policy_comes_first)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/allow-from\":\"192.0.2.0/24\""), PODS, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", POLICY_PATH "/portside-kafka", "192.0.2.0/24");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", SERVICE_PATH, ""), 0);
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ps_fake_end(fake);
}
END_TEST

START_TEST(nodes)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, PODS, SERVICES,
                                                    DENY("/api/v1/nodes/n1")};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "portside may not get nodes");
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", POD_PATH, ""), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(events_and_config_maps_cannot_be_written)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        PODS_OF("", ""),
        SERVICES,
        {"POST", EVENT_PATH, 403, FORBIDDEN_STATUS, 0},
        {"PATCH", MAPS_PATH, 403, FORBIDDEN_STATUS, 0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "NotInjected");
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ps_fake_wait(fake, "POST", EVENT_PATH, "ConfigMap external-kafka");
    ps_fake_end(fake);
}
END_TEST

/* The right to write Events may come later. */
START_TEST(tells_again_what_could_not_be_told)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        {"PATCH", SERVICE_PATH "external-kafka-0", 403, FORBIDDEN_STATUS, 0},
        {"POST", EVENT_PATH, 403, FORBIDDEN_STATUS, 1},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "Forbidden");
    ps_fake_skip(fake, 20000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "external-kafka-0"), 1);
    ps_fake_skip(fake, 60000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "external-kafka-0"), 2);
    ps_fake_skip(fake, 120000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "external-kafka-0"), 2);
    ps_fake_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_rights");
    TCase *tc = tcase_create("loop");
    tcase_add_test(tc, a_surplus_service_goes);
    tcase_add_test(tc, config_maps);
    tcase_add_test(tc, pods);
    tcase_add_test(tc, a_service_that_was_lost_keeps_its_port);
    tcase_add_loop_test(tc, nothing_without_namespaces_or_services, 0, (int)PS_COUNT(needed));
    tcase_add_test(tc, network_policies_matter_to_allow_from_alone);
    tcase_add_test(tc, no_port_is_opened_to_all_that_is_to_be_open_to_a_few);
    tcase_add_loop_test(tc, a_policy_that_is_left_is_tried_again, 0, (int)PS_COUNT(kept_policy));
    tcase_add_test(tc, the_policy_comes_first);
    tcase_add_loop_test(tc, no_port_is_opened_before_the_policy_stands, 0,
                        (int)PS_COUNT(no_policy));
    tcase_add_test(tc, nodes);
    tcase_add_test(tc, events_and_config_maps_cannot_be_written);
    tcase_add_test(tc, tells_again_what_could_not_be_told);
    suite_add_tcase(suite, tc);
    return suite;
}
