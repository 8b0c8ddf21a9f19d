# SPDX-License-Identifier: Apache-2.0
"""A portside whose certificate is in a Secret that is mounted, as the kubelet does it, and reviews that
tell whether the API server takes that certificate."""

import os
import subprocess
import threading

from harness import check, manifest, wait_until
from installed import NAMESPACE, Account, Installed


class Volume:
    """What the kubelet makes of a Secret: a folder whose files change all at once."""

    def __init__(self, folder):
        self.folder, self.count = os.path.join(folder, "volume"), 0
        os.mkdir(self.folder)

    def write(self, texts):
        """By the symbolic link that the kubelet swaps; None: the key is missing."""
        self.count += 1
        name = f"..{self.count}"
        os.mkdir(os.path.join(self.folder, name))
        for key, text in texts.items():
            if text is not None:
                with open(os.path.join(self.folder, name, key), "w", encoding="utf-8") as file:
                    file.write(text)
            if not os.path.islink(os.path.join(self.folder, key)):
                os.symlink(f"..data/{key}", os.path.join(self.folder, key))
        os.symlink(name, os.path.join(self.folder, "..data_tmp"))
        os.rename(os.path.join(self.folder, "..data_tmp"), os.path.join(self.folder, "..data"))


class Mounted(Installed):
    """A portside with the ConfigMap's settings, and the Secret in a folder instead of a volume."""

    def launch(self, folder):
        """The Secret's files are in a Volume of that folder."""
        self.account = Account(self.cluster)
        path = f"/api/v1/namespaces/{NAMESPACE}/configmaps/portside"
        settings = self.cluster.get(path)["data"]["portside.conf"]
        settings = settings.replace("/etc/portside/tls/", f"{folder}/volume/")
        kept = [line for line in settings.splitlines() if "listen =" not in line]
        kept += [f"listen = 127.0.0.1:{self.port}", f"plain-listen = 127.0.0.1:{self.plain_port}"]
        kept += [f"kubeconfig = {self.account.path}", "drain-seconds = 0"]
        with open(os.path.join(folder, "portside.conf"), "w", encoding="utf-8") as file:
            file.write("\n".join(kept) + "\n")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [self.binary, "serve", "--config", f"{folder}/portside.conf"],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
            )


def ask(cluster, space):
    """Why the API server did not ask portside, or nothing."""
    body = next(one for one in manifest("apache-env") if one["kind"] == "StatefulSet")
    body["metadata"].setdefault("annotations", {})["portside.dev/inject"] = "maybe"
    status, answer, _ = cluster.request(
        "POST", f"/apis/apps/v1/namespaces/{space}/statefulsets?dryRun=All", body
    )
    message = (answer or {}).get("message", "")
    return "" if "denied the request: portside.dev/inject" in message else f"{status} {message}"


class Load:
    """Asks twenty times a second while it is entered: ask() returns why it failed, or nothing."""

    def __init__(self, ask):
        self.ask, self.failures, self.count = ask, [], 0
        self.ended = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_):
        self.ended.set()
        self.thread.join()

    def run(self):
        while not self.ended.wait(0.05):
            self.count += 1
            failure = self.ask()
            if failure:
                self.failures.append(failure)

    def after(self, count):
        """Waits for so many more."""
        until = self.count + count
        wait_until(f"{count} reviews", lambda: self.count >= until, 60)

    def judge(self):
        """How many there were, if none failed."""
        check(not self.failures, f"{len(self.failures)} of {self.count}: {self.failures[:2]}")
        return f"{self.count} reviews"
