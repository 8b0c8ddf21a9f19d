# SPDX-License-Identifier: Apache-2.0
"""The plain port: probes and metrics."""

import socket
import time

import client
from registry import case, expect, expect_in


@case("plain port: /healthz and /readyz")
def probes(world):
    for path, text in (("/healthz", "ok\n"), ("/readyz", "ready\n")):
        answer = world.shared.get_plain(path)
        expect((answer.status, answer.text), (200, text), path)
        expect(client.plain(world.shared.plain, "HEAD", path).status, 200, f"HEAD {path}")


def slow_visitor(server):
    sock = socket.create_connection(server.plain, timeout=client.TIMEOUT_S)
    sock.sendall(b"GET /healthz HTTP/1.1\r\nX: ")
    return sock


def probe_from(server, address):
    """The status of /healthz for a client with this address; None if it is not let in."""
    try:
        with socket.create_connection(server.plain, client.TIMEOUT_S, (address, 0)) as sock:
            sock.sendall(client.head("GET", "/healthz", [("Connection", "close")]))
            return client.Reader(sock).response().status
    except (ConnectionError, client.Closed):
        return None


@case("plain port: one address cannot take all places, and who drips is cut off")
def squatters(world):
    with world.start("--drain-seconds", "0", "--header-seconds", "4") as server:
        slow = [slow_visitor(server) for _ in range(8)]
        expect(probe_from(server, "127.0.0.1"), None, "number 9 from the same address")
        expect(probe_from(server, "127.0.0.2"), 200, "another address")
        end = time.monotonic() + 30
        while slow and time.monotonic() < end:  # each byte would be a new start for a time-out of silence
            time.sleep(0.2)
            for sock in list(slow):
                try:
                    sock.sendall(b"x")
                except ConnectionError:
                    slow.remove(sock)
                    sock.close()
        expect(len(slow), 0, "slow ones that are still there")
        expect(probe_from(server, "127.0.0.1"), 200, "that address afterwards")


@case("plain port: anything else is 404 or 405 in words")
def others(world):
    answer = world.shared.get_plain("/mutate")
    expect(answer.status, 404, "status")
    expect_in("/readyz", answer.text, "text")
    answer = client.plain(world.shared.plain, "POST", "/readyz")
    expect((answer.status, answer.headers.get("allow")), (405, "GET, HEAD"), "status, Allow")
