/* SPDX-License-Identifier: Apache-2.0 */
/* What the controller notices: brokers without injection, and injections that it does not know. */
#include "support/runner.h"
#include "test_controller_support.h"

#include <stdlib.h>

#define BARE_PATH "/api/v1/namespaces/ns/pods?"
#define OWNED "{\"kind\":\"StatefulSet\",\"name\":\"kafka\",\"controller\":true}"
/* A pod without our label: its name, further metadata, owners, status. */
#define BARE(name, more, owners, status)                                                           \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"ns\",\"uid\":\"b-" name                  \
    "\",\"resourceVersion\":\"4\"" more ",\"ownerReferences\":[" owners "]},\"spec\":{},"          \
    "\"status\":{" status "}}"
#define BARE_PODS(items)                                                                           \
    {                                                                                              \
        "GET", BARE_PATH, 200, LIST(items), 1                                                      \
    }
#define MISSING "portside_controller_brokers{injection=\"missing\"}"
#define UNKNOWN "portside_controller_brokers{injection=\"unknown-contract\"}"

#define STATEFULSETS_OF_SPACE(name) "/apis/apps/v1/namespaces/" name "/statefulsets?"

/* The webhook is not asked about them; the Lease is in "portside". */
START_TEST(the_systems_namespace_and_its_own_are_never_followed)
{
    static const struct ps_fake_answer answers[] = {
        {"GET", "/api/v1/namespaces?", 200,
         LIST("{\"metadata\":{\"name\":\"kube-system\",\"resourceVersion\":\"1\"}},"
              "{\"metadata\":{\"name\":\"portside\",\"resourceVersion\":\"2\"}},"
              "{\"metadata\":{\"name\":\"ns\",\"resourceVersion\":\"3\"}}"),
         1},
        STATEFULSETS};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ck_assert(ps_fake_watched(fake, STATEFULSETS_OF_SPACE("ns")));
    ps_fake_tell(fake, "/api/v1/namespaces?",
                 "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"portside\","
                 "\"resourceVersion\":\"7\"}}}");
    ps_fake_tell(fake, "/api/v1/namespaces?",
                 "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"kube-system\","
                 "\"resourceVersion\":\"8\"}}}");
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "GET", STATEFULSETS_OF_SPACE("kube-system"), ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "GET", STATEFULSETS_OF_SPACE("portside"), ""), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(tells_of_a_broker_without_injection)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS,
                                                    BARE_PODS(BARE("kafka-1", "", OWNED, ""))};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "NotInjected");
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "\"kind\":\"Pod\""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "\"uid\":\"b-kafka-1\""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "delete the pod"), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "kubectl rollout restart"), 1);
    ps_fake_wait_metric(fake, MISSING, 1);
    ps_fake_run(fake, 20);
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), 1);
    /* A change of nothing that counts is no reason to plan; its end is. */
    long planned = ps_fake_metric(fake, "portside_controller_reconciles_total");
    ps_fake_tell(fake, BARE_PATH,
                 "{\"type\":\"MODIFIED\",\"object\":{\"metadata\":{\"name\":\"kafka-1\","
                 "\"namespace\":\"ns\",\"uid\":\"b-kafka-1\",\"resourceVersion\":\"7\","
                 "\"ownerReferences\":[" OWNED "]},\"status\":{\"phase\":\"Running\"}}}");
    ps_fake_run(fake, 50);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_reconciles_total"), planned);
    ps_fake_tell(fake, BARE_PATH,
                 "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"kafka-1\","
                 "\"namespace\":\"ns\",\"uid\":\"b-kafka-1\",\"resourceVersion\":\"8\"}}}");
    ps_fake_run(fake, 50);
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), 0);
    ps_fake_end(fake);
}
END_TEST

/* None of these is a broker that should have been injected. */
static const char *const others[] = {
    LIST(BARE("kafka-1", "", "", "")),
    LIST(BARE("kafka-1", "", "{\"kind\":\"Job\",\"name\":\"kafka\",\"controller\":true}", "")),
    LIST(BARE("kafka-1", "", "{\"kind\":\"StatefulSet\",\"name\":\"kafka\"}", "")),
    LIST(BARE("kafka-1", "", "{\"kind\":\"StatefulSet\",\"name\":\"other\",\"controller\":true}",
              "")),
    LIST(BARE("kafka-x", "", OWNED, "")),
    LIST(BARE("kafka-1", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"", OWNED, "")),
    LIST(BARE("kafka-1", ",\"annotations\":{\"portside.dev/inject\":\"false\"}", OWNED, "")),
    LIST(BARE("kafka-1", "", OWNED, "\"phase\":\"Succeeded\"")),
    LIST(BARE("kafka-1", "", OWNED, "\"phase\":\"Failed\"")),
    LIST(BARE("kafka-1", ",\"ownerReferences\":7", "7", "")),
};

START_TEST(says_nothing_of_other_pods)
{
    const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS, {"GET", BARE_PATH, 200, others[_i], 1}};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", SERVICE_PATH "external-kafka-1", "");
    ps_fake_run(fake, 50);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(says_nothing_where_the_template_is_opted_out)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS_OF("\"portside.dev/inject\":\"false\""),
        BARE_PODS(BARE("kafka-1", "", OWNED, ""))};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait_metric(fake, "portside_controller_reconciles_total", 1);
    ps_fake_run(fake, 200);
    ck_assert_int_gt(ps_fake_metric(fake, "portside_controller_reconciles_total"), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 0);
    ps_fake_end(fake);
}
END_TEST

/* The author's own PORTSIDE_ variables: admission would leave a pod made anew as it is, too. */
START_TEST(promises_no_cure_that_is_none)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS_WITH("", "", "{\"name\":\"PORTSIDE_EXTERNAL_HOST\",\"value\":\"mine\"},"),
        BARE_PODS(BARE("kafka-1", "", OWNED, ""))};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait_metric(fake, "portside_controller_reconciles_total", 1);
    ps_fake_run(fake, 100);
    ck_assert_int_gt(ps_fake_metric(fake, "portside_controller_reconciles_total"), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "NotInjected"), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(watches_bare_pods_only_while_the_namespace_is_labelled)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS, SERVICES, PODS, NODE, BARE_PODS(BARE("kafka-1", "", OWNED, ""))};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "NotInjected");
    ps_fake_wait(fake, "GET", BARE_PATH "limit=100&labelSelector=%21portside.dev%2Fstatefulset",
                 "");
    ps_fake_tell(fake, "/api/v1/namespaces?",
                 "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"ns\","
                 "\"resourceVersion\":\"12\"}}}");
    ps_fake_run(fake, 50);
    ck_assert(!ps_fake_watched(fake, BARE_PATH));
    ck_assert(ps_fake_watched(fake, "/apis/apps/v1/namespaces/ns/statefulsets?"));
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), 0);
    ps_fake_end(fake);
}
END_TEST

START_TEST(tells_of_one_that_has_the_label_but_no_injection)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, PODS_OF("", "")};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "NotInjected");
    ps_fake_wait_metric(fake, MISSING, 1);
    ps_fake_run(fake, 20);
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), 1);
    ps_fake_end(fake);
}
END_TEST

static const char *const contracts[] = {
    LIST(POD("4", "\"portside.dev/status\":\"{\\\"contract\\\":9,\\\"listeners\\\":{}}\"", "")),
    LIST(POD("4", "\"portside.dev/status\":\"nonsense\"", "")),
};

START_TEST(leaves_a_pod_of_an_unknown_contract_alone)
{
    const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS, SERVICES, NODE, {"GET", "/api/v1/pods?", 200, contracts[_i], 1}};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "POST", EVENT_PATH, "UnknownContract");
    ps_fake_wait_metric(fake, UNKNOWN, 1);
    ps_fake_run(fake, 100);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", POD_PATH, ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    ck_assert_int_eq(ps_fake_metric(fake, UNKNOWN), 1);
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), 0);
    ps_fake_end(fake);
}
END_TEST

#define EXISTS                                                                                     \
    {                                                                                              \
        "POST", EVENT_PATH, 409,                                                                   \
            "{\"kind\":\"Status\",\"code\":409,\"reason\":\"AlreadyExists\"}", 0                   \
    }

START_TEST(counts_an_event_that_is_there)
{
    static const struct ps_fake_answer answers[] = {
        NAMESPACES,
        STATEFULSETS,
        BARE_PODS(BARE("kafka-1", "", OWNED, "")),
        EXISTS,
        {"GET", EVENT_PATH "/kafka-1.", 200,
         "{\"metadata\":{\"name\":\"kafka-1.x\",\"resourceVersion\":\"3\"},\"count\":4}", 0},
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", EVENT_PATH "/kafka-1.", "\"count\":5");
    ps_fake_skip(fake, 590000);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 1);
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", EVENT_PATH, ""), 1);
    ps_fake_skip(fake, 320000); /* every ten minutes, when it is planned again */
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", EVENT_PATH, ""), 2);
    ps_fake_end(fake);
}
END_TEST

/* What may stand between: the Event has gone, cannot be read, or not be patched. */
static const struct ps_fake_answer hurdles[][2] = {
    {{"GET", EVENT_PATH "/", 404, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}", 0},
     {"PATCH", EVENT_PATH, 200, "{}", 0}},
    {{"GET", EVENT_PATH "/", 403, FORBIDDEN_STATUS, 0}, {"PATCH", EVENT_PATH, 200, "{}", 0}},
    {{"GET", EVENT_PATH "/", 200, "{\"count\":\"x\"}", 0},
     {"PATCH", EVENT_PATH, 403, FORBIDDEN_STATUS, 0}},
    {{"GET", EVENT_PATH "/", 200, "{\"count\":1}", 0},
     {"PATCH", EVENT_PATH, 404, "{\"kind\":\"Status\",\"code\":404,\"reason\":\"NotFound\"}", 0}},
};

START_TEST(goes_on_when_an_event_cannot_be_counted)
{
    const struct ps_fake_answer answers[] = {
        NAMESPACES, STATEFULSETS,   PODS,
        SERVICES,   NODE,           BARE_PODS(BARE("kafka-1", "", OWNED, "")),
        EXISTS,     hurdles[_i][0], hurdles[_i][1]};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "GET", EVENT_PATH "/kafka-1.", "");
    ps_fake_wait(fake, "PATCH", POD_PATH, "203.0.113.1");
    ps_fake_run(fake, 100);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), 1);
    ps_fake_end(fake);
}
END_TEST

/* What others write on a pod is neither kept nor a reason to plan; what portside reads is. */
START_TEST(plans_nothing_when_others_write_on_a_pod)
{
    static const struct ps_fake_answer answers[] = {NAMESPACES, STATEFULSETS, PODS, SERVICES, NODE};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait(fake, "PATCH", MAP_PATH, "203.0.113.1");
    ps_fake_run(fake, 100);
    long planned = ps_fake_metric(fake, "portside_controller_reconciles_total");
    ps_fake_tell(fake, "/api/v1/pods?",
                 "{\"type\":\"MODIFIED\",\"object\":" POD(
                     "100",
                     INJECTED ",\"external.portside.dev/host\":\"203.0.113.1\","
                              "\"external.portside.dev/port\":\"31000\"",
                     "") "}");
    ps_fake_run(fake, 50);
    long after = ps_fake_metric(fake, "portside_controller_reconciles_total");
    ck_assert_int_gt(after, planned);
    ps_fake_tell(fake, "/api/v1/pods?",
                 "{\"type\":\"MODIFIED\",\"object\":" POD(
                     "101",
                     INJECTED ",\"external.portside.dev/host\":\"203.0.113.1\","
                              "\"external.portside.dev/port\":\"31000\",\"example.com/x\":\"y\"",
                     "") "}");
    ps_fake_wait_metric(fake, "portside_controller_reconciles_total", after);
    ps_fake_run(fake, 50);
    ck_assert_int_eq(ps_fake_metric(fake, "portside_controller_reconciles_total"), after);
    ps_fake_end(fake);
}
END_TEST

#define CROWD_SETS 6U
#define CROWD_PODS 101U
#define CROWD_BYTES ((size_t)256 * 1024)

/* A list of what write() writes for each i below count (owned). */
static char *write_list(size_t count, int (*write)(char *out, size_t size, size_t i))
{
    char *text = calloc(1, CROWD_BYTES);
    size_t at = (size_t)snprintf(text, CROWD_BYTES, "%s",
                                 "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[");
    for (size_t i = 0; i < count; i++) {
        at += (size_t)snprintf(text + at, CROWD_BYTES - at, "%s", i > 0 ? "," : "");
        at += (size_t)write(text + at, CROWD_BYTES - at, i);
    }
    ck_assert_uint_lt(at + 3, CROWD_BYTES);
    (void)snprintf(text + at, CROWD_BYTES - at, "]}");
    return text;
}

static int write_set(char *out, size_t size, size_t i)
{
    return snprintf(
        out, size,
        "{\"metadata\":{\"name\":\"k%zu\",\"namespace\":\"ns\",\"uid\":\"u%zu\","
        "\"resourceVersion\":\"2\"},\"spec\":{\"replicas\":0,\"template\":{\"metadata\":"
        "{},\"spec\":{\"containers\":[{\"name\":\"kafka\","
        "\"image\":\"apache/kafka:4.1.0\",\"env\":[" BROKER_ENV "]}]}}}}",
        i, i);
}

static int write_bare(char *out, size_t size, size_t i)
{
    return snprintf(out, size,
                    "{\"metadata\":{\"name\":\"k%zu-%zu\",\"namespace\":\"ns\",\"uid\":\"b%zu\","
                    "\"resourceVersion\":\"4\",\"ownerReferences\":[{\"kind\":\"StatefulSet\","
                    "\"name\":\"k%zu\",\"controller\":true}]}}",
                    i / CROWD_PODS, i % CROWD_PODS, i, i / CROWD_PODS);
}

/* Each is told once in ten minutes, and of one StatefulSet no more than a hundred. */
START_TEST(keeps_count_of_many)
{
    char *sets = write_list(CROWD_SETS, write_set);
    char *bare = write_list(CROWD_SETS * CROWD_PODS, write_bare);
    const struct ps_fake_answer answers[] = {
        NAMESPACES, {"GET", STATEFULSETS_PATH, 200, sets, 1}, {"GET", BARE_PATH, 200, bare, 1}};
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_wait_metric(fake, MISSING, CROWD_SETS * CROWD_PODS);
    ps_fake_run(fake, 1000);
    ck_assert_int_eq(ps_fake_metric(fake, MISSING), CROWD_SETS * CROWD_PODS);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, "NotInjected"),
                      CROWD_SETS * (CROWD_PODS - 1));
    ps_fake_skip(fake, 320000); /* all is planned anew */
    ps_fake_run(fake, 200);
    ck_assert_uint_eq(ps_fake_count(fake, "POST", EVENT_PATH, ""), CROWD_SETS * (CROWD_PODS - 1));
    ps_fake_end(fake);
    free(sets);
    free(bare);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_watch");
    TCase *tc = tcase_create("loop");
    tcase_add_test(tc, the_systems_namespace_and_its_own_are_never_followed);
    tcase_add_test(tc, tells_of_a_broker_without_injection);
    tcase_add_test(tc, plans_nothing_when_others_write_on_a_pod);
    tcase_add_test(tc, keeps_count_of_many);
    tcase_add_loop_test(tc, says_nothing_of_other_pods, 0, (int)PS_COUNT(others));
    tcase_add_test(tc, says_nothing_where_the_template_is_opted_out);
    tcase_add_test(tc, promises_no_cure_that_is_none);
    tcase_add_test(tc, watches_bare_pods_only_while_the_namespace_is_labelled);
    tcase_add_test(tc, tells_of_one_that_has_the_label_but_no_injection);
    tcase_add_loop_test(tc, leaves_a_pod_of_an_unknown_contract_alone, 0, (int)PS_COUNT(contracts));
    tcase_add_test(tc, counts_an_event_that_is_there);
    tcase_add_loop_test(tc, goes_on_when_an_event_cannot_be_counted, 0, (int)PS_COUNT(hurdles));
    suite_add_tcase(suite, tc);
    return suite;
}
