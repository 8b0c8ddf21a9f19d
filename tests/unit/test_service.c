/* SPDX-License-Identifier: Apache-2.0 */
/* The Service planner: what is done in which situation, and what the objects look like. */
#include "portside/service.h"

#include <string.h>

#include "in_arena.h"
#include "support/runner.h"
#include "test_service_support.h"

#define BROKERS_0_TO_2                                                                             \
    "create Service external-kafka-0\ncreate Service external-kafka-1\n"                           \
    "create Service external-kafka-2\n"

/* A situation: a settled world of three brokers, then a change, then a plan. */
struct row {
    const char *name;
    void (*change)(struct ps_world *world);
    const char *plan;
};

static void nothing(struct ps_world *world)
{
    (void)world;
}

static void scale_down(struct ps_world *world)
{
    world->owner.replicas = 2;
}

static void scale_down_done(struct ps_world *world)
{
    world->owner.replicas = 2;
    ps_world_set_pods(world, 2);
}

static void scale_up(struct ps_world *world)
{
    world->owner.replicas = 4;
}

static void scale_to_zero(struct ps_world *world)
{
    world->owner.replicas = 0;
    ps_world_set_pods(world, 0);
}

static void start_higher(struct ps_world *world)
{
    world->owner.start = 1;
    ps_world_set_pods(world, 3);
}

static void delete_by_hand(struct ps_world *world)
{
    ps_world_remove_service(world, "external-kafka-1");
}

static void forget_record(struct ps_world *world)
{
    world->record = NULL;
}

static void withdraw(struct ps_world *world)
{
    world->withdrawn = true;
}

static void withdraw_done(struct ps_world *world)
{
    world->withdrawn = true;
    ps_world_set_pods(world, 0);
}

static void withdraw_restarted(struct ps_world *world)
{
    world->withdrawn = true;
    for (size_t i = 0; i < world->pod_count; i++) {
        world->pods[i].status = PS_STR("");
    }
}

static void opt_out(struct ps_world *world)
{
    world->exposures = (struct ps_exposures){.opted_out = true};
    ps_world_set_pods(world, 0);
}

static void delete_owner(struct ps_world *world)
{
    world->owner.deleting = true;
    ps_world_set_pods(world, 0);
}

/* The StatefulSet is made again; the garbage collector has not come yet. */
static void recreate(struct ps_world *world)
{
    world->owner.uid = PS_STR("u-new");
}

static void foreign(struct ps_world *world)
{
    ps_world_put_service(world, "external-kafka-1",
                         "{'metadata':{'name':'external-kafka-1','uid':'x'},'spec':{}}");
}

static void anothers(struct ps_world *world)
{
    ps_world_put_service(
        world, "external-kafka-1",
        "{'metadata':{'name':'external-kafka-1','uid':'x','labels':{"
        "'app.kubernetes.io/managed-by':'portside','portside.dev/statefulset':'kafka-1',"
        "'portside.dev/exposure':'external','portside.dev/role':'bootstrap'}},'spec':{}}");
}

static void on_its_way_out(struct ps_world *world)
{
    ps_world_put_service(
        world, "external-kafka-1",
        "{'metadata':{'name':'external-kafka-1','uid':'x','deletionTimestamp':'now','labels':{"
        "'app.kubernetes.io/managed-by':'portside'}},'spec':{}}");
}

static void surplus_on_its_way_out(struct ps_world *world)
{
    scale_down_done(world);
    ps_world_put_service(
        world, "external-kafka-2",
        "{'metadata':{'name':'external-kafka-2','uid':'x','deletionTimestamp':'now','labels':{"
        "'app.kubernetes.io/managed-by':'portside','portside.dev/statefulset':'kafka',"
        "'portside.dev/exposure':'external','portside.dev/ordinal':'2'}},'spec':{}}");
}

static void orphan(struct ps_world *world)
{
    ps_world_put_service(
        world, "external-kafka-1",
        "{'metadata':{'name':'external-kafka-1','uid':'x','labels':{'app.kubernetes.io/managed-by':"
        "'portside','portside.dev/statefulset':'kafka','portside.dev/exposure':'external',"
        "'portside.dev/ordinal':'1'}},'spec':{'ports':[{'name':'tcp-kafka','nodePort':31001}]}}");
}

static void type_none(struct ps_world *world)
{
    world->exposures.list[0].type = PS_EXPOSURE_NONE;
}

static void rename_exposure(struct ps_world *world)
{
    world->exposures.list[0].name = PS_STR("vpn");
    ps_world_set_pods(world, 2);
    world->owner.replicas = 2;
}

static void no_bootstrap(struct ps_world *world)
{
    world->exposures.list[0].service.no_bootstrap = true;
}

static void share_port(struct ps_world *world)
{
    world->exposures.list[0].service.shared_port = true;
}

static void long_name(struct ps_world *world)
{
    world->exposures.list[0].service.no_bootstrap = true;
    world->exposures.list[0].name = PS_STR("a-name-of-forty-characters-is-the-longest");
    world->owner.name = PS_STR("a-statefulset-of-thirty-chars");
    world->owner.replicas = 1;
    ps_world_set_pods(world, 0);
    world->service_count = 0;
    world->record = NULL;
}

static void digit_first(struct ps_world *world)
{
    long_name(world);
    world->exposures.list[0].name = PS_STR("1a");
}

static void port_beyond(struct ps_world *world)
{
    world->exposures.list[0].node_port_base = 65534;
}

static void listener_moves(struct ps_world *world)
{
    world->exposures.list[0].listener_port = 9999;
}

static void allow_from(struct ps_world *world)
{
    static const struct ps_str from[] = {PS_STR_INIT("192.0.2.0/24")};
    world->exposures.list[0].service.allow_from = (struct ps_exposure_texts){1, from};
}

static void annotate(struct ps_world *world)
{
    static const struct ps_exposure_pair pairs[] = {
        {PS_STR_INIT("example.com/name"), PS_STR_INIT("b{ordinal}")},
        {PS_STR_INIT("evil.example/x"), PS_STR_INIT("y")},
        {PS_STR_INIT("portside.dev/applied"), PS_STR_INIT("y")},
    };
    world->policy.service_annotation_prefixes = PS_STR("example.com/, portside.dev/");
    world->exposures.list[0].service.bootstrap_annotations = (struct ps_exposure_pairs){3, pairs};
}

/* allow-from was in effect, and the brokers are gone. */
static void withdraw_guarded(struct ps_world *world)
{
    allow_from(world);
    ps_world_settle(world);
    withdraw_done(world);
}

/* A pod whose status nobody can read may advertise anything. */
static void unreadable_status(struct ps_world *world)
{
    rename_exposure(world);
    world->pods[0].status = PS_STR("not json");
    world->pods[1].status = PS_STR("{}");
}

static void dotted_name(struct ps_world *world)
{
    long_name(world);
    world->exposures.list[0].name = PS_STR("e");
    world->owner.name = PS_STR("a.b");
}

static const struct row rows[] = {
    {"settled", nothing, ""},
    {"scale down, pod still there", scale_down, ""},
    {"scale down", scale_down_done, "delete Service external-kafka-2\n"},
    {"scale up", scale_up, "create Service external-kafka-3\n"},
    {"replicas 0", scale_to_zero, ""},
    {"start ordinal", start_higher,
     "create Service external-kafka-3\ndelete Service external-kafka-0\n"},
    {"deleted by hand", delete_by_hand, "create Service external-kafka-1\n"},
    {"record lost", forget_record, "create ConfigMap kafka.ports.portside.dev\n"},
    {"label removed, brokers run", withdraw, ""},
    {"label removed, brokers gone", withdraw_done,
     "delete Service external-kafka-0\ndelete Service external-kafka-1\n"
     "delete Service external-kafka-2\ndelete Service external-kafka-bootstrap\n"},
    {"label removed, brokers made anew", withdraw_restarted,
     "delete Service external-kafka-0\ndelete Service external-kafka-1\n"
     "delete Service external-kafka-2\ndelete Service external-kafka-bootstrap\n"},
    {"opted out", opt_out,
     "delete Service external-kafka-0\ndelete Service external-kafka-1\n"
     "delete Service external-kafka-2\ndelete Service external-kafka-bootstrap\n"},
    {"StatefulSet on its way out", delete_owner, ""},
    {"StatefulSet made again", recreate,
     "take back Service external-kafka-0\ntake back Service external-kafka-1\n"
     "take back Service external-kafka-2\ntake back Service external-kafka-bootstrap\n"},
    {"foreign", foreign, "report Service external-kafka-1 ForeignObject\n"},
    {"another's", anothers, "report Service external-kafka-1 NameCollision\n"},
    {"on its way out", on_its_way_out, ""},
    {"surplus on its way out", surplus_on_its_way_out, ""},
    {"orphan", orphan, "take back Service external-kafka-1\n"},
    {"type None", type_none,
     "delete Service external-kafka-0\ndelete Service external-kafka-1\n"
     "delete Service external-kafka-2\ndelete Service external-kafka-bootstrap\n"},
    {"exposure renamed: what brokers advertise stays", rename_exposure,
     "create Service vpn-kafka-0\ncreate Service vpn-kafka-1\ncreate Service vpn-kafka-bootstrap\n"
     "delete Service external-kafka-2\n"},
    {"no bootstrap", no_bootstrap, "delete Service external-kafka-bootstrap\n"},
    {"shared port", share_port,
     "create Service external-kafka-shared\ndelete Service external-kafka-0\n"
     "delete Service external-kafka-1\ndelete Service external-kafka-2\n"},
    {"name too long", long_name,
     "report Service "
     "a-name-of-forty-characters-is-the-longest-a-statefulset-of-thirty-chars-0 NameInvalid\n"},
    {"name begins with a digit", digit_first,
     "report Service 1a-a-statefulset-of-thirty-chars-0 NameInvalid\n"},
    {"port beyond the last", port_beyond,
     "update Service external-kafka-0\nupdate Service external-kafka-1\n"
     "report Service external-kafka-2 PortOutOfRange\n"},
    {"label removed, guarded", withdraw_guarded,
     "delete NetworkPolicy portside-kafka\ndelete Service external-kafka-0\n"
     "delete Service external-kafka-1\ndelete Service external-kafka-2\n"
     "delete Service external-kafka-bootstrap\n"},
    {"status that nobody can read", unreadable_status,
     "create Service vpn-kafka-0\ncreate Service vpn-kafka-1\ncreate Service vpn-kafka-bootstrap\n"
     "delete Service external-kafka-2\n"},
    {"name with a dot", dotted_name, "report Service e-a.b-0 NameInvalid\n"},
    {"listener port changed", listener_moves,
     "update Service external-kafka-0\nupdate Service external-kafka-1\n"
     "update Service external-kafka-2\nupdate Service external-kafka-bootstrap\n"},
    {"allow-from", allow_from,
     "update Service external-kafka-bootstrap\ncreate NetworkPolicy portside-kafka\n"},
    {"annotations", annotate,
     "report Service external-kafka-bootstrap RefusedByPolicy\n"
     "report Service external-kafka-bootstrap RefusedByPolicy\n"
     "update Service external-kafka-bootstrap\n"},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_world world;
    ps_world_init(&world, arena, 3);
    ps_world_settle(&world);
    row->change(&world);
    struct ps_service_plan plan = ps_world_plan(&world);
    struct ps_str text = ps_plan_text(arena, &plan);
    ck_assert_msg(ps_str_is(text, row->plan), "%s:\n%.*s", row->name, PS_FMT(text));
    struct ps_service_plan again = ps_world_plan(&world);
    ck_assert_msg(ps_str_equal(text, ps_plan_text(arena, &again)), "%s", row->name);
    for (size_t i = 0; i < plan.count; i++) {
        ck_assert(ps_str_equal(plan.actions[i].body, again.actions[i].body));
    }
    ps_world_settle(&world);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

static void check_start(struct ps_arena *arena, const void *row)
{
    struct ps_world world;
    (void)row;
    ps_world_init(&world, arena, 3);
    struct ps_service_plan plan = ps_world_plan(&world);
    ck_assert_str_eq(ps_plan_text(arena, &plan).ptr,
                     BROKERS_0_TO_2 "create Service external-kafka-bootstrap\n");
    ck_assert_str_eq(
        plan.actions[1].body.ptr,
        "{\"apiVersion\":\"v1\",\"kind\":\"Service\",\"metadata\":{\"name\":\"external-kafka-1\","
        "\"namespace\":\"shop\",\"labels\":{\"app.kubernetes.io/managed-by\":\"portside\","
        "\"portside.dev/statefulset\":\"kafka\",\"portside.dev/role\":\"broker\","
        "\"portside.dev/exposure\":\"external\",\"portside.dev/ordinal\":\"1\"},"
        "\"annotations\":{\"portside.dev/applied\":\"891c57a18246b757\"},\"ownerReferences\":[{"
        "\"apiVersion\":\"apps/v1\",\"kind\":\"StatefulSet\",\"name\":\"kafka\",\"uid\":\"u-sts\"}]"
        "},\"spec\":{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\","
        "\"publishNotReadyAddresses\":true,\"selector\":{"
        "\"statefulset.kubernetes.io/pod-name\":\"kafka-1\"},\"ports\":[{\"name\":\"tcp-kafka\","
        "\"protocol\":\"TCP\",\"port\":9194,\"targetPort\":9194}]}}");
    const char *bootstrap = plan.actions[3].body.ptr;
    ck_assert_ptr_nonnull(strstr(bootstrap, "\"externalTrafficPolicy\":\"Cluster\",\"selector\":{"
                                            "\"portside.dev/statefulset\":\"kafka\"}"));
    ps_world_apply(&world, &plan);
    plan = ps_world_plan(&world);
    ck_assert_str_eq(ps_plan_text(arena, &plan).ptr, "create ConfigMap kafka.ports.portside.dev\n");
    ck_assert_ptr_null(strstr(plan.actions[0].body.ptr, "ownerReferences"));
    ck_assert_ptr_nonnull(
        strstr(plan.actions[0].body.ptr,
               "\"data\":{\"external-kafka-0\":\"31000\",\"external-kafka-1\":\"31001\","
               "\"external-kafka-2\":\"31002\",\"external-kafka-bootstrap\":\"31003\"}"));
}

START_TEST(test_start)
{
    ps_in_arena(check_start, NULL);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("service");
    TCase *tcase = tcase_create("service");
    tcase_add_loop_test(tcase, test_row, 0, PS_COUNT(rows));
    tcase_add_test(tcase, test_start);
    suite_add_tcase(suite, tcase);
    return suite;
}
