# SPDX-License-Identifier: Apache-2.0
"""A portside that makes its own certificates: its Secret, its registration, its replicas."""

import base64
import contextlib
import os
import signal
import socket
import ssl
import subprocess

from harness import STATE, check, wait_until
from hooks import REGISTRATIONS
from portside import Portside

HOOK = "portside-managed"
SECRET = "portside-certificates"
PATCH = "application/merge-patch+json"
LABEL = "certs.portside.dev/test"


class Managed(Portside):
    """`portside serve` that makes its own certificates; its Lease and Secret are in place."""

    def __init__(self, test, place, name, port=None):
        super().__init__(test.cluster, test.portside.binary, name)
        self.place = place
        self.port = port or self.port
        self.kubeconfig = os.path.join(STATE, "kubeconfig")
        self.environment = {}  # further variables

    def launch(self):
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [
                    self.binary,
                    "serve",
                    *("--listen", f"127.0.0.1:{self.port}"),
                    *("--plain-listen", f"127.0.0.1:{self.plain_port}"),
                    *("--controller", "on", "--controller-namespace", self.place),
                    *("--certificates", "managed", "--tls-names", "127.0.0.1"),
                    *("--webhook-names", HOOK, "--log-format", "json", "--drain-seconds", "0"),
                    *("--kubeconfig", self.kubeconfig),
                ],
                env=os.environ | self.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )
        return self

    def start(self, drain_seconds=0):
        self.launch()
        wait_until("portside is ready", self.ready, 60)
        return self

    def served(self):
        """The certificate that a client sees, in PEM; it must verify against the caBundle."""
        context = ssl.create_default_context(cadata=bundles(self.cluster)[0])
        with (
            socket.create_connection(("127.0.0.1", self.port), 5) as plain,
            context.wrap_socket(plain, server_hostname="127.0.0.1") as tls,
        ):
            return ssl.DER_cert_to_PEM_cert(tls.getpeercert(True))


def hook(url, place):
    entry = {
        "admissionReviewVersions": ["v1"],
        "sideEffects": "None",
        "timeoutSeconds": 5,
        "failurePolicy": "Fail",
        "namespaceSelector": {"matchLabels": {LABEL: place}},
        "rules": [
            {
                "apiGroups": [""],
                "apiVersions": ["v1"],
                "resources": ["pods"],
                "operations": ["CREATE"],
            }
        ],
        "clientConfig": {"url": url},
    }
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": HOOK},
        "webhooks": [
            {"name": f"{name}.portside.dev", **entry} for name in ("brokers", "others")
        ],
    }


def bundles(cluster):
    """The caBundle of each entry, as text; '' if there is none."""
    found = cluster.get(f"{REGISTRATIONS}/{HOOK}")
    return [
        base64.b64decode(entry["clientConfig"].get("caBundle", "")).decode(errors="replace")
        for entry in (found or {}).get("webhooks", [])
    ]


class Bed:
    """A namespace with the Lease and the Secret, a registration, and replicas."""

    def __init__(self, test):
        self.test = test
        self.cluster = test.cluster
        self.place = test.namespace(inject=False)
        self.label(self.place)
        self.replicas = []
        self.first = Managed(test, self.place, "portside-managed")

    def label(self, name):
        self.cluster.request(
            "PATCH", f"/api/v1/namespaces/{name}", {"metadata": {"labels": {LABEL: name}}}, PATCH
        )

    def register(self, replica=None):
        body = hook((replica or self.first).url, self.place)
        status, answer, _ = self.cluster.request("POST", REGISTRATIONS, body)
        check(status == 201, f"registration: {answer}")

    def begin(self):
        self.register()
        self.replicas.append(self.first.start())
        self.wait_bundle()
        self.wait_create()
        return self

    def end(self):
        for replica in self.replicas:
            if replica.process:
                replica.stop(signal.SIGKILL)
        self.cluster.request("DELETE", f"{REGISTRATIONS}/{HOOK}")

    def second(self):
        replica = Managed(self.test, self.place, "portside-managed-b")
        self.replicas.append(replica.start())
        return replica

    @property
    def secret_path(self):
        return f"/api/v1/namespaces/{self.place}/secrets/{SECRET}"

    def secret(self):
        """The Secret's texts; {} if there is none."""
        found = self.cluster.get(self.secret_path)
        return {
            key: base64.b64decode(value).decode(errors="replace")
            for key, value in ((found or {}).get("data") or {}).items()
        }

    def put(self, **texts):
        """Writes texts into the Secret; a_b stands for the key a.b."""
        data = {
            key.replace("_", "."): base64.b64encode(value.encode()).decode()
            for key, value in texts.items()
        }
        status, body, _ = self.cluster.request("PATCH", self.secret_path, {"data": data}, PATCH)
        check(status == 200, f"Secret: {body}")

    def create_pod(self):
        """What the API server says to a new pod, after it asked the webhook."""
        status, body, _ = self.cluster.request(
            "POST",
            f"/api/v1/namespaces/{self.place}/pods?dryRun=All",
            {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"generateName": "one-"},
                "spec": {"containers": [{"name": "c", "image": "example.org/one:1"}]},
            },
        )
        return status, (body or {}).get("message", "")

    def wait_bundle(self, seconds=15.0):
        """All caBundles hold the CA of the Secret; they are returned."""

        def right():
            authority = self.secret().get("ca.crt")
            found = bundles(self.cluster)
            return found if authority and all(b.startswith(authority) for b in found) else None

        return wait_until("the caBundle", right, seconds)

    def wait_create(self, seconds=15.0):
        wait_until("a pod goes through", lambda: self.create_pod()[0] == 201, seconds)


@contextlib.contextmanager
def bed(test):
    one = Bed(test)
    try:
        yield one.begin()
    finally:
        one.end()


def openssl(folder, *arguments):
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    subprocess.run(["openssl", *arguments], cwd=folder, check=True, **quiet)
