# SPDX-License-Identifier: Apache-2.0
"""What every lint needs: the files of the tree, C without comments and literals, a report.

A lint is a program that takes the root of the tree, prints one line per violation in the form
"file:line: what is wrong and what to do" and ends with "checked N". It exits with 1 if it found
one.
"""

import os
import re
import subprocess
import sys

LAYERS = ("base", "core", "os", "obs", "tls", "kube", "controller", "server", "cli")


def files(root):
    """Paths below root that are in the index or could be added to it, in order."""
    try:
        out = subprocess.run(
            ["git", "-C", root, "ls-files", "-co", "--exclude-standard", "-z"],
            check=True, capture_output=True).stdout.decode()
        names = [name for name in out.split("\0") if name]
    except (OSError, subprocess.CalledProcessError):
        names = list(walk(root))
    return sorted({name for name in names if os.path.isfile(os.path.join(root, name))})


def walk(root):
    """The same for a tree without git, as unpacked from an archive."""
    for folder, folders, leaves in os.walk(root):
        folders[:] = [f for f in folders if f not in (".git", "build")]
        for leaf in leaves:
            yield os.path.relpath(os.path.join(folder, leaf), root)


def read(root, name):
    """Text of a file; bytes that are not UTF-8 become replacement characters."""
    with open(os.path.join(root, name), encoding="utf-8", errors="replace") as stream:
        return stream.read()


def is_c(name):
    return name.endswith((".c", ".h"))


def is_script(root, name):
    """True for shell scripts, by name or by the interpreter line."""
    if name.endswith((".sh", ".bash")):
        return True
    if "." in os.path.basename(name):
        return False
    with open(os.path.join(root, name), "rb") as stream:
        first = stream.readline(80)
    return bool(re.match(rb"#!.*\b(ba|da|k|mk)?sh\b", first))


TOKEN = re.compile(
    r"/\*.*?\*/|//[^\n]*|\"(?:\\.|[^\"\\\n])*\"|'(?:\\.|[^'\\\n])*'", re.DOTALL)


def blank(text, keep_strings=False):
    """C text with comments (and literals) blanked; line numbers stay as they are."""
    def cover(match):
        token = match.group(0)
        if keep_strings and token[0] in "\"'":
            return token
        if token[0] in "\"'":
            return token[0] + token[0]
        return " " + "\n" * token.count("\n")
    return TOKEN.sub(cover, text)


def lines(text):
    return enumerate(text.splitlines(), 1)


class Report:
    """Collects violations; finish() prints the closing line and exits."""

    def __init__(self):
        self.checked = 0
        self.bad = 0

    def complain(self, name, line, message):
        self.bad += 1
        print(f"{name}:{line}: {message}")

    def finish(self):
        print(f"checked {self.checked}")
        sys.exit(1 if self.bad else 0)
