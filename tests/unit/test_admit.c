/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole decision on small pods: one row, one rule of architecture. Goldens show whole patches
 * on real requests; here each rule stands alone.
 */
#include "admit_rows.h"
#include "support/runner.h"

static const struct ps_admit_row rows[] = {
    {.name = "easy pod",
     .request = POD(OWNER, SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "PORTSIDE://$(PORTSIDE_EXTERNAL_HOST):$(PORTSIDE_EXTERNAL_PORT)"},
    {.name = "ordinal by name where the label is absent",
     .request = POD_OF("kafka-12", OWNER, SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_ORDINAL\",\"value\":\"12\""},
    {.name = "ordinal by label where the name is absent",
     .request = POD_OF("", OWNER ",\"labels\":{\"apps.kubernetes.io/pod-index\":\"7\"}",
                       SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_ORDINAL\",\"value\":\"7\""},
    {.name = "no ordinal",
     .request = POD_OF("kafka", OWNER, SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_NO_ORDINAL},
    {.name = "a name that no StatefulSet gives",
     .request = POD_OF("kafka-007", OWNER, SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_NO_ORDINAL},
    {.name = "another owner's name",
     .request = POD_OF("zoo-0", OWNER, SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_NO_ORDINAL},
    {.name = "a list of a wrong type is not replaced",
     .request = POD(OWNER, "{\"volumes\":{},\"containers\":[" APACHE(EASY_ENV) "]}"),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_MALFORMED},
    {.name = "no owner",
     .request = POD("\"labels\":{}", SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_NOT_STATEFULSET},
    {.name = "mirror pod",
     .request = POD(OWNER ",\"annotations\":{\"kubernetes.io/config.mirror\":\"x\"}",
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_MIRROR_POD},
    {.name = "opted out",
     .request = POD(OWNER ",\"annotations\":{" NOTE("inject", "false") "}", SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_OPTED_OUT},
    {.name = "a pod is never denied",
     .request =
         POD(OWNER ",\"annotations\":{" NOTE("listener-port", "x") "}", SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "portside.dev/listener-port"},
    {.name = "stale endpoint goes",
     .request = POD(OWNER ",\"annotations\":{\"external.portside.dev/host\":\"a\"}",
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/metadata/annotations/"
                 "external.portside.dev~1host\"}"},
    {.name = "variables of ours that the user set",
     .request = POD(OWNER, SPEC(APACHE(EASY_ENV ",{\"name\":\"PORTSIDE_X\",\"value\":\"1\"}"))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_USER_PORTSIDE_ENV,
     .in_warnings = "PORTSIDE_X"},
    {.name = "an older contract is brought to the present one",
     .request = POD(OWNER ",\"annotations\":{" NOTE("status", "{\\\"contract\\\":0}") "}",
                    SPEC(APACHE("{\"name\":\"PORTSIDE_OLD\",\"value\":\"1\"}," EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/spec/containers/0/env/0\"}"},
    {.name = "lists that are null",
     .request =
         POD(OWNER ",\"annotations\":null,\"labels\":null",
             "{\"volumes\":null,\"initContainers\":null,\"containers\":[" APACHE(EASY_ENV) "]}"),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"op\":\"add\",\"path\":\"/spec/initContainers\",\"value\":[{"},
    {.name = "node port base makes the port a literal",
     .request = POD_OF("kafka-2", OWNER ",\"annotations\":{" NOTE("node-port-base", "31000") "}",
                       SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_EXTERNAL_PORT\",\"value\":\"31002\""},
    {.name = "node port beyond the range",
     .request = POD_OF("kafka-9", OWNER ",\"annotations\":{" NOTE("node-port-base", "32767") "}",
                       SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "32767"},
    {.name = "an IPv6 host is bracketed",
     .request = POD(OWNER ",\"annotations\":{" NOTE("advertised-host", "2001:db8::1") "}",
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"value\":\"[2001:db8::1]\""},
    {.name = "host address from the downward API",
     .request = POD(OWNER ",\"annotations\":{" NOTE("address-types", "InternalIP") "}",
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "status.hostIP"},
    {.name = "nothing to wait for, no init container",
     .request =
         POD(OWNER ",\"annotations\":{" NOTE("advertised-host", "b{ordinal}.example.com") "," NOTE(
                 "advertised-port", "{ordinal + 9100}") "}",
             SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!portside-address"},
    {.name = "a stated protocol without settings",
     .request =
         POD(OWNER ",\"annotations\":{" NOTE("protocol", "SASL_SSL") "}", SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_LISTENERS,
     .in_warnings = "SASL_SSL"},
    {.name = "policy forbids PLAINTEXT on a pod",
     .request = POD(OWNER, SPEC(APACHE(EASY_ENV))),
     .plaintext = PS_CHOICE_DENY,
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_POLICY},
    {.name = "policy cannot see the protocol of the hook",
     .request = POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\"}")),
     .plaintext = PS_CHOICE_DENY,
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_POLICY},
    {.name = "sudo drops BASH_ENV",
     .request =
         POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\",\"command\":[\"sh\","
                         "\"-c\",\"sudo -E -u kafka kafka-server-start.sh x\"]}")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_CLEAN_ENV},
    {.name = "a container has the name of the init container",
     .request = POD(OWNER, SPEC(APACHE(EASY_ENV) ",{\"name\":\"portside-address\","
                                                 "\"image\":\"x\"}")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_NAME_IN_USE},
    {.name = "a forged status does not make a volume ours",
     .request =
         POD(OWNER ",\"annotations\":{" NOTE("status", "{}") "}",
             "{\"volumes\":[{\"name\":\"portside\",\"hostPath\":{}}],\"containers\":[" APACHE(
                 EASY_ENV) "]}"),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_NAME_IN_USE},
    {.name = "the init container gets no token",
     .request = POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\",\"volumeMounts\":["
                                "{\"name\":\"kube-api-access\",\"mountPath\":"
                                "\"/var/run/secrets/kubernetes.io/serviceaccount\"}]}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch =
         "{\"name\":\"portside-endpoint\","
         "\"mountPath\":\"/var/run/secrets/kubernetes.io/serviceaccount\",\"readOnly\":true}"},
    {.name = "a pod without token needs no cover",
     .request = POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\"}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!serviceaccount"},
    {.name = "Bitnami's run script alone reads no variables",
     .request =
         POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"bitnami/kafka:3.9.0\",\"command\":["
                         "\"/opt/bitnami/scripts/kafka/run.sh\"],\"env\":[" EASY_ENV "]}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "hook.bash"},
    {.name = "arguments that win over the variables",
     .request = POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"confluentinc/cp-kafka:7.9.0\","
                                "\"command\":[\"/etc/confluent/docker/run\","
                                "\"KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://x:1\"],\"env\":[" EASY_ENV
                                "]}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "hook.bash"},
    {.name = "a mounted file makes Bitnami ignore the variables",
     .request =
         POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"bitnami/kafka:3.9.0\","
                         "\"volumeMounts\":[{\"name\":\"c\",\"mountPath\":"
                         "\"/bitnami/kafka/config/server.properties\"}],\"env\":[" EASY_ENV "]}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "hook.bash"},
    {.name = "a start script counts for more than the image's name",
     .request =
         POD(OWNER, SPEC("{\"name\":\"kafka\",\"image\":\"corp/kafka-streaming\",\"command\":["
                         "\"kafka-server-start.sh\",\"x\"]}")),
     .verdict = PS_VERDICT_INJECT},
    {.name = "variables of a broker in an image of any name",
     .request =
         POD(OWNER,
             SPEC("{\"name\":\"broker\",\"image\":\"team/streaming:12\",\"env\":[" EASY_ENV "]}")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_UNKNOWN_IMAGE},
    {.name = "a family that is stated makes the only container the broker",
     .request = POD(OWNER ",\"annotations\":{" NOTE("family", "custom") "}",
                    SPEC("{\"name\":\"main\",\"image\":\"team/stream:12\"}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "hook.bash"},
    {.name = "a toolbox",
     .request =
         POD(OWNER, SPEC("{\"name\":\"tools\",\"image\":\"apache/kafka\",\"command\":[\"sh\","
                         "\"-c\",\"while true; do sleep 3600; done\"]}")),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_NOT_KAFKA},
    {.name = "a sidecar has the port",
     .request = POD(OWNER, SPEC(APACHE(EASY_ENV) ",{\"name\":\"metrics\",\"image\":\"x\","
                                                 "\"ports\":[{\"containerPort\":9194}]}")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_PORT_TAKEN,
     .in_warnings = "container 'metrics'"},
    {.name = "UDP is another port",
     .request =
         POD(OWNER, SPEC(APACHE(EASY_ENV) ",{\"name\":\"dns\",\"image\":\"x\",\"ports\":["
                                          "{\"containerPort\":9194,\"protocol\":\"UDP\"}]}")),
     .verdict = PS_VERDICT_INJECT},
    {.name = "JMX has the port",
     .request =
         POD(OWNER, SPEC(APACHE(EASY_ENV ",{\"name\":\"KAFKA_JMX_PORT\",\"value\":\"9194\"}"))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_PORT_TAKEN,
     .in_warnings = "KAFKA_JMX_PORT"},
    {.name = "service links stay where they are read",
     .request =
         POD(OWNER, SPEC(APACHE(EASY_ENV ",{\"name\":\"Z\",\"value\":\"$(ZK_SERVICE_HOST)\"}"))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!enableServiceLinks",
     .in_warnings = "enableServiceLinks"},
    {.name = "scale is not a StatefulSet",
     .request = REVIEW("apps", "Scale", "statefulsets/scale", "UPDATE", "kafka",
                       "{\"spec\":{\"replicas\":5}}", "null"),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_KIND},
    {.name = "delete",
     .request = REVIEW("", "Pod", "pods", "DELETE", "kafka-0", "null", "{}"),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_OPERATION},
    {.name = "a name that scripts misread goes by the hook",
     .request = POD(OWNER ",\"annotations\":{" NOTE("listener-name", "EXT_SSL") "}",
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "external=EXT_SSL:9194:mirror"},
};

START_TEST(decides)
{
    ps_check_row(&rows[_i]);
}
END_TEST

/* Every limit from nothing to enough: an answer each time, never a crash, never half a patch. */
START_TEST(any_memory_limit_gives_an_answer)
{
    for (size_t limit = 1024; limit < (size_t)512 * 1024; limit += 997) {
        struct ps_arena *arena = ps_arena_new(limit);
        struct ps_admission admission = ps_admit_under(&rows[0], arena, ps_str_of(rows[0].request));
        ck_assert_msg(admission.http_status == 200 || admission.http_status == 413, "%zu: %d",
                      limit, admission.http_status);
        ck_assert(admission.http_status == 200 || admission.patch.len == 0);
        ps_arena_free(arena);
    }
}
END_TEST

static const struct {
    const char *request;
    const char *in_body;
} bad_requests[] = {
    {"", "JSON"},
    {"{", "JSON"},
    {"[]", "AdmissionReview"},
    {"{} x", "behind"},
    {"{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\"}", "request"},
};

START_TEST(refuses_what_it_cannot_read)
{
    struct ps_arena *arena = ps_arena_new(ARENA_BYTES);
    struct ps_admission admission =
        ps_admit_under(&rows[0], arena, ps_str_of(bad_requests[_i].request));
    ck_assert_int_eq(admission.http_status, 400);
    ck_assert(ps_str_starts(admission.content_type, "text/plain"));
    ps_check_text(bad_requests[_i].request, "body", admission.body, bad_requests[_i].in_body);
    ps_arena_free(arena);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("admit");
    TCase *decisions = tcase_create("pods");
    TCase *limits = tcase_create("limits");
    tcase_add_loop_test(decisions, decides, 0, (int)PS_COUNT(rows));
    tcase_add_loop_test(limits, refuses_what_it_cannot_read, 0, (int)PS_COUNT(bad_requests));
    tcase_add_test(limits, any_memory_limit_gives_an_answer);
    suite_add_tcase(suite, decisions);
    suite_add_tcase(suite, limits);
    return suite;
}
