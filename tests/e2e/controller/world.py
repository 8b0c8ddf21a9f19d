# SPDX-License-Identifier: Apache-2.0
"""What the tests of the controller share: replicas, nodes, binding, and what must then be there."""

import os
import subprocess

from harness import STATE, Cluster, check, manifest, wait_until
from portside import Portside
from runner import Context

NAMESPACE = "portside"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/portside"
NODES = {
    "alpha": [("InternalIP", "10.1.0.1"), ("ExternalIP", "203.0.113.1"), ("Hostname", "alpha")],
    "beta": [("Hostname", "beta"), ("ExternalIP", "203.0.113.2"), ("InternalIP", "10.1.0.2")],
    "gamma": [
        ("ExternalIP", "203.0.113.3"),
        ("ExternalDNS", "gamma.example.org"),
        ("InternalDNS", "gamma.internal"),
        ("InternalIP", "10.1.0.3"),
        ("Hostname", "gamma"),
    ],
}
# By the default order: ExternalDNS, ExternalIP, InternalDNS, InternalIP, Hostname.
HOSTS = {"alpha": "203.0.113.1", "beta": "203.0.113.2", "gamma": "gamma.example.org"}


# A second exposure.
VPN = {
    "portside.dev/listeners": "external,vpn",
    "vpn.portside.dev/listener-name": "VPN",
    "vpn.portside.dev/listener-port": "9195",
}
# Of Services, that users may set here.
ANNOTATIONS = "external-dns.alpha.kubernetes.io/,service.beta.kubernetes.io/,example.com/"


class Replica(Portside):
    """`portside serve` with its controller on."""

    host = "127.0.0.1"

    def start(self, drain_seconds=0, kubeconfig=None, controller="on"):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [
                    self.binary,
                    "serve",
                    *("--listen", f"{self.host}:{self.port}"),
                    *("--plain-listen", f"127.0.0.1:{self.plain_port}"),
                    *("--tls-cert", self.certificates.path("portside.crt")),
                    *("--tls-key", self.certificates.path("portside.key")),
                    *("--log-format", "json", "--drain-seconds", str(drain_seconds)),
                    *("--controller", controller),
                    *("--policy-service-annotations", ANNOTATIONS),
                    *("--kubeconfig", kubeconfig or os.path.join(STATE, "kubeconfig")),
                    *self.options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until("portside is ready", self.ready)
        return self


class World(Context):
    """No kubelet confirms the end of a pod that was bound, and a namespace waits for its pods."""

    def clear(self):
        names = self.made
        super().clear()
        for name in names:
            self.cluster.request("DELETE", f"/api/v1/namespaces/{name}/pods?gracePeriodSeconds=0")


def bring_up():
    """The control plane with nodes, and the namespace of the Lease."""
    cluster = Cluster.up()
    cluster.request(
        "POST",
        "/api/v1/namespaces",
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}},
    )
    for name, addresses in NODES.items():
        make_node(cluster, name, addresses)
    return cluster


def make_node(cluster, name, addresses, labels=None):
    metadata = {"name": name, "labels": labels or {}}
    cluster.request(
        "POST", "/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": metadata}
    )
    set_addresses(cluster, name, addresses)


def set_addresses(cluster, name, addresses):
    listed = [{"type": kind, "address": address} for kind, address in addresses]
    status, body, _ = cluster.request(
        "PATCH",
        f"/api/v1/nodes/{name}/status",
        {"status": {"addresses": listed}},
        "application/merge-patch+json",
    )
    check(status == 200, f"addresses of {name}: {body}")


def bind(cluster, namespace, pod, node):
    """Plays the scheduler."""
    status, body, _ = cluster.request(
        "POST",
        f"/api/v1/namespaces/{namespace}/pods/{pod}/binding",
        {
            "apiVersion": "v1",
            "kind": "Binding",
            "metadata": {"name": pod},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node},
        },
    )
    check(status == 201, f"binding of {pod}: {body}")


def create(test, replicas=3, annotations=None, namespace=None, name="apache-env",
           before_pods=lambda: None):
    """A StatefulSet `kafka` of that many brokers; its namespace."""
    namespace = namespace or test.namespace()
    for document in manifest(name):
        if document["kind"] == "StatefulSet":
            document["spec"]["replicas"] = replicas
            document["metadata"].setdefault("annotations", {}).update(annotations or {})
            before_pods()
        kinds = {"Service": "/api/v1", "StatefulSet": "/apis/apps/v1"}
        status, body, _ = test.cluster.request(
            "POST",
            f"{kinds[document['kind']]}/namespaces/{namespace}/{document['kind'].lower()}s",
            document,
        )
        check(status == 201, f"{document['kind']}: {body}")
    return namespace


def service(test, namespace, name):
    return test.cluster.get(f"/api/v1/namespaces/{namespace}/services/{name}")


def wait_service(test, namespace, name, unlike=None, seconds=15.0):
    def probe():
        found = service(test, namespace, name)
        return found if found and found["metadata"]["uid"] != unlike else None

    return wait_until(f"Service {name}", probe, seconds)


def wait_no_service(test, namespace, name, seconds=15.0):
    wait_until(
        f"no Service {name}", lambda: service(test, namespace, name) is None, seconds
    )


def node_port(found):
    return found["spec"]["ports"][0]["nodePort"]


def endpoint(pod, exposure="external"):
    annotations = (pod or {"metadata": {}})["metadata"].get("annotations", {})
    host = annotations.get(f"{exposure}.portside.dev/host")
    port = annotations.get(f"{exposure}.portside.dev/port")
    return (host, port) if host and port else None


def wait_endpoint(test, namespace, pod, expected=None, seconds=15.0, exposure="external"):
    """The endpoint of the pod, once there is one (or once it is the expected one)."""

    def probe():
        found = endpoint(test.cluster.pod(namespace, pod), exposure)
        return found if found and expected in (None, found) else None

    return wait_until(f"endpoint of {pod} {expected or ''}", probe, seconds)


def config(test, namespace, name="external-kafka"):
    return test.cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{name}")


def wait_bootstrap(test, namespace, expected, seconds=15.0, name="external-kafka"):
    def probe():
        found = config(test, namespace, name)
        return found and found.get("data", {}).get("bootstrap.servers") == expected

    wait_until(f"bootstrap.servers {expected}", probe, seconds)


def events(test, namespace, reason):
    found = test.cluster.get(f"/api/v1/namespaces/{namespace}/events")
    return [event for event in found["items"] if event["reason"] == reason]


def wait_event(test, namespace, reason):
    return wait_until(f"Event {reason}", lambda: events(test, namespace, reason))[0]


def options(exposure="", **values):
    """Annotations by their names with '_' for '-'."""
    return {
        f"{exposure}portside.dev/{name.replace('_', '-')}": value for name, value in values.items()
    }


def policy(test, namespace, name="portside-kafka"):
    path = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies/{name}"
    return test.cluster.get(path)
