/* SPDX-License-Identifier: Apache-2.0 */
/* What the annotations of an object come to in the fields, and what does not go together. */
#include <string.h>

#include "in_arena.h"
#include "portside/buf.h"
#include "portside/exposure.h"
#include "support/runner.h"
#include "test_service_support.h"

#define P "portside.dev/"
#define VPN                                                                                        \
    "'" P "listeners':'external,vpn','vpn." P "listener-name':'VPN','vpn." P "listener-port':'9195'"

static void describe_pairs(struct ps_buf *buf, const char *name,
                           const struct ps_exposure_pairs *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ps_buf_printf(buf, " %s[%.*s]=%.*s", name, PS_FMT(list->list[i].name),
                      PS_FMT(list->list[i].value));
    }
}

static void describe_texts(struct ps_buf *buf, const char *name,
                           const struct ps_exposure_texts *list)
{
    for (size_t i = 0; i < list->count; i++) {
        ps_buf_printf(buf, " %s=%.*s", name, PS_FMT(list->list[i]));
    }
}

static void describe_flags(struct ps_buf *buf, const struct ps_exposure *exposure)
{
    const struct ps_service_options *options = &exposure->service;
    ps_buf_puts(buf, options->cluster_policy ? " cluster" : "");
    ps_buf_puts(buf, options->no_bootstrap ? " no-bootstrap" : "");
    ps_buf_puts(buf, options->no_node_ports ? " no-node-ports" : "");
    ps_buf_puts(buf, options->shared_port ? " shared" : "");
    ps_buf_puts(buf, exposure->start_when_missing ? " start" : "");
    if (options->bootstrap_node_port > 0) {
        ps_buf_printf(buf, " bootstrap-port=%u", (unsigned)options->bootstrap_node_port);
    }
    if (exposure->wait_timeout_s != 600) {
        ps_buf_printf(buf, " wait=%llu", (unsigned long long)exposure->wait_timeout_s);
    }
    if (options->ip_family_policy != PS_IP_FAMILY_POLICY_DEFAULT) {
        ps_buf_printf(buf, " policy=%d", (int)options->ip_family_policy);
    }
    for (size_t i = 0; i < options->ip_family_count; i++) {
        ps_buf_puts(buf, options->ip_families[i] == PS_IP_FAMILY_4 ? " v4" : " v6");
    }
}

/* All that differs from the defaults. */
static void describe(struct ps_buf *buf, const struct ps_exposures *exposures)
{
    for (size_t i = 0; i < exposures->count; i++) {
        const struct ps_exposure *exposure = &exposures->list[i];
        ps_buf_printf(buf, "%s%.*s %s", i > 0 ? "; " : "", PS_FMT(exposure->name),
                      ps_exposure_type_name(exposure->type));
        if (i > 0) {
            ps_buf_printf(buf, " %.*s %.*s:%u", PS_FMT(exposure->env_prefix),
                          PS_FMT(exposure->listener_name), (unsigned)exposure->listener_port);
        }
        describe_flags(buf, exposure);
        describe_pairs(buf, "annotation", &exposure->service.annotations);
        describe_pairs(buf, "bootstrap", &exposure->service.bootstrap_annotations);
        describe_texts(buf, "ip", &exposure->service.load_balancer_ips);
        describe_texts(buf, "from", &exposure->service.allow_from);
        if (exposure->service.load_balancer_class.len > 0) {
            ps_buf_printf(buf, " class=%.*s", PS_FMT(exposure->service.load_balancer_class));
        }
    }
    if (exposures->rack_label.len > 0) {
        ps_buf_printf(buf, " rack=%.*s", PS_FMT(exposures->rack_label));
    }
    describe_pairs(buf, "env", &exposures->env);
}

static const struct row {
    const char *annotations;
    const char *expected; /* what is read, or the problem */
    bool refused;
} rows[] = {
    {"{}", "external NodePort", false},
    {"{'" P "type':'LoadBalancer','" P "load-balancer-class':'example.com/lb','" P
     "load-balancer-ips':'192.0.2.1, 2001:db8::1','" P "allocate-node-ports':'false','" P
     "allow-from':'10.0.0.0/8, 2001:db8::/32'}",
     "external LoadBalancer no-node-ports ip=192.0.2.1 ip=2001:db8::1 from=10.0.0.0/8 "
     "from=2001:db8::/32 class=example.com/lb",
     false},
    {"{'" P "external-traffic-policy':'Cluster','" P "bootstrap':'false'}",
     "external NodePort cluster no-bootstrap", false},
    {"{'" P "shared-port':'true','" P "node-port-base':'30100'}", "external NodePort shared",
     false},
    {"{'" P "bootstrap-node-port':'30100','" P "on-missing':'start','" P "wait-timeout':'1m30s'}",
     "external NodePort start bootstrap-port=30100 wait=90", false},
    {"{'" P "ip-families':'IPv6,IPv4','" P "ip-family-policy':'PreferDualStack'}",
     "external NodePort policy=2 v6 v4", false},
    {"{'" P "rack-label':'topology.kubernetes.io/zone','" P
     "env':'KAFKA_NODE_ID={ordinal}\\nA=b=c'}",
     "external NodePort rack=topology.kubernetes.io/zone env[KAFKA_NODE_ID]={ordinal} env[A]=b=c",
     false},
    {"{'" P "service-annotations':'# names\\n\\nexample.com/name: \\\"{pod}.example\\\"\\n"
     "example.com/b: x: y','" P "bootstrap-annotations':'example.com/name: {statefulset}'}",
     "external NodePort annotation[example.com/name]={pod}.example annotation[example.com/b]=x: y "
     "bootstrap[example.com/name]={statefulset}",
     false},
    {"{" VPN "}", "external NodePort; vpn NodePort PORTSIDE_VPN VPN:9195", false},
    {"{'vpn." P "type':'ClusterIP','vpn." P "advertised-host':'b{ordinal}.example','" P
     "type':'None'," VPN "}",
     "external None; vpn ClusterIP PORTSIDE_VPN VPN:9195", false},
    {"{'" P "listeners':'external,my-vpn','my-vpn." P "listener-name':'VPN','my-vpn." P
     "listener-port':'9195','my-vpn." P "shared-port':'true','" P "container':'kafka'}",
     "external NodePort; my-vpn NodePort PORTSIDE_MY_VPN VPN:9195 shared", false},
    {"{'" P "listeners':'vpn','vpn." P "listener-name':'VPN','vpn." P "listener-port':'9195'}",
     "vpn NodePort", false},
    /* what has no effect with a type, unless it is the default */
    {"{'" P "type':'LoadBalancer','" P "shared-port':'false','" P
     "external-traffic-policy':'Local'}",
     "external LoadBalancer", false},
    {"{'" P "type':'LoadBalancer','" P "shared-port':'true'}",
     P "shared-port: has no effect with type 'LoadBalancer': remove it or use type NodePort", true},
    {"{'" P "type':'LoadBalancer','" P "address-types':'InternalIP'}",
     P "address-types: has no effect with type 'LoadBalancer': remove it or use type NodePort or "
       "None",
     true},
    {"{'" P "load-balancer-class':'internal'}",
     P "load-balancer-class: has no effect with type 'NodePort': remove it or use type "
       "LoadBalancer",
     true},
    {"{'" P "load-balancer-ips':'192.0.2.7'}",
     P "load-balancer-ips: has no effect with type 'NodePort': remove it or use type LoadBalancer",
     true},
    {"{'" P "allocate-node-ports':'false'}",
     P "allocate-node-ports: has no effect with type 'NodePort': remove it or use type "
       "LoadBalancer",
     true},
    {"{'" P "type':'None','" P "allow-from':'10.0.0.0/8'}",
     P "allow-from: has no effect with type 'None': remove it or use type NodePort or LoadBalancer",
     true},
    {"{'" P "type':'None','" P "bootstrap-node-port':'30100'}",
     P "bootstrap-node-port: has no effect with type 'None': remove it or use type NodePort or "
       "LoadBalancer",
     true},
    {"{'" P "type':'None','" P "ip-family-policy':'SingleStack'}",
     P "ip-family-policy: has no effect with type 'None': remove it or use type NodePort, "
       "LoadBalancer or ClusterIP",
     true},
    {"{'" P "type':'None','" P "service-annotations':'example.com/a: b'}",
     P "service-annotations: has no effect with type 'None': remove it or use type NodePort, "
       "LoadBalancer or ClusterIP",
     true},
    {"{'" P "type':'None','" P "bootstrap-annotations':'example.com/a: b'}",
     P "bootstrap-annotations: has no effect with type 'None': remove it or use type NodePort, "
       "LoadBalancer or ClusterIP",
     true},
    {"{'" P "type':'ClusterIP','" P "advertised-host':'b{ordinal}.example','" P
     "external-traffic-policy':'Cluster'}",
     P "external-traffic-policy: has no effect with type 'ClusterIP': remove it or use type "
       "NodePort or LoadBalancer",
     true},
    {"{'" P "type':'ClusterIP'}",
     P "advertised-host: is missing: with type 'ClusterIP' state the host of the proxy in front, "
       "which no one else knows",
     true},
    /* what another switch takes away */
    {"{'" P "bootstrap':'false','" P "bootstrap-node-port':'30100'}",
     P "bootstrap-node-port: has no effect with bootstrap 'false': remove one of the two", true},
    {"{'" P "bootstrap':'false','" P "bootstrap-annotations':'example.com/a: b'}",
     P "bootstrap-annotations: has no effect with bootstrap 'false': remove one of the two", true},
    {"{'" P "type':'LoadBalancer','" P "allocate-node-ports':'false','" P
     "node-port-base':'30100'}",
     P "node-port-base: has no effect with allocate-node-ports 'false': remove one of the two",
     true},
    {"{'" P "type':'LoadBalancer','" P "allocate-node-ports':'false','" P
     "bootstrap-node-port':'30100'}",
     P "bootstrap-node-port: has no effect with allocate-node-ports 'false': remove one of the "
       "two",
     true},
    /* what contradicts itself */
    {"{'" P "ip-families':'IPv4,IPv6','" P "ip-family-policy':'SingleStack'}",
     P "ip-families: names two families, but ip-family-policy is 'SingleStack': name one, or use "
       "PreferDualStack or RequireDualStack",
     true},
    {"{'" P "ip-families':'IPv6','" P "ip-family-policy':'RequireDualStack'}",
     "external NodePort policy=3 v6", false},
    {"{'" P "allow-from':'10.0.0.0/8','" P "external-traffic-policy':'Cluster'}",
     P "allow-from: cannot be kept with external-traffic-policy 'Cluster', which hides the "
       "client's address: use Local",
     true},
    {"{'" P "shared-port':'true','" P "external-traffic-policy':'Cluster'}",
     P "shared-port: needs external-traffic-policy 'Local': with 'Cluster' a node would hand "
       "clients to any broker",
     true},
    {"{'" P "shared-port':'true','" P "advertised-port':'{ordinal + 9000}'}",
     P "advertised-port: differs from broker to broker, but with shared-port all have one: remove "
       "one of the two",
     true},
    {"{'" P "shared-port':'true','" P "service-annotations':'example.com/a: {pod}'}",
     P "service-annotations: names one broker, but with shared-port the Service is of all: use "
       "{statefulset} and {namespace} alone",
     true},
    /* further variables and racks */
    {"{'" P "rack-label':'a/b/c'}",
     P "rack-label: 'a/b/c' is not a label: use the name of a node label", true},
    {"{'" P "rack-label':'/a'}", P "rack-label: '/a' is not a label: use the name of a node label",
     true},
    {"{'" P "rack-label':'a/'}", P "rack-label: 'a/' is not a label: use the name of a node label",
     true},
    {"{'" P "rack-label':'a..b/c'}",
     P "rack-label: 'a..b/c' is not a label: use the name of a node label", true},
    {"{'" P "rack-label':'Example.com/c'}",
     P "rack-label: 'Example.com/c' is not a label: use the name of a node label", true},
    {"{'" P "rack-label':'zone.'}",
     P "rack-label: 'zone.' is not a label: use the name of a node label", true},
    {"{'" P "env':'A'}", P "env: line 'A' is none: use lines 'NAME=template'", true},
    {"{'" P "env':'1A=2'}", P "env: line '1A=2' is none: use lines 'NAME=template'", true},
    {"{'" P "env':'A-B=2'}", P "env: line 'A-B=2' is none: use lines 'NAME=template'", true},
    {"{'" P "env':'A=1\\nA=2'}",
     P "env: line 'A=2' names something twice: use lines 'NAME=template'", true},
    {"{'" P "env':'BASH_ENV=x'}",
     P "env: 'BASH_ENV' is a variable of portside's own: use another name", true},
    {"{'" P "env':'A={x}'}",
     P "env: line 'A={x}': '{x}' at position 1 is not a placeholder: use {ordinal}, {ordinal + "
       "9000}, {pod}, {statefulset} or {namespace}",
     true},
    /* refused */
    {"{'" P "listeners':'external,vpn'}",
     "vpn." P "listener-name: is missing: state it for each exposure but 'external'", true},
    {"{'" P "listeners':'external,vpn','vpn." P "listener-name':'VPN'}",
     "vpn." P "listener-port: is missing: state it for each exposure but 'external'", true},
    {"{'vpn." P "type':'None'}",
     "vpn." P "type: 'vpn' is not in '" P "listeners': add it there or remove this one", true},
    {"{'" P "listeners':'vpn','" P "type':'None','vpn." P "listener-name':'VPN'}",
     P "type: 'external' is not in '" P "listeners': add it there or remove this one", true},
    {"{'" P "listeners':'a,b,a'}", P "listeners: 'a' is named twice: name it once", true},
    {"{'" P "listeners':'a,b,c,d,e,f,g,h,i'}", P "listeners: has more than 8 names: use fewer",
     true},
    {"{'" P "listeners':'external,vpn','vpn." P "listener-name':'portside','vpn." P
     "listener-port':'9195'}",
     "vpn." P "listener-name: is that of exposure 'external' too: use another", true},
    {"{'" P "listeners':'external,vpn','vpn." P "listener-name':'VPN','vpn." P
     "listener-port':'9194'}",
     "vpn." P "listener-port: is that of exposure 'external' too: use another", true},
    {"{'" P "listeners':'external,vpn','vpn." P "listener-name':'VPN','vpn." P
     "listener-port':'70000'}",
     "vpn." P "listener-port: '70000' is not a port: use a number from 1 to 65535", true},
    {"{'" P "ip-families':'IPv4,IPv4'}",
     P "ip-families: 'IPv4,IPv4' is not a list of IP families: use IPv4, IPv6 or both with a comma",
     true},
    {"{'" P "allow-from':'10.0.0.0/33'}",
     P "allow-from: '10.0.0.0/33' is not a list of address ranges: use a comma-separated list of "
       "ranges such as 192.0.2.0/24",
     true},
    {"{'" P "allow-from':'10.0.0.1'}",
     P "allow-from: '10.0.0.1' is not a list of address ranges: use a comma-separated list of "
       "ranges such as 192.0.2.0/24",
     true},
    {"{'" P "service-annotations':'evil.example/a: b'}",
     P "service-annotations: 'evil.example/a' is not allowed by the policy of this installation: "
       "remove it, or have its prefix allowed (policy-service-annotations)",
     true},
    {"{'" P "service-annotations':'nothing'}",
     P "service-annotations: line 'nothing' is none: use lines 'name: value'", true},
    {"{'" P "service-annotations':'example.com/a: 1\\nexample.com/a: 2'}",
     P
     "service-annotations: line 'example.com/a: 2' names something twice: use lines 'name: value'",
     true},
    {"{'" P "service-annotations':'example.com/a: {broker}'}",
     P "service-annotations: line 'example.com/a: {broker}': '{broker}' at position 1 is not a "
       "placeholder: use {ordinal}, {pod}, {statefulset} or {namespace}",
     true},
    {"{'" P "bootstrap-annotations':'example.com/a: b{ordinal}'}",
     P "bootstrap-annotations: line 'b{ordinal}' names one broker, but the bootstrap Service is of "
       "all: use lines 'name: value'",
     true},
    {"{'" P "env':'PORTSIDE_ORDINAL=1'}",
     P "env: 'PORTSIDE_ORDINAL' is a variable of portside's own: use another name", true},
    {"{'" P "load-balancer-class':'a/b/c'}",
     P "load-balancer-class: 'a/b/c' is not a load balancer class: use a name as in the Service "
       "API, such as example.com/internal",
     true},
};

static void check_row(struct ps_arena *arena, const void *arg)
{
    const struct row *row = arg;
    const struct ps_policy policy = {.service_annotation_prefixes = PS_STR("example.com/")};
    struct ps_exposures exposures;
    struct ps_exposure_problem problem;
    struct ps_buf buf;
    bool accepted = ps_exposures_parse(arena, &policy, ps_quoted(arena, row->annotations),
                                       &exposures, &problem);
    ps_buf_init(&buf, arena, 256);
    if (accepted) {
        describe(&buf, &exposures);
    } else {
        ps_buf_put(&buf, problem.message);
        ck_assert(!problem.unsupported);
    }
    ck_assert_msg(accepted != row->refused, "%s: %s", row->annotations, buf.ptr);
    ck_assert_msg(ps_str_is(ps_buf_view(&buf), row->expected), "%s: %s", row->annotations, buf.ptr);
}

/* Installation-wide defaults are for exposures of all types, and refuse none of them. */
static void check_defaults(struct ps_arena *arena, const void *arg)
{
    static const struct {
        const char *name;
        const char *value;
    } defaults[] = {{"shared-port", "true"},         {"address-types", "InternalIP"},
                    {"node-port-base", "30100"},     {"bootstrap-node-port", "30200"},
                    {"allow-from", "10.0.0.0/8"},    {"load-balancer-class", "internal"},
                    {"allocate-node-ports", "false"}};
    const char *type = arg;
    struct ps_exposures exposures;
    struct ps_exposure_problem problem;
    size_t count = 0;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    struct ps_str *texts = PS_ARENA_ARRAY(arena, struct ps_str, count);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < PS_COUNT(defaults); j++) {
            if (ps_str_is(ps_str_of(keys[i].name), defaults[j].name)) {
                texts[i] = ps_str_of(defaults[j].value);
            }
        }
    }
    const struct ps_policy policy = {.annotation_defaults = texts};
    struct ps_str text = ps_arena_printf(
        arena, "{'" P "type':'%s','" P "advertised-host':'b{ordinal}.example'}", type);
    ck_assert_msg(
        ps_exposures_parse(arena, &policy, ps_quoted(arena, text.ptr), &exposures, &problem),
        "%s: %.*s", type, PS_FMT(problem.message));
    ck_assert_msg(exposures.list[0].service.shared_port == (strcmp(type, "NodePort") == 0), "%s",
                  type);
}

START_TEST(defaults_of_other_types_do_no_harm)
{
    static const char *const types[] = {"NodePort", "LoadBalancer", "ClusterIP", "None"};
    ps_in_arena(check_defaults, types[_i]);
}
END_TEST

START_TEST(test_row)
{
    ps_in_arena(check_row, &rows[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("exposure_all");
    TCase *tcase = tcase_create("exposure_all");
    tcase_add_loop_test(tcase, test_row, 0, PS_COUNT(rows));
    tcase_add_loop_test(tcase, defaults_of_other_types_do_no_harm, 0, 4);
    suite_add_tcase(suite, tcase);
    return suite;
}
