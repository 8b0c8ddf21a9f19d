/* SPDX-License-Identifier: Apache-2.0 */
/* The whole decision on small StatefulSets: one row, one rule of architecture. */
#include "admit_rows.h"
#include "support/runner.h"

#define VPN                                                                                        \
    NOTE("listeners", "external,vpn")                                                              \
    "," VPN_NOTE("listener-name", "VPN") "," VPN_NOTE("listener-port", "9195")

#define BASE(port) NOTE("node-port-base", port)
#define MADE(port) BASE(port) "," NOTE("copied", "portside.dev/node-port-base")
#define VPN_BASE(port) VPN_NOTE("node-port-base", port)
#define VPN_MADE(port)                                                                             \
    VPN "," VPN_BASE(port) "," NOTE(                                                               \
        "copied", "portside.dev/listeners,vpn.portside.dev/listener-name,"                         \
                  "vpn.portside.dev/listener-port,vpn.portside.dev/node-port-base")
#define ADVERTISED NOTE("advertised-port", "{ordinal + 9000}")

static const struct ps_admit_row rows[] = {
    {.name = "set without annotations",
     .request = SET(""),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "PORTSIDE on port 9194"},
    {.name = "set with annotations: copied",
     .request = SET(NOTE("listener-port", "9199")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "portside.dev~1copied\",\"value\":\"portside.dev/listener-port\""},
    {.name = "whoever controls the set makes its listeners",
     .request = REVIEW(
         "apps", "StatefulSet", "statefulsets", "CREATE", "kafka",
         "{\"metadata\":{\"name\":\"kafka\",\"annotations\":{" NOTE(
             "type",
             "None") "},\"ownerReferences\":[{\"apiVersion\":\"example.com/v1\",\"kind\":\"Kafka\","
                     "\"controller\":true}]},\"spec\":{\"template\":{\"spec\":" SPEC(
                         APACHE(EASY_ENV)) "}}}",
         "null"),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_OPERATOR_OWNED,
     .in_warnings = "have no effect"},
    {.name = "nothing leads to a broker of type None",
     .request = SET(NOTE("type", "None") "," NOTE("address-types", "InternalIP")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "nothing leads from port 9194"},
    {.name = "a hostPort leads to a broker of type None",
     .request = REVIEW(
         "apps", "StatefulSet", "statefulsets", "CREATE", "kafka",
         SET_OBJECT(NOTE("type", "None") "," NOTE("address-types", "InternalIP"), "3", "",
                    SPEC("{\"name\":\"kafka\",\"image\":\"apache/kafka:4.1.0\",\"env\":[" EASY_ENV
                         "],\"ports\":[{\"containerPort\":9194,\"hostPort\":9194}]}")),
         "null"),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "!nothing leads from"},
    {.name = "the set says that pods wait",
     .request = SET(NOTE("advertised-host", "b{ordinal}.example.com")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "waits until"},
    {.name = "invalid annotation denied",
     .request = SET(NOTE("listener-port", "0")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "unsupported annotation denied",
     .request = SET(NOTE("tls-secret", "x")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_UNSUPPORTED_ANNOTATION},
    {.name = "port taken by statement: denied",
     .request = SET(NOTE("listener-port", "9093")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_PORT_TAKEN},
    {.name = "too many replicas for the node ports",
     .request = SET(NOTE("node-port-base", "32766")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "one endpoint for all brokers",
     .request =
         SET(NOTE("advertised-host", "kafka.example.com") "," NOTE("advertised-port", "9094")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "policy forbids PLAINTEXT on a set",
     .request = SET(""),
     .plaintext = PS_CHOICE_DENY,
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_POLICY},
    {.name = "opt-out reaches the pods",
     .request = SET(NOTE("inject", "false")),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_OPTED_OUT,
     .in_patch = "portside.dev~1inject"},
    {.name = "annotating starts no rollout",
     .request = SET_UPDATE("", "", NOTE("listener-port", "9199"), ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_patch = "!op",
     .in_warnings = "kubectl rollout restart statefulset/kafka -n streams"},
    {.name = "a changed template takes the annotations along",
     .request = SET_UPDATE(NOTE("listener-port", "9199"), "", NOTE("listener-port", "9199"),
                           "\"restartedAt\":\"now\""),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "portside.dev~1listener-port\",\"value\":\"9199\""},
    {.name = "a removed annotation leaves the template",
     .request = SET_UPDATE(
         "", NOTE("listener-port", "9199") "," NOTE("copied", "portside.dev/listener-port"), "",
         "\"restartedAt\":\"now\"," NOTE("listener-port",
                                         "9199") "," NOTE("copied", "portside.dev/listener-port")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/spec/template/metadata/annotations/"
                 "portside.dev~1listener-port\"}"},
    {.name = "what the user put into the template stays",
     .request = SET_UPDATE("", NOTE("listener-port", "9199"), "",
                           "\"restartedAt\":\"now\"," NOTE("listener-port", "9199")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!op"},
    {.name = "a key that the template states itself is not overwritten",
     .request = SET_UPDATE(NOTE("listener-port", "9200"), NOTE("listener-port", "9199"),
                           NOTE("listener-port", "9200"),
                           "\"restartedAt\":\"now\"," NOTE("listener-port", "9199")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "!op"},
    {.name = "a PUT of the author's file with a new wish starts no rollout",
     .request =
         SET_UPDATE(NOTE("listener-port", "9199"),
                    NOTE("listener-port", "9199") "," NOTE("copied", "portside.dev/listener-port"),
                    NOTE("listener-port", "9200"), ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_patch = "portside.dev~1listener-port\",\"value\":\"9199\"",
     .in_warnings = "kubectl rollout restart"},
    {.name = "a PUT of the author's file without the wish starts no rollout",
     .request = SET_UPDATE(
         NOTE("listener-port", "9199"),
         NOTE("listener-port", "9199") "," NOTE("copied", "portside.dev/listener-port"), "", ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_patch = "portside.dev~1listener-port\",\"value\":\"9199\"",
     .in_warnings = "kubectl rollout restart"},
    {.name = "a PUT of the author's file puts the copies back without a word",
     .request =
         SET_UPDATE(NOTE("listener-port", "9199"),
                    NOTE("listener-port", "9199") "," NOTE("copied", "portside.dev/listener-port"),
                    NOTE("listener-port", "9199"), ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_patch = "portside.dev~1copied"},
    {.name = "the set answers for what its template says",
     .request = REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",
                       SET_OBJECT(NOTE("listener-port", "9200"), "3", NOTE("listener-port", "9199"),
                                  SPEC(APACHE(EASY_ENV))),
                       "null"),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "port 9199"},
    {.name = "an old mistake blocks no other update",
     .request = SET_UPDATE(NOTE("listener-port", "0"), "", NOTE("listener-port", "0"),
                           "\"restartedAt\":\"now\""),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "portside.dev/listener-port"},
    {.name = "a new mistake in the template is denied",
     .request = SET_UPDATE("", "", "", NOTE("listener-port", "abc")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_INVALID_ANNOTATION},
    {.name = "an old mistake in the template blocks no other update",
     .request = SET_UPDATE("", NOTE("listener-port", "abc"), "",
                           NOTE("listener-port", "abc") ",\"restartedAt\":\"now\""),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "portside.dev/listener-port"},
    {.name = "what acts at once waits for no rollout",
     .request = SET_UPDATE(
         "", "", NOTE("external-traffic-policy", "Cluster") "," NOTE("bootstrap", "false"), ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "!kubectl rollout restart"},
    {.name = "only what waits for the rollout is named",
     .request = SET_UPDATE("", "",
                           NOTE("bootstrap", "false") "," NOTE("type", "LoadBalancer") "," NOTE(
                               "allow-from", "10.0.0.0/8") "," NOTE("delivery", "env"),
                           ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "portside.dev/type, delivery apply after: kubectl rollout restart"},
    {.name = "a second exposure's annotations are named in full",
     .request = SET_UPDATE(VPN, VPN, VPN "," VPN_NOTE("type", "LoadBalancer"), VPN),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "vpn.portside.dev/type applies after: kubectl rollout restart"},
    {.name = "of many that wait some are named",
     .request = SET_UPDATE(
         "", "",
         NOTE("type", "NodePort") "," NOTE("delivery", "env") "," NOTE("family", "apache") "," NOTE(
             "listener-port", "9199") "," NOTE("node-port-base", "31000"),
         ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "portside.dev/type, delivery, family and 2 more apply after: kubectl"},
    {.name = "a base that moves by less than the brokers",
     .request = SET_UPDATE(BASE("31090"), MADE("31090"), BASE("31092"), MADE("31090")),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "portside.dev/node-port-base: until the rollout ends a broker may advertise "
                    "another's port: move it by 3 or more"},
    {.name = "a base that moves down, with its rollout",
     .request = SET_UPDATE(BASE("31090"), MADE("31091"), BASE("31090"),
                           MADE("31091") ",\"restartedAt\":\"now\""),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "may advertise another's port"},
    {.name = "a base that moves far enough",
     .request = SET_UPDATE(BASE("31090"), MADE("31090"), BASE("31093"), MADE("31090")),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "!another's port"},
    {.name = "brokers that run have no base",
     .request = SET_UPDATE(BASE("31090"), "", BASE("31091"), ""),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "!another's port"},
    {.name = "brokers that advertise another port than that of the Service",
     .request = SET_UPDATE(BASE("31090") "," ADVERTISED, MADE("31090") "," ADVERTISED,
                           BASE("31091") "," ADVERTISED, MADE("31090") "," ADVERTISED),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "!another's port"},
    {.name = "the base of a second exposure",
     .request = SET_UPDATE(VPN "," VPN_BASE("31090"), VPN_MADE("31090"), VPN "," VPN_BASE("31089"),
                           VPN_MADE("31090")),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "vpn.portside.dev/node-port-base: until the rollout ends"},
    {.name = "what brokers were made by cannot be read",
     .request = SET_UPDATE(BASE("31091"), MADE("x"), BASE("31091"), MADE("x")),
     .verdict = PS_VERDICT_UNCHANGED,
     .reason = PS_REASON_UPDATE_ONLY_METADATA,
     .in_warnings = "!another's port"},
    {.name = "no container of that name",
     .request = SET(NOTE("container", "server")),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_NO_CONTAINER},
    {.name = "annotated: no container of that name",
     .request = SET_UPDATE("", "", NOTE("container", "server"), ""),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_NO_CONTAINER},
    {.name = "no container of that name blocks no other update",
     .request = SET_UPDATE(NOTE("container", "server"), "", NOTE("container", "server"), ""),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "portside.dev/container: there is no container 'server': use kafka"},
    {.name = "what portside writes has no effect on a set",
     .request = SET(NOTE("status", "{}") ",\"external.portside.dev/host\":\"a\""),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "external.portside.dev/host has no effect on a StatefulSet"},
    {.name = "what portside writes has no effect in a template",
     .request = SET_UPDATE("", "", "", NOTE("status", "{}") "," NOTE("copied", "")),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "portside.dev/status has no effect on a StatefulSet"},
    {.name = "what portside writes into a template is no mistake",
     .request = SET_UPDATE(NOTE("type", "NodePort"),
                           NOTE("type", "NodePort") "," NOTE("copied", "portside.dev/type"),
                           NOTE("type", "NodePort"),
                           NOTE("type", "NodePort") "," NOTE(
                               "copied", "portside.dev/type") ","
                                                              "\"restartedAt\":\"now\""),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "!has no effect"},
    {.name = "listeners that Kafka cannot read are named, though the hook decides by then",
     .request = REVIEW(
         "apps", "StatefulSet", "statefulsets", "CREATE", "kafka",
         SET_OBJECT(
             "", "3", "",
             SPEC(APACHE("{\"name\":\"KAFKA_PROCESS_ROLES\",\"value\":\"broker,controller\"},"
                         "{\"name\":\"KAFKA_CONTROLLER_LISTENER_NAMES\",\"value\":\"C\"},"
                         "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT:9092,C://:9093\"}"))),
         "null"),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "KAFKA_LISTENERS has 'PLAINTEXT:9092', which Kafka cannot read"},
    {.name = "the set says what would happen to its pods",
     .request =
         REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",
                SET_OBJECT("", "3", "",
                           SPEC(APACHE(EASY_ENV ",{\"name\":\"PORTSIDE_X\",\"value\":\"1\"}"))),
                "null"),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_USER_PORTSIDE_ENV,
     .in_warnings = "PORTSIDE_X"},
};

START_TEST(decides)
{
    ps_check_row(&rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("admit_set");
    TCase *decisions = tcase_create("sets");
    tcase_add_loop_test(decisions, decides, 0, (int)PS_COUNT(rows));
    suite_add_tcase(suite, decisions);
    return suite;
}
