# SPDX-License-Identifier: Apache-2.0
"""On real nodes: portside dies without notice. Creates may fail until the API server is told; with
the Fail entry set to Ignore they succeed without injection, and Events name them."""

import time

from events import Event, each_is_named, only_until_served, run
from harness import long
from installed import NAMESPACE
from nodes import power_cut, power_on


def force(release, pods):
    names = [pod["metadata"]["name"] for pod in pods]
    options = ("-n", NAMESPACE, "--force", "--grace-period=0")
    release.cluster.kubectl("delete", "pod", *names, *options)
    return pods


def kill(release, pods):
    for pod in pods:
        release.kill(pod)
    return pods


def force_one(release, pods):
    return force(release, pods[:1])


def kill_one(release, pods):
    return kill(release, pods[:1])


def cut_power(release, pods):
    """Those on the node of the first: nobody says that they end, and connections to them hang."""
    node = pods[0]["spec"]["nodeName"]
    power_cut(node, "--silent")
    return [pod for pod in pods if pod["spec"]["nodeName"] == node]


def restore_power(release):
    """Only after a while, in which the one that is left must do."""
    time.sleep(5)
    power_on()


# A container starts at once, but not on a machine that is busy; a node takes its time to come back.
SECONDS = 60
EVENTS = {
    "delete --force of one": (force_one, None, SECONDS),
    "delete --force of both": (force, None, SECONDS),
    "kill -9 of one": (kill_one, None, SECONDS),
    "kill -9 of both": (kill, None, SECONDS),
    "node of one dies, silently": (cut_power, restore_power, 120),
}


def fail(context, name):
    return run(context, Event(name, *EVENTS[name]), only_until_served)


def ignore(context, name):
    event = Event(name, *EVENTS[name])
    event.policy = "Ignore"
    context.portside.upgrade(**{"webhook.failurePolicy": "Ignore"})
    try:
        return run(context, event, each_is_named)
    finally:
        context.portside.upgrade(**{"webhook.failurePolicy": "Fail"})


def test_force(context):
    return fail(context, "delete --force of one")


def test_force_both(context):
    return fail(context, "delete --force of both")


def test_kill(context):
    return fail(context, "kill -9 of one")


@long
def test_kill_both(context):
    return fail(context, "kill -9 of both")


@long
def test_node_death(context):
    return fail(context, "node of one dies, silently")


@long
def test_force_ignored(context):
    return ignore(context, "delete --force of one")


def test_force_both_ignored(context):
    return ignore(context, "delete --force of both")


@long
def test_kill_ignored(context):
    return ignore(context, "kill -9 of one")


@long
def test_kill_both_ignored(context):
    return ignore(context, "kill -9 of both")


@long
def test_node_death_ignored(context):
    return ignore(context, "node of one dies, silently")
