# SPDX-License-Identifier: Apache-2.0
"""The envelope: rows 1 to 14 of the checklist."""

import base64
import json

import reviews
from registry import case, expect, expect_in


def ask(world, body):
    with world.shared.connect() as connection:
        return connection.post(body)


def decided(world, body, version="v1", uid=reviews.UID):
    """The 'response' of an answer that must be a review."""
    answer = ask(world, body)
    expect(answer.status, 200, f"status, with body {answer.body[:200]!r}")
    expect(answer.headers["content-type"], "application/json", "Content-Type")
    tree = json.loads(answer.body)
    expect(tree["apiVersion"], f"admission.k8s.io/{version}", "apiVersion")
    expect(tree["kind"], "AdmissionReview", "kind")
    expect(tree["response"]["uid"], uid, "uid")
    return tree["response"]


def refused(world, body, status=400):
    """An answer that the API server shows to the user: not 2xx, text, no more than 2048 bytes."""
    answer = ask(world, body)
    expect(answer.status, status, f"status, with body {answer.body[:200]!r}")
    expect(answer.headers["content-type"].split(";")[0], "text/plain", "Content-Type")
    expect(0 < len(answer.body) <= 2048, True, "length of the text")
    return answer.text


def patch_of(response):
    expect("patch" in response, "patchType" in response, "patch and patchType come together")
    if "patch" not in response:
        return []
    expect(response["patchType"], "JSONPatch", "patchType")
    return json.loads(base64.b64decode(response["patch"], validate=True))


@case("row 1: a pod is created")
def pod_create(world):
    response = decided(world, reviews.review())
    expect(response["allowed"], True, "allowed")
    expect(len(patch_of(response)) > 0, True, "a patch for a broker")


@case("row 2: a pod is updated")
def pod_update(world):
    response = decided(world, reviews.review(operation="UPDATE", oldObject=reviews.pod()))
    expect((response["allowed"], patch_of(response)), (True, []), "allowed, patch")


@case("row 3: a pod is deleted")
def pod_delete(world):
    response = decided(world, reviews.review(operation="DELETE", object=None, oldObject=reviews.pod()))
    expect((response["allowed"], patch_of(response)), (True, []), "allowed, patch")


@case("row 4: an operation that nobody knows is allowed")
def unknown_operation(world):
    for operation in ("CONNECT", "TELEPORT"):
        response = decided(world, reviews.review(operation=operation))
        expect((response["allowed"], patch_of(response)), (True, []), "allowed, patch")


@case("row 5: v1beta1 is answered in v1beta1, or refused in words")
def beta(world):
    answer = ask(world, reviews.review(version="v1beta1"))
    if answer.status == 200:
        expect(json.loads(answer.body)["apiVersion"], "admission.k8s.io/v1beta1", "apiVersion")
        return
    expect_in("v1", answer.text, "the text names the version that is spoken")


@case("row 6: an unknown version is refused")
def unknown_version(world):
    expect_in("v9", refused(world, reviews.review(version="v9")), "text")


@case("row 7: kind and apiVersion are wanted")
def missing_kind(world):
    for key in ("kind", "apiVersion"):
        tree = json.loads(reviews.review())
        del tree[key]
        refused(world, json.dumps(tree).encode())


@case("row 8: a request is wanted")
def missing_request(world):
    for tree in ({}, {"request": None}, {"request": []}, {"request": "x"}):
        tree.update({"kind": "AdmissionReview", "apiVersion": "admission.k8s.io/v1"})
        refused(world, json.dumps(tree).encode())


@case("row 9: a uid is wanted, and it is a string")
def missing_uid(world):
    for uid in ("", None, 7, ["x"]):
        refused(world, reviews.review(uid=uid))
    tree = json.loads(reviews.review())
    del tree["request"]["uid"]
    refused(world, json.dumps(tree).encode())


@case("row 10: unknown fields are passed over")
def unknown_fields(world):
    tree = json.loads(reviews.review(somethingNew={"a": [1, 2]}))
    tree["future"] = {"x": None}
    decided(world, json.dumps(tree).encode())


@case("row 11: the uid comes back byte for byte")
def odd_uid(world):
    for uid in ("a\"b\\c/d", "käse ☃ 𝄞", "tab\tline\n", "\u0001\u001f", "x" * 500):
        for ascii_only in (True, False):
            body = json.dumps(json.loads(reviews.review(uid=uid)), ensure_ascii=ascii_only).encode()
            decided(world, body, uid=uid)


@case("row 12: patch and patchType come together or not at all")
def patch_type(world):
    patch_of(decided(world, reviews.review()))
    nothing = reviews.pod()
    nothing["spec"]["containers"][0].update({"name": "web", "image": "nginx:1.27"})
    expect(patch_of(decided(world, reviews.review(object=nothing))), [], "patch of a pod that is no broker")


@case("row 13: the answer does not echo the request")
def compact(world):
    answer = ask(world, reviews.review())
    expect(sorted(json.loads(answer.body)), ["apiVersion", "kind", "response"], "members")
    expect(b"\n" in answer.body.strip(), False, "line breaks")


@case("row 14: the order of keys does not matter")
def key_order(world):
    tree = json.loads(reviews.review())
    tree["request"] = dict(reversed(list(tree["request"].items())))
    turned = json.dumps(dict(reversed(list(tree.items())))).encode()
    expect(decided(world, turned), decided(world, reviews.review()), "response")


@case("row 55: a dry run gives the same patch")
def dry_run(world):
    expect(decided(world, reviews.review(dryRun=True)), decided(world, reviews.review()), "response")


@case("row 56: the same request gives the same bytes")
def deterministic(world):
    answers = {ask(world, reviews.review()).body for _ in range(5)}
    expect(len(answers), 1, "different answers")
