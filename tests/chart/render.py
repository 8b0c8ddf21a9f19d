# SPDX-License-Identifier: Apache-2.0
"""The chart as helm renders it for a set of values."""

import os
import subprocess

import yaml

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
CHART = os.path.join(ROOT, "charts", "portside")
CACHE = os.path.join(
    os.environ.get("PORTSIDE_CACHE") or os.path.expanduser("~/.cache/portside"), "chart"
)
BUILD = os.environ.get("PORTSIDE_BUILD") or os.path.join(ROOT, "build", "dev")
PORTSIDE = os.environ.get("PORTSIDE_BIN") or os.path.join(BUILD, "bin", "portside")
NAMESPACE = "portside-system"
RELEASE = "demo"


def call(program, *arguments, stdin=None):
    """A program of tests/chart/build: (status, standard output, standard error)."""
    process = subprocess.run(
        [os.path.join(CACHE, "bin", program), *arguments],
        input=stdin,
        text=True,
        capture_output=True,
        timeout=120,
        check=False,
    )
    return process.returncode, process.stdout, process.stderr


def value_sets():
    return sorted(
        name.removesuffix(".yaml") for name in os.listdir(os.path.join(HERE, "values"))
    )


def values_file(name):
    return os.path.join(HERE, "values", f"{name}.yaml")


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


class Rendered:
    """What `helm template` prints, and its objects by kind and name."""

    def __init__(self, name):
        self.name = name
        self.values = load(values_file(name)) or {}
        status, self.text, err = self.template()
        assert status == 0, err
        self.listed = [one for one in yaml.safe_load_all(self.text) if one]
        self.objects = {(one["kind"], one["metadata"]["name"]): one for one in self.listed}

    def template(self):
        return call(
            "helm", "template", RELEASE, CHART, "--namespace", NAMESPACE, "-f", values_file(self.name)
        )

    def get(self, kind, name="portside"):
        return self.objects[(kind, name)]

    def has(self, kind, name="portside"):
        return (kind, name) in self.objects

    def pod(self):
        return self.get("Deployment")["spec"]["template"]["spec"]

    def value(self, path, default):
        """What the set says about a value, by its dotted name."""
        found = self.values
        for part in path.split("."):
            if not isinstance(found, dict) or part not in found:
                return default
            found = found[part]
        return found
