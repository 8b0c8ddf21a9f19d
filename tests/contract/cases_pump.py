# SPDX-License-Identifier: Apache-2.0
"""The way of bytes through TLS and back, cut and held up wherever it can be."""

import re
import socket
import ssl
import subprocess
import threading
import time

import client
import reviews
from registry import case, expect, expect_in

BATCH = 64  # connections that get their first part before the first of them gets its second


class Raw:
    """A TLS client that decides itself which bytes go out when."""

    def __init__(self, server, drip=False, version=None, receive_bytes=0):
        self.raw = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
        if receive_bytes:
            self.raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_bytes)
        self.raw.settimeout(client.TIMEOUT_S)
        self.raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.raw.connect(server.address)
        self.incoming, self.outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        context = client.tls_context(server.authority.cert, version)
        self.tls = context.wrap_bio(self.incoming, self.outgoing, server_hostname="portside.test")
        self.reader = client.Reader(self)
        self._handshake(drip)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.raw.close()

    def _handshake(self, drip):
        while True:
            try:
                self.tls.do_handshake()
                self.drip(self.outgoing.read()) if drip else self.raw.sendall(self.outgoing.read())
                return
            except ssl.SSLWantReadError:
                data = self.outgoing.read()
                self.drip(data) if drip else self.raw.sendall(data)
                self._take()

    def _take(self):
        data = self.raw.recv(65536)
        self.incoming.write(data) if data else self.incoming.write_eof()

    def recv(self, size):
        """For the reader."""
        while True:
            try:
                return self.tls.read(size)
            except ssl.SSLWantReadError:
                self._take()
            except (ssl.SSLZeroReturnError, ssl.SSLEOFError):
                return b""

    def encrypt(self, *parts):
        """The records that carry these, each part in one of its own."""
        for part in parts:
            self.tls.write(part)
        return self.outgoing.read()

    def drip(self, data):
        for byte in data:
            self.raw.sendall(bytes([byte]))


def request():
    body = reviews.review()
    return client.review_head(len(body)) + body


def cut_everywhere(server, make_parts, count):
    """Sends for each i in count what make_parts(connection, i) gives: first parts first."""
    connections = [Raw(server) for _ in range(BATCH)]
    for begin in range(0, count, BATCH):
        batch = list(zip(connections, range(begin, min(begin + BATCH, count))))
        rest = []
        for connection, at in batch:
            first, second = make_parts(connection, at)
            connection.raw.sendall(first)
            rest.append(second)
        for (connection, _), second in zip(batch, rest):
            connection.raw.sendall(second)
        for connection, at in batch:
            expect(connection.reader.response().status, 200, f"status when cut at {at}")
    for connection in connections:
        connection.raw.close()


@case("pump: the TLS stream may be cut at every byte")
def cut_stream(world):
    data = request()
    with Raw(world.shared) as probe:
        length = len(probe.encrypt(data))

    def parts(connection, at):
        stream = connection.encrypt(data)
        return stream[:at + 1], stream[at + 1:]

    cut_everywhere(world.shared, parts, length - 1)


@case("pump: a request may be cut at every byte, its parts in records of their own")
def cut_request(world):
    data = request()

    def parts(connection, at):
        return connection.encrypt(data[:at + 1]), connection.encrypt(data[at + 1:])

    cut_everywhere(world.shared, parts, len(data) - 1)


@case("pump: every byte may come alone, from the first of the handshake on")
def every_byte(world):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with Raw(world.shared, drip=True, version=version) as connection:
            connection.drip(connection.encrypt(request()))
            expect(connection.reader.response().status, 200, "status")


@case("pump: 1.5 MB up, many times and on many connections at once")
def large_bodies(world):
    body = reviews.padded(1500000)
    errors = []

    def run():
        done = 0
        try:
            while done < 10:
                with world.shared.connect() as connection:
                    answer = connection.post(body)
                    while answer.status == 200 and done < 10:
                        done += 1
                        answer = connection.post(body)
                    if answer.status != 200:  # another one was being decided: what an API server does then
                        expect((answer.status, answer.headers.get("retry-after")), (503, "1"), "status, Retry-After")
        except Exception as error:  # of whatever kind: the thread's own would be lost
            errors.append(repr(error))

    threads = [threading.Thread(target=run) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    expect(errors, [], "failures")


@case("pump: 1.5 MB down are the same however slowly they are taken")
def slow_taking(world):
    body = reviews.review(uid="".join(f"{number:07}" for number in range(215000)))  # the answer echoes it
    with world.shared.connect() as connection:
        whole = connection.post(body)
    expect((whole.status, len(whole.body) > 1500000), (200, True), "status, length")
    with Raw(world.shared, receive_bytes=4096) as connection:
        threading.Thread(target=connection.raw.sendall, args=(connection.encrypt(client.review_head(len(body)) + body),)
                         ).start()
        taken, size = bytearray(), 1
        while not taken.endswith(whole.body[-100:]):
            part = connection.recv(size)
            expect(part != b"", True, "not closed")
            taken += part
            size = size % 7 + 1 if len(taken) < 3000 else 5000
        expect(bytes(taken).split(b"\r\n\r\n", 1)[1] == whole.body, True, "the same answer")


@case("pump: what is sent while nobody takes the answers is held back, not hoarded, and answered in the end")
def back_pressure(world):
    uids = [f"{number:06}" * 15000 for number in range(250)]  # the answers echo them
    with world.start("--drain-seconds", "0", "--body-seconds", "120", "--threads", "1") as server:
        with Raw(server, receive_bytes=65536) as connection:
            bodies = [reviews.review(uid=uid) for uid in uids]
            streams = [connection.encrypt(client.review_head(len(body)) + body) for body in bodies]
            sent = [0]

            def send():
                for stream in streams:
                    connection.raw.sendall(stream)
                    sent[0] += 1

            connection.raw.settimeout(120)
            sender = threading.Thread(target=send)
            sender.start()
            before = -1
            while sender.is_alive() and sent[0] != before:  # until both directions are full
                before = sent[0]
                time.sleep(0.5)
            expect(sent[0] < len(uids), True, "the sender was held back")
            with server.connect() as other:
                expect(other.post(reviews.review()).status, 200, "status of another")
            for uid in uids:
                expect(uid in connection.reader.response().text, True, f"answer of {uid[:6]}")
            sender.join()
        if not world.is_sanitized:
            with open(f"/proc/{server.process.pid}/status", encoding="ascii") as file:
                peak = int(re.search(r"VmHWM:\s+(\d+)", file.read()).group(1))
            expect(peak < 32 * 1024, True, f"{peak} KiB of memory")


@case("pump: a client that ends TCP without ending TLS harms nobody")
def rude_end(world):
    for how in (socket.SHUT_WR, socket.SHUT_RDWR):
        for share in (0, 1, 100, -1, None):
            with Raw(world.shared) as connection:
                connection.raw.sendall(connection.encrypt(request())[:share])
                connection.raw.shutdown(how)
    with world.shared.connect() as connection:
        expect(connection.post(reviews.review()).status, 200, "status afterwards")


@case("pump: a damaged record ends its connection, and no more than that")
def damaged_record(world):
    with world.shared.connect() as healthy:
        for at in (0, 2, 4, 10, -1):
            with Raw(world.shared) as connection:
                stream = bytearray(connection.encrypt(request()))
                stream[at] ^= 0x40
                connection.raw.sendall(bytes(stream))
                if at != 4:  # a record that claims to be longer is waited for
                    try:
                        expect(connection.recv(10), b"", "what comes back")
                    except (ssl.SSLError, ConnectionError):
                        pass
        expect(healthy.post(reviews.review()).status, 200, "status of another")


@case("pump: TLS 1.2 may not be negotiated again")
def renegotiation(world):
    with world.shared.connect() as other:
        process = subprocess.Popen(
            ["openssl", "s_client", "-tls1_2", "-connect", "%s:%d" % world.shared.address], stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
        try:
            text = process.communicate("R\n", timeout=client.TIMEOUT_S)[0]  # its command for it
        finally:
            process.kill()
        expect_in("RENEGOTIATING", text, "the client tried")
        expect_in("no renegotiation", text, "what it was told")
        expect(other.post(reviews.review()).status, 200, "status of another")


@case("pump: no session is resumed, so that a certificate that was replaced is out of use")
def no_tickets(world):
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        with world.shared.connect(version=version) as connection:
            expect(connection.post(reviews.review()).status, 200, "status")
            session = connection.sock.session
            expect(session is None or not session.has_ticket, True, "no ticket was given")


@case("frame: the body of a refused request is never taken for a request")
def no_smuggling(world):
    inner = request()
    heads = (
        (404, client.review_head(len(inner), target="/other")),
        (405, client.head("PUT", "/mutate", [("Content-Length", len(inner)), ("Content-Type", "application/json")])),
        (415, client.review_head(len(inner), content_type="text/plain")),
        (413, client.review_head(len(inner) + 8 * 1024 * 1024)),
        (400, client.review_head(len(inner))),  # the body is no review
    )
    for status, head in heads:
        with world.shared.connect() as connection:
            connection.send(head + inner)
            expect(connection.response().status, status, "status")
            if status != 400:
                expect(connection.is_closed(), True, f"nothing follows the {status}")
