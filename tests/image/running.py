# SPDX-License-Identifier: Apache-2.0
"""The image at work: unpacked, mounted read-only, entered as its own user."""

import base64
import json
import os
import shutil
import signal
import ssl
import subprocess
import sys
import time
import urllib.request

from made import EMULATED, ROOT, Skip, UID

sys.path.append(os.path.join(ROOT, "tests", "support"))
from ports import free_ports  # noqa: E402

# A mount namespace of its own: what is mounted there goes with the last process.
ENTER = """
set -eu
mount --bind "$1" "$1"
mount --bind "$2" "$1/etc/portside"
mount -o remount,bind,ro "$1"
exec chroot --userspec=%d:%d "$1" "${@:3}"
""" % (UID, UID)

CASE = "apache-cmd-id-pod"


class Box:
    """The unpacked image."""

    def __init__(self, image, folder):
        self.image = image
        self.folder = folder
        self.root = os.path.join(folder, "root")
        self.settings = os.path.join(folder, "settings")

    def open(self):
        if os.geteuid() != 0:
            raise Skip("chroot and mount need root")
        if os.path.exists(self.root):
            return
        self.image.unpack(self.root)
        # A container runtime makes what it mounts over.
        os.makedirs(os.path.join(self.root, "etc", "portside"))
        os.makedirs(self.settings)
        os.chmod(self.folder, 0o755)
        if self.image.program.emulator:
            shutil.copy(self.image.program.emulator, os.path.join(self.settings, "emulator"))

    def enter(self, *command):
        return subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", ENTER, "bash", self.root, self.settings, *command],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            env=os.environ | EMULATED,
        )

    def portside(self, *arguments):
        emulator = ["/etc/portside/emulator"] if self.image.program.emulator else []
        return self.enter(*emulator, "/usr/bin/portside", *arguments)


def certificate(folder):
    subprocess.run(
        [os.path.join(ROOT, "certs", "dev-ca.sh"), "--dir", folder, "--san", "127.0.0.1"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for name in ("portside.crt", "portside.key"):
        os.chown(os.path.join(folder, name), UID, UID)


def patiently(process, attempt):
    """What it returns, as soon as nothing refuses it: an emulated server on a busy machine is slow."""
    deadline = time.monotonic() + 60
    while True:
        try:
            return attempt()
        except OSError as error:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline, error
            time.sleep(0.05)


def status_of(url):
    with urllib.request.urlopen(url, timeout=5) as response:
        return response.status


def review(port, folder):
    """The patch that comes back over TLS, for a pod of Kafka."""
    with open(os.path.join(ROOT, "tests", "golden", CASE, "request.json"), "rb") as file:
        request = urllib.request.Request(
            f"https://127.0.0.1:{port}/mutate", file.read(), {"Content-Type": "application/json"}
        )
    context = ssl.create_default_context(cafile=os.path.join(folder, "ca.crt"))
    with urllib.request.urlopen(request, timeout=30, context=context) as reply:
        response = json.load(reply)["response"]
    assert response["allowed"] is True, response
    return json.loads(base64.b64decode(response["patch"]))


def checks(image, folder):
    box = Box(image, folder)

    def the_program_runs():
        box.open()
        process = box.portside("version")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 0 and out.startswith("portside "), out
        return out.strip()

    def there_is_no_shell():
        box.open()
        process = box.enter("/bin/sh", "-c", "true")
        out, _ = process.communicate(timeout=60)
        assert process.returncode == 127 and "No such file" in out, out

    def it_serves_as_a_user_without_rights():
        """On a root that it cannot write to; it drains and ends on SIGTERM."""
        box.open()
        certificate(box.settings)
        port, plain = free_ports(2)
        with open(os.path.join(box.settings, "portside.conf"), "w", encoding="utf-8") as file:
            file.write(
                f"listen = 127.0.0.1:{port}\nplain-listen = 127.0.0.1:{plain}\ncontroller = off\n"
                "tls-cert = /etc/portside/portside.crt\ntls-key = /etc/portside/portside.key\n"
                "drain-seconds = 0\n"
            )
        process = box.portside("serve", "--config", "/etc/portside/portside.conf")
        try:
            for path in ("healthz", "readyz"):
                url = f"http://127.0.0.1:{plain}/{path}"
                assert patiently(process, lambda url=url: status_of(url)) == 200
            patch = patiently(process, lambda: review(port, box.settings))
            assert len(patch) > 1, patch
            with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
                status = file.read()
            assert f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}\n" in status, status
            with open(f"/proc/{process.pid}/mountinfo", encoding="utf-8") as file:
                mounts = [line.split() for line in file if line.split()[4] == "/"]
            assert mounts and "ro" in mounts[-1][5].split(","), mounts
        finally:
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=60)
        assert process.returncode == 0, out

    return [the_program_runs, there_is_no_shell, it_serves_as_a_user_without_rights]
