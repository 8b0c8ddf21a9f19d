# SPDX-License-Identifier: Apache-2.0
"""Two replicas: one writes, and the other goes on when it is gone."""

import contextlib
import signal
import time

from estate import Estate, behind_proxy
from harness import check, long, wait_until
from proxy import Proxy
from world import LEASE, Replica, create, wait_service


def holder(test):
    lease = test.cluster.get(LEASE)
    return lease["spec"].get("holderIdentity", "") if lease else ""


def leads(replica):
    """True if the last that it said of itself is that it leads."""
    said = [
        record
        for record in replica.records()
        if record["msg"] in ("leading", "not leading any more")
    ]
    return bool(said) and said[-1]["msg"] == "leading"


def second(test):
    replica = Replica(test.cluster, test.portside.binary, "portside-b")
    replica.start()
    return replica


def test_one_of_two_leads(test):
    wait_until("a leader", lambda: holder(test))
    other = second(test)
    try:
        time.sleep(3)
        check(leads(test.portside) and not leads(other), "both or none lead")
    finally:
        other.stop(signal.SIGKILL)


def take_over(test, sign, limit):
    """Seconds until the other replica leads, after the leader got the signal."""
    other = second(test)
    try:
        wait_until("a leader", lambda: leads(test.portside))
        time.sleep(2)
        begun = time.monotonic()
        test.portside.process.send_signal(sign)
        wait_until("the other leads", lambda: leads(other), limit)
        spent = time.monotonic() - begun
        test.portside.process.wait(20)
        test.portside.process = None
        test.portside.start()
        namespace = create(test)
        wait_service(test, namespace, "external-kafka-2")
        return spent
    finally:
        other.stop()
        wait_until("the first leads again", lambda: leads(test.portside), 20)


def test_the_other_takes_over_from_one_that_was_killed(test):
    return f"after {take_over(test, signal.SIGKILL, 15.0):.1f} s"


def test_the_other_takes_over_at_once_from_one_that_leaves(test):
    spent = take_over(test, signal.SIGTERM, 5.0)
    check(spent < 1.5, f"{spent:.1f} s")
    return f"after {spent * 1000:.0f} ms"


@contextlib.contextmanager
def pair(test):
    """Two replicas, each behind a proxy. The one that leads does not serve the webhook, so that
    pods are made whatever becomes of it."""
    other = Replica(test.cluster, test.portside.binary, "portside-b")
    with behind_proxy(test) as follower_proxy:
        leader_proxy = Proxy(test.cluster, "proxy-b")
        try:
            other.start(kubeconfig=leader_proxy.kubeconfig(test.cluster.token))
            test.portside.stop()
            wait_until("the other leads", lambda: leads(other))
            test.portside.start(kubeconfig=follower_proxy.kubeconfig(test.cluster.token))
            yield other, leader_proxy, follower_proxy
        finally:
            if other.process is not None:
                other.process.send_signal(signal.SIGCONT)
            other.stop()
            leader_proxy.close()


def writes(proxy, since=0.0):
    return [one.text for one in proxy.seen(since) if one.writes()]


def lose_leader(test, fault, sign, limit):
    """The leader gets the signal, and the follower, which wrote nothing until then, goes on."""
    with pair(test) as (leader, _, follower_proxy):
        begun = time.monotonic()
        estate = Estate(test)
        check(not writes(follower_proxy, begun), f"a follower wrote: {writes(follower_proxy)}")
        begun = time.monotonic()
        leader.stop(sign)
        estate.disturb()
        return estate.settle(fault, limit, begun)


def test_the_leader_is_killed_while_things_change(test):
    return lose_leader(test, "leader killed -9", signal.SIGKILL, 14)


def test_the_leader_leaves_while_things_change(test):
    return lose_leader(test, "leader ended by SIGTERM", signal.SIGTERM, 4)


def stopped(test, seconds, fault):
    """The leader sleeps while things change, and does not write when it wakes up."""
    with pair(test) as (leader, leader_proxy, follower_proxy):
        estate = Estate(test)
        begun = time.monotonic()
        # In the middle of its work: some requests are sent, some wait.
        estate.take("external-kafka-0")
        leader.process.send_signal(signal.SIGSTOP)
        estate.disturb()
        told = estate.settle(fault, 14, begun)
        time.sleep(max(0.0, begun + seconds - time.monotonic()))
        woken = time.monotonic()
        leader.process.send_signal(signal.SIGCONT)
        estate.take("external-kafka-1")
        estate.settle(f"{fault}, and woken", 5, woken)
        time.sleep(3)
        check(not writes(leader_proxy, woken), f"it wrote: {writes(leader_proxy, woken)}")
        check(writes(follower_proxy, woken), "nobody wrote")
        check(not leads(leader), "it says that it leads")
        return told


def test_the_leader_is_stopped_until_another_leads(test):
    return stopped(test, 0, "leader asleep (SIGSTOP)")


@long
def test_the_leader_is_stopped_for_half_a_minute(test):
    return stopped(test, 30, "leader asleep for 30 s")


def test_both_replicas_are_killed(test):
    with pair(test) as (leader, _, follower_proxy):
        estate = Estate(test)
        leader.stop(signal.SIGKILL)
        test.portside.stop(signal.SIGKILL)
        estate.take("external-kafka-1")
        begun = time.monotonic()
        test.portside.start(kubeconfig=follower_proxy.kubeconfig(test.cluster.token))
        estate.move("kafka-2", "alpha")
        return estate.settle("both replicas killed -9, one started", 14, begun)
