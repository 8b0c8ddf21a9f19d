# SPDX-License-Identifier: Apache-2.0
"""Two appliers of JSON patches that are not ours: python-jsonpatch and the API server's library."""

import hashlib
import json
import os
import shutil
import subprocess

from golden.binary import Failure

try:
    import jsonpatch
except ImportError:
    jsonpatch = None


def apply_python(document, patch):
    """(object, None) or (None, why not)."""
    try:
        return jsonpatch.apply_patch(document, patch), None
    except (jsonpatch.JsonPatchException, jsonpatch.JsonPointerException) as error:
        return None, str(error)


def require_python():
    if jsonpatch is None:
        raise Failure("the Python module jsonpatch is not there: apt-get install python3-jsonpatch")


class GoApplier:
    """gopkg.in/evanphx/json-patch.v4, built once for each state of its sources."""

    def __init__(self, source, cache):
        digest = hashlib.sha256()
        for name in sorted(os.listdir(source)):
            with open(os.path.join(source, name), "rb") as file:
                digest.update(name.encode() + b"\0" + file.read() + b"\0")
        self.path = os.path.join(cache, f"applier-{digest.hexdigest()[:16]}")
        if not os.path.exists(self.path):
            self.build(source, cache)

    def build(self, source, cache):
        if shutil.which("go") is None:
            raise Failure("go is not there, and the API server's own patch library needs it: "
                          "./dev setup, or leave it out with --without go")
        os.makedirs(cache, exist_ok=True)
        done = subprocess.run(["go", "build", "-mod=readonly", "-o", self.path + ".new", "."], cwd=source,
                              capture_output=True, text=True, check=False,
                              env={**os.environ, "CGO_ENABLED": "0"})
        if done.returncode != 0:
            raise Failure(f"go build of {source} failed: {done.stderr[-2000:]}")
        os.replace(self.path + ".new", self.path)

    def apply_all(self, tasks):
        """tasks: [(name, object, patch)]. Name -> (object, None) or (None, why not)."""
        lines = "".join(json.dumps({"name": name, "object": document, "patch": patch}) + "\n"
                        for name, document, patch in tasks)
        done = subprocess.run([self.path], input=lines, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise Failure(f"the applier failed: {done.stderr[-2000:]}")
        results = {}
        for line in done.stdout.splitlines():
            answer = json.loads(line)
            results[answer["name"]] = (answer.get("object"), answer.get("error"))
        return results
