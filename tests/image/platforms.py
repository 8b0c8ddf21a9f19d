# SPDX-License-Identifier: Apache-2.0
"""One image for two architectures, and what containerd makes of it."""

import contextlib
import hashlib
import json
import os
import re
import subprocess
import time

from made import Layout, Skip, build, native

NAME = re.compile(r"localhost/portside:\S+")
CONTAINERD = """version = 2
root = "{folder}/root"
state = "{folder}/state"
disabled_plugins = ["io.containerd.grpc.v1.cri"]
[grpc]
address = "{folder}/socket"
"""


@contextlib.contextmanager
def containerd(folder):
    """One of the test's own; yields a function that runs ctr with it."""
    if os.geteuid() != 0:
        raise Skip("containerd wants root")
    os.makedirs(folder)
    settings, log = os.path.join(folder, "config.toml"), os.path.join(folder, "log")
    with open(settings, "w", encoding="utf-8") as file:
        file.write(CONTAINERD.format(folder=folder))

    def ctr(*arguments):
        command = ["ctr", "--address", f"{folder}/socket", *arguments]
        return subprocess.run(command, text=True, capture_output=True, timeout=120, check=False)

    with open(log, "w+", encoding="utf-8") as file:
        process = subprocess.Popen(["containerd", "--config", settings], stdout=file, stderr=file)
        try:
            deadline = time.monotonic() + 60
            while ctr("version").returncode != 0:
                file.seek(0)
                assert process.poll() is None and time.monotonic() < deadline, file.read()[-2000:]
                time.sleep(0.1)
            yield ctr
        finally:
            process.terminate()
            process.wait(timeout=60)


def succeed(done):
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout


def checks(images, folder):
    """images: those of one architecture each."""
    place = os.path.join(folder, "both")
    data = build(place, *(image.program for image in images))
    layout = Layout(data)

    def the_index_names_the_images_of_both():
        body = json.loads(layout.blob(layout.described))
        assert body["mediaType"] == layout.described["mediaType"]
        assert layout.described["mediaType"] == "application/vnd.oci.image.index.v1+json"
        assert NAME.fullmatch(layout.described["annotations"]["io.containerd.image.name"])
        found = {one["platform"]["architecture"]: one["digest"] for one in body["manifests"]}
        alone = {image.program.architecture: image.layout.described["digest"] for image in images}
        assert found == alone, f"{found}, alone: {alone}"
        for image in images:
            assert body["annotations"] == image.config["config"]["Labels"]
            for name, blob in image.layout.parts.items():
                assert not name.startswith("blobs/") or layout.parts[name] == blob, name
        assert "manifest.json" not in layout.parts, "it has no platforms"

    def each_has_the_bill_that_it_has_alone():
        for image in images:
            name = f"portside.{image.program.architecture}.spdx.json"
            with open(os.path.join(place, name), encoding="utf-8") as file:
                assert json.load(file) == image.bill, name
        assert len(os.listdir(place)) == 1 + len(images), os.listdir(place)

    def made_again_in_another_order_it_is_the_same():
        """And the bill of an image that was made there before does not stay."""
        other = os.path.join(folder, "again")
        os.makedirs(other)
        with open(os.path.join(other, "portside.spdx.json"), "w", encoding="utf-8"):
            pass
        programs = reversed([image.program for image in images])
        assert build(other, *programs, cwd="/", umask=0o077, TZ="Asia/Tokyo") == data
        assert sorted(os.listdir(other)) == sorted(os.listdir(place)), os.listdir(other)

    def containerd_takes_both():
        tar = os.path.join(place, "portside.tar")
        with containerd(os.path.join(folder, "all")) as ctr:
            succeed(ctr("images", "import", "--all-platforms", "--no-unpack", tar))
            (line,) = [one for one in succeed(ctr("images", "list")).splitlines() if NAME.match(one)]
            assert layout.described["digest"] in line, line
            for image in images:
                assert f"linux/{image.program.architecture}" in line, line

    def a_node_takes_its_own_half():
        """Unpacked is what the layer of this machine's architecture holds, and nothing else."""
        (mine,) = [image for image in images if image.program.architecture == native()]
        with containerd(os.path.join(folder, "node")) as ctr:
            tar = os.path.join(place, "portside.tar")
            succeed(ctr("images", "import", "--snapshotter", "native", tar))
            snapshots = succeed(ctr("snapshots", "--snapshotter", "native", "list")).splitlines()
            keys = [line.split()[0] for line in snapshots[1:]]
            assert keys == [f"sha256:{hashlib.sha256(mine.plain).hexdigest()}"], keys

    return [
        the_index_names_the_images_of_both,
        each_has_the_bill_that_it_has_alone,
        made_again_in_another_order_it_is_the_same,
        containerd_takes_both,
        a_node_takes_its_own_half,
    ]
