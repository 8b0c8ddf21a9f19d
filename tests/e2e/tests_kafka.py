# SPDX-License-Identifier: Apache-2.0
"""On real nodes, with real Kafka: what a client outside of the cluster sees and moves."""

import json
import os
import sys

from exposed import bootstrap_addresses, config_servers, wait_endpoints, wait_servers
from harness import Failed, check, wait_until
from nodes import MANIFESTS, create, enter, is_ready, log_of, use_kafka, wait_pods
from portside import check_injected

BROKERS = ("kafka-0", "kafka-1", "kafka-2")
MESSAGES = [f"message {number}" for number in range(1000)]


def kcat(bootstrap, *arguments, stdin=None, expect=0):
    """kcat as the client outside."""
    return enter("client", "kcat", "-b", bootstrap, *arguments, stdin=stdin, expect=expect)


def metadata(bootstrap):
    """What the brokers say of themselves: {id: "host:port"}, and the leaders of each topic."""
    listed = kcat(bootstrap, "-L", "-J", expect=None)
    if listed.code:
        return {}, {}
    found = json.loads(listed.out)
    leaders = {
        topic["topic"]: {partition["leader"] for partition in topic["partitions"]}
        for topic in found["topics"]
    }
    return {broker["id"]: broker["name"] for broker in found["brokers"]}, leaders


def check_listed(endpoints, bootstraps):
    """Through whatever address the client comes in, it is told three endpoints outside."""
    expected = {
        int(name.rsplit("-", 1)[1]): f"{host}:{port}" for name, (host, port) in endpoints.items()
    }
    for bootstrap in [*bootstraps, *expected.values()]:
        try:
            wait_until(
                f"{bootstrap} lists {expected}",
                lambda address=bootstrap: metadata(address)[0] == expected,
                30,
            )
        except Failed as error:
            raise Failed(f"{error}, but {metadata(bootstrap)[0] or 'nothing'}") from None


def check_messages(bootstrap):
    """1,000 messages go out over all brokers and come back, each once."""
    settings = ("-X", "partitioner=random", "-X", "sticky.partitioning.linger.ms=0")
    kcat(bootstrap, "-P", "-t", "trip", *settings, stdin="".join(f"{m}\n" for m in MESSAGES))
    _, leaders = metadata(bootstrap)
    check(leaders["trip"] == {0, 1, 2}, f"leaders of the topic: {leaders['trip']}")
    back = kcat(bootstrap, "-C", "-t", "trip", "-o", "beginning", "-e", "-q").out.splitlines()
    check(
        sorted(back) == sorted(MESSAGES), f"{len(back)} messages came back, {len(set(back))} unlike"
    )


def delivery_of(pod):
    return json.loads(pod["metadata"]["annotations"]["portside.dev/status"])["delivery"]


def round_trip(context, manifest, delivery, change=None):
    use_kafka()
    namespace = context.namespace()
    create(context, namespace, manifest, change)
    endpoints = wait_endpoints(context, namespace, BROKERS)
    pods = wait_pods(context, namespace, "brokers are ready", is_ready, seconds=120)
    for name, pod in pods.items():
        check(delivery_of(pod) == delivery, f"{name}: delivery by {delivery_of(pod)}")
        if change is None:
            check_injected(pod, "kafka", delivery)
    servers = wait_servers(context, namespace, endpoints)
    check_listed(endpoints, [servers, *bootstrap_addresses(context, namespace)])
    check_messages(servers)
    return namespace


def test_real_kafka_configured_by_plain_env(context):
    round_trip(context, "kafka-env", "env")


def test_real_kafka_whose_command_exports_the_listeners(context):
    namespace = round_trip(context, "kafka-export", "hook")
    for name in BROKERS:
        said = log_of(context, namespace, name, "kafka")
        check("portside: external: " in said, f"{name}: nothing said by the hook")


# What nodes-up writes on nodes, as a cloud does.
ZONE = "topology.kubernetes.io/zone"


def with_racks(statefulset):
    statefulset["metadata"]["annotations"]["portside.dev/rack-label"] = ZONE


def racks(bootstrap):
    """What Kafka tells a client outside: {"kafka-0": "zone-a"}."""
    host, port = bootstrap.split(",")[0].rsplit(":", 1)
    program = os.path.join(MANIFESTS, "racks.py")
    lines = enter("client", sys.executable, program, host, port).out.splitlines()
    found = dict(line.split(" ", 1) for line in lines)
    return {f"kafka-{number}": rack for number, rack in found.items()}


def check_racks(context, namespace):
    """Each broker's rack is the zone of its node."""
    expected = {}
    for name in BROKERS:
        node = context.cluster.pod(namespace, name)["spec"]["nodeName"]
        expected[name] = context.cluster.get(f"/api/v1/nodes/{node}")["metadata"]["labels"][ZONE]
    check(len(set(expected.values())) == 3, f"zones of the nodes: {expected}")
    found = racks(config_servers(context, namespace))
    check(found == expected, f"racks {found}, not {expected}")


def without_an_id(statefulset):
    """Its author left out who each broker is, and has portside say it, and where it is."""
    (container,) = statefulset["spec"]["template"]["spec"]["containers"]
    left = [entry for entry in container["env"] if entry["name"] != "KAFKA_NODE_ID"]
    check(len(left) == len(container["env"]) - 1, "the manifest sets no KAFKA_NODE_ID")
    container["env"] = left
    statefulset["metadata"]["annotations"]["portside.dev/env"] = "KAFKA_NODE_ID={ordinal}"
    with_racks(statefulset)


def test_real_kafka_whose_ids_and_racks_come_from_portside(context):
    check_racks(context, round_trip(context, "kafka-env", "env", without_an_id))


def test_real_kafka_in_racks_by_hook(context):
    check_racks(context, round_trip(context, "kafka-export", "hook", with_racks))
