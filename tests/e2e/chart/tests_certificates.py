# SPDX-License-Identifier: Apache-2.0
"""Rights withheld from the keeping of certificates: the log names verb and resource, the process
lives on, and all is right once they are granted."""

import contextlib
import time

from harness import check, wait_until
from installed import NAMESPACE, Managed

RBAC = "/apis/rbac.authorization.k8s.io/v1"
ROLE = f"{RBAC}/namespaces/{NAMESPACE}/roles/portside"
CLUSTER_ROLE = f"{RBAC}/clusterroles/portside"
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/portside-certificates"
MERGE = "application/merge-patch+json"


def set_rules(test, path, rules):
    status, body, _ = test.cluster.request("PATCH", path, {"rules": rules}, MERGE)
    check(status == 200, f"rules: {body}")


@contextlib.contextmanager
def withheld(test, path, resource, verbs):
    """A portside that makes certificates, without these verbs on that resource; gives it and what
    grants them again. There is neither Secret nor caBundle."""
    right = test.cluster.get(path)["rules"]
    rules = [
        {**rule, "verbs": [verb for verb in rule["verbs"] if resource not in rule["resources"] or verb not in verbs]}
        for rule in right
    ]
    other = Managed(test.cluster, test.portside.binary, "withheld")
    test.portside.stop()  # the one that leads makes them
    other.point({"service": {"name": "portside", "namespace": NAMESPACE, "path": "/mutate"}})
    test.cluster.request("DELETE", SECRET)
    set_rules(test, path, [rule for rule in rules if rule["verbs"]])
    try:
        other.launch()
        yield other, lambda: set_rules(test, path, right)
    finally:
        set_rules(test, path, right)
        other.stop()
        test.portside.start()
        test.portside.register()


def wait_named(portside, verb, resource):
    words = f"'{verb}' on '{resource}'"

    def named():
        return [one for one in portside.records(level="warn") if words in one.get("problem", "")]

    return wait_until(f"the log names {words}", named, 20)[0]


def wait_right(portside):
    begun = time.monotonic()
    wait_until("portside is ready", portside.ready, 60)
    wait_until("both caBundles are written", lambda: all(portside.bundles()), 60)
    return f"all right {time.monotonic() - begun:.1f} s after it was granted"


def check_alive_and_unready(portside):
    check(portside.plain("/healthz")[0] == 200, "it is not alive")
    status, text = portside.plain("/readyz")
    check(status == 503 and "no certificate in the Secret" in text, f"{status} {text}")


def test_no_right_to_read_the_secret(test):
    with withheld(test, ROLE, "secrets", ("get", "list", "watch")) as (portside, grant):
        wait_named(portside, "list", "secrets")
        check_alive_and_unready(portside)
        check(test.cluster.get(SECRET) is None, "a Secret was made blindly")
        grant()
        return wait_right(portside)


def test_no_right_to_create_the_secret(test):
    with withheld(test, ROLE, "secrets", ("create",)) as (portside, grant):
        record = wait_named(portside, "create", "secrets")
        check("cannot write the Secret" in record["msg"], str(record))
        check_alive_and_unready(portside)
        grant()
        return wait_right(portside)


def test_no_right_to_patch_the_secret(test):
    """What it serves stays in service."""
    with withheld(test, ROLE, "secrets", ("patch",)) as (portside, grant):
        wait_until("portside is ready", portside.ready, 60)
        step = {"data": {"tls.key": "aGVsbG8="}}
        status, body, _ = test.cluster.request("PATCH", SECRET, step, MERGE)
        check(status == 200, f"Secret: {body}")
        wait_named(portside, "patch", "secrets")
        check(portside.ready(), "it is not ready any more")
        grant()
        wait_until(
            "the Secret is mended",
            lambda: test.cluster.get(SECRET)["data"]["tls.key"] != "aGVsbG8=",
            60,
        )
        return wait_right(portside)


def test_no_right_to_patch_the_registration(test):
    resource = "mutatingwebhookconfigurations"
    with withheld(test, CLUSTER_ROLE, resource, ("patch",)) as (portside, grant):
        record = wait_named(portside, "patch", resource)
        check("cannot write caBundle" in record["msg"], str(record))
        check(test.cluster.get(SECRET), "the Secret was not made")
        grant()
        return wait_right(portside)


def test_no_right_to_watch_the_registration(test):
    resource = "mutatingwebhookconfigurations"
    with withheld(test, CLUSTER_ROLE, resource, ("list", "watch")) as (portside, grant):
        wait_named(portside, "list", resource)
        check(portside.plain("/healthz")[0] == 200, "it is not alive")
        grant()
        return wait_right(portside)
