/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The whole decision on small objects: one row, one rule of architecture. Goldens show whole
 * patches on real requests; here each rule stands alone.
 */
#include "portside/admit.h"

#include <stdlib.h>
#include <string.h>

#include "portside/patch.h"
#include "support/runner.h"

#define ARENA_BYTES ((size_t)16 * 1024 * 1024)

/* Kafka's three variables in the easy form, and pieces of objects around them. */
#define EASY_ENV                                                                                   \
    "{\"name\":\"KAFKA_NODE_ID\",\"value\":\"1\"},"                                                \
    "{\"name\":\"KAFKA_PROCESS_ROLES\",\"value\":\"broker,controller\"},"                          \
    "{\"name\":\"KAFKA_CONTROLLER_LISTENER_NAMES\",\"value\":\"CONTROLLER\"},"                     \
    "{\"name\":\"KAFKA_LISTENERS\",\"value\":\"PLAINTEXT://:9092,CONTROLLER://:9093\"},"           \
    "{\"name\":\"KAFKA_ADVERTISED_LISTENERS\",\"value\":\"PLAINTEXT://kafka:9092\"},"              \
    "{\"name\":\"KAFKA_LISTENER_SECURITY_PROTOCOL_MAP\","                                          \
    "\"value\":\"PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT\"}"
#define APACHE(env) "{\"name\":\"kafka\",\"image\":\"apache/kafka:4.1.0\",\"env\":[" env "]}"
#define SPEC(containers) "{\"containers\":[" containers "]}"
#define OWNER                                                                                      \
    "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"kafka\"}]"

#define REVIEW(group, kind, resource, operation, name, object, old)                                \
    "{\"apiVersion\":\"admission.k8s.io/v1\",\"kind\":\"AdmissionReview\",\"request\":{"           \
    "\"uid\":\"u\",\"kind\":{\"group\":\"" group "\",\"version\":\"v1\",\"kind\":\"" kind          \
    "\"},\"resource\":{\"group\":\"" group "\",\"version\":\"v1\",\"resource\":\"" resource        \
    "\"},\"operation\":\"" operation "\",\"name\":\"" name "\",\"namespace\":\"streams\","         \
    "\"object\":" object ",\"oldObject\":" old "}}"
#define POD_OF(name, metadata, spec)                                                               \
    REVIEW("", "Pod", "pods", "CREATE", name, "{\"metadata\":{" metadata "},\"spec\":" spec "}",   \
           "null")
#define POD(metadata, spec) POD_OF("kafka-0", metadata, spec)
#define SET_OBJECT(annotations, replicas, template_annotations, spec)                              \
    "{\"metadata\":{\"name\":\"kafka\",\"annotations\":{" annotations                              \
    "}},\"spec\":{\"replicas\":" replicas                                                          \
    ",\"template\":{\"metadata\":{\"annotations\":{" template_annotations "}},\"spec\":" spec      \
    "}}}"
#define SET(annotations)                                                                           \
    REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",                               \
           SET_OBJECT(annotations, "3", "", SPEC(APACHE(EASY_ENV))), "null")
#define SET_UPDATE(old_annotations, old_template, annotations, template_annotations)               \
    REVIEW("apps", "StatefulSet", "statefulsets", "UPDATE", "kafka",                               \
           SET_OBJECT(annotations, "3", template_annotations, SPEC(APACHE(EASY_ENV))),             \
           SET_OBJECT(old_annotations, "3", old_template, SPEC(APACHE(EASY_ENV))))
#define NOTE(key, value) "\"portside.dev/" key "\":\"" value "\""

/* A row: the request, the decision, and texts that must (or with '!' in front must not) occur. */
struct row {
    const char *name;
    const char *request;
    enum ps_verdict verdict;
    enum ps_reason reason;
    const char *in_patch;
    const char *in_warnings;
    enum ps_choice plaintext;
};

static const struct row rows[] = {
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
    {.name = "the set says what would happen to its pods",
     .request =
         REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", "kafka",
                SET_OBJECT("", "3", "",
                           SPEC(APACHE(EASY_ENV ",{\"name\":\"PORTSIDE_X\",\"value\":\"1\"}"))),
                "null"),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_USER_PORTSIDE_ENV,
     .in_warnings = "PORTSIDE_X"},
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
    {.name = "set without annotations",
     .request = SET(""),
     .verdict = PS_VERDICT_INJECT,
     .in_warnings = "PORTSIDE on port 9194"},
    {.name = "set with annotations: copied",
     .request = SET(NOTE("listener-port", "9199")),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "portside.dev~1copied\",\"value\":\"portside.dev/listener-port\""},
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
    {.name = "a name that scripts misread goes by the hook",
     .request = POD(OWNER ",\"annotations\":{" NOTE("listener-name", "EXT_SSL") "}",
                    SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_INJECT,
     .in_patch = "external=EXT_SSL:9194:mirror"},
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
    {.name = "scale is not a StatefulSet",
     .request = REVIEW("apps", "Scale", "statefulsets/scale", "UPDATE", "kafka",
                       "{\"spec\":{\"replicas\":5}}", "null"),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_KIND},
    {.name = "delete",
     .request = REVIEW("", "Pod", "pods", "DELETE", "kafka-0", "null", "{}"),
     .verdict = PS_VERDICT_SKIP,
     .reason = PS_REASON_OPERATION},
};

static struct ps_admission admit(const struct row *row, struct ps_arena *arena,
                                 struct ps_str request)
{
    struct ps_config config;
    struct ps_admission admission;
    ps_config_init(&config);
    config.policy.plaintext = row->plaintext;
    ps_admit(&config.policy, arena, request, &admission);
    return admission;
}

/* wanted may be NULL; '!' in front means that the rest must not occur. */
static void check_text(const char *row, const char *where, struct ps_str text, const char *wanted)
{
    if (wanted == NULL) {
        return;
    }
    bool negated = wanted[0] == '!';
    bool found = ps_str_contains(text, wanted + (negated ? 1 : 0));
    ck_assert_msg(found != negated, "%s: %s: '%.*s' against '%s'", row, where, PS_FMT(text),
                  wanted);
}

static void check_warnings(const struct row *row, const struct ps_admission *admission)
{
    bool found = row->in_warnings == NULL;
    for (size_t i = 0; i < admission->warning_count; i++) {
        found = found || ps_str_contains(admission->warnings[i], row->in_warnings);
    }
    ck_assert_msg(found, "%s: no warning holds '%s'", row->name, row->in_warnings);
}

START_TEST(decides)
{
    const struct row *row = &rows[_i];
    struct ps_arena *arena = ps_arena_new(ARENA_BYTES);
    struct ps_admission admission = admit(row, arena, ps_str_of(row->request));
    ck_assert_msg(admission.http_status == 200, "%s: %d %.*s", row->name, admission.http_status,
                  PS_FMT(admission.body));
    ck_assert_msg(admission.verdict == row->verdict && admission.reason == row->reason, "%s: %s/%s",
                  row->name, ps_verdict_name(admission.verdict), ps_reason_name(admission.reason));
    check_text(row->name, "patch", admission.patch, row->in_patch);
    check_warnings(row, &admission);
    ps_arena_free(arena);
}
END_TEST

START_TEST(same_input_gives_the_same_bytes)
{
    const struct row *row = &rows[_i];
    struct ps_arena *first = ps_arena_new(ARENA_BYTES);
    struct ps_arena *second = ps_arena_new(ARENA_BYTES);
    struct ps_admission a = admit(row, first, ps_str_of(row->request));
    struct ps_admission b = admit(row, second, ps_str_of(row->request));
    ck_assert_msg(ps_str_equal(a.body, b.body), "%s", row->name);
    ps_arena_free(first);
    ps_arena_free(second);
}
END_TEST

/* Every limit from nothing to enough: an answer each time, never a crash, never half a patch. */
START_TEST(any_memory_limit_gives_an_answer)
{
    for (size_t limit = 1024; limit < (size_t)512 * 1024; limit += 997) {
        struct ps_arena *arena = ps_arena_new(limit);
        struct ps_admission admission = admit(&rows[0], arena, ps_str_of(rows[0].request));
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
    struct ps_admission admission = admit(&rows[0], arena, ps_str_of(bad_requests[_i].request));
    ck_assert_int_eq(admission.http_status, 400);
    ck_assert(ps_str_starts(admission.content_type, "text/plain"));
    check_text(bad_requests[_i].request, "body", admission.body, bad_requests[_i].in_body);
    ps_arena_free(arena);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("admit");
    TCase *decisions = tcase_create("decisions");
    TCase *limits = tcase_create("limits");
    tcase_add_loop_test(decisions, decides, 0, (int)PS_COUNT(rows));
    tcase_add_loop_test(decisions, same_input_gives_the_same_bytes, 0, (int)PS_COUNT(rows));
    tcase_add_loop_test(limits, refuses_what_it_cannot_read, 0, (int)PS_COUNT(bad_requests));
    tcase_add_test(limits, any_memory_limit_gives_an_answer);
    tcase_set_timeout(limits, 30);
    suite_add_tcase(suite, decisions);
    suite_add_tcase(suite, limits);
    return suite;
}
