# SPDX-License-Identifier: Apache-2.0
"""What happens while portside is away, and while it leaves."""

import concurrent.futures
import threading
import time

from harness import check, manifest, wait_until
from portside import Portside, check_injected, check_untouched
from tests_verdict import annotated, create, submit

CREATE = "/apis/apps/v1/namespaces/{}/statefulsets?dryRun=All"


def refusals(test, namespace):
    """Events that tell of a pod that could not be created because nobody answered."""
    events = test.cluster.get(f"/api/v1/namespaces/{namespace}/events")["items"]
    return [event for event in events if "failed calling webhook" in event["message"]]


def test_stopped_refuses_kafka_and_nothing_else(test):
    namespace, _ = create(test, "apache-env")
    test.cluster.wait_pod(namespace, "kafka-2")
    test.portside.stop()
    try:
        refused = submit(test, namespace, manifest("cp-kraft-env"), expect=1)
        check(
            "failed calling webhook" in refused.err and "brokers.portside.dev" in refused.err,
            refused.err,
        )
        test.kubectl("scale", "statefulset/kafka", "--replicas=4", "-n", namespace)
        wished = annotated("near-postgres", {"portside.dev/type": "NodePort"})
        submit(test, namespace, wished, expect=1)
        submit(test, namespace, manifest("near-postgres"))
        check_untouched(test.cluster.wait_pod(namespace, "postgres-0"))
        # The controller tries at once, but tells of it when its queue of events is through.
        wait_until("the refusal is an event", lambda: refusals(test, namespace), 60)
        check(
            test.cluster.pod(namespace, "kafka-3") is None, "a broker started without its listener"
        )
    finally:
        test.portside.start()
    # The controller's next try may be tens of seconds away; a nudge is what an operator would do.
    test.kubectl("annotate", "statefulset/kafka", "nudge=1", "-n", namespace)
    check_injected(test.cluster.wait_pod(namespace, "kafka-3", seconds=60), "kafka", "env")


def hammer(test, namespace, stop, failures, done):
    """Creates, as dry runs, until told to stop; notes when a call began and what went wrong."""
    body = manifest("cp-kraft-env")[-1]
    while not stop.is_set():
        begun = time.monotonic()
        status, answer, _ = test.cluster.request("POST", CREATE.format(namespace), body)
        done.append(begun)
        if status != 201:
            failures.append((begun, answer.get("message", status)))


def test_leaving_answers_what_it_has(test):
    namespace = test.namespace()
    leaving = Portside(test.cluster, test.portside.binary, "leaving").start(drain_seconds=3)
    stop, failures, done = threading.Event(), [], []
    try:
        leaving.register()
        with concurrent.futures.ThreadPoolExecutor(4) as pool:
            workers = [pool.submit(hammer, test, namespace, stop, failures, done) for _ in range(4)]
            time.sleep(1)
            asked = time.monotonic()
            threading.Timer(2.5, stop.set).start()
            code = leaving.stop()
            left = time.monotonic()
            stop.set()
            for worker in workers:
                worker.result()
        check(code == 0, f"exit code {code}")
        check(left - asked >= 2.5, f"it left after {left - asked:.1f} s, not after 3")
        late = [begun for begun in done if begun > asked]
        check(len(late) >= 10, f"only {len(late)} calls while it was leaving")
        check(not failures, f"{len(failures)} of {len(done)} calls failed, first: {failures[:1]}")
    finally:
        leaving.stop()
        test.portside.register()


def test_readiness_goes_first(test):
    leaving = Portside(test.cluster, test.portside.binary, "unready").start(drain_seconds=2)
    check(leaving.plain("/healthz")[0] == 200, "not healthy")
    check("portside" in leaving.plain("/metrics")[1], "no metrics")
    leaving.process.terminate()
    wait_until("not ready", lambda: leaving.plain("/readyz")[0] == 503, 2)
    check(leaving.plain("/healthz")[0] == 200, "a server that leaves is still alive")
    check(leaving.process.wait(10) == 0, f"exit code {leaving.process.returncode}")
