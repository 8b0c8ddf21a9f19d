/* SPDX-License-Identifier: Apache-2.0 */
/* Further variables of the broker, its rack, and what happens while there is no endpoint. */
#include "admit_rows.h"
#include "support/runner.h"

#define PART_ENV                                                                                   \
    "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092,CONTROLLER://:9093\"},"           \
    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"PLAINTEXT://kafka:9092\"},"              \
    "{\"name\":\"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP\","                                          \
    "\"value\":\"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\"}"
#define HOOK_START NOTE("delivery", "hook") "," NOTE("on-missing", "start")
#define NOTED(annotations) OWNER ",\"annotations\":{" annotations "}"
#define SET_WITH(annotations, env)                                                                 \
    REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",                               \
           SET_OBJECT(annotations, "3", "", SPEC(APACHE(env))), "null")
#define OUTSIDE_ENV                                                                                \
    "{\"name\":\"KAFKA_NODE_ID\",\"value\":\"1\"},"                                                \
    "{\"name\":\"KAFKA_PROCESS_ROLES\",\"value\":\"broker\"},"                                     \
    "{\"name\":\"KAFKA_CONTROLLER_LISTENER_NAMES\",\"value\":\"CONTROLLER\"},"                     \
    "{\"name\":\"KAFKA_INTER_BROKER_LISTENER_NAME\",\"value\":\"PLAINTEXT\"},"                     \
    "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092,OUTSIDE://:9094\"},"              \
    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\","                                                    \
    "\"value\":\"PLAINTEXT://kafka:9092,OUTSIDE://localhost:9094\"},"                              \
    "{\"name\":\"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP\","                                          \
    "\"value\":\"PLAINTEXT:PLAINTEXT,OUTSIDE:PLAINTEXT,CONTROLLER:PLAINTEXT\"}"
#define REST                                                                                       \
    "KAFKA_NODE_ID={ordinal}\\nKAFKA_PROCESS_ROLES=broker,controller\\n"                           \
    "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER"

static const struct ps_admit_row rows[] = {
    {.name = "ranges of load balancers with node ports",
     .request = SET(NOTE("type", "LoadBalancer") "," NOTE("allow-from", "10.0.0.0/8")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "leaves load balancers' node ports open: set allocate-node-ports 'false'"},
    {.name = "env: a variable for each pod",
     .request = POD_OF("kafka-4", NOTED(NOTE("env", "KAFKA_BROKER_RACK=r{ordinal + 10}\\nA=b=c")),
                       SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"KAFKA_BROKER_RACK\",\"value\":\"r14\"}"},
    {.name = "env: the status tells which variables were added",
     .request = POD(NOTED(NOTE("env", "A={pod}\\nB=")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\\\"env\\\":[\\\"A\\\",\\\"B\\\"]"},
    {.name = "env: without it the status says nothing of it",
     .request = POD(OWNER, SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!\\\"env\\\":["},
    {.name = "env: what it gives counts as set",
     .request = POD(NOTED(NOTE("env", REST)), SPEC(APACHE(PART_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "PORTSIDE://$(PORTSIDE_EXTERNAL_HOST):$(PORTSIDE_EXTERNAL_PORT)"},
    {.name = "env: without it a variable is missing",
     .request = POD(OWNER, SPEC(APACHE(PART_ENV))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_INCOMPLETE_ENV},
    {.name = "env: one variable alone would drop the image's own file",
     .request = POD(NOTED(NOTE("env", "KAFKA_NODE_ID={ordinal}")),
                    SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\"}")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_INCOMPLETE_ENV},
    {.name = "env: a container without variables",
     .request = POD(NOTED(NOTE("env", "A=1")),
                    SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\",\"env\":null}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"A\",\"value\":\"1\"}]}"},
    {.name = "env: with hook delivery",
     .request = POD(NOTED(NOTE("env", "A={namespace}") "," NOTE("delivery", "hook")),
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"A\",\"value\":\"streams\"}"},
    {.name = "env: the container's own variable stays",
     .request = POD(NOTED(NOTE("env", "KAFKA_NODE_ID=7")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!\"KAFKA_NODE_ID\",\"value\":\"7\"",
     .in_warnings = "sets KAFKA_NODE_ID itself, which stays"},
    {.name = "env: one of its own is refused",
     .request = SET(NOTE("env", "KAFKA_NODE_ID={ordinal}")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "env: a template that takes such a variable up is warned of",
     .request = REVIEW(
         "apps", "StatefulSet", "statefulsets", "UPDATE", "kafka",
         SET_OBJECT(NOTE("env", "KAFKA_NODE_ID={ordinal}"), "3", "", SPEC(APACHE(EASY_ENV))),
         SET_OBJECT(NOTE("env", "KAFKA_NODE_ID={ordinal}"), "3", "", SPEC(APACHE(PART_ENV)))),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "sets KAFKA_NODE_ID itself: remove it there or here"},
    {.name = "env: ids that differ are no hazard",
     .request = SET_WITH(NOTE("env", REST), PART_ENV),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "!KAFKA_NODE_ID"},
    {.name = "env: one id for all is one",
     .request = SET_WITH(NOTE("env", "KAFKA_NODE_ID=1\\nKAFKA_PROCESS_ROLES=broker\\n"
                                     "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER"),
                         PART_ENV),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "KAFKA_NODE_ID"},
    {.name = "env: listeners that it sets are the hook's business",
     .request = POD(NOTED(NOTE("env", "KAFKA_ADVERTISED_LISTENERS=PLAINTEXT://{pod}.kafka:9092")),
                    SPEC(APACHE("{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092\"}"))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "PORTSIDE_LISTENERS"},
    {.name = "env: not with env delivery",
     .request =
         SET_WITH(NOTE("env", "KAFKA_LISTENERS=PLAINTEXT://:9092") "," NOTE("delivery", "env"),
                  "{\"name\":\"KAFKA_BROKER_ID\",\"value\":\"1\"}"),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_LISTENERS},
    {.name = "env: a name of ours",
     .request = SET(NOTE("env", "PORTSIDE_X=1")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "env: BASH_ENV is ours",
     .request = SET(NOTE("env", "BASH_ENV=/tmp/x")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "env: hostile text is a value like another",
     .request =
         POD(NOTED(NOTE("env", "A=\\\\$(x) ; rm -rf / # \\u0001\\u00fc")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"value\":\"\\\\$(x) ; rm -rf / # \\u0001\xc3\xbc\""},
    {.name = "env: what an earlier injection added is brought to what it should be",
     .request = POD(NOTED(NOTE("env", "A={pod}") "," NOTE(
                        "status", "{\\\"contract\\\":1,\\\"env\\\":[\\\"A\\\",\\\"OLD\\\"]}")),
                    SPEC(APACHE("{\"name\":\"A\",\"value\":\"kafka-1\"},"
                                "{\"name\":\"OLD\",\"value\":\"1\"}," EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/spec/containers/0/env/1\"}"},
    {.name = "env: a status that says nonsense",
     .request = POD(NOTED(NOTE("env", "A=1") "," NOTE("status", "{\\\"env\\\":{\\\"a\\\":1}}")),
                    SPEC(APACHE("{\"name\":\"A\",\"value\":\"2\"}," EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "sets A itself"},
    {.name = "rack: env delivery",
     .request = POD(NOTED(NOTE("rack-label", "zone")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"KAFKA_BROKER_RACK\",\"value\":\"$(PORTSIDE_RACK)\"}"},
    {.name = "rack: from the annotation",
     .request = POD(NOTED(NOTE("rack-label", "zone")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"PORTSIDE_RACK\",\"valueFrom\":{\"fieldRef\":{\"apiVersion\":\"v1\","
                 "\"fieldPath\":\"metadata.annotations['portside.dev/rack']\"}}}"},
    {.name = "rack: the init container waits for it",
     .request = POD(NOTED(NOTE("rack-label", "zone")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_WAIT\",\"value\":\"external.host external.port rack\""},
    {.name = "rack: it is waited for even if nothing else is",
     .request = POD(NOTED(NOTE("rack-label", "zone") "," NOTE("type", "None") "," NOTE(
                        "advertised-host", "b{ordinal}.example.com")),
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_WAIT\",\"value\":\"rack\""},
    {.name = "rack: the hook sets it by itself",
     .request = POD(NOTED(NOTE("rack-label", "zone") "," NOTE("delivery", "hook")),
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!BROKER_RACK\""},
    {.name = "rack: in the naming of bitnami",
     .request =
         POD(NOTED(NOTE("rack-label", "zone")),
             SPEC("{\"name\":\"kafka\",\"image\":\"bitnami/kafka:3.9\",\"env\":[" EASY_ENV "]}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"KAFKA_CFG_BROKER_RACK\",\"value\":\"$(PORTSIDE_RACK)\"}"},
    {.name = "rack: the container's own stays",
     .request = POD(NOTED(NOTE("rack-label", "zone")),
                    SPEC(APACHE(EASY_ENV ",{\"name\":\"KAFKA_BROKER_RACK\",\"value\":\"mine\"}"))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!$(PORTSIDE_RACK)",
     .in_warnings = "own rack stays, which KAFKA_BROKER_RACK sets"},
    {.name = "rack: bitnami's bare name is the container's own too",
     .request = POD(NOTED(NOTE("rack-label", "zone")),
                    SPEC("{\"name\":\"kafka\",\"image\":\"bitnami/kafka:3.9\",\"env\":[" EASY_ENV
                         ",{\"name\":\"KAFKA_BROKER_RACK\",\"value\":\"mine\"}]}")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!$(PORTSIDE_RACK)",
     .in_warnings = "KAFKA_BROKER_RACK"},
    {.name = "rack: that of portside.dev/env stays",
     .request =
         POD(NOTED(NOTE("rack-label", "zone") "," NOTE("env", "KAFKA_BROKER_RACK=r{ordinal}")),
             SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"name\":\"KAFKA_BROKER_RACK\",\"value\":\"r0\"}",
     .in_warnings = "own rack stays"},
    {.name = "rack: the set says that the broker's own stays",
     .request = SET_WITH(NOTE("rack-label", "zone"),
                         EASY_ENV ",{\"name\":\"KAFKA_BROKER_RACK\",\"value\":\"mine\"}"),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "own rack stays, which KAFKA_BROKER_RACK sets"},
    {.name = "rack: the set says that pods wait",
     .request = SET(NOTE("rack-label", "zone") "," NOTE("type", "None") "," NOTE(
         "advertised-host", "b{ordinal}.example.com")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "waits until"},
    {.name = "rack: what another pod was told goes",
     .request = POD(NOTED("\"portside.dev/rack\":\"a\",\"portside.dev/stale\":\"{}\""),
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/metadata/annotations/portside.dev~1rack\"},"
                 "{\"op\":\"remove\",\"path\":\"/metadata/annotations/portside.dev~1stale\"}"},
    {.name = "on-missing: the init container has limits",
     .request = POD(NOTED(HOOK_START "," NOTE("wait-timeout", "1m30s")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_WAIT\",\"value\":\"external.host=90 external.port=90\""},
    {.name = "on-missing: ten minutes if nothing is said, and the rack too",
     .request = POD(NOTED(HOOK_START "," NOTE("rack-label", "zone")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_WAIT\",\"value\":\"external.host=600 external.port=600 rack=600\""},
    {.name = "on-missing: wait has none",
     .request = POD(NOTED(NOTE("delivery", "hook") "," NOTE("on-missing", "wait")),
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_WAIT\",\"value\":\"external.host external.port\""},
    {.name = "on-missing: with env delivery the pod waits, with a warning",
     .request = POD(NOTED(NOTE("on-missing", "start")), SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "\"PORTSIDE_WAIT\",\"value\":\"external.host external.port\"",
     .in_warnings = "portside.dev/on-missing: 'start' needs the hook: the pod waits"},
    {.name = "on-missing: env delivery chosen: denied",
     .request = SET(NOTE("on-missing", "start")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "on-missing: env delivery stated: denied",
     .request = SET(NOTE("on-missing", "start") "," NOTE("delivery", "env")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "on-missing: hook delivery stated",
     .request = SET(HOOK_START),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "!needs the hook"},
    {.name = "on-missing: a template that takes env delivery up is warned of",
     .request = REVIEW("apps", "StatefulSet", "statefulsets", "UPDATE", "kafka",
                       SET_OBJECT(NOTE("on-missing", "start"), "3", "", SPEC(APACHE(EASY_ENV))),
                       SET_OBJECT(NOTE("on-missing", "start"), "3", "",
                                  SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka\"}"))),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "set portside.dev/delivery: hook, or remove it"},
    {.name = "wait-timeout: has no effect by itself",
     .request = SET(NOTE("delivery", "hook") "," NOTE("wait-timeout", "1m")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "listener: the hook cannot tell the port of one that is adopted",
     .request = SET(NOTE("delivery", "hook") "," NOTE("listener-name", "OUTSIDE")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings =
         "has a listener OUTSIDE already, state its port with portside.dev/listener-port"},
    {.name = "listener: its port is stated",
     .request = SET(NOTE("delivery", "hook") "," NOTE("listener-name",
                                                      "OUTSIDE") "," NOTE("listener-port", "9095")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "!state its port"},
    {.name = "listener: with env delivery it is seen",
     .request = SET(NOTE("listener-name", "OUTSIDE")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "!state its port"},
    {.name = "listener: the port of one that is adopted is its own",
     .request =
         SET_WITH(NOTE("listener-name", "OUTSIDE") "," NOTE("listener-port", "9199"), OUTSIDE_ENV),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "portside.dev/listener-port has no effect: OUTSIDE keeps its own port"},
};

START_TEST(decides)
{
    ps_check_row(&rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("admit_delivery");
    TCase *decisions = tcase_create("delivery");
    tcase_add_loop_test(decisions, decides, 0, (int)PS_COUNT(rows));
    suite_add_tcase(suite, decisions);
    return suite;
}
