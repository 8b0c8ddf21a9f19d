# SPDX-License-Identifier: Apache-2.0
"""What must hold of one answer. Each check adds what is wrong to the case."""

import base64
import copy
import json
import re

from golden import cases

# No warning may be longer, nor hold control characters (apiserver-contract: such are dropped).
WARNING_MAX = 256
# Variables whose values must stay out of what we say: patches stand in the audit log.
SECRET = re.compile(r"PASSWORD|SECRET|JAAS|CREDENTIAL|TOKEN")


def same(left, right):
    """Equal in type and value: 1 is neither 1.0 nor true, as it would be for Python."""
    if type(left) is not type(right):
        return False
    if isinstance(left, dict):
        return left.keys() == right.keys() and all(same(left[key], right[key]) for key in left)
    if isinstance(left, list):
        return len(left) == len(right) and all(map(same, left, right))
    return left == right


def first_difference(expected, actual, path=""):
    """The JSON pointer of the first difference, with both values cut short."""
    if type(expected) is type(actual) and isinstance(expected, dict):
        for key in [*expected, *(key for key in actual if key not in expected)]:
            step = f"{path}/{key.replace('~', '~0').replace('/', '~1')}"
            if key not in expected or key not in actual:
                return f"{step} is {'missing' if key in expected else 'too much'}"
            if not same(expected[key], actual[key]):
                return first_difference(expected[key], actual[key], step)
    if type(expected) is type(actual) and isinstance(expected, list) and len(expected) == len(actual):
        for index, pair in enumerate(zip(expected, actual)):
            if not same(*pair):
                return first_difference(*pair, f"{path}/{index}")
    return f"{path or '/'}: expected {json.dumps(expected)[:300]}, found {json.dumps(actual)[:300]}"


def decision_of(answer):
    """What expected.json holds, made from the answer without the help of the C code."""
    response = answer["response"]
    is_review = answer["http"] == 200
    inner = response["response"] if is_review else {}
    return {
        "http": answer["http"],
        "verdict": answer["verdict"],
        "reason": answer["reason"],
        "family": answer["family"],
        "delivery": answer["delivery"],
        "allowed": inner.get("allowed", False),
        "message": inner.get("status", {}).get("message", "") if is_review else response.strip(),
        "warnings": inner.get("warnings", []),
        "audit": inner.get("auditAnnotations"),
    }


def check_decision(case, answer):
    actual = decision_of(answer)
    if case.decision is None:
        case.fail(f"{cases.DECISION} is missing")
    elif not same(case.decision, actual):
        case.fail(f"{cases.DECISION}: {first_difference(case.decision, actual)}")
    if actual["warnings"] != answer["warnings"]:
        case.fail("the warnings in the answer are not those of the decision")


def foreign_script(answers, scripts):
    """True if the scripts in the patches are not those of the source tree: another build."""
    for answer in answers:
        for operation in answer["patch"] or []:
            added = operation.get("value")
            for container in added if isinstance(added, list) else [added]:
                if isinstance(container, dict) and container.get("name") == "portside-address":
                    return container["command"][2] not in scripts.words.values()
    return False


def check_patch(case, answer, scripts):
    patch = answer["patch"]
    if (case.patch is None) != (patch is None):
        found = "is missing" if case.patch is None else "is there, but nothing is changed"
        case.fail(f"{cases.PATCH} {found}")
    elif patch is not None and not same(scripts.restore(case.patch), patch):
        case.fail(f"{cases.PATCH}: {first_difference(scripts.restore(case.patch), patch)}")


def check_envelope(case, answer, patch_bytes):
    """What the API server checks of every answer, and what it would drop without a word."""
    if answer["http"] != 200:
        return
    request, response = case.review(), answer["response"]
    inner = response["response"]
    if response["apiVersion"] != request["apiVersion"] or response["kind"] != "AdmissionReview":
        case.fail("apiVersion or kind is not that of the request")
    if inner["uid"] != request["request"]["uid"]:
        case.fail("uid is not that of the request")
    if ("patch" in inner) != ("patchType" in inner) or inner.get("patchType", "JSONPatch") != "JSONPatch":
        case.fail("patch and patchType do not belong together")
    sent = base64.b64decode(inner["patch"], validate=True) if "patch" in inner else b"null"
    if sent != patch_bytes:
        case.fail("the patch in the answer is not that of the decision")
    if not inner["allowed"] and "patch" in inner:
        case.fail("a refusal has a patch")
    if "request" in response:
        case.fail("the request is sent back")
    for key in inner.get("auditAnnotations", {}):
        if "/" in key:
            case.fail(f"audit annotation '{key}' would be dropped: it has a '/'")
    for warning in inner.get("warnings", []):
        if len(warning) > WARNING_MAX or any(ord(char) < 0x20 or ord(char) == 0x7F for char in warning):
            case.fail(f"the API server would cut or drop the warning '{warning}'")


def check_operations(case, patch, document):
    """Only add, replace and remove; a list that the author wrote is never replaced as a whole."""
    for index, operation in enumerate(patch):
        if operation["op"] not in ("add", "replace", "remove"):
            case.fail(f"operation {index} is '{operation['op']}'")
        target = document
        for step in operation["path"].split("/")[1:]:
            step = step.replace("~1", "/").replace("~0", "~")
            try:
                target = target[int(step)] if isinstance(target, list) else target[step]
            except (KeyError, IndexError, ValueError, TypeError):
                target = None
                break
        inserts = operation["op"] == "add" and operation["path"].rsplit("/", 1)[1].isdigit()
        if isinstance(target, list) and target and not inserts:
            case.fail(f"operation {index} overwrites the list at {operation['path']}")


def check_object(case, patched, scripts, who):
    """The object after somebody's applier."""
    document, error = patched
    if error is not None:
        case.fail(f"the patch does not apply by {who}: {error}")
    elif case.object is None:
        case.fail(f"{cases.OBJECT} is missing")
    elif not same(scripts.restore(case.object), document):
        case.fail(f"{cases.OBJECT} by {who}: {first_difference(scripts.restore(case.object), document)}")


def defaulted(document):
    """A patched pod as the API server defaults it and as other webhooks add to it."""
    document = copy.deepcopy(document)
    if document.get("kind") != "Pod":
        return document
    spec = document["spec"]
    for container in [*(spec.get("initContainers") or []), *spec["containers"]]:
        if isinstance(container, dict):
            container.setdefault("terminationMessagePath", "/dev/termination-log")
            container.setdefault("terminationMessagePolicy", "File")
    for volume in spec.get("volumes") or []:
        volume.get("downwardAPI", {}).setdefault("defaultMode", 420)
    document["metadata"].setdefault("annotations", {})["sidecar.example.com/status"] = "injected"
    spec["containers"].append({"name": "late-sidecar", "image": "example.com/proxy:1",
                               "ports": [{"containerPort": 15090, "protocol": "TCP"}]})
    spec.setdefault("initContainers", []).append({"name": "late-init", "image": "example.com/init:1"})
    return document


def variables(node):
    """Every object with a name and a value, wherever it stands."""
    if isinstance(node, list):
        for element in node:
            yield from variables(element)
    elif isinstance(node, dict):
        if "name" in node and "value" in node:
            yield node
        for member in node.values():
            yield from variables(member)


def check_secrets(case, answer):
    """No value of a variable that may be a secret is repeated, nor what stands in quotes in it."""
    said = json.dumps([answer["patch"], answer["response"]], ensure_ascii=False)
    for variable in variables(case.review()["request"]["object"]):
        value = str(variable.get("value", ""))
        for part in (value, *re.findall(r'"([^"]+)"', value)):
            if SECRET.search(str(variable.get("name"))) and len(part) > 5 and part in said:
                case.fail(f"the value of {variable['name']} is repeated in the answer")
