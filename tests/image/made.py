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


class Skip(Exception):
    """Why a check cannot be made here."""


def build(folder, cwd=ROOT, umask=0o022, **environment):
    subprocess.run(
        [os.path.join(ROOT, "tools", "image", "build"), PORTSIDE, folder],
        check=True,
        cwd=cwd,
        umask=umask,
        stdout=subprocess.DEVNULL,
        env=os.environ | environment,
    )
    with open(os.path.join(folder, "portside.tar"), "rb") as file:
        return file.read()


class Image:
    """The parts of the tar, each blob checked against its name."""

    def __init__(self, folder):
        self.data = build(folder)
        with open(os.path.join(folder, "portside.spdx.json"), encoding="utf-8") as file:
            self.bill = json.load(file)
        with tarfile.open(fileobj=io.BytesIO(self.data)) as tar:
            self.parts = {one.name: tar.extractfile(one).read() for one in tar}
        for name, data in self.parts.items():
            if name.startswith("blobs/sha256/"):
                assert hashlib.sha256(data).hexdigest() == os.path.basename(name), name
        index = json.loads(self.parts["index.json"])
        self.described = index["manifests"][0]
        self.manifest = json.loads(self.blob(self.described))
        self.config = json.loads(self.blob(self.manifest["config"]))
        self.packed = self.blob(self.manifest["layers"][0])
        self.plain = gzip.decompress(self.packed)

    def blob(self, descriptor):
        data = self.parts["blobs/" + descriptor["digest"].replace(":", "/")]
        assert len(data) == descriptor["size"], descriptor
        return data

    def layer(self):
        return tarfile.open(fileobj=io.BytesIO(self.plain))

    def unpack(self, folder):
        with self.layer() as tar:
            tar.extractall(folder)
