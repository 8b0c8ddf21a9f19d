#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Functions that the project does not call, and what to call instead."""

import re
import sys

import tree

EVERYWHERE = {
    "strcpy": "snprintf or ps_buf_put",
    "strcat": "ps_buf_put",
    "sprintf": "snprintf or ps_buf_printf",
    "vsprintf": "vsnprintf or ps_buf_printf",
    "strtok": "the views of portside/str.h",
    "strtok_r": "the views of portside/str.h",
    "gets": "fgets",
    "atoi": "the parsers of portside/str.h",
    "atol": "the parsers of portside/str.h",
    "atoll": "the parsers of portside/str.h",
    "atof": "the parsers of portside/str.h",
    "sscanf": "the views of portside/str.h",
    "alloca": "an arena",
    "cJSON_GetObjectItem": "the case-sensitive form",
}

# Fine in src/base, which wraps them for all others, and in tests.
OUTSIDE_BASE = {name: "the wrappers of src/base" for name in (
    "malloc", "calloc", "realloc", "reallocarray", "free", "strdup", "strndup", "asprintf",
    "vasprintf", "aligned_alloc", "posix_memalign")}
OUTSIDE_BASE.update({name: "the parsers of portside/str.h" for name in (
    "strtol", "strtoul", "strtoll", "strtoull", "strtod", "strtof")})

CALL = re.compile(r"(?<![\w.>])([A-Za-z_]\w*)\s*\(")


def rules_for(name):
    rules = dict(EVERYWHERE)
    if name.startswith(("src/", "include/")) and not name.startswith("src/base/"):
        rules.update(OUTSIDE_BASE)
    return rules


def main():
    root = sys.argv[1]
    report = tree.Report()
    for name in filter(tree.is_c, tree.files(root)):
        report.checked += 1
        rules = rules_for(name)
        for number, line in tree.lines(tree.blank(tree.read(root, name))):
            for called in CALL.findall(line):
                if called in rules:
                    report.complain(name, number, f"'{called}' is banned: use {rules[called]}")
                elif called.startswith("cJSON_") and not name.startswith("src/base/json"):
                    report.complain(name, number, f"'{called}' outside src/base/json*.c: use portside/json.h")
    report.finish()


main()
