/* SPDX-License-Identifier: Apache-2.0 */
/* What each option of an exposure does to the objects, and what the API server may add to them. */
#include <string.h>

#include "in_arena.h"
#include "portside/service.h"
#include "support/runner.h"
#include "test_service_support.h"

#define PREFIX "\"spec\":"

/* An option and the spec of the first broker's and the bootstrap Service. */
struct row {
    const char *name;
    struct ps_exposure exposure;
    const char *broker;
    const char *bootstrap;
};

static const struct ps_str ips[] = {PS_STR_INIT("192.0.2.10"), PS_STR_INIT("192.0.2.11")};
static const struct ps_str ranges[] = {PS_STR_INIT("10.0.0.0/8"), PS_STR_INIT("2001:db8::/32")};

#define POD "\"selector\":{\"statefulset.kubernetes.io/pod-name\":\"kafka-0\"}"
#define ALL "\"selector\":{\"portside.dev/statefulset\":\"kafka\"}"
#define PORT                                                                                       \
    "\"ports\":[{\"name\":\"tcp-kafka\",\"protocol\":\"TCP\",\"port\":9194,\"targetPort\":9194}]"

static const struct row rows[] = {
    {"cluster policy",
     {.service = {.cluster_policy = true}},
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Cluster\",\"publishNotReadyAddresses\":"
     "true," POD "," PORT "}",
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Cluster\"," ALL "," PORT "}"},
    {"ClusterIP",
     {.type = PS_EXPOSURE_CLUSTER_IP, .node_port_base = 30000},
     "{\"type\":\"ClusterIP\",\"publishNotReadyAddresses\":true," POD "," PORT "}",
     "{\"type\":\"ClusterIP\"," ALL "," PORT "}"},
    {"load balancer",
     {.type = PS_EXPOSURE_LOAD_BALANCER,
      .service = {.load_balancer_class = PS_STR_INIT("example.com/lb"),
                  .load_balancer_ips = {2, ips},
                  .no_node_ports = true,
                  .allow_from = {2, ranges}}},
     "{\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Local\",\"publishNotReadyAddresses\":"
     "true," POD "," PORT ",\"loadBalancerClass\":\"example.com/lb\",\"loadBalancerIP\":"
     "\"192.0.2.10\",\"allocateLoadBalancerNodePorts\":false,\"loadBalancerSourceRanges\":["
     "\"10.0.0.0/8\",\"2001:db8::/32\"]}",
     "{\"type\":\"LoadBalancer\",\"externalTrafficPolicy\":\"Cluster\"," ALL "," PORT
     ",\"loadBalancerClass\":\"example.com/lb\",\"allocateLoadBalancerNodePorts\":false,"
     "\"loadBalancerSourceRanges\":[\"10.0.0.0/8\",\"2001:db8::/32\"]}"},
    {"IP families",
     {.service = {.ip_family_count = 2,
                  .ip_families = {PS_IP_FAMILY_6, PS_IP_FAMILY_4},
                  .ip_family_policy = PS_IP_FAMILY_POLICY_PREFER_DUAL}},
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\",\"publishNotReadyAddresses\":"
     "true," POD "," PORT ",\"ipFamilyPolicy\":\"PreferDualStack\",\"ipFamilies\":[\"IPv6\","
     "\"IPv4\"]}",
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Cluster\"," ALL "," PORT
     ",\"ipFamilyPolicy\":\"PreferDualStack\",\"ipFamilies\":[\"IPv6\",\"IPv4\"]}"},
    {"one IP family",
     {.service = {.ip_family_count = 1,
                  .ip_families = {PS_IP_FAMILY_6},
                  .ip_family_policy = PS_IP_FAMILY_POLICY_SINGLE}},
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\",\"publishNotReadyAddresses\":"
     "true," POD "," PORT ",\"ipFamilyPolicy\":\"SingleStack\",\"ipFamilies\":[\"IPv6\"]}",
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Cluster\"," ALL "," PORT
     ",\"ipFamilyPolicy\":\"SingleStack\",\"ipFamilies\":[\"IPv6\"]}"},
    {"both IP families",
     {.service = {.ip_family_policy = PS_IP_FAMILY_POLICY_REQUIRE_DUAL}},
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\",\"publishNotReadyAddresses\":"
     "true," POD "," PORT ",\"ipFamilyPolicy\":\"RequireDualStack\"}",
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Cluster\"," ALL "," PORT
     ",\"ipFamilyPolicy\":\"RequireDualStack\"}"},
    {"allow-from on node ports keeps the client's address",
     {.service = {.allow_from = {2, ranges}}},
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\",\"publishNotReadyAddresses\":"
     "true," POD "," PORT "}",
     "{\"type\":\"NodePort\",\"externalTrafficPolicy\":\"Local\"," ALL "," PORT "}"},
};

static void check_spec(const struct row *row, struct ps_str body, const char *spec)
{
    size_t at = ps_str_find(body, PS_STR(PREFIX), 0) + strlen(PREFIX);
    struct ps_str found = ps_str_slice(body, at, body.len - 1);
    ck_assert_msg(ps_str_is(found, spec), "%s: %.*s", row->name, PS_FMT(found));
}

static void set_exposure(struct ps_world *world, const struct ps_exposure *exposure)
{
    struct ps_exposure *ours = &world->exposures.list[0];
    ours->type = exposure->type;
    ours->node_port_base = exposure->node_port_base;
    ours->service = exposure->service;
}

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_world world;
    ps_world_init(&world, arena, 1);
    set_exposure(&world, &row->exposure);
    struct ps_service_plan plan = ps_world_plan(&world);
    ck_assert_uint_ge(plan.count, 2);
    check_spec(row, plan.actions[0].body, row->broker);
    check_spec(row, plan.actions[1].body, row->bootstrap);
    ps_world_settle(&world);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

/* Other policies of the namespace, and whether the pods are isolated by them. */
struct policy_case {
    const char *policy;
    bool isolated;
};

static const struct policy_case policies[] = {
    {"{'spec':{'podSelector':{}}}", true},
    {"{'spec':{'podSelector':{},'policyTypes':['Egress']}}", false},
    {"{'spec':{'podSelector':{},'policyTypes':['Egress','Ingress']}}", true},
    {"{'spec':{'podSelector':{'matchLabels':{'app':'kafka'}}}}", true},
    {"{'spec':{'podSelector':{'matchLabels':{'app':'zoo'}}}}", false},
    {"{'spec':{'podSelector':{'matchLabels':{'portside.dev/statefulset':'kafka'}}}}", true},
    {"{'spec':{'podSelector':{'matchExpressions':[{'key':'app','operator':'In','values':['x',"
     "'kafka']}]}}}",
     true},
    {"{'spec':{'podSelector':{'matchExpressions':[{'key':'app','operator':'NotIn','values':["
     "'kafka']}]}}}",
     false},
    {"{'spec':{'podSelector':{'matchExpressions':[{'key':'app','operator':'Exists'}]}}}", true},
    {"{'spec':{'podSelector':{'matchExpressions':[{'key':'b','operator':'DoesNotExist'}]}}}", true},
    {"{'spec':{'podSelector':{'matchExpressions':[{'key':'b','operator':'Exists'}]}}}", false},
    {"{'metadata':{'labels':{'app.kubernetes.io/managed-by':'portside'}},'spec':{'podSelector':{}}"
     "}",
     false},
};

#define GUARD                                                                                      \
    "{\"podSelector\":{\"matchLabels\":{\"portside.dev/statefulset\":\"kafka\"}},"                 \
    "\"policyTypes\":[\"Ingress\"],\"ingress\":[{\"from\":[{\"ipBlock\":{\"cidr\":\"10.0.0.0/8\"}" \
    "},{\"ipBlock\":{\"cidr\":\"2001:db8::/32\"}}],\"ports\":[{\"protocol\":\"TCP\",\"port\":"     \
    "9194}]}"
#define OTHERS                                                                                     \
    ",{\"ports\":[{\"protocol\":\"TCP\",\"port\":1,\"endPort\":9193},{\"protocol\":\"TCP\","       \
    "\"port\":9195,\"endPort\":65535},{\"protocol\":\"UDP\",\"port\":1,\"endPort\":65535},{"       \
    "\"protocol\":\"SCTP\",\"port\":1,\"endPort\":65535}]}"

static void check_policy(struct ps_arena *arena, const void *arg)
{
    const struct policy_case *row = arg;
    struct ps_world world;
    ps_world_init(&world, arena, 1);
    world.exposures.list[0].service.allow_from = (struct ps_exposure_texts){2, ranges};
    world.pod_labels = ps_quoted(arena, "{'app':'kafka'}");
    world.network_policies[world.network_policy_count++] = ps_quoted(arena, row->policy);
    struct ps_service_plan plan = ps_world_plan(&world);
    ck_assert_uint_eq(plan.count, 3);
    const struct row named = {.name = row->policy};
    check_spec(&named, plan.actions[2].body, row->isolated ? GUARD "]}" : GUARD OTHERS "]}");
    ps_world_settle(&world);
    /* No longer asked for. */
    world.exposures.list[0].service.allow_from.count = 0;
    plan = ps_world_plan(&world);
    ck_assert_str_eq(ps_plan_text(arena, &plan).ptr, "update Service external-kafka-bootstrap\n"
                                                     "delete NetworkPolicy portside-kafka\n");
}

START_TEST(test_policy)
{
    ps_in_arena(check_policy, &policies[_i]);
}
END_TEST

/* Labels of a broker that runs, of a template that has app: kafka and a policy that selects it. */
static const struct policy_case revisions[] = {
    {"{'metadata':{'labels':{'app':'kafka','controller-revision-hash':'a'}}}", true},
    {"{'metadata':{'labels':{'app':'old','controller-revision-hash':'b'}}}", false},
    {"{'metadata':{}}", false},
};

static void check_revision(struct ps_arena *arena, const void *arg)
{
    const struct policy_case *row = arg;
    struct ps_world world;
    ps_world_init(&world, arena, 1);
    world.exposures.list[0].service.allow_from = (struct ps_exposure_texts){2, ranges};
    world.pod_labels = ps_quoted(arena, "{'app':'kafka'}");
    world.pods[0].object = ps_quoted(arena, row->policy);
    world.network_policies[world.network_policy_count++] =
        ps_quoted(arena, "{'spec':{'podSelector':{'matchLabels':{'app':'kafka'}}}}");
    struct ps_service_plan plan = ps_world_plan(&world);
    const struct row named = {.name = row->policy};
    check_spec(&named, plan.actions[2].body, row->isolated ? GUARD "]}" : GUARD OTHERS "]}");
}

START_TEST(test_revision)
{
    ps_in_arena(check_revision, &revisions[_i]);
}
END_TEST

/* What is not a reason for an update, and what is. */
struct edit_case {
    const char *name;
    const char *spec;
    bool update;
};

static const struct edit_case edits[] = {
    {"as made", "'type':'NodePort','externalTrafficPolicy':'Local','publishNotReadyAddresses':true",
     false},
    {"fields of others",
     "'type':'NodePort','externalTrafficPolicy':'Local','publishNotReadyAddresses':true,"
     "'internalTrafficPolicy':'Cluster','clusterIP':'10.0.0.1','sessionAffinity':'ClientIP'",
     false},
    {"policy changed",
     "'type':'NodePort','externalTrafficPolicy':'Cluster','publishNotReadyAddresses':true", true},
    {"type changed", "'type':'ClusterIP','publishNotReadyAddresses':true", true},
    {"not ready any more", "'type':'NodePort','externalTrafficPolicy':'Local'", true},
};

static void check_edit(struct ps_arena *arena, const void *arg)
{
    const struct edit_case *row = arg;
    struct ps_world world;
    ps_world_init(&world, arena, 1);
    ps_world_settle(&world);
    struct ps_str applied = ps_json_get_text(
        ps_json_get2(ps_world_service(&world, "external-kafka-0"), "metadata", "annotations"),
        PS_ANNOTATION_APPLIED);
    struct ps_str text = ps_arena_printf(
        arena,
        "{'metadata':{'name':'external-kafka-0','namespace':'shop','uid':'x','labels':{"
        "'app.kubernetes.io/managed-by':'portside','portside.dev/statefulset':'kafka',"
        "'portside.dev/exposure':'external','portside.dev/role':'broker','portside.dev/ordinal':"
        "'0','other':'label'},'annotations':{'portside.dev/applied':'%.*s','other':'x'},"
        "'ownerReferences':[{'uid':'other','kind':'X','name':'x','apiVersion':'v1'},{'apiVersion':"
        "'apps/v1','kind':'StatefulSet','name':'kafka','uid':'u-sts','controller':true}]},"
        "'spec':{%s,'selector':{'statefulset.kubernetes.io/pod-name':'kafka-0'},'ports':["
        "{'name':'other','port':1},{'name':'tcp-kafka','protocol':'TCP','port':9194,"
        "'targetPort':9194,'nodePort':31000}]}}",
        PS_FMT(applied), row->spec);
    ps_world_put_service(&world, "external-kafka-0", text.ptr);
    struct ps_service_plan plan = ps_world_plan(&world);
    ck_assert_msg(ps_str_is(ps_plan_text(arena, &plan),
                            row->update ? "update Service external-kafka-0\n" : ""),
                  "%s: %s", row->name, ps_plan_text(arena, &plan).ptr);
    if (row->update) {
        ck_assert_ptr_nonnull(strstr(plan.actions[0].body.ptr, "\"uid\":\"x\""));
        ck_assert_ptr_nonnull(strstr(plan.actions[0].body.ptr, "\"nodePort\":31000"));
    }
}

START_TEST(test_edit)
{
    ps_in_arena(check_edit, &edits[_i]);
}
END_TEST

/* Two exposures with ranges of their own: neither opens the port of the other. */
static void check_two(struct ps_arena *arena, const void *row)
{
    struct ps_world world;
    (void)row;
    ps_world_init(&world, arena, 1);
    world.exposures.list[0].service.allow_from = (struct ps_exposure_texts){1, ranges};
    world.exposures.list[1] = world.exposures.list[0];
    world.exposures.list[1].name = PS_STR("vpn");
    world.exposures.list[1].listener_port = 9000;
    world.exposures.count = 2;
    struct ps_service_plan plan = ps_world_plan(&world);
    ck_assert_str_eq(ps_plan_text(arena, &plan).ptr,
                     "create Service external-kafka-0\ncreate Service external-kafka-bootstrap\n"
                     "create Service vpn-kafka-0\ncreate Service vpn-kafka-bootstrap\n"
                     "create NetworkPolicy portside-kafka\n");
    ck_assert_ptr_nonnull(
        strstr(plan.actions[4].body.ptr,
               "{\"ports\":[{\"protocol\":\"TCP\",\"port\":1,\"endPort\":8999},{\"protocol\":"
               "\"TCP\",\"port\":9001,\"endPort\":9193},{\"protocol\":\"TCP\",\"port\":9195,"));
    ps_world_settle(&world);
    /* One listener for both: whoever one of them lets in is let in. */
    world.exposures.list[1].listener_port = 9194;
    world.exposures.list[1].service.allow_from.list = &ranges[1];
    ps_world_settle(&world);
    plan = ps_world_plan(&world);
    ck_assert_uint_eq(plan.count, 0);
    const struct ps_json *ingress = ps_json_get2(world.network_policies[0], "spec", "ingress");
    ck_assert_uint_eq(ps_json_count(ingress), 2);
    ck_assert_uint_eq(ps_json_count(ps_json_get(ps_json_at(ingress, 0), "from")), 2);
}

START_TEST(test_two)
{
    ps_in_arena(check_two, NULL);
}
END_TEST

/* What a broker advertises, and what becomes of its Service when all come to share a port. */
struct use_row {
    const char *pod; /* %u: the node port of the broker's own Service */
    uint32_t base;   /* of the shared port; 1: that very node port */
    bool kept;
};

static const struct use_row uses[] = {
    {"{'metadata':{'annotations':{'external.portside.dev/port':'%u'}}}", 0, true},
    {"{'metadata':{'annotations':{'external.portside.dev/port':'1','portside.dev/stale':"
     "'{\\'external\\':{\\'was\\':\\'[2001:db8::1]:%u\\'}}'}}}",
     0, true},
    {"{'metadata':{'annotations':{'external.portside.dev/port':'%u'}}}", 31999, true},
    /* the shared Service is asked to have this very port */
    {"{'metadata':{'annotations':{'external.portside.dev/port':'%u'}}}", 1, false},
    {"{'metadata':{'annotations':{'external.portside.dev/port':'1%u'}}}", 0, false},
    {"{'metadata':{'annotations':{'vpn.portside.dev/port':'%u'}}}", 0, false},
    {"{'metadata':{'annotations':{'portside.dev/stale':'{\\'vpn\\':{\\'was\\':\\'a:%u\\'}}'}}}", 0,
     false},
    {"{'metadata':{'annotations':{'portside.dev/stale':'no JSON: %u'}}}", 0, false},
    {"{'metadata':{'annotations':{}},'x':%u}", 0, false},
};

static void check_use(struct ps_arena *arena, const void *arg)
{
    const struct use_row *row = arg;
    struct ps_world world;
    ps_world_init(&world, arena, 2);
    ps_world_settle(&world);
    const struct ps_json *ports =
        ps_json_get2(ps_world_service(&world, "external-kafka-1"), "spec", "ports");
    int64_t port = 0;
    ck_assert(ps_json_to_int(ps_json_get(ps_json_first(ports), "nodePort"), &port));
    struct ps_str pod = ps_str_of(row->pod);
    size_t at = ps_str_find(pod, PS_STR("%u"), 0);
    pod = ps_arena_printf(arena, "%.*s%u%s", (int)at, pod.ptr, (unsigned)port, &pod.ptr[at + 2]);
    world.pods[1].object = ps_quoted(arena, pod.ptr);
    world.exposures.list[0].service.shared_port = true;
    world.exposures.list[0].node_port_base = row->base == 1 ? (uint32_t)port : row->base;
    ps_world_settle(&world);
    ck_assert_ptr_nonnull(ps_world_service(&world, "external-kafka-shared"));
    ck_assert_ptr_null(ps_world_service(&world, "external-kafka-0"));
    bool kept = ps_world_service(&world, "external-kafka-1") != NULL;
    ck_assert_msg(kept == row->kept, "%s: %d", pod.ptr, kept);
    /* With its broker it goes. */
    ps_world_set_pods(&world, 1);
    ps_world_settle(&world);
    ck_assert_ptr_null(ps_world_service(&world, "external-kafka-1"));
}

START_TEST(test_use)
{
    ps_in_arena(check_use, &uses[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("service_options");
    TCase *tcase = tcase_create("service_options");
    tcase_add_loop_test(tcase, test_row, 0, PS_COUNT(rows));
    tcase_add_loop_test(tcase, test_policy, 0, PS_COUNT(policies));
    tcase_add_loop_test(tcase, test_revision, 0, PS_COUNT(revisions));
    tcase_add_loop_test(tcase, test_edit, 0, PS_COUNT(edits));
    tcase_add_test(tcase, test_two);
    tcase_add_loop_test(tcase, test_use, 0, PS_COUNT(uses));
    suite_add_tcase(suite, tcase);
    return suite;
}
