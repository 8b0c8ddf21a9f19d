# SPDX-License-Identifier: Apache-2.0
"""The program for the architecture that this machine is not of: cross-compiled as for a release, and
run by QEMU with the Debian packages that it goes into the image with."""

import glob
import os
import re
import shutil
import subprocess

from made import ROOT, Program, Skip, native

OTHER = {"amd64": "arm64", "arm64": "amd64"}
EMULATORS = {"amd64": "qemu-x86_64-static", "arm64": "qemu-aarch64-static"}
# The oldest cores that people have: what newer ones can is not asked of them.
OLDEST = {"amd64": "qemu64", "arm64": "cortex-a57"}
GOLDEN = os.path.join(ROOT, "tests", "golden")


def foreign_architectures():
    command = ["dpkg", "--print-foreign-architectures"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def compiled():
    """A Program, of which this machine's apt and dpkg have heard nothing. An AssertionError says why
    there is none."""
    architecture, before = OTHER[native()], foreign_architectures()
    emulator = shutil.which(EMULATORS[architecture])
    assert emulator, f"no {EMULATORS[architecture]}: ./dev setup image_test"
    folder = os.path.join(ROOT, "build", f"image-{architecture}")
    done = subprocess.run(
        [os.path.join(ROOT, "tools", "image", "compile"), folder, architecture],
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-3000:]
    assert foreign_architectures() == before
    root = os.path.realpath(os.path.join(folder, "sysroot"))
    return Program(os.path.join(folder, "bin", "portside"), architecture, emulator, root)


def offline(program, cache):
    """tools/image/sysroot in a network namespace without an interface."""
    if subprocess.run(["unshare", "--net", "true"], capture_output=True, check=False).returncode != 0:
        raise Skip("no network namespace can be had here")
    with open(os.path.join(program.root, "packages"), encoding="utf-8") as file:
        packages = file.read().split()
    return subprocess.run(
        ["unshare", "--net", os.path.join(ROOT, "tools", "image", "sysroot")]
        + [program.architecture, *packages],
        text=True,
        capture_output=True,
        check=False,
        env=os.environ | {"PORTSIDE_CACHE": cache},
    )


def checks(program, folder):
    def it_holds_no_name_of_a_folder_of_this_machine():
        with open(program.path, "rb") as file:
            data = file.read()
        for place in (ROOT, program.root):
            assert place.encode() not in data, place

    def it_is_optimised_as_a_whole():
        with open(program.path, "rb") as file:
            assert b".lto_priv." in file.read(), "no symbol that only gcc's -flto makes"

    def it_judges_all_golden_cases_as_this_machine_does():
        with open(os.path.join(GOLDEN, "MINIMUM"), encoding="utf-8") as file:
            minimum = int(file.read())
        cases = sorted(map(os.path.dirname, glob.glob(os.path.join(GOLDEN, "*", "request.json"))))
        oldest = OLDEST[program.architecture]
        done = program.run("review", "--", *cases, timeout=600, QEMU_CPU=oldest)
        closing = done.stdout.splitlines()[-1:]
        counts = re.fullmatch(r"(\d+) passed, 0 failed, 0 skipped", "".join(closing))
        assert counts and done.returncode == 0, f"{closing} {done.stderr[-2000:]}"
        assert int(counts[1]) == len(cases) >= minimum, counts[0]
        return f"{counts[1]} on a {oldest}"

    def refused(name, *arguments):
        """What the tool says when it ends with status 1."""
        command = [os.path.join(ROOT, "tools", "image", name), *arguments]
        done = subprocess.run(command, text=True, capture_output=True, check=False)
        assert done.returncode == 1, f"{done.returncode}: {done.stdout}{done.stderr}"
        assert len(done.stderr) < 1000 and "Traceback" not in done.stderr, done.stderr
        return done.stderr

    def without_its_libraries_there_is_no_image():
        alone = os.path.join(folder, "alone", "bin", "portside")
        os.makedirs(os.path.dirname(alone))
        shutil.copy(program.path, alone)
        said = refused("build", alone, os.path.join(folder, "none"))
        assert f"tools/image/compile FOLDER {program.architecture}" in said, said
        assert not os.path.exists(os.path.join(folder, "none"))

    def what_is_no_program_is_refused():
        none = os.path.join(folder, "none")
        for path in (__file__, os.devnull):
            assert "is no program for amd64 or arm64" in refused("build", path, none)
        assert "two programs of one architecture" in refused("build", program.path, program.path, none)

    def platforms_that_there_are_not_are_refused():
        for arguments, words in (
            (["--platform", "linux/riscv64"], "choose from linux/amd64 and linux/arm64"),
            (["--platform=linux/amd64,windows/amd64"], "no image for platform 'windows/amd64'"),
            (["--platform", "linux"], "no image for platform 'linux'"),
            (["--platform", ","], "--platform names none"),
            (["--platform"], "--platform wants a value"),
            (["--platfrom", "linux/arm64"], "unknown argument '--platfrom'"),
        ):
            command = [os.path.join(ROOT, "dev"), "image", *arguments]
            done = subprocess.run(command, text=True, capture_output=True, check=False)
            assert done.returncode == 2 and words in done.stderr, f"{arguments}: {done.stderr}"
            assert not done.stdout, f"{arguments}: {done.stdout}"

    def without_a_network_the_last_packages_are_used():
        """Their folder stands for all that was unpacked."""
        top, key = os.path.split(program.root)
        cache = os.path.join(folder, "cache")
        copy = os.path.join(cache, "sysroot", program.architecture)
        shutil.copytree(os.path.join(top, "apt", "lists"), os.path.join(copy, "apt", "lists"))
        os.mkdir(os.path.join(copy, key))
        done = offline(program, cache)
        assert done.returncode == 0, done.stderr
        assert done.stdout.strip() == os.path.join(copy, key), done.stdout
        assert "the packages of the last index are used" in done.stderr, done.stderr

    def without_a_network_nor_packages_it_says_why():
        done = offline(program, os.path.join(folder, "empty"))
        assert done.returncode == 1 and not done.stdout, done.stdout
        assert "Debian's packages must be within reach once" in done.stderr, done.stderr

    return [
        it_holds_no_name_of_a_folder_of_this_machine,
        it_is_optimised_as_a_whole,
        it_judges_all_golden_cases_as_this_machine_does,
        without_its_libraries_there_is_no_image,
        what_is_no_program_is_refused,
        platforms_that_there_are_not_are_refused,
        without_a_network_the_last_packages_are_used,
        without_a_network_nor_packages_it_says_why,
    ]
