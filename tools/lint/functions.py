#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Length of C functions, measured by Universal Ctags. Prints the median, p95 and the longest."""

import json
import subprocess
import sys

import tree

LINES_MAX = 80


def functions(root, names):
    """(lines, file, first line, name) of every function."""
    out = subprocess.run(
        ["ctags", "--output-format=json", "--languages=C", "--langmap=C:.c.h", "--kinds-C=f",
         "--fields=+ne", "-L", "-", "-f", "-"],
        cwd=root, input="\n".join(names), check=True, capture_output=True, text=True).stdout
    for line in out.splitlines():
        tag = json.loads(line)
        if "end" in tag:
            yield tag["end"] - tag["line"] + 1, tag["path"], tag["line"], tag["name"]


def summary(what, found):
    if not found:
        return f"{what}: no functions yet"
    sizes = sorted(size for size, *_ in found)
    size, path, _, name = max(found)
    p95 = sizes[min(len(sizes) - 1, (len(sizes) * 95) // 100)]
    return (f"{what}: {len(sizes)} functions, median {sizes[len(sizes) // 2]}, p95 {p95}, "
            f"longest {size} ({name} in {path})")


def main():
    root = sys.argv[1]
    names = [name for name in tree.files(root) if tree.is_c(name)]
    report = tree.Report()
    found = list(functions(root, names)) if names else []
    for size, path, line, name in found:
        report.checked += 1
        if size > LINES_MAX:
            report.complain(path, line, f"'{name}' has {size} lines, more than {LINES_MAX}: split it")
    product = [row for row in found if row[1].startswith(("src/", "include/"))]
    print("note: " + summary("product", product))
    print("note: " + summary("tests", [row for row in found if row not in product]))
    count = {part: sum(len(tree.read(root, n).splitlines()) for n in names if n.startswith(part))
             for part in ("src/", "include/", "tests/")}
    print("note: lines of C: " + ", ".join(f"{part} {size}" for part, size in count.items()))
    report.finish()


main()
