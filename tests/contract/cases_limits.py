# SPDX-License-Identifier: Apache-2.0
"""Row 72: what happens when all that a server may hold is taken, and that it holds no more."""

import concurrent.futures
import re
import resource
import socket
import ssl
import time

import client
import reviews
from registry import Skip, case, expect, expect_in

CAP = 7 * 1024 * 1024
CHART_MEMORY_MIB = 256  # resources.limits of the chart
SANITIZED = 8  # times the memory: shadows, and what is freed is kept for a while
DISPLACED = "portside_connections_displaced_total"


def served(server):
    """The status of a review on a connection of its own."""
    with server.connect() as connection:
        return connection.post(reviews.review()).status


def memory_mib(server):
    """The most that the process ever held."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1)) // 1024


def close_all(connections):
    for connection in connections:
        connection.sock.close()


def begin_body(server):
    """A connection whose request lacks its last byte."""
    connection, body = server.connect(), reviews.review()
    connection.send(client.review_head(len(body)) + body[:-1])
    return connection, body[-1:]


@case("row 72: if all connections are taken, that which is idle for longest makes room")
def displaced(world):
    for threads in ("1", "2"):
        with world.start("--connections-max", "8", "--drain-seconds", "0", "--threads", threads) as server:
            held = [server.connect() for _ in range(8)]
            for connection in held:
                expect(connection.post(reviews.review()).status, 200, "status")
            expect(served(server), 200, "status of number 9")
            gone = server.metric(DISPLACED)
            # Two workers may both have made room at the same moment.
            expect(1 <= gone <= int(threads), True, f"{gone} displaced")
            expect_in("idle", server.wait_log("all connections are taken: idle and slow ones make room")["msg"], "log")
            alive = [connection for connection in held if not connection.is_closed(0.05)]
            expect(len(alive), 8 - gone, "connections that stay")
            for connection in alive:
                connection.sock.settimeout(client.TIMEOUT_S)
                expect(connection.post(reviews.review()).status, 200, "status afterwards")
            if threads == "1":
                expect(held[0] in alive, False, "the oldest one stays")
            close_all(held)


@case("row 72: who has never asked for anything makes room first")
def never_asked(world):
    with world.start("--connections-max", "4", "--drain-seconds", "0", "--threads", "1") as server:
        asked = [server.connect() for _ in range(3)]
        for connection in asked:
            expect(connection.post(reviews.review()).status, 200, "status")
        silent = server.connect()
        time.sleep(1.1)  # from then on it counts as slow
        expect(served(server), 200, "status of number 5")
        expect(silent.is_closed(5), True, "the silent one is closed")
        for connection in asked:
            expect(connection.post(reviews.review()).status, 200, "status of the others")
        close_all(asked)


def finish_beside_newcomer(server):
    """Four requests under way take all places; a fifth client comes; all are served. None if that took too long."""
    begin = time.monotonic()
    held = [begin_body(server) for _ in range(4)]
    statuses = []
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        newcomer = pool.submit(served, server)
        for connection, rest in held:
            try:
                connection.send(rest)
                statuses.append(connection.response().status)
            except (OSError, client.Closed) as error:
                statuses.append(repr(error))
        in_time = time.monotonic() - begin < 0.9  # from a second on they may be sent away
        statuses.append(newcomer.result(client.TIMEOUT_S))
    close_all([connection for connection, _ in held])
    return statuses if in_time else None


@case("row 72: requests under way keep their places, and the next one waits for one of them")
def waits(world):
    with world.start("--connections-max", "4", "--drain-seconds", "0", "--threads", "1") as server:
        for _ in range(20):
            statuses = finish_beside_newcomer(server)
            if statuses is not None:
                expect(statuses, [200] * 5, "statuses")
                return
    raise Skip("this machine needs a second for four requests")


@case("row 72: half-open and slow clients in all places keep nobody out until their deadlines")
def squatters(world):
    def half_open(server):
        return [socket.create_connection(server.address, timeout=10) for _ in range(16)]

    def in_header(server):
        connections = [server.connect() for _ in range(16)]
        for connection in connections:
            connection.send(b"POST /mutate HTTP/1.1\r\nX: ")
        return [connection.sock for connection in connections]

    def in_body(server):
        return [begin_body(server)[0].sock for _ in range(16)]

    for squat in (half_open, in_header, in_body):
        with world.start("--connections-max", "16", "--drain-seconds", "0", "--threads", "2",
                         "--handshake-seconds", "60", "--header-seconds", "60", "--body-seconds", "60") as server:
            held = squat(server)
            begin = time.monotonic()
            for _ in range(4):
                expect(served(server), 200, f"status beside {squat.__name__}")
            expect(time.monotonic() - begin < 30, True, f"{squat.__name__}: in {time.monotonic() - begin:.1f} s")
            for sock in held:
                sock.close()


@case("row 72: 1,024 connections are served, and so is the 1,025th")
def all_places(world):
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 4096:
        raise Skip(f"only {hard} descriptors may be open; the server needs 3200")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    with world.start("--drain-seconds", "0") as server:
        held = [server.connect() for _ in range(1024)]
        expect(server.metric("portside_connections"), 1024, "open connections")
        body = reviews.review()
        for connection in held:
            connection.send(client.review_head(len(body)) + body)
        for connection in held:
            expect(connection.response().status, 200, "status")
        expect(server.metric(DISPLACED), 0, "displaced by the first 1024")
        expect(served(server), 200, "status of number 1025")
        expect(server.metric(DISPLACED) in (1, 2), True, "displaced")
        expect(server.metric("portside_connections") <= 1024, True, "no more than the limit")
        if not world.is_sanitized:
            expect(memory_mib(server) < 128, True, f"{memory_mib(server)} MiB")
        close_all(held)


def bomb(size):
    """A valid review of nearly this size that takes the most memory to parse."""
    body = reviews.padded(1500)
    rest = (size - len(body) - 100) // 3
    return body.replace(b'"padding"', b'"bomb": [' + b"[]," * rest + b'1], "padding"', 1)


@case("row 72: memory bombs at once on all threads stay below the chart's limit, and others are served")
def bombs(world):
    limit_mib = CHART_MEMORY_MIB * (SANITIZED if world.is_sanitized else 1)
    data = bomb(CAP)
    seconds = str(min(60 * world.slow, 600))
    patience = [word for name in ("handshake", "header", "body") for word in (f"--{name}-seconds", seconds)]
    with world.start("--drain-seconds", "0", "--threads", "4", *patience) as server:
        def attack(_):
            with server.connect() as connection:
                return connection.post(data)

        with concurrent.futures.ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(attack, range(12)))
        for answer in answers:
            expect(answer.status in (413, 503), True, f"status {answer.status}")
            if answer.status == 503:
                expect((answer.headers.get("retry-after"), answer.headers.get("connection")), ("1", "close"),
                       "Retry-After, Connection")
        expect(413 in [answer.status for answer in answers], True, "one at a time is looked at")
        expect(served(server), 200, "status afterwards")
        expect(memory_mib(server) < limit_mib, True, f"{memory_mib(server)} MiB")


def own_kib(server):
    """What of its memory is no file's."""
    with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
        return int(re.search(r"RssAnon:\s+(\d+)", file.read()).group(1))


class Half:
    """A client that has said hello and not answered yet what came back."""

    def __init__(self, server, context):
        self.sock = socket.create_connection(server.address, timeout=client.TIMEOUT_S)
        self.read, self.written = ssl.MemoryBIO(), ssl.MemoryBIO()
        self.tls = context.wrap_bio(self.read, self.written, server_hostname="portside.test")
        self.step()

    def step(self):
        """True once nothing more has to be read."""
        try:
            self.tls.do_handshake()
            return True
        except ssl.SSLWantReadError:
            return False
        finally:
            self.sock.sendall(self.written.read())

    def finish(self):
        while not self.step():
            self.read.write(self.sock.recv(65536))


@case("row 72: what many handshakes at once took is given back while their connections stay")
def handshakes_given_back(world):
    if world.is_sanitized:
        raise Skip("a sanitizer has a heap of its own")
    with world.start("--threads", "1", "--drain-seconds", "0", "--handshake-seconds", "60") as server:
        served(server)
        before, context = own_kib(server), client.tls_context(server.authority.cert)
        halves = [Half(server, context) for _ in range(128)]
        for half in halves:
            half.sock.recv(1, socket.MSG_PEEK)  # its hello was answered
        taken = own_kib(server) - before
        for half in halves:
            half.finish()
        end = time.monotonic() + client.TIMEOUT_S
        while (left := own_kib(server) - before) > taken * 0.7 and time.monotonic() < end:
            time.sleep(0.05)
        close_all(halves)
        expect(left <= taken * 0.7, True, f"{left} of {taken} KiB are left")
