/* SPDX-License-Identifier: Apache-2.0 */
/* The options of exposures, and whether they fit the StatefulSet and the pod that they are of. */
#include "admit_rows.h"
#include "support/runner.h"

#define SHARED NOTE("shared-port", "true")
#define VPN                                                                                        \
    NOTE("listeners", "external,vpn")                                                              \
    "," VPN_NOTE("listener-name", "VPN") "," VPN_NOTE("listener-port", "9195")
#define BALANCED NOTE("type", "LoadBalancer")
#define LONG_NAME "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk" /* 45 */
#define NAME_OF_64 "kkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkkk"

/* A StatefulSet that is created: its name, annotations, counts, and the template's pod spec. */
#define SET_NAMED(name, annotations, counts, pod)                                                  \
    REVIEW("apps", "StatefulSet", "statefulsets", "CREATE", name,                                  \
           "{\"metadata\":{\"name\":\"" name "\",\"annotations\":{" annotations                    \
           "}},\"spec\":{" counts ",\"template\":{\"metadata\":{\"labels\":{\"app\":\"kafka\","    \
           "\"tier\":\"broker\"}},\"spec\":{\"containers\":[" APACHE(EASY_ENV) "]" pod "}}}}",     \
           "null")
#define THREE "\"replicas\":3"
#define SET_OF(annotations, counts) SET_NAMED("kafka", annotations, counts, "")
#define SET_WITH(annotations, pod) SET_NAMED("kafka", annotations, THREE, "," pod)
#define TERM(selector, more)                                                                       \
    "\"affinity\":{\"podAntiAffinity\":{\"requiredDuringSchedulingIgnoredDuringExecution\":[{"     \
    "\"topologyKey\":\"kubernetes.io/hostname\",\"labelSelector\":" selector more "}]}}"
#define APP "{\"matchLabels\":{\"app\":\"kafka\"}}"
#define EXPRESSION(key, verb, values)                                                              \
    "{\"matchExpressions\":[{\"key\":\"" key "\",\"operator\":\"" verb "\",\"values\":[" values    \
    "]}]}"

#define DENIED .verdict = PS_VERDICT_DENY, .reason = PS_REASON_INVALID_ANNOTATION
#define TAKEN .verdict = PS_VERDICT_INJECT

static const struct ps_admit_row sets[] = {
    /* shared-port: no two brokers on a node */
    {.name = "shared port without anti-affinity",
     .request = SET_OF(SHARED, THREE),
     DENIED,
     .in_body = "portside.dev/shared-port: 'true' needs brokers that never share a node"},
    {.name = "shared port with anti-affinity",
     .request = SET_WITH(SHARED, TERM(APP, "")),
     TAKEN,
     .in_warnings = "one node port for all brokers"},
    {.name = "preferred anti-affinity is not enough",
     .request =
         SET_WITH(SHARED, "\"affinity\":{\"podAntiAffinity\":{"
                          "\"preferredDuringSchedulingIgnoredDuringExecution\":[{\"weight\":1,"
                          "\"podAffinityTerm\":{\"topologyKey\":\"kubernetes.io/hostname\","
                          "\"labelSelector\":" APP "}}]}}"),
     DENIED},
    {.name = "anti-affinity by zone is not by node",
     .request =
         SET_WITH(SHARED, "\"affinity\":{\"podAntiAffinity\":{"
                          "\"requiredDuringSchedulingIgnoredDuringExecution\":[{\"topologyKey\":"
                          "\"topology.kubernetes.io/zone\",\"labelSelector\":" APP "}]}}"),
     DENIED},
    {.name = "anti-affinity to others",
     .request = SET_WITH(SHARED, TERM("{\"matchLabels\":{\"app\":\"zookeeper\"}}", "")),
     DENIED},
    {.name = "anti-affinity to one label too many",
     .request = SET_WITH(SHARED, TERM("{\"matchLabels\":{\"app\":\"kafka\",\"x\":\"y\"}}", "")),
     DENIED},
    {.name = "by our own label",
     .request =
         SET_WITH(SHARED, TERM("{\"matchLabels\":{\"portside.dev/statefulset\":\"kafka\"}}", "")),
     TAKEN},
    {.name = "In",
     .request = SET_WITH(SHARED, TERM(EXPRESSION("app", "In", "\"a\",\"kafka\""), "")),
     TAKEN},
    {.name = "In others",
     .request = SET_WITH(SHARED, TERM(EXPRESSION("app", "In", "\"a\",\"b\""), "")),
     DENIED},
    {.name = "NotIn",
     .request = SET_WITH(SHARED, TERM(EXPRESSION("app", "NotIn", "\"a\""), "")),
     TAKEN},
    {.name = "NotIn, and it is",
     .request = SET_WITH(SHARED, TERM(EXPRESSION("app", "NotIn", "\"kafka\""), "")),
     DENIED},
    {.name = "Exists",
     .request = SET_WITH(SHARED, TERM(EXPRESSION("tier", "Exists", ""), "")),
     TAKEN},
    {.name = "DoesNotExist",
     .request = SET_WITH(SHARED, TERM(EXPRESSION("tier", "DoesNotExist", ""), "")),
     DENIED},
    {.name = "an expression by a label of single pods",
     .request =
         SET_WITH(SHARED, TERM(EXPRESSION("apps.kubernetes.io/pod-index", "NotIn", "\"0\""), "")),
     DENIED},
    {.name = "an empty selector selects all", .request = SET_WITH(SHARED, TERM("{}", "")), TAKEN},
    {.name = "no selector selects none", .request = SET_WITH(SHARED, TERM("null", "")), DENIED},
    {.name = "in other namespaces",
     .request = SET_WITH(SHARED, TERM(APP, ",\"namespaces\":[\"other\"]")),
     DENIED},
    {.name = "in this namespace",
     .request = SET_WITH(SHARED, TERM(APP, ",\"namespaces\":[\"other\",\"streams\"]")),
     TAKEN},
    {.name = "in all namespaces",
     .request = SET_WITH(SHARED, TERM(APP, ",\"namespaceSelector\":{}")),
     TAKEN},
    {.name = "in namespaces that nobody knows here",
     .request =
         SET_WITH(SHARED, TERM(APP, ",\"namespaceSelector\":{\"matchLabels\":{\"a\":\"b\"}}")),
     DENIED},
    {.name = "only pods of one revision",
     .request = SET_WITH(SHARED, TERM(APP, ",\"matchLabelKeys\":[\"controller-revision-hash\"]")),
     DENIED},
    {.name = "only pods of other values",
     .request = SET_WITH(SHARED, TERM(APP, ",\"mismatchLabelKeys\":[\"app\"]")),
     DENIED},
    {.name = "terms that are none",
     .request =
         SET_WITH(SHARED, "\"affinity\":{\"podAntiAffinity\":{"
                          "\"requiredDuringSchedulingIgnoredDuringExecution\":[null,1,\"x\",[]]}}"),
     DENIED},
    {.name = "one host and one port for all",
     .request = SET_WITH(SHARED "," NOTE("advertised-host", "kafka.example"), TERM(APP, "")),
     DENIED,
     .in_body = "one port for all 3 brokers"},
    /* node ports */
    {.name = "a base too high for the replicas",
     .request = SET_OF(NOTE("node-port-base", "32760"), "\"replicas\":9"),
     DENIED,
     .in_body = "'32760' is too high for ordinal 8: the last node port is 32767"},
    {.name = "a base too high for the first ordinal",
     .request = SET_OF(NOTE("node-port-base", "32760"),
                       "\"replicas\":1,\"ordinals\":{\"start\":2147483647}"),
     DENIED,
     .in_body = "too high for ordinal 2147483647"},
    {.name = "with shared-port the base is the port of all",
     .request = SET_NAMED("kafka", SHARED "," NOTE("node-port-base", "32765"), "\"replicas\":9",
                          "," TERM(APP, "")),
     TAKEN},
    {.name = "load balancers have node ports as well",
     .request = SET_OF(BALANCED "," NOTE("node-port-base", "32760"), "\"replicas\":9"),
     DENIED},
    {.name = "the bootstrap port among those of brokers",
     .request = SET_OF(NOTE("node-port-base", "30100") "," NOTE("bootstrap-node-port", "30108"),
                       "\"replicas\":9"),
     DENIED,
     .in_body = "portside.dev/bootstrap-node-port: its node ports 30108 to 30108 meet those of "
                "portside.dev/node-port-base, 30100 to 30108: use others"},
    {.name = "the bootstrap port just before those of brokers",
     .request = SET_OF(NOTE("node-port-base", "30100") "," NOTE("bootstrap-node-port", "30100"),
                       "\"replicas\":3,\"ordinals\":{\"start\":1}"),
     TAKEN},
    {.name = "the bootstrap port where brokers may soon be",
     .request = SET_OF(NOTE("node-port-base", "30100") "," NOTE("bootstrap-node-port", "30102"),
                       "\"replicas\":1"),
     DENIED},
    {.name = "the bootstrap port beside a shared one",
     .request = SET_WITH(
         SHARED "," NOTE("node-port-base", "30100") "," NOTE("bootstrap-node-port", "30101"),
         TERM(APP, "")),
     TAKEN},
    {.name = "two exposures with the same node ports",
     .request = SET_OF(
         VPN "," NOTE("node-port-base", "30100") "," VPN_NOTE("node-port-base", "30102"), THREE),
     DENIED,
     .in_body = "vpn.portside.dev/node-port-base: its node ports 30102 to 30104 meet those of "
                "portside.dev/node-port-base, 30100 to 30102"},
    {.name = "two exposures side by side",
     .request = SET_OF(
         VPN "," NOTE("node-port-base", "30100") "," VPN_NOTE("node-port-base", "30103"), THREE),
     TAKEN,
     .in_warnings = "VPN on port 9195"},
    /* names */
    {.name = "a Service name too long for the last ordinal",
     .request = SET_NAMED(LONG_NAME, NOTE("bootstrap", "false") "," VPN,
                          "\"replicas\":1,\"ordinals\":{\"start\":123456789}", ""),
     DENIED,
     .in_body =
         "no Service can be called 'external-" LONG_NAME "-123456789': the name has 64 characters"},
    {.name = "a Service name too long for bootstrap",
     .request = SET_NAMED(LONG_NAME, "", THREE, ""),
     DENIED,
     .in_body = "-bootstrap': the name has 64 characters, and at most 63 are allowed"},
    {.name = "without bootstrap it is short enough",
     .request = SET_NAMED(LONG_NAME, NOTE("bootstrap", "false"), THREE, ""),
     TAKEN},
    {.name = "a name for each exposure",
     .request = SET_NAMED(
         LONG_NAME,
         NOTE("listeners", "vpn,the-other-vpn") "," VPN_NOTE("listener-name", "VPN") "," VPN_NOTE(
             "listener-port", "9195") ",\"the-other-vpn.portside.dev/listener-name\":\"O\"",
         THREE, ""),
     DENIED},
    {.name = "a name with a dot is no Service's",
     .request = SET_NAMED("kafka.prod", "", THREE, ""),
     DENIED,
     .in_body = "or opt out with portside.dev/inject: \\\"false\\\""},
    {.name = "without Services names are free",
     .request = SET_NAMED("kafka.prod", NOTE("type", "None") "," NOTE("advertised-host", "{pod}.e"),
                          THREE, ""),
     TAKEN},
    {.name = "a name that no label can have",
     .request = SET_NAMED(
         NAME_OF_64, NOTE("type", "None") "," NOTE("advertised-host", "b{ordinal}.e"), THREE, ""),
     DENIED,
     .in_body = "has 64 characters, and a label has at most 63"},
    /* what is advertised */
    {.name = "an advertised port beyond the last one",
     .request = SET_OF(NOTE("advertised-port", "{ordinal + 65530}"), "\"replicas\":9"),
     DENIED,
     .in_body = "'{ordinal + 65530}' gives '65538' for ordinal 8, which is no port"},
    {.name = "an advertised host that is too long with these names",
     .request = SET_NAMED(
         LONG_NAME,
         NOTE("bootstrap", "false") "," NOTE("advertised-host", "{statefulset}{pod}.example"),
         THREE, ""),
     DENIED,
     .in_body = "which is no host"},
    {.name = "load balancers of one host have one port",
     .request = SET_OF(BALANCED "," NOTE("advertised-host", "kafka.example"), THREE),
     DENIED,
     .in_body = "one port for all 3 brokers"},
    {.name = "a proxy with one host and port",
     .request =
         SET_OF(NOTE("type", "ClusterIP") "," NOTE("advertised-host", "kafka.example"), THREE),
     DENIED},
    {.name = "a proxy with one host and a port for each broker",
     .request =
         SET_OF(NOTE("type", "ClusterIP") "," NOTE("advertised-host", "kafka.example") "," NOTE(
                    "advertised-port", "{ ordinal + 9000 }"),
                THREE),
     TAKEN,
     .in_warnings = "your proxy must forward"},
    {.name = "one broker may have one host and port",
     .request = SET_OF(BALANCED "," NOTE("advertised-host", "kafka.example"), "\"replicas\":1"),
     TAKEN},
    {.name = "a load balancer for each broker",
     .request = SET_OF(BALANCED, THREE),
     TAKEN,
     .in_warnings = "a load balancer for each broker, and one for bootstrap"},
    {.name = "a load balancer for each broker alone",
     .request = SET_OF(BALANCED "," NOTE("bootstrap", "false"), THREE),
     TAKEN,
     .in_warnings = "a load balancer for each broker"},
    {.name = "fewer addresses than brokers",
     .request = SET_OF(BALANCED "," NOTE("load-balancer-ips", "192.0.2.1,192.0.2.2"), THREE),
     DENIED,
     .in_body = "portside.dev/load-balancer-ips: fewer addresses (2) than brokers (3): state one"},
    {.name = "as many addresses as brokers",
     .request =
         SET_OF(BALANCED "," NOTE("load-balancer-ips", "192.0.2.1,192.0.2.2,192.0.2.3"), THREE),
     TAKEN},
    {.name = "allow-from on the node's own network",
     .request = SET_WITH(NOTE("allow-from", "10.0.0.0/8"), "\"hostNetwork\":true"),
     DENIED,
     .in_body = "portside.dev/allow-from: cannot be kept with hostNetwork"},
    {.name = "allow-from",
     .request = SET_OF(NOTE("allow-from", "10.0.0.0/8"), THREE),
     TAKEN,
     .in_warnings = "be sure that your network plugin enforces it"},
    {.name = "a listener name that is taken, in the second exposure",
     .request = SET_OF(NOTE("listeners", "external,vpn") "," VPN_NOTE(
                           "listener-name", "CONTROLLER") "," VPN_NOTE("listener-port", "9195"),
                       THREE),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_NAME_TAKEN},
    {.name = "the message names the exposure whose port is taken",
     .request = SET_OF(NOTE("listeners", "external,vpn") "," VPN_NOTE(
                           "listener-name", "VPN") "," VPN_NOTE("listener-port", "9093"),
                       THREE),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_PORT_TAKEN,
     .in_body = "choose another vpn.portside.dev/listener-port"},
    {.name = "a port of the pod's that the second exposure states",
     .request = SET_WITH(VPN, "\"initContainers\":[{\"name\":\"mesh\",\"restartPolicy\":"
                              "\"Always\",\"ports\":[{\"containerPort\":9195}]}]"),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_PORT_TAKEN,
     .in_body = "choose another vpn.portside.dev/listener-port"},
    {.name = "a port of the pod's that nobody stated, beside one that was",
     .request = SET_WITH(VPN, "\"initContainers\":[{\"name\":\"mesh\",\"restartPolicy\":"
                              "\"Always\",\"ports\":[{\"containerPort\":9194}]}]"),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_PORT_TAKEN,
     .in_warnings = "choose another portside.dev/listener-port"},
    {.name = "a protocol of the second exposure for which the broker has no settings",
     .request = SET_OF(VPN "," VPN_NOTE("protocol", "SASL_SSL"), THREE),
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_LISTENERS,
     .in_body = "vpn.portside.dev/protocol: 'SASL_SSL': the broker has no SASL_"},
    {.name = "a protocol that the policy forbids, of the second exposure",
     .request = SET_OF(NOTE("listeners", "vpn") "," VPN_NOTE("listener-name", "VPN") "," VPN_NOTE(
                           "listener-port", "9195"),
                       THREE),
     .plaintext = PS_CHOICE_DENY,
     .verdict = PS_VERDICT_DENY,
     .reason = PS_REASON_POLICY,
     .in_body = "set vpn.portside.dev/protocol to SSL or SASL_SSL"},
    {.name = "a replica too many is no reason to start a rollout",
     .request = REVIEW("apps", "StatefulSet", "statefulsets", "UPDATE", "kafka",
                       SET_OBJECT(NOTE("node-port-base", "32760"), "9", "", SPEC(APACHE(EASY_ENV))),
                       SET_OBJECT(NOTE("node-port-base", "32760"), "3",
                                  NOTE("node-port-base",
                                       "32760") "," NOTE("copied", "portside.dev/node-port-base"),
                                  SPEC(APACHE(EASY_ENV)))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_patch = "portside.dev~1copied",
     .in_warnings = "too high for ordinal 8"},
};

#define POD_WITH(annotations)                                                                      \
    POD_OF("kafka-7", OWNER ",\"annotations\":{" annotations "}", SPEC(APACHE(EASY_ENV)))
#define PORT(variable, value) "{\"name\":\"" variable "\",\"value\":\"" value "\"}"

static const struct ps_admit_row pods[] = {
    {.name = "the base and the ordinal",
     .request = POD_WITH(NOTE("node-port-base", "30100")),
     TAKEN,
     .in_patch = PORT("PORTSIDE_EXTERNAL_PORT", "30107")},
    {.name = "with shared-port the base itself",
     .request = POD_WITH(NOTE("node-port-base", "30100") "," SHARED),
     TAKEN,
     .in_patch = PORT("PORTSIDE_EXTERNAL_PORT", "30100")},
    {.name = "the port of a load balancer is not its node port",
     .request = POD_WITH(NOTE("node-port-base", "30100") "," BALANCED),
     TAKEN,
     .in_patch = "!30107"},
    {.name = "a pod waits for its load balancer",
     .request = POD_WITH(BALANCED),
     TAKEN,
     .in_patch = "\"external.host external.port\""},
    {.name = "and for the node's address of the family that was asked for",
     .request = POD_WITH(NOTE("address-types", "InternalIP") "," NOTE("ip-families", "IPv6")),
     TAKEN,
     .in_patch = "!status.hostIP"},
    {.name = "nothing to wait for with a proxy of one's own",
     .request = POD_WITH(NOTE("type", "ClusterIP") "," NOTE(
         "advertised-host", "k.example") "," NOTE("advertised-port", "{ordinal + 9000}")),
     TAKEN,
     .in_patch = "!initContainers"},
    {.name = "two exposures",
     .request = POD_WITH(VPN "," VPN_NOTE("node-port-base", "30100")),
     TAKEN,
     .in_patch = PORT("PORTSIDE_VPN_PORT", "30107")},
    {.name = "both listeners",
     .request = POD_WITH(VPN),
     TAKEN,
     .in_patch = "PLAINTEXT://:9092,CONTROLLER://:9093,PORTSIDE://:9194,VPN://:9195"},
    {.name = "one status of both",
     .request = POD_WITH(VPN),
     TAKEN,
     .in_patch = "{\\\"external\\\":\\\"PORTSIDE\\\",\\\"vpn\\\":\\\"VPN\\\"}"},
    {.name = "a rack of another pod's",
     .request = POD_WITH(NOTE("rack", "eu-1")),
     TAKEN,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/metadata/annotations/portside.dev~1rack\"}"},
    {.name = "a mark of another pod's",
     .request = POD_WITH(NOTE("stale", "{}")),
     TAKEN,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/metadata/annotations/portside.dev~1stale\"}"},
    {.name = "the endpoint of an exposure that is no more",
     .request = POD_WITH("\"old.portside.dev/port\":\"1\""),
     TAKEN,
     .in_patch = "{\"op\":\"remove\",\"path\":\"/metadata/annotations/old.portside.dev~1port\"}"},
    {.name = "a base too high for the ordinal",
     .request = POD_WITH(NOTE("node-port-base", "32762")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "too high for ordinal 7"},
    {.name = "no port for the ordinal",
     .request = POD_WITH(NOTE("advertised-port", "{ordinal + 65530}")),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "gives '65537' for ordinal 7, which is no port"},
    {.name = "no Service for the ordinal",
     .request = POD_OF(NAME_OF_64 "-7",
                       "\"ownerReferences\":[{\"apiVersion\":\"apps/v1\",\"kind\":"
                       "\"StatefulSet\",\"name\":\"" NAME_OF_64 "\"}]",
                       SPEC(APACHE(EASY_ENV))),
     .verdict = PS_VERDICT_LEAVE,
     .reason = PS_REASON_BAD_ANNOTATION,
     .in_warnings = "a label has at most 63"},
};

START_TEST(decides_a_set)
{
    ps_check_row(&sets[_i]);
}
END_TEST

START_TEST(decides_a_pod)
{
    ps_check_row(&pods[_i]);
}
END_TEST

Suite *ps_test_suite(void)
{
    Suite *suite = suite_create("admit_options");
    TCase *decisions = tcase_create("options");
    tcase_add_loop_test(decisions, decides_a_set, 0, (int)PS_COUNT(sets));
    tcase_add_loop_test(decisions, decides_a_pod, 0, (int)PS_COUNT(pods));
    suite_add_tcase(suite, decisions);
    return suite;
}
