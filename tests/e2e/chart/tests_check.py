# SPDX-License-Identifier: Apache-2.0
"""`portside check`, and the objects of `helm test` but for its pod, which would need a node."""

import contextlib
import json
import os
import subprocess

import yaml
from harness import STATE, check, wait_until
from hooks import REGISTRATIONS
from installed import NAMESPACE, RELEASE, helm, label_for_injection
from world import create

SPACE = "portside-test"


class Rows:
    """What a run of `portside check` found, by name of the row."""

    def __init__(self, code, out, err):
        self.code = code
        self.err = err
        self.document = json.loads(out) if out.startswith("{") else {"rows": []}
        self.text = out

    def result(self, name):
        return {row["result"] for row in self.document["rows"] if row["check"] == name}

    def says(self, name):
        return " ".join(row["says"] for row in self.document["rows"] if row["check"] == name)


def run(test, *arguments, kubeconfig=None):
    path = kubeconfig or os.path.join(STATE, "kubeconfig")
    process = subprocess.run(
        [test.portside.binary, "check", "--kubeconfig", path, *arguments],
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Rows(process.returncode, process.stdout, process.stderr)


def account_of(test, name):
    """A kubeconfig with a token of that ServiceAccount in the namespace of the release."""
    status, body, _ = test.cluster.request(
        "POST",
        f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/{name}/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}},
    )
    check(status == 201, f"token of {name}: {body}")
    with open(os.path.join(STATE, "kubeconfig"), encoding="utf-8") as file:
        config = yaml.safe_load(file)
    config["users"][0]["user"] = {"token": body["status"]["token"]}
    path = os.path.join(STATE, f"{name}.kubeconfig")
    with open(path, "w", encoding="utf-8") as file:
        yaml.safe_dump(config, file)
    return path


@contextlib.contextmanager
def hooks_of_the_test(test):
    """The hooks as helm makes them before the pod, and that pod as the API server sees it."""
    text = helm("get", "hooks", RELEASE).stdout
    objects = [one for one in yaml.safe_load_all(text) if one]
    objects.sort(key=lambda one: one["metadata"]["annotations"].get("helm.sh/hook-weight", "0"), reverse=True)
    pods = [one for one in objects if one["kind"] == "Pod"]
    others = [one for one in objects if one["kind"] != "Pod"]
    check(len(pods) == 1 and others[0]["kind"] == "Namespace", f"hooks: {text}")
    made = yaml.safe_dump_all(others)
    test.kubectl("apply", "-f", "-", stdin=made)
    try:
        yield pods[0]
    finally:
        test.kubectl("delete", "--ignore-not-found", "--wait=false", "-f", "-", stdin=made)


def test_helm_test_proves_that_portside_answers(test):
    test.portside.register()
    with hooks_of_the_test(test) as pod:
        status, body, warnings = test.cluster.request(
            "POST", f"/api/v1/namespaces/{NAMESPACE}/pods?dryRun=All", pod
        )
        check(status == 201 and not warnings, f"pod of the test: {body} {warnings}")
        arguments = pod["spec"]["containers"][0]["args"]
        check(arguments[0] == "check", f"arguments {arguments}")
        account = account_of(test, SPACE)
        # Registered by URL here, and just labelled: until the API server has heard of it.
        asked = [*arguments[1:], "--output", "json"]
        wait_until("the trial", lambda: run(test, *asked, kubeconfig=account).code == 0, 20)
        rows = run(test, *asked, kubeconfig=account)
        for name in ("API server", "registration", "controller", "namespaces", "trial"):
            check(rows.result(name) == {"ok"}, f"{name}: {rows.text}")
        for name in ("certificate", "finding"):
            check(rows.result(name) == {"unknown"}, f"{name}: {rows.text}")
            check("grant the verb" in rows.says(name), rows.text)
        check("denied the request: portside.dev/inject: 'maybe'" in rows.says("trial"), rows.text)
        text = run(test, *arguments[1:], kubeconfig=account).text
        check("ok       trial" in text and "5 ok, 0 failed, 2 unknown" in text, text)


def test_check_names_what_is_broken(test):
    """Each fault by itself, and well again afterwards."""
    test.portside.register()
    space = test.namespace()
    path = f"{REGISTRATIONS}/portside"
    right = test.cluster.get(path)["webhooks"]

    def trial(words):
        def told():
            rows = run(test, "-n", space)
            return rows if words in rows.text else None

        rows = wait_until(f"'{words}'", told, 30)
        check(rows.code == (0 if words.startswith("denied") else 1), rows.text)
        return rows

    def edit(change):
        webhooks = json.loads(json.dumps(right))
        for webhook in webhooks:
            change(webhook)
        status, body, _ = test.cluster.request(
            "PATCH", path, {"webhooks": webhooks}, "application/merge-patch+json"
        )
        check(status == 200, f"registration: {body}")

    trial("denied the request")
    try:
        edit(lambda webhook: webhook["clientConfig"].update(url="https://127.0.0.1:9/mutate"))
        rows = trial("connection refused")
        check("no replica answers at that address" in rows.text, rows.text)
        edit(lambda webhook: webhook["clientConfig"].pop("caBundle"))
        rows = trial("failed to verify certificate")
        check(rows.result("registration") == {"failed"}, rows.text)
        edit(lambda webhook: webhook.update(namespaceSelector={"matchLabels": {"no": "body"}}))
        trial("a wrong annotation was accepted: portside was not asked")
    finally:
        edit(lambda webhook: None)
    trial("denied the request")


def found(test, space):
    rows = run(test, "-n", space)
    return rows if rows.result("finding") == {"failed"} else None


def test_check_tells_of_a_broker_without_injection(test):
    """Made before the label; once it is made anew, there is nothing to tell any more."""
    space = create(test, replicas=1, namespace=test.namespace(inject=False))
    pod = test.cluster.wait_pod(space, "kafka-0")
    label_for_injection(test.cluster, space, True)
    rows = wait_until("the finding", lambda: found(test, space), 30)
    check(f"{space}/kafka-0 NotInjected" in rows.says("finding"), rows.text)
    check("delete the pod" in rows.says("finding"), rows.text)
    uid = pod["metadata"]["uid"]
    test.cluster.request("DELETE", f"/api/v1/namespaces/{space}/pods/kafka-0?gracePeriodSeconds=0")
    test.cluster.wait_pod(space, "kafka-0", unlike=uid)
    check(run(test, "-n", space).result("finding") == {"ok"}, "still told of")


def test_check_on_a_wrong_command_line(test):
    for arguments, words in (
        (("kafka",), "name a namespace with '-n kafka'"),
        (("--secret", ""), "'--secret' needs a name"),
        (("--output", "yaml"), "use one of text|json"),
    ):
        rows = run(test, *arguments)
        check(rows.code == 2 and words in rows.err, f"{arguments}: {rows.code} {rows.err}")
