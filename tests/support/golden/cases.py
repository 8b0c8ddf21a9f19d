# SPDX-License-Identifier: Apache-2.0
"""Golden cases on disk: finding them, reading them, and what must not lie around in them."""

import fnmatch
import json
import os
import subprocess
import tempfile

REQUEST = "request.json"
CONFIG = "config"
DECISION = "expected.json"
PATCH = "expected.patch.json"
OBJECT = "expected.object.json"
KNOWN = {REQUEST, CONFIG, DECISION, PATCH, OBJECT, "note.md"}


def double_dollars(text):
    """kubelet reads $(NAME) and $$ in a command; a doubled sign keeps the text as it is."""
    out = []
    for index, char in enumerate(text):
        if char == "$" and text[index + 1:index + 2] in ("(", "$"):
            out.append("$")
        out.append(char)
    return "".join(out)


def kubelet_expand(text):
    """k8s.io/kubernetes/third_party/forked/golang/expansion with no variable defined."""
    out, index = [], 0
    while index < len(text):
        if text[index] == "$" and text[index + 1:index + 2] == "$":
            index += 1
        elif text[index] == "$" and text[index + 1:index + 2] == "(" and ")" in text[index:]:
            raise ValueError(f"kubelet would look for a variable at '{text[index:index + 20]}'")
        out.append(text[index])
        index += 1
    return "".join(out)


def embedded_text(root, name):
    """A script as the build embeds it: without comments and indentation."""
    with tempfile.TemporaryDirectory(prefix="portside-golden-") as folder:
        output = os.path.join(folder, name)
        subprocess.run(["cmake", "-DFILE=" + os.path.join(root, "src/core/scripts", name), "-DOUTPUT=" + output,
                        "-P", os.path.join(root, "cmake/StripShell.cmake")], check=True)
        with open(output, encoding="utf-8") as file:
            return file.read()


class Scripts:
    """The two embedded scripts, which expected files call by a word."""

    def __init__(self, root):
        self.words = {}
        for word, name in (("@ADDRESS_SCRIPT@", "address.sh"), ("@HOOK_SCRIPT@", "hook.bash")):
            text = embedded_text(root, name)
            doubled = double_dollars(text)
            if kubelet_expand(doubled) != text:
                raise ValueError(f"kubelet would change {name}")
            self.words[word] = doubled

    def restore(self, value):
        """value with the words replaced by the texts, in every string that is one."""
        if isinstance(value, str):
            return self.words.get(value, value)
        if isinstance(value, list):
            return [self.restore(element) for element in value]
        if isinstance(value, dict):
            return {key: self.restore(member) for key, member in value.items()}
        return value

    def hide(self, value):
        texts = {text: word for word, text in self.words.items()}
        if isinstance(value, str):
            return texts.get(value, value)
        if isinstance(value, list):
            return [self.hide(element) for element in value]
        if isinstance(value, dict):
            return {key: self.hide(member) for key, member in value.items()}
        return value


class Case:
    """One folder. Expected parts are None where there is no file."""

    def __init__(self, folder, name):
        self.folder = folder
        self.name = name
        self.problems = []
        self.decision = self.read_json(DECISION)
        self.patch = self.read_json(PATCH)
        self.object = self.read_json(OBJECT)
        self.request_path = os.path.join(folder, REQUEST)
        with open(self.request_path, "rb") as file:
            self.request = file.read()
        self.config = self.path(CONFIG) if os.path.exists(self.path(CONFIG)) else None
        unused = sorted(set(os.listdir(folder)) - KNOWN)
        for file in unused:
            self.fail(f"nothing uses the file '{file}'")

    def path(self, name):
        return os.path.join(self.folder, name)

    def read_json(self, name):
        if not os.path.exists(self.path(name)):
            return None
        try:
            with open(self.path(name), encoding="utf-8") as file:
                return json.load(file)
        except ValueError as error:
            self.fail(f"{name}: {error}")
            return None

    def review(self):
        """The request, parsed; integers keep all their digits in Python."""
        return json.loads(self.request)

    def fail(self, problem):
        self.problems.append(problem)


def find(folder, pattern):
    """All cases whose name matches, in the order of their names; and problems of the tree."""
    cases, problems = [], []
    for path, folders, files in sorted(os.walk(folder)):
        folders.sort()
        if path == os.path.join(folder, "applier"):
            folders.clear()
            continue
        name = os.path.relpath(path, folder)
        if REQUEST in files:
            folders.clear()
            if fnmatch.fnmatch(name, pattern):
                cases.append(Case(path, name))
        elif path != folder and files:
            problems.append(f"{name}: no {REQUEST} beside {', '.join(sorted(files))}")
    return cases, problems
