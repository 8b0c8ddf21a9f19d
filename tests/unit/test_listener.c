/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The planner by Kafka's rules, setting by setting. tests/judge asks Kafka itself; these rows need
 * no Kafka, and also look at what the planner says.
 */
#include "portside/listener.h"

#include "in_arena.h"
#include "support/runner.h"
#include "test_listener_support.h"

static const struct row added[] = {
    /* what is set and what is not */
    {.mirrored = "PLAINTEXT",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {PLAIN, .advertised = "PLAINTEXT://kafka:9092", .map = "PLAINTEXT:PLAINTEXT",
     .to_listeners = "PLAINTEXT://:9092" BIND, .to_advertised = "PLAINTEXT://kafka:9092," OURS,
     .to_map = "PLAINTEXT:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {PLAIN, .advertised = "PLAINTEXT://kafka:9092", .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://kafka:9092," OURS, .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {PLAIN, .map = "PLAINTEXT:PLAINTEXT", .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = "PLAINTEXT:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {COMBINED, .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",CONTROLLER:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {COMBINED, .advertised = "PLAINTEXT://k:9092", .map = "PLAINTEXT:PLAINTEXT,CONTROLLER:SSL",
     .to_advertised = "PLAINTEXT://k:9092," OURS,
     .to_map = "PLAINTEXT:PLAINTEXT,CONTROLLER:SSL,PORTSIDE:PLAINTEXT"},
    {PLAIN, .roles = "broker", .controllers = "CONTROLLER",
     .to_listeners = "PLAINTEXT://:9092" BIND, .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",CONTROLLER:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {PLAIN, .roles = "broker", .controllers = "A, B", .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",A:PLAINTEXT,B:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {.roles = "broker",
     .controllers = "PLAINTEXT,,",
     .listeners = "SSL://:1",
     .inter_broker = "SSL",
     .mirrored = "SSL",
     .speaks = PS_PROTOCOL_SSL,
     .to_listeners = "SSL://:1" BIND,
     .to_advertised = "SSL://:1," OURS,
     .to_map = MAP4 ",PORTSIDE:SSL"},
    /* no defaults for controllers beside a listener called SSL */
    {.roles = "broker",
     .controllers = "CTRL",
     .listeners = "SSL://:1",
     .inter_protocol = "SSL",
     .mirrored = "SSL",
     .speaks = PS_PROTOCOL_SSL,
     .to_listeners = "SSL://:1" BIND,
     .to_advertised = "SSL://:1," OURS,
     .to_map = MAP4 ",PORTSIDE:SSL"},
    {PLAIN, .roles = "broker", .controllers = ",CTRL,", .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",CTRL:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    /* how lists are written */
    {.mirrored = "PLAINTEXT",
     .listeners = " PLAINTEXT://:9092 , ",
     .advertised = ",PLAINTEXT://k:1,, ",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://k:1," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {PLAIN, .map = " PLAINTEXT : PLAINTEXT , X:SSL,,", .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = "PLAINTEXT:PLAINTEXT,X:SSL,PORTSIDE:PLAINTEXT"},
    {ZK("plaintext://:9092"), .advertised = "PlainText://k:1", .map = "Plaintext:plaintext",
     .mirrored = "PlainText", .to_listeners = "plaintext://:9092" BIND,
     .to_advertised = "PlainText://k:1," OURS, .to_map = "Plaintext:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {PLAIN, .advertised = "PLAINTEXT://$(POD_NAME).kafka:$(PORT)",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://$(POD_NAME).kafka:$(PORT)," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {PLAIN, .advertised = "PLAINTEXT://${file:/p:host}:9092",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://${file:/p:host}:9092," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {ZK("PLAINTEXT://[::]:9092"), .advertised = "PLAINTEXT://[2001:db8::1]:9092",
     .endpoint = "[2001:db8::2]:31000", .mirrored = "PLAINTEXT",
     .to_listeners = "PLAINTEXT://[::]:9092" BIND,
     .to_advertised = "PLAINTEXT://[2001:db8::1]:9092,PORTSIDE://[2001:db8::2]:31000",
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {ZK("LISTENER-A.b_1://:9092"), .map = "LISTENER-A.b_1:PLAINTEXT",
     .inter_broker = "LISTENER-A.b_1", .mirrored = "LISTENER-A.b_1",
     .to_listeners = "LISTENER-A.b_1://:9092" BIND, .to_advertised = "LISTENER-A.b_1://:9092," OURS,
     .to_map = "LISTENER-A.b_1:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {ZK("PLAINTEXT://:0"), .mirrored = "PLAINTEXT", .to_listeners = "PLAINTEXT://:0" BIND,
     .to_advertised = "PLAINTEXT://:0," OURS, .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    /* what is mirrored */
    {ZK("A://:1,B://:2"), .map = "A:PLAINTEXT,B:SASL_SSL", .inter_broker = "A", .mirrored = "B",
     .speaks = PS_PROTOCOL_SASL_SSL, .to_listeners = "A://:1,B://:2" BIND,
     .to_advertised = "A://:1,B://:2," OURS, .to_map = "A:PLAINTEXT,B:SASL_SSL,PORTSIDE:SASL_SSL"},
    {ZK("A://:1,B://:2"), .map = "A:SASL_SSL,B:PLAINTEXT", .inter_broker = "A", .mirrored = "B",
     .to_listeners = "A://:1,B://:2" BIND, .to_advertised = "A://:1,B://:2," OURS,
     .to_map = "A:SASL_SSL,B:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {ZK("A://:1,B://:2,C://:3,D://:4"), .map = "A:SSL,B:PLAINTEXT,C:SASL_PLAINTEXT,D:SSL",
     .inter_broker = "A", .mirrored = "D", .speaks = PS_PROTOCOL_SSL,
     .to_listeners = "A://:1,B://:2,C://:3,D://:4" BIND,
     .to_advertised = "A://:1,B://:2,C://:3,D://:4," OURS,
     .to_map = "A:SSL,B:PLAINTEXT,C:SASL_PLAINTEXT,D:SSL,PORTSIDE:SSL"},
    {ZK("A://:1,B://:2,C://:3"), .map = "A:SSL,B:PLAINTEXT,C:PLAINTEXT", .inter_broker = "A",
     .mirrored = "B", .to_listeners = "A://:1,B://:2,C://:3" BIND,
     .to_advertised = "A://:1,B://:2,C://:3," OURS,
     .to_map = "A:SSL,B:PLAINTEXT,C:PLAINTEXT,PORTSIDE:PLAINTEXT"},
    {ZK("A://:1,B://:2"), .advertised = "A://k:1", .map = "A:PLAINTEXT,B:SSL", .inter_broker = "A",
     .mirrored = "A", .to_listeners = "A://:1,B://:2" BIND, .to_advertised = "A://k:1," OURS,
     .to_map = "A:PLAINTEXT,B:SSL,PORTSIDE:PLAINTEXT"},
    {ZK("A://:1,SSL://:2"), .map = "A:PLAINTEXT,SSL:SSL", .inter_protocol = "SSL", .mirrored = "A",
     .to_listeners = "A://:1,SSL://:2" BIND, .to_advertised = "A://:1,SSL://:2," OURS,
     .to_map = "A:PLAINTEXT,SSL:SSL,PORTSIDE:PLAINTEXT"},
    {ZK("A://:1"), .map = "A:PLAINTEXT,A:SSL", .inter_broker = "A", .mirrored = "A",
     .speaks = PS_PROTOCOL_SSL, .to_listeners = "A://:1" BIND, .to_advertised = "A://:1," OURS,
     .to_map = "A:PLAINTEXT,A:SSL,PORTSIDE:SSL"},
    /* a protocol stated, and one that the map has for our name */
    {PLAIN, .protocol = PS_PROTOCOL_SSL, .speaks = PS_PROTOCOL_SSL,
     .to_listeners = "PLAINTEXT://:9092" BIND, .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",PORTSIDE:SSL"},
    {ZK("A://:1,B://:2,C://:3"), .map = "A:PLAINTEXT,B:SASL_SSL,C:SSL", .inter_broker = "A",
     .protocol = PS_PROTOCOL_SSL, .speaks = PS_PROTOCOL_SSL, .mirrored = "C",
     .to_listeners = "A://:1,B://:2,C://:3" BIND, .to_advertised = "A://:1,B://:2,C://:3," OURS,
     .to_map = "A:PLAINTEXT,B:SASL_SSL,C:SSL,PORTSIDE:SSL"},
    {PLAIN, .map = "PLAINTEXT:PLAINTEXT,portside:SSL", .speaks = PS_PROTOCOL_SSL,
     .to_listeners = "PLAINTEXT://:9092" BIND, .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = "PLAINTEXT:PLAINTEXT,portside:SSL"},
    {PLAIN, .map = "PLAINTEXT:PLAINTEXT,PORTSIDE:SSL", .protocol = PS_PROTOCOL_SSL,
     .speaks = PS_PROTOCOL_SSL, .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS, .to_map = "PLAINTEXT:PLAINTEXT,PORTSIDE:SSL"},
    /* before 3.0 */
    {.before_3_0 = true,
     .mirrored = "PLAINTEXT",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {.before_3_0 = true,
     .legacy = {"h", "1"},
     .mirrored = "PLAINTEXT",
     .to_listeners = "PLAINTEXT://h:1" BIND,
     .to_advertised = "PLAINTEXT://h:1," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {.before_3_0 = true,
     .legacy = {"h", "1", "a"},
     .mirrored = "PLAINTEXT",
     .to_listeners = "PLAINTEXT://h:1" BIND,
     .to_advertised = "PLAINTEXT://a:1," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {.before_3_0 = true,
     .legacy = {NULL, NULL, NULL, "7"},
     PLAIN,
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:7," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {.before_3_0 = true,
     .legacy = {"h", "1", "a", "7"},
     PLAIN,
     .advertised = "PLAINTEXT://k:2",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://k:2," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    {.legacy = {"h", "1", "a", "7"},
     .mirrored = "PLAINTEXT",
     .to_listeners = "PLAINTEXT://:9092" BIND,
     .to_advertised = "PLAINTEXT://:9092," OURS,
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT"},
    /* two wishes */
    {PLAIN, .second = true, .to_listeners = "PLAINTEXT://:9092" BIND ",VPN://:9195",
     .to_advertised = "PLAINTEXT://:9092," OURS ",VPN://vpn:1",
     .to_map = MAP4 ",PORTSIDE:PLAINTEXT,VPN:PLAINTEXT"},
    {ZK("A://:1"), .map = "A:PLAINTEXT", .inter_broker = "A", .protocol = PS_PROTOCOL_SASL_SSL,
     .speaks = PS_PROTOCOL_SASL_SSL, .second = true, .mirrored = "A",
     .to_listeners = "A://:1" BIND ",VPN://:9195", .to_advertised = "A://:1," OURS ",VPN://vpn:1",
     .to_map = "A:PLAINTEXT,PORTSIDE:SASL_SSL,VPN:PLAINTEXT"},
    /* adopted */
    {ZK("A://:1,EXTERNAL://:9094"), .advertised = "A://k:1,EXTERNAL://localhost:9094",
     .map = "A:PLAINTEXT,EXTERNAL:SSL", .inter_broker = "A", .name = "EXTERNAL", .adopted = true,
     .speaks = PS_PROTOCOL_SSL, .to_listeners = "A://:1,EXTERNAL://:9094",
     .to_advertised = "A://k:1,EXTERNAL://" NODE, .to_map = "A:PLAINTEXT,EXTERNAL:SSL"},
    {ZK("EXTERNAL://:9094,A://:1"), .advertised = "EXTERNAL://x:9094,A://k:1",
     .map = "A:PLAINTEXT,EXTERNAL:PLAINTEXT", .inter_broker = "A", .name = "external",
     .adopted = true, .to_listeners = "EXTERNAL://:9094,A://:1",
     .to_advertised = "EXTERNAL://" NODE ",A://k:1", .to_map = "A:PLAINTEXT,EXTERNAL:PLAINTEXT"},
    {ZK("A://:1,EXTERNAL://:9194"), .advertised = "A://k:1",
     .map = "A:PLAINTEXT,EXTERNAL:PLAINTEXT", .inter_broker = "A", .name = "EXTERNAL",
     .adopted = true, .to_listeners = "A://:1,EXTERNAL://:9194",
     .to_advertised = "A://k:1,EXTERNAL://" NODE, .to_map = "A:PLAINTEXT,EXTERNAL:PLAINTEXT"},
    {ZK("A://:1,EXTERNAL://:9094"), .advertised = "A://k:1", .map = "A:PLAINTEXT,EXTERNAL:SSL",
     .inter_broker = "A", .name = "EXTERNAL", .protocol = PS_PROTOCOL_SSL, .adopted = true,
     .speaks = PS_PROTOCOL_SSL, .to_listeners = "A://:1,EXTERNAL://:9094",
     .to_advertised = "A://k:1,EXTERNAL://" NODE, .to_map = "A:PLAINTEXT,EXTERNAL:SSL"},
};

static void check_added(struct ps_arena *arena, const void *arg)
{
    struct ps_listener_plan made;
    plan(arena, arg, &made);
    ck_assert_msg(made.outcome == PS_LISTENER_CHANGED, "%.*s", PS_FMT(made.message));
    ck_assert_int_eq((int)made.reason, (int)PS_REASON_NONE);
    check_values(arg, &made);
}

/* What the planner wrote, given back to it, is what it wants. */
static void check_again(struct ps_arena *arena, const void *arg)
{
    struct row row = *(const struct row *)arg;
    struct ps_listener_plan first;
    struct ps_listener_plan second;
    plan(arena, &row, &first);
    row.listeners = ps_arena_copy(arena, first.listeners).ptr;
    row.advertised = ps_arena_copy(arena, first.advertised).ptr;
    row.map = ps_arena_copy(arena, first.protocol_map).ptr;
    plan(arena, &row, &second);
    ck_assert_msg(second.outcome == PS_LISTENER_UNCHANGED, "%.*s", PS_FMT(second.message));
    ck_assert(ps_str_equal(first.listeners, second.listeners));
    ck_assert(ps_str_equal(first.advertised, second.advertised));
    ck_assert(ps_str_equal(first.protocol_map, second.protocol_map));
}

START_TEST(test_added)
{
    ps_in_arena(check_added, &added[_i]);
}
END_TEST

START_TEST(test_again)
{
    ps_in_arena(check_again, &added[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("listener");
    TCase *tcase = tcase_create("planner");
    tcase_add_loop_test(tcase, test_added, 0, PS_COUNT(added));
    tcase_add_loop_test(tcase, test_again, 0, PS_COUNT(added));
    suite_add_tcase(suite, tcase);
    return suite;
}
