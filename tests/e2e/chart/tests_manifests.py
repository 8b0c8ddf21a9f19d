# SPDX-License-Identifier: Apache-2.0
"""The chart without Helm: what `helm template` prints, applied as a GitOps tool does. After all tests
that need the release, which is uninstalled by then."""

import subprocess

from harness import KUBECTL, STATE, check, wait_until
from installed import CHART, HELM, NAMESPACE, RELEASE, Managed, helm


def manifests():
    """As docs/install.md says."""
    process = subprocess.run(
        [HELM, "template", RELEASE, CHART, "--namespace", NAMESPACE, "--skip-tests"],
        text=True,
        capture_output=True,
        timeout=60,
        check=True,
    )
    check("helm.sh/hook" not in process.stdout, "a hook is among them")
    return process.stdout


def diff(text, *options):
    """What `kubectl diff` prints; nothing, if the live objects are as the text says."""
    process = subprocess.run(
        [KUBECTL, "--kubeconfig", f"{STATE}/kubeconfig", "diff", *options, "-f", "-"],
        input=text,
        text=True,
        capture_output=True,
        timeout=60,
        check=False,
    )
    check(process.returncode in (0, 1), f"kubectl diff: {process.stderr}")
    return process.stdout


def apply_and_follow(test, *options):
    """Applies, lets portside write its caBundle, and looks whether anybody then wants a change."""
    test.portside.stop()
    helm("uninstall", RELEASE, "--ignore-not-found", "--wait")
    text = manifests()
    test.kubectl("apply", *options, "-f", "-", stdin=text)
    portside = Managed(test.cluster, test.portside.binary, "manifests")
    try:
        portside.start()
        wait_until("both caBundles are written", lambda: all(portside.bundles()))
        bundles = portside.bundles()
        wanted = diff(text, *options)
        check(not wanted, wanted)
        test.kubectl("apply", *options, "-f", "-", stdin=text)
        check(portside.bundles() == bundles, "the caBundle was changed")
        written = portside.records(msg="caBundle written")
        check(len(written) == 1, f"written {len(written)} times")
    finally:
        portside.stop()
        test.kubectl("delete", "--wait=false", "-f", "-", stdin=text)


def test_applied_on_the_server(test):
    apply_and_follow(test, "--server-side")


def test_applied_by_the_client(test):
    apply_and_follow(test)
