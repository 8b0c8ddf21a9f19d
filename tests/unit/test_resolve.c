/* SPDX-License-Identifier: Apache-2.0 */
/* The endpoint of a broker: what is chosen from Services, nodes and templates. */
#include "portside/resolve.h"

#include "in_arena.h"
#include "portside/service.h"
#include "support/runner.h"
#include "test_resolve_rows.h"
#include "test_service_support.h"

#define OURS "'metadata':{'labels':{'app.kubernetes.io/managed-by':'portside'}}"
#define NODE_PORT "{" OURS ",'spec':{'ports':[{'name':'tcp-kafka','port':9194,'nodePort':31002}]}}"
#define FAMILIES(list)                                                                             \
    "{" OURS ",'spec':{'ipFamilies':[" list "],'ports':[{'name':'tcp-kafka','nodePort':31002}]}}"
#define BALANCER(list)                                                                             \
    "{" OURS ",'spec':{'ports':[{'port':9194,'nodePort':31002}]},'status':{'loadBalancer':{"       \
    "'ingress':[" list "]}}}"
#define NODE(list)                                                                                 \
    "{'metadata':{'name':'n1','labels':{'zone':'a'}},'status':{'addresses':[" list "]}}"
#define A(type, address) "{'type':'" type "','address':'" address "'}"
#define ALL_FIVE                                                                                   \
    A("Hostname", "n1")                                                                            \
    "," A("InternalIP", "10.0.0.7") "," A("InternalDNS", "n1.internal") "," A(                     \
        "ExternalIP", "203.0.113.7") "," A("ExternalDNS", "n1.example.com")

#define DNS PS_ADDRESS_EXTERNAL_DNS
#define EXT PS_ADDRESS_EXTERNAL_IP
#define IDNS PS_ADDRESS_INTERNAL_DNS
#define INT PS_ADDRESS_INTERNAL_IP
#define NAME PS_ADDRESS_HOSTNAME

static const struct row {
    const char *name;
    struct ps_exposure exposure;
    const char *service;
    const char *node;
    const char *endpoint; /* "host port", or what is missing */
} rows[] = {
    {"external DNS first",
     {.address_type_count = 5, .address_types = {DNS, EXT, IDNS, INT, NAME}},
     NODE_PORT,
     NODE(ALL_FIVE),
     "n1.example.com 31002"},
    {"external IP first",
     {.address_type_count = 5, .address_types = {EXT, DNS, IDNS, INT, NAME}},
     NODE_PORT,
     NODE(ALL_FIVE),
     "203.0.113.7 31002"},
    {"internal DNS",
     {.address_type_count = 1, .address_types = {IDNS}},
     NODE_PORT,
     NODE(ALL_FIVE),
     "n1.internal 31002"},
    {"internal IP",
     {.address_type_count = 1, .address_types = {INT}},
     NODE_PORT,
     NODE(ALL_FIVE),
     "10.0.0.7 31002"},
    {"host name",
     {.address_type_count = 1, .address_types = {NAME}},
     NODE_PORT,
     NODE(ALL_FIVE),
     "n1 31002"},
    {"next type when absent",
     {.address_type_count = 2, .address_types = {DNS, INT}},
     NODE_PORT,
     NODE(A("InternalIP", "10.0.0.7")),
     "10.0.0.7 31002"},
    {"several of one type: the node's order",
     {.address_type_count = 1, .address_types = {EXT}},
     NODE_PORT,
     NODE(A("ExternalIP", "203.0.113.9") "," A("ExternalIP", "203.0.113.8")),
     "203.0.113.9 31002"},
    {"IPv6 by the Service",
     {.address_type_count = 1, .address_types = {INT}},
     FAMILIES("'IPv6'"),
     NODE(A("InternalIP", "10.0.0.7") "," A("InternalIP", "fd00::7")),
     "[fd00::7] 31002"},
    {"first family preferred",
     {.address_type_count = 1, .address_types = {INT}},
     FAMILIES("'IPv4','IPv6'"),
     NODE(A("InternalIP", "fd00::7") "," A("InternalIP", "10.0.0.7")),
     "10.0.0.7 31002"},
    {"second family rather than none",
     {.address_type_count = 1, .address_types = {INT}},
     FAMILIES("'IPv4','IPv6'"),
     NODE(A("InternalIP", "fd00::7")),
     "[fd00::7] 31002"},
    {"a family that is not served falls to the next type",
     {.address_type_count = 2, .address_types = {EXT, INT}},
     FAMILIES("'IPv4'"),
     NODE(A("ExternalIP", "2001:db8::7") "," A("InternalIP", "10.0.0.7")),
     "10.0.0.7 31002"},
    {"no Service families: those of the exposure",
     {.address_type_count = 1,
      .address_types = {INT},
      .service = {.ip_family_count = 1, .ip_families = {PS_IP_FAMILY_6}}},
     NODE_PORT,
     NODE(A("InternalIP", "10.0.0.7") "," A("InternalIP", "fd00::7")),
     "[fd00::7] 31002"},
    {"unusable addresses are passed over",
     {.address_type_count = 1, .address_types = {INT}},
     NODE_PORT,
     NODE(A("InternalIP", "") "," A("InternalIP", "0.0.0.0") "," A("InternalIP", "127.0.0.1") "," A(
         "InternalIP",
         "fe80::1") "," A("InternalIP",
                          "10.0.0.07") "," A("InternalIP",
                                             "a b") ",{'type':'InternalIP'},7," A("InternalIP",
                                                                                  "10.0.0.8")),
     "10.0.0.8 31002"},
    {"no address",
     {.address_type_count = 1, .address_types = {DNS}},
     NODE_PORT,
     NODE(A("InternalIP", "10.0.0.7")),
     "node 'n1' has no address of the types in 'address-types' and the IP families of the Service: "
     "it has InternalIP (10.0.0.7)"},
    {"a node without addresses",
     {.address_type_count = 1, .address_types = {DNS}},
     NODE_PORT,
     NODE(""),
     "node 'n1' has no address of the types in 'address-types' and the IP families of the Service: "
     "it has no addresses at all"},
    {"not bound",
     {.address_type_count = 1, .address_types = {DNS}},
     NODE_PORT,
     NULL,
     "the pod is bound to no node whose addresses are known"},
    {"no Service",
     {.address_type_count = 1, .address_types = {INT}},
     NULL,
     NODE(ALL_FIVE),
     "there is no Service 'external-kafka-2' of portside's"},
    {"foreign Service",
     {.address_type_count = 1, .address_types = {INT}},
     "{'spec':{'ports':[{'nodePort':31002}]}}",
     NODE(ALL_FIVE),
     "there is no Service 'external-kafka-2' of portside's"},
    {"Service of another StatefulSet, by names that meet",
     {.address_type_count = 1, .address_types = {INT}},
     "{'metadata':{'labels':{'app.kubernetes.io/managed-by':'portside',"
     "'portside.dev/statefulset':'vpn-kafka'}},'spec':{'ports':[{'nodePort':31002}]}}",
     NODE(ALL_FIVE),
     "there is no Service 'external-kafka-2' of portside's"},
    {"Service of another exposure, by names that meet",
     {.address_type_count = 1, .address_types = {INT}},
     "{'metadata':{'labels':{'app.kubernetes.io/managed-by':'portside',"
     "'portside.dev/statefulset':'kafka','portside.dev/exposure':'vpn'}},"
     "'spec':{'ports':[{'nodePort':31002}]}}",
     NODE(ALL_FIVE),
     "there is no Service 'external-kafka-2' of portside's"},
    {"no node port yet",
     {.address_type_count = 1, .address_types = {INT}},
     "{" OURS ",'spec':{'ports':[{'name':'tcp-kafka','port':9194}]}}",
     NODE(ALL_FIVE),
     "Service 'external-kafka-2' has no port yet"},
    {"shared port",
     {.address_type_count = 1, .address_types = {INT}, .service = {.shared_port = 1}},
     NULL,
     NODE(ALL_FIVE),
     "there is no Service 'external-kafka-shared' of portside's"},
    {"host template",
     {.advertised_host = PS_STR_INIT("b{ordinal}.{namespace}.example")},
     NODE_PORT,
     NULL,
     "b2.shop.example 31002"},
    {"both templates",
     {.advertised_host = PS_STR_INIT("[2001:db8::{ordinal}]"),
      .advertised_port = PS_STR_INIT("{ordinal + 9000}")},
     NULL,
     NULL,
     "[2001:db8::2] 9002"},
    {"template that gives no host",
     {.advertised_host = PS_STR_INIT("{pod}..x")},
     NODE_PORT,
     NULL,
     "'advertised-host' gives 'kafka-2..x', which is not a host"},
    {"template that gives no port",
     {.advertised_host = PS_STR_INIT("x"), .advertised_port = PS_STR_INIT("{ordinal + 65534}")},
     NULL,
     NULL,
     "'advertised-port' gives '65536', which is not a port"},
    {"load balancer name first",
     {.type = PS_EXPOSURE_LOAD_BALANCER},
     BALANCER("{'ip':'192.0.2.1'},{'hostname':'lb.example.com','ip':'192.0.2.2'}"),
     NULL,
     "lb.example.com 9194"},
    {"load balancer address",
     {.type = PS_EXPOSURE_LOAD_BALANCER},
     BALANCER("{'ip':'192.0.2.2'},{'ip':'192.0.2.1'}"),
     NULL,
     "192.0.2.1 9194"},
    {"load balancer IPv6",
     {.type = PS_EXPOSURE_LOAD_BALANCER},
     BALANCER("{'ip':'2001:db8::1'}"),
     NODE(ALL_FIVE),
     "[2001:db8::1] 9194"},
    {"load balancer pending",
     {.type = PS_EXPOSURE_LOAD_BALANCER},
     BALANCER(""),
     NODE(ALL_FIVE),
     "the load balancer of Service 'external-kafka-2' has no address"},
    {"load balancer, host by template",
     {.type = PS_EXPOSURE_LOAD_BALANCER, .advertised_host = PS_STR_INIT("{pod}.example")},
     BALANCER(""),
     NULL,
     "kafka-2.example 9194"},
    {"ClusterIP needs a host",
     {.type = PS_EXPOSURE_CLUSTER_IP},
     BALANCER(""),
     NODE(ALL_FIVE),
     "type ClusterIP needs 'advertised-host': the address of the proxy in front"},
    {"ClusterIP behind a proxy",
     {.type = PS_EXPOSURE_CLUSTER_IP,
      .advertised_host = PS_STR_INIT("proxy.example"),
      .advertised_port = PS_STR_INIT("90{ordinal}")},
     NULL,
     NULL,
     "proxy.example 902"},
    {"None: the listener itself",
     {.type = PS_EXPOSURE_NONE, .address_type_count = 1, .address_types = {INT}},
     NULL,
     NODE(ALL_FIVE),
     "10.0.0.7 9194"},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    struct ps_exposure exposure = row->exposure;
    struct ps_resolved resolved;
    exposure.name = PS_STR("external");
    exposure.listener_port = 9194;
    const struct ps_resolve_input input = {
        .exposure = &exposure,
        .facts = {2, PS_STR("kafka-2"), PS_STR("kafka"), PS_STR("shop")},
        .rack_label = row->node == NULL ? PS_STR("") : PS_STR("zone"),
        .service = row->service == NULL ? NULL : ps_quoted(arena, row->service),
        .node = row->node == NULL ? NULL : ps_quoted(arena, row->node),
    };
    ps_resolve_endpoint(arena, &input, &resolved);
    struct ps_str text = resolved.known ? ps_arena_printf(arena, "%.*s %.*s", PS_FMT(resolved.host),
                                                          PS_FMT(resolved.port))
                                        : resolved.reason;
    ck_assert_msg(ps_str_is(text, row->endpoint), "%s: %.*s", row->name, PS_FMT(text));
    ck_assert(ps_str_is(resolved.rack, row->node == NULL ? "" : "a"));
    ck_assert((resolved.host.len > 0) == resolved.known);
    ck_assert((resolved.port.len > 0) == resolved.known);
}

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

/* The pod, the endpoint that is so now (NULL: not known), the patch, and what is stale. */
static const struct patch_row {
    const char *name;
    const char *pod;
    const char *host;
    const char *rack;
    const char *patch;
    const char *stale;
} patches[] = {
    {"new pod", POD("", ""), "10.0.0.7", "", PATCH(AT("10.0.0.7", "31002")), NULL},
    {"already right", POD(AT("10.0.0.7", "31002"), ""), "10.0.0.7", "", NULL, NULL},
    {"only the host", POD(AT("10.0.0.6", "31002"), ""), "10.0.0.7", "",
     PATCH("'external.portside.dev/host':'10.0.0.7'"), NULL},
    {"rack", POD(AT("10.0.0.7", "31002"), ""), "10.0.0.7", "a", PATCH("'portside.dev/rack':'a'"),
     NULL},
    {"not known", POD("", ""), NULL, "", NULL, NULL},
    {"not known any more", POD(AT("10.0.0.7", "31002"), RUNS("c1")), NULL, "", NULL, NULL},
    {"first endpoint of a running pod", POD("", RUNS("c1")), "10.0.0.7", "",
     PATCH(AT("10.0.0.7", "31002")), NULL},
    {"changed under a running broker", POD(AT("10.0.0.6", "31002"), RUNS("c1")), "10.0.0.7", "",
     PATCH("'external.portside.dev/host':'10.0.0.7'," MARK("10.0.0.6:31002", "c1")),
     "10.0.0.6:31002"},
    {"still stale", POD(AT("10.0.0.7", "31002") "," MARK("10.0.0.6:31002", "c1"), RUNS("c1")),
     "10.0.0.7", "", NULL, "10.0.0.6:31002"},
    {"changed once more", POD(AT("10.0.0.7", "31002") "," MARK("10.0.0.6:31002", "c1"), RUNS("c1")),
     "10.0.0.8", "", PATCH("'external.portside.dev/host':'10.0.0.8'"), "10.0.0.6:31002"},
    {"changed back", POD(AT("10.0.0.7", "31002") "," MARK("10.0.0.6:31002", "c1"), RUNS("c1")),
     "10.0.0.6", "", PATCH("'external.portside.dev/host':'10.0.0.6','portside.dev/stale':null"),
     NULL},
    {"restarted since", POD(AT("10.0.0.7", "31002") "," MARK("10.0.0.6:31002", "c1"), RUNS("c2")),
     "10.0.0.7", "", PATCH("'portside.dev/stale':null"), NULL},
    {"mark is kept while not known",
     POD(AT("10.0.0.7", "31002") "," MARK("10.0.0.6:31002", "c1"), RUNS("c1")), NULL, "", NULL,
     NULL},
    {"mark that cannot be read",
     POD(AT("10.0.0.7", "31002") ",'portside.dev/stale':'x'", RUNS("c1")), "10.0.0.7", "",
     PATCH("'portside.dev/stale':null"), NULL},
    {"on its way out", "{'metadata':{'name':'kafka-2','uid':'u-pod','deletionTimestamp':'now'}}",
     "10.0.0.7", "", NULL, NULL},
    {"over", "{'metadata':{'name':'kafka-2','uid':'u-pod'},'status':{'phase':'Failed'}}",
     "10.0.0.7", "", NULL, NULL},
    {"no uid", "{'metadata':{'name':'kafka-2'}}", "10.0.0.7", "", NULL, NULL},
};

static void check_patch(struct ps_arena *arena, const void *arg)
{
    const struct patch_row *row = arg;
    struct ps_resolve_patch patch;
    const struct ps_exposure exposure = {.name = PS_STR("external")};
    const struct ps_resolve_target target = {
        .exposure = &exposure,
        .resolved = {.known = row->host != NULL,
                     .host = ps_str_of(row->host),
                     .port = row->host == NULL ? PS_STR("") : PS_STR("31002"),
                     .rack = ps_str_of(row->rack)},
    };
    ps_endpoint_patch(arena, ps_quoted(arena, row->pod), PS_STR("kafka"), 1, &target, &patch);
    struct ps_json *body = NULL;
    if (row->patch == NULL) {
        ck_assert_msg(patch.body.len == 0, "%s: %.*s", row->name, PS_FMT(patch.body));
    } else {
        ck_assert_msg(ps_ok(ps_json_parse(arena, patch.body, &body, NULL)), "%s", row->name);
        ck_assert_msg(ps_json_equal(body, ps_quoted(arena, row->patch)), "%s: %.*s", row->name,
                      PS_FMT(patch.body));
    }
    ck_assert_msg(patch.stale_count == (row->stale == NULL ? 0 : 1), "%s", row->name);
    if (row->stale != NULL) {
        ck_assert_msg(ps_str_is(patch.stale[0].was, row->stale), "%s", row->name);
        ck_assert(ps_str_is(patch.stale[0].object, "pod kafka-2"));
    }
}

START_TEST(test_patch)
{
    ps_in_arena(check_patch, &patches[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("resolve");
    TCase *tcase = tcase_create("resolve");
    tcase_add_loop_test(tcase, test_row, 0, PS_COUNT(rows));
    tcase_add_loop_test(tcase, test_patch, 0, PS_COUNT(patches));
    suite_add_tcase(suite, tcase);
    return suite;
}
