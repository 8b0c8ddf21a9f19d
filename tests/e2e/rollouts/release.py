# SPDX-License-Identifier: Apache-2.0
"""The chart on real nodes: installed by helm, with the image that ./dev image builds."""

import os
import re
import ssl
import subprocess
import time
import urllib.request

from harness import CACHE, ROOT, STATE, check, wait_until
from hooks import wait_effect
from installed import CHART, HELM, NAMESPACE, RELEASE
from nodes import bring_up as nodes_up
from nodes import enter, outside

REPOSITORY = "localhost/portside"
# The same program under two names, for an upgrade.
TAGS = ("e2e-one", "e2e-two")
LABELS = "app.kubernetes.io/name=portside"
PODS = f"/api/v1/namespaces/{NAMESPACE}/pods"
SLICES = f"/apis/discovery.k8s.io/v1/namespaces/{NAMESPACE}/endpointslices"
SECRET = f"/api/v1/namespaces/{NAMESPACE}/secrets/portside-certificates"
LEASE = f"/apis/coordination.k8s.io/v1/namespaces/{NAMESPACE}/leases/portside"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{NAMESPACE}/deployments/portside"
METRICS_PORT = 8080
REQUESTS = re.compile(r"^portside_admission_requests_total\{.*\} (\d+)", re.MULTILINE)
REPLICAS = 2


def bring_up():
    """The nodes, and a namespace for portside that enforces *restricted*."""
    subprocess.run([os.path.join(ROOT, "tests", "chart", "build")], check=True)
    cluster = nodes_up()
    cluster.kubectl(
        *("label", "--overwrite", "namespace", NAMESPACE),
        "pod-security.kubernetes.io/enforce=restricted",
    )
    return cluster


def make_images(binary):
    """One image for each tag, on every node."""
    files = []
    for tag in TAGS:
        folder = os.path.join(STATE, "images", tag)
        os.makedirs(folder, exist_ok=True)
        subprocess.run(
            [os.path.join(ROOT, "tools", "image", "build"), binary, folder]
            + ["--name", f"{REPOSITORY}:{tag}"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        files.append(os.path.join(folder, "portside.tar"))
    outside("load-image", *files)


def helm(*arguments):
    process = subprocess.run(
        [HELM, "--kubeconfig", os.path.join(STATE, "kubeconfig"), "--namespace", NAMESPACE]
        + list(arguments),
        env=os.environ | {"HELM_CACHE_HOME": os.path.join(CACHE, "chart", "helm")},
        text=True,
        capture_output=True,
        timeout=180,
        check=False,
    )
    check(process.returncode == 0, f"helm {arguments[0]}: {process.stderr or process.stdout}")
    return process.stdout


def reviewed(pod):
    """How many reviews it has answered since it began."""
    url = f"http://{pod['status']['podIP']}:{METRICS_PORT}/metrics"
    with urllib.request.urlopen(url, timeout=5) as response:
        return sum(int(count) for count in REQUESTS.findall(response.read().decode()))


def is_ending(pod):
    return "deletionTimestamp" in pod["metadata"]


def container(pod):
    """Its status, once the kubelet has written one."""
    return next(iter(pod["status"].get("containerStatuses", [])), {})


class Release:
    """In place of the portside that other suites start beside the API server."""

    def __init__(self, cluster, binary):
        self.cluster = cluster
        self.binary = binary
        self.tag = TAGS[0]
        self.values = {}
        self.install_s = None

    def start(self):
        make_images(self.binary)
        self.stop()
        # Those that the portside of another suite left, which had no service account.
        self.cluster.request("DELETE", SECRET)
        self.cluster.request("DELETE", LEASE)
        self.install_s = self.install()
        return self

    def stop(self):
        helm("uninstall", RELEASE, "--ignore-not-found", "--wait")

    def register(self):
        """The chart has done so."""
        wait_effect(self.cluster)

    def install(self):
        """Seconds until both replicas are ready."""
        begun = time.monotonic()
        helm("install", RELEASE, CHART, *self.options())
        self.wait_ready()
        return time.monotonic() - begun

    def upgrade(self, seconds=120, **values):
        """With these values beside those that it has."""
        self.begin_upgrade(**values)
        self.wait_ready(seconds)

    def begin_upgrade(self, **values):
        """As upgrade(), without waiting for anything."""
        self.values |= values
        helm("upgrade", RELEASE, CHART, *self.options())

    def options(self):
        values = {"image.repository": REPOSITORY, "image.tag": self.tag} | self.values
        return [word for key, value in values.items() for word in ("--set", f"{key}={value}")]

    def other_tag(self):
        """The image under its other name from now on."""
        self.tag = TAGS[1 - TAGS.index(self.tag)]

    def pods(self):
        return self.cluster.get(f"{PODS}?labelSelector={LABELS}")["items"]

    def asked(self, least=40):
        """Each replica and how many of the next reviews it answers, the busiest first. The API server
        keeps connections, so one of them may answer all."""
        before = [(pod, reviewed(pod)) for pod in self.pods()]

        def probe():
            grown = [(pod, reviewed(pod) - count) for pod, count in before]
            return sum(count for _, count in grown) >= least and grown

        grown = wait_until(f"{least} reviews are answered", probe, 30)
        return sorted(grown, key=lambda one: -one[1])

    def ready_addresses(self):
        """Where kube-proxy and API server send what is new."""
        listed = self.cluster.get(f"{SLICES}?labelSelector=kubernetes.io/service-name=portside")
        return {
            address
            for one in listed["items"]
            for endpoint in one.get("endpoints") or []
            if endpoint["conditions"].get("ready")
            for address in endpoint["addresses"]
        }

    def is_ready(self):
        """All replicas, of this revision, and nothing is left of others."""
        deployment = self.cluster.get(DEPLOYMENT)
        status = deployment["status"]
        counts = [status.get(key) for key in ("replicas", "updatedReplicas", "availableReplicas")]
        if status.get("observedGeneration") != deployment["metadata"]["generation"]:
            return False
        pods = self.pods()
        addresses = {pod["status"].get("podIP") for pod in pods}
        return (
            counts == [REPLICAS] * 3
            and len(pods) == REPLICAS
            and not any(is_ending(pod) for pod in pods)
            and addresses == self.ready_addresses()
        )

    def wait_ready(self, seconds=120):
        try:
            wait_until("both replicas are ready", self.is_ready, seconds)
        except Exception as error:
            options = ("-n", NAMESPACE)
            shown = self.cluster.kubectl("get", "pods,events", *options, "-o", "wide").out
            logs = self.cluster.kubectl("logs", *options, "-l", LABELS, "--tail=20", expect=None)
            raise type(error)(f"{error}\n{shown}{logs.out}{logs.err}") from None

    def refresh(self):
        """Both replicas are ready and have not been restarted in place: the kubelet lets those wait
        that are so again and again."""
        self.wait_ready()
        if any(container(pod).get("restartCount") for pod in self.pods()):
            self.restart()
            self.wait_ready()

    def restart(self):
        self.cluster.restart("deployment/portside", NAMESPACE)

    def kill(self, pod):
        """kill -9 of the process, as its node sees it."""
        node = pod["spec"]["nodeName"]
        name = container(pod)["containerID"].removeprefix("containerd://")
        listed = enter(node, "ctr", "-n", "k8s.io", "tasks", "list").out
        pid = next(line.split()[1] for line in listed.splitlines() if line.startswith(name))
        enter(node, "kill", "-9", pid)

    def has_left(self, victim):
        """The API server is told to ask it no more, or it is back."""
        if victim["status"]["podIP"] not in self.ready_addresses():
            return True
        name = victim["metadata"]["name"]
        pod = self.cluster.get(f"{PODS}/{name}")
        now = container(pod) if pod else {}
        return now.get("ready") and now["restartCount"] > container(victim)["restartCount"]

    def is_served(self, victims):
        """By somebody who lives, and by nobody who does not."""
        return bool(self.ready_addresses()) and all(self.has_left(one) for one in victims)

    def served(self):
        """The certificate of each replica."""
        addresses = self.ready_addresses()
        return {ssl.get_server_certificate((address, 8443)).strip() for address in addresses}
