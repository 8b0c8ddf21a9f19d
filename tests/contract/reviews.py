# SPDX-License-Identifier: Apache-2.0
"""AdmissionReviews as an API server writes them."""

import json

UID = "0dd8f9c2-2f5c-4f0b-9a35-6f7f0b1d2a11"
IMAGE = "apache/kafka:4.1.0"


def pod(**spec):
    """A broker that a StatefulSet owns."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "kafka-0",
            "namespace": "shop",
            "labels": {"app": "kafka", "apps.kubernetes.io/pod-index": "0",
                       "statefulset.kubernetes.io/pod-name": "kafka-0"},
            "ownerReferences": [{"apiVersion": "apps/v1", "kind": "StatefulSet", "name": "kafka",
                                 "uid": "a4d1c9a8-55b9-4d2e-8e2f-0f3d2a7b9c01", "controller": True,
                                 "blockOwnerDeletion": True}],
        },
        "spec": {
            "containers": [{
                "name": "kafka",
                "image": IMAGE,
                "ports": [{"containerPort": 9092, "name": "client", "protocol": "TCP"}],
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "imagePullPolicy": "IfNotPresent",
            }],
            "restartPolicy": "Always",
            **spec,
        },
    }


def request(kind="Pod", operation="CREATE", **changes):
    group, resource = ("", "pods") if kind == "Pod" else ("apps", "statefulsets")
    base = {
        "uid": UID,
        "kind": {"group": group, "version": "v1", "kind": kind},
        "resource": {"group": group, "version": "v1", "resource": resource},
        "requestKind": {"group": group, "version": "v1", "kind": kind},
        "requestResource": {"group": group, "version": "v1", "resource": resource},
        "name": "kafka-0",
        "namespace": "shop",
        "operation": operation,
        "userInfo": {"username": "system:serviceaccount:kube-system:statefulset-controller", "uid": "x",
                     "groups": ["system:authenticated"]},
        "object": pod(),
        "oldObject": None,
        "dryRun": False,
        "options": {"kind": "CreateOptions", "apiVersion": "meta.k8s.io/v1"},
    }
    base.update(changes)
    return base


def review(version="v1", **changes):
    """The bytes of a review; changes apply to its request."""
    return json.dumps({"kind": "AdmissionReview", "apiVersion": f"admission.k8s.io/{version}",
                       "request": request(**changes)}).encode()


def padded(size):
    """A valid review of exactly this many bytes, padded by a field that nobody reads."""
    tree = {"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1", "request": request(), "padding": ""}
    tree["padding"] = "x" * (size - len(json.dumps(tree)))
    return json.dumps(tree).encode()
