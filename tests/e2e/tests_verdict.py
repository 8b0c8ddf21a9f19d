# SPDX-License-Identifier: Apache-2.0
"""What happens when objects are created: injected, left, skipped, denied, and what kubectl says."""

import json

from harness import LABEL, check, dump, manifest
from portside import check_injected, check_untouched, container_of, is_injected, values


def annotated(name, annotations):
    documents = manifest(name)
    for document in documents:
        if document["kind"] == "StatefulSet":
            document["metadata"].setdefault("annotations", {}).update(annotations)
    return documents


def submit(test, namespace, documents, *arguments, expect=0):
    return test.kubectl(
        *(arguments or ("create",)),
        "-n",
        namespace,
        "-f",
        "-",
        stdin=dump(*documents),
        expect=expect,
    )


def create(test, name, *arguments):
    namespace = test.namespace()
    return namespace, submit(test, namespace, manifest(name), *arguments)


def test_create_env_delivery(test):
    namespace, result = create(test, "apache-env")
    for ordinal in range(3):
        check_injected(test.cluster.wait_pod(namespace, f"kafka-{ordinal}"), "kafka", "env")
    check("statefulset.apps/kafka created" in result.out, result.out)
    # Those of a namespace that are no brokers stay as they are.
    template = test.cluster.statefulset(namespace, "kafka")["spec"]["template"]
    check("portside" not in json.dumps(template), f"the template was touched: {template}")


def test_create_hook_delivery(test):
    namespace, _ = create(test, "cp8-cmdexport")
    for ordinal in range(3):
        check_injected(test.cluster.wait_pod(namespace, f"kafka-{ordinal}"), "kafka", "hook")


def test_create_file_driven(test):
    namespace, _ = create(test, "solsson-init-config")
    pod = test.cluster.wait_pod(namespace, "kafka-0")
    check_injected(pod, "broker", "hook")
    check(
        [init["name"] for init in pod["spec"]["initContainers"]]
        == ["init-config", "portside-address"],
        "the author's init container comes first",
    )


def test_create_sidecars_around_the_broker(test):
    namespace, _ = create(test, "apache-sidecars")
    pod = test.cluster.wait_pod(namespace, "streaming-0")
    check_injected(pod, "broker", "env")
    for other in ("jmx", "ui"):
        check(
            "PORTSIDE" not in json.dumps(container_of(pod, other)), f"container {other} was touched"
        )


def test_create_with_a_thousand_variables(test):
    namespace, _ = create(test, "apache-many-env")
    check_injected(test.cluster.wait_pod(namespace, "kafka-0"), "kafka", "env")


def test_create_copies_security_context(test):
    namespace, _ = create(test, "bitnami-chart")
    pod = test.cluster.wait_pod(namespace, "release-kafka-controller-0")
    check_injected(pod, "kafka", "hook")
    context = pod["spec"]["initContainers"][-1]["securityContext"]
    check(
        (context["runAsUser"], context["runAsGroup"], context["runAsNonRoot"])
        == (1001, 1001, True),
        context,
    )
    check(
        context["allowPrivilegeEscalation"] is False
        and context["capabilities"] == {"drop": ["ALL"]},
        context,
    )


def test_apply_twice(test):
    namespace, _ = create(test, "cp-kraft-env", "apply")
    check_injected(test.cluster.wait_pod(namespace, "kafka-0"), "kafka", "env")
    before = test.cluster.statefulset(namespace, "kafka")
    again = submit(test, namespace, manifest("cp-kraft-env"), "apply")
    check("statefulset.apps/kafka unchanged" in again.out, again.out)
    after = test.cluster.statefulset(namespace, "kafka")
    check(
        before["metadata"]["generation"] == after["metadata"]["generation"], "the generation moved"
    )


def test_apply_with_annotations_has_no_drift(test):
    namespace = test.namespace()
    documents = annotated("apache-env", {"portside.dev/listener-port": "9294"})
    submit(test, namespace, documents, "apply")
    diff = submit(test, namespace, documents, "diff", expect=0)
    check(diff.out == "", f"kubectl diff says: {diff.out}")


def test_server_side_apply(test):
    namespace, _ = create(test, "apache-cmdexport", "apply", "--server-side")
    check_injected(test.cluster.wait_pod(namespace, "kafka-0"), "kafka", "hook")
    submit(test, namespace, manifest("apache-cmdexport"), "apply", "--server-side")


def test_dry_run_has_no_effect(test):
    namespace = test.namespace()
    documents = annotated("cp-kraft-env", {"portside.dev/listener-port": "9294"})
    result = submit(test, namespace, documents, "create", "--dry-run=server", "-o", "json")
    dry = json.loads(result.out)
    check(test.cluster.statefulset(namespace, "kafka") is None, "a dry run created something")
    submit(test, namespace, documents)
    real = test.cluster.statefulset(namespace, "kafka")
    check(dry["spec"]["template"] == real["spec"]["template"], "a dry run gets another template")


def test_exposure_annotations_reach_the_pod(test):
    namespace = test.namespace()
    submit(
        test,
        namespace,
        annotated(
            "apache-env",
            {
                "portside.dev/listener-name": "OUTSIDE",
                "portside.dev/listener-port": "19094",
                "portside.dev/advertised-host": "{pod}.example.com",
                "portside.dev/advertised-port": "{ordinal + 9000}",
            },
        ),
    )
    env = values(container_of(test.cluster.wait_pod(namespace, "kafka-2"), "kafka"))
    check(env["PORTSIDE_EXTERNAL_HOST"] == "kafka-2.example.com", env["PORTSIDE_EXTERNAL_HOST"])
    check(env["PORTSIDE_EXTERNAL_PORT"] == "9002", env["PORTSIDE_EXTERNAL_PORT"])
    check(
        "OUTSIDE://" in env["KAFKA_LISTENERS"] and ":19094" in env["KAFKA_LISTENERS"],
        env["KAFKA_LISTENERS"],
    )


def test_exposure_internal_ip(test):
    namespace = test.namespace()
    submit(test, namespace, annotated("apache-env", {"portside.dev/address-types": "InternalIP"}))
    env = values(container_of(test.cluster.wait_pod(namespace, "kafka-0"), "kafka"))
    check(
        env["PORTSIDE_EXTERNAL_HOST"]["fieldRef"]["fieldPath"] == "status.hostIP",
        env["PORTSIDE_EXTERNAL_HOST"],
    )


def test_env_and_rack_reach_the_pod(test):
    """Further variables, and what the pod waits for; a pod that is made anew gets them again."""
    namespace = test.namespace()
    zone = "topology.kubernetes.io/zone"
    annotations = {
        "portside.dev/env": "SITE={namespace}-{ordinal + 10}",
        "portside.dev/rack-label": zone,
        "portside.dev/delivery": "hook",
        "portside.dev/on-missing": "start",
        "portside.dev/wait-timeout": "90s",
    }
    submit(test, namespace, annotated("apache-env", annotations))
    pod = test.cluster.wait_pod(namespace, "kafka-2")
    env = values(container_of(pod, "kafka"))
    check(env["SITE"] == f"{namespace}-12", env["SITE"])
    path = env["PORTSIDE_RACK"]["fieldRef"]["fieldPath"]
    check(path == "metadata.annotations['portside.dev/rack']", path)
    init = next(one for one in pod["spec"]["initContainers"] if one["name"] == "portside-address")
    waits = values(init)["PORTSIDE_WAIT"]
    check(waits == "external.host=90 external.port=90 rack=90", waits)
    names = [item["name"] for item in container_of(pod, "kafka")["env"]]
    check(names.index("PORTSIDE_RACK") < names.index("SITE") < names.index("POD_NAME"), names)


def test_rack_with_env_delivery(test):
    namespace = test.namespace()
    submit(test, namespace, annotated("bitnami-cfg", {"portside.dev/rack-label": "zone"}))
    env = values(container_of(test.cluster.wait_pod(namespace, "kafka-0"), "kafka"))
    check(env["KAFKA_CFG_BROKER_RACK"] == "$(PORTSIDE_RACK)", env["KAFKA_CFG_BROKER_RACK"])


def test_opt_out_by_statefulset(test):
    namespace = test.namespace()
    submit(test, namespace, annotated("apache-env", {"portside.dev/inject": "false"}))
    check_untouched(test.cluster.wait_pod(namespace, "kafka-0"))
    test.portside.wait_record(namespace=namespace, kind="Pod", verdict="skip", reason="opted-out")


def test_opt_out_by_pod(test):
    namespace = test.namespace()
    documents = manifest("apache-env")
    documents[-1]["spec"]["template"]["metadata"]["annotations"] = {"portside.dev/inject": "false"}
    submit(test, namespace, documents)
    check_untouched(test.cluster.wait_pod(namespace, "kafka-0"))
    test.portside.wait_record(namespace=namespace, kind="Pod", verdict="skip", reason="opted-out")


def test_namespace_without_the_label(test):
    namespace = test.namespace(inject=False)
    submit(test, namespace, manifest("apache-env"))
    check_untouched(test.cluster.wait_pod(namespace, "kafka-0"))
    check(not test.portside.records(namespace=namespace), "portside was asked")


def test_skips(test):
    for name, pod, reason in (
        ("near-postgres", "postgres-0", "not-kafka"),
        ("near-zookeeper-kafka-image", "pzoo-0", "not-kafka"),
        ("near-connect", "connect-0", "not-kafka"),
        ("apache-controller-role", "kafka-controller-0", "controller-only"),
        ("operator-confluent", "kafka-0", "operator-owned"),
        ("apache-windows", "kafka-0", "windows"),
    ):
        namespace = test.namespace()
        result = submit(test, namespace, manifest(name))
        check_untouched(test.cluster.wait_pod(namespace, pod))
        record = test.portside.wait_record(namespace=namespace, kind="Pod", name=pod)
        check((record["verdict"], record["reason"]) == ("skip", reason), f"{name}: {record}")
        check(not result.warnings(), f"{name}: {result.warnings()}")


def test_leaves_with_a_warning(test):
    for name, word in (
        ("apache-few-env", "KAFKA_"),
        ("apache-direct-java", "java"),
        ("apache-native-export", "native"),
        ("custom-opaque", "portside.dev/family"),
        ("apache-two-brokers", "portside.dev/container"),
    ):
        namespace = test.namespace()
        result = submit(test, namespace, manifest(name))
        pod = manifest(name)[-1]["metadata"]["name"] + "-0"
        check_untouched(test.cluster.wait_pod(namespace, pod))
        test.portside.wait_record(namespace=namespace, kind="Pod", name=pod, verdict="leave")
        check(
            any(word in line for line in result.warnings()),
            f"{name}: no '{word}' in {result.warnings()}",
        )


def test_denied_annotations(test):
    namespace = test.namespace()
    for annotations, words in (
        ({"portside.dev/type": "Ingress"}, ("type", "Ingress", "NodePort")),
        ({"portside.dev/listener-port": "nine"}, ("listener-port", "nine")),
        ({"portside.dev/listner-port": "9194"}, ("listner-port", "listener-port")),
        ({"portside.dev/inject": "maybe"}, ("inject", "maybe", "false")),
        ({"portside.dev/load-balancer-class": "internal"}, ("no effect", "type LoadBalancer")),
        ({"portside.dev/type": "ClusterIP"}, ("advertised-host", "missing")),
        ({"portside.dev/listeners": "external,vpn"}, ("vpn.portside.dev/listener-name", "missing")),
        ({"portside.dev/service-annotations": "a/b: c"}, ("service-annotations", "policy")),
        ({"portside.dev/allow-from": "10.0.0.1"}, ("allow-from", "192.0.2.0/24")),
        ({"portside.dev/env": "KAFKA_NODE_ID={ordinal}"}, ("KAFKA_NODE_ID", "there or here")),
        ({"portside.dev/on-missing": "start"}, ("'start' needs the hook", "delivery: hook")),
        ({"portside.dev/rack-label": "zone/"}, ("rack-label", "node label")),
        ({"portside.dev/tls-secret": "s"}, ("tls-secret", "not supported by this version yet")),
        ({"portside.dev/container": "server"}, ("no container 'server'", "use kafka")),
    ):
        result = submit(test, namespace, annotated("apache-env", annotations)[1:], expect=1)
        check("denied the request" in result.err, result.err)
        for word in words:
            check(word in result.err, f"no '{word}' in: {result.err}")
    check(test.cluster.statefulset(namespace, "kafka") is None, "a denied StatefulSet is there")


def test_denied_adoption(test):
    namespace = test.namespace()
    result = submit(
        test,
        namespace,
        annotated("apache-external-listener", {"portside.dev/listener-name": "CONTROLLER"}),
        expect=1,
    )
    check("denied the request" in result.err and "CONTROLLER" in result.err, result.err)


def test_pods_are_never_denied(test):
    """What is wrong was there before the namespace was labelled, so no StatefulSet was refused."""
    namespace = test.namespace(inject=False)
    documents = manifest("apache-env")
    template = documents[-1]["spec"]["template"]
    template["metadata"]["annotations"] = {"portside.dev/listener-port": "nine"}
    submit(test, namespace, documents)
    before = test.cluster.wait_pod(namespace, "kafka-0")
    test.kubectl("label", "namespace", namespace, f"{LABEL}=enabled")
    test.kubectl("delete", "pod", "kafka-0", "-n", namespace)
    check_untouched(test.cluster.wait_pod(namespace, "kafka-0", unlike=before["metadata"]["uid"]))
    record = test.portside.wait_record(namespace=namespace, kind="Pod", name="kafka-0")
    check((record["verdict"], record["reason"]) == ("leave", "bad-annotation"), str(record))


def test_warnings_at_kubectl(test):
    for name, words in (
        ("apache-env", ("PLAINTEXT",)),
        ("apache-env-single", ("localhost",)),
        ("apache-late-variable", ("POD_NAME",)),
        ("cp-zookeeper-two-listeners", ("latest",)),
        ("apache-broker-role", ("podAntiAffinity",)),
    ):
        _, result = create(test, name)
        for word in words:
            check(
                any(word in line for line in result.warnings()),
                f"{name}: no '{word}' in {result.warnings()}",
            )
        for line in result.warnings():
            check(len(line) <= 120, f"{name}: {len(line)} characters: {line}")


def test_stale_endpoint_is_removed(test):
    namespace, _ = create(test, "apache-stale-endpoint")
    pod = test.cluster.wait_pod(namespace, "kafka-0")
    check_injected(pod, "kafka", "env")
    annotations = pod["metadata"]["annotations"]
    check(
        "external.portside.dev/host" not in annotations and annotations["team"] == "data",
        annotations,
    )


def test_resubmission_changes_nothing(test):
    for name, container, delivery in (
        ("apache-env", "kafka", "env"),
        ("cp8-cmdexport", "kafka", "hook"),
    ):
        namespace, _ = create(test, name)
        pod = test.cluster.wait_pod(namespace, "kafka-0")
        check_injected(pod, container, delivery)
        # The same pod, once more, where nothing of that name is: what a restored backup looks like.
        other = test.namespace()
        for field in ("uid", "resourceVersion", "creationTimestamp", "managedFields"):
            pod["metadata"].pop(field, None)
        pod["metadata"]["namespace"] = other
        pod.pop("status")
        result = test.kubectl(
            "create", "--dry-run=server", "-o", "json", "-f", "-", stdin=json.dumps(pod)
        )
        again = json.loads(result.out)
        for part in ("labels", "annotations"):
            check(again["metadata"][part] == pod["metadata"][part], f"{name}: {part} changed")
        check(again["spec"] == pod["spec"], f"{name}: the spec changed")
        test.portside.wait_record(namespace=other, kind="Pod", verdict="unchanged")


def test_pods_without_a_statefulset(test):
    namespace = test.namespace()
    test.kubectl("run", "kafka-0", "-n", namespace, "--image=apache/kafka:4.1.0")
    check(not is_injected(test.cluster.wait_pod(namespace, "kafka-0")), "a bare pod was injected")
    check(not test.portside.records(namespace=namespace), "portside was asked about a bare pod")


def test_label_removed_from_the_namespace(test):
    namespace, _ = create(test, "apache-env")
    first = test.cluster.wait_pod(namespace, "kafka-0")
    check_injected(first, "kafka", "env")
    test.kubectl("label", "namespace", namespace, f"{LABEL}-")
    asked = len(test.portside.records(namespace=namespace))
    test.kubectl("delete", "pod", "kafka-0", "-n", namespace)
    check_untouched(test.cluster.wait_pod(namespace, "kafka-0", unlike=first["metadata"]["uid"]))
    check(len(test.portside.records(namespace=namespace)) == asked, "portside was asked again")
