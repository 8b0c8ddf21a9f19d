/* SPDX-License-Identifier: Apache-2.0 */
#include "test_controller_life.h"

#include "broker_env.h"
#include "portside/heap.h"
#include "portside/str.h"

#include <stdio.h>
#include <string.h>

#define NS "/api/v1/namespaces/ns"
#define STS_PATH "/apis/apps/v1/namespaces/ns/statefulsets/kafka"
#define LEASE_PATH "/apis/coordination.k8s.io/v1/namespaces/portside/leases/portside"
#define SERVICE_PATH NS "/services/external-kafka-"
#define POD_PATH NS "/pods/kafka-"

void ps_life_put_set(struct ps_world *world, unsigned replicas, const char *annotation)
{
    char text[4096];
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"kafka\",\"namespace\":\"ns\",\"annotations\":{%s}},"
                   "\"spec\":{\"replicas\":%u,\"template\":{\"metadata\":{\"labels\":{\"app\":"
                   "\"kafka\"}},\"spec\":{\"containers\":[{\"name\":\"kafka\",\"image\":"
                   "\"apache/kafka:4.1.0\",\"env\":[" BROKER_ENV "]}]}}}}",
                   annotation, replicas);
    ps_world_put(world, STS_PATH, text);
}

void ps_life_put_pod(struct ps_world *world, unsigned ordinal, const char *node, bool anew)
{
    char path[128];
    char text[1024];
    (void)snprintf(path, sizeof(path), POD_PATH "%u", ordinal);
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"kafka-%u\",\"namespace\":\"ns\",\"labels\":{"
                   "\"portside.dev/statefulset\":\"kafka\"},\"annotations\":{"
                   "\"portside.dev/status\":\"{\\\"contract\\\":1,\\\"listeners\\\":"
                   "{\\\"external\\\":\\\"PORTSIDE\\\"}}\"}},\"spec\":{%s%s%s}}",
                   ordinal, node == NULL ? "" : "\"nodeName\":\"", node == NULL ? "" : node,
                   node == NULL ? "" : "\"");
    (anew ? ps_world_replace : ps_world_put)(world, path, text);
}

static void put_node(struct ps_world *world, const char *name, const char *address)
{
    char path[64];
    char text[256];
    (void)snprintf(path, sizeof(path), "/api/v1/nodes/%s", name);
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"%s\"},\"status\":{\"addresses\":[{\"type\":"
                   "\"ExternalIP\",\"address\":\"%s\"}]}}",
                   name, address);
    ps_world_put(world, path, text);
}

void ps_life_create(struct ps_world *world)
{
    ps_world_put(
        world, "/api/v1/namespaces/ns",
        "{\"metadata\":{\"name\":\"ns\",\"labels\":{\"portside.dev/inject\":\"enabled\"}}}");
    put_node(world, "n1", "203.0.113.1");
    put_node(world, "n2", "203.0.113.2");
    ps_life_put_set(world, 2, "");
    ps_life_put_pod(world, 0, NULL, false);
    ps_life_put_pod(world, 1, NULL, false);
}

static void bind_first(struct ps_world *world)
{
    ps_life_put_pod(world, 0, "n1", false);
}

static void bind_second(struct ps_world *world)
{
    ps_life_put_pod(world, 1, "n2", false);
}

static void scale_up(struct ps_world *world)
{
    ps_life_put_set(world, 3, "");
    ps_life_put_pod(world, 2, "n1", false);
}

static void lose_service(struct ps_world *world)
{
    ps_world_delete(world, SERVICE_PATH "0");
}

static void move_second(struct ps_world *world)
{
    ps_life_put_pod(world, 1, "n1", true);
}

static void scale_down(struct ps_world *world)
{
    ps_life_put_set(world, 2, "");
    ps_world_delete(world, POD_PATH "2");
}

const struct ps_step ps_life[] = {
    {0, ps_life_create},   {5000, bind_first},   {10000, bind_second}, {15000, scale_up},
    {25000, lose_service}, {35000, move_second}, {100000, scale_down}, {0, NULL},
};

static void take_lease(struct ps_world *world, const char *holder, unsigned beat)
{
    char text[512];
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"portside\",\"namespace\":\"portside\"},\"spec\":{"
                   "\"holderIdentity\":\"%s\",\"leaseDurationSeconds\":10,\"renewTime\":"
                   "\"2026-05-28T20:27:%02u.000000Z\"}}",
                   holder, beat);
    ps_world_put(world, LEASE_PATH, text);
}

void ps_life_other_leads(struct ps_world *world)
{
    take_lease(world, "other", 1);
}

void ps_life_other_renews(struct ps_world *world)
{
    take_lease(world, "other", (unsigned)(ps_world_now_ms(world) / 1000 % 60));
}

void ps_life_forbid_writes(struct ps_world *world)
{
    ps_world_forbid_writes(world, true);
}

void ps_life_other_leaves(struct ps_world *world)
{
    ps_world_forbid_writes(world, false);
    take_lease(world, "", 59);
}

void ps_life_sleep(struct ps_world *world)
{
    ps_world_jump(world, 3600000, 3600000);
}

void ps_life_sleep_with_the_clock_stopped(struct ps_world *world)
{
    ps_world_jump(world, 0, 3600000);
}

void ps_life_set_the_clock_back(struct ps_world *world)
{
    ps_world_jump(world, 0, -7200000);
}

void ps_life_grow(struct ps_world *world)
{
    static char text[1300000];
    size_t len = (size_t)snprintf(text, sizeof(text), "\"x-large\":\"");
    memset(text + len, 'a', sizeof(text) - len - 2);
    text[sizeof(text) - 2] = '"';
    text[sizeof(text) - 1] = '\0';
    char *annotations = ps_heap_copy(ps_str_of(text));
    char *object = ps_heap_new(sizeof(text) + 256, 1);
    (void)snprintf(object, sizeof(text) + 256,
                   "{\"metadata\":{\"name\":\"x-large\",\"namespace\":\"ns\",\"annotations\":{%s},"
                   "\"labels\":{\"portside.dev/statefulset\":\"kafka\"}},\"spec\":{}}",
                   annotations);
    ps_world_put(world, NS "/pods/x-large", object);
    ps_heap_free(annotations);
    ps_heap_free(object);
}

void ps_life_put_hostile(struct ps_world *world)
{
    static const char *const kinds[] = {"services", "configmaps", "pods"};
    static const char *const bodies[] = {
        "\"spec\":3,\"status\":[],\"data\":{\"external-kafka-0\":7}",
        "\"spec\":{\"ports\":[{\"nodePort\":-1},null,\"x\"],\"type\":\"NodePort\\u001b[2J\"}",
        "\"spec\":{\"nodeName\":\"../../secrets/x?y#\"},\"data\":{\"a\":{\"b\":[[[]]]}}",
    };
    for (size_t i = 0; i < PS_COUNT(kinds) * PS_COUNT(bodies); i++) {
        char path[128];
        char text[1024];
        size_t kind = i / PS_COUNT(bodies);
        (void)snprintf(path, sizeof(path), NS "/%s/x-%zu", kinds[kind], i);
        (void)snprintf(
            text, sizeof(text),
            "{\"metadata\":{\"name\":\"x-%zu\",\"namespace\":\"ns\",\"labels\":{"
            "\"app.kubernetes.io/managed-by\":\"portside\",\"portside.dev/ordinal\":"
            "\"-9e9\",\"portside.dev/statefulset\":\"kafka\",\"portside.dev/role\":"
            "\"ports\"},\"annotations\":{\"portside.dev/status\":\"{\\\"contract\\\":\"},"
            "\"ownerReferences\":7},%s}",
            i, bodies[i % PS_COUNT(bodies)]);
        ps_world_put(world, path, text);
    }
}

void ps_life_remake_second(struct ps_world *world)
{
    ps_life_put_pod(world, 1, "n2", true);
}
