# SPDX-License-Identifier: Apache-2.0
"""Two replicas: one writes, and the other goes on when it is gone."""

import signal
import time

from harness import check, wait_until
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
