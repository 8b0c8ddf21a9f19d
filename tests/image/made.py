# SPDX-License-Identifier: Apache-2.0
"""An image as tools/image/build makes it, read by other code than wrote it."""

import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
PORTSIDE = os.environ.get("PORTSIDE_BIN") or os.path.join(ROOT, "build", "dev", "bin", "portside")
UID = 65532
# A new core: signed return addresses are used there, and QEMU's own way to sign is the quick one.
EMULATED = {"QEMU_CPU": "max,pauth-impdef=on"}


class Skip(Exception):
    """Why a check cannot be made here."""


class Program:
    """The executable that goes into an image, and how it is run here."""

    def __init__(self, path, architecture, emulator=None, root=""):
        self.path = path
        self.architecture = architecture
        self.emulator = emulator
        self.root = root

    def run(self, *arguments, timeout=60, **environment):
        prefix = [self.emulator, "-L", self.root] if self.emulator else []
        return subprocess.run(
            [*prefix, self.path, *arguments],
            capture_output=True,
            text=True,
            timeout=timeout,
            check=False,
            env=os.environ | EMULATED | environment,
        )

    def version(self):
        done = self.run("version")
        assert done.returncode == 0, done.stderr
        return done.stdout.split()[-1]

    def dpkg_version(self, package):
        """What dpkg knows of the packages that the image is made of."""
        command = ["dpkg-query", f"--admindir={self.root}/var/lib/dpkg", "-W", "-f", "${Version}"]
        return subprocess.run([*command, package], check=True, capture_output=True, text=True).stdout


def native():
    command = ["dpkg", "--print-architecture"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def build(folder, *programs, cwd=ROOT, umask=0o022, **environment):
    done = subprocess.run(
        [os.path.join(ROOT, "tools", "image", "build"), *(one.path for one in programs), folder],
        check=False,
        cwd=cwd,
        umask=umask,
        text=True,
        capture_output=True,
        env=os.environ | environment,
    )
    assert done.returncode == 0, done.stderr
    with open(os.path.join(folder, "portside.tar"), "rb") as file:
        return file.read()


class Layout:
    """The parts of the tar, each blob checked against its name."""

    def __init__(self, data):
        self.data = data
        with tarfile.open(fileobj=io.BytesIO(data)) as tar:
            names = tar.getnames()
            self.parts = {one.name: tar.extractfile(one).read() for one in tar}
        assert len(names) == len(set(names)), names
        for name, data in self.parts.items():
            if name.startswith("blobs/sha256/"):
                assert hashlib.sha256(data).hexdigest() == os.path.basename(name), name
        (self.described,) = json.loads(self.parts["index.json"])["manifests"]

    def blob(self, descriptor):
        data = self.parts["blobs/" + descriptor["digest"].replace(":", "/")]
        assert len(data) == descriptor["size"], descriptor
        return data


class Image:
    """What is made of one program."""

    def __init__(self, program, folder):
        self.program = program
        self.layout = Layout(build(folder, program))
        with open(os.path.join(folder, "portside.spdx.json"), encoding="utf-8") as file:
            self.bill = json.load(file)
        self.manifest = json.loads(self.layout.blob(self.layout.described))
        self.config = json.loads(self.layout.blob(self.manifest["config"]))
        self.packed = self.layout.blob(self.manifest["layers"][0])
        self.plain = gzip.decompress(self.packed)

    def layer(self):
        return tarfile.open(fileobj=io.BytesIO(self.plain))

    def unpack(self, folder):
        with self.layer() as tar:
            tar.extractall(folder)
