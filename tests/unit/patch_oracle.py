#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Compares the patch applier with python3-jsonpatch on random documents.

usage: patch_oracle.py <patch_filter> [<cases> [<seed>]]

Left out, because the oracle is laxer than RFC 6902 there (the tables of test_patch.c have them):
leading zeros of an index, 1 == true, characters of strings, and `replace` of the member '-', which it
refuses.
"""

import copy
import json
import random
import subprocess
import sys

SKIPPED = 77
KEYS = ("a", "b", "", "a/b", "m~n", "~1", "\u00e4", "0")
BESIDE = KEYS + ("1", "2", "3", "99", "-")


def value(rng, depth):
    """A random document; numbers from 2 on, so that none equals a boolean."""
    kind = rng.randrange(7 if depth > 0 else 4)
    if kind == 0:
        return rng.randrange(2, 6)
    if kind == 1:
        return None
    if kind == 2:
        return ""
    if kind == 3:
        return rng.random() < 0.5
    if kind == 4:
        return [value(rng, depth - 1) for _ in range(rng.randrange(4))]
    return {rng.choice(KEYS): value(rng, depth - 1) for _ in range(rng.randrange(4))}


def tokens_of(node, prefix=()):
    """The place of every node below node, as tuples of tokens."""
    yield prefix
    if isinstance(node, dict):
        for key, child in node.items():
            yield from tokens_of(child, prefix + (key,))
    elif isinstance(node, list):
        for index, child in enumerate(node):
            yield from tokens_of(child, prefix + (str(index),))


def pointer(tokens):
    return "".join("/" + token.replace("~", "~0").replace("/", "~1") for token in tokens)


def place(rng, doc):
    """Mostly a place in doc, sometimes one beside it."""
    tokens = rng.choice(list(tokens_of(doc)))
    dice = rng.random()
    if dice < 0.35:
        return tokens + (rng.choice(BESIDE),)
    if dice < 0.45 and tokens:
        return tokens[:-1] + (rng.choice(BESIDE),)
    return tokens


def at(doc, tokens):
    for token in tokens:
        doc = doc[token] if isinstance(doc, dict) else doc[int(token)]
    return doc


def operation(rng, doc):
    name = rng.choice(("add", "add", "remove", "replace", "move", "copy", "test"))
    tokens = place(rng, doc)
    if name == "replace" and tokens[-1:] == ("-",):
        name = "add"
    one = {"op": name, "path": pointer(tokens)}
    if name in ("add", "replace"):
        one["value"] = value(rng, 2)
    elif name == "test":
        try:
            one["value"] = copy.deepcopy(at(doc, tokens)) if rng.random() < 0.7 else value(rng, 1)
        except (KeyError, IndexError, ValueError, TypeError):
            one["value"] = None
    elif name in ("move", "copy"):
        one["from"] = pointer(place(rng, doc))
    return one


def applied(jsonpatch, doc, one):
    """The document after one operation; raises what the oracle raises.

    The oracle does not know operations on a whole document other than an object, so the document is
    made the member of one.
    """
    if one["op"] == "remove" and one["path"] == "":
        raise ValueError("nothing would be left")
    if one["op"] == "move" and one["path"].startswith(one["from"] + "/"):
        raise ValueError("RFC 6902 section 4.4: into its own child")
    inner = {key: "/r" + text if key in ("path", "from") else text for key, text in one.items()}
    return jsonpatch.apply_patch({"r": doc}, [inner])["r"]


def make_case(rng, jsonpatch):
    """(document, patch, expected document), or None as the third if it must fail."""
    doc = {rng.choice(KEYS): value(rng, 3) for _ in range(4)} if rng.random() < 0.8 else value(rng, 4)
    now, patch = copy.deepcopy(doc), []
    for _ in range(rng.randrange(1, 9)):
        one = operation(rng, now)
        try:
            now = applied(jsonpatch, copy.deepcopy(now), copy.deepcopy(one))
        except Exception:  # the oracle leaks KeyError, TypeError and others of its insides
            if rng.random() < 0.8:
                continue
            return doc, patch + [one], None
        patch.append(one)
    return doc, patch, [now]


def strict(node):
    """Text that keeps true and 1 apart, with sorted keys."""
    return json.dumps(node, sort_keys=True)


def main():
    try:
        import jsonpatch
    except ImportError:
        print("skipped: python3-jsonpatch is not installed")
        return SKIPPED
    cases = int(sys.argv[2]) if len(sys.argv) > 2 else 8000
    rng = random.Random(int(sys.argv[3]) if len(sys.argv) > 3 else 6902)
    made = [make_case(rng, jsonpatch) for _ in range(cases)]
    lines = "".join(json.dumps([doc, patch]) + "\n" for doc, patch, _ in made)
    run = subprocess.run([sys.argv[1]], input=lines, capture_output=True, text=True, check=True)
    answers = run.stdout.splitlines()
    if len(answers) != cases:
        print(f"{cases} cases were sent, {len(answers)} answers came back")
        return 1
    wrong = 0
    for (doc, patch, expected), answer in zip(made, answers):
        failed = answer.startswith("!")
        if failed != (expected is None) or (
                not failed and strict(json.loads(answer)) != strict(expected[0])):
            wrong += 1
            if wrong <= 10:
                print(f"document {json.dumps(doc)}\npatch    {json.dumps(patch)}\n"
                      f"expected {json.dumps(expected)}\nanswer   {answer}\n")
    failures = sum(expected is None for _, _, expected in made)
    print(f"{cases} cases ({failures} of them must fail): {wrong} disagreements")
    return 1 if wrong else 0


sys.exit(main())
