# SPDX-License-Identifier: Apache-2.0
"""From another mode of certificates to `managed`, by one `helm upgrade`: a replica of the old mode
leads until the new one is ready, and whoever serves is verified by the caBundle all the time."""

import base64
import socket
import ssl

from harness import check, wait_until
from hooks import REGISTRATIONS
from installed import CHART, NAMESPACE, RELEASE, VALUES, Managed, helm
from mounted import Load
from tests_cert_manager import issued, secret_path
from tests_own_secret import mounted

SECRET = "portside-certificates"
SERVICE = {"name": "portside", "namespace": NAMESPACE, "path": "/mutate", "port": 443}
# Nobody leads for the new one, and it waits until each API server must know of its CA.
READY_S = 120


def published(cluster):
    """The caBundle of each entry."""
    webhooks = cluster.get(f"{REGISTRATIONS}/portside")["webhooks"]
    return [base64.b64decode(one["clientConfig"].get("caBundle", "")).decode() for one in webhooks]


def handshake(port, bundle):
    """What an API server that goes by it would see: a problem, or nothing."""
    try:
        context = ssl.create_default_context(cadata=bundle)
        with socket.create_connection(("127.0.0.1", port), 10) as plain:
            context.wrap_socket(plain, server_hostname=f"portside.{NAMESPACE}.svc").close()
    except (OSError, ValueError) as error:
        return f"port {port}: {error}"
    return ""


def change(test, old):
    """The old replica leads; the new one comes beside it, then the old one ends."""
    serving = [old]

    def ask():
        bundles = published(test.cluster)
        problems = [handshake(one.port, bundle) for one in list(serving) for bundle in bundles]
        return "; ".join(filter(None, problems))

    wait_until("the old one leads", lambda: old.records(msg="leading"), 30)
    before = published(test.cluster)[0].strip()
    new = Managed(test.cluster, test.portside.binary, "to-managed")
    try:
        with Load(ask) as load:
            helm("upgrade", RELEASE, CHART, *VALUES)
            new.launch()
            wait_until("the new one is ready", new.ready, READY_S)
            serving.append(new)
            load.after(20)
            serving.remove(old)
            load.after(2)  # one that began before may still ask it
            old.stop()
            wait_until("the new one leads", lambda: new.records(msg="leading"), 30)
            load.after(20)
            check(all(before in one for one in published(test.cluster)), "the old CA is not trusted any more")
            return load.judge()
    finally:
        new.stop()


def test_own_secret_to_managed(test):
    """For the first time. The leader publishes the CA of that Secret, and leaves the new one alone."""
    with mounted(test) as bed:
        test.cluster.request("DELETE", secret_path(SECRET))
        bundle = base64.b64encode(bed.published().encode()).decode()
        bed.portside.point({"service": SERVICE, "caBundle": bundle})
        return change(test, bed.portside)


def test_cert_manager_to_managed(test):
    """With the Secret of an earlier time, whose CA nobody trusts any more."""
    with issued(test) as bed:
        check(test.cluster.get(secret_path(SECRET)), f"there is no Secret {SECRET}")
        return change(test, bed.portside)
