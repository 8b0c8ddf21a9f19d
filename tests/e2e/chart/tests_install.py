# SPDX-License-Identifier: Apache-2.0
"""What helm and the real API server make of the chart."""

import json
import os
import re
import shlex

from harness import ROOT, check, wait_until
from hooks import REGISTRATIONS
from installed import CHART, NAMESPACE, RELEASE, VALUES, helm, label_for_injection
from portside import is_injected
from world import bind, config, create, wait_endpoint

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


def test_commands_of_the_notes(test):
    """As they stand there, for a StatefulSet that was there before: its broker is injected, and the
    ConfigMap tells clients where it is."""
    notes = test.portside.notes.stdout
    commands = [line.split("kubectl ", 1)[1] for line in notes.splitlines() if line.startswith("  kubectl ")]
    check(len(commands) == 4, f"commands {commands}")
    label, restart, ask, leave = map(shlex.split, commands)
    test.cluster.namespace("kafka", inject=False)
    test.made.append("kafka")
    create(test, replicas=1, namespace="kafka")
    before = test.cluster.wait_pod("kafka", "kafka-0")
    check(not is_injected(before), "injected without the label")
    test.kubectl(*label)
    test.kubectl(*restart)
    pod = test.cluster.wait_pod("kafka", "kafka-0", unlike=before["metadata"]["uid"])
    check(is_injected(pod), "not injected")
    bind(test.cluster, "kafka", "kafka-0", "alpha")
    host, port = wait_endpoint(test, "kafka", "kafka-0")
    wait_until("bootstrap.servers", lambda: (config(test, "kafka") or {}).get("data"))
    check(test.kubectl(*ask).out.strip() == f"{host}:{port}", f"{ask}")
    test.kubectl(*leave)
    labels = test.cluster.get("/api/v1/namespaces/kafka")["metadata"]["labels"]
    check("portside.dev/inject" not in labels, f"labels {labels}")


def test_second_release_is_refused(test):
    """By helm, before anything is made, in whichever namespace and with whichever values."""
    for options in (
        (),
        ("--namespace", "elsewhere", "--create-namespace"),
        ("--namespace", "elsewhere", "--set", "rbac.create=false,policies.ownAccount=false"),
    ):
        again = helm("install", "second", CHART, *options, expect=1)
        told = "portside" in again.stderr and "exists and cannot be imported" in again.stderr
        check(told, again.stderr)
    check(test.cluster.get("/api/v1/namespaces/elsewhere") is None, "a namespace was made")
    left = helm("list", "--all", "--all-namespaces", "--short").stdout.split()
    check(left == [RELEASE], f"releases {left}")


def test_upgrade_leaves_the_ca_bundle(test):
    """What is written into the live registration stays there, and nothing else changes."""
    path = f"{REGISTRATIONS}/portside"
    before = [test.portside.point_to_service()] * 2
    try:
        helm("upgrade", RELEASE, CHART, *VALUES)
        helm("upgrade", RELEASE, CHART, *VALUES, "--set", "webhook.timeoutSeconds=7")
        after = test.cluster.get(path)["webhooks"]
        check([one["timeoutSeconds"] for one in after] == [7, 7], f"upgrade: {after}")
        check([one["clientConfig"].get("caBundle") for one in after] == before, f"caBundle: {after}")
        helm("upgrade", RELEASE, CHART, *VALUES)
    finally:
        test.portside.register()


def test_values_are_kept_and_taken_back(test):
    """As docs/install.md upgrades, and back again; nobody's caBundle is touched."""
    path = f"{REGISTRATIONS}/portside"

    def seen():
        webhooks = test.cluster.get(path)["webhooks"]
        return [(one["failurePolicy"], one["timeoutSeconds"]) for one in webhooks]

    def revision():
        return json.loads(helm("status", RELEASE, "--output", "json").stdout)["version"]

    test.portside.point_to_service()
    before = test.cluster.get(path)["webhooks"]
    try:
        helm("upgrade", RELEASE, CHART, *VALUES, "--set", "webhook.failurePolicy=Ignore")
        first = revision()
        keep = ("--reset-then-reuse-values", "--set", "webhook.timeoutSeconds=9")
        helm("upgrade", RELEASE, CHART, *keep)
        check(seen() == [("Ignore", 9), ("Ignore", 9)], f"kept: {seen()}")
        helm("rollback", RELEASE, str(first))
        check(seen() == [("Ignore", 5), ("Ignore", 5)], f"rolled back: {seen()}")
        helm("upgrade", RELEASE, CHART, *VALUES)
        after = test.cluster.get(path)["webhooks"]
        check(after == before, f"{before}\n{after}")
    finally:
        helm("upgrade", RELEASE, CHART, *VALUES)
        test.portside.register()


def test_what_is_mine_to_edit_stays(test):
    """The break-glass of docs/operate.md is not undone by portside; helm undoes it."""
    path = f"{REGISTRATIONS}/portside"
    step = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
    page = open(os.path.join(ROOT, "docs", "operate.md"), encoding="utf-8").read()
    check(json.dumps(step, separators=(",", ":")) in page, "docs/operate.md has another command")
    test.kubectl("patch", "mutatingwebhookconfiguration", "portside", "--type=json", "-p", json.dumps(step))
    create(test, replicas=1)  # the controller works on
    check(test.cluster.get(path)["webhooks"][0]["failurePolicy"] == "Ignore", "undone")
    test.portside.point_to_service()
    try:
        helm("upgrade", RELEASE, CHART, *VALUES)
        check(test.cluster.get(path)["webhooks"][0]["failurePolicy"] == "Fail", "not undone by helm")
    finally:
        test.portside.register()


def test_metrics_that_are_asked_for_are_there(test):
    """Each series of the dashboard and of the alerts in docs/operate.md, with its labels."""
    namespace = create(test, replicas=1)
    test.cluster.wait_pod(namespace, "kafka-0")
    test.cluster.request("POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", BROKER)  # left alone
    with open(os.path.join(CHART, "files", "dashboard.json"), encoding="utf-8") as file:
        panels = json.load(file)["panels"]
    with open(os.path.join(ROOT, "docs", "operate.md"), encoding="utf-8") as file:
        asked = re.findall(r"^ +expr: (.*)$", file.read(), re.MULTILINE)
    asked += [target["expr"] for panel in panels for target in panel["targets"]]
    status, text = test.portside.plain("/metrics")
    check(status == 200, text)
    missing, count = [], 0
    for expression in asked:
        for name, matchers in re.findall(r"(portside_[a-z_]+)(?:\{([^}]*)\})?", expression):
            labels = re.findall(r'([a-z]+)="([^"]*)"', matchers)
            labels = [(key, value) for key, value in labels if f'{key}!="{value}"' not in matchers]
            count += 1
            lines = re.findall(rf"^{name}(?:\{{.*\}})? ", text, re.MULTILINE)
            if not any(all(f'{key}="{value}"' in line for key, value in labels) for line in lines):
                missing.append(f"{name}{labels}")
    check(count > 20, f"{count} series")
    check(not missing, f"missing: {missing}")
    return f"{count} series"


def test_kube_system_is_never_asked_about(test):
    """Labelled by mistake: what looks like Kafka there is not changed, nor gets it Services."""
    label_for_injection(test.cluster, "kube-system", True)
    try:
        status, body, warnings = test.cluster.request(
            "POST", "/api/v1/namespaces/kube-system/pods?dryRun=All", BROKER
        )
        check(status == 201 and not is_injected(body) and not warnings, f"{body} {warnings}")
        words = "namespace ignored, although it is labelled"
        wait_until(words, lambda: test.portside.records(msg=words, namespace="kube-system"))
    finally:
        label_for_injection(test.cluster, "kube-system", False)


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
    words = "pod lone-0 runs a Kafka broker without its external listener"

    def named():
        status, body, warnings = test.cluster.request(
            "POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", BROKER
        )
        check(status == 201, f"pod: {body}")
        return any(words in warning for warning in warnings)

    wait_until("the policy names it", named)  # the API server may have heard of it just now


def test_uninjected_broker_is_named_while_portside_is_away(test):
    """With failurePolicy Ignore it starts, and who creates it hears of what it lacks."""
    namespace = test.namespace()
    pod = json.loads(json.dumps(BROKER))
    pod["spec"]["containers"][0]["image"] = "apache/kafka:4.1.0"
    set_policy = [{"op": "replace", "path": "/webhooks/0/failurePolicy", "value": "Ignore"}]
    words = "pod lone-0 runs a Kafka broker without its external listener"

    def created():
        status, body, warnings = test.cluster.request(
            "POST", f"/api/v1/namespaces/{namespace}/pods?dryRun=All", pod
        )
        return (status, warnings) if status == 201 else None

    test.portside.stop()
    try:
        check(created() is None, "created, although the entry says Fail")
        test.kubectl("patch", "mutatingwebhookconfiguration", "portside", "--type=json", "-p", json.dumps(set_policy))
        _, warnings = wait_until("it is created", created)
        check(any(words in warning for warning in warnings), f"warnings {warnings}")
    finally:
        test.portside.point_to_service()
        helm("upgrade", RELEASE, CHART, *VALUES)
        test.portside.start()
        test.portside.register()


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
