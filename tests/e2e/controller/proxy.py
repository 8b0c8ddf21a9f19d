# SPDX-License-Identifier: Apache-2.0
"""A proxy between portside and the API server that does what networks and servers do on bad days.

Bytes pass unchanged but for what a rule says. Every request that arrives is kept, so that a test
can say what was written, when, and that nothing was.
"""

import base64
import json
import os
import re
import socket
import ssl
import threading
import time

from harness import STATE
from hooks import Certificates
from ports import free_ports

STATUS_WORDS = {403: "Forbidden", 410: "Expired", 429: "TooManyRequests", 500: "InternalError",
                503: "ServiceUnavailable"}
# What a held or slow stream looks at its rule again after.
LOOK_SECONDS = 0.02
SAID_BYTES = 2000


class Gone(Exception):
    """The connection is to end."""


class Rule:
    """What to do with requests whose "METHOD path" matches. It holds until `end()`, or for so many
    requests. One of:

    status          is answered with it, and the API server never hears of the request
    retry_after     seconds that such an answer asks for
    stall           nothing is answered, and nothing passed on, while the rule is there
    hold            what the API server answers is kept back while the rule is there
    cut             the connection ends in the middle of the next piece of an answer
    rate            bytes of an answer in a second
    """

    def __init__(self, pattern, count=None, status=None, retry_after=None, stall=False, hold=False,
                 cut=False, rate=None):
        self.pattern = re.compile(pattern)
        self.left = count
        self.status = status
        self.retry_after = retry_after
        self.stall = stall
        self.hold = hold
        self.cut = cut
        self.rate = rate
        self.met = 0

    def meets(self, request, streaming):
        """True if it is about this request, or about the answer that streams to it."""
        of_answer = self.hold or self.cut or self.rate is not None
        return of_answer == streaming and self.pattern.search(request) is not None

    def answer(self):
        words = STATUS_WORDS.get(self.status, "InternalError")
        body = json.dumps({
            "kind": "Status", "apiVersion": "v1", "status": "Failure", "code": self.status,
            "reason": words, "message": f"the proxy says {self.status}",
        }).encode()
        wait = f"Retry-After: {self.retry_after}\r\n" if self.retry_after is not None else ""
        head = (f"HTTP/1.1 {self.status} {words}\r\nContent-Type: application/json\r\n{wait}"
                f"Content-Length: {len(body)}\r\n\r\n")
        return head.encode() + body


class Request:
    """A request that arrived: when (monotonic), "METHOD path", what was answered, and how the answer began."""

    def __init__(self, text):
        self.at = time.monotonic()
        self.text = text
        self.method, self.path = text.split(" ", 1)
        self.status = 0
        self.said = b""

    def writes(self):
        """True if it is to change an object; the Lease is how replicas find out who may."""
        return self.method != "GET" and "/leases" not in self.path and "/events" not in self.path


class Proxy:
    """Listens on loopback, with a certificate of a CA of its own."""

    def __init__(self, cluster, name="proxy"):
        self.host, port = cluster.address.split(":")
        self.upstream = (self.host, int(port))
        self.to_server = cluster.tls
        self.certificates = Certificates(name)
        self.to_client = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.to_client.load_cert_chain(self.certificates.path("portside.crt"),
                                       self.certificates.path("portside.key"))
        self.lock = threading.Lock()
        self.rules = []
        self.requests = []
        self.sockets = set()
        self.listener = None
        # Bound for as long as the proxy lives, or somebody else gets the port while it is refused.
        self.holder = socket.socket()
        self.holder.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        self.holder.bind(("127.0.0.1", *free_ports(1)))
        self.address = self.holder.getsockname()
        self.accept()

    def kubeconfig(self, token):
        """A file by which portside comes this way, with that token."""
        path = os.path.join(STATE, f"{os.path.basename(self.certificates.folder)}.kubeconfig")
        authority = {"server": "https://127.0.0.1:%d" % self.address[1],
                     "certificate-authority-data": self.certificates.bundle()}
        with open(path, "w", encoding="utf-8") as file:
            json.dump({
                "apiVersion": "v1", "kind": "Config", "current-context": "proxy",
                "clusters": [{"name": "proxy", "cluster": authority}],
                "users": [{"name": "proxy", "user": {"token": token}}],
                "contexts": [{"name": "proxy", "context": {"cluster": "proxy", "user": "proxy"}}],
            }, file)
        return path

    # What a test says.

    def add(self, pattern, **options):
        rule = Rule(pattern, **options)
        with self.lock:
            self.rules.append(rule)
        return rule

    def remove(self, *rules):
        with self.lock:
            self.rules = [rule for rule in self.rules if rule not in rules]

    def refuse(self):
        """From now on connections are refused, and those that are there end."""
        self.listener.close()
        self.listener = None
        self.drop()

    def accept(self):
        """Takes connections (again), on the same port."""
        self.listener = socket.create_server(self.address, backlog=64, reuse_port=True)
        threading.Thread(target=self.serve, args=(self.listener,), daemon=True).start()

    def drop(self):
        """Ends all connections."""
        with self.lock:
            open_now, self.sockets = self.sockets, set()
        for one in open_now:
            end(one)

    def close(self):
        self.remove(*self.rules)
        if self.listener is not None:
            self.refuse()
        self.holder.close()

    def seen(self, since=0.0, pattern=""):
        """Requests that arrived since then and match."""
        with self.lock:
            return [one for one in self.requests
                    if one.at >= since and re.search(pattern, one.text)]

    # What the threads do.

    def rule_for(self, request, streaming):
        with self.lock:
            for rule in self.rules:
                if rule.meets(request.text, streaming) and rule.left != 0:
                    rule.left = None if rule.left is None else rule.left - 1
                    rule.met += 1
                    return rule
        return None

    def there(self, rule):
        with self.lock:
            return rule in self.rules

    def serve(self, listener):
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            threading.Thread(target=self.converse, args=(connection,), daemon=True).start()

    def converse(self, connection):
        """One connection of portside, with one of our own behind it."""
        server = None
        with self.lock:
            self.sockets.add(connection)
        try:
            client = self.to_client.wrap_socket(connection, server_side=True)
            with self.lock:
                self.sockets.discard(connection)
                self.sockets.add(client)
            connection = client
            source = client.makefile("rb")
            while True:
                text, head, body = read_request(source)
                request = Request(text)
                with self.lock:
                    self.requests.append(request)
                if self.answer_by_rule(client, request):
                    continue
                if server is None:
                    server = self.connect()
                    answers = server.makefile("rb")
                server.sendall(head + body)
                self.relay(client, answers, request)
        except (Gone, OSError, ValueError):
            pass
        finally:
            with self.lock:
                self.sockets.discard(connection)
            end(connection)
            if server is not None:
                end(server)

    def connect(self):
        plain = socket.create_connection(self.upstream, timeout=20)
        plain.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        server = self.to_server.wrap_socket(plain, server_hostname=self.host)
        server.settimeout(None)
        return server

    def answer_by_rule(self, client, request):
        rule = self.rule_for(request, streaming=False)
        if rule is None:
            return False
        if rule.stall:
            self.wait_for_end(rule, client)
            return False
        request.status = rule.status
        client.sendall(rule.answer())
        return True

    def wait_for_end(self, rule, client):
        """Portside may lose its patience before the rule ends."""
        while self.there(rule):
            if is_over(client):
                raise Gone
            time.sleep(LOOK_SECONDS)

    def relay(self, client, answers, request):
        """One answer, piece by piece."""
        head = read_head(answers)
        request.status = int(head.split(b" ", 2)[1])
        self.pass_on(client, head, request)
        length = field(head, b"content-length")
        if field(head, b"transfer-encoding") == b"chunked":
            while self.relay_chunk(client, answers, request):
                pass
        elif length is not None:
            self.pass_on(client, read_exactly(answers, int(length)), request)

    def relay_chunk(self, client, answers, request):
        """False after the last one."""
        size = answers.readline()
        if not size:
            raise Gone
        piece = read_exactly(answers, int(size, 16) + 2)
        self.pass_on(client, size + piece, request)
        return int(size, 16) > 0

    def pass_on(self, client, data, request):
        request.said += data[: SAID_BYTES - len(request.said)]
        rule = self.rule_for(request, streaming=True)
        if rule is not None and rule.cut:
            client.sendall(data[: len(data) // 2])
            raise Gone
        if rule is not None and rule.hold:
            self.wait_for_end(rule, client)
        at = 0
        while rule is not None and rule.rate and at < len(data) and self.there(rule):
            client.sendall(data[at : at + 1])
            at += 1
            time.sleep(1 / rule.rate)
        client.sendall(data[at:])


def end(one):
    try:
        one.shutdown(socket.SHUT_RDWR)
    except OSError:
        pass
    one.close()


def is_over(client):
    """True if the other side has closed it (or it was dropped)."""
    try:
        client.setblocking(False)
        try:
            return client.fileno() < 0 or client.recv(1) == b""
        finally:
            client.setblocking(True)
    except (ssl.SSLWantReadError, BlockingIOError):
        return False
    except (OSError, ValueError):
        return True


def read_exactly(source, count):
    data = source.read(count)
    if len(data) != count:
        raise Gone
    return data


def read_head(source):
    lines = []
    while not lines or lines[-1] != b"\r\n":
        lines.append(source.readline())
        if not lines[-1]:
            raise Gone
    return b"".join(lines)


def field(head, name):
    found = re.search(rb"(?im)^" + name + rb":[ \t]*([^\r\n]*)", head)
    return found and found.group(1).strip().lower()


def read_request(source):
    """("METHOD path", head, body)"""
    head = read_head(source)
    body = read_exactly(source, int(field(head, b"content-length") or 0))
    method, path, _ = head.decode("latin-1").split(" ", 2)
    return f"{method} {path}", head, body
