# SPDX-License-Identifier: Apache-2.0
"""Two replicas of portside behind a Service, as an installation has them."""

import base64
import os
import signal
import time

from harness import check, wait_until
from hooks import portside as registration
from hooks import register, wait_effect
from tests_replicas import leads
from world import Replica

# Where the API server finds what runs beside it: its own network, but not loopback.
HOST = "198.18.0.1"
NAMESPACE = "portside"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
SERVICES = f"/api/v1/namespaces/{NAMESPACE}/services"


def service():
    return {
        "apiVersion": "v1",
        "kind": "Service",
        "metadata": {"name": "portside"},
        "spec": {"ports": [{"name": "https", "port": 443}]},
    }


def endpoint_slice(name, port):
    return {
        "apiVersion": "discovery.k8s.io/v1",
        "kind": "EndpointSlice",
        "metadata": {"name": name, "labels": {"kubernetes.io/service-name": "portside"}},
        "addressType": "IPv4",
        "endpoints": [{"addresses": [HOST], "conditions": {"ready": True}}],
        "ports": [{"name": "https", "port": port, "protocol": "TCP"}],
    }


class Backend(Replica):
    host = HOST


class Pair:
    """In place of the one replica that tests have otherwise; it is back when the pair ends."""

    def __init__(self, context):
        self.context = context
        self.cluster = context.cluster
        self.replicas = []

    def __enter__(self):
        self.context.portside.stop()
        try:
            for name in ("portside-a", "portside-b"):
                self.add(name)
            self.serve()
            wait_until("a leader", lambda: self.leads(0) or self.leads(1), 30)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_):
        for replica in self.replicas:
            replica.stop()
            self.withdraw(replica)
        self.cluster.request("DELETE", f"{SERVICES}/portside")
        self.context.portside.start()
        self.context.portside.register()

    def add(self, name):
        replica = Backend(self.cluster, self.context.portside.binary, name)
        replica.certificates.make("--san", f"portside.{NAMESPACE}.svc")
        self.replicas.append(replica.start())
        body = endpoint_slice(name, replica.port)
        status, answer, _ = self.cluster.request("POST", SLICES, body)
        check(status == 201, f"EndpointSlice {name}: {answer}")

    def withdraw(self, replica):
        """The API server no longer asks it."""
        name = os.path.basename(replica.certificates.folder)
        self.cluster.request("DELETE", f"{SLICES}/{name}")

    def serve(self):
        """Both are asked by the name of their Service."""
        status, body, _ = self.cluster.request("POST", SERVICES, service())
        check(status == 201, f"Service portside: {body}")
        bundles = [base64.b64decode(one.certificates.bundle()) for one in self.replicas]
        wanted = registration("", base64.b64encode(b"".join(bundles)).decode())
        for webhook in wanted["webhooks"]:
            del webhook["clientConfig"]["url"]
            webhook["clientConfig"]["service"] = {
                "namespace": NAMESPACE,
                "name": "portside",
                "path": "/mutate",
            }
        register(self.cluster, wanted)
        wait_effect(self.cluster)

    def leads(self, index):
        return leads(self.replicas[index])

    def leader(self):
        return 0 if self.leads(0) else 1

    def kill(self, index):
        """At once; that the API server may no longer ask it takes Kubernetes two seconds more."""
        self.replicas[index].stop(signal.SIGKILL)
        time.sleep(2)
        self.withdraw(self.replicas[index])
