# SPDX-License-Identifier: Apache-2.0
"""What the controller must have made for brokers on real nodes, and when it did."""

import datetime
import http.client
import json
import threading
import time

from harness import check, wait_until
from nodes import log_of

ORDER = ("ExternalDNS", "ExternalIP", "InternalDNS", "InternalIP", "Hostname")


def service(context, namespace, name):
    return context.cluster.get(f"/api/v1/namespaces/{namespace}/services/{name}")


def node_port(found):
    return found["spec"]["ports"][0]["nodePort"]


def address(cluster, node, order=ORDER):
    """The address that clients are told of a node."""
    found = cluster.get(f"/api/v1/nodes/{node}")["status"]["addresses"]
    return next(one["address"] for kind in order for one in found if one["type"] == kind)


def endpoint(pod, exposure="external"):
    annotations = (pod or {"metadata": {}})["metadata"].get("annotations", {})
    parts = [annotations.get(f"{exposure}.portside.dev/{part}") for part in ("host", "port")]
    return tuple(parts) if all(parts) else None


def wait_endpoints(context, namespace, brokers, order=ORDER, seconds=30):
    """{pod: (host, port)} once each has one: its node's address and its Service's node port."""
    endpoints = {}
    for name in brokers:
        host, port = wait_until(
            f"endpoint of {name}",
            lambda pod=name: endpoint(context.cluster.pod(namespace, pod)),
            seconds,
        )
        node = context.cluster.pod(namespace, name)["spec"]["nodeName"]
        expected = address(context.cluster, node, order)
        check(host == expected, f"{name} on {node}: host '{host}', not '{expected}'")
        made = node_port(service(context, namespace, f"external-{name}"))
        check(port == str(made), f"{name}: port '{port}', its Service has {made}")
        endpoints[name] = (host, int(port))
    return endpoints


def servers(endpoints):
    return ",".join(f"{host}:{port}" for host, port in endpoints.values())


def config_servers(context, namespace, exposure="external"):
    """bootstrap.servers of the ConfigMap, or nothing."""
    found = context.cluster.get(f"/api/v1/namespaces/{namespace}/configmaps/{exposure}-kafka")
    return (found or {}).get("data", {}).get("bootstrap.servers", "")


def wait_servers(context, namespace, endpoints, seconds=30, exposure="external"):
    """bootstrap.servers as a client takes it, once it names these endpoints and no other."""
    expected = servers(endpoints)
    wait_until(
        f"bootstrap.servers is {expected}",
        lambda: config_servers(context, namespace, exposure) == expected,
        seconds,
    )
    return expected


def bootstrap_addresses(context, namespace, off=None):
    """The bootstrap Service's node port on every node, with or without a broker; one may be off."""
    port = node_port(service(context, namespace, "external-kafka-bootstrap"))
    nodes = [node["metadata"]["name"] for node in context.cluster.get("/api/v1/nodes")["items"]]
    return [f"{address(context.cluster, node)}:{port}" for node in nodes if node != off]


def seconds_of(stamp):
    """A time of kubectl logs --timestamps, as seconds since 1970."""
    whole, _, rest = stamp.rstrip("Z").partition(".")
    begun = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return begun.timestamp() + float(f"0.{rest or 0}")


def said_at(context, namespace, name, container, which):
    """When the line (0 the first, -1 the last) was printed."""
    lines = log_of(context, namespace, name, container, "--timestamps").splitlines()
    check(lines, f"{name}: {container} printed nothing")
    return seconds_of(lines[which].split(" ", 1)[0])


def started(context, namespace, name):
    """When the broker's container printed its first line, which a stand-in does at once."""
    return said_at(context, namespace, name, "kafka", 0)


def address_printed(context, namespace, name):
    """When the address script printed the endpoint, with which it ends."""
    return said_at(context, namespace, name, "portside-address", -1)


class Watch:
    """When a watch of the API server told of each pod's node and of its endpoint. The stamps in the
    objects themselves are whole seconds."""

    def __init__(self, cluster, namespace):
        self.bound = {}
        self.written = {}
        self.connection = http.client.HTTPSConnection(
            cluster.address, context=cluster.tls, timeout=300
        )
        self.connection.request(
            "GET",
            f"/api/v1/namespaces/{namespace}/pods?watch=true&timeoutSeconds=300",
            headers={"Authorization": f"Bearer {cluster.token}"},
        )
        self.response = self.connection.getresponse()
        check(self.response.status == 200, f"watch: {self.response.status}")
        threading.Thread(target=self.follow, daemon=True).start()

    def follow(self):
        try:
            for line in self.response:
                pod = json.loads(line)["object"]
                now, name = time.time(), pod["metadata"]["name"]
                if pod["spec"].get("nodeName"):
                    self.bound.setdefault(name, now)
                if endpoint(pod):
                    self.written.setdefault(name, now)
        except (OSError, ValueError, http.client.HTTPException):
            pass  # the test is over, or its own checks find that a time is missing
