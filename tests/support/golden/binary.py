# SPDX-License-Identifier: Apache-2.0
"""`portside review` as a program: many reviews in one call."""

import json
import os
import subprocess


class Failure(Exception):
    """Something without which no case can be judged."""


class Binary:
    def __init__(self, path):
        self.path = os.path.abspath(path)
        if not os.access(self.path, os.X_OK):
            raise Failure(f"'{path}' is not there: build it with './dev build', or name one with --portside")

    def call(self, arguments, stdin=None, environment=None):
        return subprocess.run([self.path, *arguments], input=stdin, stdin=None if stdin else subprocess.DEVNULL,
                              capture_output=True, check=False, timeout=600,
                              env={**os.environ, **(environment or {})})

    def review(self, paths, config=None):
        """The line of output for each path, as bytes."""
        options = ["--config", config] if config else []
        done = self.call(["review", "--output", "json", *options, "--", *paths])
        lines = done.stdout.splitlines()
        # 2 is that of the cases that are bad input on purpose, 1 that of an internal error.
        if done.returncode not in (0, 1, 2) or len(lines) != len(paths):
            raise Failure(f"'{self.path} review' ended with {done.returncode} and {len(lines)} answers "
                          f"to {len(paths)} reviews: {done.stderr.decode(errors='replace')[-2000:]}")
        return lines

    def review_cases(self, cases):
        """Case name -> line. Cases that share a configuration share a call."""
        groups = {}
        for case in cases:
            groups.setdefault(case.config, []).append(case)
        lines = {}
        for config, members in groups.items():
            found = self.review([case.request_path for case in members], config)
            lines.update(zip((case.name for case in members), found))
        return lines

    def response(self, case):
        """(exit code, the bytes that the API server would get)."""
        options = ["--config", case.config] if case.config else []
        done = self.call(["review", "--response", *options, "--", case.request_path])
        return done.returncode, done.stdout


def raw_member(line, key):
    """The bytes of a member of a one-line JSON object, without reading numbers on the way."""
    text = line.decode()
    found = f'"{key}":'
    at = text.rindex(found) + len(found)
    _, end = json.JSONDecoder().raw_decode(text, at)
    return text[at:end].encode()
