# SPDX-License-Identifier: Apache-2.0
"""What the controller notices: brokers that do not listen, and brokers without injection."""

import json
import re
import socket
import time

from estate import behind_proxy
from harness import check, wait_until
from tests_access import GRANTS, make_account, set_role, wait_denied
from world import (
    bind,
    config,
    create,
    events,
    node_port,
    service,
    wait_bootstrap,
    wait_endpoint,
    wait_event,
    wait_service,
)

LONG_AGO = "2020-01-01T00:00:00Z"
LABELS = r'\{[a-z_]+="[^"\\\n]*"(,[a-z_]+="[^"\\\n]*")*\}'
SAMPLE = re.compile(rf"^(portside|process)_[a-z_]+({LABELS})? -?[0-9.]+$")


def metric(test, name):
    """The value of a metric of the portside that runs here; the text is checked on the way."""
    status, text = test.portside.plain("/metrics")
    check(status == 200, f"/metrics: {status}")
    samples = {}
    announced = ""
    for line in text.splitlines():
        if line.startswith("# "):
            announced = line.split(" ")[2]
            continue
        check("portside_admission_duration" in line or SAMPLE.match(line), f"line {line!r}")
        check(line.startswith(announced), f"{line!r} stands under {announced}")
        sample, value = line.rsplit(" ", 1)
        check(sample not in samples, f"{sample} is there twice")
        samples[sample] = float(value)
    return samples[name]


def wait_metric(test, name, value):
    wait_until(f"{name} {value}", lambda: metric(test, name) == value)


def run_broker(test, namespace, pod, address, ready=True):
    """Plays the kubelet: the broker's container has run for long."""
    status, body, _ = test.cluster.request(
        "PATCH",
        f"/api/v1/namespaces/{namespace}/pods/{pod}/status",
        {
            "status": {
                "phase": "Running",
                "podIP": address,
                "podIPs": [{"ip": address}],
                "conditions": [{"type": "Ready", "status": "True" if ready else "False"}],
                "containerStatuses": [
                    {
                        "name": "kafka",
                        "containerID": "containerd://1",
                        "image": "kafka",
                        "imageID": "kafka",
                        "ready": ready,
                        "restartCount": 0,
                        "state": {"running": {"startedAt": LONG_AGO}},
                    }
                ],
            }
        },
        "application/strategic-merge-patch+json",
    )
    check(status == 200, f"status of {pod}: {body}")


def listening(test, namespace):
    data = (config(test, namespace) or {}).get("data", {})
    return {one["pod"]: one["listening"] for one in json.loads(data.get("brokers.json", "[]"))}


def test_a_broker_that_does_not_listen(test):
    with socket.socket() as first, socket.socket() as second:
        first.bind(("127.0.0.7", 0))
        port = first.getsockname()[1]
        second.bind(("127.0.0.8", port))
        first.listen()
        namespace = create(test, 2, {"portside.dev/listener-port": str(port)})
        servers = []
        for ordinal, address in enumerate(("127.0.0.7", "127.0.0.8")):
            pod = f"kafka-{ordinal}"
            test.cluster.wait_pod(namespace, pod)
            bind(test.cluster, namespace, pod, "alpha")
            wait_endpoint(test, namespace, pod)
            run_broker(test, namespace, pod, address)
            port_of = node_port(wait_service(test, namespace, f"external-{pod}"))
            servers.append(f"203.0.113.1:{port_of}")
        event = wait_event(test, namespace, "NotListening")
        begun = time.monotonic()
        check(event["involvedObject"]["name"] == "kafka-1", f"event {event}")
        check(str(port) in event["message"], f"message {event['message']}")
        wait_bootstrap(test, namespace, servers[0])
        check(
            listening(test, namespace) == {"kafka-0": "yes", "kafka-1": "no"},
            f"listening {listening(test, namespace)}",
        )
        wait_metric(test, 'portside_controller_listeners{listening="no"}', 1)
        second.listen()
        wait_bootstrap(test, namespace, ",".join(servers), 40)
        spent = time.monotonic() - begun
        wait_event(test, namespace, "Listening")
        wait_metric(test, 'portside_controller_listeners{listening="no"}', 0)
        check(len(events(test, namespace, "NotListening")) == 1, "told more than once")
    return f"listed again {spent:.1f} s after the Event"


def test_a_broker_that_is_not_ready_raises_no_alarm(test):
    namespace = create(test, 1)
    test.cluster.wait_pod(namespace, "kafka-0")
    bind(test.cluster, namespace, "kafka-0", "alpha")
    run_broker(test, namespace, "kafka-0", "127.0.0.9", ready=False)
    wait_until(
        "it is listed", lambda: listening(test, namespace) == {"kafka-0": "unknown"}
    )
    time.sleep(2)
    check(events(test, namespace, "NotListening") == [], "a false alarm")


def test_brokers_that_are_older_than_the_label(test):
    namespace = create(test, 1, namespace=test.namespace(inject=False))
    pod = test.cluster.wait_pod(namespace, "kafka-0")
    check("portside.dev/status" not in pod["metadata"].get("annotations", {}), "it is injected")
    test.kubectl("label", "namespace", namespace, "portside.dev/inject=enabled")
    event = wait_event(test, namespace, "NotInjected")
    check(event["type"] == "Warning", f"type {event['type']}")
    check(event["involvedObject"]["uid"] == pod["metadata"]["uid"], f"event {event}")
    for word in ("delete the pod", "kubectl rollout restart"):
        check(word in event["message"], f"message {event['message']}")
    gauge = 'portside_controller_brokers{injection="missing"}'
    wait_until("the metric", lambda: metric(test, gauge) >= 1)
    test.kubectl("delete", "pods", "--all", "-n", namespace, "--grace-period=0", "--force")
    wait_metric(test, gauge, 0)
    renewed = test.cluster.wait_pod(namespace, "kafka-0", unlike=pod["metadata"]["uid"])
    check("portside.dev/status" in renewed["metadata"].get("annotations", {}), "not injected")


def test_a_contract_of_the_future(test):
    namespace = create(test, 1)
    test.cluster.wait_pod(namespace, "kafka-0")
    wait_service(test, namespace, "external-kafka-0")
    status = json.dumps({"contract": 99, "listeners": {}})
    test.kubectl(
        *("annotate", "pod", "kafka-0", "-n", namespace, "--overwrite"),
        f"portside.dev/status={status}",
    )
    event = wait_event(test, namespace, "UnknownContract")
    check("contract 99" in event["message"], f"message {event['message']}")
    bind(test.cluster, namespace, "kafka-0", "alpha")
    time.sleep(2)
    pod = test.cluster.pod(namespace, "kafka-0")
    check("external.portside.dev/host" not in pod["metadata"]["annotations"], "it was patched")
    check(service(test, namespace, "external-kafka-0") is not None, "its Service is gone")


def test_no_right_to_list_config_maps_from_the_start(test):
    """Services and endpoints are there all the same, the status once the right is granted."""
    set_role(test, "configmaps", GRANTS["", "configmaps"])
    token = make_account(test)
    wait_denied(test, "configmaps", "list")
    with behind_proxy(test, token):
        namespace = create(test, 1)
        test.cluster.wait_pod(namespace, "kafka-0")
        bind(test.cluster, namespace, "kafka-0", "alpha")
        found = wait_service(test, namespace, "external-kafka-0", seconds=40)
        expected = ("203.0.113.1", str(node_port(found)))
        wait_endpoint(test, namespace, "kafka-0", expected, seconds=40)
        event = wait_event(test, namespace, "Forbidden")
        check("list and watch configmaps" in event["message"], f"message {event['message']}")
        check(config(test, namespace) is None, "there is a ConfigMap")
        set_role(test)
        wait_bootstrap(test, namespace, ":".join(expected), 40)
        check(node_port(service(test, namespace, "external-kafka-0")) == int(expected[1]), "moved")
