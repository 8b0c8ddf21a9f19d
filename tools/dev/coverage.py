#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Sums up what gcov counted in a build, for ./dev coverage: see its help."""

import collections
import json
import os
import signal
import subprocess
import sys

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", ".."))
LAYERS = ("src/base", "src/core")
GOALS = {"lines": 95.0, "branches": 90.0}
SHOWN = 15


class File:
    """How often each line of a file, and each way out of its conditions, was taken."""

    def __init__(self):
        self.lines = collections.Counter()
        self.branches = {}

    def add(self, line):
        number = line["line_number"]
        self.lines[number] += line["count"]
        for index, branch in enumerate(line.get("branches", ())):
            key = number, index
            self.branches[key] = self.branches.get(key, 0) + branch["count"]

    def counts(self):
        return {"lines": (sum(map(bool, self.lines.values())), len(self.lines)),
                "branches": (sum(map(bool, self.branches.values())), len(self.branches))}


def notes_of(build):
    for layer in LAYERS:
        for folder, _, names in os.walk(os.path.join(build, layer)):
            yield from (os.path.join(folder, name) for name in sorted(names) if name.endswith(".gcno"))


def read(build):
    """Name below the root -> File."""
    files = collections.defaultdict(File)
    notes = list(notes_of(build))
    if not notes:
        sys.exit(f"nothing was built in {build}: run ./dev coverage")
    done = subprocess.run(["gcov", "--json-format", "--branch-probabilities", "--stdout", *notes], cwd=build,
                          capture_output=True, text=True, check=True)
    for text in done.stdout.splitlines():
        for file in json.loads(text)["files"]:
            name = os.path.relpath(os.path.join(build, file["file"]), ROOT)
            if name.startswith(LAYERS) and name.endswith(".c"):
                for line in file["lines"]:
                    files[name].add(line)
    return files


def share(counts, what):
    taken, whole = counts[what]
    return 100.0 * taken / whole if whole else 100.0


def total(files):
    sums = [file.counts() for file in files]
    return {what: tuple(sum(counts[what][i] for counts in sums) for i in (0, 1)) for what in GOALS}


def row(name, counts):
    cells = (f"{share(counts, what):6.1f} % {counts[what][0]:6}/{counts[what][1]}" for what in GOALS)
    return f"  {name:34} " + "  ".join(f"{cell:24}" for cell in cells).rstrip()


def summary(files):
    print(f"  {'':34} {'lines':24}  branches")
    for layer in LAYERS:
        print(row(layer, total(file for name, file in files.items() if name.startswith(layer + "/"))))
    whole = total(files.values())
    print(row("both", whole))
    weak = sorted((share(file.counts(), "branches"), name) for name, file in files.items())
    weak = [(name, files[name].counts()) for part, name in weak if part < GOALS["branches"]]
    if weak:
        print(f"\n{len(weak)} files have less than {GOALS['branches']:.0f} % of their branches; the weakest:")
        print("\n".join(row(name, counts) for name, counts in weak[:SHOWN]))
    missed = [what for what, goal in GOALS.items() if share(whole, what) < goal]
    for what in missed:
        print(f"{what}: {share(whole, what):.1f} %, and {GOALS[what]:.0f} % are wanted")
    return 1 if missed else 0


def missed_in(name, file):
    """The lines of a file with something that was not reached."""
    with open(os.path.join(ROOT, name), encoding="utf-8") as source:
        texts = source.read().splitlines()
    print(row(name, file.counts()))
    for number in sorted(file.lines):
        ways = [count for (line, _), count in sorted(file.branches.items()) if line == number]
        if file.lines[number] == 0:
            print(f"{number:5}  never        {texts[number - 1]}")
        elif 0 in ways:
            print(f"{number:5}  {ways.count(0):2} of {len(ways):2} not  {texts[number - 1]}")


def main():
    build = os.path.abspath(sys.argv[1])
    names = [os.path.relpath(os.path.abspath(name), ROOT) for name in sys.argv[2:]]
    files = read(build)
    for name in names:
        if name not in files:
            sys.exit(f"'{name}' is no file of {' or '.join(LAYERS)} that was built: give its path, as src/core/admit.c")
        missed_in(name, files[name])
    return 0 if names else summary(files)


signal.signal(signal.SIGPIPE, signal.SIG_DFL)  # ./dev coverage | head
sys.exit(main())
