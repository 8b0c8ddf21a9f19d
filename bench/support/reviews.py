# SPDX-License-Identifier: Apache-2.0
"""The reviews that are sent, and what must come of them; answers are judged by two appliers."""

import base64
import copy
import json
import os

from golden import appliers, cases

# Name -> golden case that it is, and what it shows.
CASES = {
    "pod": ("apache-env-pod", "a broker's pod of 6 KB, env delivery"),
    "hook": ("apache-cmdexport-pod", "hook delivery: the patch holds two scripts, the answer has 43 KB"),
    "skip": ("near-postgres-pod", "a pod that is no broker: nothing is changed"),
}
LARGE_BYTES = 1_500_000


class Wrong(Exception):
    """An answer that is not the expected one."""


class Review:
    def __init__(self, name, about, body, expected):
        self.name, self.about, self.body, self.expected = name, about, body, expected
        self.request = json.loads(body)["request"]
        self.path = None

    def write(self, folder):
        self.path = os.path.join(folder, self.name + ".json")
        with open(self.path, "wb") as file:
            file.write(self.body)


def find(root):
    """Name -> Review."""
    scripts = cases.Scripts(root)
    found = {}
    for name, (case, about) in CASES.items():
        folder = os.path.join(root, "tests", "golden", case)
        with open(os.path.join(folder, "request.json"), "rb") as file:
            body = file.read()
        expected = json.loads(body)["request"]["object"]
        path = os.path.join(folder, "expected.object.json")
        if os.path.exists(path):
            with open(path, encoding="utf-8") as file:
                expected = scripts.restore(json.load(file))
        found[name] = Review(name, about, body, expected)
    found["large"] = enlarge(found["pod"])
    return found


def enlarge(review):
    """The same pod as an author of much would have it: 1.5 MB, mostly environment."""
    document = json.loads(review.body)
    expected = copy.deepcopy(review.expected)
    count = 0
    size = len(review.body)
    for pod in (document["request"]["object"], expected):
        pod["metadata"].setdefault("annotations", {})["example.com/notes"] = "n" * 250_000
    size += 250_000
    while size < LARGE_BYTES:
        more = {"name": f"SETTING_{count}", "value": "a value of some length, as they are " * 3}
        size += len(json.dumps(more, separators=(",", ":"))) + 1
        count += 1
        document["request"]["object"]["spec"]["containers"][0]["env"].append(more)
        expected["spec"]["containers"][0]["env"].append(more)
    body = json.dumps(document, separators=(",", ":")).encode()
    return Review("large", "the same pod with 250 KB of annotation and 1.2 MB of environment", body, expected)


def body_of(answer):
    """The body of an HTTP answer as it came over the wire."""
    header, _, rest = answer.partition(b"\r\n\r\n")
    if b"\r\ntransfer-encoding: chunked" not in header.lower():
        return rest
    body = b""
    while rest:
        size, _, rest = rest.partition(b"\r\n")
        length = int(size, 16)
        body, rest = body + rest[:length], rest[length + 2:]
        if length == 0:
            break
    return body


def without_nulls(value):
    """null is what is not there: typed objects of Go print the creation time of an object so."""
    if isinstance(value, dict):
        return {key: without_nulls(member) for key, member in value.items() if member is not None}
    if isinstance(value, list):
        return [without_nulls(member) for member in value]
    return value


class Judge:
    """python-jsonpatch, which keeps to RFC 6902, and the API server's own library."""

    def __init__(self, root, cache):
        appliers.require_python()
        self.go = appliers.GoApplier(os.path.join(root, "tests", "golden", "applier"), cache)
        self.known = set()
        self.count = 0

    def check(self, who, review, body):
        """Raises Wrong. The same bytes are judged once."""
        self.count += 1
        if (review.name, body) in self.known:
            return
        try:
            answer = json.loads(body)
            response = answer["response"]
            patch = json.loads(base64.b64decode(response["patch"], validate=True)) if "patch" in response else []
        except (ValueError, KeyError) as error:
            raise Wrong(f"{who}: no answer to '{review.name}': {error}: {body[:200]!r}") from error
        if (answer.get("kind"), answer.get("apiVersion"), response.get("uid"), response.get("allowed")) != (
                "AdmissionReview", "admission.k8s.io/v1", review.request["uid"], True):
            raise Wrong(f"{who}: '{review.name}' is answered with something else: {body[:200]!r}")
        if patch and response.get("patchType") != "JSONPatch":
            raise Wrong(f"{who}: '{review.name}' has a patch without its type")
        self.compare(who, review, patch)
        self.known.add((review.name, body))

    def compare(self, who, review, patch):
        document = review.request["object"]
        results = [("python-jsonpatch", appliers.apply_python(document, patch)),
                   ("the API server's library", self.go.apply_all([("one", document, patch)])["one"])]
        for applier, (result, error) in results:
            if error is not None:
                raise Wrong(f"{who}: the patch for '{review.name}' does not apply ({applier}): {error}")
            if without_nulls(result) != without_nulls(review.expected):
                raise Wrong(f"{who}: '{review.name}' becomes another pod ({applier}): "
                            + difference(without_nulls(review.expected), without_nulls(result)))


def difference(expected, got, path=""):
    """The first place where two values differ."""
    if isinstance(expected, dict) and isinstance(got, dict):
        for key in sorted(expected.keys() | got.keys()):
            if expected.get(key) != got.get(key):
                return difference(expected.get(key), got.get(key), f"{path}/{key}")
    if isinstance(expected, list) and isinstance(got, list) and len(expected) == len(got):
        for index, (one, other) in enumerate(zip(expected, got)):
            if one != other:
                return difference(one, other, f"{path}/{index}")
    return f"{path}: {json.dumps(got)[:200]} instead of {json.dumps(expected)[:200]}"
