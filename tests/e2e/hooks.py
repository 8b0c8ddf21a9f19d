# SPDX-License-Identifier: Apache-2.0
"""Webhooks on loopback: a stand-in server, certificates, registration with the API server."""

import base64
import http.server
import json
import os
import ssl
import subprocess
import threading

import yaml

from harness import HERE, ROOT, STATE, check, wait_until

REGISTRATIONS = "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations"


class Certificates:
    """A development CA in a folder of the state, and certificates for 127.0.0.1 signed by it."""

    def __init__(self, name="hooks"):
        self.folder = os.path.join(STATE, "certs", name)
        self.make()

    def make(self, *options, name="portside"):
        subprocess.run(
            [
                os.path.join(ROOT, "certs", "dev-ca.sh"),
                "--dir",
                self.folder,
                "--name",
                name,
                "--san",
                "127.0.0.1",
                *options,
            ],
            check=True,
            stdout=subprocess.DEVNULL,
        )

    def path(self, name):
        return os.path.join(self.folder, name)

    def bundle(self):
        with open(self.path("ca.crt"), "rb") as file:
            return base64.b64encode(file.read()).decode()


class StandIn:
    """An HTTPS webhook in this process. answer(review) returns patch operations, or None."""

    def __init__(self, certificates, answer=lambda review: None):
        self.bodies = []
        self.lock = threading.Lock()
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self.handler(answer))
        self.server.daemon_threads = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(
            certificates.path("portside.crt"), certificates.path("portside.key")
        )
        self.server.socket = context.wrap_socket(
            self.server.socket, server_side=True, do_handshake_on_connect=False
        )
        self.url = f"https://127.0.0.1:{self.server.server_address[1]}/"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def handler(self, answer):
        stand_in = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"]))
                with stand_in.lock:
                    stand_in.bodies.append(body)
                review = json.loads(body)
                response = {"uid": review["request"]["uid"], "allowed": True}
                operations = answer(review)
                if operations:
                    response["patchType"] = "JSONPatch"
                    response["patch"] = base64.b64encode(json.dumps(operations).encode()).decode()
                text = json.dumps(
                    {
                        "apiVersion": "admission.k8s.io/v1",
                        "kind": "AdmissionReview",
                        "response": response,
                    }
                ).encode()
                self.send_response(200)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *arguments):
                pass

        return Handler

    def taken(self):
        """What arrived so far, as (bytes, decoded)."""
        with self.lock:
            return [(body, json.loads(body)) for body in self.bodies]

    def close(self):
        self.server.shutdown()
        self.server.server_close()


def recording(url, bundle, namespace_label):
    """A registration that sends all about StatefulSets and pods of labelled namespaces to url."""
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "MutatingWebhookConfiguration",
        "metadata": {"name": "record"},
        "webhooks": [
            {
                "name": "record.portside.dev",
                "admissionReviewVersions": ["v1"],
                "sideEffects": "None",
                "clientConfig": {"url": url, "caBundle": bundle},
                "failurePolicy": "Fail",
                "timeoutSeconds": 10,
                "namespaceSelector": {"matchLabels": namespace_label},
                "rules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["*"],
                        "resources": ["statefulsets", "statefulsets/scale"],
                    },
                    {
                        "apiGroups": [""],
                        "apiVersions": ["v1"],
                        "operations": ["*"],
                        "resources": ["pods"],
                    },
                ],
            }
        ],
    }


def portside(url, bundle):
    """The registration of webhook.yaml with url and certificate filled in."""
    with open(os.path.join(HERE, "webhook.yaml"), encoding="utf-8") as file:
        configuration = yaml.safe_load(file)
    for webhook in configuration["webhooks"]:
        webhook["clientConfig"] = {"url": url, "caBundle": bundle}
    return configuration


def register(cluster, configuration):
    """Registers it in place of one of the same name. The API server notices within a moment: the
    caller waits for the effect it needs."""
    name = configuration["metadata"]["name"]
    unregister(cluster, name)
    status, body, _ = cluster.request("POST", REGISTRATIONS, configuration)
    check(status == 201, f"registration of '{name}': {body}")


PROBE = {
    "apiVersion": "apps/v1",
    "kind": "StatefulSet",
    "metadata": {"name": "probe", "annotations": {"portside.dev/inject": "maybe"}},
    "spec": {
        "serviceName": "probe",
        "selector": {"matchLabels": {"app": "probe"}},
        "template": {
            "metadata": {"labels": {"app": "probe"}},
            "spec": {"containers": [{"name": "kafka", "image": "apache/kafka:4.1.0"}]},
        },
    },
}


def wait_effect(cluster, namespace="portside-probe"):
    """A wish that must be denied is denied: so the API server asks, and portside answers."""
    if not cluster.get(f"/api/v1/namespaces/{namespace}"):
        cluster.namespace(namespace)
    path = f"/apis/apps/v1/namespaces/{namespace}/statefulsets?dryRun=All"
    wait_until(
        "the API server asks portside",
        lambda: cluster.request("POST", path, PROBE)[0] in (400, 403, 422),
    )


def unregister(cluster, name):
    cluster.request("DELETE", f"{REGISTRATIONS}/{name}")
