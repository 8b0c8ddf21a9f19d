/* SPDX-License-Identifier: Apache-2.0 */
/* `portside cleanup` against an API server by script: what is asked, deleted, kept and said. */
#include "cmd_cleanup.h"
#include "expect_says.h"
#include "portside/heap.h"
#include "support/runner.h"
#include "test_kube_support.h"

#include <string.h>

#define LIST(items) "{\"metadata\":{\"resourceVersion\":\"9\"},\"items\":[" items "]}"
#define OBJECT(name, role, more)                                                                   \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"ns\",\"uid\":\"u-" name                  \
    "\",\"resourceVersion\":\"7\"," more "\"labels\":{"                                            \
    "\"app.kubernetes.io/managed-by\":\"portside\",\"portside.dev/statefulset\":\"kafka\","        \
    "\"portside.dev/role\":\"" role "\"}}}"
#define SERVICE OBJECT("external-kafka-0", "broker", "")
#define RECORD OBJECT("kafka.ports.portside.dev", "ports", "")
#define POLICY OBJECT("portside-kafka", "allow-from", "")
#define POD(name, more)                                                                            \
    "{\"metadata\":{\"name\":\"" name "\",\"namespace\":\"ns\",\"labels\":{"                       \
    "\"portside.dev/statefulset\":\"kafka\"},\"annotations\":{\"portside.dev/status\":\"{}\"}},"   \
    "\"status\":{\"phase\":\"" more "\"}}"
#define NAMESPACE(label)                                                                           \
    "{\"metadata\":{\"name\":\"ns\",\"labels\":{\"portside.dev/inject\":\"" label "\"}}}"
#define LEASE(version, holder)                                                                     \
    "{\"metadata\":{\"name\":\"portside\",\"namespace\":\"system\",\"uid\":\"l\","                 \
    "\"resourceVersion\":\"" version "\"},\"spec\":{\"holderIdentity\":\"" holder "\","            \
    "\"leaseDurationSeconds\":10}}"
#define STATUS(code, reason, message)                                                              \
    "{\"kind\":\"Status\",\"code\":" #code ",\"reason\":\"" reason "\",\"message\":\"" message "\"}"

#define FOUND(path, items)                                                                         \
    {                                                                                              \
        .expect = "GET " path "?limit=500*", .status = 200, .body = LIST(items)                    \
    }
#define SERVICES(items) FOUND("/api/v1/services", items)
#define MAPS(items) FOUND("/api/v1/configmaps", items)
#define POLICIES(items) FOUND("/apis/networking.k8s.io/v1/networkpolicies", items)
#define PODS(items) FOUND("/api/v1/pods", items)
#define NAMESPACES(items) FOUND("/api/v1/namespaces", items)
#define LEASES(items)                                                                              \
    {                                                                                              \
        .expect = "GET /apis/coordination.k8s.io/v1/leases?limit=100&fieldSelector=metadata.name"  \
                  "%3Dportside",                                                                   \
        .status = 200, .body = LIST(items)                                                         \
    }
#define DELETE_AS(path, code, text)                                                                \
    {                                                                                              \
        .expect = "DELETE " path, .status = (code), .body = (text)                                 \
    }
#define DELETED(path) DELETE_AS(path, 200, STATUS(200, "", ""))
#define SERVICE_PATH "/api/v1/namespaces/ns/services/external-kafka-0"
#define RECORD_PATH "/api/v1/namespaces/ns/configmaps/kafka.ports.portside.dev"
#define POLICY_PATH "/apis/networking.k8s.io/v1/namespaces/ns/networkpolicies/portside-kafka"

static const struct row {
    const char *name;
    struct ps_script_step steps[32];
    bool json;
    bool dry_run;
    bool force;
    int exit_code;
    const char *says[5];
    const char * not ; /* must not be said */
} rows[] = {
    {.name = "nothing is left",
     .steps = {SERVICES(""), MAPS(""), POLICIES(""), PODS(""), NAMESPACES("")},
     .says = {"nothing of portside is left"}},
    {.name = "all goes, each with its preconditions, policies last",
     .steps = {SERVICES(SERVICE),
               MAPS(RECORD),
               POLICIES(POLICY),
               PODS(""),
               NAMESPACES(""),
               {.expect = "DELETE " SERVICE_PATH,
                .has = "\"preconditions\":{\"uid\":\"u-external-kafka-0\","
                       "\"resourceVersion\":\"7\"}",
                .status = 200,
                .body = "{}"},
               DELETED(RECORD_PATH),
               DELETED(POLICY_PATH)},
     .says = {"delete  ns         kafka        Service        external-kafka-0\n",
              "ConfigMap      kafka.ports.portside.dev\n", "NetworkPolicy  portside-kafka\n",
              "3 deleted, 0 kept, 0 failed\n"}},
    {.name = "objects of others are not touched, whatever the server lists",
     .steps = {SERVICES("{\"metadata\":{\"name\":\"a\",\"namespace\":\"ns\",\"uid\":\"u\"}},"
                        "null,3,{\"metadata\":{\"labels\":3}}," OBJECT("b", "someones", "")),
               MAPS(OBJECT("c", "broker", "")), POLICIES(""), PODS(""), NAMESPACES("")},
     .says = {"nothing of portside is left"}},
    {.name = "what is being deleted is left to its finalizers",
     .steps = {SERVICES(OBJECT("x", "broker", "\"deletionTimestamp\":\"2026-01-01T00:00:00Z\",")),
               MAPS(""), POLICIES(""), PODS(""), NAMESPACES("")},
     .says = {"nothing of portside is left"}},
    {.name = "running brokers keep what they advertise",
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""),
               PODS(POD("kafka-0", "Running") "," POD("kafka-1", "Pending")), NAMESPACES("")},
     .exit_code = PS_EXIT_FAILED,
     .says = {"keep    ns", "2 injected brokers run (kafka-0, …)",
              "kubectl rollout restart statefulset/kafka -n ns", "--force",
              "0 deleted, 1 kept, 0 failed"}},
    {.name = "brokers that have ended keep nothing",
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""),
               PODS(POD("kafka-0", "Failed") "," POD("kafka-1", "Succeeded")), NAMESPACES(""),
               DELETED(SERVICE_PATH)},
     .says = {"1 deleted"}},
    {.name = "pods without injection keep nothing",
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""),
               PODS("{\"metadata\":{\"name\":\"kafka-0\",\"namespace\":\"ns\",\"labels\":{"
                    "\"portside.dev/statefulset\":\"kafka\"}}}"),
               NAMESPACES(""), DELETED(SERVICE_PATH)},
     .says = {"1 deleted"}},
    {.name = "force does not look who runs",
     .force = true,
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""), PODS(POD("kafka-0", "Running")),
               NAMESPACES(NAMESPACE("enabled")), DELETED(SERVICE_PATH)},
     .says = {"1 deleted"}},
    {.name = "a controller that renews its Lease",
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""), PODS(""),
               NAMESPACES(NAMESPACE("enabled")), LEASES(LEASE("1", "me-1")),
               LEASES(LEASE("1", "me-1")), LEASES(LEASE("2", "me-1"))},
     .exit_code = PS_EXIT_FAILED,
     .says = {"A controller runs (me-1 renews the Lease in namespace system)",
              "kubectl scale deployment/portside --replicas=0 -n system", "1 kept"}},
    {.name = "a Lease that was given back",
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""), PODS(""),
               NAMESPACES(NAMESPACE("enabled")), LEASES(LEASE("1", "")), DELETED(SERVICE_PATH)},
     .says = {"1 deleted"}},
    {.name = "without the label nothing is made again, whoever runs",
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""), PODS(""), NAMESPACES(NAMESPACE("off")),
               DELETED(SERVICE_PATH)},
     .says = {"1 deleted"}},
    {.name = "who may not read the Lease cannot tell",
     .steps = {SERVICES(SERVICE),
               MAPS(""),
               POLICIES(""),
               PODS(""),
               {.expect = "GET /api/v1/namespaces?*",
                .status = 403,
                .body = STATUS(403, "Forbidden", "User x cannot list resource namespaces")},
               {.expect = "GET /apis/coordination*",
                .status = 403,
                .body = STATUS(403, "Forbidden", "User x cannot list resource leases")}},
     .exit_code = PS_EXIT_FAILED,
     .says = {"It cannot be told whether a controller runs", "grant the verb 'list' on 'leases'",
              "1 kept"}},
    {.name = "a list that is forbidden ends it before anything is deleted",
     .steps = {SERVICES(SERVICE),
               MAPS(""),
               {.expect = "GET /apis/networking*",
                .status = 403,
                .body = STATUS(403, "Forbidden", "User x cannot list resource networkpolicies")},
               PODS("")},
     .exit_code = PS_EXIT_FAILED,
     .says = {"grant the verb 'list' on 'networkpolicies'"}},
    {.name = "an answer that is no list is not taken for an empty one",
     .steps = {SERVICES(SERVICE),
               MAPS(""),
               POLICIES(""),
               {.expect = "GET /api/v1/pods?*", .status = 200, .body = "{\"items\":[]}"}},
     .exit_code = PS_EXIT_FAILED,
     .says = {"list pods: the answer is no list"}},
    {.name = "one that fails does not stop the others, but keeps its guard",
     .steps = {SERVICES(SERVICE "," OBJECT("external-kafka-1", "broker", "")), MAPS(RECORD),
               POLICIES(POLICY), PODS(""), NAMESPACES(""),
               DELETE_AS(SERVICE_PATH, 403,
                         STATUS(403, "Forbidden", "User x cannot delete resource services")),
               DELETED("/api/v1/namespaces/ns/services/external-kafka-1"), DELETED(RECORD_PATH)},
     .exit_code = PS_EXIT_FAILED,
     .says = {"not deleted: Service ns/external-kafka-0: ", "grant the verb 'delete' on 'services'",
              "not deleted: NetworkPolicy ns/portside-kafka: it guards a Service",
              "2 deleted, 0 kept, 2 failed"}},
    {.name = "one that changed meanwhile stays, one that is gone is gone",
     .steps = {SERVICES(SERVICE), MAPS(RECORD), POLICIES(""), PODS(""), NAMESPACES(""),
               DELETE_AS(SERVICE_PATH, 409, STATUS(409, "Conflict", "precondition")),
               DELETE_AS(RECORD_PATH, 404, STATUS(404, "NotFound", "gone"))},
     .exit_code = PS_EXIT_FAILED,
     .says = {"it changed after it was shown: run this again", "1 deleted, 0 kept, 1 failed"}},
    {.name = "a dry run deletes nothing and says so",
     .dry_run = true,
     .steps = {SERVICES(SERVICE),
               MAPS(""),
               POLICIES(""),
               PODS(""),
               NAMESPACES(""),
               {.expect = "DELETE " SERVICE_PATH,
                .has = "\"dryRun\":[\"All\"]",
                .status = 200,
                .body = "{}"}},
     .says = {"1 would be deleted, 0 kept, 0 failed"}},
    {.name = "JSON",
     .json = true,
     .steps = {SERVICES(SERVICE), MAPS(RECORD), POLICIES(""), PODS(""), NAMESPACES(""),
               DELETED(SERVICE_PATH),
               DELETE_AS(RECORD_PATH, 422, STATUS(422, "Invalid", "\\\"no"))},
     .exit_code = PS_EXIT_FAILED,
     .says = {"{\"dryRun\":false,\"objects\":[{\"kind\":\"Service\",\"namespace\":\"ns\","
              "\"name\":\"external-kafka-0\",\"role\":\"broker\",\"statefulset\":\"kafka\","
              "\"result\":\"deleted\"}",
              "\"result\":\"failed\",\"reason\":\"delete configmaps", "\\\"no",
              "\"deleted\":1,\"kept\":0,\"failed\":1}\n"},
     .not = "STATEFULSET"},
    {.name = "JSON says why something is kept",
     .json = true,
     .steps = {SERVICES(SERVICE), MAPS(""), POLICIES(""), PODS(POD("kafka-0", "Running")),
               NAMESPACES("")},
     .exit_code = PS_EXIT_FAILED,
     .says = {"\"result\":\"kept\",\"reason\":\"BrokersRunning\""}},
    {.name = "control characters are shown, not obeyed",
     .steps = {SERVICES(OBJECT("x\\u001b[2J", "broker", "")), MAPS(""), POLICIES(""),
               PODS(POD("kafka-0\\u001b", "Running")), NAMESPACES("")},
     .exit_code = PS_EXIT_FAILED,
     .says = {"x\\u001b[2J"},
     .not = "\033"},
};

/* What was printed to both streams, and the exit code. */
struct run {
    char *text;
    size_t size;
    FILE *file;
    struct ps_cli cli;
    struct ps_cleanup cleanup;
    int exit_code;
};

static void run(struct run *run, struct ps_script *script)
{
    run->file = open_memstream(&run->text, &run->size);
    const struct ps_term term = {.file = run->file, .columns = 80};
    run->cli = (struct ps_cli){.out = term, .err = term};
    run->cleanup.cli = &run->cli;
    run->cleanup.arena = ps_arena_new((size_t)1024 * 1024);
    run->cleanup.kube = ps_script_kube(script);
    run->exit_code = ps_cleanup_run(&run->cleanup);
    (void)fclose(run->file);
}

static void forget(struct run *run)
{
    ps_arena_free(run->cleanup.arena);
    ps_heap_free(run->text);
}

START_TEST(says_and_does)
{
    const struct row *row = &rows[_i];
    struct ps_script *script = ps_script_begin(row->steps, ps_script_count(row->steps), 0);
    struct run one = {.cleanup = {.json = row->json, .dry_run = row->dry_run, .force = row->force}};
    run(&one, script);
    ck_assert_msg(one.exit_code == row->exit_code, "%s: exit code %d: %s", row->name, one.exit_code,
                  one.text);
    ps_expect_says(row->name, one.text, row->says, PS_COUNT(row->says));
    ps_expect_not(row->name, one.text, row->not );
    forget(&one);
    ps_script_end(script);
}
END_TEST

/* The Lease of a killed controller is looked at for as long as its holder promised to renew it. */
START_TEST(waits_for_a_lease_that_is_not_renewed)
{
    struct ps_script_step steps[5 + 21 + 1] = {SERVICES(SERVICE), MAPS(""), POLICIES(""), PODS(""),
                                               NAMESPACES(NAMESPACE("enabled"))};
    for (size_t i = 0; i < 21; i++) {
        steps[5 + i] = (struct ps_script_step)LEASES(LEASE("1", "dead"));
    }
    steps[26] = (struct ps_script_step)DELETED(SERVICE_PATH);
    struct ps_script *script = ps_script_begin(steps, PS_COUNT(steps), 0);
    struct run one = {.exit_code = -1};
    run(&one, script);
    ck_assert_int_eq(one.exit_code, PS_EXIT_OK);
    ck_assert_uint_ge(ps_script_begun_ms(script, 26), 10000);
    ck_assert_uint_le(ps_script_begun_ms(script, 26), 11000);
    forget(&one);
    ps_script_end(script);
}
END_TEST

START_TEST(asks_only_for_what_was_named)
{
    static const struct ps_script_step steps[] = {
        {.expect = "GET /api/v1/namespaces/ns/services?limit=500&labelSelector=app.kubernetes.io"
                   "%2Fmanaged-by%3Dportside%2Cportside.dev%2Frole%2Cportside.dev%2Fstatefulset"
                   "%3Dkafka",
         .status = 200,
         .body = LIST(SERVICE)},
        {.expect = "GET /api/v1/namespaces/ns/configmaps?*", .status = 200, .body = LIST("")},
        {.expect = "GET /apis/networking.k8s.io/v1/namespaces/ns/networkpolicies?*",
         .status = 200,
         .body = LIST("")},
        {.expect = "GET /api/v1/namespaces/ns/pods?limit=500&labelSelector=portside.dev"
                   "%2Fstatefulset%2Cportside.dev%2Fstatefulset%3Dkafka",
         .status = 200,
         .body = LIST("")},
        {.expect = "GET /api/v1/namespaces?limit=500&fieldSelector=metadata.name%3Dns",
         .status = 200,
         .body = LIST(NAMESPACE("off"))},
        DELETED(SERVICE_PATH),
    };
    struct ps_script *script = ps_script_begin(steps, PS_COUNT(steps), 0);
    struct run one = {.cleanup = {.namespace_name = PS_STR("ns"), .statefulset = PS_STR("kafka")}};
    run(&one, script);
    ck_assert_int_eq(one.exit_code, PS_EXIT_OK);
    forget(&one);
    ps_script_end(script);
}
END_TEST

START_TEST(a_namespace_that_does_not_exist_is_a_slip)
{
    static const struct ps_script_step steps[] = {
        {.expect = "GET *", .status = 200, .body = LIST("")},
        {.expect = "GET *", .status = 200, .body = LIST("")},
        {.expect = "GET *", .status = 200, .body = LIST("")},
        {.expect = "GET *", .status = 200, .body = LIST("")},
        {.expect = "GET *", .status = 200, .body = LIST("")},
    };
    struct ps_script *script = ps_script_begin(steps, PS_COUNT(steps), 0);
    struct run one = {.cleanup = {.namespace_name = PS_STR("kafak")}};
    run(&one, script);
    ck_assert_int_eq(one.exit_code, PS_EXIT_INPUT);
    ck_assert_ptr_nonnull(strstr(one.text, "there is no namespace 'kafak'"));
    forget(&one);
    ps_script_end(script);
}
END_TEST

static bool say_no(const struct ps_cli *cli, size_t count)
{
    ck_assert_uint_eq(count, 1);
    (void)fprintf(cli->out.file, "asked\n");
    return false;
}

START_TEST(no_is_no)
{
    static const struct ps_script_step steps[] = {SERVICES(SERVICE), MAPS(""), POLICIES(""),
                                                  PODS(""), NAMESPACES("")};
    struct ps_script *script = ps_script_begin(steps, PS_COUNT(steps), 0);
    struct run one = {.cleanup = {.confirm = say_no}};
    run(&one, script);
    ck_assert_int_eq(one.exit_code, PS_EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(one.text, "external-kafka-0\nasked\nnothing was deleted\n"));
    forget(&one);
    ps_script_end(script);
}
END_TEST

/* Without an answer for one there will be none for a thousand others. */
START_TEST(gives_up_when_the_api_server_is_away)
{
    struct ps_script_step steps[5 + 32] = {SERVICES(SERVICE), MAPS(RECORD), POLICIES(POLICY),
                                           PODS(""), NAMESPACES("")};
    size_t count = 5;
    steps[count++] =
        (struct ps_script_step){.expect = "DELETE " SERVICE_PATH, .status = 0, .hangs = true};
    steps[count++] =
        (struct ps_script_step){.expect = "DELETE " RECORD_PATH, .status = 0, .hangs = true};
    struct ps_script *script = ps_script_begin(steps, count, 0);
    struct run one = {.exit_code = -1};
    run(&one, script);
    ck_assert_int_eq(one.exit_code, PS_EXIT_FAILED);
    ck_assert_ptr_nonnull(strstr(one.text, "no answer before its deadline"));
    ck_assert_ptr_nonnull(strstr(one.text, "portside-kafka: not tried: the API server did not"));
    ck_assert_ptr_nonnull(strstr(one.text, "0 deleted, 0 kept, 3 failed"));
    forget(&one);
    ps_script_end(script);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("cleanup");
    TCase *tc = tcase_create("command");
    tcase_add_loop_test(tc, says_and_does, 0, (int)PS_COUNT(rows));
    tcase_add_test(tc, waits_for_a_lease_that_is_not_renewed);
    tcase_add_test(tc, asks_only_for_what_was_named);
    tcase_add_test(tc, a_namespace_that_does_not_exist_is_a_slip);
    tcase_add_test(tc, no_is_no);
    tcase_add_test(tc, gives_up_when_the_api_server_is_away);
    suite_add_tcase(suite, tc);
    return suite;
}
