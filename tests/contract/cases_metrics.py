# SPDX-License-Identifier: Apache-2.0
"""/metrics, read by Prometheus' own parser and held against its conventions."""

import copy
import os
import re
import socket
import ssl
import time

from prometheus_client.parser import text_string_to_metric_families

import client
import reviews
from registry import case, expect, expect_in

UNITS = ("milliseconds", "minutes", "hours", "kilobytes", "megabytes", "percent")
NAME = re.compile(r"^(portside|process)(_[a-z0-9]+)+$")
LABEL = re.compile(r"^[a-z][a-z0-9_]*$")


def families(server):
    """What the parser makes of it, by name; a counter's name is without _total."""
    return {family.name: family for family in text_string_to_metric_families(server.get_plain("/metrics").text)}


def values(server, family):
    """Values of a family's series by their labels."""
    return {tuple(sorted(sample.labels.items())): sample.value for sample in families(server)[family].samples}


def total(server, name, **labels):
    wanted = set(labels.items())
    return sum(value for series, value in values(server, name).items() if wanted <= set(series))


@case("/metrics: the parser of Prometheus reads it, and reads the same as there is")
def parses(world):
    with world.shared.connect() as connection:
        connection.post(reviews.review())
    answer = world.shared.get_plain("/metrics")
    expect(answer.status, 200, "status")
    expect_in("version=0.0.4", answer.headers["content-type"], "Content-Type")
    lines = [line for line in answer.text.splitlines() if not line.startswith("#")]
    found = list(text_string_to_metric_families(answer.text))
    expect(sum(len(family.samples) for family in found), len(lines), "samples")
    expect(len({family.name for family in found}), len(found), "a family stands in one place")
    expect([family.name for family in found if family.type == "unknown"], [], "families without a type")


@case("/metrics: names, units, help and types follow the conventions")
def conventions(world):
    for name, family in families(world.shared).items():
        expect(bool(NAME.match(name)), True, f"name {name}")
        expect([unit for unit in UNITS if unit in name], [], f"{name} is in base units")
        expect(family.documentation.endswith("."), True, f"help of {name}: {family.documentation!r}")
        series = set()
        for sample in family.samples:
            expect(all(LABEL.match(label) for label in sample.labels), True, f"labels {sample.labels}")
            series.add((sample.name, tuple(sorted(sample.labels.items()))))
            if family.type == "counter":
                expect(sample.name, name + "_total", "a counter's name")
                expect(sample.value >= 0, True, f"{name} is {sample.value}")
            elif family.type == "gauge":
                expect((sample.name, name.endswith(("_total", "_count", "_sum", "_bucket"))), (name, False),
                       "a gauge's name")
        expect(len(series), len(family.samples), f"{name}: each series once")


@case("/metrics: docs/server.md explains each one, and no other")
def explained(world):
    page = os.path.join(os.path.dirname(__file__), "..", "..", "docs", "server.md")
    with open(page, encoding="utf-8") as file:
        told = set(re.findall(r"(?m)^\| `(portside_\w+)`", file.read()))
    shown = {family.name + ("_total" if family.type == "counter" else "") for family in families(world.shared).values()}
    expect(told, {name for name in shown if name.startswith("portside_")}, "metrics")


@case("/metrics: the histogram begins at 50 µs, grows, and ends with the count")
def histogram(world):
    with world.shared.connect() as connection:
        for _ in range(5):
            connection.post(reviews.review())
    family = families(world.shared)["portside_admission_duration_seconds"]
    buckets = [(float(sample.labels["le"]), sample.value) for sample in family.samples
               if sample.name.endswith("_bucket")]
    bounds, counts = zip(*buckets)
    expect((bounds[0], bounds[-1]), (0.00005, float("inf")), "first and last bound")
    expect((list(bounds), list(counts)), (sorted(bounds), sorted(counts)), "order of bounds and counts")
    count = next(sample.value for sample in family.samples if sample.name.endswith("_count"))
    took = next(sample.value for sample in family.samples if sample.name.endswith("_sum"))
    expect((counts[-1] == count, count >= 5), (True, True), "count")
    expect(took > 0, True, "sum")


@case("/metrics: reviews are counted by verdict, reason, kind, family and delivery")
def reviews_counted(world):
    hook = reviews.pod()
    hook["spec"]["containers"][0]["command"] = ["bash", "-c", "exec /etc/kafka/docker/run"]
    nginx = copy.deepcopy(reviews.pod())
    nginx["spec"]["containers"][0].update({"name": "web", "image": "nginx:1.27"})
    rows = (
        (reviews.review(), {"verdict": "inject", "reason": "", "kind": "Pod", "family": "apache"}),
        (reviews.review(object=nginx), {"verdict": "skip", "reason": "not-kafka", "kind": "Pod", "family": "",
                                        "delivery": ""}),
        (b"{", {"verdict": "none", "reason": "bad-request", "kind": "other", "family": "", "delivery": ""}),
    )
    with world.start("--drain-seconds", "0") as server:
        for number, (body, labels) in enumerate(rows):
            with server.connect() as connection:
                connection.post(body)
            expect(total(server, "portside_admission_requests", **labels), 1, f"series {labels}")
            expect(total(server, "portside_admission_requests"), number + 1, "sum of all")
        delivered = {dict(series)["delivery"] for series in values(server, "portside_admission_requests")}
        expect(bool(delivered & {"env", "hook"}), True, f"a delivery among {delivered}")


def handshake(server, **how):
    try:
        server.connect(**how).sock.close()
    except (ssl.SSLError, ConnectionError, client.Closed):
        pass


def stranger(server):
    """A client that does not trust the server's certificate."""
    try:
        with socket.create_connection(server.address, timeout=10) as raw:
            ssl.create_default_context().wrap_socket(raw, server_hostname="portside.test").close()
    except (ssl.SSLError, ConnectionError):
        pass


def plain(server):
    with socket.create_connection(server.address, timeout=10) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\n\r\n")
        sock.recv(1000)


def old_version(server):
    """TLS 1.1 only, which Python would rather not offer."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = ssl.TLSVersion.TLSv1_1
    try:
        with socket.create_connection(server.address, timeout=10) as raw:
            context.wrap_socket(raw).close()
    except (ssl.SSLError, ConnectionError):
        pass


def old_cipher(server):
    """Wants the RSA key that the certificate does not have."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    context.set_ciphers("AES128-GCM-SHA256")
    try:
        with socket.create_connection(server.address, timeout=10) as raw:
            context.wrap_socket(raw).close()
    except (ssl.SSLError, ConnectionError):
        pass


def silent(server):
    with socket.create_connection(server.address, timeout=10) as sock:
        sock.recv(1)


@case("/metrics: handshakes that fail are counted by kind")
def handshakes(world):
    rows = {
        "gone": lambda server: socket.create_connection(server.address, timeout=10).close(),
        "timeout": silent,
        "plain-http": plain,
        "version": old_version,
        "cipher": old_cipher,
        "protocol": lambda server: handshake(server, alpn=("h2",)),
        "rejected": stranger,
        "client-certificate": handshake,
    }
    with world.start("--drain-seconds", "0", "--handshake-seconds", "3", "--client-ca",
                     world.authority.cert) as server:
        for kind, attempt in rows.items():
            attempt(server)
            end = time.monotonic() + 10
            while total(server, "portside_tls_handshake_failures", kind=kind) == 0 and time.monotonic() < end:
                time.sleep(0.02)
            found = {dict(series)["kind"]: value for series, value
                     in values(server, "portside_tls_handshake_failures").items() if value > 0}
            expect(found.get(kind), 1, f"'{kind}' among {found}")
        expect(sum(found.values()), len(rows), "no other kind was counted")
        expect_in("caBundle", "".join(record["msg"] for record in server.log), "the log about 'rejected'")


@case("/metrics: build, certificate, connections and the process itself")
def others(world):
    with world.start("--drain-seconds", "0") as server, server.connect() as connection:
        connection.post(reviews.review())
        found = families(server)
        info = found["portside_build_info"].samples[0]
        expect((bool(info.labels["version"]), info.value), (True, 1), "build info")
        gauges = {name: family.samples[0].value for name, family in found.items() if family.type == "gauge"}
        issued = os.path.getmtime(world.cert)
        expect(abs(gauges["portside_certificate_not_after_seconds"] - issued - 2 * 86400) < 60, True, "expiry")
        expect(gauges["portside_connections"], 1, "open connections")
        expect(total(server, "portside_connections_accepted"), 1, "connections so far")
        expect(abs(gauges["process_start_time_seconds"] - time.time()) < 60, True, "start")
        expect(gauges["process_resident_memory_bytes"] > 1000000, True, "memory")
        expect(10 < gauges["process_open_fds"] < gauges["process_max_fds"], True, "descriptors")
        expect(total(server, "process_cpu_seconds") > 0, True, "processor time")
