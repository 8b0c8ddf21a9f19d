/* SPDX-License-Identifier: Apache-2.0 */
/* Further variables of the broker, its rack, and what happens while there is no endpoint. */
#include "admit_rows.h"
#include "support/runner.h"

#define PART_ENV                                                                                   \
    "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092,CONTROLLER://:9093\"},"           \
    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"PLAINTEXT://kafka:9092\"},"              \
    "{\"name\":\"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP\","                                          \
    "\"value\":\"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\"}"
#define NOTED(annotations) OWNER ",\"annotations\":{" annotations "}"
#define SET_WITH(annotations, env)                                                                 \
    REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",                               \
           SET_OBJECT(annotations, "3", "", SPEC(APACHE(env))), "null")
#define REST                                                                                       \
    "KAFKA_NODE_ID={ordinal}\\nKAFKA_PROCESS_ROLES=broker,controller\\n"                           \
    "KAFKA_CONTROLLER_LISTENER_NAMES=CONTROLLER"

static const struct ps_admit_row rows[] = {
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
