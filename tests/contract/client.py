# SPDX-License-Identifier: Apache-2.0
"""An HTTP client that can be told to misbehave."""

import collections
import socket
import ssl

TIMEOUT_S = 60  # of what must come; a machine may be slow
Response = collections.namedtuple("Response", "status headers body")
Response.text = property(lambda self: self.body.decode())


class Closed(Exception):
    """The server closed the connection where an answer was wanted."""


class Reader:
    """Takes HTTP/1.1 answers off a socket, one after the other."""

    def __init__(self, sock):
        self.sock, self.rest = sock, b""

    def _more(self):
        part = self.sock.recv(65536)
        if not part:
            raise Closed(f"closed after {self.rest[:80]!r}")
        self.rest += part

    def _header(self):
        while b"\r\n\r\n" not in self.rest:
            self._more()
        head, self.rest = self.rest.split(b"\r\n\r\n", 1)
        status, *lines = head.decode().split("\r\n")
        headers = {}
        for line in lines:
            name, value = line.split(":", 1)
            headers[name.strip().lower()] = value.strip()
        return int(status.split(" ")[1]), headers

    def response(self, has_body=True):
        status, headers = self._header()
        while status == 100:
            status, headers = self._header()
        length = int(headers.get("content-length", "0")) if has_body else 0
        while len(self.rest) < length:
            self._more()
        body, self.rest = self.rest[:length], self.rest[length:]
        return Response(status, headers, body)

    def is_closed(self):
        """True if the server ends the connection, with nothing more said, before the time-out."""
        try:
            return self.rest == b"" and self.sock.recv(1) == b""
        except (ConnectionError, ssl.SSLError):
            return True


def tls_context(ca, version=None, alpn=("http/1.1",)):
    context = ssl.create_default_context(cafile=ca)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    if alpn:
        context.set_alpn_protocols(list(alpn))
    return context


def head(method, target, fields):
    lines = [f"{method} {target} HTTP/1.1", "Host: portside.test"] + [f"{name}: {value}" for name, value in fields]
    return ("\r\n".join(lines) + "\r\n\r\n").encode()


def review_head(length, target="/mutate?timeout=10s", content_type="application/json"):
    """The header as an API server sends it."""
    return head("POST", target, [
        ("User-Agent", "kube-apiserver-admission"),
        ("Content-Length", length),
        ("Accept", "application/json, */*"),
        ("Content-Type", content_type),
        ("Accept-Encoding", "gzip"),
    ])


class Connection:
    """One TLS connection; also a context manager."""

    def __init__(self, address, ca, version=None, alpn=("http/1.1",), name="portside.test", pair=None):
        raw = socket.create_connection(address, timeout=TIMEOUT_S)
        raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        context = tls_context(ca, version, alpn)
        if pair is not None:
            context.load_cert_chain(*pair)
        if name is None or name not in ("portside.test", "localhost"):
            context.check_hostname = False
        try:
            self.sock = context.wrap_socket(raw, server_hostname=name)
        except BaseException:
            raw.close()
            raise
        self.reader = Reader(self.sock)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.sock.close()

    def send(self, data):
        self.sock.sendall(data)

    def response(self, **how):
        return self.reader.response(**how)

    def post(self, body, **how):
        self.send(review_head(len(body), **how) + body)
        return self.response()

    def request(self, method, target, fields=(), body=b""):
        self.send(head(method, target, fields) + body)
        return self.response(has_body=method != "HEAD")

    def is_closed(self, seconds=TIMEOUT_S):
        self.sock.settimeout(seconds)
        try:
            return self.reader.is_closed()
        except socket.timeout:
            return False


def plain(address, method, path):
    """One request without TLS."""
    with socket.create_connection(address, timeout=TIMEOUT_S) as sock:
        sock.sendall(head(method, path, [("Connection", "close")]))
        return Reader(sock).response(has_body=method != "HEAD")
