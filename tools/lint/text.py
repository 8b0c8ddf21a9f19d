#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules about the text of files: licence line, length, white space, nothing of one machine."""

import os
import re
import sys

import tree

LINES_MAX = 400
COLUMNS_MAX = 100

LICENSED = (".c", ".h", ".sh", ".bash", ".py", ".cmake", ".go", ".java", ".yaml", ".yml", ".awk")
# A manifest may be as long as its author likes.
UNBOUNDED = (".yaml", ".yml")
# What a pod's shell reads must be one file, whatever its length.
ONE_PIECE = {"src/core/scripts/hook.bash": 800}
# Recorded input and tables of cases are data: they are kept as they came.
DATA = re.compile(r"^tests/(golden|fuzz/corpus|[a-z0-9]+/cases)(/|\.txt$)")
GENERATED = re.compile(r"(^|/)go\.(sum|mod)$|^LICENSE$")

# The brackets keep these patterns from finding themselves.
MACHINE = [(re.compile(pattern), what) for pattern, what in (
    (r"(?<![\w.}/])/(wor[k])/", "a path of one machine"),
    (r"(?<![\w.}/])/roo[t]/(?!\.docker)", "a path of one machine"),
    (r"proxy[.]golang[.]org|sum[.]golang[.]org", "the host of a package registry"),
    (r"registry[.]npmjs|pypi[.]org|pythonhosted[.]org", "the host of a package registry"),
    (r"repo1?[.]maven|repo[.]maven[.]apache|maven[.]org", "the host of a package registry"),
    (r"crates[.]io|deb[.]debian[.]org|security[.]debian[.]org", "the host of a package registry"),
    (r"\bfar[m]-[a-z]|\bissue[s] show\b", "a tool of one workplace"),
)]


def is_code(root, name):
    return (name.endswith(LICENSED) or os.path.basename(name) == "CMakeLists.txt"
            or tree.is_script(root, name))


def check_code(name, content, report):
    head = content[:2]
    if not any("SPDX-License-Identifier: Apache-2.0" in line for line in head):
        report.complain(name, 1, "'SPDX-License-Identifier: Apache-2.0' must be the first line")
    limit = ONE_PIECE.get(name, LINES_MAX)
    if len(content) > limit and not name.endswith(UNBOUNDED):
        report.complain(name, len(content), f"{len(content)} lines, more than {limit}: split the file")


def check_line(name, number, line, report):
    for pattern, what in MACHINE:
        match = pattern.search(line)
        if match:
            report.complain(name, number, f"'{match.group(0)}' is {what}")
    if line != line.rstrip():
        report.complain(name, number, "white space at the end of the line")
    # A text that people search for stays in one piece.
    if tree.is_c(name) and len(line) > COLUMNS_MAX and not line.lstrip().startswith('"'):
        report.complain(name, number, f"{len(line)} columns, more than {COLUMNS_MAX}")
    if "\t" in line and tree.is_c(name):
        report.complain(name, number, "a tab: indent with four spaces")
    if re.search(r"\b(TODO|FIXME|XXX)\b(?!\()", line) and not name.startswith("tools/lint/"):
        report.complain(name, number, "unfinished business: open an issue or do it")


def main():
    root = sys.argv[1]
    report = tree.Report()
    for name in tree.files(root):
        if DATA.match(name) or GENERATED.search(name):
            continue
        report.checked += 1
        content = tree.read(root, name).splitlines()
        if is_code(root, name):
            check_code(name, content, report)
        for number, line in enumerate(content, 1):
            check_line(name, number, line, report)
    report.finish()


main()
