# SPDX-License-Identifier: Apache-2.0
"""What happens to portside while Kafka pods are created and deleted, and what the clients notice."""

import re
import statistics
import time

from harness import Failed, check, wait_until
from load import Load

# How often each is done.
rounds = 1
# One row for each round of an event.
table = []
# The API server hears of an endpoint a moment after the API shows it.
LAG_S = 1.0
SHOWN = 5
COLUMNS = "{:<34} {:<7} {:>6} {:>8} {:>7} {:>11} {:>9} {:>9} {:>9}"


class Event:
    """begin(release) does it and returns the replicas that are gone at once, end(release) is what a
    person does when they are out of the endpoints; both replicas must be ready again within so many
    seconds."""

    def __init__(self, name, begin, end=None, seconds=90):
        self.name = name
        self.begin = begin
        self.end = end
        self.seconds = seconds
        self.policy = "Fail"


def run(context, event, judge):
    """All rounds; judge(load, row) checks one. What a test may show."""
    return "\n".join(run_once(context, event, judge) for _ in range(rounds))


def run_once(context, event, judge):
    release = context.portside
    release.refresh()
    with Load(context) as load:
        time.sleep(2)
        begun = time.time()
        victims = event.begin(release) or []
        wait_until("who is gone is asked no more", lambda: release.is_served(victims), 90)
        served = time.time()
        if event.end:
            event.end(release)
        release.wait_ready()
        settled = time.time()
        time.sleep(2)
    row = count(event, load, begun)
    row |= {"served_s": round(served - begun, 1) if victims else 0.0}
    row |= {"settled_s": round(settled - begun, 1)}
    table.append(row)
    check(row["creates"] > 20 * (settled - begun), f"only {row['creates']} creates")
    early = [one for one in load.bad() if one.begun < begun - 0.5]
    check(not early, f"before it began: {tell(early)}")
    judge(load, row, served)
    check(row["settled_s"] <= event.seconds, f"{describe(row, load)}, not {event.seconds}")
    return describe(row, load)


def count(event, load, begun):
    return {
        "event": event.name,
        "policy": event.policy,
        "creates": len(load.done()),
        "failed": len(load.failed()),
        "uninjected": len(load.uninjected()),
        "recovered_s": round(max((one.ended - begun for one in load.bad()), default=0.0), 1),
    }


def tell(creates):
    more = f"\n… and {len(creates) - SHOWN} more" if len(creates) > SHOWN else ""
    return "\n".join(one.text() for one in creates[:SHOWN]) + more


def describe(row, load):
    text = (
        f"{row['creates']} creates, {row['failed']} failed, {row['uninjected']} un-injected, "
        f"all well again after {row['recovered_s']} s; out of the endpoints after "
        f"{row['served_s']} s, settled after {row['settled_s']} s"
    )
    return f"{text}\n{tell(load.bad())}".strip()


def nobody_notices(load, row, served):
    """A graceful event."""
    check(not load.bad(), f"{describe(row, load)}")


def only_until_served(load, row, served):
    """An abrupt one: failures end when the API server is told who is gone."""
    late = [one for one in load.bad() if one.begun > served + LAG_S]
    check(not late, f"{describe(row, load)}\nlate: {tell(late)}")
    check(not load.uninjected(), f"{describe(row, load)}")


def each_is_named(load, row, served):
    """None fails; those without injection are few, and named by Events."""
    check(not load.failed(), f"{describe(row, load)}")
    late = [one for one in load.bad() if one.begun > served + LAG_S]
    check(not late, f"{describe(row, load)}\nlate: {tell(late)}")
    expected = {one.name for one in load.uninjected()}
    try:
        wait_until("all have their Events", lambda: expected <= named(load), 60)
    except Failed as failure:
        missing = sorted(expected - named(load))
        text = f"{len(missing)} of {len(expected)} without an Event: {missing[:SHOWN]}"
        raise Failed(f"{failure}: {text}\n{describe(row, load)}") from None


def named(load):
    """The pods about which there is an Event NotInjected."""
    listed = load.cluster.get(f"/api/v1/namespaces/{load.namespace}/events")["items"]
    texts = [f"{one['involvedObject']['name']} {one['message']}" for one in listed
             if one["reason"] == "NotInjected"]  # fmt: skip
    return {name for text in texts for name in re.findall(r"load\d-\d+", text)}


def both(values):
    return f"{statistics.median(values):.1f}/{max(values):.1f}"


def show_table():
    lines = [
        COLUMNS.format(
            *("event", "policy", "rounds", "creates", "failed", "un-injected"),
            *("recovered", "served", "settled"),
        )
    ]
    for name, policy in dict.fromkeys((row["event"], row["policy"]) for row in table):
        rows = [row for row in table if (row["event"], row["policy"]) == (name, policy)]
        sums = [sum(row[key] for row in rows) for key in ("creates", "failed", "uninjected")]
        times = [both([row[key] for row in rows]) for key in ("recovered_s", "served_s", "settled_s")]
        lines.append(COLUMNS.format(name, policy, len(rows), *sums, *times))
    lines.append("seconds since the event, median/most; served: nobody who is gone is asked any more")
    return "\n".join(lines)
