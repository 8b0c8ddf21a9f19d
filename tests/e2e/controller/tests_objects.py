# SPDX-License-Identifier: Apache-2.0
"""Services, endpoints and status of brokers that come, change and go."""

import json
import statistics
import time

from harness import check, wait_until
from world import (
    HOSTS,
    NODES,
    bind,
    config,
    create,
    endpoint,
    make_node,
    node_port,
    service,
    set_addresses,
    wait_bootstrap,
    wait_endpoint,
    wait_event,
    wait_no_service,
    wait_service,
)

BROKERS = [f"kafka-{ordinal}" for ordinal in range(3)]


def check_owner(test, namespace, found):
    uid = test.cluster.statefulset(namespace, "kafka")["metadata"]["uid"]
    owners = found["metadata"].get("ownerReferences", [])
    check([one["uid"] for one in owners] == [uid], f"owners {owners}")
    labels = found["metadata"]["labels"]
    check(labels.get("app.kubernetes.io/managed-by") == "portside", f"labels {labels}")


def test_one_service_for_each_broker(test):
    namespace = create(test)
    ports = set()
    for broker in BROKERS:
        found = wait_service(test, namespace, f"external-{broker}")
        spec = found["spec"]
        check_owner(test, namespace, found)
        check(spec["type"] == "NodePort", f"type {spec['type']}")
        check(spec["externalTrafficPolicy"] == "Local", f"policy {spec}")
        check(spec["publishNotReadyAddresses"] is True, f"not ready {spec}")
        check(
            spec["selector"].get("statefulset.kubernetes.io/pod-name") == broker
            or spec["selector"].get("apps.kubernetes.io/pod-index") == broker[-1],
            f"selector {spec['selector']}",
        )
        check(len(spec["ports"]) == 1, f"ports {spec['ports']}")
        check(str(spec["ports"][0]["targetPort"]) == "9194", f"ports {spec['ports']}")
        ports.add(node_port(found))
    check(len(ports) == 3, f"node ports {ports}")


def test_bootstrap_service(test):
    namespace = create(test)
    found = wait_service(test, namespace, "external-kafka-bootstrap")
    check_owner(test, namespace, found)
    check(found["spec"].get("externalTrafficPolicy") == "Cluster", f"{found['spec']}")
    check(not found["spec"].get("publishNotReadyAddresses"), f"{found['spec']}")
    selector = found["spec"]["selector"]
    check(selector == {"portside.dev/statefulset": "kafka"}, f"selector {selector}")


def test_endpoint_within_a_second_of_the_binding(test):
    namespace = create(test, replicas=10)
    times = []
    for ordinal in range(10):
        wait_service(test, namespace, f"external-kafka-{ordinal}")
    for ordinal in range(10):
        pod, node = f"kafka-{ordinal}", list(NODES)[ordinal % 3]
        test.cluster.wait_pod(namespace, pod)
        begun = time.monotonic()
        bind(test.cluster, namespace, pod, node)
        host, port = wait_until(
            f"endpoint of {pod}",
            lambda name=pod: endpoint(test.cluster.pod(namespace, name)),
            5,
        )
        times.append(time.monotonic() - begun)
        check(host == HOSTS[node], f"{pod} on {node} has host {host}")
        wanted = node_port(service(test, namespace, f"external-{pod}"))
        check(port == str(wanted), f"{pod} has port {port}, its Service {wanted}")
    check(statistics.median(times) <= 1.0, f"times {times}")
    return (
        f"bind to endpoint: median {statistics.median(times) * 1000:.0f} ms, "
        f"longest {max(times) * 1000:.0f} ms of {len(times)}"
    )


def bound_host(test, addresses, annotations=None):
    """The host of a broker on a node with these addresses."""
    name = f"node-{int(time.time() * 1000)}"
    make_node(test.cluster, name, addresses)
    namespace = create(test, replicas=1, annotations=annotations)
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", name)
    host, _ = wait_endpoint(test, namespace, "kafka-0")
    test.cluster.request("DELETE", f"/api/v1/nodes/{name}")
    return host


def test_address_types_in_the_order_that_was_asked_for(test):
    every = NODES["gamma"]
    key = "portside.dev/address-types"
    check(bound_host(test, every, {key: "InternalIP,ExternalIP"}) == "10.1.0.3", "InternalIP")
    check(bound_host(test, every, {key: "Hostname"}) == "gamma", "Hostname")
    check(bound_host(test, every, {key: "InternalDNS,ExternalIP"}) == "gamma.internal", "DNS")


def test_several_addresses_of_one_type_and_ipv6(test):
    two = [("InternalIP", "10.9.0.1"), ("InternalIP", "10.9.0.2")]
    check(bound_host(test, two) == "10.9.0.1", "the first of two")
    mixed = [("ExternalIP", "2001:db8::1"), ("ExternalIP", "203.0.113.9")]
    check(bound_host(test, mixed) == "203.0.113.9", "the family that the Service serves")
    named = [("ExternalDNS", "n.example.org"), ("ExternalIP", "2001:db8::1")]
    check(bound_host(test, named) == "n.example.org", "a name")


def test_node_addresses_that_come_late(test):
    make_node(test.cluster, "late", [])
    namespace = create(test, replicas=1)
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "late")
    wait_event(test, namespace, "WaitingForEndpoint")
    check(endpoint(test.cluster.pod(namespace, "kafka-0")) is None, "an endpoint without address")
    set_addresses(test.cluster, "late", [("ExternalIP", "203.0.113.77")])
    host, _ = wait_endpoint(test, namespace, "kafka-0", seconds=40)
    check(host == "203.0.113.77", f"host {host}")
    test.cluster.request("DELETE", "/api/v1/nodes/late")


def test_ports_and_templates(test):
    namespace = create(
        test,
        annotations={
            "portside.dev/node-port-base": "31400",
            "portside.dev/advertised-host": "b{ordinal}.{namespace}.example.org",
            "portside.dev/advertised-port": "{ordinal + 9000}",
        },
    )
    for ordinal, broker in enumerate(BROKERS):
        found = wait_service(test, namespace, f"external-{broker}")
        check(node_port(found) == 31400 + ordinal, f"{broker}: {node_port(found)}")
        test.cluster.wait_pod(namespace, broker)
        bind(test.cluster, namespace, broker, "alpha")
    hosts = [f"b{ordinal}.{namespace}.example.org:{9000 + ordinal}" for ordinal in range(3)]
    wait_bootstrap(test, namespace, ",".join(hosts))


def test_status(test):
    namespace = create(test)
    expected = []
    for broker, node in zip(BROKERS, NODES):
        test.cluster.wait_pod(namespace, broker)
        bind(test.cluster, namespace, broker, node)
        expected.append(":".join(wait_endpoint(test, namespace, broker)))
    wait_bootstrap(test, namespace, ",".join(expected))
    found = config(test, namespace)
    check_owner(test, namespace, found)
    brokers = json.loads(found["data"]["brokers.json"])
    check([one["pod"] for one in brokers] == BROKERS, f"brokers {brokers}")
    check("PLAINTEXT" in found["data"]["client.properties"], f"{found['data']}")


def test_scale_up_and_down(test):
    namespace = create(test, replicas=1)
    wait_service(test, namespace, "external-kafka-0")
    test.kubectl("scale", "statefulset/kafka", "--replicas=3", "-n", namespace)
    port = node_port(wait_service(test, namespace, "external-kafka-2"))
    test.kubectl("scale", "statefulset/kafka", "--replicas=1", "-n", namespace)
    for ordinal in (1, 2):
        wait_no_service(test, namespace, f"external-kafka-{ordinal}")
    check(service(test, namespace, "external-kafka-0"), "the first Service went")
    test.kubectl("scale", "statefulset/kafka", "--replicas=3", "-n", namespace)
    again = node_port(wait_service(test, namespace, "external-kafka-2"))
    check(again == port, f"node port {again}, before {port}")


def test_scale_to_zero_keeps_the_services(test):
    namespace = create(test)
    before = [wait_service(test, namespace, f"external-{broker}") for broker in BROKERS]
    test.kubectl("scale", "statefulset/kafka", "--replicas=0", "-n", namespace)
    wait_until(
        "no pods", lambda: not test.cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    )
    time.sleep(1)
    after = [service(test, namespace, f"external-{broker}") for broker in BROKERS]
    check(
        all(one and one["metadata"]["uid"] == old["metadata"]["uid"]
            for one, old in zip(after, before)),
        "a Service went",
    )


def test_a_service_deleted_by_hand_comes_back_with_its_port(test):
    namespace = create(test)
    times = []
    for broker in BROKERS:
        name = f"external-{broker}"
        before = wait_service(test, namespace, name)
        wait_until("ports recorded", lambda: config(test, namespace, "kafka.ports.portside.dev"))
        time.sleep(0.2)
        begun = time.monotonic()
        test.cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/services/{name}")
        after = wait_service(test, namespace, name, unlike=before["metadata"]["uid"], seconds=5)
        times.append(time.monotonic() - begun)
        check(node_port(after) == node_port(before), f"{node_port(before)} → {node_port(after)}")
    return f"back after {statistics.median(times) * 1000:.0f} ms (median of {len(times)})"


def test_a_service_changed_by_hand_is_put_right(test):
    namespace = create(test)
    wait_service(test, namespace, "external-kafka-0")
    test.kubectl(
        "patch", "service", "external-kafka-0", "-n", namespace, "--type=merge",
        "-p", '{"spec":{"externalTrafficPolicy":"Cluster"},"metadata":{"labels":{"mine":"x"}}}',
    )
    wait_until(
        "Local again",
        lambda: service(test, namespace, "external-kafka-0")["spec"]["externalTrafficPolicy"]
        == "Local",
    )
    labels = service(test, namespace, "external-kafka-0")["metadata"]["labels"]
    check(labels.get("mine") == "x", "a label of somebody else's went")


def test_a_foreign_service_of_our_name_is_left_and_reported(test):
    namespace = test.namespace()
    foreign = {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "external-kafka-1"},
        "spec": {"selector": {"app": "other"}, "ports": [{"port": 80}]},
    }
    test.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(foreign))
    before = service(test, namespace, "external-kafka-1")
    create(test, namespace=namespace)
    wait_service(test, namespace, "external-kafka-2")
    event = wait_event(test, namespace, "ForeignObject")
    check("external-kafka-1" in event["message"], f"message {event['message']}")
    check(service(test, namespace, "external-kafka-1") == before, "it was changed")
    test.kubectl("delete", "service", "external-kafka-1", "-n", namespace)
    wait_service(test, namespace, "external-kafka-1", before["metadata"]["uid"], seconds=25)


def test_the_services_of_a_deleted_statefulset_go(test):
    namespace = create(test)
    for broker in BROKERS:
        wait_service(test, namespace, f"external-{broker}")
    test.kubectl("delete", "statefulset", "kafka", "-n", namespace)
    for broker in BROKERS:
        wait_no_service(test, namespace, f"external-{broker}", 30)


def test_a_statefulset_made_again_has_its_ports(test):
    namespace = create(test)
    before = [node_port(wait_service(test, namespace, f"external-{one}")) for one in BROKERS]
    wait_until("ports recorded", lambda: config(test, namespace, "kafka.ports.portside.dev"))
    time.sleep(0.5)
    test.kubectl("delete", "statefulset", "kafka", "-n", namespace)
    for broker in BROKERS:
        wait_no_service(test, namespace, f"external-{broker}", 30)
    test.kubectl("delete", "service", "kafka-headless", "-n", namespace)
    create(test, namespace=namespace)
    after = [node_port(wait_service(test, namespace, f"external-{one}")) for one in BROKERS]
    check(after == before, f"{before} → {after}")


def test_a_pod_made_again_gets_its_new_node(test):
    namespace = create(test)
    first = test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "alpha")
    wait_endpoint(test, namespace, "kafka-0")
    test.kubectl("delete", "pod", "kafka-0", "-n", namespace, "--force", "--grace-period=0")
    second = test.cluster.wait_pod(namespace, "kafka-0", unlike=first["metadata"]["uid"])
    check(endpoint(second) is None, "it has its predecessor's endpoint")
    bind(test.cluster, namespace, "kafka-0", "gamma")
    host, _ = wait_endpoint(test, namespace, "kafka-0")
    check(host == HOSTS["gamma"], f"host {host}")


def test_without_the_label_services_stay_while_pods_are_injected(test):
    namespace = create(test, replicas=2)
    wait_service(test, namespace, "external-kafka-1")
    test.kubectl("label", "namespace", namespace, "portside.dev/inject-")
    time.sleep(1)
    check(service(test, namespace, "external-kafka-1"), "a Service went under an injected pod")
    for ordinal in (0, 1):
        pod = test.cluster.wait_pod(namespace, f"kafka-{ordinal}")
        test.kubectl("delete", "pod", f"kafka-{ordinal}", "-n", namespace, "--force",
                     "--grace-period=0")
        test.cluster.wait_pod(namespace, f"kafka-{ordinal}", unlike=pod["metadata"]["uid"])
    for name in ("external-kafka-0", "external-kafka-1", "external-kafka-bootstrap"):
        wait_no_service(test, namespace, name)


def test_a_statefulset_that_is_not_kafka_gets_nothing(test):
    namespace = create(test, replicas=1, name="near-postgres")
    time.sleep(1)
    found = test.cluster.get(f"/api/v1/namespaces/{namespace}/services")["items"]
    ours = [one for one in found if "portside" in json.dumps(one["metadata"].get("labels", {}))]
    check(not ours, f"Services {ours}")
