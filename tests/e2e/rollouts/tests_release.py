# SPDX-License-Identifier: Apache-2.0
"""On real nodes: helm install is all it takes, helm uninstall takes nothing from brokers."""

from exposed import wait_endpoints
from harness import check, wait_until
from hooks import REGISTRATIONS
from installed import RELEASE
from nodes import create
from portside import is_injected
from reach import BROKERS, check_bootstrap, check_environment, check_reachable, ready
from release import LEASE, helm


def test_install_label_create_is_all_it_takes(context):
    """Brokers are injected, and the client outside reaches them."""
    namespace = context.namespace()
    create(context, namespace, "standin")
    endpoints = wait_endpoints(context, namespace, BROKERS)
    ready(context, namespace)
    check_environment(context, namespace, endpoints)
    check_reachable(endpoints)
    check_bootstrap(context, namespace, endpoints)
    return f"both replicas ready {context.portside.install_s:.1f} s after helm install began"


def test_helm_test(context):
    """Its pod is started by a kubelet, under *restricted*, and finds that all is well."""
    out = helm("test", RELEASE, "--logs")
    check("Phase:          Succeeded" in out, out)
    check("5 ok, 0 failed" in out, out)
    return out[out.rindex("POD LOGS") :]


def test_uninstall_and_install_again(context):
    """Who is connected stays so; the new release takes over what the old one has made."""
    namespace = context.namespace()
    release = context.portside
    create(context, namespace, "standin")
    before = wait_endpoints(context, namespace, BROKERS)
    pods = ready(context, namespace)
    check_bootstrap(context, namespace, before)
    release.stop()
    wait_until("no registration", lambda: not context.cluster.get(f"{REGISTRATIONS}/portside"))
    # Else the new release would wait for who led the old one.
    wait_until("the Lease went with its account", lambda: not context.cluster.get(LEASE), 60)
    check_reachable(before, seconds=0)
    check_bootstrap(context, namespace, before)
    took = release.install()
    check_reachable(before, seconds=0)
    now = ready(context, namespace)
    same = all(now[name]["metadata"]["uid"] == pod["metadata"]["uid"] for name, pod in pods.items())
    check(same, "a broker was restarted")
    context.kubectl("delete", "pod", "kafka-1", "-n", namespace)
    anew = context.cluster.wait_pod(namespace, "kafka-1", unlike=pods["kafka-1"]["metadata"]["uid"])
    check(is_injected(anew), "the broker that was made anew is not injected")
    ready(context, namespace)
    after = wait_endpoints(context, namespace, BROKERS)
    check(after["kafka-1"][1] == before["kafka-1"][1], f"{before} became {after}")
    check_environment(context, namespace, after)
    check_reachable(after)
    return f"both replicas ready {took:.1f} s after helm install began"
