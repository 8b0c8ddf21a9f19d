# SPDX-License-Identifier: Apache-2.0
"""Portside's account lacks a right: it says which, the rest goes on, and all is right once it is
granted."""

import contextlib
import time

from estate import Estate, behind_proxy
from harness import check, long, wait_until
from world import NAMESPACE, create, wait_service

ROLE = "portside-e2e"
EXPIRES_S = 3600
# So that pauses between tries have grown when it is granted.
LACK_S = 5
# (group, resource): all that portside asks for.
GRANTS = {
    ("", "namespaces"): ("list", "watch"),
    ("apps", "statefulsets"): ("list", "watch"),
    ("", "pods"): ("list", "watch", "patch"),
    ("", "nodes"): ("get",),
    ("", "services"): ("get", "list", "watch", "create", "patch", "delete"),
    ("", "configmaps"): ("get", "list", "watch", "create", "patch", "delete"),
    ("networking.k8s.io", "networkpolicies"):
        ("get", "list", "watch", "create", "patch", "delete"),
    ("", "events"): ("get", "create", "patch"),
    ("coordination.k8s.io", "leases"): ("get", "list", "watch", "create", "patch"),
}


def set_role(test, without="", verbs=()):
    """All grants but these verbs on that resource."""
    rules = [
        {"apiGroups": [group], "resources": [resource],
         "verbs": [verb for verb in granted if resource != without or verb not in verbs]}
        for (group, resource), granted in GRANTS.items()
    ]
    path = "/apis/rbac.authorization.k8s.io/v1/clusterroles"
    role = {"apiVersion": "rbac.authorization.k8s.io/v1", "kind": "ClusterRole",
            "metadata": {"name": ROLE}, "rules": [rule for rule in rules if rule["verbs"]]}
    status, body, _ = test.cluster.request("POST", path, role)
    if status == 409:
        status, body, _ = test.cluster.request("PUT", f"{path}/{ROLE}", role)
    check(status in (200, 201), f"ClusterRole: {body}")


def make_account(test):
    """A service account with the role; a token for it."""
    path = f"/api/v1/namespaces/{NAMESPACE}/serviceaccounts"
    test.cluster.request("POST", path, {"metadata": {"name": ROLE}})
    api = "rbac.authorization.k8s.io"
    test.cluster.request("POST", f"/apis/{api}/v1/clusterrolebindings", {
        "metadata": {"name": ROLE},
        "roleRef": {"apiGroup": api, "kind": "ClusterRole", "name": ROLE},
        "subjects": [{"kind": "ServiceAccount", "name": ROLE, "namespace": NAMESPACE}],
    })
    status, body, _ = test.cluster.request(
        "POST", f"{path}/{ROLE}/token",
        {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest",
         "spec": {"expirationSeconds": EXPIRES_S}})
    check(status == 201, f"token: {body}")
    return body["status"]["token"]


@contextlib.contextmanager
def as_account(test):
    """Portside with the grants alone; gives the proxy before it."""
    set_role(test)
    with behind_proxy(test, make_account(test)) as proxy:
        wait_until("the grants have effect",
                   lambda: "portside_controller_leader 1\n" in test.portside.plain("/metrics")[1])
        yield proxy


def said(test, since, resource, verb):
    """What the log says of a missing verb, from that record on."""
    return [one for one in test.portside.records()[since:]
            if any(f"'{verb}' on '{resource}'" in str(one.get(key, "")) for key in
                   ("problem", "message"))]


def without(test, resource, verbs, limit, act=Estate.disturb, annotations=None):
    """The verbs are taken away, act is done to the estate, one of them is named in the log, and all
    is right once they are granted again."""
    with as_account(test) as proxy:
        estate = Estate(test, annotations)
        since = len(test.portside.records())
        set_role(test, resource, verbs)
        wait_denied(test, resource, verbs[0])
        proxy.drop()
        act(estate)
        wait_until(f"the log names {verbs} on {resource}",
                   lambda: any(said(test, since, resource, verb) for verb in verbs), 25)
        time.sleep(LACK_S)
        check(test.portside.ready(), "the webhook went away with it")
        set_role(test)
        return estate.settle(f"no right to {'/'.join(verbs)} {resource}", limit)


def wait_denied(test, resource, verb):
    """The API server takes a moment to see another role."""
    group = next(group for group, name in GRANTS if name == resource)
    review = {"apiVersion": "authorization.k8s.io/v1", "kind": "SubjectAccessReview", "spec": {
        "user": f"system:serviceaccount:{NAMESPACE}:{ROLE}",
        "resourceAttributes": {"group": group, "resource": resource, "verb": verb}}}

    def denied():
        _, body, _ = test.cluster.request(
            "POST", "/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
        return not body["status"]["allowed"]

    wait_until(f"{verb} {resource} is denied", denied)


def test_no_right_to_write_services(test):
    return without(test, "services", ("create", "patch"), 32)


def test_no_right_to_patch_pods(test):
    return without(test, "pods", ("patch",), 32)


def test_no_right_to_read_nodes(test):
    return without(test, "nodes", ("get",), 32)


@long
def test_no_right_to_create_services(test):
    return without(test, "services", ("create",), 32)


@long
def test_no_right_to_delete_services(test):
    return without(test, "services", ("delete",), 32, act=Estate.shrink)


@long
def test_no_right_to_write_config_maps(test):
    return without(test, "configmaps", ("create", "patch"), 32)


@long
def test_no_right_to_read_pods(test):
    return without(test, "pods", ("list", "watch"), 12)


@long
def test_no_right_to_read_services(test):
    return without(test, "services", ("get", "list", "watch"), 12)


@long
def test_no_right_to_read_statefulsets(test):
    return without(test, "statefulsets", ("list", "watch"), 12)


@long
def test_no_right_to_read_namespaces(test):
    return without(test, "namespaces", ("list", "watch"), 12)


@long
def test_no_right_to_leases(test):
    return without(test, "leases", ("get", "list", "watch", "create", "patch"), 12)


def foreign_in_the_way(test):
    """A namespace whose StatefulSet has an Event to tell of: ForeignObject."""
    namespace = test.namespace()
    foreign = {"metadata": {"name": "external-kafka-1"}, "spec": {"ports": [{"port": 80}]}}
    test.cluster.request("POST", f"/api/v1/namespaces/{namespace}/services", foreign)
    return create(test, namespace=namespace)


@long
def test_no_right_to_create_events(test):
    def act(estate):
        estate.disturb()
        wait_service(test, foreign_in_the_way(test), "external-kafka-2")

    return without(test, "events", ("create",), 5, act=act)


def policies_of(estate):
    path = f"/apis/networking.k8s.io/v1/namespaces/{estate.namespace}/networkpolicies"
    return [one["metadata"]["name"] for one in estate.test.cluster.get(path)["items"]]


@long
def test_no_right_to_network_policies(test):
    """Services are made all the same; the policy of allow-from is made later."""

    def act(estate):
        path = f"/apis/networking.k8s.io/v1/namespaces/{estate.namespace}/networkpolicies"
        for name in wait_until("a policy", lambda: policies_of(estate)):
            test.cluster.request("DELETE", f"{path}/{name}")
        estate.disturb()
        wait_until("the Services are there", lambda: "external-kafka-1" in estate.services())
        check(not policies_of(estate), "there is a policy")
        estate.more = lambda: "" if policies_of(estate) else "no NetworkPolicy"

    return without(test, "networkpolicies", ("create", "patch"), 32, act=act,
                   annotations={"portside.dev/allow-from": "203.0.113.0/24"})
