# SPDX-License-Identifier: Apache-2.0
"""Many StatefulSets at once: how long until all Services stand, against the same objects created by
a plain client."""

import copy
import json
import os
import statistics
import time

from harness import STATE, check, long, manifest, wait_until
from plain_client import Pool, post_request

STATEFULSETS = 100
BROKERS = 10
SERVICES = STATEFULSETS * (BROKERS + 1)
ROUNDS = 3
# Of the plain client for StatefulSets, in both cases; of portside and of the plain client for what
# portside makes.
CONNECTIONS = 16
GOAL_RATIO = 1.2
GOAL_MB = 25


def statefulset(number):
    """All of its pods are made, and injected, but never bound."""
    document = copy.deepcopy(find_statefulset())
    document["metadata"]["name"] = f"k{number}"
    document["spec"]["replicas"] = BROKERS
    document["spec"]["podManagementPolicy"] = "Parallel"
    document["spec"]["template"]["spec"]["schedulingGates"] = [{"name": "example.org/never"}]
    return document


def find_statefulset():
    return next(one for one in manifest("apache-env") if one["kind"] == "StatefulSet")


def count(test, path):
    """How many there are, without reading them all: that would keep the API server busy."""
    found = test.cluster.get(f"{path}?limit=1")
    return len(found["items"]) + found["metadata"].get("remainingItemCount", 0)


def core(namespace, plural):
    return f"/api/v1/namespaces/{namespace}/{plural}"


def config_maps(test, namespace):
    """Those of portside."""
    path = core(namespace, "configmaps") + "?labelSelector=app.kubernetes.io/managed-by=portside"
    return test.cluster.get(path)["items"]


def post_statefulsets(test, namespace, then=lambda number, made: None):
    """All of them by a plain client; then is told of each that was made."""
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets"
    requests = [post_request(test.cluster, path, statefulset(number))
                for number in range(STATEFULSETS)]
    pool = Pool(test.cluster, CONNECTIONS)

    def job(number):
        def post(connection):
            status, body = connection.post(requests[number])
            check(status == 201, f"StatefulSet: {body}")
            then(number, json.loads(body))
        return post

    for number in range(STATEFULSETS):
        pool.jobs.put(job(number))
    return pool.finish()


class Load:
    """Processor time that processes spent while something was done."""

    def __init__(self, test):
        self.pids = {"portside": test.portside.process.pid}
        for name in ("apiserver", "etcd", "controller-manager"):
            with open(os.path.join(STATE, "pids", name), encoding="utf-8") as file:
                self.pids[name] = int(file.read().split()[0])
        self.before = self.spent()

    def spent(self):
        return {name: processor_seconds(pid) for name, pid in self.pids.items()}

    def since(self):
        return {name: seconds - self.before[name] for name, seconds in self.spent().items()}


def shown(spent):
    return ", ".join(f"{name} {seconds:.1f}" for name, seconds in spent.items())


def processor_seconds(pid):
    with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def memory_mb(pid, key):
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        line = next(line for line in file if line.startswith(key))
    return int(line.split()[1]) / 1024


def wait_all(test, namespace, begun):
    """Seconds until all Services stand; after that all pods are waited for, too."""
    wait_until(f"{SERVICES} Services",
               lambda: count(test, core(namespace, "services")) == SERVICES, 600)
    spent = time.monotonic() - begun
    wait_until("all pods", lambda: count(test, core(namespace, "pods")) == STATEFULSETS * BROKERS,
               600)
    return spent


def requests_of(test):
    """What portside asked, by its own count: a text for each line of the metric."""
    lines = test.portside.plain("/metrics")[1].splitlines()
    return [line.removeprefix("portside_controller_") for line in lines
            if line.startswith(("portside_controller_requests", "portside_controller_writes",
                                "portside_controller_reconciles"))]


class Run:
    """One run: its seconds, processor seconds of all processes, MB of portside, and words for it."""

    def __init__(self, seconds, spent, memory, text):
        self.seconds = seconds
        self.processor = sum(spent.values())
        self.memory = memory
        self.text = f"{text} {seconds:.1f} s; processor seconds: {shown(spent)}"


def with_portside(test):
    """(run, objects that were made)"""
    test.portside.stop()
    test.portside.start()
    wait_until("it leads", lambda: "controller_leader 1\n" in test.portside.plain("/metrics")[1])
    namespace = test.namespace()
    load, begun = Load(test), time.monotonic()
    post_statefulsets(test, namespace)
    spent = wait_all(test, namespace, begun)
    wait_until("all ConfigMaps", lambda: len(config_maps(test, namespace)) == 2 * STATEFULSETS, 60)
    memory = memory_mb(test.portside.process.pid, "VmHWM")
    run = Run(spent, load.since(), memory, "portside")
    run.text += f"; at most {memory:.1f} MB; {', '.join(requests_of(test))}"
    made = {"services": test.cluster.get(core(namespace, "services"))["items"],
            "configmaps": config_maps(test, namespace)}
    end_namespace(test, namespace)
    return run, made


# What the API server adds by itself, or what two objects cannot share.
ADDED = ("uid", "resourceVersion", "creationTimestamp", "managedFields", "namespace", "generation",
         "deletionTimestamp", "deletionGracePeriodSeconds")


def bare(kind, made):
    """The object as somebody else would create it; the uid of its owner is filled in later."""
    body = copy.deepcopy(made)
    body.update(apiVersion="v1", kind=kind)
    body.pop("status", None)
    for key in ADDED:
        body["metadata"].pop(key, None)
    for key in ("clusterIP", "clusterIPs", "healthCheckNodePort"):
        body.get("spec", {}).pop(key, None)
    for port in body.get("spec", {}).get("ports", []):
        port.pop("nodePort", None)
    for owner in body["metadata"].get("ownerReferences", []):
        owner["uid"] = "OWNER"
    return json.dumps(body, separators=(",", ":")).encode()


def by_owner(made):
    """The bodies for each StatefulSet, by its name."""
    bodies = {}
    for plural, kind in (("services", "Service"), ("configmaps", "ConfigMap")):
        for one in made[plural]:
            owner = one["metadata"]["labels"]["portside.dev/statefulset"]
            bodies.setdefault(owner, []).append((plural, bare(kind, one)))
    return bodies


def with_plain_client(test, bodies):
    """The same, with the controller off and its objects by a plain client, as soon as their owner
    is there."""
    test.portside.stop()
    test.portside.start(controller="off")
    namespace = test.namespace()
    pool = Pool(test.cluster, CONNECTIONS)

    def post(plural, body, uid):
        request = post_request(test.cluster, core(namespace, plural), body.replace(b"OWNER", uid))

        def job(connection):
            status, answer = connection.post(request)
            check(status == 201, f"{plural}: {answer}")
        return job

    def then(number, made):
        for plural, body in bodies[f"k{number}"]:
            pool.jobs.put(post(plural, body, made["metadata"]["uid"].encode()))

    load, begun = Load(test), time.monotonic()
    post_statefulsets(test, namespace, then)
    client = pool.finish()
    spent = wait_all(test, namespace, begun)
    run = Run(spent, {**load.since(), "client": client}, 0.0, "plain client")
    end_namespace(test, namespace)
    return run


def end_namespace(test, namespace):
    """Its end keeps the API server busy, which the next round shall not see."""
    test.cluster.delete_namespace(namespace)
    wait_until(f"the end of {namespace}",
               lambda: test.cluster.get(f"/api/v1/namespaces/{namespace}") is None, 600)


def median_ratio(ours, theirs, key):
    return (statistics.median(getattr(run, key) for run in ours)
            / statistics.median(getattr(run, key) for run in theirs))


@long
def test_a_hundred_statefulsets_of_ten_brokers(test):
    ours, theirs, told = [], [], []
    load = os.getloadavg()[0]
    try:
        for _ in range(ROUNDS):
            run, made = with_portside(test)
            ours.append(run)
            theirs.append(with_plain_client(test, by_owner(made)))
            told += [run.text, theirs[-1].text]
    finally:
        test.portside.stop()
        test.portside.start()
    ratio = median_ratio(ours, theirs, "seconds")
    memory = max(run.memory for run in ours)
    told.append(
        f"{SERVICES} Services, {ROUNDS} rounds: median "
        f"{statistics.median(run.seconds for run in ours):.1f} s, plain client "
        f"{statistics.median(run.seconds for run in theirs):.1f} s: {ratio:.2f} times "
        f"(goal {GOAL_RATIO}); processor {median_ratio(ours, theirs, 'processor'):.2f} times; "
        f"{memory:.1f} MB (goal {GOAL_MB}); load before {load:.1f}")
    text = "\n".join(told)
    check(memory <= GOAL_MB or "release" not in test.portside.binary, text)
    check(ratio <= GOAL_RATIO, text)
    return text
