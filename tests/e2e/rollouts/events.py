# SPDX-License-Identifier: Apache-2.0
"""What happens to portside while Kafka pods are created and deleted, and what the clients notice."""

import os
import re
import statistics
import time

from harness import STATE, Failed, check, wait_until
from load import Load

# How often each is done.
rounds = 1
# One row for each round of an event.
table = []
# The API server hears of an endpoint a moment after the API shows it.
LAG_S = 1.0
SHOWN = 5
COLUMNS = "{:<34} {:<7} {:>6} {:>6} {:>8} {:>7} {:>11} {:>10} {:>10} {:>10}"
# Every create that failed or was not injected, in all rounds.
LOG = os.path.join(STATE, "log", "rollouts-creates.log")


class Event:
    """begin(release, pods) does it to these replicas, of which the first answers most reviews, and
    returns those that are gone at once; end(release) is what a person does when they are out of the
    endpoints. Both replicas must be ready again within so many seconds."""

    def __init__(self, name, begin, end=None, seconds=90):
        self.name = name
        self.begin = begin
        self.end = end
        self.seconds = seconds
        self.policy = "Fail"


def run(context, event, judge):
    """All rounds, whatever becomes of one; judge(load, row, served) checks it. What a test may
    show."""
    shown, failures = [], []
    for index in range(rounds):
        try:
            shown.append(run_once(context, event, judge))
        except Failed as failure:
            failures.append(f"round {index + 1} of {rounds}: {failure}")
        finally:
            context.clear()
    check(not failures, "\n".join(failures))
    return "\n".join(shown)


def run_once(context, event, judge):
    release = context.portside
    release.refresh()
    with Load(context) as load:
        asked = release.asked()
        begun = time.time()
        victims = event.begin(release, [pod for pod, _ in asked]) or []
        wait_until("who is gone is asked no more", lambda: release.is_served(victims), 90)
        served = time.time()
        if event.end:
            event.end(release)
        release.wait_ready()
        settled = time.time()
        time.sleep(2)
    row = count(event, load, begun)
    row |= {"asked": share(asked, victims) if victims else None}
    row |= {"served_s": round(served - begun, 1) if victims else 0.0}
    row |= {"settled_s": round(settled - begun, 1)}
    table.append(row)
    write_log(row, load, begun)
    check(row["creates"] > 20 * (settled - begun), f"only {row['creates']} creates")
    early = [one for one in load.bad() if one.begun < begun - 0.5]
    check(not early, f"before it began: {tell(early)}")
    judge(load, row, served)
    check(row["settled_s"] <= event.seconds, f"{describe(row, load)}, not {event.seconds}")
    return describe(row, load)


def share(asked, victims):
    """Of a hundred reviews before the event so many went to the victims."""
    names = {pod["metadata"]["name"] for pod in victims}
    theirs = sum(count for pod, count in asked if pod["metadata"]["name"] in names)
    return round(100 * theirs / sum(count for _, count in asked))


def write_log(row, load, begun):
    when = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(begun))
    lines = [f"{when} {row['event']}, {row['policy']}: {summary(row)}"]
    lines += [f"    {one.text()}" for one in load.bad()]
    with open(LOG, "a", encoding="utf-8") as file:
        file.write("\n".join(lines) + "\n")


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


def summary(row):
    asked = "" if row["asked"] is None else f"{row['asked']} % of reviews went to who died; "
    return (
        f"{asked}{row['creates']} creates, {row['failed']} failed, {row['uninjected']} un-injected, "
        f"all well again after {row['recovered_s']} s; out of the endpoints after "
        f"{row['served_s']} s, settled after {row['settled_s']} s"
    )


def describe(row, load):
    return f"{summary(row)}\n{tell(load.bad())}".strip()


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


def line_of(name, policy, rows):
    asked = [row["asked"] for row in rows if row["asked"] is not None]
    sums = [sum(row[key] for row in rows) for key in ("creates", "failed", "uninjected")]
    times = [both([row[key] for row in rows]) for key in ("recovered_s", "served_s", "settled_s")]
    least = f"{min(asked)} %" if asked else "-"
    return COLUMNS.format(name, policy, len(rows), least, *sums, *times)


def show_table():
    lines = [
        COLUMNS.format(
            *("event", "policy", "rounds", "asked", "creates", "failed", "un-injected"),
            *("recovered", "served", "settled"),
        )
    ]
    for name, policy in dict.fromkeys((row["event"], row["policy"]) for row in table):
        rows = [row for row in table if (row["event"], row["policy"]) == (name, policy)]
        lines.append(line_of(name, policy, rows))
    lines.append("asked: of the reviews before the event so many at least went to who died")
    lines.append("seconds since the event, median/most; recovered: the last create that failed or was")
    lines.append("not injected has ended; served: nobody who is gone is asked any more")
    lines.append(f"each such create: {LOG}")
    return "\n".join(lines)
