/* SPDX-License-Identifier: Apache-2.0 */
/* Objects with our labels that strangers made, many and large ones: no harm comes of them. */
#include "portside/heap.h"
#include "store.h"
#include "support/runner.h"
#include "test_controller_support.h"

#include <string.h>

#define LINE_BYTES ((size_t)4 * 1024 * 1024)
#define POLICY_MS 2000U

/* Pods of a stranger, more than are kept of namespaces without the label. */
static void flood(struct ps_fake *fake)
{
    char *line = ps_heap_new(LINE_BYTES + 1024, 1);
    char *fill = ps_heap_new(LINE_BYTES + 1, 1);
    memset(fill, 'x', LINE_BYTES);
    for (size_t i = 0; i <= PS_STRAY_BYTES_MAX / LINE_BYTES; i++) {
        (void)snprintf(line, LINE_BYTES + 1024,
                       "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"flood-%zu\","
                       "\"namespace\":\"stranger\",\"uid\":\"f%zu\",\"resourceVersion\":\"%zu\","
                       "\"labels\":{\"portside.dev/statefulset\":\"flood\"},\"annotations\":{"
                       "\"portside.dev/x\":\"%s\"}}}}",
                       i, i, 100 + i, fill);
        ps_fake_tell(fake, "/api/v1/pods?", line);
    }
    ps_heap_free(line);
    ps_heap_free(fill);
}

/* The label is gone, a Service and a StatefulSet are there, and no pod is known. */
static const struct ps_fake_answer left_over[] = {{"GET", "/api/v1/namespaces?", 200, LIST(""), 1},
                                                  STATEFULSETS};

#define LEFT_SERVICE "{\"type\":\"ADDED\",\"object\":" NODE_PORT_SERVICE "}"

START_TEST(without_strays_what_is_left_goes)
{
    struct ps_fake *fake = ps_fake_begin(left_over, PS_COUNT(left_over));
    ps_fake_skip(fake, 1000);
    ps_fake_tell(fake, "/api/v1/services?", LEFT_SERVICE);
    ps_fake_wait(fake, "DELETE", SERVICE_PATH "external-kafka-0", "");
    ps_fake_end(fake);
}
END_TEST

/* Its pod may be among those that were passed over. */
START_TEST(nothing_is_deleted_while_pods_are_passed_over)
{
    struct ps_fake *fake = ps_fake_begin(left_over, PS_COUNT(left_over));
    ps_fake_skip(fake, 1000);
    flood(fake);
    ps_fake_tell(fake, "/api/v1/services?", LEFT_SERVICE);
    ps_fake_skip(fake, POLICY_MS);
    ck_assert_uint_gt(ps_fake_count(fake, "GET", STATEFULSETS_PATH, ""), 0);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", "", ""), 0);
    /* Some go: there is room, so all are read anew, and none is passed over any more. */
    size_t lists = ps_fake_count(fake, "GET", "/api/v1/pods?", "");
    ps_fake_tell(fake, "/api/v1/pods?",
                 "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"flood-0\","
                 "\"namespace\":\"stranger\",\"resourceVersion\":\"200\"}}}");
    ps_fake_tell(fake, "/api/v1/pods?",
                 "{\"type\":\"DELETED\",\"object\":{\"metadata\":{\"name\":\"flood-1\","
                 "\"namespace\":\"stranger\",\"resourceVersion\":\"201\"}}}");
    ps_fake_skip(fake, 5000);
    ck_assert_uint_gt(ps_fake_count(fake, "GET", "/api/v1/pods?", ""), lists);
    ps_fake_skip(fake, 301000);
    ck_assert_uint_eq(ps_fake_count(fake, "DELETE", SERVICE_PATH "external-kafka-0", ""), 1);
    ps_fake_end(fake);
}
END_TEST

/* What was passed over in it is read before anything is made there. */
START_TEST(the_label_brings_back_what_was_passed_over)
{
    static const struct ps_fake_answer answers[] = {
        {"GET", "/api/v1/namespaces?", 200, LIST(""), 1},
        {"GET", "/api/v1/pods?limit", 200, LIST(""), 1},
        STATEFULSETS,
        {"GET", "/api/v1/pods?limit", 200, LIST(POD("4", INJECTED, "")), 0},
        NODE,
    };
    struct ps_fake *fake = ps_fake_begin(answers, PS_COUNT(answers));
    ps_fake_skip(fake, 1000);
    flood(fake);
    ps_fake_tell(fake, "/api/v1/services?", LEFT_SERVICE);
    ps_fake_tell(fake, "/api/v1/namespaces?",
                 "{\"type\":\"ADDED\",\"object\":{\"metadata\":{\"name\":\"ns\","
                 "\"resourceVersion\":\"300\"}}}");
    ck_assert_uint_eq(ps_fake_count(fake, "PATCH", "", "\"Service\""), 0);
    ps_fake_wait(fake, "PATCH", POD_PATH, "203.0.113.1");
    ps_fake_end(fake);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_strays");
    TCase *tc = tcase_create("strays");
    tcase_add_test(tc, without_strays_what_is_left_goes);
    tcase_add_test(tc, nothing_is_deleted_while_pods_are_passed_over);
    tcase_add_test(tc, the_label_brings_back_what_was_passed_over);
    suite_add_tcase(suite, tc);
    return suite;
}
