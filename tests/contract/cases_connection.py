# SPDX-License-Identifier: Apache-2.0
"""Connections: rows 61 to 76 of the checklist, as far as one process can show them."""

import concurrent.futures
import resource
import socket
import ssl
import time

import client
import reviews
from cases_lifecycle import wait_until
from registry import case, expect, expect_in



def short(world, *phases, seconds=1):
    """Deadlines that a test can wait for. Its own clock begins before the server's, so that it sees no less."""
    deadlines = [word for phase in phases for word in (f"--{phase}-seconds", str(seconds * world.slow))]
    return [*deadlines, "--drain-seconds", "0"]


@case("row 61: one connection serves 1000 reviews")
def reuse(world):
    with world.shared.connect() as connection:
        body = reviews.review()
        for number in range(1000):
            answer = connection.post(body)
            expect(answer.status, 200, f"status of number {number}")
            expect(answer.headers.get("connection", "keep-alive").lower(), "keep-alive", "Connection")


@case("row 61: pipelined requests are answered in order")
def pipelining(world):
    uids = [f"uid-{number}" for number in range(50)]
    data = b""
    for uid in uids:
        body = reviews.review(uid=uid)
        data += client.review_head(len(body)) + body
    with world.shared.connect() as connection:
        connection.send(data)
        for uid in uids:
            expect_in(uid, connection.response().text, "answer")


@case("row 62: an idle connection is kept, then closed in good order")
def idle(world):
    with world.start(*short(world, "idle", seconds=3)) as server:
        with server.connect() as connection:
            expect(connection.post(reviews.review()).status, 200, "status")
            time.sleep(1)
            begin = time.monotonic()
            expect(connection.post(reviews.review()).status, 200, "status after 1 of 3 seconds")
            expect(connection.is_closed(10 * world.slow), True, "closed")
            expect(2.5 < (time.monotonic() - begin) / world.slow < 8, True, "after 3 seconds")
        expect(server.metric('portside_deadlines_total{phase="idle"}'), 1, "metric")


@case("row 64: a client that goes away in its body harms nobody")
def abort_in_body(world):
    body = reviews.padded(200000)
    before = world.shared.metric("portside_admission_duration_seconds_count")
    for cut in (0, 1, 1000, 100000, 199999):
        connection = world.shared.connect()
        connection.send(client.review_head(len(body)) + body[:cut])
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
        connection.sock.close()  # with RST
    with world.shared.connect() as connection:
        expect(connection.post(reviews.review()).status, 200, "status afterwards")
    expect(world.shared.metric("portside_admission_duration_seconds_count") - before, 1, "reviews decided")


@case("row 64: a client that goes away before its answer harms nobody")
def abort_before_answer(world):
    body = reviews.padded(1000000)
    for _ in range(20):
        connection = world.shared.connect()
        connection.send(client.review_head(len(body)) + body)
        connection.sock.close()
    with world.shared.connect() as connection:
        expect(connection.post(reviews.review()).status, 200, "status afterwards")


def ends_within(server, begin_data, drip, low, high):
    """The server must end a connection that drips, between low and high seconds from its beginning."""
    begin = time.monotonic()
    with server.connect() as connection:
        connection.send(begin_data)
        connection.sock.settimeout(0.2)
        while time.monotonic() - begin < high + 3:
            try:
                if not connection.sock.recv(1000):
                    break
            except socket.timeout:
                pass
            except (ConnectionError, ssl.SSLError):
                break
            try:
                connection.send(drip)
            except (ConnectionError, ssl.SSLError):
                break
        took = time.monotonic() - begin
        expect(low <= took <= high, True, f"ended after {took:.1f} s, wanted {low} to {high}")


@case("row 65: a header that drips in is cut off")
def slow_header(world):
    with world.start(*short(world, "header")) as server:
        ends_within(server, b"POST /mutate HTTP/1.1\r\nX-Slow: ", b"a", 0.8 * world.slow, 4 * world.slow)
        expect(server.metric('portside_deadlines_total{phase="header"}'), 1, "metric")


@case("row 65: a handshake that drips in is cut off")
def slow_handshake(world):
    with world.start(*short(world, "handshake")) as server:
        begin, ended = time.monotonic(), False
        sock = socket.create_connection(server.address, timeout=0.2)
        sock.sendall(b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc")  # a ClientHello of 512 bytes begins
        while not ended and time.monotonic() - begin < 8 * world.slow:
            try:
                ended = sock.recv(100) == b""
            except socket.timeout:
                sock.sendall(b"\x03")
            except ConnectionError:
                ended = True
        took = time.monotonic() - begin
        sock.close()
        expect(0.8 <= took / world.slow <= 4, True, f"ended after {took:.1f} s")
        expect(server.metric('portside_deadlines_total{phase="handshake"}'), 1, "metric")


@case("row 65: a body that drips in is cut off")
def slow_body(world):
    with world.start(*short(world, "body")) as server:
        ends_within(server, client.review_head(100000) + b"{", b" ", 0.8 * world.slow, 4 * world.slow)
        expect(server.metric('portside_deadlines_total{phase="body"}'), 1, "metric")


@case("row 65: one byte at a time is served if it is in time")
def one_byte(world):
    body = reviews.review()
    with world.shared.connect() as connection:
        for byte in client.review_head(len(body)) + body[:200]:
            connection.send(bytes([byte]))
        connection.send(body[200:])
        expect(connection.response().status, 200, "status")


@case("row 65: a client that does not take its answers is cut off")
def slow_reader(world):
    with world.start(*short(world, "header", "body", "idle")) as server:
        connection = server.connect()
        connection.sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        connection.sock.settimeout(0.5)
        body = reviews.review()
        data = (client.review_head(len(body)) + body) * 20
        try:
            for _ in range(400):
                connection.send(data)
        except (socket.timeout, ConnectionError, ssl.SSLError):
            pass
        end = time.monotonic() + 8 * world.slow
        while server.metric("portside_connections") > 0 and time.monotonic() < end:
            time.sleep(0.2)
        expect(server.metric("portside_connections"), 0, "open connections")
        connection.sock.close()


@case("row 66: TLS 1.2 and 1.3 are spoken, older ones are not")
def versions(world):
    for version, name in ((ssl.TLSVersion.TLSv1_2, "TLSv1.2"), (ssl.TLSVersion.TLSv1_3, "TLSv1.3")):
        with world.shared.connect(version=version) as connection:
            expect(connection.sock.version(), name, "version")
            expect(connection.post(reviews.review()).status, 200, "status")
    try:
        world.shared.connect(version=ssl.TLSVersion.TLSv1_1).sock.close()
    except (ssl.SSLError, ConnectionError, ValueError):
        return
    raise AssertionError("TLS 1.1 was accepted")


@case("row 66: ALPN chooses http/1.1; none at all is served too")
def alpn(world):
    for offered, chosen in ((("http/1.1",), "http/1.1"), (("h2", "http/1.1"), "http/1.1"), ((), None)):
        with world.shared.connect(alpn=offered) as connection:
            expect(connection.sock.selected_alpn_protocol(), chosen, "protocol")
            expect(connection.post(reviews.review()).status, 200, "status")


@case("row 66: a client that speaks only h2 is told so in the handshake")
def alpn_h2(world):
    try:
        world.shared.connect(alpn=("h2",)).sock.close()
    except ssl.SSLError as error:
        expect_in("NO_APPLICATION_PROTOCOL", str(error).upper().replace(" ", "_"), "alert")
        return
    raise AssertionError("h2 was accepted")


@case("row 66: any server name and none are served")
def server_names(world):
    for name in ("portside.test", "other.example", None):
        with world.shared.connect(name=name) as connection:
            expect(connection.post(reviews.review()).status, 200, f"status of {name}")


@case("row 66: plain HTTP on the TLS port is told so")
def plain_http(world):
    with socket.create_connection(world.shared.address, timeout=5) as sock:
        sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        answer = sock.recv(4096)
        expect_in(b"HTTP/1.1 400", answer, "status line")
        expect_in(b"https://", answer + sock.recv(4096), "text")


@case("row 66: half-open connections and noise are ended, and only debug records them")
def half_open(world):
    with world.start(*short(world, "handshake"), "--log-level", "info") as server:
        socket.create_connection(server.address).close()
        silent = socket.create_connection(server.address, timeout=6 * world.slow)
        begin = time.monotonic()
        expect(silent.recv(1), b"", "a silent client is cut off")
        expect(time.monotonic() - begin < 4 * world.slow, True, "within the deadline")
        noise = socket.create_connection(server.address, timeout=5 * world.slow)
        noise.sendall(b"\x16\x03\x01\xff\xff" + b"\x00" * 2000)
        while noise.recv(1000):
            pass
        for kind in ("gone", "timeout", "other"):  # each by the worker that has it
            name = 'portside_tls_handshake_failures_total{kind="%s"}' % kind
            wait_until(lambda name=name: server.metric(name) == 1, 10 * world.slow, name)
        expect([record["msg"] for record in server.log if record["level"] != "info"], [], "records")


@case("row 66: the client closes its half after the request and still gets the answer")
def half_close(world):
    body = reviews.review()
    with world.shared.connect() as connection:
        connection.send(client.review_head(len(body)) + body)
        raw = connection.sock
        expect(connection.response().status, 200, "status")
        raw.settimeout(5)
        raw.unwrap().close()  # close_notify both ways


@case("row 72: 200 connections at once, each with its request in two parts")
def many(world):
    body = reviews.review()
    data = client.review_head(len(body)) + body
    connections = [world.shared.connect() for _ in range(200)]
    for part in (data[:300], data[300:]):
        for connection in connections:
            connection.send(part)
    for connection in connections:
        expect(connection.response().status, 200, "status")
        connection.sock.close()


@case("row 73: running out of descriptors is survived, and a connection in use is not lost")
def descriptors(world):
    with world.start("--drain-seconds", "0") as server, server.connect() as in_use:
        expect(in_use.post(reviews.review()).status, 200, "status before")
        pid = server.process.pid
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (40, 4096))
        begin = time.monotonic()
        silent = [socket.create_connection(server.address, timeout=5) for _ in range(60)]
        server.wait_log("cannot accept a connection", 10, level="warn")
        for _ in range(20):
            expect(in_use.post(reviews.review()).status, 200, "status meanwhile")
            time.sleep(0.05)
        told = [record for record in server.log if record["msg"] == "cannot accept a connection"]
        seconds = time.monotonic() - begin
        expect(len(told) <= 2 * (seconds + 1), True, f"{len(told)} records in {seconds:.1f} s")
        for sock in silent:
            sock.close()
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (4096, 4096))
        with server.connect() as connection:
            expect(connection.post(reviews.review()).status, 200, "status afterwards")


@case("row 73: a low limit of descriptors lowers that of connections")
def few_descriptors(world):
    with world.start("--drain-seconds", "0", descriptors=256) as server:
        record = next(record for record in server.log if record["msg"].startswith("fewer connections"))
        expect(record["connections"] < 85, True, "no more than the descriptors allow")
        with server.connect() as connection:
            expect(connection.post(reviews.review()).status, 200, "status")


@case("row 74: an Authorization header does not matter, and nobody is told what it says")
def authorization(world):
    secret, body = "the-token-of-an-api-server", reviews.review()
    rows = ((200, "/mutate", "application/json", body), (404, "/else", "application/json", body),
            (415, "/mutate", "text/plain", body), (400, "/mutate", "application/json", b"{"))
    with world.start("--drain-seconds", "0") as server:
        for status, path, kind, data in rows:
            for value in (f"Bearer {secret}", f"Basic {secret}", secret):
                fields = [("Authorization", value), ("Content-Type", kind), ("Content-Length", len(data))]
                with server.connect() as connection:
                    connection.send(client.head("POST", path, fields) + data)
                    answer = connection.response()
                expect(answer.status, status, "status")
                expect(secret in f"{answer.headers} {answer.text}", False, "the answer tells it")
        with server.connect() as connection:
            connection.send(client.head("POST", "/mutate", [("Authorization", "Bearer " + secret * 1000)]))
            expect(connection.response().status, 431, "status")
        expect(secret in server.get_plain("/metrics").text, False, "the metrics tell it")
        expect(len(server.log) > 12, True, "debug records are there")
        expect([record for record in server.log if secret in str(record)], [], "records that tell it")
        expect(server.noise, [], "other output")


@case("row 76: an empty host means IPv4 and IPv6")
def dual_stack(world):
    with world.start("--listen", ":0", "--drain-seconds", "0") as server:
        for host in ("127.0.0.1", "::1"):
            server.address = (host, server.address[1])
            with server.connect(name="localhost") as connection:
                expect(connection.post(reviews.review()).status, 200, f"status at {host}")


@case("row 76: IPv6 alone is served, probes included")
def ipv6(world):
    with world.start("--listen", "[::1]:0", "--plain-listen", "[::1]:0", "--drain-seconds", "0") as server:
        with server.connect(name="localhost") as connection:
            expect(connection.post(reviews.review()).status, 200, "status")
        expect(server.plain[0], "::1", "address of the plain port")
        expect(server.get_plain("/readyz").status, 200, "readiness")
        try:
            socket.create_connection(("127.0.0.1", server.address[1]), timeout=5).close()
        except ConnectionRefusedError:
            return
        raise AssertionError("IPv4 is served as well")
