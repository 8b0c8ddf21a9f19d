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
STATUS_FIELDS = "Package Status Version Architecture Maintainer Source Depends".split()


class Problem(Exception):
    """Why there can be no image; the message says what to do."""


def output(*command):
    process = subprocess.run(command, text=True, capture_output=True, check=False)
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
    """A Debian package as it is installed here."""

    def __init__(self, name):
        fields = "".join(f"{field}: ${{{field}}}\n" for field in STATUS_FIELDS)
        text = output("dpkg-query", "-W", "-f", fields, name)
        self.fields = dict(line.split(": ", 1) for line in text.splitlines() if not line.endswith(": "))
        self.name = self.fields["Package"]
        self.version = self.fields["Version"]
        self.architecture = self.fields["Architecture"]

    def stanza(self):
        return "".join(f"{key}: {value}\n" for key, value in self.fields.items()) + "\n"

    def copyright(self):
        path = f"/usr/share/doc/{self.name}/copyright"
        try:
            with open(path, "rb") as file:
                return path, file.read()
        except OSError as error:
            raise Problem(f"'{path}' is missing, and the image must carry it: {error}") from None


def owner(path):
    """The package that a file came with; dpkg may know it by the name from before the merge."""
    for name in (path, path.removeprefix("/usr")):
        process = subprocess.run(
            ["dpkg-query", "-S", name], text=True, capture_output=True, check=False
        )
        if process.returncode == 0:
            return re.split(r"[:,]", process.stdout)[0]
    raise Problem(f"no Debian package owns '{path}', which the program loads")


def loaded(program):
    """(name asked for, path) of the dynamic linker and all libraries, their own ones included."""
    found = {}
    for line in output("ldd", program).splitlines():
        match = re.match(r"\s*(\S+) => (/\S+) |\s*(/\S+) \(", line)
        if match:
            path = match[2] or match[3]
            found[match[1] or match[3]] = path
        elif "not found" in line:
            raise Problem(f"{line.strip()}: install the library")
    return sorted(found.items())


def merged(path):
    """usr/lib/… for /lib/…; without the slash in front."""
    path = path.lstrip("/")
    return path if path.startswith("usr/") else "usr/" + path


def read(path):
    with open(path, "rb") as file:
        return file.read()


def add_library(entries, packages, name, path):
    real = os.path.realpath(path)
    holder = owner(real)
    if holder not in packages:
        packages[holder] = Package(holder)
    place = merged(real)
    entries[place] = Entry(holder, read(real), 0o755)
    asked = merged(path if name.startswith("/") else os.path.join(os.path.dirname(path), name))
    if asked != place:
        # Relative, as a root that is mounted elsewhere wants it.
        target = os.path.relpath(place, os.path.dirname(asked))
        entries[asked] = Entry(holder, target=target)


def stripped(program, scratch):
    """The program without what only a debugger reads."""
    path = os.path.join(scratch, "portside")
    output("strip", "--strip-all", "--remove-section=.comment", "-o", path, program)
    return read(path)


def add_package_texts(entries, packages):
    """Licences, and the list by which scanners know what is in here (as distroless images have it)."""
    for package in packages.values():
        path, text = package.copyright()
        entries[path.lstrip("/")] = Entry(package.name, text)
        entries[f"var/lib/dpkg/status.d/{package.name}"] = Entry(
            package.name, package.stanza().encode()
        )


def collect(program, licence, scratch):
    """({path: Entry}, {name: Package})"""
    entries, packages = {}, {}
    for name, path in loaded(program):
        add_library(entries, packages, name, path)
    packages["base-files"] = Package("base-files")
    entries["usr/lib/os-release"] = Entry("base-files", read("/usr/lib/os-release"))
    add_package_texts(entries, packages)
    for path, target in LINKS.items():
        entries[path] = Entry("portside", target=target)
    for path, text in OWN_FILES.items():
        entries[path] = Entry("portside", text.encode())
    entries[PROGRAM] = Entry("portside", stripped(program, scratch), 0o755)
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
