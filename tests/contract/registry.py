# SPDX-License-Identifier: Apache-2.0
"""The list of cases; a decorator puts a function into it."""

import collections

Case = collections.namedtuple("Case", "title function long")
CASES = []


class Skip(Exception):
    """Raised by a case that cannot run here; its text says why."""


def case(title, long=False):
    """Registers the function as a case; the title begins with the row of the contract if it has one.

    One that takes half a minute or more is long: it runs on request.
    """

    def register(function):
        CASES.append(Case(title, function, long))
        return function

    return register


def expect(actual, wanted, what):
    if actual != wanted:
        raise AssertionError(f"{what}: wanted {wanted!r}, got {actual!r}")


def expect_in(part, whole, what):
    if part not in whole:
        raise AssertionError(f"{what}: wanted {part!r} in {whole!r}")
