# SPDX-License-Identifier: Apache-2.0
"""The chart, installed by helm on the control plane, and a portside that runs under its account."""

import json
import os
import ssl
import subprocess

import yaml
from harness import CACHE, KUBECTL, LABEL, ROOT, STATE, Cluster, check, wait_until
from hooks import REGISTRATIONS, wait_effect
from world import NODES, Replica, World, make_node

CHART = os.path.join(ROOT, "charts", "portside")
HELM = os.path.join(CACHE, "chart", "bin", "helm")
NAMESPACE = "portside"
RELEASE = "portside"
ACCOUNT = f"system:serviceaccount:{NAMESPACE}:portside"
VALUES = ("--set", "policies.uninjectedBrokers=true")


def helm(*arguments, expect=0):
    process = subprocess.run(
        [HELM, "--kubeconfig", os.path.join(STATE, "kubeconfig"), "--namespace", NAMESPACE]
        + list(arguments),
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    check(process.returncode == expect, f"helm {arguments[0]}: {process.stderr or process.stdout}")
    return process


def bring_up():
    """A control plane with nodes, and the chart in a namespace that enforces *restricted*."""
    subprocess.run([os.path.join(ROOT, "tests", "chart", "build")], check=True)
    subprocess.run([os.path.join(ROOT, "tests", "e2e", "build"), "certmanager"], check=True)
    cluster = Cluster.up()
    for name, addresses in NODES.items():
        make_node(cluster, name, addresses)
    helm("uninstall", RELEASE, "--ignore-not-found", "--wait")
    if not cluster.get(f"/api/v1/namespaces/{NAMESPACE}"):
        cluster.namespace(NAMESPACE, inject=False)
    restrict = [f"pod-security.kubernetes.io/{mode}=restricted" for mode in ("enforce", "warn")]
    cluster.kubectl("label", "--overwrite", "namespace", NAMESPACE, *restrict)
    Installed.notes = helm("install", RELEASE, CHART, *VALUES)
    return cluster


class Account:
    """The API as portside's own account sees it."""

    def __init__(self, cluster):
        status, body, _ = cluster.request(
            "POST",
            f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts/portside/token",
            {
                "apiVersion": "authentication.k8s.io/v1",
                "kind": "TokenRequest",
                "spec": {"expirationSeconds": 7200},
            },
        )
        check(status == 201, f"token of {ACCOUNT}: {body}")
        self.token = body["status"]["token"]
        self.path = os.path.join(STATE, "portside-account.kubeconfig")
        with open(os.path.join(STATE, "kubeconfig"), encoding="utf-8") as file:
            config = yaml.safe_load(file)
        config["users"][0]["user"] = {"token": self.token}
        with open(self.path, "w", encoding="utf-8") as file:
            yaml.safe_dump(config, file)

    def api(self):
        """A Cluster whose requests are the account's."""
        cluster = Cluster()
        cluster.token = self.token
        return cluster

    def can(self, verb, resource, namespace="", name=""):
        """What kubectl auth can-i says: resource as in `services` or `leases.coordination.k8s.io`."""
        process = subprocess.run(
            [KUBECTL, "--kubeconfig", self.path, "auth", "can-i", verb]
            + [f"{resource}/{name}" if name else resource]
            + (["--namespace", namespace] if namespace else ["--all-namespaces"]),
            text=True,
            capture_output=True,
            timeout=30,
            check=False,
        )
        answer = process.stdout.strip().splitlines()[-1:]
        check(answer in (["yes"], ["no"]), f"can-i {verb} {resource}: {process.stderr}")
        return answer == ["yes"]


class Installed(Replica):
    """A portside on loopback with the chart's account, asked by the chart's registration."""

    notes = None

    def start(self, drain_seconds=0, kubeconfig=None):
        self.account = Account(self.cluster)
        return super().start(drain_seconds, kubeconfig or self.account.path)

    def register(self):
        """Only where it is asked differs from what helm installed."""
        self.point({"url": self.url, "caBundle": self.certificates.bundle()})
        wait_effect(self.cluster)

    def point_to_service(self):
        """As helm installed it, but for the caBundle, which is given back: helm can upgrade it."""
        bundle = self.certificates.bundle()
        service = {"name": "portside", "namespace": NAMESPACE, "path": "/mutate", "port": 443}
        self.point({"service": service, "caBundle": bundle})
        return bundle

    def point(self, client):
        """Gives both entries of the registration this clientConfig."""
        path = f"{REGISTRATIONS}/portside"
        operations = [
            {"op": "replace", "path": f"/webhooks/{at}/clientConfig", "value": client}
            for at in (0, 1)
        ]
        status, body, _ = self.cluster.request(
            "PATCH", path, operations, "application/json-patch+json"
        )
        check(status == 200, f"registration: {body}")


class Managed(Installed):
    """One that looks after its certificate itself."""

    def start(self, drain_seconds=0, kubeconfig=None):
        self.launch(drain_seconds, kubeconfig)
        wait_until("portside is ready", self.ready, 60)
        return self

    def launch(self, drain_seconds=0, kubeconfig=None):
        self.account = Account(self.cluster)
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [
                    self.binary,
                    "serve",
                    *("--listen", f"127.0.0.1:{self.port}"),
                    *("--plain-listen", f"127.0.0.1:{self.plain_port}"),
                    *("--certificates", "managed", "--controller", "on", "--log-format", "json"),
                    *("--kubeconfig", kubeconfig or self.account.path),
                    *("--drain-seconds", str(drain_seconds)),
                ],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )

    def bundles(self):
        found = self.cluster.get(f"{REGISTRATIONS}/portside") or {"webhooks": [{"clientConfig": {}}]}
        webhooks = found["webhooks"]
        return [one["clientConfig"].get("caBundle", "") for one in webhooks]

    def served_names(self):
        pem = ssl.get_server_certificate(("127.0.0.1", self.port))
        process = subprocess.run(
            ["openssl", "x509", "-noout", "-ext", "subjectAltName"],
            input=pem,
            text=True,
            capture_output=True,
            check=True,
        )
        return process.stdout


class Chart(World):
    """What a test of the chart is given."""

    def account(self):
        return self.portside.account

    def refused_records(self):
        """Log records that tell of a missing right; times and identities hold any number."""
        return [
            json.dumps(record)
            for record in self.portside.records()
            if any(
                " 403 " in str(value) or "orbidden" in str(value)
                for key, value in record.items()
                if key not in ("time", "uid", "duration_ms")
            )
        ]


def label_for_injection(cluster, namespace, on):
    cluster.kubectl("label", "--overwrite", "namespace", namespace, f"{LABEL}{'=enabled' if on else '-'}")


def wait_gone(test, path):
    wait_until(f"{path} is gone", lambda: test.cluster.get(path) is None)
