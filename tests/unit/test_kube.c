/* SPDX-License-Identifier: Apache-2.0 */
/* Requests against a script of answers and faults. */
#include "test_kube_support.h"

#include <stdio.h>
#include <string.h>

#include "support/runner.h"

#define OK_BODY "{\"kind\":\"Pod\",\"metadata\":{\"name\":\"kafka-0\"}}"
#define FORBIDDEN_BODY                                                                             \
    "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"pods are "           \
    "forbidden: User \\\"p\\\" cannot patch resource \\\"pods\\\"\"}"
#define STATUS(code, reason, message)                                                              \
    "{\"kind\":\"Status\",\"code\":" #code ",\"reason\":\"" reason "\",\"message\":\"" message "\"}"
#define POD "/api/v1/namespaces/kafka/pods/kafka-0"

static const struct ps_kube_resource pods = {"v1", "pods"};
static const struct ps_kube_resource sets = {"apps/v1", "statefulsets"};

/* What the callback was told of last. */
struct told {
    unsigned calls;
    enum ps_kube_outcome outcome;
    int status;
    unsigned tries;
    size_t items;
    char name[64];
    char message[480];
    bool more;
    struct ps_kube *cancels; /* cancels id in its callback */
    uint64_t id;
};

static void take(void *arg, const struct ps_kube_result *result)
{
    struct told *told = arg;
    told->calls++;
    told->outcome = result->outcome;
    told->status = result->status;
    told->tries = result->tries;
    told->more = result->more;
    told->items += ps_json_count(ps_json_get(result->object, "items"));
    struct ps_str name = ps_json_get_text(ps_json_get(result->object, "metadata"), "name");
    (void)snprintf(told->name, sizeof(told->name), "%.*s", PS_FMT(name));
    (void)snprintf(told->message, sizeof(told->message), "%s", result->error->message);
    if (told->cancels != NULL) {
        ps_kube_cancel(told->cancels, told->id);
    }
}

static struct ps_kube_request patch(struct told *told)
{
    return (struct ps_kube_request){
        .verb = PS_KUBE_MERGE_PATCH,
        .resource = &pods,
        .namespace = PS_STR("kafka"),
        .name = PS_STR("kafka-0"),
        .body = PS_STR("{\"a\":1}"),
        .on_done = take,
        .arg = told,
    };
}

static void send(struct ps_script *script, const struct ps_kube_request *request, uint64_t *ret_id)
{
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_kube_send(ps_script_kube(script), request, ret_id, &err);
    ck_assert_msg(ps_ok(status), "%s", err.message);
}

/* One request, up to three tries, and what comes of it. */
static const struct fault {
    const char *name;
    struct ps_script_step steps[3];
    size_t count;
    enum ps_kube_outcome outcome;
    uint64_t last_try_ms;
    const char *message;
} faults[] = {
    {"200", {{.status = 200, .body = OK_BODY}}, 1, PS_KUBE_OK, 0, ""},
    {"200 in single bytes", {{.status = 200, .body = OK_BODY, .chunk = 1}}, 1, PS_KUBE_OK, 0, ""},
    {"200 after 20 s", {{.status = 200, .body = OK_BODY, .delay_ms = 20000}}, 1, PS_KUBE_OK, 0, ""},
    {"503 and 502",
     {{.status = 503}, {.status = 502, .body = "<html>"}, {.status = 200, .body = OK_BODY}},
     3,
     PS_KUBE_OK,
     600,
     ""},
    {"429 with Retry-After",
     {{.status = 429, .retry_after_ms = 7000}, {.status = 200, .body = OK_BODY}},
     2,
     PS_KUBE_OK,
     7000,
     ""},
    {"429 that asks for longer than the deadline",
     {{.status = 429, .retry_after_ms = 40000, .body = STATUS(429, "TooManyRequests", "slow")}},
     1,
     PS_KUBE_FAILED,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 429 too many requests: slow"},
    {"three times 500",
     {{.status = 500}, {.status = 500}, {.status = 500, .body = STATUS(500, "", "etcd")}},
     3,
     PS_KUBE_FAILED,
     600,
     "patch pods 'kafka-0' in namespace 'kafka': 500 server error: etcd"},
    {"refused connection",
     {{.error = "connection refused"}, {.status = 200, .body = OK_BODY}},
     2,
     PS_KUBE_OK,
     200,
     ""},
    {"answer cut in the middle",
     {{.status = 200, .body = "{\"kind\":", .error = "cut"}, {.status = 200, .body = OK_BODY}},
     2,
     PS_KUBE_OK,
     200,
     ""},
    {"garbage, then JSON",
     {{.status = 200, .body = "<html>"}, {.status = 200, .body = OK_BODY}},
     2,
     PS_KUBE_OK,
     200,
     ""},
    {"nothing, then JSON",
     {{.status = 200, .body = ""}, {.status = 200, .body = OK_BODY}},
     2,
     PS_KUBE_OK,
     200,
     ""},
    {"RBAC",
     {{.status = 403, .body = FORBIDDEN_BODY}},
     1,
     PS_KUBE_FORBIDDEN,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 403 forbidden: grant the verb 'patch' on 'pods' "
     "to this account: pods are forbidden: User \"p\" cannot patch resource \"pods\""},
    {"RBAC, of another verb",
     {{.status = 403,
       .body = STATUS(403, "Forbidden", "User \\\"p\\\" cannot create resource \\\"pods\\\"")}},
     1,
     PS_KUBE_FORBIDDEN,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 403 forbidden: grant the verb 'create' on 'pods' "
     "to this account: User \"p\" cannot create resource \"pods\""},
    {"quota",
     {{.status = 403, .body = STATUS(403, "Forbidden", "exceeded quota")}},
     1,
     PS_KUBE_FORBIDDEN,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 403 forbidden: exceeded quota"},
    {"401 of an old token",
     {{.status = 401}, {.status = 200, .body = OK_BODY}},
     2,
     PS_KUBE_OK,
     200,
     ""},
    {"401 that stays",
     {{.status = 401}, {.status = 401}, {.status = 401}},
     3,
     PS_KUBE_FORBIDDEN,
     600,
     "patch pods 'kafka-0' in namespace 'kafka': 401 unauthorized"},
    {"404",
     {{.status = 404, .body = STATUS(404, "NotFound", "gone")}},
     1,
     PS_KUBE_NOT_FOUND,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 404 not found: gone"},
    {"409",
     {{.status = 409}},
     1,
     PS_KUBE_CONFLICT,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 409 refused"},
    {"409 already exists",
     {{.status = 409, .body = STATUS(409, "AlreadyExists", "x")}},
     1,
     PS_KUBE_ALREADY_EXISTS,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 409 already exists: x"},
    {"410",
     {{.status = 410}},
     1,
     PS_KUBE_EXPIRED,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 410 gone"},
    {"422",
     {{.status = 422, .body = STATUS(422, "Invalid", "bad port")}},
     1,
     PS_KUBE_REFUSED,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 422 invalid: bad port"},
    {"422 of another uid",
     {{.status = 422,
       .body = "{\"kind\":\"Status\",\"reason\":\"Invalid\",\"message\":\"m\",\"details\":"
               "{\"causes\":[{\"field\":\"spec\"},{\"field\":\"metadata.uid\"}]}}"}},
     1,
     PS_KUBE_CONFLICT,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': 422 invalid: m"},
    {"no answer at all",
     {{.hangs = true}},
     1,
     PS_KUBE_FAILED,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': no answer before its deadline (tries: 1)"},
    {"token that cannot be read",
     {{.no_begin = "cannot read '/t'"}},
     1,
     PS_KUBE_FAILED,
     0,
     "patch pods 'kafka-0' in namespace 'kafka': cannot read '/t'"},
};

START_TEST(each_fault_has_its_outcome)
{
    const struct fault *fault = &faults[_i];
    struct ps_script_step steps[3];
    struct told told = {0};
    memcpy(steps, fault->steps, sizeof(steps));
    for (size_t i = 0; i < fault->count; i++) {
        steps[i].expect = "PATCH " POD "?fieldManager=portside {\"a\":1}*";
    }
    struct ps_script *script = ps_script_begin(steps, fault->count, 0);
    struct ps_kube_request request = patch(&told);
    send(script, &request, NULL);
    ps_script_run(script, 70000);
    ck_assert_msg(told.calls == 1, "%s: told %u times", fault->name, told.calls);
    ck_assert_msg(told.outcome == fault->outcome, "%s: outcome %d", fault->name, (int)told.outcome);
    ck_assert_msg(strcmp(told.message, fault->message) == 0, "%s: '%s'", fault->name, told.message);
    ck_assert_msg(told.tries == fault->count, "%s: %u tries", fault->name, told.tries);
    uint64_t at_ms = ps_script_begun_ms(script, fault->count - 1);
    ck_assert_msg(at_ms == fault->last_try_ms, "%s: last try at %u ms", fault->name,
                  (unsigned)at_ms);
    ck_assert_uint_eq(ps_kube_pending(ps_script_kube(script)), 0);
    ps_script_end(script);
}
END_TEST

START_TEST(a_list_comes_page_by_page)
{
    static const struct ps_script_step steps[] = {
        {.expect = "GET /apis/apps/v1/statefulsets?limit=2&labelSelector=a%3Db",
         .status = 200,
         .body = "{\"metadata\":{\"continue\":\"x/y=\"},\"items\":[{},{}]}",
         .chunk = 3},
        {.expect = "GET /apis/apps/v1/statefulsets?limit=2&labelSelector=a%3Db&continue=x%2Fy%3D",
         .status = 503},
        {.expect = "GET /apis/apps/v1/statefulsets?limit=2&labelSelector=a%3Db&continue=x%2Fy%3D",
         .status = 200,
         .body = "{\"metadata\":{},\"items\":[{}]}"},
    };
    struct told told = {0};
    struct ps_script *script = ps_script_begin(steps, 3, 0);
    struct ps_kube_request request = {
        .verb = PS_KUBE_LIST,
        .resource = &sets,
        .limit = 2,
        .label_selector = PS_STR("a=b"),
        .on_done = take,
        .arg = &told,
    };
    send(script, &request, NULL);
    ps_script_run(script, 5000);
    ck_assert_uint_eq(told.calls, 2);
    ck_assert_uint_eq(told.items, 3);
    ck_assert(!told.more);
    ps_script_end(script);
}
END_TEST

START_TEST(a_list_can_be_cancelled_between_pages)
{
    static const struct ps_script_step steps[] = {
        {.expect = "GET /api/v1/pods?limit=100",
         .status = 200,
         .body = "{\"metadata\":{\"continue\":\"x\"},\"items\":[{}]}"},
    };
    struct ps_script *script = ps_script_begin(steps, 1, 0);
    struct told told = {.cancels = ps_script_kube(script)};
    struct ps_kube_request request = {
        .verb = PS_KUBE_LIST, .resource = &pods, .on_done = take, .arg = &told};
    send(script, &request, &told.id);
    ps_script_run(script, 5000);
    ck_assert_uint_eq(told.calls, 1);
    ck_assert(told.more);
    ck_assert_uint_eq(ps_kube_pending(ps_script_kube(script)), 0);
    ps_script_end(script);
}
END_TEST

START_TEST(a_cancelled_request_says_nothing)
{
    static const struct ps_script_step steps[] = {
        {.expect = "PATCH " POD "*", .hangs = true},
    };
    struct told told = {0};
    uint64_t flying = 0;
    uint64_t queued = 0;
    struct ps_script *script = ps_script_begin(steps, 1, 1);
    struct ps_kube_request request = patch(&told);
    send(script, &request, &flying);
    send(script, &request, &queued);
    ps_script_run(script, 100);
    ck_assert_uint_eq(ps_script_open(script), 1);
    ps_kube_cancel(ps_script_kube(script), queued);
    ps_kube_cancel(ps_script_kube(script), flying);
    ps_kube_cancel(ps_script_kube(script), 77);
    ck_assert_uint_eq(ps_script_open(script), 0);
    ps_script_run(script, 40000);
    ck_assert_uint_eq(told.calls, 0);
    ps_script_end(script);
}
END_TEST

START_TEST(few_requests_are_under_way_at_a_time)
{
    struct ps_script_step steps[5];
    struct told told = {0};
    for (size_t i = 0; i < 5; i++) {
        steps[i] = (struct ps_script_step){
            .expect = "PATCH " POD "*", .status = 200, .body = OK_BODY, .delay_ms = 1000};
    }
    struct ps_script *script = ps_script_begin(steps, 5, 2);
    struct ps_kube_request request = patch(&told);
    for (size_t i = 0; i < 5; i++) {
        send(script, &request, NULL);
    }
    ck_assert_uint_eq(ps_kube_pending(ps_script_kube(script)), 5);
    ps_script_run(script, 500);
    ck_assert_uint_eq(ps_script_open(script), 2);
    ps_script_run(script, 5000);
    ck_assert_uint_eq(told.calls, 5);
    ck_assert_uint_eq(ps_script_begun_ms(script, 4), 2000);
    ps_script_end(script);
}
END_TEST

START_TEST(an_urgent_request_does_not_wait_for_others)
{
    struct ps_script_step steps[3];
    struct told told = {0};
    for (size_t i = 0; i < 3; i++) {
        steps[i] = (struct ps_script_step){
            .expect = "PATCH " POD "*", .status = 200, .body = OK_BODY, .delay_ms = 1000};
    }
    struct ps_script *script = ps_script_begin(steps, 3, 1);
    struct ps_kube_request request = patch(&told);
    send(script, &request, NULL);
    send(script, &request, NULL);
    request.urgent = true;
    send(script, &request, NULL);
    ps_script_run(script, 500);
    ck_assert_uint_eq(ps_script_open(script), 2);
    ck_assert_uint_eq(ps_script_begun_ms(script, 1), 0);
    ps_script_run(script, 5000);
    ck_assert_uint_eq(told.calls, 3);
    ps_script_end(script);
}
END_TEST

START_TEST(one_try_is_one_try)
{
    static const struct ps_script_step steps[] = {{.expect = "PATCH " POD "*", .status = 503}};
    struct told told = {0};
    struct ps_script *script = ps_script_begin(steps, 1, 0);
    struct ps_kube_request request = patch(&told);
    request.tries_max = 1;
    send(script, &request, NULL);
    ps_script_run(script, 40000);
    ck_assert_int_eq((int)told.outcome, PS_KUBE_FAILED);
    ps_script_end(script);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube");
    TCase *tests = tcase_create("requests");
    tcase_add_loop_test(tests, each_fault_has_its_outcome, 0, (int)PS_COUNT(faults));
    tcase_add_test(tests, a_list_comes_page_by_page);
    tcase_add_test(tests, a_list_can_be_cancelled_between_pages);
    tcase_add_test(tests, a_cancelled_request_says_nothing);
    tcase_add_test(tests, an_urgent_request_does_not_wait_for_others);
    tcase_add_test(tests, few_requests_are_under_way_at_a_time);
    tcase_add_test(tests, one_try_is_one_try);
    suite_add_tcase(suite, tests);
    return suite;
}
