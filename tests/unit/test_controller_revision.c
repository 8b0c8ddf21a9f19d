/* SPDX-License-Identifier: Apache-2.0 */
/* What is asked for has changed, but brokers run that were made before: they go on being served. */
#include "support/runner.h"
#include "test_controller_support.h"

#define BOOTSTRAP SERVICE_PATH "external-kafka-bootstrap"
#define BROKER SERVICE_PATH "external-kafka-0"
#define NEXT SERVICE_PATH "external-kafka-1"
#define RUNS                                                                                       \
    "\"phase\":\"Running\",\"podIP\":\"127.0.0.1\",\"conditions\":[{\"type\":\"Ready\","           \
    "\"status\":\"True\"}],\"containerStatuses\":[{\"name\":\"kafka\",\"containerID\":"            \
    "\"c1\",\"state\":{\"running\":{\"startedAt\":\"2020-01-01T00:00:00Z\"}}}]"

/* kafka-0 with this variable. */
#define POD_OF(name, value)                                                                        \
    LIST("{\"metadata\":{\"name\":\"kafka-0\",\"namespace\":\"ns\",\"uid\":\"p0\","                \
         "\"resourceVersion\":\"4\",\"labels\":{\"portside.dev/statefulset\":\"kafka\"},"          \
         "\"annotations\":{" INJECTED "}},\"spec\":{\"nodeName\":\"n1\",\"containers\":["          \
         "{\"name\":\"x\"},{\"name\":\"kafka\",\"env\":[{\"name\":\"KAFKA_ADVERTISED_LISTENERS\"," \
         "\"value\":\"PORTSIDE://a:1\"},{\"name\":\"" name "\"," value "}]}]},\"status\":{" RUNS   \
         "}}")

/* The StatefulSet's annotations changed without a rollout; kafka-0 was made by those of before. */
struct change {
    const char *wish; /* a list of the StatefulSet */
    const char *pods; /* a list of the pod */
    const char *old;  /* in kafka-0's Service and the bootstrap Service */
    const char *next; /* in the Service of kafka-1, which is not there yet */
};

static const struct change changes[] = {
    {STATEFULSET_LIST("\"portside.dev/listener-port\":\"9294\""), LIST(POD("4", INJECTED, RUNS)),
     "\"targetPort\":9194", "\"targetPort\":9294"},
    {STATEFULSET_LIST("\"portside.dev/type\":\"LoadBalancer\""), LIST(POD("4", INJECTED, RUNS)),
     "\"type\":\"NodePort\"", "\"type\":\"LoadBalancer\""},
    {STATEFULSET_LIST("\"portside.dev/node-port-base\":\"31500\""), LIST(POD("4", INJECTED, RUNS)),
     "\"targetPort\":9194", "\"nodePort\":31501"},
    {STATEFULSET_LIST(""),
     LIST(POD("4", INJECTED ",\"portside.dev/listener-port\":\"9494\"", RUNS)),
     "\"targetPort\":9494", "\"targetPort\":9194"},
    /* What it was made with stands in its variables, also if a default of the installation was. */
    {STATEFULSET_LIST(""),
     POD_OF("KAFKA_LISTENERS", "\"value\":\"PLAINTEXT://:9092, portside://:9394\""),
     "\"targetPort\":9394", "\"targetPort\":9194"},
    {STATEFULSET_LIST("\"portside.dev/listener-port\":\"9294\""),
     POD_OF("PORTSIDE_LISTENERS", "\"value\":\"vpn=V:7:mirror,external=PORTSIDE:9494:mirror\""),
     "\"targetPort\":9494", "\"targetPort\":9294"},
    {STATEFULSET_LIST(""), POD_OF("PORTSIDE_LISTENERS", "\"value\":\"external=PORTSIDE\""),
     "\"targetPort\":9194", "\"targetPort\":9194"},
    {STATEFULSET_LIST(""), POD_OF("PORTSIDE_LISTENERS", "\"value\":\"external=P:99999:x,=,:,\""),
     "\"targetPort\":9194", "\"targetPort\":9194"},
    {STATEFULSET_LIST(""), POD_OF("KAFKA_LISTENERS", "\"valueFrom\":{}"), "\"targetPort\":9194",
     "\"targetPort\":9194"},
    /* What it was made with cannot be read: as is asked for now. */
    {STATEFULSET_LIST("\"portside.dev/listener-port\":\"9294\""),
     LIST(POD("4", INJECTED ",\"portside.dev/listener-port\":\"x\"", RUNS)), "\"targetPort\":9294",
     "\"targetPort\":9294"},
};

START_TEST(serves_a_broker_as_it_was_made)
{
    const struct change *change = &changes[_i];
    const struct ps_fake_answer answers[] = {
        NAMESPACES,
        {"GET", STATEFULSETS_PATH, 200, change->wish, 1},
        {"GET", "/api/v1/pods?", 200, change->pods, 1},
        SERVICES,
        NODE,
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", BROKER, change->old);
    ps_fake_wait(fake, "PATCH", BOOTSTRAP, change->old);
    ps_fake_wait(fake, "PATCH", NEXT, change->next);
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", BROKER, ""),
                      ps_fake_count(fake, "PATCH", BROKER, change->old));
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", BROKER, "\"nodePort\":31500"), 0);
    ps_fake_end(fake);
}
END_TEST

/* A pod that says with which defaults of the installation it was made. */
#define MADE_WITH(defaults)                                                                        \
    "\"portside.dev/status\":\"{\\\"contract\\\":1,\\\"listeners\\\":{\\\"external\\\":"           \
    "\\\"PORTSIDE\\\"},\\\"defaults\\\":" defaults "}\""
#define MADE_PODS(defaults) LIST(POD("4", MADE_WITH(defaults), RUNS))

/* Defaults and limits of the installation changed; kafka-0 was made by those of before. */
struct defaults_change {
    const char *name;
    struct {
        const char *key;
        const char *value;
    } settings[2];
    const char *pods;
    const char *old;  /* in kafka-0's Service and the bootstrap Service */
    const char *next; /* in the Service of kafka-1, which is not there yet */
};

static const struct defaults_change defaults_changes[] = {
    {"a default is new",
     {{"default-type", "LoadBalancer"}},
     MADE_PODS("{}"),
     "\"type\":\"NodePort\"",
     "\"type\":\"LoadBalancer\""},
    {"a default is gone",
     {{"default-type", ""}},
     MADE_PODS("{\\\"type\\\":\\\"LoadBalancer\\\"}"),
     "\"type\":\"LoadBalancer\"",
     "\"type\":\"NodePort\""},
    {"a default is another one",
     {{"default-listener-port", "9394"}},
     MADE_PODS("{\\\"listener-port\\\":\\\"9294\\\"}"),
     "\"targetPort\":9294",
     "\"targetPort\":9394"},
    {"a default for all brokers",
     {{"default-node-port-base", "31500"}},
     MADE_PODS("{}"),
     "\"targetPort\":9194",
     "\"nodePort\":31501"},
    {"an older version did not say",
     {{"default-type", "LoadBalancer"}},
     LIST(POD("4", INJECTED, RUNS)),
     "\"type\":\"LoadBalancer\"",
     "\"type\":\"LoadBalancer\""},
    {"what shapes Services alone acts at once",
     {{"default-external-traffic-policy", "Cluster"}},
     MADE_PODS("{\\\"external-traffic-policy\\\":\\\"Local\\\"}"),
     "\"type\":\"NodePort\"",
     "\"externalTrafficPolicy\":\"Cluster\""},
    {"a default that says what the table says",
     {{"default-type", "NodePort"}},
     MADE_PODS("{}"),
     "\"type\":\"NodePort\"",
     "\"type\":\"NodePort\""},
    {"what stands goes on beyond a limit",
     {{"default-type", "LoadBalancer"}, {"policy-types", "LoadBalancer"}},
     MADE_PODS("{}"),
     "\"type\":\"NodePort\"",
     "\"type\":\"LoadBalancer\""},
    {"a port that stands goes on beyond a limit",
     {{"default-node-port-base", "32000"}, {"policy-node-ports", "32000-32100"}},
     MADE_PODS("{\\\"node-port-base\\\":\\\"31000\\\"}"),
     "\"targetPort\":9194",
     "\"nodePort\":32001"},
    /* What anybody can write on a pod grants nothing. */
    {"a type that does not stand",
     {{"policy-types", "NodePort"}},
     MADE_PODS("{\\\"type\\\":\\\"LoadBalancer\\\"}"),
     "\"type\":\"NodePort\"",
     "\"type\":\"NodePort\""},
    {"a port that does not stand",
     {{"policy-node-ports", "31000-31100"}},
     MADE_PODS("{\\\"node-port-base\\\":\\\"32100\\\"}"),
     "\"targetPort\":9194",
     "\"targetPort\":9194"},
    {"no value",
     {{"default-type", "LoadBalancer"}},
     MADE_PODS("{\\\"type\\\":\\\"x\\\"}"),
     "\"type\":\"LoadBalancer\"",
     "\"type\":\"LoadBalancer\""},
};

START_TEST(serves_a_broker_by_the_defaults_of_then)
{
    const struct defaults_change *change = &defaults_changes[_i];
    const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS, {"GET", "/api/v1/pods?", 200, change->pods, 1}, SERVICES, NODE,
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    for (size_t i = 0; i < PS_COUNT(change->settings) && change->settings[i].key != NULL; i++) {
        struct ps_error err;
        ck_assert(ps_ok(ps_config_set(ps_fake_config(fake), ps_str_of(change->settings[i].key),
                                      ps_str_of(change->settings[i].value), &err)));
    }
    ps_fake_wait(fake, "PATCH", BROKER, change->old);
    ps_fake_wait(fake, "PATCH", BOOTSTRAP, change->old);
    ps_fake_wait(fake, "PATCH", NEXT, change->next);
    ps_fake_run(fake, 50);
    ck_assert_msg(ps_fake_count(fake, "PATCH", BROKER, "") ==
                      ps_fake_count(fake, "PATCH", BROKER, change->old),
                  "%s", change->name);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", BROKER, "\"nodePort\":31500"), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", BROKER, "\"nodePort\":32"), 0);
    ps_fake_end(fake);
}
END_TEST

/* A host that only pods made anew will advertise is not written on those that run. */
START_TEST(writes_no_endpoint_that_a_broker_does_not_advertise)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/advertised-host\":\"b.example.org\""),
        PODS_OF(INJECTED, RUNS), SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", POD_PATH, "203.0.113.1");
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", POD_PATH, "b.example.org"), 0);
    ps_fake_end(fake);
}
END_TEST

/* The port of before is as guarded as the one to come. */
START_TEST(guards_the_ports_of_brokers_that_run)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS_OF("\"portside.dev/listener-port\":\"9294\","
                        "\"portside.dev/allow-from\":\"10.0.0.0/8\""),
        PODS_OF(INJECTED ",\"portside.dev/allow-from\":\"10.0.0.0/8\"", RUNS), SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies/",
                 "\"port\":9195,\"endPort\":9293");
    ps_fake_end(fake);
}
END_TEST

/* One that was made without a rack does not wait for the label that a node lacks. */
START_TEST(asks_no_rack_of_those_made_without)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/rack-label\":\"none\""), PODS, SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", POD_PATH, "203.0.113.1");
    ps_fake_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_revision");
    TCase *tc = tcase_create("revision");
    tcase_add_loop_test(tc, serves_a_broker_as_it_was_made, 0, (int)PS_COUNT(changes));
    tcase_add_loop_test(tc, serves_a_broker_by_the_defaults_of_then, 0,
                        (int)PS_COUNT(defaults_changes));
    tcase_add_test(tc, writes_no_endpoint_that_a_broker_does_not_advertise);
    tcase_add_test(tc, guards_the_ports_of_brokers_that_run);
    tcase_add_test(tc, asks_no_rack_of_those_made_without);
    suite_add_tcase(suite, tc);
    return suite;
}
