/* SPDX-License-Identifier: Apache-2.0 */
/* What ps_exposures_parse() makes of an object's annotations as a whole. */
#include "test_exposure_support.h"

#include <string.h>

#include "portside/family.h"
#include "support/runner.h"

#define PREFIX PS_ANNOTATION_PREFIX

static const char defaults[] =
    "count=1 type=NodePort name=PORTSIDE port=9194 protocol=mirror base=0 types=EeIiH host= "
    "advertised= container= family= delivery=detect.";

/* Index of a row by its name, as the configuration finds the place of a default. */
static size_t index_of(const char *name)
{
    size_t count = 0;
    const struct ps_exposure_key *keys = ps_exposure_keys(&count);
    size_t i = 0;
    while (i < count && strcmp(keys[i].name, name) != 0) {
        i++;
    }
    ck_assert_msg(i < count, "no row '%s'", name);
    return i;
}

/* A policy with one installation-wide default. */
static struct ps_policy policy_with(const char *name, const char *value)
{
    size_t count = 0;
    (void)ps_exposure_keys(&count);
    struct ps_str *list = PS_ARENA_ARRAY(test_arena(), struct ps_str, count);
    list[index_of(name)] = ps_str_of(value);
    return (struct ps_policy){.annotation_defaults = list};
}

static const char *const silent[] = {
    "{}",
    "null",
    "[\"portside.dev/type\"]",
    "\"portside.dev/type\"",
    "{\"kubernetes.io/change-cause\":\"x\",\"example.com/type\":\"x\",\"type\":\"x\"}",
    "{\"portside.dev\":\"x\",\"notportside.dev/type\":\"x\",\"portside.dev.example/type\":\"x\"}",
    "{\"portside.dev/status\":\"{\\\"contract\\\":1}\",\"portside.dev/copied\":\"type\"}",
    "{\"portside.dev/stale\":\"x\",\"portside.dev/rack\":\"a\"}",
    "{\"portside.dev/status\":17,\"portside.dev/copied\":\"\"}",
    "{\"external.portside.dev/host\":\"a b\",\"external.portside.dev/port\":\"\"}",
    "{\"vpn.portside.dev/host\":\"192.0.2.7\",\"a-1.portside.dev/port\":\"31000\"}",
};

START_TEST(takes_the_defaults_where_the_object_is_silent)
{
    struct outcome outcome = parse_json(NULL, ps_str_of(silent[_i]));
    ck_assert_str_eq(describe(&outcome), defaults);
    ck_assert(ps_str_is(outcome.exposures.list[0].name, "external"));
    ck_assert(ps_str_is(outcome.exposures.list[0].env_prefix, "PORTSIDE_EXTERNAL"));
}
END_TEST

START_TEST(reads_all_keys_of_one_object)
{
    static const struct annotation list[] = {
        {PREFIX "inject", "true"},
        {PREFIX "type", "NodePort"},
        {PREFIX "listener-name", "OUTSIDE"},
        {PREFIX "listener-port", "9095"},
        {PREFIX "protocol", "SASL_SSL"},
        {PREFIX "node-port-base", "31090"},
        {PREFIX "address-types", "InternalIP"},
        {PREFIX "advertised-host", "{pod}.example.com"},
        {PREFIX "advertised-port", "{ordinal + 31090}"},
        {PREFIX "container", "broker"},
        {PREFIX "family", "bitnami"},
        {PREFIX "delivery", "hook"},
    };
    struct outcome outcome = parse(NULL, list, PS_COUNT(list));
    ck_assert_str_eq(describe(&outcome),
                     "count=1 type=NodePort name=OUTSIDE! port=9095! protocol=SASL_SSL base=31090 "
                     "types=i host={pod}.example.com advertised={ordinal + 31090} container=broker "
                     "family=bitnami delivery=hook.");
}
END_TEST

START_TEST(opting_out_outweighs_everything)
{
    static const struct annotation list[] = {
        {PREFIX "type", "nonsense"},
        {PREFIX "unknown", "x"},
        {PREFIX "inject", "false"},
        {"vpn." PREFIX "type", "None"},
    };
    struct outcome outcome = parse(NULL, list, PS_COUNT(list));
    ck_assert(outcome.accepted);
    ck_assert(outcome.exposures.opted_out);
    ck_assert_uint_eq(outcome.exposures.count, 0);
}
END_TEST

/* Keys that have no row, or values that have no text, with the whole message. */
static const struct {
    const char *json;
    const char *expected;
    bool unsupported;
} refused[] = {
    {"{\"portside.dev/listener-prot\":\"9094\"}",
     "portside.dev/listener-prot: no such annotation: did you mean 'portside.dev/listener-port'?",
     false},
    {"{\"portside.dev/listenerPort\":\"9094\"}",
     "portside.dev/listenerPort: no such annotation: did you mean 'portside.dev/listener-port'?",
     false},
    {"{\"portside.dev/Type\":\"NodePort\"}",
     "portside.dev/Type: no such annotation: did you mean 'portside.dev/type'?", false},
    {"{\"portside.dev/LISTENER-PORTS\":\"9094\"}",
     "portside.dev/LISTENER-PORTS: no such annotation: did you mean 'portside.dev/listener-port'?",
     false},
    {"{\"portside.dev/colour\":\"blue\"}", "portside.dev/colour: no such annotation: remove it",
     false},
    {"{\"portside.dev/\":\"x\"}", "portside.dev/: no such annotation: remove it", false},
    {"{\"portside.dev/host\":\"x\"}", "portside.dev/host: no such annotation: remove it", false},
    {"{\"portside.dev/a/b\":\"x\"}", "portside.dev/a/b: no such annotation: remove it", false},
    {"{\"portside.dev/a\\u001b[31m\\u202e\":\"x\"}",
     "portside.dev/a\\x1b[31m\\xe2\\x80\\xae: no such annotation: remove it", false},
    {"{\"Portside.dev/type\":\"None\"}",
     "Portside.dev/type: write the part before the '/' in lower case", false},
    {"{\"VPN.portside.dev/host\":\"x\"}",
     "VPN.portside.dev/host: write the part before the '/' in lower case", false},
    {"{\"portside.dev/listener-port\":9094}",
     "portside.dev/listener-port: the value is of type number: put it in quotes, as Kubernetes "
     "wants all values of annotations",
     false},
    {"{\"portside.dev/inject\":false}",
     "portside.dev/inject: the value is of type boolean: put it in quotes, as Kubernetes wants all "
     "values of annotations",
     false},
    {"{\"portside.dev/type\":null}",
     "portside.dev/type: the value is of type null: put it in quotes, as Kubernetes wants all "
     "values of annotations",
     false},
    {"{\"vpn.portside.dev/type\":\"None\"}",
     "vpn.portside.dev/type: 'vpn' is not in 'portside.dev/listeners': add it there or remove this "
     "one",
     false},
    {"{\"vpn.portside.dev/typ\":\"None\"}",
     "vpn.portside.dev/typ: no such annotation: did you mean 'vpn.portside.dev/type'?", false},
    {"{\"vpn.portside.dev/container\":\"kafka\"}",
     "vpn.portside.dev/container: write 'portside.dev/container'", false},
    {"{\"external.portside.dev/type\":\"None\"}",
     "external.portside.dev/type: write 'portside.dev/type'", false},
    {"{\"a.b.portside.dev/type\":\"None\"}",
     "a.b.portside.dev/type: 'a.b' is not a name of an exposure: use at most 40 lower-case "
     "letters, digits and '-'",
     false},
    {"{\"-.portside.dev/host\":\"x\"}",
     "-.portside.dev/host: '-' is not a name of an exposure: use at most 40 lower-case letters, "
     "digits and '-'",
     false},
    {"{\".portside.dev/type\":\"None\"}",
     ".portside.dev/type: '' is not a name of an exposure: use at most 40 lower-case letters, "
     "digits and '-'",
     false},
    {"{\"portside.dev/type\":\"None\",\"portside.dev/node-port-base\":\"31000\"}",
     "portside.dev/node-port-base: has no effect with type 'None': remove it or use type "
     "NodePort or LoadBalancer",
     false},
};

START_TEST(refuses_with_these_words)
{
    struct outcome outcome = parse_json(NULL, ps_str_of(refused[_i].json));
    ck_assert(!outcome.accepted);
    ck_assert_str_eq(describe(&outcome), refused[_i].expected);
    ck_assert_int_eq(outcome.problem.unsupported, refused[_i].unsupported);
}
END_TEST

START_TEST(names_the_same_problem_whatever_the_order)
{
    static const struct annotation one[] = {{PREFIX "type", "x"}, {PREFIX "delivery", "y"}};
    static const struct annotation two[] = {{PREFIX "delivery", "y"}, {PREFIX "type", "x"}};
    struct outcome first = parse(NULL, one, PS_COUNT(one));
    struct outcome second = parse(NULL, two, PS_COUNT(two));
    ck_assert(!first.accepted);
    ck_assert_str_eq(describe(&first), describe(&second));
}
END_TEST

START_TEST(an_installation_sets_defaults)
{
    struct ps_policy policy = policy_with("listener-port", " 9095 ");
    struct outcome outcome = parse_json(&policy, PS_STR("{}"));
    ck_assert_msg(strstr(describe(&outcome), " port=9095! ") != NULL, "%s", describe(&outcome));
    outcome = parse_one(&policy, "listener-port", "9096");
    ck_assert_msg(strstr(describe(&outcome), " port=9096! ") != NULL, "%s", describe(&outcome));
}
END_TEST

START_TEST(an_installation_opts_out_and_an_object_in)
{
    struct ps_policy policy = policy_with("inject", "false");
    struct outcome outcome = parse_json(&policy, PS_STR("null"));
    ck_assert(outcome.accepted && outcome.exposures.opted_out);
    ck_assert_uint_eq(outcome.exposures.count, 0);
    outcome = parse_one(&policy, "inject", "true");
    ck_assert_str_eq(describe(&outcome), defaults);
}
END_TEST

START_TEST(a_default_of_the_object_type_is_no_conflict)
{
    struct ps_policy policy = policy_with("node-port-base", "31000");
    struct outcome outcome = parse_one(&policy, "type", "None");
    ck_assert_msg(outcome.accepted, "%s", describe(&outcome));
}
END_TEST

static const struct {
    const char *name;
    const char *value;
    const char *expected;
    bool unsupported;
} wrong_defaults[] = {
    {"listener-port", "x",
     "the default of this installation for portside.dev/listener-port: 'x' is not a port: use a "
     "number from 1 to 65535",
     false},
    {"client-auth", "required",
     "the default of this installation for portside.dev/client-auth: 'required' is not supported "
     "by this version yet: remove it or use 'none'",
     true},
    {"tls-secret", "a",
     "the default of this installation for portside.dev/tls-secret: not supported by this version "
     "yet: remove it",
     true},
};

START_TEST(an_error_in_a_default_names_the_installation)
{
    struct ps_policy policy = policy_with(wrong_defaults[_i].name, wrong_defaults[_i].value);
    struct outcome outcome = parse_json(&policy, PS_STR("{}"));
    ck_assert(!outcome.accepted);
    ck_assert_str_eq(describe(&outcome), wrong_defaults[_i].expected);
    ck_assert_int_eq(outcome.problem.unsupported, wrong_defaults[_i].unsupported);
}
END_TEST

static const struct {
    const char *allowed;
    const char *type; /* NULL: silent */
    const char *expected;
} types[] = {
    {"NodePort", NULL, defaults},
    {"None, NodePort", "NodePort", defaults},
    {"NodePort", "None",
     "portside.dev/type: 'None' is not allowed by the policy of this installation: use one of "
     "NodePort"},
    {"NodePort,None", "LoadBalancer",
     "portside.dev/type: 'LoadBalancer' is not allowed by the policy of this installation: use one "
     "of NodePort,None"},
    {"LoadBalancer", "LoadBalancer",
     "count=1 type=LoadBalancer name=PORTSIDE port=9194 protocol=mirror base=0 types=EeIiH host= "
     "advertised= container= family= delivery=detect."},
    {"None", NULL,
     "portside.dev/type: the default 'NodePort' is not allowed by the policy of this installation: "
     "use one of None"},
};

START_TEST(the_policy_limits_types)
{
    struct ps_policy policy = {.types_allowed = ps_str_of(types[_i].allowed)};
    struct outcome outcome = types[_i].type == NULL ? parse_json(&policy, PS_STR("{}"))
                                                    : parse_one(&policy, "type", types[_i].type);
    ck_assert_str_eq(describe(&outcome), types[_i].expected);
}
END_TEST

static const struct {
    uint32_t min;
    uint32_t max;
    const char *base;
    const char *expected; /* part of the line or the message */
} node_ports[] = {
    {1024, 2047, "1024", " base=1024 "},
    {1024, 2047, "2045", " base=2045 "},
    {1024, 2047, "2046", "'2046' leaves no node ports for 3 brokers up to 2047, "},
    {1024, 2047, "1023", "use a number from 1024 to 2047"},
    {1024, 2047, "30000", "use a number from 1024 to 2047"},
    {31000, 31000, "31000", " base=31000 "},
    {1, 65535, "65533", " base=65533 "},
};

START_TEST(the_policy_limits_node_ports)
{
    struct ps_policy policy = {.node_port_min = node_ports[_i].min,
                               .node_port_max = node_ports[_i].max};
    struct outcome outcome = parse_one(&policy, "node-port-base", node_ports[_i].base);
    const char *got = describe(&outcome);
    ck_assert_msg(strstr(got, node_ports[_i].expected) != NULL, "%s", got);
}
END_TEST

static const struct {
    const char *key;
    bool user;
    bool controller;
} key_kinds[] = {
    {"portside.dev/type", true, false},
    {"portside.dev/nonsense", true, false},
    {"portside.dev/", true, false},
    {"vpn.portside.dev/type", true, false},
    {"portside.dev/host", true, false},
    {"Portside.dev/status", true, false},
    {"External.portside.dev/host", true, false},
    {"a.b.portside.dev/host", true, false},
    {"portside.dev/status", false, false},
    {"portside.dev/copied", false, false},
    {"portside.dev/stale", false, true},
    {"portside.dev/rack", false, true},
    {"vpn.portside.dev/status", true, false},
    {"external.portside.dev/host", false, true},
    {"external.portside.dev/port", false, true},
    {"a-1.portside.dev/port", false, true},
    {"external.portside.dev/ports", true, false},
    {"portside.dev", false, false},
    {"xportside.dev/type", false, false},
    {"portside.de/type", false, false},
    {"example.com/portside.dev/type", false, false},
    {"/", false, false},
    {"", false, false},
};

START_TEST(tells_whose_a_key_is)
{
    struct ps_str key = ps_str_of(key_kinds[_i].key);
    ck_assert_msg(ps_exposure_is_user_key(key) == key_kinds[_i].user, "%s", key_kinds[_i].key);
    ck_assert_msg(ps_exposure_is_controller_key(key) == key_kinds[_i].controller, "%s",
                  key_kinds[_i].key);
}
END_TEST

/* The table of annotations names the families for people, the table of families for the code. */
START_TEST(names_all_families)
{
    size_t count = 0;
    struct ps_str values = ps_str_of(ps_exposure_keys(&count)[index_of("family")].values);
    struct ps_str rest = ps_family_names(test_arena());
    struct ps_str name;
    size_t bytes = 0;
    while (ps_str_split(&rest, ',', &name)) {
        name = ps_str_trim(name);
        bytes += name.len + 2;
        ck_assert_msg(ps_str_find(values, name, 0) < values.len, "%.*s", PS_FMT(name));
    }
    /* "a, b or c" has two bytes more than "a, b, c". */
    ck_assert_uint_eq(values.len, bytes);
}
END_TEST

#define ADD_LOOP(tc, test, table) tcase_add_loop_test(tc, test, 0, (int)PS_COUNT(table))

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("exposure");
    TCase *tc = tcase_create("object");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    ADD_LOOP(tc, takes_the_defaults_where_the_object_is_silent, silent);
    tcase_add_test(tc, reads_all_keys_of_one_object);
    tcase_add_test(tc, opting_out_outweighs_everything);
    ADD_LOOP(tc, refuses_with_these_words, refused);
    tcase_add_test(tc, names_the_same_problem_whatever_the_order);
    tcase_add_test(tc, an_installation_sets_defaults);
    tcase_add_test(tc, an_installation_opts_out_and_an_object_in);
    tcase_add_test(tc, a_default_of_the_object_type_is_no_conflict);
    ADD_LOOP(tc, an_error_in_a_default_names_the_installation, wrong_defaults);
    ADD_LOOP(tc, the_policy_limits_types, types);
    ADD_LOOP(tc, the_policy_limits_node_ports, node_ports);
    tcase_add_test(tc, names_all_families);
    ADD_LOOP(tc, tells_whose_a_key_is, key_kinds);
    suite_add_tcase(suite, tc);
    return suite;
}
