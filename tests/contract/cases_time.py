# SPDX-License-Identifier: Apache-2.0
"""Clocks that jump, and what takes as long as it does in a cluster."""

import glob
import os
import re
import ssl
import subprocess
import threading
import time

import client
import reviews
from cases_lifecycle import Load, serial, wait_until
from registry import Skip, case, expect, expect_in

FAKETIME = "/usr/lib/*/faketime/libfaketimeMT.so.1"


def sanitizer(program):
    """The library of a sanitizer that the program is linked with: it wants to be loaded first."""
    linked = subprocess.run(["ldd", program], capture_output=True, text=True, check=True).stdout
    return re.findall(r"=> (\S*/lib(?:a|t)san\.so\S*)", linked)


class WallClock:
    """The wall clock of one process, and of no other; the monotonic one goes on as it does."""

    def __init__(self, world):
        found = glob.glob(FAKETIME)
        if not found:
            raise Skip("libfaketime is not there")
        self.file = os.path.join(world.folder, "wall-clock")
        self.set("+0")
        self.environment = {"LD_PRELOAD": " ".join([*sanitizer(world.program), found[0]]), "FAKETIME_TIMESTAMP_FILE": self.file, "FAKETIME_NO_CACHE": "1",
                            "FAKETIME_DONT_FAKE_MONOTONIC": "1"}

    def set(self, offset):
        with open(self.file + ".new", "w", encoding="ascii") as file:
            file.write(offset + "\n")
        os.rename(self.file + ".new", self.file)


@case("row 77: a wall clock that jumps makes ready and unready, and cuts no connection")
def clock_jumps(world):
    clock = WallClock(world)
    with world.start("--drain-seconds", "0", "--idle-seconds", "60", environment=clock.environment) as server:
        with server.connect() as connection:
            for offset, status, word, told in (("+3d", 503, "expired", "not ready"), ("+0", 200, "ready", "ready"),
                                               ("-3d", 503, "not valid before", "not ready"),
                                               ("+9000d", 503, "expired", None), ("+0", 200, "ready", "ready")):
                clock.set(offset)
                if told is not None:  # once for each change
                    server.wait_log(told, 10)
                answer = server.get_plain("/readyz")
                expect(answer.status, status, f"readiness at {offset}")
                expect_in(word, answer.text, f"readiness at {offset}")
                expect(connection.post(reviews.review()).status, 200, f"status at {offset}")
                expect(server.get_plain("/healthz").status, 200, f"health at {offset}")
        told = [record["msg"] for record in server.log if record["msg"] in ("ready", "not ready")]
        expect(told, ["not ready", "ready"] * 2, "what the log tells")


@case("row 77: after a jump past its end a certificate that was replaced meanwhile is taken")
def clock_jump_and_renewal(world):
    clock = WallClock(world)
    cert, key = world.pair("jump")
    with world.start("--drain-seconds", "0", cert=cert, key=key, environment=clock.environment) as server:
        before = serial(server)
        clock.set("+3d")
        wait_until(lambda: server.get_plain("/readyz").status == 503, 10, "unready")
        world.pair("jump", days=9)
        wait_until(lambda: server.get_plain("/readyz").status == 200, 10, "ready")
        expect(serial(server) != before, True, "another certificate")


@case("row 62: with the defaults a connection that was idle for 89 s serves on; at 120 s it is closed in good order",
      long=True)
def real_idle(world):
    with world.start("--drain-seconds", "0") as server, server.connect() as used, server.connect() as idle:
        expect(used.post(reviews.review()).status, 200, "status")
        expect(idle.post(reviews.review()).status, 200, "status")
        begin = time.monotonic()
        time.sleep(89)
        expect(used.post(reviews.review()).status, 200, "status after 89 s")
        idle.sock.settimeout(60)
        expect(idle.sock.recv(1), b"", "the end of TLS, not a reset")
        expect(118 < time.monotonic() - begin < 125, True, f"closed after {time.monotonic() - begin:.0f} s")
        expect(used.post(reviews.review()).status, 200, "the other one is still there")


def drip(server, data, results, name):
    """One byte a second from data on until the server has enough."""
    with server.connect() as connection:
        begin = time.monotonic()
        connection.send(data)
        connection.sock.settimeout(1)
        while time.monotonic() - begin < 60:
            try:
                if not connection.sock.recv(1000):
                    break
            except TimeoutError:
                pass
            except (ConnectionError, ssl.SSLError):
                break
            try:
                connection.send(b"a")
            except (ConnectionError, ssl.SSLError):
                break
        results[name] = time.monotonic() - begin


@case("row 65: with the defaults one byte a second ends after 5 s in the header and after 10 s in the body", long=True)
def real_drip(world):
    rows = {"header": (b"POST /mutate HTTP/1.1\r\nX: ", 5), "body": (client.review_head(100000) + b"{", 10)}
    results = {}
    with world.start("--drain-seconds", "0") as server:
        threads = [threading.Thread(target=drip, args=(server, data, results, name)) for name, (data, _) in rows.items()]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    for name, (_, seconds) in rows.items():
        expect(seconds - 0.5 < results[name] < seconds + 2.5, True, f"{name} ended after {results[name]:.1f} s")


@case("row 67: a certificate that is swapped 30 times under load fails no request", long=True)
def many_swaps(world):
    cert, key = world.pair("many")
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        loads = [Load(server) for _ in range(4)]
        for _ in range(30):
            before = serial(server)
            world.pair("many-next")
            os.rename(os.path.join(world.folder, "many-next.crt"), cert)
            os.rename(os.path.join(world.folder, "many-next.key"), key)
            wait_until(lambda old=before: serial(server) != old, 10, "the new certificate")
        for load in loads:
            load.stop()


@case("row 70: SIGTERM with the defaults and eight clients: 10 s of answers, then none is lost", long=True)
def real_drain(world):
    with world.start() as server:
        loads = [Load(server) for _ in range(4)]
        time.sleep(2)
        begin = time.monotonic()
        server.terminate()
        wait_until(lambda: server.get_plain("/readyz").status == 503, 3, "unready")
        time.sleep(8.5)
        for load in loads:
            load.stop()
        expect(server.wait(), 0, "exit code")
        expect(9.5 < time.monotonic() - begin < 13, True, f"it left after {time.monotonic() - begin:.1f} s")
