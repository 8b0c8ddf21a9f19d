# SPDX-License-Identifier: Apache-2.0
"""On real nodes: which of a node's addresses becomes the endpoint, up to what the broker advertises
and where a client outside arrives."""

import contextlib

from exposed import endpoint, node_port, service, wait_endpoints, wait_servers
from harness import check, wait_until
from nodes import create, reset_addresses, set_addresses
from reach import BROKERS, check_environment, check_reachable, ready

TYPES = "portside.dev/address-types"
# What nodes-up gives a node, by type.
USUAL = {
    "ExternalDNS": "{node}.ext.e2e.test",
    "ExternalIP": "203.0.113.1{number}",
    "InternalDNS": "{node}.in.e2e.test",
    "InternalIP": "198.18.0.1{number}",
    "Hostname": "{node}",
}
# Nobody outside knows the bare name of a node.
UNKNOWN_OUTSIDE = ("Hostname",)


def usual(node, kind):
    return USUAL[kind].format(node=node, number=node.removeprefix("n"))


def one_broker(types):
    def change(statefulset):
        statefulset["metadata"]["annotations"][TYPES] = types
        statefulset["spec"].update(replicas=1)

    return change


def check_type(context, namespace, kind):
    """The broker advertises its node's address of that type; a client who knows it arrives."""
    endpoints = wait_endpoints(context, namespace, BROKERS[:1], (kind,))
    node = ready(context, namespace, 1)["kafka-0"]["spec"]["nodeName"]
    host, port = endpoints["kafka-0"]
    check(host == usual(node, kind), f"{kind} of {node}: '{host}', not '{usual(node, kind)}'")
    check_environment(context, namespace, endpoints)
    if kind not in UNKNOWN_OUTSIDE:
        check_reachable(endpoints)


def test_each_of_the_five_address_types(context):
    spaces = {kind: context.namespace() for kind in USUAL}
    for kind, namespace in spaces.items():
        create(context, namespace, "standin", one_broker(kind))
    for kind, namespace in spaces.items():
        check_type(context, namespace, kind)


@contextlib.contextmanager
def addresses(given):
    """Nodes have these meanwhile: {node: ["TYPE=ADDRESS"…]}."""
    try:
        for node, listed in given.items():
            set_addresses(node, *listed)
        yield
    finally:
        for node in given:
            reset_addresses(node)


def check_hosts(context, namespace, expected):
    """Brokers on these nodes advertise these hosts: {node: host}. All endpoints."""
    pods = ready(context, namespace)
    endpoints = {}
    for name, pod in sorted(pods.items()):
        host = expected[pod["spec"]["nodeName"]]
        port = node_port(service(context, namespace, f"external-{name}"))
        check(endpoint(pod) == (host, str(port)), f"{name}: {endpoint(pod)}, not {host}, {port}")
        endpoints[name] = (host, port)
    check_environment(context, namespace, endpoints)
    wait_servers(context, namespace, endpoints)
    return endpoints


def test_several_addresses_of_a_type_and_types_that_a_node_has_not(context):
    """The first of a type counts, but none of a family that the Service has not; a type that is
    missing is passed over, for each node apart."""
    given = {
        "n1": ["InternalIP=198.18.0.11", "ExternalIP=2001:db8::11", "ExternalIP=203.0.113.11"],
        "n2": ["Hostname=n2", "InternalIP=198.18.0.12"],
        "n3": ["InternalIP=198.18.0.13", "InternalDNS=n3.in.e2e.test", "ExternalDNS=n3.ext.e2e.test"],
    }
    given["n1"].append("ExternalIP=203.0.113.99")
    expected = {"n1": "203.0.113.11", "n2": "198.18.0.12", "n3": "n3.ext.e2e.test"}
    namespace = context.namespace()
    with addresses(given):
        create(context, namespace, "standin")
        check_reachable(check_hosts(context, namespace, expected))


def test_ipv6_address_is_advertised_in_brackets(context):
    """This cluster has IPv4 only, so it is the text that counts here, up to the variable of the
    broker and bootstrap.servers; brokers are reached at their nodes' addresses all the same."""

    def change(statefulset):
        annotations = statefulset["metadata"]["annotations"]
        annotations["portside.dev/advertised-host"] = "2001:db8::{ordinal}"

    namespace = context.namespace()
    create(context, namespace, "standin", change)
    pods = ready(context, namespace)
    endpoints = {}
    for name in BROKERS:
        port = node_port(service(context, namespace, f"external-{name}"))
        endpoints[name] = (f"[2001:db8::{name[-1]}]", port)
    check_environment(context, namespace, endpoints)
    wait_servers(context, namespace, endpoints)
    here = {name: usual(pod["spec"]["nodeName"], "ExternalIP") for name, pod in pods.items()}
    check_reachable({name: (here[name], port) for name, (_, port) in endpoints.items()})


def test_node_without_an_address_of_the_types_asked_for(context):
    """Its broker waits, and starts as soon as the node has one."""
    namespace = context.namespace()

    def change(statefulset):
        one_broker("ExternalDNS")(statefulset)
        statefulset["spec"]["template"]["spec"]["nodeSelector"] = {"kubernetes.io/hostname": "n2"}

    with addresses({"n2": ["InternalIP=198.18.0.12", "ExternalIP=203.0.113.12", "Hostname=n2"]}):
        create(context, namespace, "standin", change)
        event = wait_until(
            "an Event about the missing address",
            lambda: [
                one["message"]
                for one in context.cluster.get(f"/api/v1/namespaces/{namespace}/events")["items"]
                if one["reason"] == "WaitingForEndpoint"
            ],
            30,
        )[0]
        check("node 'n2' has no address" in event, event)
        check(endpoint(context.cluster.pod(namespace, "kafka-0")) is None, "it has an endpoint")
    endpoints = wait_endpoints(context, namespace, BROKERS[:1], ("ExternalDNS",), seconds=60)
    ready(context, namespace, 1)
    check_environment(context, namespace, endpoints)
    check_reachable(endpoints)
