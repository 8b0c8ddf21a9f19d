/* SPDX-License-Identifier: Apache-2.0 */
/* What the planner does not touch, and what it refuses, with the words it finds. */
#include "portside/listener.h"

#include "in_arena.h"
#include "portside/buf.h"
#include "support/runner.h"
#include "test_listener_support.h"

/* Values that portside has given, or that concern no client. */
static const struct row unchanged[] = {
    {ZK("A://:1" BIND), .advertised = "A://k:1," OURS, .map = "A:PLAINTEXT,PORTSIDE:PLAINTEXT",
     .inter_broker = "A", .adopted = true, .to_listeners = "A://:1" BIND,
     .to_advertised = "A://k:1," OURS, .to_map = "A:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {ZK("PORTSIDE://:9194"), .advertised = OURS, .map = "PORTSIDE:SSL", .inter_broker = "PORTSIDE",
     .adopted = true, .speaks = PS_PROTOCOL_SSL, .to_listeners = "PORTSIDE://:9194",
     .to_advertised = OURS, .to_map = "PORTSIDE:SSL"},
    {.roles = "controller", .listeners = "CONTROLLER://:9093", .reason = PS_REASON_CONTROLLER_ONLY},
    {.roles = " controller ", .listeners = "nonsense", .reason = PS_REASON_CONTROLLER_ONLY},
};

#define BAD .reason = PS_REASON_LISTENERS, .says
#define TAKEN .reason = PS_REASON_NAME_TAKEN, .says

static const struct row refused[] = {
    {ZK(""), BAD = "listeners ''"},
    {ZK(" , "), BAD = "listeners"},
    {ZK(":9092"), BAD = "listeners ':9092'"},
    {ZK("PLAINTEXT://"), BAD = "listeners"},
    {ZK("PLAINTEXT://kafka"), BAD = "cannot be read"},
    {ZK("PLAINTEXT://kafka:"), BAD = "cannot be read"},
    {ZK("://:9092"), BAD = "cannot be read"},
    {ZK("A B://:9092"), BAD = "cannot be read"},
    {ZK("$(NAME)://:9092"), BAD = "listeners"},
    {ZK("PLAINTEXT://:$(PORT)"), BAD = "listeners 'PLAINTEXT://:$(PORT)'"},
    {ZK("PLAINTEXT://:70000"), BAD = "listeners"},
    {ZK("PLAINTEXT://:-1"), BAD = "listeners"},
    {ZK("PLAINTEXT://:9092\\,SSL://:1"), BAD = "listeners"},
    {ZK("PLAINTEXT://:90\n92"), BAD = "listeners"},
    {ZK("PLAINTEXT://:9092,plaintext://:9093"), BAD = "listeners"},
    {PLAIN, .advertised = "", BAD = "advertised.listeners"},
    {PLAIN, .advertised = "kafka:9092", BAD = "advertised.listeners 'kafka:9092' cannot be read"},
    {PLAIN, .advertised = "PLAINTEXT://a\nb:1", BAD = "cannot be read"},
    {PLAIN, .advertised = "PLAINTEXT://a\rb:1", BAD = "cannot be read"},
    {PLAIN, .advertised = "PLAINTEXT://a\\b:1", BAD = "cannot be read"},
    {PLAIN, .advertised = "OTHER://kafka:9092", BAD = "listeners"},
    {PLAIN, .advertised = "PLAINTEXT://a:1,PLAINTEXT://b:1", BAD = "advertised.listeners"},
    {PLAIN, .map = "", BAD = "listener.security.protocol.map"},
    {PLAIN, .map = "PLAINTEXT", BAD = "listener.security.protocol.map"},
    {PLAIN, .map = "PLAINTEXT:TLS", BAD = "listener.security.protocol.map"},
    {PLAIN, .map = "PLAINTEXT:PLAINTEXT,,SSL:SSL", BAD = "listener.security.protocol.map"},
    {PLAIN, .map = ",PLAINTEXT:PLAINTEXT", BAD = "listener.security.protocol.map"},
    {PLAIN, .map = "SSL:SSL", BAD = "'PLAINTEXT'"},
    {ZK("INSIDE://:9092"), BAD = "'INSIDE'"},
    {ZK("SSL://:1,CTRL://:2"), .roles = "broker,controller", .controllers = "CTRL", BAD = "'CTRL'"},
    {PLAIN, .roles = "broker", .controllers = "kraft", BAD = "controller.listener.names 'kraft'"},
    {.before_3_0 = true,
     .legacy = {NULL, NULL, "a"},
     ZK("SSL://:1"),
     .inter_protocol = "SSL",
     BAD = "advertised.listeners"},
    {ZK("CONTROLLER://:1"), .roles = "broker,controller", .controllers = "CONTROLLER", BAD = ""},
    {PLAIN, .map = "PLAINTEXT:PLAINTEXT,PORTSIDE:SSL", .protocol = PS_PROTOCOL_PLAINTEXT,
     BAD = "make them agree"},
    {ZK("A://:1,B://:2"), .map = "A:SSL,B:PLAINTEXT", .inter_broker = "A", .name = "B",
     .protocol = PS_PROTOCOL_SSL,
     BAD = "listener 'B' speaks PLAINTEXT, portside.dev/protocol says SSL: make them agree"},
    {ZK("PLAINTEXT://:9194"), .reason = PS_REASON_PORT_TAKEN, .says = "'PLAINTEXT'"},
    {ZK("PLAINTEXT://:9092,SSL://127.0.0.1:9194"), .reason = PS_REASON_PORT_TAKEN, .says = "'SSL'"},
    {ZK("PLAINTEXT://:9092,SSL://:9195"), .second = true, .reason = PS_REASON_PORT_TAKEN,
     .says = "9195"},
    {PLAIN, .name = "PLAINTEXT", TAKEN = "'PLAINTEXT'"},
    {ZK("A://:1,B://:2"), .map = "A:SSL,B:SSL", .inter_broker = "b", .name = "B", TAKEN = "'B'"},
    {ZK("A://:1"), .map = "A:SSL,B:SSL", .inter_broker = "B", .name = "A", TAKEN = "only"},
    {COMBINED, .name = "CONTROLLER", TAKEN = "'CONTROLLER'"},
    {PLAIN, .roles = "broker", .controllers = "CTRL", .name = "ctrl", TAKEN = "controller"},
    {ZK("A://:1"), .map = "A:SSL", .inter_broker = "PORTSIDE", TAKEN = "'PORTSIDE'"},
};

static void check_unchanged(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_listener_plan made;
    plan(arena, row, &made);
    ck_assert_msg(made.outcome == PS_LISTENER_UNCHANGED, "%.*s", PS_FMT(made.message));
    ck_assert_int_eq((int)made.reason, (int)row->reason);
    if (row->reason == PS_REASON_NONE) {
        check_values(row, &made);
    }
}

static void check_refused(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_listener_plan made;
    plan(arena, row, &made);
    ck_assert_int_eq((int)made.outcome, (int)PS_LISTENER_REFUSED);
    ck_assert_msg(made.reason == row->reason, "%s: %.*s", ps_reason_name(made.reason),
                  PS_FMT(made.message));
    ck_assert_uint_gt(made.message.len, 0);
    ck_assert_msg(ps_str_contains(made.message, row->says), "%.*s", PS_FMT(made.message));
    ck_assert_uint_eq(made.listeners.len + made.advertised.len + made.protocol_map.len, 0);
}

START_TEST(test_unchanged)
{
    ps_in_arena(check_unchanged, &unchanged[_i]);
}
END_TEST

START_TEST(test_refused)
{
    ps_in_arena(check_refused, &refused[_i]);
}
END_TEST

/* count listeners, LISTENER0 on port 1 and so on, all in the map. */
static void plan_many(struct ps_arena *arena, size_t count, struct ps_listener_plan *ret_plan)
{
    struct row row = {.inter_broker = "L0"};
    struct ps_buf listeners;
    struct ps_buf map;
    ps_buf_init(&listeners, arena, 1024);
    ps_buf_init(&map, arena, 1024);
    for (size_t i = 0; i < count; i++) {
        ps_buf_printf(&listeners, "%sL%zu://:%zu", i == 0 ? "" : ",", i, i + 1);
        ps_buf_printf(&map, "%sL%zu:PLAINTEXT", i == 0 ? "" : ",", i);
    }
    row.listeners = listeners.ptr;
    row.map = map.ptr;
    plan(arena, &row, ret_plan);
}

static void check_many(struct ps_arena *arena, const void *arg)
{
    struct ps_listener_plan made;
    (void)arg;
    plan_many(arena, 63, &made);
    ck_assert_int_eq((int)made.outcome, (int)PS_LISTENER_CHANGED);
    for (size_t count = 64; count < 70; count++) {
        plan_many(arena, count, &made);
        ck_assert_int_eq((int)made.outcome, (int)PS_LISTENER_REFUSED);
        ck_assert_int_eq((int)made.reason, (int)PS_REASON_LISTENERS);
    }
    plan_many(arena, 9000, &made);
    ck_assert_int_eq((int)made.outcome, (int)PS_LISTENER_REFUSED);
    ck_assert_uint_lt(made.message.len, 400);
}

START_TEST(test_too_many)
{
    ps_in_arena(check_many, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("listener, refused");
    TCase *tcase = tcase_create("planner");
    tcase_add_loop_test(tcase, test_unchanged, 0, PS_COUNT(unchanged));
    tcase_add_loop_test(tcase, test_refused, 0, PS_COUNT(refused));
    tcase_add_test(tcase, test_too_many);
    suite_add_tcase(suite, tcase);
    return suite;
}
