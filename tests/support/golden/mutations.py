# SPDX-License-Identifier: Apache-2.0
"""Objects that nobody would write: golden reviews with parts dropped, doubled, swapped, retyped.

No expected files here, only what must hold of any answer: no internal error, no pod denied, a patch
applies by another's applier, and its result is left alone. The seed is fixed, so a failure comes
again; its review is kept.
"""

import copy
import json
import os
import random

from golden import appliers

SEED = 1
COUNT = 1000
BYTES_MAX = 60000
STRANGE = (None, "", 0, -1, True, [], {}, "x", "kafka", "false", "PLAINTEXT://:9092", "$(X)", [None], {"a": 1},
           "9194", "PORTSIDE", 1e300, [[]], [{}], "\u202e", "a" * 300, "/portside", {"name": "portside"},
           [{"name": "portside"}], "external", "EXTERNAL://:9194")
KEYS = ("env", "volumes", "initContainers", "annotations", "labels", "command", "args", "envFrom", "name", "value",
        "portside.dev/listener-name", "portside.dev/status", "portside.dev/copied", "portside.dev/type")


def places(node):
    """(container, key) of every part but the bookkeeping of fields, which is most of a review."""
    if isinstance(node, dict):
        for key in node:
            if key != "managedFields":
                yield node, key
                yield from places(node[key])
    elif isinstance(node, list):
        for index, element in enumerate(node):
            yield node, index
            yield from places(element)


def mutate_once(chance, found):
    container, key = chance.choice(found)
    what = chance.random()
    if what < 0.3:
        del container[key]
    elif what < 0.6:
        container[key] = copy.deepcopy(chance.choice(STRANGE))
    elif what < 0.75 and isinstance(container, list):
        container.insert(key, copy.deepcopy(container[key]))
    elif what < 0.9:
        other, other_key = chance.choice(found)
        container[key] = copy.deepcopy(other[other_key])
    elif isinstance(container, dict):
        container[chance.choice(KEYS)] = copy.deepcopy(chance.choice(STRANGE))


def mutate(chance, review):
    review = copy.deepcopy(review)
    for _ in range(chance.choice((1, 1, 2, 3, 5))):
        found = list(places(review["request"]["object"]))
        if found:
            mutate_once(chance, found)
    return review


def readable(found):
    """The reviews that carry an object and are not too large to be copied often."""
    for case in found:
        if len(case.request) > BYTES_MAX or case.decision is None or case.decision["http"] != 200:
            continue
        review = case.review()
        if isinstance(review["request"].get("object"), dict):
            yield review


class Trial:
    """Mutated reviews in files of a folder, and what was wrong with them."""

    def __init__(self, binary, folder, keep):
        self.binary = binary
        self.folder = folder
        self.keep = keep
        self.problems = []

    def fail(self, review, what):
        path = os.path.join(self.keep, f"mutation-{len(self.problems)}.json")
        os.makedirs(self.keep, exist_ok=True)
        with open(path, "w", encoding="utf-8") as file:
            json.dump(review, file, indent=2)
        self.problems.append(f"mutations: {what}: see 'portside review {path}'")

    def answers(self, reviews, name):
        paths = []
        for index, review in enumerate(reviews):
            paths.append(os.path.join(self.folder, f"{name}-{index}.json"))
            with open(paths[-1], "w", encoding="utf-8") as file:
                json.dump(review, file)
        return [json.loads(line) for line in self.binary.review(paths)] if paths else []

    def result(self, review, answer):
        """The review of the patched object, None if there is no patch or something is wrong."""
        if answer["http"] not in (200, 400):
            self.fail(review, f"HTTP {answer['http']} {answer['response']}")
            return None
        if answer["http"] == 400 or answer["patch"] is None:
            return None
        patched, error = appliers.apply_python(review["request"]["object"], answer["patch"])
        if error is not None:
            self.fail(review, f"the patch does not apply: {error}")
            return None
        return {**review, "request": {**review["request"], "object": patched}}

    def run(self, reviews):
        results = []
        for review, answer in zip(reviews, self.answers(reviews, "first")):
            if answer["verdict"] == "deny" and review["request"]["kind"]["kind"] == "Pod":
                self.fail(review, "a pod is denied")
            again = self.result(review, answer)
            if again is not None:
                results.append((review, again))
        for (review, _), answer in zip(results, self.answers([again for _, again in results], "second")):
            if answer["http"] != 200 or answer["patch"] is not None:
                self.fail(review, f"not idempotent: {json.dumps(answer['patch'])[:300]}")


def check(binary, found, folder, keep):
    """(number of checks, what is wrong)."""
    chance = random.Random(SEED)
    reviews = list(readable(found))
    trial = Trial(binary, folder, keep)
    trial.run([mutate(chance, chance.choice(reviews)) for _ in range(COUNT)])
    return 1, trial.problems
