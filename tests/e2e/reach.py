# SPDX-License-Identifier: Apache-2.0
"""What brokers on real nodes are told, and what the client outside must then reach."""

from exposed import bootstrap_addresses, wait_servers
from harness import Failed, check, wait_until
from nodes import CLIENT, dial, is_ready, log_of, wait_pods

BROKERS = ("kafka-0", "kafka-1", "kafka-2")


def ready(context, namespace, count=3, seconds=60):
    return wait_pods(context, namespace, "brokers are ready", is_ready, count, seconds=seconds)


def environment(context, namespace, name):
    lines = log_of(context, namespace, name, "kafka").splitlines()
    entries = [line.removeprefix("env ") for line in lines if line.startswith("env ")]
    return dict(entry.split("=", 1) for entry in entries)


def check_environment(context, namespace, endpoints):
    for name, (host, port) in endpoints.items():
        found = environment(context, namespace, name)
        expected = {
            "PORTSIDE_ORDINAL": name.rsplit("-", 1)[1],
            "PORTSIDE_EXTERNAL_HOST": host,
            "PORTSIDE_EXTERNAL_PORT": str(port),
            "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093,PORTSIDE://:9194",
            "KAFKA_ADVERTISED_LISTENERS": f"PLAINTEXT://{name}.kafka:9092,PORTSIDE://{host}:{port}",
        }
        for variable, value in expected.items():
            check(
                found.get(variable) == value,
                f"{name}: {variable} is '{found.get(variable)}', not '{value}'",
            )


def answer_of(name, port=9194):
    """What a stand-in broker says to the client outside, whose address was kept."""
    return f"pod={name} port={port} client={CLIENT}"


def check_reachable(endpoints, seconds=10):
    """Each broker's port answers on its node and on no other. kube-proxy may take a moment to follow
    what changed; with seconds=0 nothing did."""
    hosts = [host for host, _ in endpoints.values()]
    check(len(set(hosts)) == len(hosts), f"several brokers on one node: {hosts}")
    expected = {
        f"{host}:{port}": answer_of(name) if host == own else "no-answer"
        for name, (own, port) in endpoints.items()
        for host in hosts
    }
    wait_answers(expected, seconds)


def wait_answers(expected, seconds=10):
    """The client outside gets these answers: {host:port: answer}."""
    found = {}

    def answered():
        found.update(dial(expected))
        return found == expected

    try:
        wait_until("reachable", answered, seconds)
    except Failed as failure:
        unlike = {key: said for key, said in found.items() if said != expected[key]}
        raise Failed(f"{failure}: the client outside saw {unlike} in {expected}") from None


def check_bootstrap(context, namespace, endpoints, off=None, seconds=15):
    """The bootstrap port answers on every node that is not off, and bootstrap.servers are the
    brokers."""
    wait_servers(context, namespace, endpoints, max(seconds, 30))
    addresses = bootstrap_addresses(context, namespace, off)
    found = {}

    def answered():
        found.update(dial(addresses))
        return all(
            said.split(" ")[0].removeprefix("pod=") in endpoints and " port=9194 " in said
            for said in found.values()
        )

    try:
        wait_until("bootstrap", answered, seconds)  # kube-proxy follows a broker that goes
    except Failed as failure:
        raise Failed(f"bootstrap port: {found}") from failure


def check_one_away(endpoints, away):
    """Nobody answers for that broker, everybody else does."""
    found = dial([f"{host}:{port}" for host, port in endpoints.values()])
    for name, (host, port) in endpoints.items():
        said = found[f"{host}:{port}"]
        check((said == answer_of(name)) == (name != away), f"{name}, while {away} is off: {said}")
