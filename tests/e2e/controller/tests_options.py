# SPDX-License-Identifier: Apache-2.0
"""What each option of an exposure does to Services, policies and endpoints."""

import json
import os
import re

import yaml

from harness import ROOT, check, wait_until
from world import (
    HOSTS,
    NODES,
    VPN,
    bind,
    config,
    create,
    endpoint,
    node_port,
    options,
    policy,
    service,
    wait_bootstrap,
    wait_endpoint,
    wait_event,
    wait_service,
)

BROKERS = [f"kafka-{ordinal}" for ordinal in range(3)]
BOOTSTRAP = "external-kafka-bootstrap"


def bind_all(test, namespace):
    for broker, node in zip(BROKERS, NODES):
        test.cluster.wait_pod(namespace, broker)
        bind(test.cluster, namespace, broker, node)


def give_balancer(test, namespace, name, *ingress):
    """Plays the cloud."""
    path = f"/api/v1/namespaces/{namespace}/services/{name}/status"
    status, body, _ = test.cluster.request(
        "PATCH",
        path,
        {"status": {"loadBalancer": {"ingress": list(ingress)}}},
        "application/merge-patch+json",
    )
    check(status == 200, f"status of {name}: {body}")


def apply(test, namespace, document):
    test.kubectl("apply", "-n", namespace, "-f", "-", stdin=json.dumps(document))


def service_names(test, namespace):
    found = test.cluster.get(f"/api/v1/namespaces/{namespace}/services")["items"]
    return sorted(
        one["metadata"]["name"]
        for one in found
        if one["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by") == "portside"
    )


def examples(page):
    """The annotations that a page shows, block by block, and the endpoints that it promises."""
    with open(os.path.join(ROOT, "docs", page), encoding="utf-8") as file:
        blocks = re.findall(r"^```yaml\n(.*?)^```$", file.read(), re.DOTALL | re.MULTILINE)
    for block in blocks:
        found = yaml.safe_load(block)
        annotations = found["metadata"]["annotations"] if "metadata" in found else found
        yield annotations, re.findall(r"^# (\S+) → (\S+):(\d+)$", block, re.MULTILINE)


def broker_for(annotations):
    """A manifest that the annotations are meant for."""
    if "portside.dev/env" in annotations:
        return "apache-cmd-id"  # env has no id
    if annotations.get("portside.dev/listener-name") == "EXTERNAL":
        return "apache-external-listener"
    return "apache-env"


def try_example(test, annotations, promised):
    namespace = create(test, annotations=annotations, name=broker_for(annotations))
    for exposure in annotations.get("portside.dev/listeners", "external").split(","):
        wait_until("the status", lambda: config(test, namespace, f"{exposure}-kafka"))
    if annotations.get("portside.dev/type") != "None":
        has_bootstrap = annotations.get("portside.dev/bootstrap") != "false"
        wait_service(test, namespace, BOOTSTRAP if has_bootstrap else "external-kafka-0")
    if promised:
        test.cluster.wait_pod(namespace, "kafka-0")
        bind(test.cluster, namespace, "kafka-0", "alpha")
    for pod, host, port in promised:
        wait_endpoint(test, namespace, pod, (host, port))


def test_the_examples_of_the_reference(test):
    found = list(examples("annotations.md"))
    check(len(found) >= 5, f"examples {found}")
    for annotations, promised in found:
        try_example(test, annotations, promised)


def test_the_examples_of_the_page_on_exposure(test):
    found = list(examples("exposure.md"))
    check(len(found) >= 10, f"examples {found}")
    check(sum(bool(promised) for _, promised in found) >= 8, f"promises {found}")
    for annotations, promised in found:
        try_example(test, annotations, promised)


def test_load_balancers(test):
    namespace = create(test, annotations=options(type="LoadBalancer"))
    for name in [f"external-{broker}" for broker in BROKERS] + [BOOTSTRAP]:
        spec = wait_service(test, namespace, name)["spec"]
        check(spec["type"] == "LoadBalancer", f"{name}: {spec}")
        check(spec["ports"][0]["port"] == 9194, f"{name}: {spec}")
        wanted = "Cluster" if name == BOOTSTRAP else "Local"
        check(spec["externalTrafficPolicy"] == wanted, f"{name}: {spec}")
    bind_all(test, namespace)
    event = wait_event(test, namespace, "WaitingForEndpoint")
    check("load balancer of Service 'external-kafka-" in event["message"], event["message"])
    check(endpoint(test.cluster.pod(namespace, "kafka-0")) is None, "an endpoint without address")
    give_balancer(test, namespace, "external-kafka-0", {"ip": "198.51.100.10"})
    wait_endpoint(test, namespace, "kafka-0", ("198.51.100.10", "9194"))
    both = {"ip": "198.51.100.11", "hostname": "lb-1.example.org"}
    give_balancer(test, namespace, "external-kafka-1", both)
    wait_endpoint(test, namespace, "kafka-1", ("lb-1.example.org", "9194"))
    give_balancer(test, namespace, "external-kafka-2", {"ip": "198.51.100.12"})
    servers = "198.51.100.10:9194,lb-1.example.org:9194,198.51.100.12:9194"
    wait_bootstrap(test, namespace, servers)


def test_a_load_balancer_that_changes_its_address(test):
    namespace = create(test, replicas=1, annotations=options(type="LoadBalancer"))
    wait_service(test, namespace, "external-kafka-0")
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "alpha")
    give_balancer(test, namespace, "external-kafka-0", {"ip": "198.51.100.20"})
    wait_endpoint(test, namespace, "kafka-0", ("198.51.100.20", "9194"))
    give_balancer(test, namespace, "external-kafka-0", {"hostname": "late.example.org"})
    wait_endpoint(test, namespace, "kafka-0", ("late.example.org", "9194"))


def test_options_of_load_balancers(test):
    ips = ["198.51.100.30", "198.51.100.31", "198.51.100.32"]
    namespace = create(
        test,
        annotations=options(
            type="LoadBalancer",
            load_balancer_class="example.com/internal",
            load_balancer_ips=",".join(ips),
            allocate_node_ports="false",
            allow_from="10.0.0.0/8,192.0.2.0/24",
        ),
    )
    for name, ip in zip([f"external-{broker}" for broker in BROKERS] + [BOOTSTRAP], ips + [None]):
        spec = wait_service(test, namespace, name)["spec"]
        check(spec.get("loadBalancerIP") == ip, f"{name}: {spec}")
        check(spec["loadBalancerClass"] == "example.com/internal", f"{name}: {spec}")
        check(spec["allocateLoadBalancerNodePorts"] is False, f"{name}: {spec}")
        check("nodePort" not in spec["ports"][0], f"{name}: {spec}")
        check(spec["loadBalancerSourceRanges"] == ["10.0.0.0/8", "192.0.2.0/24"], f"{name}: {spec}")
    check(policy(test, namespace) is None, "a NetworkPolicy beside the source ranges")


def test_two_exposures(test):
    namespace = create(
        test, annotations={**VPN, **options("vpn.", type="LoadBalancer", bootstrap="false")}
    )
    names = [f"external-{one}" for one in BROKERS] + [f"vpn-{one}" for one in BROKERS]
    for name in names + [BOOTSTRAP]:
        found = wait_service(test, namespace, name)["spec"]
        vpn = name.startswith("vpn")
        check(found["type"] == ("LoadBalancer" if vpn else "NodePort"), f"{name}: {found}")
        check(found["ports"][0]["targetPort"] == (9195 if vpn else 9194), f"{name}: {found}")
    check(service_names(test, namespace) == sorted(names + [BOOTSTRAP]), "other Services")
    bind_all(test, namespace)
    external, vpn = [], []
    for ordinal, (broker, node) in enumerate(zip(BROKERS, NODES)):
        port = str(node_port(service(test, namespace, f"external-{broker}")))
        wait_endpoint(test, namespace, broker, (HOSTS[node], port))
        check(endpoint(test.cluster.pod(namespace, broker), "vpn") is None, f"{broker} has both")
        give_balancer(test, namespace, f"vpn-{broker}", {"ip": f"198.51.100.4{ordinal}"})
        wanted = (f"198.51.100.4{ordinal}", "9195")
        wait_endpoint(test, namespace, broker, wanted, exposure="vpn")
        external.append(f"{HOSTS[node]}:{port}")
        vpn.append(":".join(wanted))
    wait_bootstrap(test, namespace, ",".join(external))
    wait_bootstrap(test, namespace, ",".join(vpn), name="vpn-kafka")


def rules_for(found, port):
    """The rules of a NetworkPolicy that let somebody in at this TCP port."""

    def covers(one):
        last = one.get("endPort", one["port"])
        return one["protocol"] == "TCP" and one["port"] <= port <= last

    return [rule for rule in found["spec"]["ingress"] if any(map(covers, rule["ports"]))]


def test_allow_from(test):
    ranges = ["10.0.0.0/8", "2001:db8::/32"]
    namespace = create(test, annotations=options(allow_from=",".join(ranges)))
    found = wait_until("the NetworkPolicy", lambda: policy(test, namespace))
    selector = found["spec"]["podSelector"]
    check(selector == {"matchLabels": {"portside.dev/statefulset": "kafka"}}, f"{selector}")
    check(found["spec"]["policyTypes"] == ["Ingress"], f"{found['spec']}")
    inside = rules_for(found, 9194)
    allowed = [one["ipBlock"]["cidr"] for rule in inside for one in rule.get("from", [])]
    check(len(inside) == 1 and allowed == ranges, f"rules of the listener {inside}")
    for port in (1, 9092, 9093, 9193, 9195, 65535):
        rules = rules_for(found, port)
        check(len(rules) == 1 and "from" not in rules[0], f"rules of port {port}: {rules}")
    protocols = {one["protocol"] for rule in found["spec"]["ingress"] for one in rule["ports"]}
    check(protocols == {"TCP", "UDP", "SCTP"}, f"protocols {protocols}")
    # The client's address must come through to be judged.
    check(
        wait_service(test, namespace, BOOTSTRAP)["spec"]["externalTrafficPolicy"] == "Local",
        "bootstrap hides the client",
    )


def test_allow_from_beside_a_policy_of_the_users(test):
    namespace = test.namespace()
    own = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "own"},
        "spec": {
            "podSelector": {"matchLabels": {"app": "kafka"}},
            "ingress": [{"ports": [{"port": 9092}]}],
        },
    }
    apply(test, namespace, own)
    before = policy(test, namespace, "own")
    create(test, namespace=namespace, annotations=options(allow_from="10.0.0.0/8"))
    found = wait_until("the NetworkPolicy", lambda: policy(test, namespace))
    check(len(found["spec"]["ingress"]) == 1, f"opens what the user closed: {found['spec']}")
    check(policy(test, namespace, "own") == before, "the user's own policy was changed")
    test.kubectl("delete", "networkpolicy", "own", "-n", namespace)
    wait_until(
        "the other ports are open again",
        lambda: len(policy(test, namespace)["spec"]["ingress"]) == 2,
    )


def test_shared_port(test):
    namespace = create(test, annotations=options(shared_port="true", node_port_base="31810"))
    spec = wait_service(test, namespace, "external-kafka-shared")["spec"]
    check(spec["externalTrafficPolicy"] == "Local", f"{spec}")
    check(spec["publishNotReadyAddresses"] is True, f"{spec}")
    check(spec["selector"] == {"portside.dev/statefulset": "kafka"}, f"{spec}")
    check(spec["ports"][0]["nodePort"] == 31810, f"{spec}")
    bind_all(test, namespace)
    for broker, node in zip(BROKERS, NODES):
        wait_endpoint(test, namespace, broker, (HOSTS[node], "31810"))
        pod = test.cluster.pod(namespace, broker)
        env = {one["name"]: one.get("value") for one in pod["spec"]["containers"][0]["env"]}
        check(env["PORTSIDE_EXTERNAL_PORT"] == "31810", f"{broker}: {env}")
    wait_bootstrap(test, namespace, ",".join(f"{HOSTS[node]}:31810" for node in NODES))
    names = service_names(test, namespace)
    check(names == [BOOTSTRAP, "external-kafka-shared"], f"Services {names}")


def test_shared_port_that_kubernetes_chooses(test):
    namespace = create(test, replicas=1, annotations=options(shared_port="true"))
    port = node_port(wait_service(test, namespace, "external-kafka-shared"))
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "beta")
    wait_endpoint(test, namespace, "kafka-0", (HOSTS["beta"], str(port)))


def test_service_annotations(test):
    name = "external-dns.alpha.kubernetes.io/hostname"
    namespace = create(
        test,
        annotations=options(
            service_annotations=f"{name}: {{pod}}.{{namespace}}.example.org\nexample.com/o: 'x: y'",
            bootstrap_annotations=f"# for all\n{name}: {{statefulset}}.example.org",
        ),
    )
    for broker in BROKERS:
        got = wait_service(test, namespace, f"external-{broker}")["metadata"]["annotations"]
        check(got[name] == f"{broker}.{namespace}.example.org", f"{broker}: {got}")
        check(got["example.com/o"] == "x: y", f"{broker}: {got}")
    got = wait_service(test, namespace, BOOTSTRAP)["metadata"]["annotations"]
    check(got[name] == "kafka.example.org" and "example.com/o" not in got, f"{got}")


def test_ip_families(test):
    namespace = create(
        test, annotations=options(ip_families="IPv4", ip_family_policy="SingleStack")
    )
    spec = wait_service(test, namespace, "external-kafka-0")["spec"]
    check(spec["ipFamilies"] == ["IPv4"] and spec["ipFamilyPolicy"] == "SingleStack", f"{spec}")
    namespace = create(
        test, replicas=1, annotations=options(ip_family_policy="PreferDualStack")
    )
    spec = wait_service(test, namespace, "external-kafka-0")["spec"]
    check(spec["ipFamilyPolicy"] == "PreferDualStack", f"{spec}")
    check(spec["ipFamilies"] == ["IPv4"], f"{spec}")


def test_families_that_the_cluster_does_not_have(test):
    namespace = create(test, replicas=1, annotations=options(ip_family_policy="RequireDualStack"))
    event = wait_event(test, namespace, "RequestRefused")
    message = event["message"]
    check("Service external-kafka-" in message and "RequireDualStack" in message, message)
    check(event["involvedObject"]["kind"] == "StatefulSet", f"{event['involvedObject']}")


def test_external_traffic_policy(test):
    namespace = create(test, annotations=options(external_traffic_policy="Cluster"))
    for broker in BROKERS:
        spec = wait_service(test, namespace, f"external-{broker}")["spec"]
        check(spec["externalTrafficPolicy"] == "Cluster", f"{broker}: {spec}")


def test_without_bootstrap(test):
    namespace = create(test, annotations=options(bootstrap="false"))
    for broker in BROKERS:
        wait_service(test, namespace, f"external-{broker}")
    wait_until("the status", lambda: config(test, namespace))
    check(service(test, namespace, BOOTSTRAP) is None, "a bootstrap Service")


def test_bootstrap_node_port(test):
    namespace = create(
        test, annotations=options(bootstrap_node_port="31820", node_port_base="31821")
    )
    check(node_port(wait_service(test, namespace, BOOTSTRAP)) == 31820, "bootstrap")
    check(node_port(wait_service(test, namespace, "external-kafka-2")) == 31823, "the last broker")


def test_cluster_ip_behind_a_proxy(test):
    namespace = create(
        test,
        annotations=options(
            type="ClusterIP",
            advertised_host="tcp.example.org",
            advertised_port="{ordinal + 9300}",
        ),
    )
    for name in [f"external-{broker}" for broker in BROKERS] + [BOOTSTRAP]:
        spec = wait_service(test, namespace, name)["spec"]
        check(spec["type"] == "ClusterIP" and spec["clusterIP"] != "None", f"{name}: {spec}")
        check("nodePort" not in spec["ports"][0], f"{name}: {spec}")
    bind_all(test, namespace)
    for ordinal, broker in enumerate(BROKERS):
        wait_endpoint(test, namespace, broker, ("tcp.example.org", str(9300 + ordinal)))
        inits = test.cluster.pod(namespace, broker)["spec"].get("initContainers", [])
        check(not inits, f"{broker} waits for what is known: {inits}")
    wait_bootstrap(
        test, namespace, ",".join(f"tcp.example.org:{9300 + ordinal}" for ordinal in range(3))
    )


def test_cluster_ip_with_the_port_of_the_service(test):
    namespace = create(
        test, annotations=options(type="ClusterIP", advertised_host="b{ordinal}.example.org")
    )
    bind_all(test, namespace)
    for ordinal, broker in enumerate(BROKERS):
        wait_endpoint(test, namespace, broker, (f"b{ordinal}.example.org", "9194"))
