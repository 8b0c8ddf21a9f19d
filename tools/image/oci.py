# SPDX-License-Identifier: Apache-2.0
"""An image as one tar: an OCI layout that `ctr images import` reads, with the manifest.json by which
`docker load` finds the same blobs. The same input gives the same bytes."""

import gzip
import hashlib
import io
import json
import os
import tarfile

KIND = "application/vnd.oci.image."


def layer(entries, epoch):
    """The tar of the root file system: sorted, of root, of one moment."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as tar:
        seen = set()

        def put(name, kind, mode, data=b"", target=""):
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode, entry.mtime = kind, mode, epoch
            entry.size, entry.linkname = len(data), target
            tar.addfile(entry, io.BytesIO(data))

        def folder(name):
            if name and name not in seen:
                folder(os.path.dirname(name))
                seen.add(name)
                put(name, tarfile.DIRTYPE, 0o755)

        for path, entry in entries.items():
            folder(os.path.dirname(path))
            if entry.target is not None:
                put(path, tarfile.SYMTYPE, 0o777, target=entry.target)
            else:
                put(path, tarfile.REGTYPE, entry.mode, entry.data)
    return buffer.getvalue()


class Layout:
    """Blobs by their digest, and the tar that holds them."""

    def __init__(self, epoch):
        self.buffer = io.BytesIO()
        self.tar = tarfile.open(fileobj=self.buffer, mode="w", format=tarfile.USTAR_FORMAT)
        self.epoch = epoch

    def put(self, name, data):
        entry = tarfile.TarInfo(name)
        entry.size, entry.mode, entry.mtime = len(data), 0o644, self.epoch
        self.tar.addfile(entry, io.BytesIO(data))

    def blob(self, kind, data):
        digest = hashlib.sha256(data).hexdigest()
        self.put(f"blobs/sha256/{digest}", data)
        return {"mediaType": KIND + kind, "digest": f"sha256:{digest}", "size": len(data)}

    def json(self, value):
        return json.dumps(value, sort_keys=True).encode()


class Platform:
    """The image of one architecture: its files, and how they are run."""

    def __init__(self, architecture, entries, settings):
        self.machine = {"architecture": architecture, "os": "linux"}
        self.entries = entries
        self.settings = settings
        self.digest = None
        self.packed = 0
        self.paths = []

    def put(self, layout, epoch, created):
        """Into the layout; returns the descriptor of its manifest."""
        plain = layer(self.entries, epoch)
        packed = gzip.compress(plain, 9, mtime=0)
        blob = layout.blob("layer.v1.tar+gzip", packed)
        config = {
            "created": created,
            "config": self.settings,
            "rootfs": {
                "type": "layers",
                "diff_ids": [f"sha256:{hashlib.sha256(plain).hexdigest()}"],
            },
            "history": [{"created": created, "created_by": "tools/image/build"}],
        }
        config = layout.blob("config.v1+json", layout.json(self.machine | config))
        body = {
            "schemaVersion": 2,
            "mediaType": KIND + "manifest.v1+json",
            "config": config,
            "layers": [blob],
            "annotations": self.settings["Labels"],
        }
        manifest = layout.blob("manifest.v1+json", layout.json(body))
        self.digest, self.packed = manifest["digest"], len(packed)
        self.paths = [part["digest"].replace("sha256:", "blobs/sha256/") for part in (config, blob)]
        return manifest | {"platform": self.machine}


def index(manifests, **more):
    return {"schemaVersion": 2, "mediaType": KIND + "index.v1+json", "manifests": manifests} | more


def image(platforms, name, epoch, created):
    """(bytes of the tar, digest that the name stands for): the manifest of the one platform, or, as
    `docker buildx` has it, the index of several. manifest.json knows no platforms and is left out
    then."""
    layout = Layout(epoch)
    layout.put("oci-layout", layout.json({"imageLayoutVersion": "1.0.0"}))
    manifests = [platform.put(layout, epoch, created) for platform in platforms]
    top = manifests[0]
    if len(platforms) > 1:
        labels = platforms[0].settings["Labels"]
        top = layout.blob("index.v1+json", layout.json(index(manifests, annotations=labels)))
    names = {
        "io.containerd.image.name": name,
        "org.opencontainers.image.ref.name": name.rsplit(":", 1)[1],
    }
    layout.put("index.json", layout.json(index([top | {"annotations": names}])))
    if len(platforms) == 1:
        config, blob = platforms[0].paths
        docker = [{"Config": config, "RepoTags": [name], "Layers": [blob]}]
        layout.put("manifest.json", layout.json(docker))
    layout.tar.close()
    return layout.buffer.getvalue(), top["digest"]
