# SPDX-License-Identifier: Apache-2.0
"""On real nodes: what a person does to portside on purpose, and no client notices. First what makes
certificates anew, so that all later replicas find traces of another CA."""

import base64

from events import Event, nobody_notices, run
from harness import check, wait_until
from release import LABELS, SECRET
from tests_certs import make_leaf


def upgrade(release, pods):
    release.other_tag()
    release.upgrade()


def restart(release, pods):
    release.restart()


def drain(release, pods):
    """The node of who is asked, its pods alone: brokers there are no business of this test."""
    node = pods[0]["spec"]["nodeName"]
    options = ("--ignore-daemonsets", f"--pod-selector={LABELS}", "--timeout=50s")
    release.cluster.kubectl("drain", node, *options)
    try:
        check(
            all(pod["spec"]["nodeName"] != node for pod in release.pods()), f"{node} is not empty"
        )
    finally:
        release.cluster.kubectl("uncordon", node)


def content(release):
    """Of the Secret, as texts."""
    data = (release.cluster.get(SECRET) or {}).get("data", {})
    return {name: base64.b64decode(value).decode() for name, value in data.items()}


def wait_served_anew(release, before):
    """Both replicas serve the certificate in the Secret, which is another one than before."""

    def probe():
        leaf = content(release).get("tls.crt", "").strip()
        return leaf and leaf not in before and release.served() == {leaf}

    wait_until("both replicas serve another certificate", probe, 90)


def renew(release, pods):
    """One in the Secret that is not good any more: here it lacks the name of the Service."""
    before = content(release)
    made = make_leaf(before)
    data = {
        name: base64.b64encode(text.encode()).decode()
        for name, text in zip(("tls.crt", "tls.key"), made)
    }
    status, body, _ = release.cluster.request(
        "PATCH", SECRET, {"data": data}, "application/merge-patch+json"
    )
    check(status == 200, f"Secret: {body}")
    wait_served_anew(release, (before["tls.crt"].strip(), made[0].strip()))
    check(content(release)["ca.crt"] == before["ca.crt"], "there is another CA")


def rotate(release, pods):
    """The Secret is deleted, and the CA's key with it."""
    before = content(release)
    release.cluster.request("DELETE", SECRET)
    wait_served_anew(release, (before["tls.crt"].strip(),))
    check(content(release)["ca.crt"] != before["ca.crt"], "it is the same CA")


def test_renewal(context):
    return run(context, Event("certificate renewed", renew), nobody_notices)


def test_rotation(context):
    return run(context, Event("Secret deleted, another CA", rotate), nobody_notices)


def test_upgrade(context):
    return run(context, Event("helm upgrade, another image", upgrade), nobody_notices)


def test_restart(context):
    return run(context, Event("kubectl rollout restart", restart), nobody_notices)


def test_drain(context):
    return run(context, Event("kubectl drain of its node", drain), nobody_notices)
