#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Rules about pages for users: what the program says is explained, and what they say exists.

Usage: tools/lint/docs.py ROOT
"""

import os
import re
import sys

import tree

LINES_MAX = 200
COLUMNS_MAX = 100

# Pages made from tables have lines of any length.
MADE = ("docs/annotations.md", "docs/configuration.md", "docs/hazards.md")
FINDINGS, EVENTS = "include/portside/status.h", "docs/troubleshoot.md"
VERDICTS, REASONS = "include/portside/verdict.h", "docs/reasons.md"

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
METRIC = re.compile(r"\bportside_[a-z0-9_]+")
PARTS = re.compile(r"_(bucket|sum|count)$")


def table(root, name, macro, row):
    """What row finds in the X-macro of a header; empty without the header."""
    if not os.path.isfile(os.path.join(root, name)):
        return set()
    found = re.search(r"#define " + macro + r"\(X\)((?:.*\\\n)*.*)", tree.read(root, name))
    return set(re.findall(row, found.group(1))) if found else set()


def compare(root, report, known, page, row, form):
    """Each of the known words has its row in the page, and no other word has one."""
    path = os.path.join(root, page)
    told = re.findall(row, tree.read(root, page), re.MULTILINE) if os.path.isfile(path) else []
    report.checked += len(known)
    for word in sorted(known - set(told)):
        report.complain(page, 1, f"'{word}' is not explained: add {form.format(word)}")
    for word in sorted(set(told) - known):
        report.complain(page, 1, f"'{word}' is explained, but the program never says it")


def headings(text):
    """Anchors as the common renderers make them."""
    anchors = set()
    for line in re.findall(r"^#+ +(.+)$", text, re.MULTILINE):
        anchors.add(re.sub(r"[^\w\- ]", "", line.strip().lower()).replace(" ", "-"))
    return anchors


def check_link(root, name, number, link, report):
    target, _, anchor = link.partition("#")
    if "://" in link or link.startswith("mailto:"):
        return
    path = os.path.normpath(os.path.join(os.path.dirname(name), target)) if target else name
    if not os.path.exists(os.path.join(root, path)):
        report.complain(name, number, f"'{link}' leads nowhere: there is no {path}")
    elif anchor and path.endswith(".md") and anchor not in headings(tree.read(root, path)):
        report.complain(name, number, f"'{link}' leads nowhere: {path} has no such heading")


def check_page(root, name, series, report):
    lines = tree.read(root, name).splitlines()
    bounded = name.startswith("docs/") and name not in MADE
    fenced, words = False, ""
    if bounded and len(lines) > LINES_MAX:
        report.complain(name, len(lines), f"{len(lines)} lines, more than {LINES_MAX}: split the page")
    for number, line in enumerate(lines, 1):
        fenced ^= line.startswith("```")
        if bounded and not fenced and not line.startswith("|") and len(line) > COLUMNS_MAX:
            report.complain(name, number, f"{len(line)} columns, more than {COLUMNS_MAX}")
        for metric in METRIC.findall(line) if bounded else ():
            if PARTS.sub("", metric) not in series:
                report.complain(name, number, f"there is no metric '{metric}'")
        words += "" if fenced else line
        words += "\n"
    for link in LINK.finditer(words):
        number = words.count("\n", 0, link.start()) + 1
        check_link(root, name, number, link.group(1), report)


def main():
    root = sys.argv[1]
    report = tree.Report()
    names = tree.files(root)
    compare(root, report, table(root, FINDINGS, "PS_FINDINGS", r'X\(\w+, "(\w+)"'),
            EVENTS, r"^### ([A-Z][A-Za-z]+)$", "a heading '### {}'")
    compare(root, report, table(root, VERDICTS, "PS_REASONS", r'X\(\w+, "([a-z-]+)"'),
            REASONS, r"^\| `([a-z-]+)` \| (?:skip|unchanged|leave|deny|none)\b", "a row '| `{}` |'")
    series = {PARTS.sub("", metric) for name in names
              if tree.is_c(name) and name.startswith("src/")
              for metric in METRIC.findall(tree.read(root, name))}
    for name in names:
        if name.endswith(".md") and not name.startswith("tests/"):
            report.checked += 1
            check_page(root, name, series, report)
    report.finish()


main()
