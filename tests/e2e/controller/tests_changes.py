# SPDX-License-Identifier: Apache-2.0
"""Exposures that change under brokers which are there."""

import contextlib
import json
import time

from harness import check, wait_until
from world import (
    VPN,
    bind,
    create,
    endpoint,
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
    test.cluster.restart("statefulset/kafka", namespace)
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


def wait_spec(test, namespace, name="external-kafka-0", **members):
    def probe():
        spec = (service(test, namespace, name) or {"spec": {}})["spec"]
        return all(spec.get(member) == value for member, value in members.items())

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


@contextlib.contextmanager
def installation(test, *options):
    """portside started anew with these settings, and without them afterwards."""
    before = test.portside.options
    test.portside.stop()
    try:
        test.portside.options = [*before, *options]
        test.portside.start()
        yield
    finally:
        test.portside.stop()
        test.portside.options = before
        test.portside.start()


def made_with(pod):
    return json.loads(pod["metadata"]["annotations"]["portside.dev/status"])["defaults"]


def check_kept(test, namespace, found, name):
    now = service(test, namespace, name)
    check(now["spec"] == found["spec"], f"{name} was {found['spec']} and is {now['spec']}")


def test_a_default_of_the_installation_that_changes(test):
    namespace = create(test, replicas=2)
    names = ("external-kafka-0", "external-kafka-1")
    before = [wait_service(test, namespace, name) for name in names]
    first, second = (test.cluster.wait_pod(namespace, pod) for pod in ("kafka-0", "kafka-1"))
    check(made_with(first) == made_with(second) == {}, f"{made_with(first)} {made_with(second)}")
    bind(test.cluster, namespace, "kafka-0", "alpha")
    advertised = wait_endpoint(test, namespace, "kafka-0")
    # The limit becomes as narrow as the default: what stands goes on nevertheless.
    limits = ("--policy-types", "LoadBalancer")
    with installation(test, "--default-type", "LoadBalancer", *limits):
        # The Service of a third broker stands in the same plan as those of the first two.
        test.kubectl("scale", "statefulset/kafka", "-n", namespace, "--replicas=3")
        wait_spec(test, namespace, "external-kafka-2", type="LoadBalancer")
        for name, found in zip(names, before):
            check_kept(test, namespace, found, name)
        now = endpoint(test.cluster.pod(namespace, "kafka-0"))
        check(now == advertised, f"kafka-0 advertised {advertised}, which became {now}")
        # Each follows when its pod is made anew.
        test.kubectl("delete", "pod", "kafka-1", "-n", namespace, "--force", "--grace-period=0")
        anew = test.cluster.wait_pod(namespace, "kafka-1", unlike=second["metadata"]["uid"])
        check(made_with(anew) == {"type": "LoadBalancer"}, f"kafka-1 has {made_with(anew)}")
        wait_spec(test, namespace, "external-kafka-1", type="LoadBalancer")
        check_kept(test, namespace, before[0], "external-kafka-0")
    # And the other way round: this one was made as the default was.
    test.kubectl("scale", "statefulset/kafka", "-n", namespace, "--replicas=4")
    wait_spec(test, namespace, "external-kafka-3", type="NodePort")
    check_kept(test, namespace, before[0], "external-kafka-0")
    balanced = service(test, namespace, "external-kafka-1")["spec"]["type"]
    check(balanced == "LoadBalancer", f"external-kafka-1 became {balanced}")


def test_a_default_that_pods_of_an_older_version_do_not_show(test):
    """They are served as is asked for now, as that version did."""
    namespace = create(test, replicas=1)
    wait_service(test, namespace, "external-kafka-0")
    pod = test.cluster.wait_pod(namespace, "kafka-0")
    status = json.loads(pod["metadata"]["annotations"]["portside.dev/status"])
    del status["defaults"]
    text = f"portside.dev/status={json.dumps(status)}"
    test.kubectl("annotate", "--overwrite", "pod/kafka-0", "-n", namespace, text)
    with installation(test, "--default-type", "LoadBalancer"):
        wait_spec(test, namespace, type="LoadBalancer")


def test_what_shapes_services_alone_acts_at_once(test):
    """Annotations with whose change kubectl speaks of no rollout, since none is needed."""
    namespace = create(test, replicas=1, annotations={"portside.dev/type": "LoadBalancer"})
    wait_service(test, namespace, "external-kafka-0")
    wait_service(test, namespace, "external-kafka-bootstrap")

    def annotate(text):
        result = test.kubectl(
            "annotate", "--overwrite", "statefulset/kafka", "-n", namespace, f"portside.dev/{text}"
        )
        told = [line for line in result.warnings() if "rollout" in line]
        check(not told, f"{text}: {told}")

    def wait_annotation(name, key):
        def probe():
            found = service(test, namespace, name)["metadata"].get("annotations", {})
            return found.get(key) == "b"

        wait_until(f"{key} on {name}", probe)

    annotate("external-traffic-policy=Cluster")
    wait_spec(test, namespace, externalTrafficPolicy="Cluster")
    annotate("load-balancer-ips=192.0.2.7")
    wait_spec(test, namespace, loadBalancerIP="192.0.2.7")
    annotate("allow-from=10.0.0.0/8")
    wait_spec(test, namespace, loadBalancerSourceRanges=["10.0.0.0/8"])
    annotate("ip-family-policy=PreferDualStack")
    wait_spec(test, namespace, ipFamilyPolicy="PreferDualStack")
    annotate("allocate-node-ports=false")
    wait_spec(test, namespace, allocateLoadBalancerNodePorts=False)
    annotate("service-annotations=example.com/a: b")
    wait_annotation("external-kafka-0", "example.com/a")
    annotate("bootstrap-annotations=example.com/c: b")
    wait_annotation("external-kafka-bootstrap", "example.com/c")
    annotate("bootstrap-annotations-")
    annotate("bootstrap=false")
    wait_no_service(test, namespace, "external-kafka-bootstrap")
