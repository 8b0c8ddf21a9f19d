# SPDX-License-Identifier: Apache-2.0
"""The program under test as a process, and what must be true of the pods it injected."""

import json
import os
import signal
import subprocess
import threading
import urllib.error
import urllib.request

from harness import ROOT, STATE, check, wait_until
from hooks import Certificates, register, wait_effect
from hooks import portside as portside_registration
from ports import free_ports

PRESETS = ("dev", "release", "clang", "asan")


def find_binary(path=None):
    """The program: as given, or $PORTSIDE_BIN, or that of the first preset that has one."""
    path = path or os.environ.get("PORTSIDE_BIN")
    candidates = (
        [path]
        if path
        else [os.path.join(ROOT, "build", preset, "bin", "portside") for preset in PRESETS]
    )
    for candidate in candidates:
        if os.access(candidate, os.X_OK):
            return os.path.abspath(candidate)
    raise SystemExit(f"no program at {' nor '.join(candidates)}, run: ./dev build")


class Portside:
    """`portside serve` with certificates of its own. The log is kept in the state's folder."""

    def __init__(self, cluster, binary, name="portside"):
        self.cluster = cluster
        self.binary = binary
        self.certificates = Certificates(name)
        self.port, self.plain_port = free_ports(2)
        self.options = []  # further ones
        self.log_path = os.path.join(STATE, "log", f"{name}.log")
        self.process = None
        self.read_from = os.path.getsize(self.log_path) if os.path.exists(self.log_path) else 0
        self.read_records = []
        self.lock = threading.Lock()

    @property
    def url(self):
        return f"https://127.0.0.1:{self.port}/mutate"

    def start(self, drain_seconds=0):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [
                    self.binary,
                    "serve",
                    "--listen",
                    f"127.0.0.1:{self.port}",
                    "--plain-listen",
                    f"127.0.0.1:{self.plain_port}",
                    "--tls-cert",
                    self.certificates.path("portside.crt"),
                    "--tls-key",
                    self.certificates.path("portside.key"),
                    "--log-format",
                    "json",
                    "--drain-seconds",
                    str(drain_seconds),
                    *self.options,
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        wait_until("portside is ready", self.ready)
        return self

    def ready(self):
        check(
            self.process.poll() is None,
            f"portside ended with {self.process.poll()}, see {self.log_path}",
        )
        return self.plain("/readyz")[0] == 200

    def plain(self, path):
        """(status, text) of the port for probes and metrics; status 0 if nothing answers."""
        try:
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.plain_port}{path}", timeout=5
            ) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return 0, ""

    def register(self):
        """Registers it and waits until the API server asks it."""
        register(self.cluster, portside_registration(self.url, self.certificates.bundle()))
        wait_effect(self.cluster)

    def stop(self, sign=signal.SIGTERM, seconds=20):
        """Its exit code."""
        if self.process is None:
            return None
        self.process.send_signal(sign)
        # One that a test had stopped hears it only now.
        self.process.send_signal(signal.SIGCONT)
        code = self.process.wait(seconds)
        self.process = None
        return code

    def records(self, **fields):
        """The log's records that have these fields, oldest first."""
        with self.lock:
            self.read_on()
            return [
                record
                for record in self.read_records
                if all(record.get(key) == value for key, value in fields.items())
            ]

    def read_on(self):
        """Takes in what the log grew by, up to its last whole line."""
        with open(self.log_path, "rb") as log:
            log.seek(self.read_from)
            text = log.read()
        end = text.rfind(b"\n") + 1
        self.read_from += end
        for line in text[:end].splitlines():
            if line.startswith(b"{"):
                self.read_records.append(json.loads(line))

    def wait_record(self, **fields):
        """The newest record with these fields, once there is one."""
        return wait_until(f"log record {fields}", lambda: self.records(**fields))[-1]


def find(items, name):
    """The item of a list of a pod that has that name, or None."""
    return next((item for item in items or [] if item["name"] == name), None)


def values(container):
    """env of a container as a dictionary; a reference stays what it is."""
    return {
        entry["name"]: entry.get("value", entry.get("valueFrom", ""))
        for entry in container.get("env", [])
    }


def container_of(pod, name):
    return find(pod["spec"]["containers"], name)


def is_injected(pod):
    return "portside.dev/status" in pod["metadata"].get("annotations", {})


def check_untouched(pod):
    text = json.dumps(pod)
    check(
        "PORTSIDE_" not in text and "portside-address" not in text and not is_injected(pod),
        f"pod {pod['metadata']['name']} was touched",
    )


def endpoint_of(pod, part):
    return {
        "fieldRef": {
            "apiVersion": "v1",
            "fieldPath": f"metadata.annotations['external.portside.dev/{part}']",
        }
    }


def check_injected(pod, container, delivery, listener="PORTSIDE", port="9194"):
    """A pod with the default exposure, whose endpoint is not known yet: contract version 1."""
    name = pod["metadata"]["name"]
    ordinal = name.rsplit("-", 1)[1]
    broker = container_of(pod, container)
    env = values(broker)
    first = [entry["name"] for entry in broker["env"][:3]]
    check(
        set(first) == {"PORTSIDE_ORDINAL", "PORTSIDE_EXTERNAL_HOST", "PORTSIDE_EXTERNAL_PORT"},
        f"{name}: the first three variables are {first}",
    )
    check(env["PORTSIDE_ORDINAL"] == ordinal, f"{name}: ordinal {env['PORTSIDE_ORDINAL']}")
    for part in ("host", "port"):
        check(
            env[f"PORTSIDE_EXTERNAL_{part.upper()}"] == endpoint_of(pod, part),
            f"{name}: {part} is {env[f'PORTSIDE_EXTERNAL_{part.upper()}']}",
        )
    check_init(pod, broker, delivery)
    check_marks(pod, delivery)
    if delivery == "hook":
        check_hook(name, broker, env, listener, port)
    else:
        check_env(name, env, listener, port)


def check_init(pod, broker, delivery):
    name = pod["metadata"]["name"]
    init = pod["spec"]["initContainers"][-1]
    check(init["name"] == "portside-address", f"{name}: the last init container is {init['name']}")
    check(init["image"] == broker["image"], f"{name}: init image {init['image']}")
    check(
        init["command"][:2] == ["sh", "-c"] and init["command"][3] == "portside-address",
        f"{name}: init command {init['command'][:2]}",
    )
    check(
        len(init["command"]) == (5 if delivery == "hook" else 4),
        f"{name}: {len(init['command'])} init arguments",
    )
    check(
        set(values(init)["PORTSIDE_WAIT"].split()) == {"external.host", "external.port"},
        f"{name}: waits for {values(init)['PORTSIDE_WAIT']}",
    )
    mounts = {mount["mountPath"]: mount["name"] for mount in init["volumeMounts"]}
    check(mounts.get("/portside/endpoint") == "portside-endpoint", f"{name}: init mounts {mounts}")
    check(
        not any(volume.startswith("kube-api-access") for volume in mounts.values()),
        f"{name}: the init container has a token: {mounts}",
    )
    volume = find(pod["spec"]["volumes"], "portside-endpoint")
    check(
        {item["path"] for item in volume["downwardAPI"]["items"]}
        == {"external.host", "external.port"},
        f"{name}: endpoint volume {volume}",
    )


def check_marks(pod, delivery):
    name = pod["metadata"]["name"]
    status = json.loads(pod["metadata"]["annotations"]["portside.dev/status"])
    check(
        status["verdict"] == "inject" and status["delivery"] == delivery, f"{name}: status {status}"
    )
    owner = pod["metadata"]["ownerReferences"][0]["name"]
    check(pod["metadata"]["labels"].get("portside.dev/statefulset") == owner, f"{name}: no label")
    check(pod["spec"].get("enableServiceLinks") is False, f"{name}: service links are on")


def check_hook(name, broker, env, listener, port):
    check(env["BASH_ENV"] == "/portside/hook/hook.bash", f"{name}: BASH_ENV {env['BASH_ENV']}")
    check(
        env["PORTSIDE_LISTENERS"] == f"external={listener}:{port}:mirror",
        f"{name}: {env['PORTSIDE_LISTENERS']}",
    )
    mounts = {
        mount.get("subPath"): mount
        for mount in broker["volumeMounts"]
        if mount["name"] == "portside"
    }
    check(
        mounts["hook"]["mountPath"] == "/portside/hook" and mounts["hook"].get("readOnly"),
        f"{name}: {mounts}",
    )
    check(
        mounts["run"]["mountPath"] == "/portside/run" and not mounts["run"].get("readOnly"),
        f"{name}: {mounts}",
    )


def check_env(name, env, listener, port):
    def of(setting):
        return next(
            text for key, text in env.items() if key in (f"KAFKA_{setting}", f"KAFKA_CFG_{setting}")
        )

    check(
        f"{listener}://:{port}" in of("LISTENERS")
        or f"{listener}://0.0.0.0:{port}" in of("LISTENERS"),
        f"{name}: listeners {of('LISTENERS')}",
    )
    advertised = f"{listener}://$(PORTSIDE_EXTERNAL_HOST):$(PORTSIDE_EXTERNAL_PORT)"
    check(
        advertised in of("ADVERTISED_LISTENERS"), f"{name}: advertised {of('ADVERTISED_LISTENERS')}"
    )
    check(f"{listener}:PLAINTEXT" in of("LISTENER_SECURITY_PROTOCOL_MAP"), f"{name}: map")
    check("BASH_ENV" not in env and "PORTSIDE_LISTENERS" not in env, f"{name}: both deliveries")
