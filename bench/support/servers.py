# SPDX-License-Identifier: Apache-2.0
"""The servers that are compared, built and started."""

import http.client
import os
import shutil
import signal
import ssl
import subprocess
import time

# Name -> what it is; the order of the columns.
ABOUT = {
    "bare": "a loop of OpenSSL in C that sends an answer made before: the limit",
    "portside": "portside serve, one worker thread",
    "json-v2": "Go: net/http and encoding/json/v2, patches written by hand",
    "json-v1": "Go: net/http and encoding/json, patches written by hand",
    "runtime": "Go: controller-runtime's webhook server",
}
PEERS = ("json-v2", "json-v1", "runtime")
START_S = 60


class Failure(Exception):
    """Something without which nothing can be measured."""


def run(command, what, **how):
    done = subprocess.run(command, capture_output=True, text=True, check=False, **how)
    if done.returncode != 0:
        raise Failure(f"{what} failed: {(done.stderr or done.stdout)[-3000:]}")
    return done.stdout


def build(root, folder, names):
    """Compiles load, bare, and what of the peers is asked for, into folder."""
    os.makedirs(folder, exist_ok=True)
    bench = os.path.join(root, "bench")
    for program in ("load", "bare"):
        sources = os.path.join(bench, program)
        files = sorted(os.path.join(sources, name) for name in os.listdir(sources) if name.endswith(".c"))
        run(["cc", "-std=gnu11", "-D_GNU_SOURCE", "-O2", "-g", "-Wall", "-Wextra", "-Werror", "-o",
             os.path.join(folder, program), *files, "-lssl", "-lcrypto"], f"compiling bench/{program}")
    wanted = [(name, package, experiment) for name, package, experiment in (
        ("json-v1", "nethttp", ""), ("json-v2", "nethttp", "jsonv2"), ("runtime", "runtime", ""),
        ("apiclient", "apiclient", "")) if name in names]
    if wanted and shutil.which("go") is None:
        raise Failure("go is not there, and the peers need it: run ./dev bench, which fetches it, or "
                      "--servers bare,portside")
    for name, package, experiment in wanted:
        run(["go", "build", "-mod=readonly", "-trimpath", "-o", os.path.join(folder, name), "./" + package],
            f"go build of bench/peers/{package}", cwd=os.path.join(bench, "peers"),
            env={**os.environ, "CGO_ENABLED": "0", "GOEXPERIMENT": experiment})


class World:
    """Where programs, certificate, scripts and reviews are, and which processor is whose."""

    def __init__(self, programs, portside, folder, cores, reviews):
        self.programs, self.portside, self.folder = programs, portside, folder
        self.server_core, self.client_core = cores
        self.reviews = reviews
        self.certificate = os.path.join(folder, "tls.crt")
        self.key = os.path.join(folder, "tls.key")

    def program(self, name):
        return os.path.join(self.programs, name)

    def command(self, name, port):
        """As it is started, on its processor."""
        pinned = ["taskset", "-c", str(self.server_core)]
        if name == "portside":
            return [*pinned, self.portside, "serve", "--controller", "off", "--threads", "1",
                    "--listen", f"127.0.0.1:{port}", "--plain-listen", "127.0.0.1:0",
                    "--tls-cert", self.certificate, "--tls-key", self.key, "--drain-seconds", "0"]
        if name == "bare":
            pairs = [path for review in self.reviews.values() for path in (review.path, review.path + ".answer")]
            return [*pinned, self.program("bare"), str(port), self.certificate, self.key, *pairs]
        return [*pinned, "env", "GOMAXPROCS=1", self.program(name), "-port", str(port), "-certificates", self.folder,
                "-texts", self.folder]


class Server:
    def __init__(self, world, name, port):
        self.world, self.name, self.port = world, name, port
        self.process = subprocess.Popen(world.command(name, port), stdin=subprocess.DEVNULL,
                                        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.wait_ready()

    def wait_ready(self):
        end = time.monotonic() + START_S
        review = self.world.reviews["skip"]
        while True:
            try:
                return self.post(review.body)
            except OSError as error:
                if self.process.poll() is not None or time.monotonic() > end:
                    command = " ".join(self.world.command(self.name, self.port))
                    raise Failure(f"{self.name} does not answer ({error}); try it: {command}") from error
                time.sleep(0.05)

    def post(self, body):
        context = ssl.create_default_context(cafile=self.world.certificate)
        connection = http.client.HTTPSConnection("localhost", self.port, context=context, timeout=30)
        try:
            connection.request("POST", "/mutate?timeout=10s", body, {"Content-Type": "application/json"})
            return connection.getresponse().read()
        finally:
            connection.close()

    @property
    def pid(self):
        return self.process.pid

    def memory_kb(self):
        with open(f"/proc/{self.pid}/status", encoding="ascii") as file:
            return next(int(line.split()[1]) for line in file if line.startswith("VmRSS:"))

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
