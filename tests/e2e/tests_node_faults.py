# SPDX-License-Identifier: Apache-2.0
"""On real nodes: what breaks around brokers that stand, and what clients notice of it."""

import json
import os
import signal
import time
import urllib.request

from exposed import bootstrap_addresses, config_servers, service, servers, wait_endpoints
from exposed import wait_servers
from harness import STATE, check, wait_until
from nodes import create, dial, is_ready, outside, power_cut, power_on
from reach import BROKERS, answer_of, check_bootstrap, check_environment, check_one_away
from reach import check_reachable, ready, wait_answers
from replicas import Pair

ETCD = "http://127.0.0.1:2379/v3/kv"


def two_brokers(statefulset):
    statefulset["spec"].update(replicas=2)


def check_bootstrap_leads_to(context, namespace, broker, off):
    """On each node that lives, whoever comes to the bootstrap port lands at that broker, however
    often he comes."""
    addresses = bootstrap_addresses(context, namespace, off)
    check(len(addresses) == 2, f"nodes that live: {addresses}")
    found = {}

    def lands():
        found.update(dial(addresses))
        return all(said.startswith(f"pod={broker} ") for said in found.values())

    wait_until("kube-proxy has left the dead broker out", lambda: all(lands() for _ in range(5)))
    for _ in range(10):
        check(lands(), f"bootstrap port while {off} is off: {found}")


def wait_not_ready(context, namespace, name):
    """The node controller gave the node up, and says of its pods that they are not ready."""
    wait_until(
        f"{name} is not ready", lambda: not is_ready(context.cluster.pod(namespace, name)), 60
    )


def come_up_elsewhere(context, namespace, name, off):
    """The broker's new endpoint, after a person gave the pod up that the dead node still has."""
    old = context.cluster.pod(namespace, name)["metadata"]["uid"]
    context.kubectl("delete", "pod", name, "-n", namespace, "--force", "--grace-period=0")
    pod = context.cluster.wait_pod(namespace, name, unlike=old)
    endpoints = wait_endpoints(context, namespace, BROKERS[:2])
    pod = context.cluster.pod(namespace, name)
    check(pod["spec"]["nodeName"] != off, f"{name} is on {off} again")
    ready(context, namespace, 2)
    return endpoints


def test_node_that_stays_dead(context):
    """bootstrap.servers goes on naming its broker, whose endpoint nobody has taken away; the port
    for bootstrap leads to the others; the broker that came up elsewhere has a new endpoint."""
    namespace = context.namespace()
    create(context, namespace, "standin", two_brokers)
    before = wait_endpoints(context, namespace, BROKERS[:2])
    off = ready(context, namespace, 2)["kafka-1"]["spec"]["nodeName"]
    check_bootstrap(context, namespace, before)
    begun = time.monotonic()
    power_cut(off)
    try:
        check_one_away(before, "kafka-1")
        wait_not_ready(context, namespace, "kafka-1")
        noticed = time.monotonic() - begun
        check_bootstrap_leads_to(context, namespace, "kafka-0", off)
        check(
            config_servers(context, namespace) == servers(before),
            f"bootstrap.servers is {config_servers(context, namespace)}, not {servers(before)}",
        )
        after = come_up_elsewhere(context, namespace, "kafka-1", off)
        check(after["kafka-0"] == before["kafka-0"], f"{before} became {after}")
        check(after["kafka-1"][0] != before["kafka-1"][0], f"it did not move: {after}")
        check_environment(context, namespace, after)
        check_reachable(after)
        check_bootstrap(context, namespace, after, off)
    finally:
        power_on()
    wait_endpoints(context, namespace, BROKERS[:2])
    check_reachable(after)
    check_bootstrap(context, namespace, after)
    return f"the node's death was noticed by Kubernetes after {noticed:.0f} s"


def test_bootstrap_port_answers_on_nodes_without_a_broker(context):
    namespace = context.namespace()
    create(context, namespace, "standin", lambda one: one["spec"].update(replicas=1))
    endpoints = wait_endpoints(context, namespace, BROKERS[:1])
    ready(context, namespace, 1)
    check_bootstrap(context, namespace, endpoints)
    check(len(bootstrap_addresses(context, namespace)) == 3, "there are not three nodes")


def kill_api_server():
    """And with it what runs beside it; nodes and portside live on."""
    for name in ("scheduler", "controller-manager", "apiserver"):
        with open(os.path.join(STATE, "pids", name), encoding="utf-8") as file:
            pid = int(file.read().split()[0])
        os.kill(pid, signal.SIGKILL)
        wait_until(f"{name} is gone", lambda of=pid: not os.path.exists(f"/proc/{of}/fd/0"))


# kubelet and kube-proxy ask again after up to a minute when the API server was away or did not know its
# roles yet: 0.8 s, doubled up to 30 s, and as much again by chance (client-go's reflectors).
PATIENCE_S = 150


def settle(context):
    """After the API server was away: waits until every node works again, for the next test."""
    namespace = context.namespace()
    create(context, namespace, "standin")
    endpoints = wait_endpoints(context, namespace, BROKERS, seconds=PATIENCE_S)
    ready(context, namespace, seconds=PATIENCE_S)
    check_reachable(endpoints, PATIENCE_S)
    check_bootstrap(context, namespace, endpoints, seconds=PATIENCE_S)


def api_server_back():
    """Seconds until it answers again."""
    begun = time.monotonic()
    outside("nodes-up", "-q")
    return time.monotonic() - begun


def test_api_server_that_was_killed_while_brokers_come_and_go(context):
    """Who is connected stays so; what was asked for before and meanwhile is done afterwards."""
    namespace = context.namespace()
    create(context, namespace, "standin", two_brokers)
    before = wait_endpoints(context, namespace, BROKERS[:2])
    ready(context, namespace, 2)
    check_reachable(before)
    kubectl = context.kubectl
    kubectl("scale", "statefulset/kafka", "-n", namespace, "--replicas=3")
    kill_api_server()
    try:
        check_reachable(before, seconds=0)
    finally:
        api_server_back()
    begun = time.monotonic()
    endpoints = wait_endpoints(context, namespace, BROKERS, seconds=PATIENCE_S)
    grown = time.monotonic() - begun
    ready(context, namespace, seconds=PATIENCE_S)
    check_reachable(endpoints, PATIENCE_S)
    check_bootstrap(context, namespace, endpoints, seconds=PATIENCE_S)
    kubectl("delete", "pod", "kafka-0", "-n", namespace, "--wait=false")
    kubectl("scale", "statefulset/kafka", "-n", namespace, "--replicas=2")
    kill_api_server()
    api_server_back()
    begun = time.monotonic()
    gone = "external-kafka-2"
    wait_until(f"no {gone}", lambda: service(context, namespace, gone) is None, PATIENCE_S)
    shrunk = time.monotonic() - begun
    ready(context, namespace, 2, PATIENCE_S)
    endpoints = wait_endpoints(context, namespace, BROKERS[:2], seconds=PATIENCE_S)
    check_reachable(endpoints, PATIENCE_S)
    check_bootstrap(context, namespace, endpoints, seconds=PATIENCE_S)
    settle(context)
    check(context.portside.process.poll() is None, "portside ended")
    return (
        f"after the API server's return: the new broker's endpoint at {grown:.1f} s, the Service of "
        f"one that went away at {shrunk:.1f} s"
    )


def etcd(path, body):
    request = urllib.request.Request(f"{ETCD}/{path}", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        return json.load(response)


def compact():
    """etcd forgets all revisions but the present one."""
    revision = etcd("range", {"key": "AA=="})["header"]["revision"]
    etcd("compaction", {"revision": revision, "physical": True})


def lists(context):
    """How many lists portside's watches have begun with."""
    for line in context.portside.plain("/metrics")[1].splitlines():
        if line.startswith("portside_kube_watch_lists_total "):
            return int(line.split()[1])
    return 0


def test_history_that_was_compacted_under_the_watches(context):
    """portside looks away; meanwhile a Service goes and etcd forgets how. A watch that goes on where
    it was is answered by 410, and only a new list shows what is missing."""
    namespace = context.namespace()
    create(context, namespace, "standin", two_brokers)
    endpoints = wait_endpoints(context, namespace, BROKERS[:2])
    ready(context, namespace, 2)
    wait_servers(context, namespace, endpoints)
    before = lists(context)
    context.portside.process.send_signal(signal.SIGSTOP)
    try:
        kill_api_server()
        api_server_back()
        context.kubectl("delete", "service", "-n", namespace, "external-kafka-1")
        context.kubectl("delete", "configmap", "-n", namespace, "external-kafka")
        compact()
        kill_api_server()
        api_server_back()
    finally:
        context.portside.process.send_signal(signal.SIGCONT)
    begun = time.monotonic()
    back = wait_until(
        "Service external-kafka-1", lambda: service(context, namespace, "external-kafka-1"), 60
    )
    took = time.monotonic() - begun
    port = back["spec"]["ports"][0]["nodePort"]
    check(port == endpoints["kafka-1"][1], f"node port {port}, it was {endpoints['kafka-1'][1]}")
    wait_until("more lists", lambda: lists(context) > before)
    check_reachable(endpoints, PATIENCE_S)
    check_bootstrap(context, namespace, endpoints, seconds=PATIENCE_S)
    settle(context)
    return f"{lists(context) - before} lists; the Service was back after {took:.1f} s"


def six_in_a_row(statefulset):
    statefulset["spec"].update(replicas=2, podManagementPolicy="OrderedReady")
    del statefulset["spec"]["template"]["spec"]["affinity"]


def test_leader_of_two_replicas_killed_while_brokers_are_added(context):
    """The API server asks either replica; both die with the first, one takes over."""
    names = [f"kafka-{ordinal}" for ordinal in range(6)]
    with Pair(context) as pair:
        namespace = context.namespace()
        create(context, namespace, "standin", six_in_a_row)
        wait_endpoints(context, namespace, names[:2])
        leader = pair.leader()
        context.kubectl("scale", "statefulset/kafka", "-n", namespace, "--replicas=6")
        context.cluster.wait_pod(namespace, "kafka-2", seconds=30)
        begun = time.monotonic()
        pair.kill(leader)
        wait_until("the other leads", lambda: pair.leads(1 - leader), 30)
        led = time.monotonic() - begun
        endpoints = wait_endpoints(context, namespace, names, seconds=90)
        ready(context, namespace, 6)
        check(len({port for _, port in endpoints.values()}) == 6, f"ports: {endpoints}")
        check_environment(context, namespace, endpoints)
        wait_answers({f"{host}:{port}": answer_of(n) for n, (host, port) in endpoints.items()})
        check_bootstrap(context, namespace, endpoints)
        listed = context.cluster.get(f"/api/v1/namespaces/{namespace}/services")["items"]
        check(len(listed) == 7, f"Services: {[one['metadata']['name'] for one in listed]}")
    return f"the other leads {led:.1f} s after the first was killed"
