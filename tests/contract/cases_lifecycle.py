# SPDX-License-Identifier: Apache-2.0
"""Start, certificate changes and the end: rows 67 to 71 of the checklist."""

import os
import shutil
import signal
import socket
import subprocess
import threading
import time

import client
import reviews
from registry import case, expect, expect_in


def wait_until(check, seconds, what):
    end = time.monotonic() + seconds
    while not check():
        if time.monotonic() > end:
            raise AssertionError(f"not within {seconds} s: {what}")
        time.sleep(0.05)


def serial(server):
    with server.connect() as connection:
        return connection.sock.getpeercert()["serialNumber"]


class Load:
    """Two clients that review all the time, one on one connection, one with a new one each time."""

    def __init__(self, server):
        self.server, self.errors, self.count, self.ended = server, [], 0, threading.Event()
        self.threads = [threading.Thread(target=self._run, args=(keep,)) for keep in (True, False)]
        for thread in self.threads:
            thread.start()

    def _run(self, keep):
        connection = None
        while not self.ended.is_set():
            try:
                connection = connection or self.server.connect()
                answer = connection.post(reviews.review())
                self.count += 1
                if answer.status != 200:
                    self.errors.append(answer.status)
                if not keep or answer.headers.get("connection", "").lower() == "close":
                    connection.sock.close()
                    connection = None
            except (OSError, client.Closed) as error:
                self.errors.append(repr(error))
                connection = None
        if connection is not None:
            connection.sock.close()

    def stop(self):
        self.ended.set()
        for thread in self.threads:
            thread.join()
        expect(self.errors, [], f"failures among {self.count} requests")
        expect(self.count > 10, True, "enough requests were made")


@case("row 67: a certificate swapped under load fails no request")
def swap(world):
    cert, key = world.pair("swap")
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        load, before = Load(server), serial(server)
        wait_until(lambda: load.count > 10, 30, "the first requests")
        world.pair("swap2")
        for old, new in ((cert, "swap2.crt"), (key, "swap2.key")):
            os.rename(os.path.join(world.folder, new), old)
            time.sleep(0.3)
        wait_until(lambda: serial(server) != before, 10, "the new certificate")
        load.stop()


@case("row 68: the '..data' swap of a Secret is followed")
def secret_swap(world):
    volume = os.path.join(world.folder, "volume")

    def publish(name):
        folder = os.path.join(volume, name)
        os.makedirs(folder)
        world.authority.issue(os.path.join(folder, "tls.crt"), os.path.join(folder, "tls.key"))
        os.symlink(name, os.path.join(volume, "..data_tmp"))
        os.rename(os.path.join(volume, "..data_tmp"), os.path.join(volume, "..data"))

    publish("..first")
    for name in ("tls.crt", "tls.key"):
        os.symlink(os.path.join("..data", name), os.path.join(volume, name))
    cert, key = os.path.join(volume, "tls.crt"), os.path.join(volume, "tls.key")
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        before = serial(server)
        publish("..second")
        shutil.rmtree(os.path.join(volume, "..first"))
        server.wait_log("certificate loaded", 10)
        expect(serial(server) != before, True, "another certificate")


@case("row 68: while certificate and key do not match, the old pair serves")
def mismatch(world):
    cert, key = world.pair("mismatch")
    other, _ = world.pair("mismatch2")
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        before = serial(server)
        os.rename(other, cert)
        record = server.wait_log("new certificate refused, the old one serves", 10, level="warn")
        expect_in("does not belong", record["cause"], "cause")
        expect(serial(server), before, "serial number")
        expect(server.get_plain("/readyz").status, 200, "readiness")
        os.rename(os.path.join(world.folder, "mismatch2.key"), key)
        server.wait_log("certificate loaded", 10)
        expect(serial(server) != before, True, "another certificate")
        time.sleep(1.5)
        refusals = [record for record in server.log if record["msg"].startswith("new certificate refused")]
        expect(len(refusals), 1, "refusals are told once")


@case("row 69: an expired certificate makes unready, not a crash")
def expired(world):
    cert, key = world.pair("expired", days=0)
    time.sleep(1.1)
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        answer = server.get_plain("/readyz")
        expect(answer.status, 503, "status")
        expect_in("expired", answer.text, "text")
        expect(server.get_plain("/healthz").status, 200, "health")
        world.pair("expired")
        wait_until(lambda: server.get_plain("/readyz").status == 200, 10, "ready with a new certificate")


@case("row 69: a certificate that expires while it serves makes unready, and says so once")
def expiring(world):
    cert, key = world.pair("expiring", days=0)  # until the end of this second
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        def told():
            return [record for record in server.log if record["msg"] == "not ready"]

        wait_until(told, 5, "not ready")
        expect_in("expired", told()[0]["cause"], "cause")
        time.sleep(1.5)
        expect(len(told()), 1, "records")
        world.pair("expiring")
        server.wait_log("ready", 10, level="info")


@case("row 69: a certificate that is missing at the start is waited for")
def missing(world):
    cert, key = os.path.join(world.folder, "late.crt"), os.path.join(world.folder, "late.key")
    with world.start("--drain-seconds", "0", cert=cert, key=key) as server:
        answer = server.get_plain("/readyz")
        expect(answer.status, 503, "status")
        expect_in(cert, answer.text, "text")
        with socket.create_connection(server.address, timeout=10) as sock:
            expect(sock.recv(1), b"", "what a client hears meanwhile")
        expect(server.metric('portside_tls_handshake_failures_total{kind="not-ready"}'), 1, "metric")
        world.pair("late")
        wait_until(lambda: server.get_plain("/readyz").status == 200, 10, "ready")
        with server.connect() as connection:
            expect(connection.post(reviews.review()).status, 200, "status")


@case("row 70: SIGTERM under load: unready, answers with 'Connection: close', no failure")
def drain(world):
    with world.start("--drain-seconds", str(5 * world.slow)) as server:
        load = Load(server)
        wait_until(lambda: load.count > 10, 30, "the first requests")
        server.terminate()
        wait_until(lambda: server.get_plain("/readyz").status == 503, 3, "unready")
        expect_in("draining", server.get_plain("/readyz").text, "text")
        with server.connect() as connection:
            answer = connection.post(reviews.review())
            expect(answer.headers.get("connection", "").lower(), "close", "Connection")
            expect(connection.is_closed(5), True, "closed afterwards")
        time.sleep(1)
        load.stop()
        expect(server.wait(), 0, "exit code")


@case("row 70: a request in flight at the end of the drain is answered")
def in_flight(world):
    body = reviews.review()
    with world.start("--drain-seconds", "0") as server:
        with server.connect() as connection:
            connection.send(client.review_head(len(body)) + body[:100])
            time.sleep(0.3)  # until the server has the first part
            server.terminate()
            time.sleep(1)
            expect(server.process.poll(), None, "still there")
            connection.send(body[100:])
            expect(connection.response().status, 200, "status")
        expect(server.wait(), 0, "exit code")


@case("row 71: a new connection during the drain is served")
def new_connection(world):
    with world.start("--drain-seconds", str(3 * world.slow)) as server:
        server.terminate()
        server.wait_log("draining")
        for _ in range(3):
            with server.connect() as connection:
                expect(connection.post(reviews.review()).status, 200, "status")
        expect(server.wait(), 0, "exit code")


@case("drain: idle connections end with it, and the port is closed")
def idle_at_the_end(world):
    with world.start("--drain-seconds", "1") as server:
        with server.connect() as connection:
            expect(connection.post(reviews.review()).status, 200, "status")
            server.terminate()
            expect(connection.is_closed(8), True, "closed")
        expect(server.wait(), 0, "exit code")
        try:
            socket.create_connection(server.address, timeout=2).close()
        except ConnectionRefusedError:
            return
        raise AssertionError("the port still accepts")


@case("drain: a second signal ends at once")
def second_signal(world):
    with world.start("--drain-seconds", "60") as server:
        server.terminate()
        server.wait_log("draining")
        begin = time.monotonic()
        server.process.send_signal(signal.SIGINT)
        expect(server.wait(5) != 0, True, "the exit code shows that it did not drain")
        expect(time.monotonic() - begin < 3, True, "at once")
        server.process.returncode = 0  # as wanted


def start_fails(world, *options):
    done = subprocess.run([*world.command, "serve", *options], capture_output=True, text=True, timeout=20 * world.slow,
                          check=False)
    return done.returncode, done.stderr


@case("start: bad configuration is exit code 2 with a reason")
def bad_configuration(world):
    path = os.path.join(world.folder, "bad.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("# comment\n\nlog-level = loud\n")
    pair = ("--tls-cert", world.cert, "--tls-key", world.key)
    for options, words in (
            ((), ("tls-cert",)),
            ((*pair, "--listn", ":1"), ("--listn", "--listen")),
            ((*pair, "--threads", "many"), ("threads", "many", "256")),
            ((*pair, "--config", path), (path, "line 3", "loud", "debug|info|warn|error")),
            ((*pair, "--config", path + ".not"), (path + ".not",)),
            ((*pair, "extra"), ("extra",)),
            ((*pair, "--listen", ":70000"), ("listen", ":70000"))):
        code, text = start_fails(world, *options)
        expect(code, 2, f"exit code of {options}, which said {text!r}")
        for word in words:
            expect_in(word, text, "reason")


@case("start: a port that is taken is exit code 1 with a reason")
def port_taken(world):
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        address = "127.0.0.1:%d" % sock.getsockname()[1]
        code, text = start_fails(world, "--tls-cert", world.cert, "--tls-key", world.key, "--listen", address,
                                 "--plain-listen", "127.0.0.1:0")
        expect(code, 1, "exit code")
        expect_in(address, text, "reason")


@case("start: the file configures and the command line wins")
def configuration(world):
    path = os.path.join(world.folder, "good.conf")
    with open(path, "w", encoding="utf-8") as file:
        file.write("body-max-bytes = 2048\r\nheader-max-bytes = 2048\n# end\ndrain-seconds=0")
    with world.start("--config", path, "--header-max-bytes", "4096") as server:
        with server.connect() as connection:
            expect(connection.post(b"x" * 2049).status, 413, "status")
        fields = [("X-Long", "x" * 3000)]
        with server.connect() as connection:
            expect(connection.request("GET", "/mutate", fields).status, 405, "status")


@case("log: one record for each review, with what was decided")
def review_record(world):
    with world.start("--drain-seconds", "0") as server, server.connect() as connection:
        connection.post(reviews.review(uid="uid-of-the-record"))
        record = server.wait_log("review")
        wanted = {"uid": "uid-of-the-record", "namespace": "shop", "name": "kafka-0", "kind": "Pod",
                  "operation": "CREATE", "level": "info", "dry_run": False}
        expect({name: record.get(name) for name in wanted}, wanted, "record")
        for name in ("verdict", "reason", "family", "delivery", "patch_bytes", "duration_ms", "time"):
            expect(name in record, True, f"'{name}' is in the record")
