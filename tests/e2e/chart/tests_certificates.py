# SPDX-License-Identifier: Apache-2.0
"""What is done to the certificates and the registration of a release, and rights withheld from
keeping them: the log names verb and resource, the process lives on, and all is right once they are
granted."""

import contextlib
import time

from harness import check, wait_until
from hooks import REGISTRATIONS
from installed import CHART, NAMESPACE, RELEASE, VALUES, Managed, helm

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


@contextlib.contextmanager
def keeping(test):
    """A portside that makes certificates; the registration leads to its Service."""
    other = Managed(test.cluster, test.portside.binary, "keeping")
    test.portside.stop()
    other.point({"service": {"name": "portside", "namespace": NAMESPACE, "path": "/mutate", "port": 443}})
    try:
        other.start()
        wait_until("both caBundles are written", lambda: all(other.bundles()), 60)
        yield other
    finally:
        other.stop()
        test.portside.start()
        test.portside.register()


def content(registration):
    """All but what the API server keeps of its own."""
    metadata = registration["metadata"]
    kept = {key: metadata.get(key) for key in ("name", "labels", "annotations")}
    return kept, registration["webhooks"]


def test_a_deleted_registration_is_back(test):
    """With rules, labels and caBundle; Helm and a GitOps tool go on with it."""
    path = f"{REGISTRATIONS}/portside"
    with keeping(test) as portside:
        before = test.cluster.get(path)
        begun = time.monotonic()
        test.kubectl("delete", "mutatingwebhookconfiguration", "portside")
        after = wait_until("the registration is back", lambda: test.cluster.get(path), 20)
        took = time.monotonic() - begun
        check(content(after) == content(before), f"{before}\n{after}")
        check(after["metadata"]["uid"] != before["metadata"]["uid"], "it was not deleted")
        portside.wait_record(level="warn", webhook="portside")
        helm("upgrade", RELEASE, CHART, *VALUES, "--set", "webhook.timeoutSeconds=9")
        upgraded = test.cluster.get(path)["webhooks"]
        check([one["timeoutSeconds"] for one in upgraded] == [9, 9], f"{upgraded}")
        check(portside.bundles() == [one["clientConfig"]["caBundle"] for one in before["webhooks"]], "caBundle")
        step = [{"op": "remove", "path": "/webhooks/1/clientConfig/caBundle"}]
        test.cluster.request("PATCH", path, step, "application/json-patch+json")
        wait_until("the caBundle is put right", lambda: all(portside.bundles()))
        still = test.cluster.get(path)["webhooks"]
        check(still == upgraded, f"{upgraded}\n{still}")
        helm("upgrade", RELEASE, CHART, *VALUES)
    return f"back after {took:.1f} s"


def test_a_registration_without_its_service_stays_deleted(test):
    """As when all of portside is deleted, by whatever tool."""
    service = f"/api/v1/namespaces/{NAMESPACE}/services/portside"
    path = f"{REGISTRATIONS}/portside"
    with keeping(test) as portside:
        kept = test.cluster.get(service)
        test.kubectl("delete", "mutatingwebhookconfiguration", "portside")
        test.cluster.request("DELETE", service)
        words = "the webhook configuration is gone with the Service, and is not made again"
        portside.wait_record(msg=words)
        check(test.cluster.get(path) is None, "it is back")
        for key in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            kept["metadata"].pop(key, None)
        kept["spec"].pop("clusterIP", None)
        kept["spec"].pop("clusterIPs", None)
        status, body, _ = test.cluster.request("POST", f"/api/v1/namespaces/{NAMESPACE}/services", kept)
        check(status == 201, f"Service: {body}")
        helm("upgrade", RELEASE, CHART, *VALUES)
        wait_until("both caBundles are written", lambda: all(portside.bundles()), 20)


def test_no_right_to_make_the_registration(test):
    resource = "mutatingwebhookconfigurations"
    with withheld(test, CLUSTER_ROLE, resource, ("create",)) as (portside, grant):
        wait_right(portside)
        test.kubectl("delete", "mutatingwebhookconfiguration", "portside")
        record = wait_named(portside, "create", resource)
        check("cannot make the deleted webhook configuration again" in record["msg"], str(record))
        grant()
        wait_until("the registration is back", lambda: test.cluster.get(f"{REGISTRATIONS}/portside"), 60)
        return wait_right(portside)


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
