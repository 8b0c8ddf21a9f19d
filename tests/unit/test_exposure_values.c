/* SPDX-License-Identifier: Apache-2.0 */
/* Every annotation by itself: values that are taken, boundaries, and the words of each refusal. */
#include "test_exposure_support.h"

#include <string.h>

#include "support/runner.h"

/* expected: part of the line that render() gives, with its spaces. */
static const struct {
    const char *name;
    const char *value;
    const char *expected;
} valid[] = {
    {"inject", "true",
     "count=1 type=NodePort name=PORTSIDE port=9194 protocol=mirror base=0 "
     "types=EeIiH host= advertised= container= family= delivery=detect."},
    {"inject", "false", "opted out count=0 "},
    {"inject", " \t\nfalse\r\n ", "opted out count=0 "},
    {"type", "NodePort", " type=NodePort "},
    {"type", "None\n", " type=None "},
    {"listener-name", "EXTERNAL", " name=EXTERNAL! "},
    {"listener-name", "PORTSIDE", " name=PORTSIDE! "},
    {"listener-name", "ab", " name=ab! "},
    {"listener-name", "A9", " name=A9! "},
    {"listener-name", "SSLX", " name=SSLX! "},
    {"listener-name", "EXTERNAL-TLS", " name=EXTERNAL-TLS! "},
    {"listener-name", "EXT_1", " name=EXT_1! "},
    {"listener-name", "SSL", " name=SSL! "},
    {"listener-name", "a.b", " name=a.b! "},
    {"listener-name", "PLAINTEXT", " name=PLAINTEXT! "},
    {"listener-name", "A23456789012345678901234567890123456789012345678901234567890123",
     " name=A23456789012345678901234567890123456789012345678901234567890123! "},
    {"listener-port", "1", " port=1! "},
    {"listener-port", "9194", " port=9194! "},
    {"listener-port", "65535", " port=65535! "},
    {"protocol", "PLAINTEXT", " protocol=PLAINTEXT "},
    {"protocol", "SSL", " protocol=SSL "},
    {"protocol", "SASL_PLAINTEXT", " protocol=SASL_PLAINTEXT "},
    {"protocol", "sasl_ssl", " protocol=SASL_SSL "},
    {"node-port-base", "30000", " base=30000 "},
    {"node-port-base", "32765", " base=32765 "},
    {"address-types", "InternalIP", " types=i "},
    {"address-types", "Hostname , ExternalDNS,InternalDNS", " types=HEI "},
    {"address-types", "Hostname,InternalIP,InternalDNS,ExternalIP,ExternalDNS", " types=HiIeE "},
    {"advertised-host", "kafka.example.com", " host=kafka.example.com "},
    {"advertised-host", "kafka.example.com.", " host=kafka.example.com. "},
    {"advertised-host", "localhost", " host=localhost "},
    {"advertised-host", "3com.example", " host=3com.example "},
    {"advertised-host", "a_b.example", " host=a_b.example "},
    {"advertised-host", "192.0.2.7", " host=192.0.2.7 "},
    {"advertised-host", "255.255.255.255", " host=255.255.255.255 "},
    {"advertised-host", "192.0.2.{ordinal}", " host=192.0.2.{ordinal} "},
    {"advertised-host", "{pod}.{statefulset}.{namespace}.example",
     " host={pod}.{statefulset}.{namespace}.example "},
    {"advertised-host", "b-{ ordinal }.example", " host=b-{ ordinal }.example "},
    {"advertised-host", "2001:db8::1", " host=[2001:db8::1] "},
    {"advertised-host", "[2001:db8::1]", " host=[2001:db8::1] "},
    {"advertised-host", "2001:DB8::{ordinal}", " host=[2001:DB8::{ordinal}] "},
    {"advertised-host", "1:2:3:4:5:6:7:8", " host=[1:2:3:4:5:6:7:8] "},
    {"advertised-host", "1::", " host=[1::] "},
    {"advertised-host", "::1", " host=[::1] "},
    {"advertised-host", "1:2:3:4:5:6:7::", " host=[1:2:3:4:5:6:7::] "},
    {"advertised-host", "1:2:3:4:5:6:192.0.2.7", " host=[1:2:3:4:5:6:192.0.2.7] "},
    {"advertised-host", "::ffff:192.0.2.7", " host=[::ffff:192.0.2.7] "},
    {"advertised-port", "1", " advertised=1 "},
    {"advertised-port", "65535", " advertised=65535 "},
    {"advertised-port", "{ordinal + 9000}", " advertised={ordinal + 9000} "},
    {"advertised-port", "{ordinal+1}", " advertised={ordinal+1} "},
    {"advertised-port", "{ordinal + 65533}", " advertised={ordinal + 65533} "},
    {"advertised-port", "3109{ordinal}", " advertised=3109{ordinal} "},
    {"container", "kafka", " container=kafka "},
    {"container", "a23456789012345678901234567890123456789012345678901234567890123",
     " container=a23456789012345678901234567890123456789012345678901234567890123 "},
    {"family", "apache", " family=apache "},
    {"family", "custom", " family=custom "},
    {"delivery", "env", " delivery=env."},
    {"delivery", "hook", " delivery=hook."},
    {"rack-label", "topology.kubernetes.io/zone", "count=1 "},
    {"rack-label", "rack", "count=1 "},
    {"on-missing", "wait", "count=1 "},
    {"on-missing", "start", "count=1 "},
    {"wait-timeout", "10m", "count=1 "},
    {"env", "KAFKA_NODE_ID={ordinal}", "count=1 "},
    {"env", "\n# ids\n A = {ordinal + 100} \nB=", "count=1 "},
    {"type", "LoadBalancer", " type=LoadBalancer "},
    /* Of these the whole is in test_exposure_all.c. */
    {"listeners", "external", "count=1 "},
    {"bootstrap-node-port", "32767", "count=1 "},
    {"external-traffic-policy", "Local", "count=1 "},
    {"external-traffic-policy", "Cluster", "count=1 "},
    {"bootstrap", "false", "count=1 "},
    {"service-annotations", "# none", "count=1 "},
    {"bootstrap-annotations", "#", "count=1 "},
    {"allocate-node-ports", "true", "count=1 "},
    {"allow-from", "192.0.2.0/24, 2001:db8::/32,0.0.0.0/0", "count=1 "},
    {"ip-families", "IPv4, IPv6", "count=1 "},
    {"ip-family-policy", "RequireDualStack", "count=1 "},
    {"shared-port", " false ", "count=1 "},
    {"shared-port", "true", "count=1 "},
    /* Without effect yet, but equal to the default. */
    {"client-auth", "none", "count=1 "},
};

START_TEST(takes_a_valid_value)
{
    struct outcome outcome = parse_one(NULL, valid[_i].name, valid[_i].value);
    const char *got = describe(&outcome);
    ck_assert_msg(outcome.accepted, "%s: %s", valid[_i].value, got);
    ck_assert_msg(strstr(got, valid[_i].expected) != NULL, "%s: '%s' is not in '%s'",
                  valid[_i].name, valid[_i].expected, got);
}
END_TEST

/* Values that are for load balancers alone. */
static const struct {
    const char *name;
    const char *value;
} of_balancers[] = {
    {"load-balancer-class", "internal"}, {"load-balancer-class", "service.k8s.aws/nlb"},
    {"load-balancer-class", "A_b.C-9"},  {"load-balancer-ips", "192.0.2.7, 2001:db8::1"},
    {"allocate-node-ports", "false"},
};

START_TEST(takes_a_value_of_load_balancers)
{
    struct ps_str key =
        ps_arena_printf(test_arena(), PS_ANNOTATION_PREFIX "%s", of_balancers[_i].name);
    const struct annotation list[] = {{PS_ANNOTATION_PREFIX "type", "LoadBalancer"},
                                      {key.ptr, of_balancers[_i].value}};
    struct outcome outcome = parse(NULL, list, PS_COUNT(list));
    ck_assert_msg(outcome.accepted, "%s: %s", of_balancers[_i].value, describe(&outcome));
}
END_TEST

#define TYPES "use NodePort, LoadBalancer, ClusterIP or None"
#define NAMES                                                                                      \
    "use 2 to 63 letters, digits, '_', '-' or '.' that begin with a letter, best in upper case"
#define PORTS "use a number from 1 to 65535"
#define PROTOCOLS "use PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"
#define NODE_PORTS "use a number from 30000 to 32767"
#define ADDRESS_TYPES                                                                              \
    "use a comma-separated list of ExternalDNS, ExternalIP, InternalDNS, InternalIP and "          \
    "Hostname, each at most once"
#define HOSTS                                                                                      \
    "use a DNS name or an IP address without scheme and port, in which {ordinal}, {pod}, "         \
    "{statefulset} and {namespace} are filled in"
#define ADVERTISED_PORTS                                                                           \
    "use a number from 1 to 65535, or digits with {ordinal} or {ordinal + 9000}"
#define CONTAINERS "use at most 63 lower-case letters, digits and '-'"
#define CLASSLESS                                                                                  \
    "is not a load balancer class: use a name as in the Service API, such as example.com/internal"
#define OUTSIDE "is outside the node port range of this installation: " NODE_PORTS
#define HOSTLESS(host) "'" host "' is not a host: " HOSTS

/* expected: the whole message behind the key. */
static const struct {
    const char *name;
    const char *value;
    const char *expected;
} invalid[] = {
    {"inject", "", "the value is empty: remove the annotation or use true or false"},
    {"inject", "enabled", "'enabled' is not a switch: use true or false"},
    {"inject", "False", "'False' is not a switch: use true or false"},
    {"inject", "or", "'or' is not a switch: use true or false"},
    {"type", " \n\t", "the value is empty: remove the annotation or " TYPES},
    {"type", "nodeport", "'nodeport' is not a type: " TYPES},
    {"type", "ExternalName", "'ExternalName' is not a type: " TYPES},
    {"listener-name", "A", "'A' is not a listener name: " NAMES},
    {"listener-name", "9094", "'9094' is not a listener name: " NAMES},
    {"listener-name", "EXT,X", "'EXT,X' is not a listener name: " NAMES},
    {"listener-name", "EXT:X", "'EXT:X' is not a listener name: " NAMES},
    {"listener-name", "EXT ERNAL", "'EXT ERNAL' is not a listener name: " NAMES},
    {"listener-name", "A234567890123456789012345678901234567890123456789012345678901234",
     "'A234567890123456789012345678901234567890123456789012345678901234' is not a listener "
     "name: " NAMES},
    {"listener-port", "0", "'0' is not a port: " PORTS},
    {"listener-port", "65536", "'65536' is not a port: " PORTS},
    {"listener-port", "70000", "'70000' is not a port: " PORTS},
    {"listener-port", "-1", "'-1' is not a port: " PORTS},
    {"listener-port", "+9094", "'+9094' is not a port: " PORTS},
    {"listener-port", "09094", "'09094' is not a port: " PORTS},
    {"listener-port", "9094.0", "'9094.0' is not a port: " PORTS},
    {"listener-port", "0x2386", "'0x2386' is not a port: " PORTS},
    {"listener-port", "18446744073709551617", "'18446744073709551617' is not a port: " PORTS},
    {"listener-port", "kafka", "'kafka' is not a port: " PORTS},
    {"protocol", "TLS", "'TLS' is not a security protocol: " PROTOCOLS},
    {"protocol", "mirror", "'mirror' is not a security protocol: " PROTOCOLS},
    {"node-port-base", "x", "'x' is not a node port: " NODE_PORTS},
    {"node-port-base", "65536", "'65536' is not a node port: " NODE_PORTS},
    {"node-port-base", "29999", "'29999' " OUTSIDE},
    {"node-port-base", "32768", "'32768' " OUTSIDE},
    {"node-port-base", "32766",
     "'32766' leaves no node ports for 3 brokers up to 32767, the end of the range of this "
     "installation: use a lower number"},
    {"address-types", "InternalIp", "'InternalIp' is not an address type: " ADDRESS_TYPES},
    {"address-types", "InternalIP,", "'' is not an address type: " ADDRESS_TYPES},
    {"address-types", ",", "'' is not an address type: " ADDRESS_TYPES},
    {"address-types", "InternalIP;Hostname",
     "'InternalIP;Hostname' is not an address type: " ADDRESS_TYPES},
    {"address-types", "InternalIP, Hostname, InternalIP",
     "'InternalIP' is named twice: name it once"},
    {"advertised-host", "https://kafka.example", HOSTLESS("https://kafka.example")},
    {"advertised-host", "kafka.example:9094", HOSTLESS("kafka.example:9094")},
    {"advertised-host", "a b", HOSTLESS("a b")},
    {"advertised-host", "-a.example", HOSTLESS("-a.example")},
    {"advertised-host", "a-.example", HOSTLESS("a-.example")},
    {"advertised-host", "a..example", HOSTLESS("a..example")},
    {"advertised-host", ".", HOSTLESS(".")},
    {"advertised-host", "*.example", HOSTLESS("*.example")},
    {"advertised-host", "0.0.0.0", HOSTLESS("0.0.0.0")},
    {"advertised-host", "::", HOSTLESS("::")},
    {"advertised-host", "[::]", HOSTLESS("[::]")},
    {"advertised-host", "256.0.0.1", HOSTLESS("256.0.0.1")},
    {"advertised-host", "192.0.2", HOSTLESS("192.0.2")},
    {"advertised-host", "192.0.2.07", HOSTLESS("192.0.2.07")},
    {"advertised-host", "30092", HOSTLESS("30092")},
    {"advertised-host", "18446744073709551616", HOSTLESS("18446744073709551616")},
    {"advertised-host", "[kafka]", HOSTLESS("[kafka]")},
    {"advertised-host", "[192.0.2.7]", HOSTLESS("[192.0.2.7]")},
    {"advertised-host", "[::1", HOSTLESS("[::1")},
    {"advertised-host", "::1]", HOSTLESS("::1]")},
    {"advertised-host", "1::2::3", HOSTLESS("1::2::3")},
    {"advertised-host", ":::", HOSTLESS(":::")},
    {"advertised-host", "1:2:3:4:5:6:7", HOSTLESS("1:2:3:4:5:6:7")},
    {"advertised-host", "1:2:3:4:5:6:7:8:9", HOSTLESS("1:2:3:4:5:6:7:8:9")},
    {"advertised-host", "1::2:3:4:5:6:7:8", HOSTLESS("1::2:3:4:5:6:7:8")},
    {"advertised-host", "12345::", HOSTLESS("12345::")},
    {"advertised-host", "1:2:3:4:5:6:7:192.0.2.7", HOSTLESS("1:2:3:4:5:6:7:192.0.2.7")},
    {"advertised-host", "192.0.2.7:1:2:3:4:5:6", HOSTLESS("192.0.2.7:1:2:3:4:5:6")},
    {"advertised-host", "g::1", HOSTLESS("g::1")},
    {"advertised-host", "fe80::1%eth0", HOSTLESS("fe80::1%eth0")},
    {"advertised-host", "192.0.2.7::1", HOSTLESS("192.0.2.7::1")},
    {"advertised-host", "$(hostname)", HOSTLESS("$(hostname)")},
    {"advertised-host", "256.0.0.{ordinal}",
     "'256.0.0.{ordinal}' gives '256.0.0.0' for ordinal 0, which is not a host: " HOSTS},
    {"advertised-port", "0", "'0' is not a port: " ADVERTISED_PORTS},
    {"advertised-port", "65536", "'65536' is not a port: " ADVERTISED_PORTS},
    {"advertised-port", "http", "'http' is not a port: " ADVERTISED_PORTS},
    {"advertised-port", "{ordinal}",
     "'{ordinal}' gives '0' for ordinal 0, which is not a port: " ADVERTISED_PORTS},
    {"advertised-port", "0{ordinal + 9000}",
     "'0{ordinal + 9000}' gives '09000' for ordinal 0, which is not a port: " ADVERTISED_PORTS},
    {"advertised-port", "{ordinal + 65534}",
     "'{ordinal + 65534}' gives '65536' for ordinal 2, which is not a port: " ADVERTISED_PORTS},
    {"container", "Kafka", "'Kafka' is not the name of a container: " CONTAINERS},
    {"container", "a_b", "'a_b' is not the name of a container: " CONTAINERS},
    {"container", "-a", "'-a' is not the name of a container: " CONTAINERS},
    {"container", "a234567890123456789012345678901234567890123456789012345678901234",
     "'a234567890123456789012345678901234567890123456789012345678901234' is not the name of a "
     "container: " CONTAINERS},
    {"family", "kafka",
     "'kafka' is not an image family: use apache, apache-native, cp-kafka, bitnami, wurstmeister, "
     "solsson, k8skafka, engapa, kafkakraft or custom"},
    {"family", "apache,",
     "'apache,' is not an image family: use apache, apache-native, cp-kafka, "
     "bitnami, wurstmeister, solsson, k8skafka, engapa, kafkakraft or custom"},
    {"delivery", "auto", "'auto' is not a delivery: use env or hook"},
    {"listeners", "external,9th",
     "'9th' begins the names of Services, so it must begin with a letter, and not with 'kafka', as "
     "variables of such Services (KAFKA_…_PORT) would be read by brokers: use another name"},
    {"listeners", "kafka-vpn",
     "'kafka-vpn' begins the names of Services, so it must begin with a letter, and not with "
     "'kafka', as variables of such Services (KAFKA_…_PORT) would be read by brokers: use another "
     "name"},
    {"load-balancer-ips", "192.0.2.7, 192.0.2.7",
     "'192.0.2.7, 192.0.2.7' is not a list of addresses: use a comma-separated list of IP "
     "addresses, each once"},
    {"load-balancer-class", "-internal", "'-internal' " CLASSLESS},
    {"load-balancer-class", "example.com/", "'example.com/' " CLASSLESS},
    {"load-balancer-class", "/internal", "'/internal' " CLASSLESS},
    {"load-balancer-class", "Example.com/internal", "'Example.com/internal' " CLASSLESS},
    {"load-balancer-class", "a2345678901234567890123456789012345678901234567890123456789012345",
     "'a2345678901234567890123456789012345678901234567890123456789012345' " CLASSLESS},
    {"service-annotations", "example.com/a: b",
     "'example.com/a' is not allowed by the policy of this installation: remove it, or have its "
     "prefix allowed (policy-service-annotations)"},
    {"bootstrap-annotations", "example.com/a: b",
     "'example.com/a' is not allowed by the policy of this installation: remove it, or have its "
     "prefix allowed (policy-service-annotations)"},
    {"allow-from", "10.0.0.0/08",
     "'10.0.0.0/08' is not a list of address ranges: use a comma-separated list of ranges such as "
     "192.0.2.0/24"},
    {"listeners", "external,VPN",
     "'external,VPN' is not a list of exposures: use a comma-separated list of names in lower-case "
     "letters, digits and '-'"},
    {"listeners", "external,a2345678901234567890123456789012345678901",
     "'external,a2345678901234567890123456789012345678901' is not a list of exposures: use a "
     "comma-separated list of names in lower-case letters, digits and '-'"},
    {"bootstrap-node-port", "80", "'80' " OUTSIDE},
    {"external-traffic-policy", "local", "'local' is not a traffic policy: use Local or Cluster"},
    {"bootstrap", "yes", "'yes' is not a switch: use true or false"},
    {"load-balancer-ips", "192.0.2.7,x",
     "'192.0.2.7,x' is not a list of addresses: use a comma-separated list of IP addresses, "
     "each once"},
    {"allocate-node-ports", "1", "'1' is not a switch: use true or false"},
    {"ip-families", "ipv4",
     "'ipv4' is not a list of IP families: use IPv4, IPv6 or both with a comma"},
    {"ip-family-policy", "DualStack",
     "'DualStack' is not an IP family policy: use SingleStack, PreferDualStack or "
     "RequireDualStack"},
    {"tls-secret", "My.Secret",
     "'My.Secret' is not the name of a Secret: use lower-case letters, digits, '-' and '.'"},
    {"client-auth", "requested",
     "'requested' is not a kind of client authentication: use none or required"},
    {"shared-port", "on", "'on' is not a switch: use true or false"},
    {"on-missing", "fail", "'fail' is not an action: use wait or start"},
    {"wait-timeout", "24h",
     "has no effect with on-missing 'wait': remove it or use on-missing 'start'"},
    {"wait-timeout", "1h2m3s",
     "has no effect with on-missing 'wait': remove it or use on-missing 'start'"},
    {"wait-timeout", "10",
     "'10' is not a duration: use numbers with h, m or s, such as 10m or 1m30s"},
    {"wait-timeout", "m",
     "'m' is not a duration: use numbers with h, m or s, such as 10m or 1m30s"},
    {"wait-timeout", "10d",
     "'10d' is not a duration: use numbers with h, m or s, such as 10m or 1m30s"},
    {"wait-timeout", "0s",
     "'0s' is not a duration: use numbers with h, m or s, such as 10m or 1m30s"},
    {"wait-timeout", "25h",
     "'25h' is not a duration: use numbers with h, m or s, such as 10m or 1m30s"},
};

START_TEST(refuses_an_invalid_value)
{
    struct outcome outcome = parse_one(NULL, invalid[_i].name, invalid[_i].value);
    ck_assert_msg(!outcome.accepted, "%s was taken", invalid[_i].value);
    struct ps_str expected = ps_arena_printf(test_arena(), PS_ANNOTATION_PREFIX "%s: %s",
                                             invalid[_i].name, invalid[_i].expected);
    ck_assert_str_eq(describe(&outcome), expected.ptr);
    ck_assert(!outcome.problem.unsupported);
}
END_TEST

#define NOT_YET "not supported by this version yet"

static const struct {
    const char *name;
    const char *value;
    const char *expected;
} unsupported[] = {
    {"tls-secret", "kafka.tls", NOT_YET ": remove it"},
    {"client-auth", "required", "'required' is " NOT_YET ": remove it or use 'none'"},
};

START_TEST(refuses_what_has_no_effect_yet_by_name)
{
    struct outcome outcome = parse_one(NULL, unsupported[_i].name, unsupported[_i].value);
    ck_assert_msg(!outcome.accepted, "%s was taken", unsupported[_i].name);
    struct ps_str expected = ps_arena_printf(test_arena(), PS_ANNOTATION_PREFIX "%s: %s",
                                             unsupported[_i].name, unsupported[_i].expected);
    ck_assert_str_eq(describe(&outcome), expected.ptr);
    ck_assert(outcome.problem.unsupported);
}
END_TEST

/* So that a new row of the table cannot come without rows here. */
START_TEST(every_key_has_rows)
{
    size_t count = 0;
    const struct ps_exposure_key *key = &ps_exposure_keys(&count)[_i];
    size_t good = 0;
    size_t refused = 0;
    for (size_t i = 0; i < PS_COUNT(valid); i++) {
        good += strcmp(valid[i].name, key->name) == 0;
    }
    for (size_t i = 0; i < PS_COUNT(of_balancers); i++) {
        good += strcmp(of_balancers[i].name, key->name) == 0;
    }
    for (size_t i = 0; i < PS_COUNT(unsupported); i++) {
        refused += strcmp(unsupported[i].name, key->name) == 0;
    }
    ck_assert_msg(good + refused > 0, "no row for '%s'", key->name);
    ck_assert_msg(!key->supported || good > 0, "no valid row for '%s'", key->name);
    ck_assert_msg(key->supported || refused > 0, "no refusal for '%s'", key->name);
    ck_assert_msg(key->supported || key->fallback[0] == '\0' || good > 0,
                  "no row with the default of '%s'", key->name);
}
END_TEST

Suite *ps_test_suite(void)
{
    size_t keys = 0;
    (void)ps_exposure_keys(&keys);
    Suite *suite = suite_create("exposure_values");
    TCase *tc = tcase_create("values");
    tcase_add_checked_fixture(tc, set_up, tear_down);
    tcase_add_loop_test(tc, takes_a_valid_value, 0, (int)PS_COUNT(valid));
    tcase_add_loop_test(tc, takes_a_value_of_load_balancers, 0, (int)PS_COUNT(of_balancers));
    tcase_add_loop_test(tc, refuses_an_invalid_value, 0, (int)PS_COUNT(invalid));
    tcase_add_loop_test(tc, refuses_what_has_no_effect_yet_by_name, 0, (int)PS_COUNT(unsupported));
    tcase_add_loop_test(tc, every_key_has_rows, 0, (int)keys);
    suite_add_tcase(suite, tc);
    return suite;
}
