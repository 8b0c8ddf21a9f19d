# SPDX-License-Identifier: Apache-2.0
"""Bad answers, no answers and half answers between the controller and the API server."""

import json
import time
import urllib.request

from estate import Estate, behind_proxy
from harness import STATE, check, long
from tests_faults import kill_api_server, start_api_server, wait_for_the_controller_manager

ANY = r"^(GET|POST|PATCH|DELETE) "
WRITE = r"^(POST|PATCH|DELETE) .*/(services|configmaps|pods)"
WATCH = r"^GET .*[?&]watch="
# What a controller may ask in a second while nothing goes well: seven watches, a Lease, writes.
REQUESTS_PER_SECOND = 20


def during(test, fault, seconds, limit, *patterns, drop=True, **options):
    """Things change while a rule holds; all is right soon after. With drop, connections end when
    it begins, so that watches meet it, too."""
    with behind_proxy(test) as proxy:
        estate = Estate(test)
        rules = [proxy.add(pattern, **options) for pattern in patterns]
        begun = time.monotonic()
        if drop:
            proxy.drop()
        estate.disturb()
        time.sleep(seconds)
        check(any(rule.met for rule in rules), f"{fault}: nothing met the rule")
        # Over three seconds at least: the changes themselves take some dozens at once.
        asked = len(proxy.seen(begun)) / max(time.monotonic() - begun, 3)
        check(asked <= REQUESTS_PER_SECOND, f"{fault}: {asked:.0f} requests a second")
        proxy.remove(*rules)
        return estate.settle(fault, limit)


def test_every_answer_is_500(test):
    return during(test, "500 to everything for 8 s", 8, 8, ANY, status=500)


def test_every_answer_is_503(test):
    return during(test, "503 to everything for 8 s", 8, 8, ANY, status=503)


@long
def test_every_answer_is_503_for_a_minute(test):
    return during(test, "503 to everything for 60 s", 60, 8, ANY, status=503)


def test_writes_are_answered_by_500(test):
    return during(test, "500 to writes for 8 s", 8, 12, WRITE, status=500)


def test_the_first_writes_are_answered_by_503(test):
    return during(test, "503 to the first 5 writes", 0.5, 5, WRITE, status=503, count=5)


def test_every_answer_is_429(test):
    return during(test, "429, Retry-After 2 s, for 6 s", 6, 8, ANY, status=429, retry_after=2)


def test_watches_end_in_the_middle_of_a_line(test):
    return during(test, "watches cut within a line", 1, 5, WATCH, drop=False, cut=True, count=6)


def test_answers_to_writes_are_cut(test):
    """What was written is not known then, and must not be made twice."""
    return during(test, "answers to writes cut", 1, 5, WRITE, drop=False, cut=True, count=4)


def stalled(test, seconds, limit):
    """Neither requests nor what the API server says pass; connections stay."""
    with behind_proxy(test) as proxy:
        estate = Estate(test)
        rules = [proxy.add(ANY, stall=True), proxy.add(ANY, hold=True)]
        estate.disturb()
        time.sleep(seconds)
        proxy.remove(*rules)
        return estate.settle(f"nothing is answered for {seconds} s", limit)


def test_nothing_is_answered(test):
    return stalled(test, 12, 8)


@long
def test_nothing_is_answered_for_a_minute(test):
    return stalled(test, 60, 8)


def test_one_byte_a_second(test):
    return during(test, "one byte a second for 12 s", 12, 8, ANY, drop=False, rate=1)


def refused(test, seconds, limit):
    with behind_proxy(test) as proxy:
        estate = Estate(test)
        proxy.refuse()
        estate.disturb()
        time.sleep(seconds)
        proxy.accept()
        return estate.settle(f"connections refused for {seconds} s", limit)


def test_connections_are_refused(test):
    return refused(test, 8, 8)


@long
def test_connections_are_refused_for_a_minute(test):
    return refused(test, 60, 8)


def compact():
    """Forgets the history of all objects, as etcd does every five minutes."""
    with open(f"{STATE}/ports", encoding="utf-8") as file:
        url = f"http://127.0.0.1:{file.read().split()[0]}/v3/kv"

    def call(what, body):
        with urllib.request.urlopen(f"{url}/{what}", json.dumps(body).encode(), 10) as answer:
            return json.load(answer)

    revision = call("range", {"key": "AA=="})["header"]["revision"]
    call("compaction", {"revision": revision, "physical": True})


def test_history_is_gone_when_a_watch_goes_on(test):
    """Events are lost, and etcd has forgotten them when the watches are opened again. An API server
    without a cache of its own says so: 410."""
    kill_api_server()
    start_api_server("--watch-cache=false")
    try:
        with behind_proxy(test) as proxy:
            estate = Estate(test)
            held = proxy.add(WATCH, hold=True)
            estate.take("external-kafka-1")
            estate.advertise("b{ordinal}.example.org")
            time.sleep(0.5)
            compact()
            begun = time.monotonic()
            proxy.drop()
            proxy.remove(held)
            told = estate.settle("410: 2 events lost, history compacted", 8, begun)
            for resource in ("services", "statefulsets"):
                answers = [one.said for one in proxy.seen(begun, WATCH) if resource in one.path]
                check(any(b'"code":410' in said for said in answers), f"{resource}: no 410")
        return told
    finally:
        kill_api_server()
        start_api_server()
        wait_for_the_controller_manager(test)


def test_the_api_server_starts_anew_and_knows_no_history(test):
    """It was away while objects changed, and its cache begins after that."""
    with behind_proxy(test) as proxy:
        estate = Estate(test)
        proxy.refuse()
        estate.take("external-kafka-1")
        estate.advertise("b{ordinal}.example.org")
        compact()
        kill_api_server()
        start_api_server()
        begun = time.monotonic()
        proxy.accept()
        told = estate.settle("API server killed, history compacted", 8, begun)
        wait_for_the_controller_manager(test)
        return told


def make_large(estate, name):
    """A ConfigMap with our label and a megabyte of characters that JSON spells with six."""
    large = {
        "apiVersion": "v1", "kind": "ConfigMap", "data": {"x": "<" * 1000000},
        "metadata": {"name": name, "labels": {
            "app.kubernetes.io/managed-by": "portside", "portside.dev/statefulset": "kafka"}},
    }
    path = f"/api/v1/namespaces/{estate.namespace}/configmaps"
    status, body, _ = estate.test.cluster.request("POST", path, large)
    check(status == 201, f"ConfigMap: {body}")


@long
def test_a_list_of_sixty_megabytes(test):
    """Few large objects of a stranger do not hide the others from a replica that starts."""
    estate = Estate(test)
    for number in range(10):
        make_large(estate, f"large-{number}")
    test.portside.stop()
    estate.take("external-kafka-1")
    begun = time.monotonic()
    test.portside.start()
    return estate.settle("a list of 60 MB at the start", 25, begun)


def test_an_event_of_six_megabytes(test):
    with behind_proxy(test) as proxy:
        estate = Estate(test)
        make_large(estate, "large")
        estate.disturb()
        told = estate.settle("a watch event of 6 MB", 5)
        check(not proxy.seen(0, r"^(PATCH|DELETE) .*/configmaps/large"), "it was written to")
        return told
