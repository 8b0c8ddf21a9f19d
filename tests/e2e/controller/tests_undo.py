# SPDX-License-Identifier: Apache-2.0
"""The way back: labels that are removed, namespaces that end, and `portside cleanup`."""

import json
import os
import pty
import subprocess
import time

from harness import STATE, check, wait_until
from portside import is_injected
from world import (
    bind,
    config,
    create,
    node_port,
    service,
    wait_bootstrap,
    wait_endpoint,
    wait_no_service,
    wait_service,
)

RECORD = "kafka.ports.portside.dev"
LABEL = "portside.dev/inject"


class Outcome:
    """What a run of `portside cleanup` left: exit code, objects by name, standard error."""

    def __init__(self, code, out, err):
        self.code = code
        self.out = out
        self.err = err
        self.document = json.loads(out) if out.startswith("{") else None

    def results(self):
        return {one["name"]: one["result"] for one in self.document["objects"]}

    def reasons(self):
        return {one.get("reason") for one in self.document["objects"]}


def command(test, *arguments, kubeconfig=None):
    path = kubeconfig or os.path.join(STATE, "kubeconfig")
    return [test.portside.binary, "cleanup", "--kubeconfig", path, *arguments]


def cleanup(test, *arguments, kubeconfig=None):
    done = subprocess.run(
        command(test, *arguments, kubeconfig=kubeconfig),
        stdin=subprocess.DEVNULL,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return Outcome(done.returncode, done.stdout, done.stderr)


def on_terminal(test, answer, *arguments, environment=None):
    """(exit code, text) of a run on a terminal where somebody types the answer."""
    leader, follower = pty.openpty()
    process = subprocess.Popen(
        command(test, *arguments),
        stdin=follower,
        stdout=follower,
        stderr=follower,
        env={**os.environ, "TERM": "xterm", "NO_COLOR": "", **(environment or {})},
    )
    os.close(follower)
    text = b""
    asked = False
    while True:
        try:
            text += os.read(leader, 65536)
        except OSError:
            break
        if b"[y/N]" in text and not asked:
            asked = True
            os.write(leader, answer)
    os.close(leader)
    return process.wait(30), text.decode()


def label(test, namespace, on):
    test.kubectl("label", "namespace", namespace, f"{LABEL}=enabled" if on else f"{LABEL}-")


def remake_pods(test, namespace, count):
    """Plays a restart of all brokers: each pod goes and comes back."""
    for ordinal in range(count):
        name = f"kafka-{ordinal}"
        pod = test.cluster.wait_pod(namespace, name)
        test.kubectl("delete", "pod", name, "-n", namespace, "--force", "--grace-period=0")
        test.cluster.wait_pod(namespace, name, unlike=pod["metadata"]["uid"])


def restart(test, namespace, injected):
    """kubectl rollout restart, which takes annotations to the template; plays the kubelet."""
    test.cluster.restart("statefulset/kafka", namespace)

    def done():
        pods = test.cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
        for pod in pods:
            test.cluster.request(
                "PATCH",
                f"/api/v1/namespaces/{namespace}/pods/{pod['metadata']['name']}/status",
                {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
                "application/strategic-merge-patch+json",
            )
        return len(pods) == 2 and all(is_injected(pod) == injected for pod in pods)

    wait_until("all pods are of the new revision", done, 30)


def exposed(test, replicas=2):
    """A namespace with Services, status and record; its node ports."""
    namespace = create(test, replicas=replicas)
    names = [f"external-kafka-{ordinal}" for ordinal in range(replicas)]
    ports = [node_port(wait_service(test, namespace, name)) for name in names]
    wait_service(test, namespace, "external-kafka-bootstrap")

    def recorded():
        found = config(test, namespace, RECORD)
        return found and [found["data"].get(name) for name in names] == [str(p) for p in ports]

    wait_until("the ports are recorded", recorded)
    wait_until("there is a status", lambda: config(test, namespace))
    return namespace, ports


def ours(test, namespace):
    """Names of all that portside made and that is there."""
    found = []
    for path in ("api/v1", "api/v1", "apis/networking.k8s.io/v1"):
        kind = ("services", "configmaps", "networkpolicies")[len(found)]
        items = test.cluster.get(
            f"/{path}/namespaces/{namespace}/{kind}?labelSelector="
            "app.kubernetes.io/managed-by%3Dportside"
        )["items"]
        found.append([one["metadata"]["name"] for one in items])
    return {name for names in found for name in names}


class Stopped:
    """portside is uninstalled: no controller, a Lease that was given back."""

    def __init__(self, test):
        self.test = test

    def __enter__(self):
        self.test.portside.stop()

    def __exit__(self, *_):
        self.test.portside.start()


# The label of a namespace, and the annotation of a StatefulSet.


def test_the_label_again_brings_the_same_ports_back(test):
    namespace, ports = exposed(test)
    label(test, namespace, False)
    remake_pods(test, namespace, 2)
    for ordinal in range(2):
        wait_no_service(test, namespace, f"external-kafka-{ordinal}")
    wait_until("only the record is left", lambda: ours(test, namespace) == {RECORD})
    label(test, namespace, True)
    remake_pods(test, namespace, 2)
    after = [node_port(wait_service(test, namespace, f"external-kafka-{one}")) for one in (0, 1)]
    check(after == ports, f"{ports} → {after}")


def test_nothing_goes_before_the_last_injected_pod(test):
    namespace, _ = exposed(test)
    before = ours(test, namespace)
    label(test, namespace, False)
    pod = test.cluster.wait_pod(namespace, "kafka-0")
    test.kubectl("delete", "pod", "kafka-0", "-n", namespace, "--force", "--grace-period=0")
    test.cluster.wait_pod(namespace, "kafka-0", unlike=pod["metadata"]["uid"])
    time.sleep(1.5)
    check(ours(test, namespace) == before, f"{before} → {ours(test, namespace)}")
    bind(test.cluster, namespace, "kafka-1", "alpha")
    wait_endpoint(test, namespace, "kafka-1")


def test_one_statefulset_opts_out(test):
    namespace, ports = exposed(test)
    test.kubectl("annotate", "statefulset", "kafka", "-n", namespace, f"{LABEL}=false")
    time.sleep(1)
    check(service(test, namespace, "external-kafka-0"), "a Service went under an injected pod")
    restart(test, namespace, injected=False)
    wait_until("only the record is left", lambda: ours(test, namespace) == {RECORD})
    test.kubectl("annotate", "statefulset", "kafka", "-n", namespace, f"{LABEL}-")
    restart(test, namespace, injected=True)
    after = [node_port(wait_service(test, namespace, f"external-kafka-{one}")) for one in (0, 1)]
    check(after == ports, f"{ports} → {after}")


def test_a_broker_that_waits_is_served_after_an_opt_out(test):
    namespace, _ = exposed(test)
    test.kubectl("annotate", "statefulset", "kafka", "-n", namespace, f"{LABEL}=false")
    time.sleep(1)
    bind(test.cluster, namespace, "kafka-0", "alpha")
    host, port = wait_endpoint(test, namespace, "kafka-0")
    wait_bootstrap(test, namespace, f"{host}:{port}")


def test_a_namespace_that_ends_is_left_alone(test):
    namespace, _ = exposed(test)
    test.portside.read_on()
    test.cluster.delete_namespace(namespace)
    wait_until(
        "its objects went",
        lambda: not (test.cluster.get(f"/api/v1/namespaces/{namespace}/services") or {"items": []})[
            "items"
        ],
        30,
    )
    test.cluster.request("DELETE", f"/api/v1/namespaces/{namespace}/pods?gracePeriodSeconds=0")
    wait_until(
        "the namespace is gone", lambda: not test.cluster.get(f"/api/v1/namespaces/{namespace}"), 60
    )
    time.sleep(1)
    said = [
        record
        for record in test.portside.records(namespace=namespace)
        if record["msg"] in ("not written, trying again", "event not written", "event")
    ]
    check(not said, f"it was written to: {said[:3]}")


def test_services_orphaned_by_their_statefulset_are_taken_back(test):
    namespace, ports = exposed(test)
    before = service(test, namespace, "external-kafka-0")
    test.kubectl("delete", "statefulset", "kafka", "-n", namespace, "--cascade=orphan")
    time.sleep(1)
    check(service(test, namespace, "external-kafka-0"), "an orphaned Service went")
    test.kubectl("delete", "service", "kafka-headless", "-n", namespace)
    create(test, replicas=2, namespace=namespace)
    uid = test.cluster.statefulset(namespace, "kafka")["metadata"]["uid"]

    def taken_back():
        found = service(test, namespace, "external-kafka-0")
        owners = found["metadata"].get("ownerReferences", []) if found else []
        return [owner["uid"] for owner in owners] == [uid]

    wait_until("it has its new owner", taken_back)
    after = service(test, namespace, "external-kafka-0")
    check(after["metadata"]["uid"] == before["metadata"]["uid"], "it was made anew")
    check(node_port(after) == ports[0], f"{ports[0]} → {node_port(after)}")


# portside cleanup


def test_cleanup_after_the_label_takes_the_record(test):
    namespace, _ = exposed(test)
    label(test, namespace, False)
    remake_pods(test, namespace, 2)
    wait_until("only the record is left", lambda: ours(test, namespace) == {RECORD})
    done = cleanup(test, "-n", namespace, "--yes")
    check(done.code == 0 and done.results() == {RECORD: "deleted"}, f"{done.out}{done.err}")
    check(not ours(test, namespace), f"left: {ours(test, namespace)}")


def test_cleanup_keeps_what_brokers_advertise(test):
    namespace, _ = exposed(test)
    before = ours(test, namespace)
    done = cleanup(test, "-n", namespace, "--yes")
    check(done.code == 1 and done.reasons() == {"BrokersRunning"}, f"{done.out}{done.err}")
    check(ours(test, namespace) == before, "something went")


def test_cleanup_keeps_what_a_controller_would_make_again(test):
    namespace, _ = exposed(test)
    test.kubectl("scale", "statefulset/kafka", "--replicas=0", "-n", namespace)
    wait_until(
        "no pods", lambda: not test.cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    )
    begun = time.monotonic()
    done = cleanup(test, "-n", namespace, "--yes")
    spent = time.monotonic() - begun
    check(done.code == 1 and done.reasons() == {"ControllerRunning"}, f"{done.out}{done.err}")
    check(RECORD in ours(test, namespace), "something went")
    return f"seen after {spent:.1f} s"


def test_cleanup_after_portside_is_gone(test):
    namespace, _ = exposed(test)
    foreign = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "mine",
            "labels": {"app.kubernetes.io/managed-by": "portside", "app": "mine"},
        },
    }
    test.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(foreign))
    headless = service(test, namespace, "kafka-headless")
    with Stopped(test):
        label(test, namespace, False)
        remake_pods(test, namespace, 2)
        wanted = ours(test, namespace) - {"mine"}
        tried = cleanup(test, "-n", namespace, "--dry-run")
        check(tried.code == 0, f"{tried.out}{tried.err}")
        check(set(tried.results().values()) == {"would be deleted"}, tried.out)
        check(ours(test, namespace) == wanted | {"mine"}, "a dry run deleted something")
        other = cleanup(test, "-n", namespace, "--statefulset", "other", "--yes")
        check(other.code == 0 and other.results() == {}, f"{other.out}{other.err}")
        done = cleanup(test, "-n", namespace, "--yes")
        check(done.code == 0, f"{done.out}{done.err}")
        check(done.results() == dict.fromkeys(wanted, "deleted"), done.out)
        check(ours(test, namespace) == {"mine"}, f"left: {ours(test, namespace)}")
        check(service(test, namespace, "kafka-headless") == headless, "it touched a foreign one")
        again = cleanup(test, "-n", namespace, "--yes")
        check(again.code == 0 and again.results() == {}, f"{again.out}{again.err}")


def test_cleanup_by_force(test):
    namespace, _ = exposed(test)
    with Stopped(test):
        done = cleanup(test, "-n", namespace, "--yes", "--force", "--statefulset", "kafka")
        check(done.code == 0 and not ours(test, namespace), f"{done.out}{done.err}")


def test_cleanup_on_a_terminal(test):
    namespace, _ = exposed(test)
    with Stopped(test):
        label(test, namespace, False)
        code, text = on_terminal(test, b"\n", "-n", namespace)
        check(code == 1 and "kubectl rollout restart statefulset/" in text, text)
        remake_pods(test, namespace, 2)
        code, text = on_terminal(test, b"n\n", "-n", namespace)
        check(code == 1 and "NAMESPACE" in text and "nothing was deleted" in text, text)
        check("\033[" in text, "a terminal gets no colours")
        check(RECORD in ours(test, namespace), "no was not heeded")
        code, text = on_terminal(test, b"y\n", "-n", namespace, environment={"NO_COLOR": "1"})
        check(code == 0 and "5 deleted, 0 kept, 0 failed" in text, text)
        check("\033[" not in text, "NO_COLOR is not heeded")
        check(not ours(test, namespace), f"left: {ours(test, namespace)}")


def limited(test, namespace, rules):
    """A kubeconfig of an account that may do only so much in the namespace."""
    test.kubectl("create", "serviceaccount", "few", "-n", namespace)
    role = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "Role",
        "metadata": {"name": "few"},
        "rules": rules,
    }
    test.kubectl("create", "-n", namespace, "-f", "-", stdin=json.dumps(role))
    test.kubectl("create", "rolebinding", "few", "--role=few", f"--serviceaccount={namespace}:few",
                 "-n", namespace)
    token = test.kubectl("create", "token", "few", "-n", namespace).out.strip()
    with open(os.path.join(STATE, "kubeconfig"), encoding="utf-8") as file:
        text = file.read()
    path = os.path.join(STATE, "few.kubeconfig")
    with open(path, "w", encoding="utf-8") as file:
        file.write(text.replace(test.cluster.token, token))
    return path


def test_cleanup_by_an_account_that_may_not(test):
    namespace, _ = exposed(test)
    rules = [
        {"apiGroups": [""], "resources": ["services", "configmaps", "pods"], "verbs": ["list"]},
        {"apiGroups": ["networking.k8s.io"], "resources": ["networkpolicies"], "verbs": ["list"]},
        {"apiGroups": [""], "resources": ["configmaps"], "verbs": ["delete"]},
    ]
    path = limited(test, namespace, rules)
    with Stopped(test):
        label(test, namespace, False)
        remake_pods(test, namespace, 2)
        blind = cleanup(test, "-n", namespace, "--yes", kubeconfig=path)
        check(blind.code == 1 and blind.reasons() == {"ControllerUnknown"}, f"{blind.out}")
        done = cleanup(test, "-n", namespace, "--yes", "--force", kubeconfig=path)
        check(done.code == 1, f"{done.out}{done.err}")
        kinds = {one["kind"]: one["result"] for one in done.document["objects"]}
        check(kinds == {"Service": "failed", "ConfigMap": "deleted"}, f"{kinds}")
        check(any("grant the verb 'delete' on 'services'" in (reason or "")
                  for reason in done.reasons()), done.out)
        everywhere = cleanup(test, "--yes", kubeconfig=path)
        check(everywhere.code == 1 and "grant the verb 'list'" in everywhere.err, everywhere.err)
