#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Lower layers never include or link higher ones.

The layer of a public header is the one whose CMakeLists.txt lists it in HEADERS; the layer of any
other file is its folder below src.
"""

import re
import sys

import tree

# What each layer may use, besides itself.
MAY_USE = {
    "base": (),
    "core": ("base",),
    "os": ("base", "obs"),
    "obs": ("base", "os"),
    "tls": ("base", "os"),
    "kube": ("base", "os"),
    "controller": ("base", "core", "os", "obs", "kube", "tls"),
    "server": ("base", "core", "os", "obs", "tls"),
    "cli": tree.LAYERS,
}

# Libraries of the system and the only files that may include them.
LIBRARIES = (
    (re.compile(r"(cjson/)?cJSON"), re.compile(r"src/base/json[a-z_]*\.[ch]$"), "src/base/json*"),
    # A test that speaks TLS to the server is a client of its own.
    (re.compile(r"openssl/"), re.compile(r"(src/tls|tests|bench)/"), "src/tls"),
    (re.compile(r"microhttpd"), re.compile(r"src/server/"), "src/server"),
    (re.compile(r"curl/"), re.compile(r"src/kube/"), "src/kube"),
    (re.compile(r"yaml\.h"), re.compile(r"src/kube/"), "src/kube"),
    (re.compile(r"check\.h"), re.compile(r"tests/"), "tests"),
)
LINKS = {"PkgConfig::CJSON": "base", "PkgConfig::OPENSSL": "tls",
         "PkgConfig::MICROHTTPD": "server", "PkgConfig::CURL": "kube",
         "PkgConfig::YAML": "kube"}

INCLUDE = re.compile(r"^\s*#\s*include\s*([\"<])([^\">]+)[\">]")


def call_arguments(text):
    """Keyword lists of each portside_add_layer call in a CMakeLists.txt."""
    text = re.sub(r"#[^\n]*", "", text)
    for call in re.finditer(r"portside_add_layer\(([^)]*)\)", text):
        words = call.group(1).split()
        keys, key = {"NAME": words[:1]}, None
        for word in words[1:]:
            if word in ("SOURCES", "HEADERS", "LINK", "PRIVATE"):
                key = keys.setdefault(word, [])
            elif key is not None:
                key.append(word)
        yield keys


def headers_of_layers(root, names):
    """Public header -> layer."""
    owner = {}
    for layer in tree.LAYERS:
        name = f"src/{layer}/CMakeLists.txt"
        if name in names:
            for keys in call_arguments(tree.read(root, name)):
                for header in keys.get("HEADERS", []):
                    owner[f"portside/{header}"] = layer
    return owner


def check_links(root, name, layer, report):
    """The link lists of one layer."""
    text = re.sub(r"#[^\n]*", "", tree.read(root, name))
    for number, line in tree.lines(text):
        for library, home in LINKS.items():
            if library in line and layer != home:
                report.complain(name, number, f"'{library}' may be linked by '{home}' only")
        for used in re.findall(r"\bportside_([a-z]+)\b", line):
            if used in tree.LAYERS and used != layer and used not in MAY_USE[layer]:
                report.complain(name, number, f"layer '{layer}' may not link '{used}'")
    for keys in call_arguments(text):
        for used in keys.get("LINK", []):
            report.checked += 1
            if used not in MAY_USE[layer]:
                report.complain(name, 1, f"layer '{layer}' may not link '{used}'")


def check_include(name, number, layer, target, quoted, owner, report):
    """One #include of a file of the given layer (None for tests)."""
    report.checked += 1
    for pattern, allowed, where in LIBRARIES:
        if pattern.match(target) and not allowed.match(name):
            report.complain(name, number, f"'{target}' may be included in {where} only")
    if layer is None or not quoted:
        return
    if target.startswith("portside/"):
        used = owner.get(target)
        if used is None:
            report.complain(name, number, f"'{target}' is in no HEADERS list of src/*/CMakeLists.txt")
        elif used != layer and used not in MAY_USE[layer]:
            report.complain(name, number, f"layer '{layer}' may not include '{target}' of '{used}'")
    elif "/" in target:
        report.complain(name, number, f"'{target}' leaves its folder: make it a header of include/portside")


def layer_of(name, owner):
    if name.startswith("include/"):
        return owner.get(name.removeprefix("include/"))
    parts = name.split("/")
    return parts[1] if parts[0] == "src" and len(parts) > 2 else None


def main():
    root = sys.argv[1]
    names = set(tree.files(root))
    owner = headers_of_layers(root, names)
    report = tree.Report()
    for name in sorted(names):
        layer = layer_of(name, owner)
        if layer is not None and layer not in MAY_USE:
            report.complain(name, 1, f"'{layer}' is not a layer: add it to tools/lint/includes.py")
        elif name.startswith("src/") and name.endswith("/CMakeLists.txt") and layer:
            check_links(root, name, layer, report)
        elif tree.is_c(name):
            if name.startswith("include/portside/") and layer is None:
                report.complain(name, 1, "is in no HEADERS list of src/*/CMakeLists.txt")
            for number, line in tree.lines(tree.blank(tree.read(root, name), keep_strings=True)):
                match = INCLUDE.match(line)
                if match:
                    check_include(name, number, layer, match.group(2), match.group(1) == '"',
                                  owner, report)
    report.finish()


main()
