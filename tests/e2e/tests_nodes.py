# SPDX-License-Identifier: Apache-2.0
"""On real nodes, with stand-in brokers: from the pod's creation to the client outside."""

import datetime
import time

from harness import check
from nodes import CLIENT, create, dial, init_state, is_ready, log_of, pods_of, wait_pods
from nodes import power_cut, power_on
from play_controller import play_controller
from portside import check_injected

BROKERS = ("kafka-0", "kafka-1", "kafka-2")


def seconds_of(stamp):
    """A time of kubectl logs --timestamps, as seconds since 1970."""
    whole, _, rest = stamp.rstrip("Z").partition(".")
    begun = datetime.datetime.fromisoformat(whole).replace(tzinfo=datetime.timezone.utc)
    return begun.timestamp() + float(f"0.{rest or 0}")


def check_waits(context, namespace):
    """The address script holds every broker back while there is no endpoint, and says so."""
    wait_pods(
        context, namespace, "address scripts run", lambda pod: init_state(pod)[0] == "running"
    )
    time.sleep(1.5)
    for name, pod in pods_of(context.cluster, namespace, "kafka").items():
        check(init_state(pod)[0] == "running", f"{name} did not wait: {init_state(pod)}")
        said = log_of(context, namespace, name, "portside-address")
        check("waiting for external.host, external.port" in said, f"{name} said: {said}")


def check_ended(context, namespace, endpoints):
    """The address script printed the endpoint and ended within a second of its being written; the
    longest time that this took."""
    times = []
    for name, (host, port, written) in endpoints.items():
        line = log_of(context, namespace, name, "portside-address", "--timestamps").splitlines()[-1]
        stamp, text = line.split(" ", 1)
        check(text == f"portside: external: {host}:{port}", f"{name} ended with: {text}")
        took = seconds_of(stamp) - written
        check(took < 1, f"{name}: {took:.2f} s from the annotation to the end of the script")
        times.append(took)
    return max(times)


def environment(context, namespace, name):
    lines = log_of(context, namespace, name, "kafka").splitlines()
    entries = [line.removeprefix("env ") for line in lines if line.startswith("env ")]
    return dict(entry.split("=", 1) for entry in entries)


def check_environment(context, namespace, endpoints):
    for name, (host, port, _) in endpoints.items():
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


def answer_of(name):
    """What a stand-in broker says to the client outside, whose address was kept."""
    return f"pod={name} port=9194 client={CLIENT}"


def check_reachable(endpoints):
    """Each broker's port answers on its node and on no other."""
    hosts = [host for host, _, _ in endpoints.values()]
    check(len(set(hosts)) == len(hosts), f"several brokers on one node: {hosts}")
    expected = {
        f"{host}:{port}": answer_of(name) if host == own else "no-answer"
        for name, (own, port, _) in endpoints.items()
        for host in hosts
    }
    found = dial(expected)
    check(found == expected, f"the client outside saw {found}, not {expected}")


def test_broker_waits_for_its_endpoint_and_is_reached_on_its_node_only(context):
    namespace = context.namespace()
    create(context, namespace, "standin")
    check_waits(context, namespace)
    endpoints = play_controller(context, namespace, BROKERS)
    for pod in wait_pods(context, namespace, "brokers are ready", is_ready).values():
        check_injected(pod, "kafka", "env")
    slowest = check_ended(context, namespace, endpoints)
    check_environment(context, namespace, endpoints)
    check_reachable(endpoints)
    return f"from the annotation to the end of the address script: at most {slowest:.2f} s"


def check_one_away(endpoints, away):
    """Nobody answers for that broker, everybody else does."""
    found = dial([f"{host}:{port}" for host, port, _ in endpoints.values()])
    for name, (host, port, _) in endpoints.items():
        said = found[f"{host}:{port}"]
        check((said == answer_of(name)) == (name != away), f"{name}, while {away} is off: {said}")


def test_broker_is_back_at_its_endpoint_after_a_power_cut(context):
    namespace = context.namespace()
    create(context, namespace, "standin")
    endpoints = play_controller(context, namespace, BROKERS)
    before = wait_pods(context, namespace, "brokers are ready", is_ready)
    power_cut(before["kafka-1"]["spec"]["nodeName"])
    try:
        check_one_away(endpoints, "kafka-1")
    finally:
        power_on()
    wait_pods(
        context,
        namespace,
        "the broker was started again",
        lambda pod: is_ready(pod)
        and pod["status"]["containerStatuses"][0]["restartCount"]
        == (1 if pod["metadata"]["name"] == "kafka-1" else 0),
    )
    for name, pod in pods_of(context.cluster, namespace, "kafka").items():
        check(
            pod["metadata"]["uid"] == before[name]["metadata"]["uid"], f"{name} is another pod now"
        )
    check_environment(context, namespace, endpoints)
    check_reachable(endpoints)
