# SPDX-License-Identifier: Apache-2.0
"""The image at work: unpacked, mounted read-only, entered as its own user."""

import os
import signal
import subprocess
import sys
import time
import urllib.request

from made import ROOT, Skip, UID

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

    def enter(self, *command, **options):
        return subprocess.Popen(
            ["unshare", "--mount", "bash", "-c", ENTER, "bash", self.root, self.settings, *command],
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            **options,
        )


def certificate(folder):
    subprocess.run(
        [os.path.join(ROOT, "certs", "dev-ca.sh"), "--dir", folder, "--san", "127.0.0.1"],
        check=True,
        stdout=subprocess.DEVNULL,
    )
    for name in ("portside.crt", "portside.key"):
        os.chown(os.path.join(folder, name), UID, UID)


def answer(url, process):
    deadline = time.monotonic() + 15
    while True:
        try:
            with urllib.request.urlopen(url, timeout=2) as response:
                return response.status
        except OSError:
            assert process.poll() is None, process.stdout.read()
            assert time.monotonic() < deadline, f"{url} does not answer"
            time.sleep(0.05)


def checks(image, folder):
    box = Box(image, folder)

    def the_program_runs():
        box.open()
        process = box.enter("/usr/bin/portside", "version")
        out, _ = process.communicate(timeout=20)
        assert process.returncode == 0 and out.startswith("portside "), out
        return out.strip()

    def there_is_no_shell():
        box.open()
        process = box.enter("/bin/sh", "-c", "true")
        out, _ = process.communicate(timeout=20)
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
        process = box.enter("/usr/bin/portside", "serve", "--config", "/etc/portside/portside.conf")
        try:
            assert answer(f"http://127.0.0.1:{plain}/healthz", process) == 200
            assert answer(f"http://127.0.0.1:{plain}/readyz", process) == 200
            with open(f"/proc/{process.pid}/status", encoding="utf-8") as file:
                status = file.read()
            assert f"Uid:\t{UID}\t{UID}\t{UID}\t{UID}\n" in status, status
            with open(f"/proc/{process.pid}/mountinfo", encoding="utf-8") as file:
                mounts = [line.split() for line in file if line.split()[4] == "/"]
            assert mounts and "ro" in mounts[-1][5].split(","), mounts
        finally:
            process.send_signal(signal.SIGTERM)
            out, _ = process.communicate(timeout=20)
        assert process.returncode == 0, out

    return [the_program_runs, there_is_no_shell, it_serves_as_a_user_without_rights]
