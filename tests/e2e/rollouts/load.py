# SPDX-License-Identifier: Apache-2.0
"""Twenty Kafka pods a second, created and deleted through the API server, and what became of each."""

import concurrent.futures
import copy
import json
import threading
import time

from harness import check
from portside import is_injected

RATE = 20
# So many are sent at once: an API server that has several calls in flight has several connections,
# and one that hangs does not hide what becomes of the others.
BURST = 4
# StatefulSets that own the pods: portside tells of a hundred pods of each at a time.
OWNERS = 8
# A create that meets a dead portside takes up to the webhook's time-out.
WORKERS = 160
IMAGE = "localhost/apache/kafka-standin:4.1.0"
# No scheduler looks at them: this is about admission. No Service is made either.
ANNOTATIONS = {
    "portside.dev/family": "apache",
    "portside.dev/type": "None",
    "portside.dev/advertised-host": "{pod}.example.com",
    "portside.dev/advertised-port": "9194",
}
ENV = {
    "KAFKA_PROCESS_ROLES": "broker,controller",
    "KAFKA_LISTENERS": "PLAINTEXT://:9092,CONTROLLER://:9093",
    "KAFKA_ADVERTISED_LISTENERS": "PLAINTEXT://load:9092",
    "KAFKA_LISTENER_SECURITY_PROTOCOL_MAP": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "KAFKA_CONTROLLER_LISTENER_NAMES": "CONTROLLER",
}


def owner(name):
    """The one pod that its controller makes is never ready, so it deletes none of the others."""
    env = [{"name": key, "value": value} for key, value in ENV.items()]
    labels = {"app": name}
    spec = {
        "schedulerName": "nobody",
        "hostNetwork": True,
        "terminationGracePeriodSeconds": 0,
        "containers": [{"name": "kafka", "image": IMAGE, "env": env}],
    }
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "annotations": ANNOTATIONS},
        "spec": {
            "serviceName": name,
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


class Create:
    """One pod: when it was asked for and answered, in seconds since 1970, and what came of it."""

    def __init__(self, name):
        self.name = name
        self.begun = time.time()
        self.ended = None
        self.problem = ""  # why it was not created
        self.injected = False

    def is_good(self):
        return not self.problem and self.injected

    def text(self):
        begun = time.strftime("%H:%M:%S", time.gmtime(self.begun)) + f"{self.begun % 1:.3f}"[1:]
        what = self.problem or "created without injection"
        return f"{begun} {self.name} ({self.ended - self.begun:.2f} s): {what}"


class Load:
    """Creates run while it is entered. Those without injection are left for their Events."""

    def __init__(self, context):
        self.cluster = context.cluster
        self.namespace = context.namespace()
        self.pods = f"/api/v1/namespaces/{self.namespace}/pods"
        self.templates = [self.make_template(f"load{index}") for index in range(OWNERS)]
        self.lock = threading.Lock()
        self.creates = []
        self.ending = threading.Event()

    def make_template(self, name):
        """What its controller would make, after portside has seen the StatefulSet."""
        path = f"/apis/apps/v1/namespaces/{self.namespace}/statefulsets"
        status, made, _ = self.cluster.request("POST", path, owner(name))
        check(status == 201, f"StatefulSet {name}: {made}")
        template = made["spec"]["template"]
        reference = {"apiVersion": "apps/v1", "kind": "StatefulSet", "name": name}
        return {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {
                "labels": template["metadata"]["labels"],
                "annotations": template["metadata"].get("annotations", {}),
                "ownerReferences": [
                    reference | {"uid": made["metadata"]["uid"], "controller": True}
                ],
            },
            "spec": template["spec"],
        }

    def __enter__(self):
        self.pool = concurrent.futures.ThreadPoolExecutor(WORKERS)
        self.thread = threading.Thread(target=self.run)
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ending.set()
        self.thread.join()
        self.pool.shutdown()

    def run(self):
        begun = time.monotonic()
        number = 0
        while not self.ending.wait(max(0.0, begun + number / RATE - time.monotonic())):
            for number in range(number + 1, number + BURST + 1):
                self.pool.submit(self.create, number)

    def create(self, number):
        """One pod, which goes again at once."""
        pod = copy.deepcopy(self.templates[number % OWNERS])
        name = f"load{number % OWNERS}-{number}"
        pod["metadata"]["name"] = name
        one = Create(name)
        try:
            status, body, _ = self.cluster.request("POST", self.pods, pod)
            if status == 201:
                one.injected = is_injected(body)
            else:
                one.problem = f"{status} {body.get('message', json.dumps(body))}"
        except Exception as error:  # what nobody thought of is a failure too
            one.problem = f"{type(error).__name__}: {error}"
        one.ended = time.time()
        with self.lock:
            self.creates.append(one)
        if one.is_good():
            self.cluster.request("DELETE", f"{self.pods}/{name}?gracePeriodSeconds=0")

    def done(self):
        with self.lock:
            return sorted(self.creates, key=lambda one: one.begun)

    def failed(self):
        return [one for one in self.done() if one.problem]

    def uninjected(self):
        return [one for one in self.done() if not one.problem and not one.injected]

    def bad(self):
        return [one for one in self.done() if not one.is_good()]
