# SPDX-License-Identifier: Apache-2.0
"""What stands in the image: the program, the libraries that it loads, and who they came from.

Shared libraries are Debian's own files, so that a scanner that reads the package list of the image
finds out about every security update; a statically linked libcurl would be smaller and silent.
"""

import hashlib
import os
import re
import subprocess

# Files that a libc wants, made here. Nobody logs in: there is no shell to log in with.
UID = 65532
OWN_FILES = {
    "etc/group": f"root:x:0:\nportside:x:{UID}:\n",
    "etc/nsswitch.conf": "passwd: files\ngroup: files\nhosts: files dns\n",
    "etc/passwd": f"root:x:0:0:root:/:/nonexistent\nportside:x:{UID}:{UID}:portside:/:/nonexistent\n",
}
# As Debian has them since the folders were merged.
LINKS = {"bin": "usr/bin", "lib": "usr/lib", "lib64": "usr/lib64", "etc/os-release": "../usr/lib/os-release"}
PROGRAM = "usr/bin/portside"
# By the number in the header of an ELF file; and the names of folders and tools.
MACHINES = {62: "amd64", 183: "arm64"}
TRIPLETS = {"amd64": "x86_64-linux-gnu", "arm64": "aarch64-linux-gnu"}
STATUS_FIELDS = "Package Status Version Architecture Maintainer Source Depends".split()


class Problem(Exception):
    """Why there can be no image; the message says what to do."""


def output(*command):
    """What the command prints, in English."""
    process = subprocess.run(
        command, text=True, capture_output=True, check=False, env=os.environ | {"LC_ALL": "C"}
    )
    if process.returncode != 0:
        raise Problem(f"{command[0]}: {process.stderr.strip() or process.stdout.strip()}")
    return process.stdout


class Entry:
    """A file or a symbolic link of the image; package is the name of the one that it belongs to."""

    def __init__(self, package, data=None, mode=0o644, target=None):
        self.package = package
        self.data = data
        self.mode = mode
        self.target = target

    def digest(self, kind="sha256"):
        return hashlib.new(kind, self.data).hexdigest()


class Package:
    """A Debian package as it is installed, or unpacked."""

    def __init__(self, stanza, root):
        self.fields = dict(line.split(": ", 1) for line in stanza.splitlines() if not line.endswith(": "))
        self.root = root
        self.name = self.fields["Package"]
        self.version = self.fields["Version"]
        self.architecture = self.fields["Architecture"]

    def stanza(self):
        return "".join(f"{key}: {value}\n" for key, value in self.fields.items()) + "\n"

    def copyright(self):
        path = f"/usr/share/doc/{self.name}/copyright"
        try:
            return path, read(self.root + path)
        except OSError as error:
            raise Problem(f"'{path}' is missing, and the image must carry it: {error}") from None


class Debian:
    """The packages below root: this machine's where it is empty, else a folder of
    tools/image/sysroot. Paths begin with a slash and are those that the image will have."""

    def __init__(self, root, architecture):
        self.root = os.path.realpath(root) if root else ""
        self.triplet = TRIPLETS[architecture]
        self.database = f"--admindir={self.root}/var/lib/dpkg"

    def package(self, name):
        fields = "".join(f"{field}: ${{{field}}}\n" for field in STATUS_FIELDS)
        return Package(output("dpkg-query", self.database, "-W", "-f", fields, name), self.root)

    def owner(self, path):
        """The package that a file came with; dpkg may know it by the name from before the merge."""
        for name in (path, path.removeprefix("/usr")):
            process = subprocess.run(
                ["dpkg-query", self.database, "-S", name], text=True, capture_output=True, check=False
            )
            if process.returncode == 0:
                return re.split(r"[:,]", process.stdout)[0]
        raise Problem(f"no Debian package owns '{path}', which the program loads")

    def real(self, path):
        """Where a symbolic link leads; those of a folder of sysroot are relative."""
        return os.path.realpath(self.root + path).removeprefix(self.root)

    def library(self, name):
        for folder in (f"/lib/{self.triplet}", f"/usr/lib/{self.triplet}"):
            if os.path.exists(f"{self.root}{folder}/{name}"):
                return f"{folder}/{name}"
        raise Problem(f"'{name}' is not found: install the library")

    def loaded(self, program):
        """(name asked for, path) of the dynamic linker and all libraries, their own ones included."""
        found = {}
        linker, wanted = dynamic(program)
        while wanted:
            name = wanted.pop()
            if name not in found and name != os.path.basename(linker):
                found[name] = self.library(name)
                wanted += dynamic(self.root + found[name])[1]
        return sorted([*found.items(), (linker, linker)])

    def strip(self, program, scratch):
        """The program without what only a debugger reads."""
        path = os.path.join(scratch, "portside")
        output(f"{self.triplet}-strip", "--strip-all", "--remove-section=.comment", "-o", path, program)
        return read(path)


def architecture(program):
    """Debian's name of what it runs on."""
    with open(program, "rb") as file:
        head = file.read(20)
    machine = int.from_bytes(head[18:20], "little")
    if head[:6] != b"\x7fELF\2\1" or machine not in MACHINES:
        raise Problem(f"'{program}' is no program for {' or '.join(TRIPLETS)}")
    return MACHINES[machine]


def dynamic(path):
    """(dynamic linker or None, [names of libraries]) that the file asks for."""
    text = output("readelf", "--wide", "--program-headers", "--dynamic", path)
    linker = re.search(r"program interpreter: (/[^]]+)\]", text)
    return linker and linker[1], re.findall(r"\(NEEDED\) .*\[(.+)\]", text)


def merged(path):
    """usr/lib/… for /lib/…; without the slash in front."""
    path = path.lstrip("/")
    return path if path.startswith("usr/") else "usr/" + path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add_library(entries, packages, debian, name, path):
    real = debian.real(path)
    holder = debian.owner(real)
    if holder not in packages:
        packages[holder] = debian.package(holder)
    place = merged(real)
    entries[place] = Entry(holder, read(debian.root + real), 0o755)
    asked = merged(path)
    if asked != place:
        # Relative, as a root that is mounted elsewhere wants it.
        target = os.path.relpath(place, os.path.dirname(asked))
        entries[asked] = Entry(holder, target=target)


def add_package_texts(entries, packages):
    """Licences, and the list by which scanners know what is in here (as distroless images have it)."""
    for package in packages.values():
        path, text = package.copyright()
        entries[path.lstrip("/")] = Entry(package.name, text)
        entries[f"var/lib/dpkg/status.d/{package.name}"] = Entry(
            package.name, package.stanza().encode()
        )


def collect(program, debian, licence, scratch):
    """({path: Entry}, {name: Package})"""
    entries, packages = {}, {}
    for name, path in debian.loaded(program):
        add_library(entries, packages, debian, name, path)
    packages["base-files"] = debian.package("base-files")
    entries["usr/lib/os-release"] = Entry("base-files", read(f"{debian.root}/usr/lib/os-release"))
    add_package_texts(entries, packages)
    for path, target in LINKS.items():
        entries[path] = Entry("portside", target=target)
    for path, text in OWN_FILES.items():
        entries[path] = Entry("portside", text.encode())
    entries[PROGRAM] = Entry("portside", debian.strip(program, scratch), 0o755)
    entries["usr/share/doc/portside/copyright"] = Entry("portside", read(licence))
    return dict(sorted(entries.items())), dict(sorted(packages.items()))


def write(entries, folder):
    """The tree as files below a folder, for those who put it into an image by other means."""
    for path, entry in entries.items():
        place = os.path.join(folder, path)
        os.makedirs(os.path.dirname(place), exist_ok=True)
        if entry.target is not None:
            os.symlink(entry.target, place)
            continue
        with open(place, "wb") as file:
            file.write(entry.data)
        os.chmod(place, entry.mode)
