# SPDX-License-Identifier: Apache-2.0
"""Certificates and running servers."""

import json
import os
import queue
import signal
import subprocess
import threading
import time

import client

START_S = 20  # sanitizers are slow to start
# Definite leaks are errors, as is every access that is wrong; the end of the program says so.
VALGRIND = ("valgrind", "--quiet", "--leak-check=full", "--show-leak-kinds=definite", "--errors-for-leak-kinds=definite",
            "--error-exitcode=99")
DEADLINES_S = {"--handshake-seconds": 5, "--header-seconds": 5, "--body-seconds": 10, "--idle-seconds": 120}
NOISE = ("AddressSanitizer", "LeakSanitizer", "ThreadSanitizer", "runtime error:")


def openssl(*words):
    subprocess.run(["openssl", *words], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


class Authority:
    """A CA that lives as long as the tests."""

    def __init__(self, folder):
        self.folder = folder
        self.key = os.path.join(folder, "ca.key")
        self.cert = os.path.join(folder, "ca.crt")
        openssl("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2",
                "-subj", "/CN=portside contract CA", "-keyout", self.key, "-out", self.cert)

    def issue(self, cert, key, name="portside.test", days=2, subject=None, also="", usage=None):
        """Writes a new pair; days=0 gives one that expires within the second. also: further alternative names."""
        request, extension = cert + ".csr", cert + ".ext"
        openssl("req", "-new", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                "-subj", subject or f"/CN={name}", "-keyout", key, "-out", request)
        with open(extension, "w", encoding="ascii") as file:
            file.write(f"subjectAltName=DNS:{name},DNS:localhost,IP:127.0.0.1{also and ',' + also}\n")
            file.write(f"extendedKeyUsage={usage}\n" if usage else "")
        openssl("x509", "-req", "-in", request, "-CA", self.cert, "-CAkey", self.key, "-CAcreateserial",
                "-days", str(days), "-extfile", extension, "-out", cert)


class Service:
    """One running `portside serve`; its log is read all the time."""

    def __init__(self, world, cert, key, *options, descriptors=None, environment=None):
        self.cert, self.key, self.authority, self.slow = cert, key, world.authority, world.slow
        self.log, self.lines, self.noise = [], queue.Queue(), []
        limit = [] if descriptors is None else ["prlimit", f"--nofile={descriptors}:{descriptors}", "--"]
        self.process = subprocess.Popen(
            [*limit, *world.command, "serve", *world.deadlines, "--listen", "127.0.0.1:0", "--plain-listen", "127.0.0.1:0", "--tls-cert", cert,
             "--tls-key", key, "--log-format", "json", "--log-level", "debug", "--threads", "2", *options],
            stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True,
            env={**os.environ, **(environment or {})})
        threading.Thread(target=self._read, daemon=True).start()
        record = self.wait_log("serving", START_S)
        self.address = self._split(record["listen"])
        self.plain = self._split(record["plain_listen"])

    @staticmethod
    def _split(text):
        host, port = text.rsplit(":", 1)
        return host.strip("[]"), int(port)

    def _read(self):
        for line in self.process.stderr:
            try:
                record = json.loads(line)
            except ValueError:
                self.noise.append(line.rstrip())
                continue
            self.log.append(record)
            self.lines.put(record)
        self.lines.put(None)

    def wait_log(self, message, seconds=5, **fields):
        """The next record with this message and these fields; those before it are passed over."""
        end = time.monotonic() + seconds * self.slow
        while True:
            try:
                record = self.lines.get(timeout=max(0.01, end - time.monotonic()))
            except queue.Empty:
                raise AssertionError(f"the log has no '{message}' {fields or ''}") from None
            if record is None:
                raise AssertionError(f"the server ended: {self.noise[:5] or self.log[-2:]}")
            if record["msg"] == message and all(record.get(key) == value for key, value in fields.items()):
                return record

    def connect(self, **how):
        return client.Connection(self.address, self.authority.cert, **how)

    def get_plain(self, path):
        return client.plain(self.plain, "GET", path)

    def metric(self, name):
        """The value of one series, 0 if it is not shown."""
        for line in self.get_plain("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return int(line.rsplit(" ", 1)[1])
        return 0

    def terminate(self):
        self.process.send_signal(signal.SIGTERM)

    def wait(self, seconds=20):
        return self.process.wait(timeout=seconds * self.slow)

    def stop(self):
        """Ends it in good order; what was wrong, as text."""
        if self.process.poll() is None:
            self.terminate()
        try:
            code = self.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            return [f"the server did not end within {30 * self.slow} s of SIGTERM"]
        problems = [f"the server printed: {line}" for line in self.noise if any(word in line for word in NOISE)]
        if code != 0:
            problems.append(f"the server ended with {code}: {self.noise[:8]}")
        return problems


class World:
    """What all cases share: the program, a CA, one server with the default limits."""

    def __init__(self, program, folder, valgrind=False, slow=1):
        self.command = [*(VALGRIND if valgrind else ()), program]
        self.program, self.folder, self.valgrind, self.slow = program, folder, valgrind, slow
        client.TIMEOUT_S *= slow
        self.authority = Authority(folder)
        self.cert, self.key = self.pair("server")
        self._shared = None
        self.problems = []

    @property
    def is_sanitized(self):
        """Built with a sanitizer, or run by valgrind: memory and time are not what they are."""
        with open(self.program, "rb") as file:
            text = file.read()
        return self.valgrind or any(word in text for word in (b"__asan_init", b"__tsan_init"))

    @property
    def deadlines(self):
        """Of a server, where a case states none: a slow one needs its clients' time, too."""
        if self.slow == 1:
            return []
        return [word for name, seconds in DEADLINES_S.items() for word in (name, str(min(seconds * self.slow, 600)))]

    def pair(self, name, **how):
        cert, key = os.path.join(self.folder, name + ".crt"), os.path.join(self.folder, name + ".key")
        self.authority.issue(cert, key, **how)
        return cert, key

    def start(self, *options, cert=None, key=None, **how):
        """A server of the case's own, to be used with 'with'."""
        return _Own(self, Service(self, cert or self.cert, key or self.key, *options, **how))

    @property
    def shared(self):
        if self._shared is None:
            self._shared = Service(self, self.cert, self.key, "--drain-seconds", "0")
        return self._shared

    def close(self):
        if self._shared is not None:
            self.problems += self._shared.stop()
        return self.problems


class _Own:
    def __init__(self, world, running):
        self.world, self.running = world, running

    def __enter__(self):
        return self.running

    def __exit__(self, kind, error, trace):
        if self.running.process.poll() is None and kind is not None:
            self.running.process.kill()
            self.running.process.wait()
            return
        self.world.problems += self.running.stop()
