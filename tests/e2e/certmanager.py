# SPDX-License-Identifier: Apache-2.0
"""cert-manager, as tests/e2e/build made it: controller and cainjector, each a process, with the
rights of an administrator."""

import os
import subprocess
import time

from harness import CACHE, STATE, check, wait_until

PROGRAM = os.path.join(CACHE, "e2e", "bin", "certmanager")
DEFINITIONS = os.path.join(CACHE, "e2e", "certmanager")
PARTS = ("controller", "cainjector")
API = "/apis/cert-manager.io/v1"


class CertManager:
    """Runs while it is entered. Its definitions stay, and so does what was made by them."""

    def __init__(self, cluster):
        self.cluster = cluster
        self.processes = {}

    def __enter__(self):
        apply = ("apply", "--server-side", "--force-conflicts", "-f", DEFINITIONS)
        self.cluster.kubectl(*apply)
        self.cluster.kubectl("wait", "--for=condition=established", "--timeout=30s", "-f", DEFINITIONS)
        for part in PARTS:
            self.start(part)
        return self

    def __exit__(self, *_):
        for part in list(self.processes):
            self.stop(part)

    def start(self, part):
        kubeconfig = os.path.join(STATE, "kubeconfig")
        with open(os.path.join(STATE, "log", f"cert-manager-{part}.log"), "ab") as log:
            self.processes[part] = subprocess.Popen(
                [PROGRAM, part, kubeconfig], stdin=subprocess.DEVNULL, stdout=log, stderr=log
            )

    def stop(self, part):
        process = self.processes.pop(part)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


class Certificate:
    """One of its objects, and the Secret that it writes."""

    def __init__(self, cluster, namespace, name):
        self.cluster, self.namespace = cluster, namespace
        self.path = f"{API}/namespaces/{namespace}/certificates/{name}"

    def conditions(self):
        found = self.cluster.get(self.path) or {}
        listed = found.get("status", {}).get("conditions", [])
        return {one["type"]: one["status"] for one in listed}

    def revision(self):
        return (self.cluster.get(self.path) or {}).get("status", {}).get("revision", 0)

    def wait_issued(self, since=0, seconds=60):
        """Another revision than before, and all is well."""

        def probe():
            conditions = self.conditions()
            return (
                self.revision() > since
                and conditions.get("Ready") == "True"
                and conditions.get("Issuing") != "True"
            )

        wait_until(f"{self.path} is issued", probe, seconds)

    def renew(self):
        """As `cmctl renew` does; waits until it is done."""
        before = self.revision()

        def asked():
            found = self.cluster.get(self.path)
            kept = [one for one in found["status"]["conditions"] if one["type"] != "Issuing"]
            wish = {
                "type": "Issuing",
                "status": "True",
                "reason": "ManuallyTriggered",
                "message": "Certificate re-issuance manually triggered",
                "lastTransitionTime": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "observedGeneration": found["metadata"]["generation"],
            }
            found["status"]["conditions"] = kept + [wish]
            status, body, _ = self.cluster.request("PUT", f"{self.path}/status", found)
            check(status in (200, 409), f"{self.path}: {body}")
            return status == 200

        wait_until(f"{self.path} is to be renewed", asked)
        self.wait_issued(since=before)
