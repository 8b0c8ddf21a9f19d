/* SPDX-License-Identifier: Apache-2.0 */
/* The status ConfigMap and the words of Events. */
#include "portside/status.h"

#include <string.h>

#include "in_arena.h"
#include "portside/service.h"
#include "support/runner.h"
#include "test_service_support.h"

#define BROKER(n, its_host, answers)                                                               \
    {                                                                                              \
        .ordinal = (n), .pod = PS_STR_INIT("kafka-" #n), .host = PS_STR_INIT(its_host),            \
        .port = PS_STR_INIT("3100" #n), .listening = PS_LISTENING_##answers                        \
    }
#define JSON(n, host, answers)                                                                     \
    "{\"ordinal\":" #n ",\"pod\":\"kafka-" #n "\",\"host\":\"" host "\",\"port\":3100" #n          \
    ",\"listening\":\"" answers "\"}"

static const struct row {
    const char *name;
    size_t count;
    struct ps_broker_state brokers[3];
    const char *protocol;
    const char *servers; /* NULL: left out */
    const char *json;
    const char *properties; /* NULL: left out */
} rows[] = {
    {"in the order of ordinals",
     3,
     {BROKER(2, "c.example", YES), BROKER(0, "a.example", YES),
      BROKER(1, "[2001:db8::1]", UNKNOWN)},
     "SASL_SSL",
     "a.example:31000,[2001:db8::1]:31001,c.example:31002",
     "[" JSON(0, "a.example", "yes") "," JSON(1, "[2001:db8::1]",
                                              "unknown") "," JSON(2, "c.example", "yes") "]",
     "bootstrap.servers=a.example:31000,[2001:db8::1]:31001,c.example:31002\n"
     "security.protocol=SASL_SSL\n"},
    {"one that does not listen",
     2,
     {BROKER(0, "a.example", NO), BROKER(1, "b.example", YES)},
     "",
     "b.example:31001",
     "[" JSON(0, "a.example", "no") "," JSON(1, "b.example", "yes") "]",
     NULL},
    {"one without endpoint",
     2,
     {BROKER(0, "", YES), BROKER(1, "b.example", YES)},
     "SSL",
     "b.example:31001",
     "[" JSON(1, "b.example", "yes") "]",
     "bootstrap.servers=b.example:31001\nsecurity.protocol=SSL\n"},
    {"one that runs with an older endpoint",
     1,
     {{.ordinal = 0,
       .pod = PS_STR_INIT("kafka-0"),
       .host = PS_STR_INIT("new.example"),
       .port = PS_STR_INIT("32000"),
       .was = PS_STR_INIT("[2001:db8::7]:31000"),
       .listening = PS_LISTENING_YES}},
     "",
     "new.example:32000",
     "[" JSON(0, "[2001:db8::7]", "yes") "]",
     NULL},
    {"nobody", 0, {{.ordinal = 0}}, "SSL", NULL, "[]", NULL},
    {"nobody listens",
     1,
     {BROKER(0, "a.example", NO)},
     "SSL",
     NULL,
     "[" JSON(0, "a.example", "no") "]",
     NULL},
};

static void check_key(const struct row *row, const struct ps_json *data, const char *key,
                      const char *value)
{
    struct ps_str text = ps_json_get_text(data, key);
    ck_assert_msg((ps_json_get(data, key) != NULL) == (value != NULL), "%s: %s", row->name, key);
    ck_assert_msg(value == NULL || ps_str_is(text, value), "%s: %s: %.*s", row->name, key,
                  PS_FMT(text));
}

static const struct ps_json *parse(struct ps_arena *arena, struct ps_str text)
{
    struct ps_json *root = NULL;
    ck_assert(ps_ok(ps_json_parse(arena, text, &root, NULL)));
    return root;
}

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_world world;
    struct ps_action action;
    ps_world_init(&world, arena, 3);
    struct ps_status_input input = {
        .owner = &world.owner,
        .exposure = &world.exposures.list[0],
        .protocol = ps_str_of(row->protocol),
        .broker_count = row->count,
        .brokers = row->brokers,
    };
    ps_status_plan(arena, &input, &action);
    ck_assert_int_eq(action.kind, PS_ACTION_CREATE);
    ck_assert_int_eq(action.object, PS_OBJECT_CONFIG_MAP);
    ck_assert_str_eq(action.name.ptr, "external-kafka");
    const struct ps_json *body = parse(arena, action.body);
    const struct ps_json *data = ps_json_get(body, "data");
    check_key(row, data, "bootstrap.servers", row->servers);
    check_key(row, data, "brokers.json", row->json);
    check_key(row, data, "client.properties", row->properties);
    /* As it is, nothing is left to do; a broker that comes or goes is. */
    input.observed = body;
    ps_status_plan(arena, &input, &action);
    ck_assert_int_eq(action.kind, PS_ACTION_NONE);
    const struct ps_broker_state other = BROKER(0, "other.example", YES);
    input.broker_count = 1;
    input.brokers = &other;
    ps_status_plan(arena, &input, &action);
    ck_assert_int_eq(action.kind, PS_ACTION_UPDATE);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

static void check_foreign(struct ps_arena *arena, const void *row)
{
    struct ps_world world;
    struct ps_action action;
    (void)row;
    ps_world_init(&world, arena, 3);
    const struct ps_status_input input = {
        .owner = &world.owner,
        .exposure = &world.exposures.list[0],
        .observed = ps_quoted(arena, "{'metadata':{'name':'external-kafka','uid':'x'}}"),
    };
    ps_status_plan(arena, &input, &action);
    ck_assert_int_eq(action.kind, PS_ACTION_REPORT);
    ck_assert_str_eq(action.event.reason, "ForeignObject");
    ck_assert_str_eq(action.event.message.ptr,
                     "ConfigMap external-kafka exists but is not managed by portside, which leaves "
                     "it alone: delete or rename it, or label it "
                     "'app.kubernetes.io/managed-by=portside' to hand it over");
}

START_TEST(test_foreign)
{
    ps_in_arena(check_foreign, NULL);
}
END_TEST

static const struct {
    const char *statefulset;
    bool valid;
    uint64_t replicas;
    uint64_t start;
    bool deleting;
} owners[] = {
    {"{'metadata':{'name':'k','namespace':'n','uid':'u'}}", true, 1, 0, false},
    {"{'metadata':{'name':'k','namespace':'n','uid':'u'},'spec':{'replicas':0}}", true, 0, 0,
     false},
    {"{'metadata':{'name':'k','namespace':'n','uid':'u','deletionTimestamp':'x'},'spec':{"
     "'replicas':3,'ordinals':{'start':5}}}",
     true, 3, 5, true},
    {"{'metadata':{'name':'k','namespace':'n','uid':'u'},'spec':{'replicas':-3,'ordinals':7}}",
     true, 0, 0, false},
    {"{'metadata':{'name':'k','uid':'u'}}", false, 0, 0, false},
    {"[]", false, 0, 0, false},
};

static void check_owner(struct ps_arena *arena, const void *arg)
{
    int i = *(const int *)arg;
    struct ps_owner owner;
    bool valid = ps_owner_read(ps_quoted(arena, owners[i].statefulset), &owner);
    ck_assert(valid == owners[i].valid);
    if (valid) {
        ck_assert_uint_eq(owner.replicas, owners[i].replicas);
        ck_assert_uint_eq(owner.start, owners[i].start);
        ck_assert(owner.deleting == owners[i].deleting);
    }
}

START_TEST(test_owner)
{
    ps_in_arena(check_owner, &_i);
}
END_TEST

static const struct {
    const char *pod;
    bool valid;
    uint64_t ordinal;
} pods[] = {
    {"kafka-0", true, 0},     {"kafka-12", true, 12}, {"kafka-012", false, 0},
    {"kafka-", false, 0},     {"kafka", false, 0},    {"kafka-x", false, 0},
    {"kafka-ui-0", false, 0}, {"zoo-0", false, 0},    {"kafka-2147483648", false, 0},
};

START_TEST(test_ordinal)
{
    const struct ps_owner owner = {.name = PS_STR("kafka")};
    uint64_t ordinal = 0;
    ck_assert(ps_owner_ordinal(&owner, ps_str_of(pods[_i].pod), &ordinal) == pods[_i].valid);
    ck_assert_uint_eq(ordinal, pods[_i].ordinal);
}
END_TEST

static const struct finding_row {
    enum ps_finding_kind kind;
    const char *detail;
    const char *message;
} findings[] = {
    {PS_FINDING_NOT_LISTENING, "the hook did not run",
     "pod kafka-0 refuses connections on port 9194 of listener 'PORTSIDE', probably because the "
     "hook did not run; look for lines that begin with 'portside:' in the broker's log. Until it "
     "answers, it is left out of bootstrap.servers"},
    {PS_FINDING_LISTENING, "", "pod kafka-0 answers on port 9194 of listener 'PORTSIDE' again"},
    {PS_FINDING_NOT_INJECTED, "",
     "pod kafka-0 runs without the listener of portside: delete the pod, or run 'kubectl rollout "
     "restart' for its StatefulSet, so that it is made anew with it"},
    {PS_FINDING_STALE_ENDPOINT, "",
     "pod kafka-0 advertises 'a:1' for exposure 'external', but is reached at 'b:2' now: delete "
     "the pod, so that the broker starts with the new endpoint"},
    {PS_FINDING_NO_ENDPOINT, "node 'n1' has no label 'zone'",
     "pod kafka-0 runs without the listener of exposure 'external', as no endpoint was known when "
     "its broker started (node 'n1' has no label 'zone'): delete the pod once there is one, so "
     "that the broker starts with it"},
    {PS_FINDING_NO_ENDPOINT, "",
     "pod kafka-0 runs without the listener of exposure 'external', as no endpoint was known when "
     "its broker started: delete the pod once there is one, so that the broker starts with it"},
    {PS_FINDING_WAITING, "the load balancer has no address",
     "pod kafka-0 waits for the endpoint of exposure 'external': the load balancer has no address"},
    {PS_FINDING_FORBIDDEN, "patch pods",
     "portside may not patch pods (pod kafka-0): grant it to its service account; everything else "
     "goes on"},
    {PS_FINDING_UNKNOWN_CONTRACT, "9",
     "pod kafka-0 was injected by a version of portside that this one does not know (contract 9) "
     "and is left alone: delete the pod to have it made anew"},
};

static struct ps_finding finding_of(const struct finding_row *row)
{
    return (struct ps_finding){
        .kind = row->kind,
        .exposure = PS_STR("external"),
        .listener = PS_STR("PORTSIDE"),
        .listener_port = 9194,
        .object = PS_STR("pod kafka-0"),
        .detail = ps_str_of(row->detail),
        .was = PS_STR("a:1"),
        .is = PS_STR("b:2"),
    };
}

static void check_finding(struct ps_arena *arena, const void *arg)
{
    const struct finding_row *row = arg;
    const struct ps_finding finding = finding_of(row);
    struct ps_event event = ps_finding_event(arena, &finding);
    ck_assert_str_eq(event.message.ptr, row->message);
}

START_TEST(test_finding)
{
    ps_in_arena(check_finding, &findings[_i]);
}
END_TEST

static void check_event(struct ps_arena *arena, const void *arg)
{
    const struct ps_event_subject pod = {PS_STR("v1"), PS_STR("Pod"), PS_STR("shop"),
                                         PS_STR("kafka-0"), PS_STR("u")};
    struct ps_finding finding = finding_of(&findings[0]);
    (void)arg;
    struct ps_event event = ps_finding_event(arena, &finding);
    const struct ps_json *body =
        parse(arena, ps_event_object(arena, &pod, &event, INT64_C(1795269987123456)));
    ck_assert(ps_str_is(ps_json_get_text(body, "type"), "Warning"));
    ck_assert(ps_str_is(ps_json_get_text(body, "reason"), "NotListening"));
    ck_assert(ps_str_is(ps_json_get_text(body, "lastTimestamp"), "2026-11-21T14:06:27Z"));
    ck_assert(ps_str_starts(ps_json_get_text(ps_json_get(body, "metadata"), "name"), "kafka-0."));
    ck_assert_str_eq(ps_event_again(arena, body, 0).ptr,
                     "{\"count\":2,\"lastTimestamp\":\"1970-01-01T00:00:00Z\"}");
    /* The name tells Events apart, and nothing else. */
    struct ps_str name = ps_event_name(arena, &pod, &event);
    ck_assert(ps_str_equal(name, ps_event_name(arena, &pod, &event)));
    finding.detail = PS_STR("something else");
    event = ps_finding_event(arena, &finding);
    ck_assert(!ps_str_equal(name, ps_event_name(arena, &pod, &event)));
    /* A message that is too long is cut, and never within a character. */
    char *umlauts = ps_arena_alloc(arena, 3001);
    for (size_t i = 0; i < 3000; i += 2) {
        memcpy(umlauts + i, "\xc3\xa4", 2);
    }
    finding.detail = (struct ps_str){umlauts, 3000};
    event = ps_finding_event(arena, &finding);
    ck_assert_uint_le(event.message.len, 1024);
    ck_assert_uint_ge(event.message.len, 1020);
    (void)parse(arena, ps_event_object(arena, &pod, &event, 0));
}

START_TEST(test_event)
{
    ps_in_arena(check_event, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("status");
    TCase *tcase = tcase_create("status");
    tcase_add_loop_test(tcase, test_row, 0, PS_COUNT(rows));
    tcase_add_test(tcase, test_foreign);
    tcase_add_loop_test(tcase, test_owner, 0, PS_COUNT(owners));
    tcase_add_loop_test(tcase, test_ordinal, 0, PS_COUNT(pods));
    tcase_add_loop_test(tcase, test_finding, 0, PS_COUNT(findings));
    tcase_add_test(tcase, test_event);
    suite_add_tcase(suite, tcase);
    return suite;
}
