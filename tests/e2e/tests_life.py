# SPDX-License-Identifier: Apache-2.0
"""What happens to StatefulSets that are there: scaling, restarts, annotations, other webhooks."""

import json

from harness import check, manifest, wait_until
from hooks import Certificates, StandIn, recording, register, unregister
from portside import check_injected, check_untouched, container_of, values
from tests_verdict import annotated, create, submit

PORT = "portside.dev/listener-port"


def template_annotations(test, namespace, name="kafka"):
    return test.cluster.statefulset(namespace, name)["spec"]["template"]["metadata"].get(
        "annotations", {}
    )


def generation(test, namespace, name="kafka"):
    return test.cluster.statefulset(namespace, name)["metadata"]["generation"]


def roll(test, namespace, pod, container, delivery):
    """Lets the controller replace a pod: it waits until the present one is ready."""
    before = test.cluster.wait_pod(namespace, pod)
    test.cluster.restart("statefulset/kafka", namespace)
    test.cluster.make_ready(namespace, pod)
    after = test.cluster.wait_pod(namespace, pod, unlike=before["metadata"]["uid"])
    check(
        "kubectl.kubernetes.io/restartedAt" in after["metadata"]["annotations"],
        "an old revision came back",
    )
    check_injected(
        after, container, delivery, port=after["metadata"]["annotations"].get(PORT, "9194")
    )
    return after


def test_scale(test):
    namespace, _ = create(test, "apache-env")
    test.cluster.wait_pod(namespace, "kafka-2")
    test.kubectl("scale", "statefulset/kafka", "--replicas=5", "-n", namespace)
    for ordinal in (3, 4):
        pod = test.cluster.wait_pod(namespace, f"kafka-{ordinal}")
        check_injected(pod, "kafka", "env")
    template = test.cluster.statefulset(namespace, "kafka")["spec"]["template"]
    check("portside" not in json.dumps(template), "scaling touched the template")


def test_rollout_restart(test):
    namespace = test.namespace()
    submit(test, namespace, manifest("cp-kraft-env"))
    check_injected(test.cluster.wait_pod(namespace, "kafka-0"), "kafka", "env")
    roll(test, namespace, "kafka-0", "kafka", "env")


def test_annotate_starts_no_rollout(test):
    namespace = test.namespace()
    submit(test, namespace, manifest("cp-kraft-env"))
    test.cluster.wait_pod(namespace, "kafka-0")
    before = generation(test, namespace)
    result = test.kubectl("annotate", "statefulset/kafka", f"{PORT}=9294", "-n", namespace)
    check(generation(test, namespace) == before, "the generation moved")
    check(PORT not in template_annotations(test, namespace), "the template changed")
    check(
        any("rollout restart" in line for line in result.warnings()),
        f"no command in {result.warnings()}",
    )


def test_restart_copies_the_annotation(test):
    namespace = test.namespace()
    submit(test, namespace, manifest("cp-kraft-env"))
    test.cluster.wait_pod(namespace, "kafka-0")
    test.kubectl("annotate", "statefulset/kafka", f"{PORT}=9294", "-n", namespace)
    pod = roll(test, namespace, "kafka-0", "kafka", "env")
    check(
        ":9294" in values(container_of(pod, "kafka"))["KAFKA_LISTENERS"],
        "the new port is not in the pod",
    )
    check(
        template_annotations(test, namespace)["portside.dev/copied"], "nothing is noted as copied"
    )


def test_restart_removes_what_was_copied(test):
    namespace = test.namespace()
    documents = annotated("cp-kraft-env", {PORT: "9294"})
    documents[-1]["spec"]["template"]["metadata"]["annotations"] = {"team": "data"}
    submit(test, namespace, documents)
    check(template_annotations(test, namespace)[PORT] == "9294", "not copied when created")
    test.cluster.wait_pod(namespace, "kafka-0")
    test.kubectl("annotate", "statefulset/kafka", f"{PORT}-", "-n", namespace)
    check(template_annotations(test, namespace)[PORT] == "9294", "removed without a rollout")
    roll(test, namespace, "kafka-0", "kafka", "env")
    annotations = template_annotations(test, namespace)
    check(
        PORT not in annotations and "portside.dev/copied" not in annotations,
        f"left behind: {annotations}",
    )
    check(annotations["team"] == "data", "the author's own annotation is gone")


def test_template_change_copies_the_annotation(test):
    """An update that changes the template anyway takes annotations along: one rollout, not two."""
    namespace = test.namespace()
    submit(test, namespace, manifest("cp-kraft-env"), "apply")
    documents = annotated("cp-kraft-env", {PORT: "9294"})
    submit(test, namespace, documents, "apply")
    check(
        PORT not in template_annotations(test, namespace), "copied without a change of the template"
    )
    container = documents[-1]["spec"]["template"]["spec"]["containers"][0]
    container["image"] = "confluentinc/cp-kafka:7.7.2"
    before = generation(test, namespace)
    submit(test, namespace, documents, "apply")
    check(template_annotations(test, namespace).get(PORT) == "9294", "not copied")
    check(generation(test, namespace) == before + 1, "more than one change")


def settled(test, namespace):
    """The StatefulSet once its controller has written what it has to: a replace would conflict."""
    test.cluster.wait_pod(namespace, "kafka-0")
    wait_until("the status", lambda: test.cluster.statefulset(namespace, "kafka")["status"]
               .get("replicas", 0) > 0)
    return test.cluster.statefulset(namespace, "kafka")


def test_same_manifest_again_starts_no_rollout(test):
    """Tools that know nothing of what was copied must neither drop it nor start a rollout by it."""
    for how in (["apply"], ["apply", "--server-side"], ["replace"]):
        namespace = test.namespace()
        documents = annotated("cp-kraft-env", {PORT: "9294"})
        submit(test, namespace, documents, *(["create"] if how == ["replace"] else how))
        before = settled(test, namespace)
        submit(test, namespace, documents, *how)
        after = test.cluster.statefulset(namespace, "kafka")
        words = " ".join(how)
        check(after["spec"]["template"] == before["spec"]["template"], f"{words}: template changed")
        moved = after["metadata"]["generation"] - before["metadata"]["generation"]
        check(moved == 0, f"{words}: the generation moved by {moved}")


def test_author_of_the_template_wins(test):
    namespace = test.namespace()
    documents = annotated("cp-kraft-env", {"portside.dev/listener-name": "OUTSIDE"})
    documents[-1]["spec"]["template"]["metadata"]["annotations"] = {PORT: "9394"}
    submit(test, namespace, documents)
    env = values(container_of(test.cluster.wait_pod(namespace, "kafka-0"), "kafka"))
    check(
        "OUTSIDE://" in env["KAFKA_LISTENERS"] and ":9394" in env["KAFKA_LISTENERS"],
        env["KAFKA_LISTENERS"],
    )


def test_opt_out_later(test):
    namespace = test.namespace()
    submit(test, namespace, manifest("cp-kraft-env"))
    before = test.cluster.wait_pod(namespace, "kafka-0")
    test.kubectl("annotate", "statefulset/kafka", "portside.dev/inject=false", "-n", namespace)
    test.cluster.restart("statefulset/kafka", namespace)
    test.cluster.make_ready(namespace, "kafka-0")
    after = test.cluster.wait_pod(namespace, "kafka-0", unlike=before["metadata"]["uid"])
    check_untouched(after)


def test_invalid_annotation_later(test):
    namespace = test.namespace()
    submit(test, namespace, manifest("cp-kraft-env"))
    result = test.kubectl(
        "annotate", "statefulset/kafka", "portside.dev/type=Ingress", "-n", namespace, expect=1
    )
    check("denied the request" in result.err and "Ingress" in result.err, result.err)


def meddle(review):
    """A second webhook as they are: puts a sidecar first and an init container of its own last."""
    pod = review["request"]["object"]
    if review["request"]["operation"] != "CREATE" or any(
        c["name"] == "mesh" for c in pod["spec"]["containers"]
    ):
        return None
    extra = {"name": "mesh", "image": "mesh/proxy:1"}
    operations = [{"op": "add", "path": "/spec/containers/0", "value": extra}]
    if "initContainers" in pod["spec"]:
        operations.append(
            {"op": "add", "path": "/spec/initContainers/-", "value": {**extra, "name": "mesh-init"}}
        )
    return operations


def test_another_webhook_after_ours(test):
    certificates = Certificates("meddler")
    other = StandIn(certificates, meddle)
    namespace = test.namespace()
    configuration = recording(
        other.url, certificates.bundle(), {"kubernetes.io/metadata.name": namespace}
    )
    configuration["metadata"]["name"] = "zz-meddler"
    configuration["webhooks"][0]["rules"] = configuration["webhooks"][0]["rules"][1:]
    register(test.cluster, configuration)
    try:
        wait_until(
            "the second webhook has effect",
            lambda: test.kubectl("run", "probe", "--image=x", "--dry-run=server", "-n", namespace)
            and other.taken(),
        )
        submit(test, namespace, manifest("cp8-cmdexport"))
        pod = test.cluster.wait_pod(namespace, "kafka-0")
        names = [init["name"] for init in pod["spec"]["initContainers"]]
        check(sorted(names) == ["mesh-init", "portside-address"], f"init containers: {names}")
        check([c["name"] for c in pod["spec"]["containers"]] == ["mesh", "kafka"], "containers")
        entries = [entry["name"] for entry in container_of(pod, "kafka")["env"]]
        check(len(entries) == len(set(entries)), f"a variable is there twice: {entries}")
        calls = test.portside.records(namespace=namespace, kind="Pod", name="kafka-0")
        check(len(calls) == 2, f"{len(calls)} calls, not 2")
        check(
            [call["verdict"] for call in calls] == ["inject", "unchanged"],
            [call["verdict"] for call in calls],
        )
    finally:
        unregister(test.cluster, "zz-meddler")
        other.close()


def test_certificate_is_reloaded(test):
    portside = test.portside
    portside.certificates.make("--new-ca")
    # The API server dials anew for a new bundle; the old certificate would fail under the new CA.
    portside.register()
    namespace, _ = create(test, "apache-env")
    check_injected(test.cluster.wait_pod(namespace, "kafka-0"), "kafka", "env")
