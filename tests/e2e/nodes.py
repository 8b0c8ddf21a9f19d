# SPDX-License-Identifier: Apache-2.0
"""The nodes of tests/e2e/nodes-up as tests see them: pods that run, the client outside."""

import os
import subprocess

from harness import CACHE, HERE, Cluster, Result, check, dump, load_manifest, wait_until

MANIFESTS = os.path.join(HERE, "nodes")
BIN = os.path.join(CACHE, "e2e", "bin")
CLIENT = "198.51.100.100"
NODES = ("n1", "n2", "n3")
KAFKA_VERSION = "4.1.0"


def enter(where, *command, expect=0, stdin=None, seconds=60):
    """Runs a command as the client, in the control plane's network or in a node."""
    process = subprocess.run(
        [os.path.join(HERE, "enter"), where, *command],
        input=stdin,
        text=True,
        capture_output=True,
        timeout=seconds,
        check=False,
    )
    result = Result(process)
    check(
        expect is None or result.code == expect,
        f"{where}: {' '.join(command)}: exit {result.code}, not {expect}: {result.err}{result.out}",
    )
    return result


def outside(script, *arguments):
    """Runs a script of this folder in the network of the machine itself."""
    network = f"/proc/{os.getpid()}/fd/{os.environ['PORTSIDE_E2E_OUTSIDE']}"
    command = ["nsenter", f"--net={network}", os.path.join(HERE, script), *arguments]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def set_addresses(node, *listed):
    """The node has these addresses (TYPE=ADDRESS) in place of its own."""
    subprocess.run([os.path.join(HERE, "set-addresses"), node, *listed], check=True)


def reset_addresses(node):
    """The node has the addresses that nodes-up gave it."""
    set_addresses(node, "--usual")


def end_demo():
    """The portside of ./dev demo, which would be a second one; its brokers stay."""
    library = os.path.join(MANIFESTS, "lib.sh")
    subprocess.run(["bash", "-c", '. "$0" && end portside', library], check=True)


def bring_up():
    """The cluster, which tests/e2e/nodes-up has started, with the namespace of portside."""
    power_on()
    cluster = Cluster()
    end_demo()
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "portside"}}
    status, answer, _ = cluster.request("POST", "/api/v1/namespaces", body)
    check(status in (201, 409), f"namespace portside: {answer}")
    for node in NODES:
        # A test that was killed may have changed them.
        reset_addresses(node)
        cluster.kubectl("uncordon", node)
    return cluster


def power_cut(node, *options):
    outside("nodes-down", *options, node)


def power_on():
    """All nodes run and are ready."""
    outside("nodes-up", "-q")


def dial(addresses, where="client"):
    """What each address (host:port) says to who dials it: its answer, or why there is none."""
    lines = enter(where, os.path.join(BIN, "kit"), "dial", *addresses, expect=None).out
    return dict(line.split(" ", 1) for line in lines.splitlines())


def use_kafka():
    """The image of real Kafka is on every node."""
    made = subprocess.run(
        [os.path.join(HERE, "kafka-image"), KAFKA_VERSION], check=True, stdout=subprocess.PIPE
    )
    image = f"localhost/apache-kafka:{KAFKA_VERSION}"
    for node in NODES:
        listed = enter(node, "ctr", "-n", "k8s.io", "images", "list", "-q", f"name=={image}").out
        if image not in listed:
            load = [os.path.join(HERE, "load-image"), made.stdout.decode().strip()]
            subprocess.run(load, check=True)
            return


def create(context, namespace, manifest, change=None):
    """Creates what is in a file of tests/e2e/nodes; change(statefulset) may alter it before."""
    documents = load_manifest(os.path.join(MANIFESTS, f"{manifest}.yaml"))
    for document in documents:
        if change and document["kind"] == "StatefulSet":
            change(document)
    context.kubectl("create", "-n", namespace, "-f", "-", stdin=dump(*documents))


def pods_of(cluster, namespace, statefulset):
    """The pods that are there, by name."""
    listed = cluster.get(f"/api/v1/namespaces/{namespace}/pods")["items"]
    return {
        pod["metadata"]["name"]: pod
        for pod in listed
        if pod["metadata"]["name"].rsplit("-", 1)[0] == statefulset
    }


def init_state(pod):
    """State of the address script: ("waiting"|"running"|"terminated", details), or ("", {})."""
    for status in pod["status"].get("initContainerStatuses", []):
        if status["name"] == "portside-address":
            return next(iter(status["state"].items()))
    return "", {}


def is_ready(pod):
    return any(
        condition["type"] == "Ready" and condition["status"] == "True"
        for condition in pod["status"].get("conditions", [])
    )


def wait_pods(context, namespace, what, holds, count=3, statefulset="kafka", seconds=60):
    """The pods by name, once there are so many of them and each holds; else says what they are."""
    seen = {}

    def probe():
        seen.clear()
        seen.update(pods_of(context.cluster, namespace, statefulset))
        return len(seen) == count and all(holds(pod) for pod in seen.values())

    try:
        wait_until(what, probe, seconds)
    except Exception as error:
        shown = context.kubectl("get", "pods", "-n", namespace, "-o", "wide").out
        events = context.kubectl(
            "get", "events", "-n", namespace, "--field-selector", "type=Warning", expect=None
        ).out
        options = ("--all-containers", "--tail=12")
        logs = context.kubectl("logs", "-n", namespace, f"{statefulset}-0", *options, expect=None)
        raise type(error)(f"{error}\n{shown}{events}{logs.out}{logs.err}") from None
    return dict(seen)


def log_of(context, namespace, pod, container, *options):
    return context.kubectl("logs", "-n", namespace, pod, "-c", container, *options).out
