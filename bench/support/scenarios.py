# SPDX-License-Identifier: Apache-2.0
"""What is measured. Each scenario gives named figures for one server in one round."""

import json
import os
import subprocess

from support.reviews import Wrong, body_of
from support.servers import Server

MICRO = 1e6
TRIES = 3  # on a busy machine a server may get no time at all for a while


class Bench:
    """The world, the running servers, and the judge of their answers."""

    def __init__(self, world, judge, running, seconds, tries=TRIES):
        self.world, self.judge, self.running, self.seconds, self.tries = world, judge, running, seconds, tries

    def client(self, *command):
        pinned = ["taskset", "-c", str(self.world.client_core), *command]
        done = subprocess.run(pinned, capture_output=True, text=True, check=False, timeout=300)
        lines = done.stdout.splitlines()
        if not lines:
            raise Wrong(f"{' '.join(command)} printed nothing: {done.stderr[-500:]}")
        return json.loads(lines[-1])

    def load(self, server, review, *options):
        """Figures of the load client; every answer must be 200, and the last one right."""
        sample = os.path.join(self.world.folder, "sample")
        seconds = [] if "--seconds" in options else ["--seconds", str(self.seconds)]
        for _ in range(self.tries):
            found = self.client(self.world.program("load"), "--port", str(server.port), "--ca", self.world.certificate,
                                "--body", review.path, "--server", str(server.pid), "--save", sample, *seconds, *options)
            if found["answers"]:
                break
        if found["errors"]:
            raise Wrong(f"{server.name}: {found['errors']} reviews failed: {found['failure']}")
        if not found["answers"]:
            raise Wrong(f"{server.name}: no answer in time: is the machine busy? Try a longer --seconds")
        with open(sample, "rb") as file:
            self.judge.check(server.name, review, body_of(file.read()))
        return found


def saturate(review, connections):
    def measure(bench, server):
        found = bench.load(server, bench.world.reviews[review], "--connections", str(connections))
        return {
            "rps": found["answers"] / found["seconds"],
            "cpu_us": found["server_cpu_s"] * MICRO / found["answers"],
            "p50_us": found["p50_us"],
            "p99_us": found["p99_us"],
            "server_busy": found["server_cpu_s"] / found["seconds"],
            "client_busy": found["client_cpu_s"] / found["seconds"],
        }
    return measure


def at_rate(bench, server):
    found = bench.load(server, bench.world.reviews["pod"], "--connections", "16", "--rate", "2000")
    return {
        "cpu_share": found["server_cpu_s"] / found["seconds"],
        "cpu_us": found["server_cpu_s"] * MICRO / found["answers"],
        "p50_us": found["p50_us"],
        "p99_us": found["p99_us"],
        "late": found["late"],
    }


def handshakes(bench, server):
    found = bench.load(server, bench.world.reviews["pod"], "--connections", "16", "--fresh")
    return {"rps": found["answers"] / found["seconds"], "cpu_us": found["server_cpu_s"] * MICRO / found["answers"],
            "p99_us": found["p99_us"]}


def large(bench, server):
    """By a server of its own, because memory that is once taken often stays."""
    own = Server(bench.world, server.name, server.port + 100)
    try:
        found = bench.load(own, bench.world.reviews["large"], "--connections", "1")
        return {"ms": found["p50_us"] / 1000, "cpu_ms": found["server_cpu_s"] * 1000 / found["answers"],
                "rss_mb": found["server_rss_kb"] / 1024}
    finally:
        own.stop()


def memory(bench, server):
    own = Server(bench.world, server.name, server.port + 200)
    try:
        own.post(bench.world.reviews["pod"].body)
        idle = own.memory_kb()
        found = bench.load(own, bench.world.reviews["pod"], "--connections", "256", "--seconds", "1")
        return {"idle_mb": idle / 1024, "conns256_mb": found["server_rss_kb"] / 1024}
    finally:
        own.stop()


def first(bench, server):
    port = server.port + 300
    review = bench.world.reviews["pod"]
    found = bench.client(bench.world.program("load"), "--port", str(port), "--ca", bench.world.certificate,
                         "--body", review.path, "--first", "--", *bench.world.command(server.name, port))
    if not found["answered"]:
        raise Wrong(f"{server.name}: no first answer: {found['failure']}")
    return {"ms": found["first_answer_ms"]}


def as_api_server(concurrency):
    def measure(bench, server):
        found = bench.client(bench.world.program("apiclient"), "-port", str(server.port), "-ca",
                             bench.world.certificate, "-body", bench.world.reviews["pod"].path, "-reviews", "1000",
                             "-concurrency", str(concurrency))
        return {"failed": found["failed"], "p50_us": found["p50_us"], "p99_us": found["p99_us"],
                "opened": found["connections_opened"]}
    return measure


# Name -> (what it is, how it is measured).
SCENARIOS = {
    "pod-16": ("a pod of 6 KB, 16 connections, as fast as it goes", saturate("pod", 16)),
    "pod-64": ("the same with 64 connections", saturate("pod", 64)),
    "hook-16": ("hook delivery, 16 connections", saturate("hook", 16)),
    "skip-16": ("a pod that is no broker, 16 connections", saturate("skip", 16)),
    "rate": ("2,000 reviews of a pod a second by the clock, 16 connections", at_rate),
    "handshake": ("each review on a connection of its own, 16 at once", handshakes),
    "large": ("a review of 1.5 MB", large),
    "memory": ("resident memory, idle and with 256 busy connections", memory),
    "first": ("from exec to the first answer", first),
    "api-64": ("1,000 reviews as an API server sends them, 64 at once", as_api_server(64)),
    "api-200": ("the same, 200 at once", as_api_server(200)),
    "api-1000": ("the same, 1,000 at once", as_api_server(1000)),
}
