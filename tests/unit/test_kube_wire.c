/* SPDX-License-Identifier: Apache-2.0 */
/* How requests look on the wire, and those that never get there. */
#include "test_kube_support.h"

#include "support/runner.h"

static const struct ps_kube_resource pods = {"v1", "pods"};

static void take(void *arg, const struct ps_kube_result *result)
{
    enum ps_kube_outcome *outcome = arg;
    *outcome = result->outcome;
}

/* How a request looks on the wire. */
static const struct {
    struct ps_kube_request request;
    const char *line;
} wire[] = {
    {{.verb = PS_KUBE_GET, .name = PS_STR_INIT("a b/..")}, "GET /api/v1/pods/a%20b%2F.."},
    {{.verb = PS_KUBE_GET, .name = PS_STR_INIT("a"), .subresource = PS_STR_INIT("status")},
     "GET /api/v1/pods/a/status"},
    {{.verb = PS_KUBE_CREATE, .namespace = PS_STR_INIT("n"), .body = PS_STR_INIT("{}")},
     "POST /api/v1/namespaces/n/pods?fieldManager=portside {}"},
    {{.verb = PS_KUBE_UPDATE, .name = PS_STR_INIT("a"), .body = PS_STR_INIT("{}")},
     "PUT /api/v1/pods/a?fieldManager=portside {}"},
    {{.verb = PS_KUBE_APPLY,
      .name = PS_STR_INIT("a"),
      .body = PS_STR_INIT("{}"),
      .force = true,
      .dry_run = true,
      .strict = true},
     "PATCH /api/v1/pods/a?fieldManager=portside&force=true&dryRun=All&fieldValidation=Strict {}"},
    {{.verb = PS_KUBE_JSON_PATCH, .name = PS_STR_INIT("a"), .body = PS_STR_INIT("[]")},
     "PATCH /api/v1/pods/a?fieldManager=portside []"},
    {{.verb = PS_KUBE_DELETE, .name = PS_STR_INIT("a")},
     "DELETE /api/v1/pods/a {\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
     "\"propagationPolicy\":\"Background\"}"},
    {{.verb = PS_KUBE_DELETE,
      .name = PS_STR_INIT("a"),
      .uid = PS_STR_INIT("u"),
      .version = PS_STR_INIT("7"),
      .dry_run = true},
     "DELETE /api/v1/pods/a {\"kind\":\"DeleteOptions\",\"apiVersion\":\"v1\","
     "\"propagationPolicy\":\"Background\",\"preconditions\":{\"uid\":\"u\","
     "\"resourceVersion\":\"7\"},\"dryRun\":[\"All\"]}"},
};

START_TEST(requests_look_as_the_api_wants)
{
    struct ps_script_step step = {.expect = "*", .has = wire[_i].line, .status = 200, .body = "{}"};
    enum ps_kube_outcome outcome = PS_KUBE_FAILED;
    struct ps_script *script = ps_script_begin(&step, 1, 0);
    struct ps_kube_request request = wire[_i].request;
    request.resource = &pods;
    request.on_done = take;
    request.arg = &outcome;
    ck_assert(ps_ok(ps_kube_send(ps_script_kube(script), &request, NULL, NULL)));
    ps_script_run(script, 100);
    ck_assert_int_eq((int)outcome, PS_KUBE_OK);
    ps_script_end(script);
}
END_TEST

START_TEST(requests_without_sense_are_refused)
{
    static const struct ps_kube_request requests[] = {
        {.resource = &pods},
        {.verb = PS_KUBE_GET, .name = PS_STR_INIT("a")},
        {.verb = PS_KUBE_GET, .resource = &pods},
        {.verb = PS_KUBE_CREATE, .resource = &pods},
        {.verb = (enum ps_kube_verb)99, .resource = &pods},
    };
    struct ps_script *script = ps_script_begin(NULL, 0, 0);
    struct ps_error err = {.message = ""};
    struct ps_status status = ps_kube_send(ps_script_kube(script), &requests[_i], NULL, &err);
    ck_assert_int_eq(status.code, PS_CODE_INTERNAL);
    ck_assert_str_ne(err.message, "");
    ps_script_end(script);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("kube_wire");
    TCase *tests = tcase_create("wire");
    tcase_add_loop_test(tests, requests_look_as_the_api_wants, 0, (int)PS_COUNT(wire));
    tcase_add_loop_test(tests, requests_without_sense_are_refused, 0, 5);
    suite_add_tcase(suite, tests);
    return suite;
}
