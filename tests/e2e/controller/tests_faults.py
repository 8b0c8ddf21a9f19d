# SPDX-License-Identifier: Apache-2.0
"""What goes wrong around the controller; everything converges after it."""

import os
import signal
import subprocess
import time

from estate import Estate, behind_proxy, note
from harness import HERE, STATE, check, wait_until
from world import bind, create, node_port, service, wait_endpoint, wait_event, wait_service


def kill_api_server():
    """By the pids that tests/e2e/up kept. The controller manager, which else waits for a minute
    before it tries again, goes with it."""
    for name in ("controller-manager", "apiserver"):
        with open(os.path.join(STATE, "pids", name), encoding="utf-8") as file:
            os.kill(int(file.read().split()[0]), signal.SIGKILL)


def start_api_server(more=""):
    environment = {**os.environ, "PORTSIDE_E2E_APISERVER": more}
    subprocess.run([os.path.join(HERE, "up"), "-q"], check=True, env=environment)


def wait_for_the_controller_manager(test):
    """The next tests need it."""
    namespace = f"settle-{int(time.time() * 1000)}"
    metadata = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}}
    test.cluster.request("POST", "/api/v1/namespaces", metadata)
    wait_until(
        "the controller manager works again",
        lambda: test.cluster.get(f"/api/v1/namespaces/{namespace}/serviceaccounts/default"),
        60,
    )
    test.cluster.delete_namespace(namespace)


def test_the_api_server_is_away_for_a_while(test):
    namespace = create(test)
    wait_service(test, namespace, "external-kafka-2")
    before = test.cluster.wait_pod(namespace, "kafka-0")
    kill_api_server()
    time.sleep(8)
    start_api_server()
    begun = time.monotonic()
    bind(test.cluster, namespace, before["metadata"]["name"], "alpha")
    test.cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/services/external-kafka-1")
    wait_endpoint(test, namespace, "kafka-0", seconds=40)
    wait_service(test, namespace, "external-kafka-1", seconds=40)
    told = note("API server killed for 8 s", time.monotonic() - begun, 12)
    wait_for_the_controller_manager(test)
    return told


def test_a_node_port_that_is_taken(test):
    other = test.namespace(inject=False)
    test.kubectl("create", "service", "nodeport", "taken", "--tcp=80", "--node-port=30051",
                 "-n", other)
    namespace = create(test, annotations={"portside.dev/node-port-base": "30050"})
    wait_service(test, namespace, "external-kafka-0")
    event = wait_event(test, namespace, "PortTaken")
    check("30051" in event["message"], f"message {event['message']}")
    check(service(test, namespace, "external-kafka-1") is None, "it is there")
    test.kubectl("delete", "service", "taken", "-n", other)
    begun = time.monotonic()
    found = wait_service(test, namespace, "external-kafka-1", seconds=40)
    check(node_port(found) == 30051, f"node port {node_port(found)}")
    return note("port of node-port-base taken", time.monotonic() - begun, 32)


def test_a_node_port_that_somebody_takes_meanwhile(test):
    """Without node-port-base the Service gets another port after a while, and its broker is told."""
    other = test.namespace(inject=False)
    with behind_proxy(test) as proxy:
        estate = Estate(test)
        port = estate.ports.pop("external-kafka-1")
        proxy.refuse()
        estate.take("external-kafka-1")
        test.kubectl("create", "service", "nodeport", "taken", "--tcp=80", f"--node-port={port}",
                     "-n", other)
        proxy.accept()
        told = estate.settle("port taken by a foreign Service", 12)
        check(estate.node_ports()["external-kafka-1"] != port, "two Services have one port")
        return told


def exceed(test, what, fault):
    namespace = test.namespace()
    test.kubectl("create", "quota", "q", f"--hard={what}=1", "-n", namespace)
    # There is no quota controller here; admission goes by what stands in the status.
    full = {"status": {"hard": {what: "1"}, "used": {what: "1"}}}
    # The headless Service of the brokers comes before.
    create(test, namespace=namespace, before_pods=lambda: test.cluster.request(
        "PATCH", f"/api/v1/namespaces/{namespace}/resourcequotas/q/status", full,
        "application/merge-patch+json"))
    wait_event(test, namespace, "RequestRefused")
    check(service(test, namespace, "external-kafka-0") is None, "the quota did not hold")
    test.kubectl("delete", "quota", "q", "-n", namespace)
    begun = time.monotonic()
    for ordinal in range(3):
        wait_service(test, namespace, f"external-kafka-{ordinal}", seconds=40)
    return note(fault, time.monotonic() - begun, 32)


def test_a_quota_of_node_ports_that_is_exceeded(test):
    return exceed(test, "services.nodeports", "quota services.nodeports")


def test_a_quota_of_services_that_is_exceeded(test):
    return exceed(test, "services", "quota services")


def test_the_annotations_on_a_pod_are_taken_away(test):
    namespace = create(test)
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "beta")
    before = wait_endpoint(test, namespace, "kafka-0")
    test.kubectl("annotate", "pod", "kafka-0", "-n", namespace, "external.portside.dev/host-")
    wait_until("it is back", lambda: wait_endpoint(test, namespace, "kafka-0") == before)
