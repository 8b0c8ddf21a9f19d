# SPDX-License-Identifier: Apache-2.0
"""Plays the controller of portside with kubectl, until there is one: then this file goes away.

A Service for each broker (architecture, exposure), and the endpoint on each pod that has a node.
"""

import time

from harness import dump, wait_until

ORDER = ("ExternalDNS", "ExternalIP", "InternalDNS", "InternalIP", "Hostname")


def service(namespace, pod):
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": f"external-{pod}", "namespace": namespace},
        "spec": {
            "type": "NodePort",
            "externalTrafficPolicy": "Local",
            "publishNotReadyAddresses": True,
            "selector": {"statefulset.kubernetes.io/pod-name": pod},
            "ports": [{"name": "broker", "port": 9194, "targetPort": 9194}],
        },
    }


def address(cluster, node):
    found = cluster.get(f"/api/v1/nodes/{node}")["status"]["addresses"]
    return next(one["address"] for kind in ORDER for one in found if one["type"] == kind)


def play_controller(context, namespace, pods):
    """{pod: (host, port, time at which its endpoint had been written)}"""
    cluster = context.cluster
    context.kubectl("create", "-f", "-", stdin=dump(*[service(namespace, pod) for pod in pods]))
    endpoints = {}
    for pod in pods:
        made = cluster.get(f"/api/v1/namespaces/{namespace}/services/external-{pod}")
        port = made["spec"]["ports"][0]["nodePort"]
        node = wait_until(
            f"{pod} has a node",
            lambda name=pod: (cluster.pod(namespace, name) or {"spec": {}})["spec"].get("nodeName"),
        )
        host = address(cluster, node)
        endpoint = (f"external.portside.dev/host={host}", f"external.portside.dev/port={port}")
        context.kubectl("annotate", "pod", "-n", namespace, pod, *endpoint)
        endpoints[pod] = (host, port, time.time())
    return endpoints
