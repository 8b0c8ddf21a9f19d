# SPDX-License-Identifier: Apache-2.0
"""certificates.mode=certManager, with a cert-manager that runs: what it makes is mounted with some
delay, as the kubelet does it, and its cainjector writes the caBundle."""

import base64
import contextlib
import functools
import os
import shutil
import socket
import ssl
import tempfile
import threading

from certmanager import API, Certificate, CertManager
from harness import check, wait_until
from hooks import REGISTRATIONS
from installed import CHART, NAMESPACE, RELEASE, VALUES, helm
from mounted import Load, Mounted, Volume, ask
from portside import is_injected
from tests_own_secret import Authority
from world import create

MODE = ("--set", "certificates.mode=certManager", "--set", "certificates.secretName=made")
SERVICE = f"/api/v1/namespaces/{NAMESPACE}/services/portside"
REGISTRATION = f"{REGISTRATIONS}/portside"
# The Secret is with the API server so long before it is in the volume.
LAG_S = 4.0
# cert-manager looks here for Secrets of ClusterIssuers.
CLUSTER_NAMESPACE = "cert-manager"


def secret_path(name):
    return f"/api/v1/namespaces/{NAMESPACE}/secrets/{name}"


def secret(cluster, name):
    """The content as texts; nothing, if it is not there."""
    found = cluster.get(secret_path(name)) or {}
    return {key: base64.b64decode(text).decode() for key, text in found.get("data", {}).items()}


class Kubelet:
    """Brings what the Secret holds into the volume."""

    def __init__(self, cluster, volume):
        self.cluster, self.volume = cluster, volume
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        before = {}
        while not self.ended.wait(0.2):
            now = secret(self.cluster, "made")
            if now and now != before:
                before = now
                self.ended.wait(LAG_S)
                self.volume.write(now)

    def stop(self):
        self.ended.set()
        self.thread.join()


class Bed:
    """The release, and its portside with the volume."""

    def __init__(self, test, folder):
        self.cluster, self.folder = test.cluster, folder
        self.space = test.namespace()
        self.leaf = Certificate(test.cluster, NAMESPACE, "portside")
        self.ca = Certificate(test.cluster, NAMESPACE, "portside-ca")
        self.portside = Mounted(test.cluster, test.portside.binary, "cert-manager")
        self.kubelet = Kubelet(test.cluster, Volume(folder))

    def start(self):
        """As pods do: only when there is something to mount."""
        self.leaf.wait_issued()
        wait_until("the Secret is mounted", lambda: os.path.exists(f"{self.folder}/volume/tls.crt"))
        self.lead()
        self.portside.launch(self.folder)
        wait_until("portside is ready", self.portside.ready, 30)
        wait_until("the API server asks", lambda: not self.ask(), 30)

    def lead(self):
        """The Service leads to this machine; the API server checks its name in the certificate."""
        away = {"type": "ExternalName", "externalName": "127.0.0.1", "clusterIP": None, "clusterIPs": None}
        status, body, _ = self.cluster.request(
            "PATCH", SERVICE, {"spec": away}, "application/merge-patch+json"
        )
        check(status == 200, f"Service: {body}")
        operations = [
            {"op": "replace", "path": f"/webhooks/{at}/clientConfig/service/port", "value": self.portside.port}
            for at in (0, 1)
        ]
        status, body, _ = self.cluster.request(
            "PATCH", REGISTRATION, operations, "application/json-patch+json"
        )
        check(status == 200, f"registration: {body}")

    def stop(self):
        self.kubelet.stop()
        self.portside.stop()

    def published(self):
        """The caBundle, which both entries share."""
        webhooks = self.cluster.get(REGISTRATION)["webhooks"]
        bundles = {one["clientConfig"].get("caBundle", "") for one in webhooks}
        check(len(bundles) == 1, f"caBundles {bundles}")
        return base64.b64decode(bundles.pop()).decode()

    def handshake(self):
        """What another API server would see, one that connects just now: a problem, or nothing."""
        published = self.published()
        if not published:
            return "there is no caBundle"
        context = ssl.create_default_context(cadata=published)
        try:
            with socket.create_connection(("127.0.0.1", self.portside.port), 10) as plain:
                context.wrap_socket(plain, server_hostname=f"portside.{NAMESPACE}.svc").close()
        except OSError as error:
            return f"handshake: {error}"
        return ""

    def ask(self):
        return self.handshake() or ask(self.cluster, self.space)

    def renew(self):
        """And waits until that certificate is served, by whose CA the caBundle grew already."""
        self.leaf.renew()
        wanted = secret(self.cluster, "made")["tls.crt"].strip()
        port = self.portside.port

        def served():
            return ssl.get_server_certificate(("127.0.0.1", port)).strip() == wanted

        wait_until("the new certificate is served", served, 30)


@contextlib.contextmanager
def issued(test, *options, before=lambda: None):
    """The release, installed anew in this mode; before() is called when cert-manager runs."""
    folder = tempfile.mkdtemp(prefix="portside-cert-manager-")
    test.portside.stop()
    helm("uninstall", RELEASE, "--wait")
    try:
        with CertManager(test.cluster):
            before()
            bed = Bed(test, folder)
            try:
                helm("install", RELEASE, CHART, *VALUES, *MODE, *options)
                bed.start()
                yield bed
            finally:
                bed.stop()
                helm("uninstall", RELEASE, "--ignore-not-found", "--wait")
                for name in ("made", "made-ca"):
                    test.cluster.request("DELETE", secret_path(name))
    finally:
        shutil.rmtree(folder)
        helm("install", RELEASE, CHART, *VALUES)
        test.portside.start()
        test.portside.register()


def check_that_the_cainjector_writes(test, bed):
    """And portside does not, nor may it."""
    check(bed.published() == secret(test.cluster, "made")["ca.crt"], "the caBundle")
    fields = test.cluster.get(REGISTRATION)["metadata"]["managedFields"]
    writers = {one["manager"] for one in fields if "f:caBundle" in str(one["fieldsV1"])}
    check(writers == {"cert-manager-cainjector"}, f"{writers} wrote the caBundle")
    may = bed.portside.account.can
    check(not may("patch", "mutatingwebhookconfigurations.admissionregistration.k8s.io"), "a right too many")
    check(not may("get", "secrets", NAMESPACE, "made"), "it may read the Secret")


def test_cert_manager_makes_and_renews(test):
    """A new certificate, one after the CA was renewed, and one of a CA with another key: no review
    fails."""
    with issued(test) as bed:
        check_that_the_cainjector_writes(test, bed)
        namespace = create(test, replicas=1)
        check(is_injected(test.cluster.wait_pod(namespace, "kafka-0")), "the broker is not injected")
        with Load(bed.ask) as load:
            first = secret(test.cluster, "made-ca")
            bed.renew()
            load.after(20)
            bed.ca.renew()
            renewed = secret(test.cluster, "made-ca")
            check(renewed["tls.crt"] != first["tls.crt"], "the CA was not renewed")
            check(renewed["tls.key"] == first["tls.key"], "the CA has another key")
            bed.renew()
            load.after(20)
            before = bed.ca.revision()
            test.cluster.request("DELETE", secret_path("made-ca"))
            bed.ca.wait_issued(since=before)
            check(secret(test.cluster, "made-ca")["tls.key"] != first["tls.key"], "it is the same CA")
            bed.renew()
            load.after(20)
            return load.judge()


def make_cluster_issuer(test, authority):
    """`own`, which signs with that CA."""
    if not test.cluster.get(f"/api/v1/namespaces/{CLUSTER_NAMESPACE}"):
        test.cluster.namespace(CLUSTER_NAMESPACE, inject=False)
    with open(os.path.join(authority.folder, f"{authority.name}.key"), encoding="utf-8") as file:
        key = file.read()
    test.cluster.request("DELETE", f"/api/v1/namespaces/{CLUSTER_NAMESPACE}/secrets/own")
    status, body, _ = test.cluster.request(
        "POST",
        f"/api/v1/namespaces/{CLUSTER_NAMESPACE}/secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": "own"},
            "type": "kubernetes.io/tls",
            "stringData": {"tls.crt": authority.text(), "tls.key": key},
        },
    )
    check(status == 201, f"Secret: {body}")
    issuer = {
        "apiVersion": "cert-manager.io/v1",
        "kind": "ClusterIssuer",
        "metadata": {"name": "own"},
        "spec": {"ca": {"secretName": "own"}},
    }
    status, body, _ = test.cluster.request("POST", f"{API}/clusterissuers", issuer)
    check(status in (201, 409), f"ClusterIssuer: {body}")


def test_cert_manager_with_an_issuer_of_ones_own(test):
    """The chart then makes no CA."""
    folder = tempfile.mkdtemp(prefix="portside-own-ca-")
    authority = Authority(folder, "own")
    values = "certificates.certManager.issuerName=own,certificates.certManager.issuerKind=ClusterIssuer"
    try:
        make = functools.partial(make_cluster_issuer, test, authority)
        with issued(test, "--set", values, before=make) as bed, Load(bed.ask) as load:
            check(bed.published() == authority.text(), "the caBundle is not that CA")
            issuers = test.cluster.get(f"{API}/namespaces/{NAMESPACE}/issuers")["items"]
            check(not issuers, f"Issuers {issuers}")
            bed.renew()
            load.after(20)
            return load.judge()
    finally:
        shutil.rmtree(folder)
