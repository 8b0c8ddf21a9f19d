# SPDX-License-Identifier: Apache-2.0
"""What run, capture and corpus share: the control plane, kubectl, and waiting."""

import fcntl
import http.client
import json
import os
import re
import ssl
import subprocess
import sys
import threading
import time

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CACHE = os.environ.get("PORTSIDE_CACHE") or os.path.expanduser("~/.cache/portside")
STATE = os.environ.get("PORTSIDE_E2E_STATE") or os.path.join(CACHE, "e2e", "state")
KUBECTL = os.path.join(CACHE, "e2e", "bin", "kubectl")
LABEL = "portside.dev/inject"
sys.path.append(os.path.join(ROOT, "tests", "support"))


class Failed(Exception):
    """A check that did not hold; the message says what was expected and what was there."""


class Skipped(Exception):
    """A test that cannot run here; the message says why."""


def long(function):
    """Marks a test that takes half a minute or more: it runs with --long only."""
    function.long = True
    return function


def check(condition, message):
    if not condition:
        raise Failed(message)


def wait_until(what, probe, seconds=15.0):
    """Polls probe until it returns something true, and returns that."""
    deadline = time.monotonic() + seconds
    while True:
        value = probe()
        if value:
            return value
        check(time.monotonic() < deadline, f"after {seconds:.0f} s still not: {what}")
        time.sleep(0.05)


class Result:
    """What a command left behind."""

    def __init__(self, process):
        self.code = process.returncode
        self.out = process.stdout
        self.err = process.stderr

    def warnings(self):
        """The lines that kubectl prints for the warnings of an admission webhook."""
        return [
            line[len("Warning: ") :]
            for line in self.err.splitlines()
            if line.startswith("Warning: ")
        ]


class Cluster:
    """A running control plane: kubectl for what a person does, else plain HTTPS."""

    def __init__(self):
        with open(os.path.join(STATE, "kubeconfig"), encoding="utf-8") as file:
            config = yaml.safe_load(file)
        cluster = config["clusters"][0]["cluster"]
        self.address = cluster["server"].removeprefix("https://")
        self.token = config["users"][0]["user"]["token"]
        self.ca = os.path.join(STATE, "pki", "ca.crt")
        self.tls = ssl.create_default_context(cafile=self.ca)
        self.local = threading.local()

    @classmethod
    def up(cls):
        """Brings the control plane up if it is not, and returns it."""
        subprocess.run([os.path.join(HERE, "up"), "-q"], check=True)
        return cls()

    def kubectl(self, *arguments, stdin=None, expect=0):
        """Runs kubectl; expect is the exit code that must come out, None for any."""
        process = subprocess.run(
            [KUBECTL, "--kubeconfig", os.path.join(STATE, "kubeconfig"), *arguments],
            input=stdin,
            text=True,
            capture_output=True,
            timeout=60,
            check=False,
        )
        result = Result(process)
        check(
            expect is None or result.code == expect,
            f"kubectl {' '.join(arguments)}: exit {result.code}, not {expect}: "
            f"{result.err or result.out}",
        )
        return result

    def restart(self, what, namespace):
        """kubectl rollout restart, which writes seconds and so refuses a second one within one."""

        def done():
            result = self.kubectl("rollout", "restart", what, "-n", namespace, expect=None)
            check(result.code == 0 or "within the past second" in result.err, result.err)
            return result.code == 0

        wait_until(f"{what} is restarted", done)

    def request(self, method, path, body=None, content_type="application/json"):
        """One call of the API: (status, decoded body, warnings). Threads keep their connections."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": content_type}
        data = None if body is None else json.dumps(body)
        for attempt in (1, 2):
            connection = getattr(self.local, "connection", None)
            if connection is None:
                connection = http.client.HTTPSConnection(self.address, context=self.tls, timeout=60)
                self.local.connection = connection
            try:
                connection.request(method, path, data, headers)
                response = connection.getresponse()
                text = response.read()
                break
            except (http.client.HTTPException, OSError):
                # The server may have closed an idle connection; once is no fault.
                connection.close()
                self.local.connection = None
                if attempt == 2:
                    raise
        warnings = [
            re.sub(r'^299 - "(.*)"$', r"\1", value).replace('\\"', '"')
            for value in response.headers.get_all("Warning") or []
        ]
        return response.status, json.loads(text) if text else None, warnings

    def get(self, path):
        """The object at path, or None."""
        status, body, _ = self.request("GET", path)
        check(status in (200, 404), f"GET {path}: {status} {body}")
        return body if status == 200 else None

    def namespace(self, name, inject=True):
        """Makes a namespace, labelled for injection or not, and waits until it can have pods."""
        labels = {LABEL: "enabled"} if inject else {}
        status, body, _ = self.request(
            "POST",
            "/api/v1/namespaces",
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}},
        )
        check(status == 201, f"namespace {name}: {body}")
        wait_until(
            f"service account in {name}",
            lambda: self.get(f"/api/v1/namespaces/{name}/serviceaccounts/default"),
            150,  # after an outage of the API server its controllers pause for up to a minute
        )
        return name

    def delete_namespace(self, name):
        """Asks for the namespace's end; does not wait for it."""
        self.request("DELETE", f"/api/v1/namespaces/{name}")

    def statefulset(self, namespace, name):
        return self.get(f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{name}")

    def pod(self, namespace, name):
        return self.get(f"/api/v1/namespaces/{namespace}/pods/{name}")

    def wait_pod(self, namespace, name, unlike=None, seconds=15.0):
        """The pod once it is there; with unlike, once it is another one than that uid."""

        def probe():
            pod = self.pod(namespace, name)
            return pod if pod and pod["metadata"]["uid"] != unlike else None

        return wait_until(f"pod {namespace}/{name}", probe, seconds)

    def make_ready(self, namespace, name):
        """Plays the kubelet: without nodes no pod is ready, and a rollout waits for that."""
        status, body, _ = self.request(
            "PATCH",
            f"/api/v1/namespaces/{namespace}/pods/{name}/status",
            {"status": {"phase": "Running", "conditions": [{"type": "Ready", "status": "True"}]}},
            "application/strategic-merge-patch+json",
        )
        check(status == 200, f"status of pod {name}: {body}")


def lock_state():
    """One registration is one portside: two runs on one control plane would answer for each other.
    Held until the file is closed."""
    lock = open(os.path.join(STATE, "tests.lock"), "w", encoding="utf-8")
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        raise SystemExit(
            f"another run uses the control plane in '{STATE}'; set PORTSIDE_E2E_STATE"
        ) from None
    return lock


def load_manifest(path):
    """The documents of a YAML file, empty ones left out."""
    with open(path, encoding="utf-8") as file:
        return [document for document in yaml.safe_load_all(file) if document]


def dump(*documents):
    """Documents as one JSON list, which kubectl reads like a file of YAML."""
    return json.dumps({"apiVersion": "v1", "kind": "List", "items": list(documents)})


def manifest_names():
    return sorted(
        name.removesuffix(".yaml")
        for name in os.listdir(os.path.join(HERE, "manifests"))
        if name.endswith(".yaml")
    )


def manifest(name):
    return load_manifest(os.path.join(HERE, "manifests", f"{name}.yaml"))


def about(name):
    """What a manifest is about: its second comment line."""
    with open(os.path.join(HERE, "manifests", f"{name}.yaml"), encoding="utf-8") as file:
        file.readline()
        return file.readline().removeprefix("#").strip()
