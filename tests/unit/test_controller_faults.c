/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Two minutes in the life of a cluster, undisturbed and then with each fault of a table. What is
 * there at the end must be the same; so must be every write to a Service and a pod on the way
 * (repeated ones apart), and no port and no endpoint may change (test_world.h sees to that).
 */
#include "portside/heap.h"
#include "support/runner.h"
#include "test_controller_life.h"

#include <stdlib.h>
#include <string.h>

#define END_MS 240000U
#define SERVICE_PATH "/api/v1/namespaces/ns/services/external-kafka-"
#define FORBIDDEN                                                                                  \
    "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"User x cannot do\"}"
#define QUOTA                                                                                      \
    "{\"kind\":\"Status\",\"code\":403,\"reason\":\"Forbidden\",\"message\":\"exceeded quota: q, " \
    "requested: services.nodeports=1, used: 1, limited: 1\"}"
#define TAKEN                                                                                      \
    "{\"kind\":\"Status\",\"code\":422,\"reason\":\"Invalid\",\"message\":\"provided port is "     \
    "already allocated\"}"
#define UNAVAILABLE "{\"kind\":\"Status\",\"code\":503,\"reason\":\"ServiceUnavailable\"}"
#define MINUTE(...)                                                                                \
    {                                                                                              \
        {                                                                                          \
            .from_ms = 9000, .until_ms = 69000, .kind = __VA_ARGS__                                \
        }                                                                                          \
    }

static const struct row {
    const char *name;
    struct ps_fault faults[6];
    struct ps_step steps[20];
    bool other_writes; /* what is written on the way differs, as more happens */
} rows[] = {
    {.name = "the API server is away for a minute", .faults = MINUTE(PS_FAULT_REFUSE)},
    {.name = "it does not answer for a minute", .faults = MINUTE(PS_FAULT_HANG)},
    {.name = "it has errors for a minute",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 500, .body = UNAVAILABLE)},
    {.name = "it is unavailable for a minute",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 503, .body = UNAVAILABLE)},
    {.name = "it asks for patience",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 429, .retry_after_ms = 3000, .body = "{}")},
    {.name = "a proxy answers with a page",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 200, .body = "<html>hello</html>")},
    {.name = "answers are empty", .faults = MINUTE(PS_FAULT_ANSWER, .status = 200, .body = "")},
    {.name = "answers are no objects",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 200, .body = "[7]")},
    {.name = "lists are empty objects",
     .faults = MINUTE(PS_FAULT_ANSWER, .path = "limit=", .status = 200, .body = "{}"),
     .steps = {{9500, ps_world_compact}, {15500, ps_world_compact}, {26000, ps_world_compact}}},
    {.name = "a proxy lost its server",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 502, .body = "<html>")},
    {.name = "answers to writes are lost",
     .faults = {{.kind = PS_FAULT_LOSE, .until_ms = 69000, .method = "PATCH", .times = 20},
                {.kind = PS_FAULT_LOSE, .until_ms = 69000, .method = "POST", .times = 5},
                {.kind = PS_FAULT_LOSE, .until_ms = 200000, .method = "DELETE", .times = 2}}},
    {.name = "watches break in the middle of a line",
     .faults = {{.kind = PS_FAULT_CUT, .until_ms = 69000, .method = "GET", .times = 30}}},
    {.name = "a watch tells of an object of more than a mebibyte", .steps = {{7000, ps_life_grow}}},
    {.name = "watches are too old",
     .faults = {{.kind = PS_FAULT_REFUSE, .from_ms = 9000, .until_ms = 12000}},
     .steps = {{11000, ps_world_compact}, {26000, ps_world_compact}, {40000, ps_world_compact}}},
    {.name = "every watch is too old for a while",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .from_ms = 0,
                 .until_ms = 30000,
                 .path = "watch=true",
                 .status = 410,
                 .body = "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}"}}},
    {.name = "the continue token of a list is too old",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 69000,
                 .path = "continue=next",
                 .status = 410,
                 .body = "{\"kind\":\"Status\",\"code\":410,\"reason\":\"Expired\"}"},
                {.kind = PS_FAULT_PAGE, .until_ms = 69000, .path = "limit=", .times = 6}}},
    {.name = "RBAC: no list of Services at the start",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 30000,
                 .path = "/services?",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no list of pods at the start",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 30000,
                 .path = "/pods?",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no list of ConfigMaps at the start",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 30000,
                 .path = "/configmaps?",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no list of namespaces at the start",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 30000,
                 .path = "/namespaces?",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no list of StatefulSets at the start",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 30000,
                 .path = "/statefulsets?",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no get of nodes",
     .faults = MINUTE(PS_FAULT_ANSWER, .path = "/nodes/", .status = 403, .body = FORBIDDEN)},
    {.name = "RBAC: no patch of Services",
     .faults = MINUTE(PS_FAULT_ANSWER, .method = "PATCH", .path = "/services/", .status = 403,
                      .body = FORBIDDEN)},
    {.name = "RBAC: no patch of ConfigMaps",
     .faults = MINUTE(PS_FAULT_ANSWER, .method = "PATCH", .path = "/configmaps/", .status = 403,
                      .body = FORBIDDEN)},
    {.name = "RBAC: no patch of pods",
     .faults = MINUTE(PS_FAULT_ANSWER, .method = "PATCH", .path = "/pods/", .status = 403,
                      .body = FORBIDDEN)},
    {.name = "RBAC: no deletion of Services",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .from_ms = 99000,
                 .until_ms = 150000,
                 .method = "DELETE",
                 .path = "/services/",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no patch of Services, and no Event to say so",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = END_MS,
                 .path = "/events",
                 .status = 403,
                 .body = FORBIDDEN},
                {.kind = PS_FAULT_ANSWER,
                 .until_ms = 30000,
                 .method = "PATCH",
                 .path = "/services/",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no get of the Lease, then no creation",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 12000,
                 .method = "POST",
                 .path = "/leases",
                 .status = 403,
                 .body = FORBIDDEN}}},
    {.name = "RBAC: no patch of the Lease",
     .faults = MINUTE(PS_FAULT_ANSWER, .method = "PATCH", .path = "/leases/", .status = 403,
                      .body = FORBIDDEN)},
    {.name = "the token is not accepted for a minute",
     .faults = MINUTE(PS_FAULT_ANSWER, .status = 401,
                      .body = "{\"kind\":\"Status\",\"code\":401,\"reason\":\"Unauthorized\"}")},
    {.name = "a quota of Services is exceeded",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .until_ms = 69000,
                 .method = "PATCH",
                 .path = "/services/",
                 .status = 403,
                 .body = QUOTA}}},
    {.name = "a node port is taken for a moment",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .from_ms = 25000,
                 .until_ms = 69000,
                 .method = "PATCH",
                 .path = "/services/external-kafka-0",
                 .times = 3,
                 .status = 422,
                 .body = TAKEN}}},
    {.name = "hostile objects", .steps = {{7000, ps_life_put_hostile}}, .other_writes = true},
    {.name = "leadership is lost in the middle of a round",
     .faults = {{.kind = PS_FAULT_RUN,
                 .until_ms = 69000,
                 .method = "PATCH",
                 .path = "/services/external-kafka-2",
                 .times = 1,
                 .run = ps_life_other_leads}},
     .steps = {{15020, ps_life_forbid_writes},
               {17000, ps_life_other_renews},
               {21000, ps_life_other_renews},
               {25001, ps_life_other_renews},
               {29000, ps_life_other_renews},
               {33000, ps_life_other_leaves}}},
    {.name = "leadership is lost while writes are tried again",
     .faults = {{.kind = PS_FAULT_ANSWER,
                 .from_ms = 14000,
                 .until_ms = 33000,
                 .method = "PATCH",
                 .path = "/services/",
                 .status = 503,
                 .body = UNAVAILABLE}},
     .steps = {{15500, ps_life_other_leads},
               {15520, ps_life_forbid_writes},
               {19000, ps_life_other_renews},
               {23000, ps_life_other_renews},
               {27000, ps_life_other_renews},
               {33000, ps_life_other_leaves}}},
    {.name = "another took over while the API server was out of reach",
     .faults = {{.kind = PS_FAULT_REFUSE, .from_ms = 9000, .until_ms = 24000}},
     .steps = {{16900, ps_life_forbid_writes},
               {20500, ps_life_other_leads},
               {24001, ps_life_other_renews},
               {28000, ps_life_other_renews},
               {32000, ps_life_other_renews},
               {36000, ps_life_other_leaves}}},
    {.name = "the machine was suspended, and its clock went on", .steps = {{12000, ps_life_sleep}}},
    {.name = "the machine was suspended, and its clock stood still",
     .steps = {{9999, ps_life_sleep_with_the_clock_stopped},
               {25001, ps_life_sleep_with_the_clock_stopped}}},
    {.name = "the wall clock is set back", .steps = {{9999, ps_life_set_the_clock_back}}},
    {.name = "a pod is made anew between plan and patch",
     .faults = {{.kind = PS_FAULT_RUN,
                 .until_ms = 30000,
                 .method = "PATCH",
                 .path = "/pods/kafka-1",
                 .times = 1,
                 .run = ps_life_remake_second}}},
};

/* The undisturbed run, once for each process. */
static const char *expected_dump(const char **ret_writes)
{
    static char *dump;
    static char *writes;
    if (dump == NULL) {
        struct ps_world *world = ps_world_begin(NULL, ps_life, NULL);
        ps_world_run(world, END_MS);
        dump = ps_world_dump(world);
        writes = ps_world_writes(world);
        ps_world_end(world);
    }
    *ret_writes = writes;
    return dump;
}

/* Each line of lines is one of allowed. */
static void check_subset(const char *name, const char *lines, const char *allowed)
{
    struct ps_str rest = ps_str_of(lines);
    struct ps_str line;
    while (ps_str_split(&rest, '\n', &line)) {
        bool found = line.len == 0 || ps_str_find(ps_str_of(allowed), line, 0) < strlen(allowed);
        ck_assert_msg(found, "%s: an unexpected write: %.*s", name, PS_FMT(line));
    }
}

/* The line that only one of two dumps has; shown alone, as Check wants short messages. */
static void check_same(const char *name, const char *is, const char *expected)
{
    struct ps_str rest = ps_str_of(is);
    struct ps_str other = ps_str_of(expected);
    struct ps_str line;
    struct ps_str wanted;
    while (ps_str_split(&other, '\n', &wanted)) {
        if (!ps_str_split(&rest, '\n', &line)) {
            line = PS_STR("(nothing)");
        }
        ck_assert_msg(ps_str_equal(line, wanted), "%s: at the end:\n%.*s\ninstead of:\n%.*s", name,
                      PS_FMT(line), PS_FMT(wanted));
    }
}

START_TEST(undisturbed)
{
    const char *writes;
    const char *dump = expected_dump(&writes);
    ck_assert_ptr_nonnull(strstr(dump, "\"external-kafka-0\""));
    ck_assert_ptr_nonnull(strstr(dump, "\"name\":\"external-kafka-bootstrap\""));
    ck_assert_ptr_null(strstr(dump, "\"name\":\"external-kafka-2\""));
    ck_assert_ptr_nonnull(
        strstr(dump, "\"bootstrap.servers\":\"203.0.113.1:30048,203.0.113.1:30049"));
    ck_assert_ptr_nonnull(strstr(writes, "DELETE " SERVICE_PATH "2 "));
    ck_assert_ptr_nonnull(strstr(writes, "203.0.113.2"));
}
END_TEST

START_TEST(converges)
{
    const struct row *row = &rows[_i];
    const char *expected_writes;
    const char *expected = expected_dump(&expected_writes);
    struct ps_world *world = ps_world_begin(row->faults, ps_life, row->steps);
    ps_world_run(world, END_MS);
    char *dump = ps_world_dump(world);
    char *writes = ps_world_writes(world);
    check_same(row->name, dump, expected);
    if (!row->other_writes) {
        check_subset(row->name, writes, expected_writes);
    }
    for (size_t i = 0; row->faults[i].kind != 0; i++) {
        ck_assert_msg(ps_world_met(world, i) > 0, "%s: fault %zu met nothing", row->name, i);
    }
    ck_assert_msg(ps_world_requests(world) < 1500, "%s: %zu requests", row->name,
                  ps_world_requests(world));
    ps_heap_free(dump);
    ps_heap_free(writes);
    ps_world_end(world);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_faults");
    TCase *tc = tcase_create("world");
    tcase_add_test(tc, undisturbed);
    tcase_add_loop_test(tc, converges, 0, (int)PS_COUNT(rows));
    suite_add_tcase(suite, tc);
    return suite;
}
