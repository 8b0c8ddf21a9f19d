# SPDX-License-Identifier: Apache-2.0
"""Exposures that change under brokers which are there."""

import json
import time

from harness import check, wait_until
from world import (
    VPN,
    bind,
    create,
    policy,
    service,
    wait_endpoint,
    wait_no_service,
    wait_service,
)


def test_an_exposure_that_goes_keeps_its_services_while_brokers_have_it(test):
    namespace = create(test, replicas=1, annotations=VPN)
    wait_service(test, namespace, "vpn-kafka-0")
    first = test.cluster.wait_pod(namespace, "kafka-0")
    keys = [f"{key}-" for key in VPN]
    test.kubectl("annotate", "statefulset/kafka", "-n", namespace, *keys)
    time.sleep(1)
    check(service(test, namespace, "vpn-kafka-0"), "a Service went before the rollout")
    test.kubectl("rollout", "restart", "statefulset/kafka", "-n", namespace)
    second = test.cluster.wait_pod(namespace, "kafka-0", unlike=first["metadata"]["uid"])
    status = json.loads(second["metadata"]["annotations"]["portside.dev/status"])
    check(list(status["listeners"]) == ["external"], f"listeners {status}")
    wait_no_service(test, namespace, "vpn-kafka-0")
    wait_no_service(test, namespace, "vpn-kafka-bootstrap")
    check(service(test, namespace, "external-kafka-0"), "the other exposure's Service went")


def change(test, namespace, *annotations):
    """With the rollout that gives them effect; kubectl restarts only once a second."""
    test.kubectl("annotate", "--overwrite", "statefulset/kafka", "-n", namespace, *annotations)
    template = {"metadata": {"annotations": {"example.com/restarted": str(time.time_ns())}}}
    test.kubectl(
        *("patch", "statefulset/kafka", "-n", namespace, "--type=merge"),
        *("-p", json.dumps({"spec": {"template": template}})),
    )


def wait_spec(test, namespace, **members):
    def probe():
        spec = service(test, namespace, "external-kafka-0")["spec"]
        return all(spec.get(name) == value for name, value in members.items())

    wait_until(f"Service with {members}", probe)


def test_a_type_that_changes(test):
    namespace = create(test, replicas=1)
    before = wait_service(test, namespace, "external-kafka-0")
    change(
        test,
        namespace,
        "portside.dev/type=LoadBalancer",
        "portside.dev/load-balancer-class=example.com/internal",
        "portside.dev/allocate-node-ports=false",
        "portside.dev/allow-from=10.0.0.0/8",
    )
    wait_spec(
        test,
        namespace,
        type="LoadBalancer",
        loadBalancerClass="example.com/internal",
        loadBalancerSourceRanges=["10.0.0.0/8"],
    )
    change(
        test,
        namespace,
        "portside.dev/type=NodePort",
        "portside.dev/load-balancer-class-",
        "portside.dev/allocate-node-ports-",
    )
    wait_spec(
        test, namespace, type="NodePort", loadBalancerClass=None, loadBalancerSourceRanges=None
    )
    wait_until("the NetworkPolicy", lambda: policy(test, namespace))
    change(test, namespace, "portside.dev/type=ClusterIP", "portside.dev/advertised-host=b.example",
           "portside.dev/allow-from-")
    wait_spec(test, namespace, type="ClusterIP", externalTrafficPolicy=None)
    wait_until("no NetworkPolicy", lambda: policy(test, namespace) is None)
    after = service(test, namespace, "external-kafka-0")
    check("nodePort" not in after["spec"]["ports"][0], f"a node port is left: {after['spec']}")
    check(after["metadata"]["uid"] == before["metadata"]["uid"], "the Service was made anew")


def test_brokers_that_come_to_share_their_port(test):
    namespace = create(test, replicas=2)
    wait_service(test, namespace, "external-kafka-1")
    change(test, namespace, "portside.dev/shared-port=true")
    wait_service(test, namespace, "external-kafka-shared")
    for broker in ("kafka-0", "kafka-1"):
        wait_no_service(test, namespace, f"external-{broker}", 30)
    change(test, namespace, "portside.dev/shared-port-")
    wait_service(test, namespace, "external-kafka-1")
    wait_no_service(test, namespace, "external-kafka-shared", 30)


def run(test, namespace, pod):
    """Plays the kubelet."""
    running = {
        **{"name": "kafka", "containerID": "containerd://1", "image": "kafka", "imageID": "kafka"},
        **{"ready": True, "restartCount": 0},
        "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
    }
    status, body, _ = test.cluster.request(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/pods/{pod}/status",
        {"status": {"phase": "Running", "containerStatuses": [running]}},
        "application/merge-patch+json",
    )
    check(status == 200, f"status of {pod}: {body}")


def test_a_service_stays_while_its_broker_advertises_it(test):
    namespace = create(test, replicas=1)
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "alpha")
    wait_endpoint(test, namespace, "kafka-0")
    run(test, namespace, "kafka-0")
    # No kubelet ends the pod that the rollout deletes, so the broker runs on.
    change(test, namespace, "portside.dev/shared-port=true")
    wait_service(test, namespace, "external-kafka-shared")
    time.sleep(1)
    check(service(test, namespace, "external-kafka-0"), "the Service of a running broker went")
    first = test.cluster.pod(namespace, "kafka-0")["metadata"]["uid"]
    test.kubectl("delete", "pod", "kafka-0", "-n", namespace, "--force", "--grace-period=0")
    test.cluster.wait_pod(namespace, "kafka-0", unlike=first)
    wait_no_service(test, namespace, "external-kafka-0")
