# SPDX-License-Identifier: Apache-2.0
"""On real nodes: certificates.mode=certManager, with a cert-manager that runs, and from one mode to
another. Kubelets bring what it makes into the pods, so a renewal takes a minute or two."""

import base64
import shutil
import tempfile
import time

from certmanager import Certificate, CertManager
from events import Event, nobody_notices, run
from exposed import wait_endpoints
from harness import check, long, wait_until
from hooks import REGISTRATIONS
from installed import NAMESPACE
from nodes import create
from reach import BROKERS, check_bootstrap, check_reachable, ready
from tests_cert_manager import make_cluster_issuer, secret, secret_path
from tests_own_secret import Authority

MODE = "certificates.mode"
NAME = "certificates.secretName"
ISSUER = "certificates.certManager.issuerName"
KIND = "certificates.certManager.issuerKind"
HAS_CA = "certificates.secretHasCa"
# The two modes do not share a Secret: docs/configure.md.
MANAGED = {
    MODE: "managed",
    NAME: "portside-certificates",
    ISSUER: "",
    KIND: "Issuer",
}
ISSUED = {MODE: "certManager", NAME: "portside-issued"}
OWN = {MODE: "secret", NAME: "portside-own"}
# A kubelet looks at its Secrets once in a minute and a half.
SECONDS = 240
# Until each API server goes by another caBundle.
PROPAGATION_S = 30


def certificate(release, name="portside"):
    return Certificate(release.cluster, NAMESPACE, name)


def content(release, key):
    return secret(release.cluster, release.values[NAME]).get(key, "").strip()


def change(release, values):
    """As an administrator does it; waits until both replicas serve what the new Secret holds."""
    release.upgrade(SECONDS, **values)
    wait_served(release)


def wait_served(release, before=""):
    """Both replicas serve what the Secret holds, and that is something new."""

    def probe():
        leaf = content(release, "tls.crt")
        return leaf and leaf != before and release.served() == {leaf}

    wait_until("both replicas serve the certificate in the Secret", probe, SECONDS)


def begin(release, pods):
    change(release, ISSUED)


def renew(release, pods):
    before = content(release, "tls.crt")
    certificate(release).renew()
    wait_served(release, before)


def rotate(release, pods):
    """The Secret of the CA is deleted, and the key with it."""
    ca = certificate(release, "portside-ca")
    before, revision = content(release, "ca.crt"), ca.revision()
    release.cluster.request("DELETE", secret_path(f"{release.values[NAME]}-ca"))
    ca.wait_issued(since=revision)
    renew(release, pods)
    check(content(release, "ca.crt") != before, "it is the same CA")


def change_issuer(release, pods):
    before = content(release, "tls.crt")
    release.upgrade(**{ISSUER: "own", KIND: "ClusterIssuer"})
    wait_served(release, before)


def end(release, pods):
    """The leader is an old pod, which makes no certificates."""
    change(release, MANAGED)


EVENTS = {
    "managed to certManager": begin,
    "cert-manager renews": renew,
    "cert-manager, CA with another key": rotate,
    "cert-manager, another issuer": change_issuer,
    # With the Secret of the first time.
    "certManager to managed": end,
}


@long
def test_cert_manager(context):
    """Nobody notices."""
    folder = tempfile.mkdtemp(prefix="portside-own-ca-")
    try:
        with CertManager(context.cluster):
            make_cluster_issuer(context, Authority(folder, "own"))
            return "\n".join(
                run(context, Event(name, what, seconds=SECONDS), nobody_notices)
                for name, what in EVENTS.items()
            )
    finally:
        shutil.rmtree(folder)
        context.portside.upgrade(SECONDS, **MANAGED)


@long
def test_install_with_cert_manager(context):
    """The pods wait for their Secret, and no longer. Then to what was never used before."""
    release = context.portside
    release.stop()
    release.values |= ISSUED
    forget_secrets(context)
    try:
        with CertManager(context.cluster):
            took = release.install()
            check_brokers(context)
            seen = run(context, Event("certManager to managed, at first", end), nobody_notices)
    finally:
        release.upgrade(SECONDS, **MANAGED)
    return f"both replicas ready {took:.1f} s after helm install began\n{seen}"


@long
def test_own_secret_to_managed(context):
    """Its CA was published by the leader, which is of the old mode until the end."""
    folder = tempfile.mkdtemp(prefix="portside-own-ca-")
    release = context.portside
    release.stop()
    release.values |= OWN
    forget_secrets(context)
    try:
        make_own_secret(context, Authority(folder, "own"))
        release.install()
        check_brokers(context)
        return run(context, Event("secret to managed", end, seconds=SECONDS), nobody_notices)
    finally:
        shutil.rmtree(folder)
        release.upgrade(SECONDS, **MANAGED)


@long
def test_managed_to_own_secret(context):
    """In the steps of docs/configure.md: the CA first, then the certificate."""
    folder = tempfile.mkdtemp(prefix="portside-own-ca-")
    authority = Authority(folder, "own")
    context.cluster.request("DELETE", secret_path(OWN[NAME]))

    def begin_with_ca(release, pods):
        release.begin_upgrade(**OWN, **{HAS_CA: "false"})
        publish_beside(context, authority)
        time.sleep(PROPAGATION_S)
        make_own_secret(context, authority)
        release.wait_ready(SECONDS)
        wait_served(release)

    try:
        return run(
            context, Event("managed to secret", begin_with_ca, seconds=SECONDS), nobody_notices
        )
    finally:
        shutil.rmtree(folder)
        context.portside.upgrade(SECONDS, **MANAGED, **{HAS_CA: "true"})


def publish_beside(context, authority):
    """By hand, as nobody else may."""
    path = f"{REGISTRATIONS}/portside"
    webhooks = context.cluster.get(path)["webhooks"]
    before = base64.b64decode(webhooks[0]["clientConfig"]["caBundle"]).decode()
    bundle = base64.b64encode((before + authority.text()).encode()).decode()
    operations = [
        {"op": "replace", "path": f"/webhooks/{at}/clientConfig/caBundle", "value": bundle}
        for at in range(len(webhooks))
    ]
    status, body, _ = context.cluster.request(
        "PATCH", path, operations, "application/json-patch+json"
    )
    check(status == 200, f"registration: {body}")


def make_own_secret(context, authority):
    certificate_pem, key = authority.leaf()
    content_pem = {"tls.crt": certificate_pem, "tls.key": key, "ca.crt": authority.text()}
    status, body, _ = context.cluster.request(
        "POST",
        f"/api/v1/namespaces/{NAMESPACE}/secrets",
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": OWN[NAME]},
            "type": "kubernetes.io/tls",
            "stringData": content_pem,
        },
    )
    check(status == 201, f"Secret: {body}")


def forget_secrets(context):
    for values in (MANAGED, ISSUED, OWN):
        for name in (values[NAME], f"{values[NAME]}-ca"):
            context.cluster.request("DELETE", secret_path(name))


def check_brokers(context):
    """They are injected, and the client outside reaches them."""
    namespace = context.namespace()
    create(context, namespace, "standin")
    endpoints = wait_endpoints(context, namespace, BROKERS)
    ready(context, namespace)
    check_reachable(endpoints)
    check_bootstrap(context, namespace, endpoints)
