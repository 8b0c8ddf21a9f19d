# SPDX-License-Identifier: Apache-2.0
"""What an API server makes of the answers that a webhook can give when it has too much to do."""

import contextlib
import copy
import json
import socket
import ssl
import threading
import time

from harness import check, manifest, wait_until
from hooks import Certificates, StandIn, register, unregister
from portside import Portside

CREATE = "/apis/apps/v1/namespaces/{}/statefulsets?dryRun=All"
TIMEOUT_S = 5  # that of webhook.yaml
HEAD = (
    "POST /mutate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
    "Content-Length: {}\r\n\r\n"
)


class Busy(StandIn):
    """Answers so many times with a status and header fields, then as it should."""

    def __init__(self, certificates, times, status, fields):
        self.times, self.status, self.fields = times, status, fields
        self.asked = []
        super().__init__(certificates)

    def handler(self, answer):
        stand_in, usual = self, super().handler(answer)

        class Handler(usual):
            def do_POST(self):
                with stand_in.lock:
                    stand_in.asked.append(time.monotonic())
                    refuse = len(stand_in.asked) <= stand_in.times
                if not refuse:
                    super().do_POST()
                    return
                self.rfile.read(int(self.headers["Content-Length"]))
                self.send_response(stand_in.status)
                for name, value in {"Content-Length": "5", **stand_in.fields}.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(b"busy\n")

        return Handler


def registration(namespace, policy, url, bundle):
    """Asks for the StatefulSets of one namespace; a name of its own, so that none is remembered."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "busy"},
        "webhooks": [
            {
                "name": "busy.portside.dev",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {"url": url, "caBundle": bundle},
                "failurePolicy": policy,
                "timeoutSeconds": TIMEOUT_S,
                "namespaceSelector": {"matchLabels": {"kubernetes.io/metadata.name": namespace}},
                "rules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE"],
                        "resources": ["statefulsets"],
                    }
                ],
            }
        ],
    }


def attempt(test, certificates, policy, times, fields, status=503):
    """(status of a create, seconds it took, how often the webhook was asked for it)."""
    namespace = test.namespace(inject=False)
    path, body = CREATE.format(namespace), manifest("cp-kraft-env")[-1]
    stand_in = Busy(certificates, 0, status, fields)
    try:
        register(
            test.cluster, registration(namespace, policy, stand_in.url, certificates.bundle())
        )
        wait_until("it is asked", lambda: test.cluster.request("POST", path, body) and stand_in.asked)
        stand_in.asked.clear()
        stand_in.times = times
        begun = time.monotonic()
        got = test.cluster.request("POST", path, body)[0]
        return got, time.monotonic() - begun, len(stand_in.asked)
    finally:
        unregister(test.cluster, "busy")
        stand_in.close()


RETRY = {"Retry-After": "1"}
AGAIN = {"Retry-After": "1", "Connection": "close"}
FOREVER = 99
# status, header fields, policy, refusals → status of the create, calls, at least so many seconds
ROWS = (
    (503, {}, "Fail", 1, 500, 1, 0),
    (503, {}, "Ignore", 1, 201, 1, 0),
    (503, RETRY, "Fail", 1, 201, 2, 1),
    (503, RETRY, "Ignore", 1, 201, 2, 1),
    (503, AGAIN, "Fail", 2, 201, 3, 2),
    (429, RETRY, "Fail", 1, 201, 2, 1),
    (503, RETRY, "Fail", FOREVER, 500, 5, 3.5),
)


def test_overload_is_retried_only_with_retry_after(test):
    certificates = Certificates("busy")
    for status, fields, policy, times, code, calls, least in ROWS:
        got, took, asked = attempt(test, certificates, policy, times, fields, status)
        what = f"{status} {fields} {policy} × {times}: {got} after {took:.1f} s and {asked} calls"
        print(f"      {what}")
        check(got == code, f"{what}; not {code}")
        check(asked == calls or times == FOREVER, f"{what}; not {calls} calls")
        check(took >= least, f"{what}; not {least} s")


@contextlib.contextmanager
def held_bodies(portside, count, size):
    """So many requests of which all but the last byte was sent."""
    context = ssl.create_default_context(cafile=portside.certificates.path("ca.crt"))
    sockets = []
    for _ in range(count):
        raw = socket.create_connection(("127.0.0.1", portside.port), timeout=30)
        sockets.append(context.wrap_socket(raw, server_hostname="127.0.0.1"))
        sockets[-1].sendall(HEAD.format(size).encode() + b" " * (size - 1))
    try:
        yield sockets
    finally:
        for one in sockets:
            one.close()


def large(size):
    """A StatefulSet whose review is larger than what is always granted to a body."""
    body = copy.deepcopy(manifest("cp-kraft-env")[-1])
    body["metadata"].setdefault("annotations", {})["note"] = "x" * size
    check(len(json.dumps(body)) > size, "the object is large")
    return body


def test_a_review_that_meets_overload_is_served_in_the_end(test):
    namespace = test.namespace()
    full = Portside(test.cluster, test.portside.binary, "full")
    full.options = ["--body-max-bytes", "131072", "--body-seconds", "60"]
    full.start()
    path, body = CREATE.format(namespace), large(80000)
    try:
        full.register()
        # What is always granted does not count: 11 × 96 KiB are the 8 × 128 KiB that may be held.
        with held_bodies(full, 11, 131071) as sockets:
            refused = 'portside_http_responses_total{code="503"} '
            wait_until("it refuses", lambda: refuses(full, body))
            before = count(full, refused)
            timer = threading.Timer(1.5, lambda: [one.close() for one in sockets])
            timer.start()
            begun = time.monotonic()
            status, answer, _ = test.cluster.request("POST", path, body)
            took = time.monotonic() - begun
            timer.join()
        print(f"      served after {took:.1f} s, refused {count(full, refused) - before} times")
        check(status == 201, f"{status}: {answer.get('message')}")
        check(count(full, refused) > before, "it was never refused")
        check(took >= 1, f"it took {took:.1f} s")
    finally:
        full.stop()
        test.portside.register()


def count(portside, series):
    text = portside.plain("/metrics")[1]
    return sum(int(line.split()[-1]) for line in text.splitlines() if line.startswith(series))


def refuses(portside, body):
    """Whether a body of that size is refused now."""
    data = json.dumps(body).encode()
    context = ssl.create_default_context(cafile=portside.certificates.path("ca.crt"))
    with socket.create_connection(("127.0.0.1", portside.port), timeout=10) as raw:
        with context.wrap_socket(raw, server_hostname="127.0.0.1") as one:
            one.sendall(HEAD.format(len(data)).encode() + data)
            return one.recv(100).startswith(b"HTTP/1.1 503")
