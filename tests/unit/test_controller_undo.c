/* SPDX-License-Identifier: Apache-2.0 */
/* The way back: labels removed and set again, StatefulSets and namespaces that go. */
#include "support/runner.h"
#include "test_controller_life.h"

#include <string.h>

#define NS "/api/v1/namespaces/ns"
#define SERVICE_PATH NS "/services/external-kafka-"
#define STATUS_PATH NS "/configmaps/external-kafka"
#define RECORD_PATH NS "/configmaps/kafka.ports.portside.dev"
#define STS_PATH "/apis/apps/v1/namespaces/ns/statefulsets/kafka"
#define OPTED_OUT "\"portside.dev/inject\":\"false\""

static void put_namespace(struct ps_world *world, const char *label, const char *more)
{
    char text[256];
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"ns\"%s,\"labels\":{\"portside.dev/inject\":\"%s\"}}}",
                   more, label);
    ps_world_put(world, NS, text);
}

/* A pod as it is made without portside. */
static void put_plain_pod(struct ps_world *world, unsigned ordinal)
{
    char path[64];
    char text[128];
    (void)snprintf(path, sizeof(path), NS "/pods/kafka-%u", ordinal);
    (void)snprintf(text, sizeof(text),
                   "{\"metadata\":{\"name\":\"kafka-%u\",\"namespace\":\"ns\"},\"spec\":{}}",
                   ordinal);
    ps_world_replace(world, path, text);
}

static struct ps_world *begin(void)
{
    static const struct ps_step steps[] = {{0, ps_life_create}, {0, NULL}};
    struct ps_world *world = ps_world_begin(NULL, steps, NULL);
    ps_world_run(world, 5000);
    ck_assert_ptr_nonnull(ps_world_get(world, SERVICE_PATH "0"));
    ck_assert_ptr_nonnull(ps_world_get(world, SERVICE_PATH "bootstrap"));
    ck_assert_ptr_nonnull(ps_world_get(world, STATUS_PATH));
    ck_assert_ptr_nonnull(ps_world_get(world, RECORD_PATH));
    return world;
}

static void check_all(const struct ps_world *world, bool there, const char *what)
{
    static const char *const paths[] = {SERVICE_PATH "0", SERVICE_PATH "1",
                                        SERVICE_PATH "bootstrap", STATUS_PATH};
    for (size_t i = 0; i < PS_COUNT(paths); i++) {
        ck_assert_msg((ps_world_get(world, paths[i]) != NULL) == there, "%s: %s", what, paths[i]);
    }
    ck_assert_msg(ps_world_get(world, RECORD_PATH) != NULL, "%s: the record went", what);
}

/* Brokers are restarted one by one; all goes with the last one, but for the record of ports. */
static void restart_brokers(struct ps_world *world, uint64_t from_ms)
{
    ps_world_run(world, from_ms + 5000);
    check_all(world, true, "both brokers are injected");
    put_plain_pod(world, 0);
    ps_world_run(world, from_ms + 10000);
    check_all(world, true, "one broker is injected");
    put_plain_pod(world, 1);
    ps_world_run(world, from_ms + 15000);
    check_all(world, false, "no broker is injected");
}

START_TEST(label_removed_and_set_again)
{
    struct ps_world *world = begin();
    put_namespace(world, "off", "");
    restart_brokers(world, 5000);
    put_namespace(world, "enabled", "");
    ps_life_put_pod(world, 0, "n1", true);
    ps_life_put_pod(world, 1, "n2", true);
    ps_world_run(world, 30000); /* a Service with another port would end the test */
    check_all(world, true, "the label is back");
    ps_world_end(world);
}
END_TEST

static bool names(const struct ps_world *world, const char *address)
{
    return strstr(ps_world_get(world, STATUS_PATH), address) != NULL;
}

static void remove_label(struct ps_world *world)
{
    put_namespace(world, "off", "");
}

static void opt_out(struct ps_world *world)
{
    ps_life_put_set(world, 2, OPTED_OUT);
}

/* Another annotation cannot be read: what is known stays, and nobody is blamed. */
static void opt_out_amid_nonsense(struct ps_world *world)
{
    ps_life_put_set(world, 2, OPTED_OUT ",\"portside.dev/listener-port\":\"abc\"");
}

static const struct {
    void (*act)(struct ps_world *world);
    bool readable;
} ways_out[] = {{remove_label, true}, {opt_out, true}, {opt_out_amid_nonsense, false}};

/*
 * A broker that has lost its listener is none that clients should dial; one that has it waits for
 * its endpoint, or is asked for by the one that is published.
 */
START_TEST(brokers_are_served_on_the_way_out)
{
    bool readable = ways_out[_i].readable;
    struct ps_world *world = begin();
    ps_life_put_pod(world, 0, "n1", false);
    ps_world_run(world, 10000);
    ck_assert(names(world, "203.0.113.1:") && !names(world, "203.0.113.2:"));
    ways_out[_i].act(world);
    ps_world_run(world, 12000);
    ps_life_put_pod(world, 1, "n2", false);
    ps_world_run(world, 15000);
    ck_assert(names(world, "203.0.113.2:") == readable);
    put_plain_pod(world, 0);
    ps_world_run(world, 20000);
    ck_assert(names(world, "203.0.113.1:") != readable);
    put_plain_pod(world, 1);
    ps_world_run(world, 25000);
    check_all(world, false, "no broker is injected");
    ps_world_end(world);
}
END_TEST

START_TEST(one_statefulset_opted_out)
{
    struct ps_world *world = begin();
    ps_life_put_set(world, 2, OPTED_OUT);
    restart_brokers(world, 5000);
    ps_life_put_set(world, 2, "\"portside.dev/inject\":\"true\"");
    ps_life_put_pod(world, 0, "n1", true);
    ps_world_run(world, 30000);
    check_all(world, true, "it takes part again");
    ps_world_end(world);
}
END_TEST

/* Its objects go one after the other, each with a word of the watches; nothing is put back. */
START_TEST(a_namespace_that_ends)
{
    static const char *const paths[] = {
        SERVICE_PATH "0", RECORD_PATH, NS "/pods/kafka-0", SERVICE_PATH "bootstrap",
        STS_PATH,         STATUS_PATH, SERVICE_PATH "1",   NS "/pods/kafka-1"};
    struct ps_world *world = begin();
    put_namespace(world, "enabled", ",\"deletionTimestamp\":\"2026-01-01T00:00:00Z\"");
    ps_world_run(world, 5010);
    ps_world_forbid_writes(world, true);
    for (size_t i = 0; i < PS_COUNT(paths); i++) {
        ps_world_delete(world, paths[i]);
        ps_world_run(world, 6000 + 1000 * i);
    }
    ps_world_delete(world, NS);
    ps_world_run(world, 20000);
    size_t requests = ps_world_requests(world);
    ck_assert_int_eq(ps_world_metric(world, "portside_controller_statefulsets"), 0);
    ps_world_run(world, 80000); /* the Lease alone, every two seconds */
    ck_assert_uint_le(ps_world_requests(world) - requests, 40);
    ps_world_end(world);
}
END_TEST

/* With --cascade=orphan: what has no owner is taken back by the next one of that name. */
START_TEST(orphans_are_taken_back)
{
    struct ps_world *world = begin();
    char before[2048];
    ps_world_delete(world, STS_PATH);
    ps_world_run(world, 10000);
    check_all(world, true, "the StatefulSet is away");
    (void)snprintf(before, sizeof(before), "%s", ps_world_get(world, SERVICE_PATH "0"));
    ps_life_put_set(world, 2, "");
    ps_world_run(world, 15000);
    check_all(world, true, "there is another one");
    const char *after = ps_world_get(world, SERVICE_PATH "0");
    const char *uid = strstr(strstr(ps_world_get(world, STS_PATH), "\"uid\""), "uid-");
    char owner[32];
    (void)snprintf(owner, sizeof(owner), "\"%.*s\"}]", (int)strcspn(uid, "\""), uid);
    ck_assert_msg(strstr(after, owner) != NULL, "not owned by %s: %s", owner, after);
    ck_assert_ptr_null(strstr(before, owner));
    ps_world_end(world);
}
END_TEST

START_TEST(made_again_by_the_record)
{
    struct ps_world *world = begin();
    static const char *const paths[] = {
        STS_PATH,    SERVICE_PATH "0",   SERVICE_PATH "1",  SERVICE_PATH "bootstrap",
        STATUS_PATH, NS "/pods/kafka-0", NS "/pods/kafka-1"};
    for (size_t i = 0; i < PS_COUNT(paths); i++) {
        ps_world_delete(world, paths[i]); /* as the garbage collector does */
    }
    ps_world_run(world, 10000);
    ck_assert_ptr_null(ps_world_get(world, SERVICE_PATH "0"));
    ps_life_put_set(world, 2, "");
    ps_life_put_pod(world, 0, "n1", true);
    ps_world_run(world, 20000); /* a Service with another port would end the test */
    check_all(world, true, "it is made again");
    ps_world_end(world);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("controller_undo");
    TCase *tc = tcase_create("world");
    tcase_add_test(tc, label_removed_and_set_again);
    tcase_add_loop_test(tc, brokers_are_served_on_the_way_out, 0, (int)PS_COUNT(ways_out));
    tcase_add_test(tc, one_statefulset_opted_out);
    tcase_add_test(tc, a_namespace_that_ends);
    tcase_add_test(tc, orphans_are_taken_back);
    tcase_add_test(tc, made_again_by_the_record);
    suite_add_tcase(suite, tc);
    return suite;
}
