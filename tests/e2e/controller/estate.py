# SPDX-License-Identifier: Apache-2.0
"""Brokers that are exposed, what a fault must leave as it was, and how long it takes afterwards."""

import contextlib
import json
import time

from harness import check, wait_until
from proxy import Proxy
from world import (
    HOSTS,
    bind,
    config,
    create,
    endpoint,
    node_port,
    service,
    wait_endpoint,
    wait_service,
)

# One row for each fault: what it was, seconds from its end until all was as desired, the bound.
table = []


def note(fault, seconds, limit):
    """A row of the table; fails beyond the limit. What a test may show."""
    table.append({"fault": fault, "seconds": round(seconds, 1), "limit": limit})
    check(seconds <= limit, f"{fault}: converged after {seconds:.1f} s, more than {limit}")
    return f"converged {seconds:.1f} s after its end"


@contextlib.contextmanager
def behind_proxy(test, token=None):
    """The portside of the tests, on its way through a proxy."""
    proxy = Proxy(test.cluster)
    try:
        test.portside.stop()
        test.portside.start(kubeconfig=proxy.kubeconfig(token or test.cluster.token))
        yield proxy
    finally:
        try:
            # First, so that it is not waited for while it cannot give back its Lease.
            proxy.remove(*proxy.rules)
            if proxy.listener is None:
                proxy.accept()
        finally:
            test.portside.stop()
            proxy.close()
            test.portside.start()


class Estate:
    """Three brokers on nodes, and things of somebody else beside them."""

    def __init__(self, test, annotations=None):
        self.test = test
        self.namespace = create(test, annotations=annotations)
        self.nodes = {"kafka-0": "alpha", "kafka-1": "beta", "kafka-2": "gamma"}
        self.host = None  # advertised-host, if there is one
        self.more = lambda: ""  # what else is missing
        self.foreign = self.make_foreign()
        for pod, node in self.nodes.items():
            test.cluster.wait_pod(self.namespace, pod)
            bind(test.cluster, self.namespace, pod, node)
        wait_until("brokers are exposed", lambda: not self.missing(), 30)
        self.ports = self.node_ports()
        self.uids = self.service_uids()
        self.taken = set()  # Services that the test itself deletes

    # What is there.

    def services(self):
        found = self.test.cluster.get(f"/api/v1/namespaces/{self.namespace}/services")["items"]
        return {one["metadata"]["name"]: one for one in found
                if one["metadata"].get("labels", {}).get("app.kubernetes.io/managed-by")
                == "portside"}

    def node_ports(self):
        return {name: node_port(one) for name, one in self.services().items()}

    def service_uids(self):
        return {name: one["metadata"]["uid"] for name, one in self.services().items()}

    def make_foreign(self):
        """Objects with names and labels that come near to ours."""
        for kind, extra in (
            ("Service", {"spec": {"ports": [{"port": 9194}], "selector": {"app": "kafka"}}}),
            ("ConfigMap", {"data": {"bootstrap.servers": "somebody.else:9092"}}),
        ):
            metadata = {"name": "external-kafka-9", "labels": {"app": "kafka"}}
            path = f"/api/v1/namespaces/{self.namespace}/{kind.lower()}s"
            status, body, _ = self.test.cluster.request(
                "POST", path, {"apiVersion": "v1", "kind": kind, "metadata": metadata, **extra})
            check(status == 201, f"{kind}: {body}")
        return self.foreign_versions()

    def foreign_versions(self):
        return {
            kind: self.test.cluster.get(
                f"/api/v1/namespaces/{self.namespace}/{kind}/external-kafka-9"
            )["metadata"]["resourceVersion"]
            for kind in ("services", "configmaps")
        }

    # What must be there.

    def missing(self):
        """The first thing that is not as desired, or an empty text."""
        services = self.services()
        expected = []
        for pod, node in self.nodes.items():
            name = f"external-{pod}"
            if name not in services:
                return f"no Service {name}"
            host = self.host.format(pod[-1]) if self.host else HOSTS[node]
            wanted = (host, str(node_port(services[name])))
            found = endpoint(self.test.cluster.pod(self.namespace, pod))
            if found != wanted:
                return f"endpoint of {pod} is {found}, not {wanted}"
            expected.append(":".join(wanted))
        wanted = {f"external-{pod}" for pod in self.nodes} | {"external-kafka-bootstrap"}
        if set(services) != wanted:
            return f"Services {sorted(services)}"
        data = (config(self.test, self.namespace) or {}).get("data", {})
        if data.get("bootstrap.servers") != ",".join(expected):
            return f"bootstrap.servers is {data.get('bootstrap.servers')}, not {expected}"
        listed = [one["pod"] for one in json.loads(data["brokers.json"])]
        return self.more() if listed == list(self.nodes) else f"brokers.json has {listed}"

    # What happens to it.

    def disturb(self):
        """Takes a Service away and moves a broker to another node."""
        self.take("external-kafka-1")
        self.move("kafka-2", "alpha")

    def take(self, name):
        path = f"/api/v1/namespaces/{self.namespace}/services/{name}"
        status, body, _ = self.test.cluster.request("DELETE", path)
        check(status == 200, f"{name}: {body}")
        self.taken.add(name)

    def move(self, pod, node):
        path = f"/api/v1/namespaces/{self.namespace}/pods/{pod}"
        old = self.test.cluster.pod(self.namespace, pod)["metadata"]["uid"]
        self.test.cluster.request("DELETE", f"{path}?gracePeriodSeconds=0")
        self.test.cluster.wait_pod(self.namespace, pod, unlike=old, seconds=30)
        bind(self.test.cluster, self.namespace, pod, node)
        self.nodes[pod] = node

    def advertise(self, template):
        """Brokers are known by another name, as after a rollout that gave their pods the wish."""
        wish = f"portside.dev/advertised-host={template}"
        for thing in ("statefulset/kafka", *(f"pod/{name}" for name in self.nodes)):
            self.test.kubectl("annotate", thing, "-n", self.namespace, wish)
        self.host = template.replace("{ordinal}", "{}")

    def shrink(self):
        """Two brokers are left."""
        self.test.kubectl("scale", "statefulset/kafka", "--replicas=2", "-n", self.namespace)
        self.test.cluster.request(
            "DELETE", f"/api/v1/namespaces/{self.namespace}/pods/kafka-2?gracePeriodSeconds=0")
        del self.nodes["kafka-2"]

    def settle(self, fault, limit, since=None):
        """Waits until all is as desired, checks that nothing suffered, and notes the seconds since
        the fault ended."""
        begun = time.monotonic() if since is None else since
        last = [""]

        def probe():
            last[0] = self.missing()
            return not last[0] or time.monotonic() > begun + limit + 30

        wait_until("converged", probe, limit + 60)
        told = note(fault, time.monotonic() - begun, limit)
        check(not last[0], f"{fault}: {last[0]}")
        self.check_unharmed()
        return told

    def check_unharmed(self):
        for name, port in self.node_ports().items():
            before = self.ports.get(name, port)
            check(port == before, f"{name}: node port {port}, before {before}")
        for name, uid in self.service_uids().items():
            check(name in self.taken or uid == self.uids[name], f"{name} was made anew")
        now = self.foreign_versions()
        check(now == self.foreign, f"foreign objects {now}, before {self.foreign}")


def show_table():
    """The table of faults, as lines."""
    if not table:
        return ""
    width = max(len(row["fault"]) for row in table)
    lines = [f"{'fault':<{width}}  converged  at most"]
    lines += [f"{row['fault']:<{width}}  {row['seconds']:7.1f} s  {row['limit']:5} s"
              for row in table]
    return "\n".join(lines)
