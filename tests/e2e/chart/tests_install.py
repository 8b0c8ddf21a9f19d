# SPDX-License-Identifier: Apache-2.0
"""What helm and the real API server make of the chart."""

import json

from harness import check
from hooks import REGISTRATIONS
from installed import CHART, NAMESPACE, RELEASE, VALUES, helm, label_for_injection
from world import create

BROKER = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {
        "name": "lone-0",
        "ownerReferences": [
            {
                "apiVersion": "apps/v1",
                "kind": "StatefulSet",
                "name": "lone",
                "uid": "7b1c1f9e-6c53-4a1e-9a25-0d5a4b1f2c3d",
                "controller": True,
            }
        ],
    },
    "spec": {"containers": [{"name": "broker", "image": "apache/kafka-native:4.1.0"}]},
}


def test_install_is_restricted_and_says_what_next(test):
    """The namespace warns of whatever is not *restricted*; the notes name the two commands."""
    done = test.portside.notes
    check("violate" not in done.stderr and "Warning" not in done.stderr, done.stderr)
    check("kubectl label namespace kafka portside.dev/inject=enabled" in done.stdout, done.stdout)
    check("kubectl -n kafka rollout restart statefulset kafka" in done.stdout, done.stdout)
    deployment = test.cluster.get(f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/portside")
    pod = {"apiVersion": "v1", "kind": "Pod"} | deployment["spec"]["template"]
    pod["metadata"]["name"] = "restricted"
    status, body, _ = test.cluster.request(
        "POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", pod
    )
    check(status == 201, f"a pod of the Deployment: {body}")


def test_second_release_is_refused(test):
    again = helm("install", "second", CHART, *VALUES, "--dry-run=server", expect=1)
    check("portside" in again.stderr and "exists and cannot be imported" in again.stderr, again.stderr)


def test_upgrade_leaves_the_ca_bundle(test):
    """What is written into the live registration stays there, and nothing else changes."""
    path = f"{REGISTRATIONS}/portside"
    before = [webhook["clientConfig"]["caBundle"] for webhook in test.cluster.get(path)["webhooks"]]
    service = {"name": "portside", "namespace": NAMESPACE, "path": "/mutate", "port": 443}
    webhooks = test.cluster.get(path)["webhooks"]
    for webhook in webhooks:
        webhook["clientConfig"] = {"service": service, "caBundle": before[0]}
    status, body, _ = test.cluster.request(
        "PATCH", path, {"webhooks": webhooks}, "application/merge-patch+json"
    )
    check(status == 200, f"registration: {body}")
    try:
        helm("upgrade", RELEASE, CHART, *VALUES)
        helm("upgrade", RELEASE, CHART, *VALUES, "--set", "webhook.timeoutSeconds=7")
        after = test.cluster.get(path)["webhooks"]
        check([one["timeoutSeconds"] for one in after] == [7, 7], f"upgrade: {after}")
        check([one["clientConfig"].get("caBundle") for one in after] == before, f"caBundle: {after}")
        helm("upgrade", RELEASE, CHART, *VALUES)
    finally:
        test.portside.register()


def test_own_namespace_is_never_asked_about(test):
    """Labelled by mistake, it still starts portside's own pods without portside."""
    label_for_injection(test.cluster, NAMESPACE, True)
    try:
        pod = json.loads(json.dumps(BROKER))
        pod["spec"]["containers"][0] |= {
            "image": "apache/kafka:4.1.0",
            "securityContext": {
                "allowPrivilegeEscalation": False,
                "runAsNonRoot": True,
                "capabilities": {"drop": ["ALL"]},
                "seccompProfile": {"type": "RuntimeDefault"},
            },
        }
        status, body, warnings = test.cluster.request(
            "POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", pod
        )
        check(status == 201, f"pod: {body}")
        check("portside.dev/status" not in body["metadata"].get("annotations", {}), str(body))
        check(not warnings, f"warnings {warnings}")
        record = test.portside.wait_record(msg="namespace ignored, although it is labelled")
        check(record["namespace"] == NAMESPACE and record["level"] == "warn", str(record))
    finally:
        label_for_injection(test.cluster, NAMESPACE, False)


def test_uninjected_broker_is_named(test):
    """A native image without settings is left alone; the policy says so to who created it."""
    namespace = test.namespace()
    status, body, warnings = test.cluster.request(
        "POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", BROKER
    )
    check(status == 201, f"pod: {body}")
    words = "pod lone-0 runs a Kafka broker without its external listener"
    check(any(words in warning for warning in warnings), f"warnings {warnings}")


def test_injected_broker_is_not_named(test):
    namespace = create(test, replicas=1)
    pod = test.cluster.wait_pod(namespace, "kafka-0")
    for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
        pod["metadata"].pop(key, None)
    pod["metadata"]["name"] = "kafka-7"
    _, _, warnings = test.cluster.request(
        "POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod
    )
    check(not any("portside-uninjected" in one for one in warnings), f"warnings {warnings}")
