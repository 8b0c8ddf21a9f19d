# SPDX-License-Identifier: Apache-2.0
"""Puts manifests before a recording webhook and finds the AdmissionReviews that came of it."""

from harness import dump, wait_until
from hooks import StandIn, recording, register, unregister


def statefulset_of(documents):
    return next(document for document in documents if document["kind"] == "StatefulSet")


def annotate(thing, annotations):
    """Adds annotations to a StatefulSet or a pod template."""
    thing["metadata"].setdefault("annotations", {}).update(annotations)


def copy_annotations(statefulset):
    """Puts the object's annotations on the template, as portside does when it is created."""
    annotations = statefulset["metadata"]["annotations"]
    annotate(statefulset["spec"]["template"], annotations)
    annotate(
        statefulset["spec"]["template"], {"portside.dev/copied": ",".join(sorted(annotations))}
    )


class Recorder:
    """Applies documents in a namespace of their own and finds the reviews that came of it."""

    def __init__(self, cluster, certificates):
        self.cluster = cluster
        self.stand_in = StandIn(certificates)
        self.namespaces = []
        register(cluster, recording(self.stand_in.url, certificates.bundle(), {"record": "yes"}))
        self.open("warm-up")
        self.await_effect("warm-up")

    def await_effect(self, namespace):
        """The API server takes a moment to call a webhook that was registered just now."""
        wait_until(
            "the registration has effect",
            lambda: self.cluster.kubectl(
                "run", "probe", "--image=x", "--dry-run=server", "-n", namespace
            )
            and self.stand_in.taken(),
        )

    def open(self, namespace):
        self.cluster.namespace(namespace, inject=False)
        self.cluster.kubectl(
            "label", "namespace", namespace, "record=yes", "portside.dev/inject=enabled"
        )
        self.namespaces.append(namespace)

    def find(self, namespace, kind, operation="CREATE", name=None, nth=0, **fields):
        """The body of the nth review of that sort, once it is there."""

        def probe():
            found = [
                body
                for body, review in self.stand_in.taken()
                if (request := review["request"])["namespace"] == namespace
                and request["kind"]["kind"] == kind
                and request["operation"] == operation
                and name in (None, request.get("name"))
                and all(request.get(key) == value for key, value in fields.items())
            ]
            return found[nth] if len(found) > nth else None

        return wait_until(f"review of {operation} {kind} in {namespace}", probe)

    def close(self):
        unregister(self.cluster, "record")
        for namespace in self.namespaces:
            self.cluster.delete_namespace(namespace)


def create(recorder, namespace, documents):
    recorder.cluster.kubectl("create", "-n", namespace, "-f", "-", stdin=dump(*documents))


def first_pod(recorder, namespace, statefulset):
    start = statefulset["spec"].get("ordinals", {}).get("start", 0)
    return recorder.find(namespace, "Pod", name=f"{statefulset['metadata']['name']}-{start}")
