# SPDX-License-Identifier: Apache-2.0
"""What portside's own account may do: enough for the controller, and nothing else."""

import time

from harness import check, wait_until
from installed import NAMESPACE, RELEASE, Managed, helm, wait_gone
from world import VPN, bind, config, create, wait_endpoint, wait_event, wait_no_service, wait_service

OURS = {"app.kubernetes.io/managed-by": "portside"}
# verb, resource, namespace ("": all), name, allowed
RIGHTS = [
    ("list", "namespaces", "", "", True),
    ("update", "namespaces", "", "", False),
    ("watch", "statefulsets.apps", "", "", True),
    ("patch", "statefulsets.apps", "", "", False),
    ("delete", "statefulsets.apps", "", "", False),
    ("patch", "pods", "", "", True),
    ("create", "pods", "", "", False),
    ("delete", "pods", "", "", False),
    ("get", "pods/log", "", "", False),
    ("create", "pods/exec", "", "", False),
    ("get", "nodes", "", "", True),
    ("list", "nodes", "", "", False),
    ("patch", "nodes", "", "", False),
    ("delete", "services", "", "", True),
    ("update", "services", "", "", False),
    ("create", "configmaps", "", "", True),
    ("patch", "networkpolicies.networking.k8s.io", "", "", True),
    ("create", "events", "", "", True),
    ("delete", "events", "", "", False),
    ("get", "secrets", "", "", False),
    ("list", "secrets", NAMESPACE, "", False),
    ("patch", "secrets", NAMESPACE, "portside-certificates", True),
    ("get", "secrets", NAMESPACE, "other", False),
    ("get", "secrets", "kube-system", "portside-certificates", False),
    ("create", "serviceaccounts/token", NAMESPACE, "", False),
    ("create", "leases.coordination.k8s.io", NAMESPACE, "", True),
    ("patch", "leases.coordination.k8s.io", NAMESPACE, "portside", True),
    ("patch", "leases.coordination.k8s.io", NAMESPACE, "other", False),
    ("get", "leases.coordination.k8s.io", NAMESPACE, "portside", True),
    ("get", "leases.coordination.k8s.io", "kube-system", "portside", False),
    ("get", "mutatingwebhookconfigurations.admissionregistration.k8s.io", "", "", False),
    ("patch", "mutatingwebhookconfigurations.admissionregistration.k8s.io", "", "portside", True),
    ("patch", "mutatingwebhookconfigurations.admissionregistration.k8s.io", "", "other", False),
    ("create", "mutatingwebhookconfigurations.admissionregistration.k8s.io", "", "", False),
    ("patch", "validatingadmissionpolicies.admissionregistration.k8s.io", "", "", False),
    ("escalate", "clusterroles.rbac.authorization.k8s.io", "", "", False),
    ("create", "clusterrolebindings.rbac.authorization.k8s.io", "", "", False),
    ("impersonate", "users", "", "", False),
]


def is_ending(pod):
    return pod is None or "deletionTimestamp" in pod["metadata"]


def test_controller_finds_all_it_needs(test):
    """Services of all kinds, a NetworkPolicy, endpoints, ConfigMaps, scaling, deletion: without one
    refusal in the log."""
    more = {"portside.dev/allow-from": "10.0.0.0/8", "vpn.portside.dev/type": "LoadBalancer"}
    namespace = create(test, replicas=2, annotations=VPN | more)
    wait_service(test, namespace, "vpn-kafka-0")
    wait_service(test, namespace, "vpn-kafka-bootstrap")
    policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    wait_until("a NetworkPolicy", lambda: test.cluster.get(policies)["items"])
    for broker in ("kafka-0", "kafka-1"):
        wait_service(test, namespace, f"external-{broker}")
        test.cluster.wait_pod(namespace, broker)
        bind(test.cluster, namespace, broker, "alpha")
        wait_endpoint(test, namespace, broker)
    wait_until("bootstrap.servers", lambda: config(test, namespace))
    test.kubectl("-n", namespace, "delete", "service", "external-kafka-0")
    wait_service(test, namespace, "external-kafka-0")
    test.kubectl("-n", namespace, "scale", "statefulset", "kafka", "--replicas=1")
    path = f"/api/v1/namespaces/{namespace}/pods/kafka-1"
    wait_until("kafka-1 ends", lambda: is_ending(test.cluster.pod(namespace, "kafka-1")))
    test.cluster.request("DELETE", f"{path}?gracePeriodSeconds=0")
    wait_no_service(test, namespace, "external-kafka-1")
    foreign = service({}) | {"metadata": {"name": "external-kafka-1"}}
    status, body, _ = test.cluster.request("POST", f"/api/v1/namespaces/{namespace}/services", foreign)
    check(status == 201, f"foreign Service: {body}")
    test.kubectl("-n", namespace, "scale", "statefulset", "kafka", "--replicas=2")
    wait_event(test, namespace, "ForeignObject")
    refused = test.refused_records()
    check(not refused, "\n".join(refused))


def test_rights(test):
    wrong = [
        f"{verb} {resource} {namespace} {name}: {'not ' if allowed else ''}allowed"
        for verb, resource, namespace, name, allowed in RIGHTS
        if test.account().can(verb, resource, namespace, name) != allowed
    ]
    check(not wrong, "\n".join(wrong))
    return f"{len(RIGHTS)} rights asked"


def test_certificates_need_no_more(test):
    """portside makes its certificate with the account's rights alone, and the API server trusts it."""
    other = Managed(test.cluster, test.portside.binary, "managed")
    test.portside.stop()  # the one that leads makes it
    other.point({"service": {"name": "portside", "namespace": NAMESPACE, "path": "/mutate"}})
    secret = f"/api/v1/namespaces/{NAMESPACE}/secrets/portside-certificates"
    test.cluster.request("DELETE", secret)
    begun = time.monotonic()
    try:
        other.start()
        took = time.monotonic() - begun
        check(test.cluster.get(secret), "no Secret portside-certificates")
        wait_until("both caBundles are written", lambda: all(other.bundles()))
        names = other.served_names()
        check(f"portside.{NAMESPACE}.svc" in names, f"names {names}")
        refused = [record for record in other.records() if "orbidden" in str(record)]
        check(not refused, str(refused))
        return f"ready after {took:.1f} s"
    finally:
        other.stop()
        test.portside.start()
        test.portside.register()


def as_account(test, method, path, body=None, kind="application/json"):
    status, answer, _ = test.account().api().request(method, path, body, kind)
    return status, (answer or {}).get("message", "")


def refuse(test, words, *request):
    status, message = as_account(test, *request)
    check(status in (403, 422) and words in message, f"{request[:3]}: {status} {message}")
    check("portside-own-account" in message, f"not by the policy: {message}")


MERGE = "application/merge-patch+json"


def test_pods_of_others_are_safe(test):
    namespace = create(test, replicas=1)
    test.cluster.wait_pod(namespace, "kafka-0")
    pod = f"/api/v1/namespaces/{namespace}/pods/kafka-0"
    ours = {"metadata": {"annotations": {"vpn.portside.dev/host": "h", "portside.dev/x": "y"}}}
    status, message = as_account(test, "PATCH", pod, ours, MERGE)
    check(status == 200, f"own annotations: {message}")
    only = "only those of portside.dev"
    nothing = "nothing but annotations"
    for key in ("example.com/a", "portside.dev", "notportside.dev/a", "a.portside.devil/b"):
        refuse(test, only, "PATCH", pod, {"metadata": {"annotations": {key: "x"}}}, MERGE)
    test.kubectl("-n", namespace, "annotate", "pod", "kafka-0", "example.com/mine=1")
    for value in ("2", None):
        refuse(test, only, "PATCH", pod, {"metadata": {"annotations": {"example.com/mine": value}}}, MERGE)
    refuse(test, nothing, "PATCH", pod, {"metadata": {"labels": {"app": "stolen"}}}, MERGE)
    refuse(test, nothing, "PATCH", pod, {"metadata": {"finalizers": ["example.com/held"]}}, MERGE)
    refuse(test, nothing, "PATCH", pod, {"metadata": {"ownerReferences": None}}, MERGE)
    image = [{"op": "replace", "path": "/spec/containers/0/image", "value": "evil"}]
    refuse(test, nothing, "PATCH", pod, image, "application/json-patch+json")


def service(labels, **spec):
    port = {"port": 9092, "protocol": "TCP"}
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "made", "labels": labels},
        "spec": {"ports": [port], "selector": {"statefulset.kubernetes.io/pod-name": "x-0"}} | spec,
    }


def test_services_of_others_are_safe(test):
    namespace = test.namespace()
    path = f"/api/v1/namespaces/{namespace}/services"
    label = "only objects with the label"
    refuse(test, label, "POST", path, service({}))
    refuse(test, "neither externalIPs", "POST", path, service(OURS, externalIPs=["203.0.113.9"]))
    named = {"type": "ExternalName", "externalName": "example.com"}
    refuse(test, "neither externalIPs", "POST", path, service(OURS, **named))
    anybody = {"app": "database"}
    for kind in ({}, {"type": "LoadBalancer"}, {"type": "NodePort"}):
        refuse(test, "pods of a StatefulSet alone", "POST", path, service(OURS, selector=anybody, **kind))
    refuse(test, "pods of a StatefulSet alone", "POST", path, service(OURS, selector=None))
    status, message = as_account(test, "POST", path, service(OURS))
    check(status == 201, f"own Service: {message}")
    to_others = {"spec": {"selector": {"statefulset.kubernetes.io/pod-name": None, "app": "database"}}}
    refuse(test, "pods of a StatefulSet alone", "PATCH", f"{path}/made", to_others, MERGE)
    foreign = service({}) | {"metadata": {"name": "foreign"}}
    check(test.cluster.request("POST", path, foreign)[0] == 201, "foreign Service")
    adopt = {"metadata": {"labels": OURS}, "spec": {"selector": {"app": "y"}}}
    refuse(test, label, "PATCH", f"{path}/foreign", adopt, MERGE)
    refuse(test, label, "DELETE", f"{path}/foreign")
    drop = {"metadata": {"labels": {"app.kubernetes.io/managed-by": None}}}
    refuse(test, label, "PATCH", f"{path}/made", drop, MERGE)
    status, message = as_account(test, "DELETE", f"{path}/made")
    check(status == 200, f"own Service: {message}")


def test_config_maps_and_network_policies_of_others_are_safe(test):
    namespace = test.namespace()
    label = "only objects with the label"
    maps = f"/api/v1/namespaces/{namespace}/configmaps"
    made = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "made"}}
    refuse(test, label, "POST", maps, made)
    root = f"{maps}/kube-root-ca.crt"
    wait_until("kube-root-ca.crt", lambda: test.cluster.get(root))
    refuse(test, label, "PATCH", root, {"data": {"ca.crt": "evil"}}, MERGE)
    refuse(test, label, "DELETE", root)
    own = f"/api/v1/namespaces/{NAMESPACE}/configmaps/portside"
    refuse(test, label, "PATCH", own, {"data": {"portside.conf": ""}}, MERGE)
    policies = f"/apis/networking.k8s.io/v1/namespaces/{namespace}/networkpolicies"
    policy = {
        "apiVersion": "networking.k8s.io/v1",
        "kind": "NetworkPolicy",
        "metadata": {"name": "made"},
        "spec": {"podSelector": {}},
    }
    refuse(test, label, "POST", policies, policy)
    policy["metadata"]["labels"] = OURS
    for selector in ({}, {"matchLabels": {"app": "database"}}):
        policy["spec"]["podSelector"] = selector
        refuse(test, "injected pods alone", "POST", policies, policy)
    policy["spec"]["podSelector"] = {"matchLabels": {"portside.dev/statefulset": "kafka"}}
    status, message = as_account(test, "POST", policies, policy)
    check(status == 201, f"own NetworkPolicy: {message}")


def test_uninstall_leaves_what_clients_use(test):
    """Last of those with a release; tests_manifests install it without Helm."""
    namespace = create(test, replicas=1)
    made = wait_service(test, namespace, "external-kafka-0")
    test.portside.stop()
    helm("uninstall", RELEASE)
    for path in (
        "/apis/rbac.authorization.k8s.io/v1/clusterroles/portside",
        "/apis/admissionregistration.k8s.io/v1/mutatingwebhookconfigurations/portside",
        "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies/portside-own-account",
    ):
        wait_gone(test, path)
    left = test.cluster.get(f"/api/v1/namespaces/{namespace}/services/external-kafka-0")
    check(left and left["metadata"]["uid"] == made["metadata"]["uid"], "the broker's Service is gone")
