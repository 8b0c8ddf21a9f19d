# SPDX-License-Identifier: Apache-2.0
"""Other people's programs about the chart."""

import os

from render import CACHE, CHART, HERE, call, load, values_file

SCHEMAS = os.path.join(
    CACHE, "schemas", "{{.ResourceKind}}-{{.Group}}-{{.ResourceAPIVersion}}.json"
)

accepted = [entry["finding"] for entry in load(os.path.join(HERE, "accepted.yaml"))]
occurred = set()


def lint(rendered):
    status, out, err = call("helm", "lint", "--strict", CHART, "-f", values_file(rendered.name))
    assert status == 0, out + err
    findings = [line for line in out.splitlines() if line.startswith("[") and "icon" not in line]
    assert not findings, findings


def kubeconform(rendered):
    status, out, err = call(
        "kubeconform",
        *("-strict", "-summary", "-schema-location", SCHEMAS, "-"),
        stdin=rendered.text,
    )
    assert status == 0, out + err
    assert f"Valid: {len(rendered.listed)}, Invalid: 0, Errors: 0, Skipped: 0" in out, out


def kubeconform_refuses(rendered):
    """The schemas are strict, for the test must be able to fail."""
    assert "automountServiceAccountToken: true" in rendered.text
    for right, wrong in (
        ("automountServiceAccountToken: true", "automountToken: true"),
        ("issuerRef:", "issuer:"),
        ("endpoints:", "endpoint:"),
    ):
        if right in rendered.text:
            broken = rendered.text.replace(right, wrong)
            status, out, _ = call("kubeconform", "-strict", "-schema-location", SCHEMAS, "-", stdin=broken)
            assert status != 0 and wrong.partition(":")[0] in out, out


def kube_score(rendered):
    _, out, err = call(
        "kube-score", "score", "--kubernetes-version", "v1.35", "-o", "ci", "-", stdin=rendered.text
    )
    assert "[OK]" in out, err
    new = []
    for line in out.splitlines():
        if line.startswith(("[OK]", "[SKIPPED]")):
            continue
        reasons = [finding for finding in accepted if finding in line]
        occurred.update(reasons)
        if not reasons:
            new.append(line)
    assert not new, new


def of_rendered(rendered):
    for judge in (lint, kubeconform, kubeconform_refuses, kube_score):
        yield f"{rendered.name}: {judge.__name__}", lambda judge=judge: judge(rendered)


def refuse(entry):
    status, out, err = call("helm", "template", CHART, "--set", entry["set"].replace("\\n", "\n"))
    assert status != 0, f"rendered: {out[:200]}"
    missing = [word for word in entry["words"] if word not in err]
    assert not missing, f"no {missing} in: {err}"


def of_wrong_values():
    for entry in load(os.path.join(HERE, "wrong.yaml")):
        yield f"refused: {entry['set']!r}", lambda entry=entry: refuse(entry)


# What may be taken away by `null`.
OPTIONAL = {
    "image.tag",
    "image.digest",
    "image.pullSecrets",
    "priorityClassName",
    "nodeSelector",
    "tolerations",
    "affinity",
    "podAnnotations",
    "podLabels",
    "resources",
    "config.log-format",
    "webhook.clients.configMap",
    "webhook.clients.names",
    "certificates.certManager.issuerName",
    "serviceAccount.annotations",
    "networkPolicy.apiServerCIDRs",
    "networkPolicy.metricsFrom",
    "metrics.serviceMonitor.labels",
    "metrics.dashboard.labels",
}


def names(values, path=()):
    """All names of values.yaml, dotted; maps of a user's own words are one value."""
    for key, below in values.items():
        name = ".".join((*path, key))
        if isinstance(below, dict) and below and name not in OPTIONAL:
            yield from names(below, (*path, key))
        yield name


def without(name):
    """Helm takes what is null away; so does --reuse-values with what an older chart did not have."""
    status, out, err = call("helm", "template", CHART, "--set-json", f"{name}=null")
    if name in OPTIONAL:
        assert status == 0, err
        status, out, _ = call(
            "kubeconform", "-strict", "-schema-location", SCHEMAS, "-", stdin=out
        )
        assert status == 0, out
        return
    assert status != 0, f"rendered: {out[:200]}"
    assert "missing propert" in err and f"'{name.split('.')[-1]}'" in err, err


def of_missing_values():
    for name in names(load(os.path.join(CHART, "values.yaml"))):
        yield f"without {name}", lambda name=name: without(name)


def all_occurred():
    never = set(accepted) - occurred
    assert not never, f"accepted.yaml: no such finding any more: {sorted(never)}"


def at_the_end():
    yield "every accepted finding occurs", all_occurred
