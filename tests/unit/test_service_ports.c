/* SPDX-License-Identifier: Apache-2.0 */
/* Node ports: chosen ones are kept, wished ones are followed. */
#include "in_arena.h"
#include "portside/service.h"
#include "support/runner.h"
#include "test_service_support.h"

static uint32_t node_port(const struct ps_world *world, const char *name)
{
    int64_t port = 0;
    const struct ps_json *service = ps_world_service(world, name);
    ck_assert_msg(service != NULL, "no Service %s", name);
    (void)ps_json_to_int(
        ps_json_get(ps_json_first(ps_json_get2(service, "spec", "ports")), "nodePort"), &port);
    return (uint32_t)port;
}

/* Ports outlive Services, the StatefulSet, and a scaling to 0 and back. */
static void check_ports(struct ps_arena *arena, const void *row)
{
    struct ps_world world;
    (void)row;
    ps_world_init(&world, arena, 3);
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-1"), 31001);
    ps_world_remove_service(&world, "external-kafka-1");
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-1"), 31001);
    /* StatefulSet deleted: its Services go with it. */
    world.service_count = 0;
    world.owner.uid = PS_STR("u-new");
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-0"), 31000);
    ck_assert_uint_eq(node_port(&world, "external-kafka-bootstrap"), 31003);
    world.owner.replicas = 0;
    ps_world_set_pods(&world, 0);
    ps_world_settle(&world);
    ck_assert_uint_eq(world.service_count, 4);
    world.owner.replicas = 1;
    ps_world_set_pods(&world, 1);
    ps_world_settle(&world);
    ck_assert_uint_eq(world.service_count, 2);
    world.owner.replicas = 3;
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-2"), 31002);
    /* Somebody else took the port meanwhile. */
    ps_world_remove_service(&world, "external-kafka-2");
    world.refused[world.refused_count++] = PS_STR("external-kafka-2");
    ps_world_settle(&world);
    world.refused_count = 0;
    ck_assert_uint_eq(node_port(&world, "external-kafka-2"), 31004);
    ps_world_settle(&world);
    ck_assert_str_eq(ps_json_get_text(ps_json_get(world.record, "data"), "external-kafka-2").ptr,
                     "31004");
    /* The record is lost with a Service, but its broker still advertises the port. */
    world.advertised[world.advertised_count++] =
        (struct ps_service_port){PS_STR("external-kafka-2"), 31004};
    world.record = NULL;
    ps_world_remove_service(&world, "external-kafka-2");
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-2"), 31004);
}

START_TEST(test_ports)
{
    ps_in_arena(check_ports, NULL);
}
END_TEST

static void check_fixed_ports(struct ps_arena *arena, const void *row)
{
    struct ps_world world;
    (void)row;
    ps_world_init(&world, arena, 3);
    world.owner.start = 5;
    ps_world_set_pods(&world, 3);
    world.exposures.list[0].node_port_base = 30100;
    world.exposures.list[0].service.bootstrap_node_port = 30099;
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-5"), 30105);
    ck_assert_uint_eq(node_port(&world, "external-kafka-7"), 30107);
    ck_assert_uint_eq(node_port(&world, "external-kafka-bootstrap"), 30099);
    world.exposures.list[0].node_port_base = 30200;
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-7"), 30207);
    world.exposures.list[0].service.shared_port = true;
    ps_world_settle(&world);
    ck_assert_uint_eq(node_port(&world, "external-kafka-shared"), 30200);
}

START_TEST(test_fixed_ports)
{
    ps_in_arena(check_fixed_ports, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("service_ports");
    TCase *tcase = tcase_create("service_ports");
    tcase_add_test(tcase, test_ports);
    tcase_add_test(tcase, test_fixed_ports);
    suite_add_tcase(suite, tcase);
    return suite;
}
