# SPDX-License-Identifier: Apache-2.0
"""Makes JSON schemas of all kinds, strict ones, from the OpenAPI document of Kubernetes and from
CustomResourceDefinitions.

Usage: schemas.py SWAGGER_JSON FOLDER [CRD_YAML…]

Each file stands alone: FOLDER/<kind>-<group>-<version>.json, in small letters, as kubeconform asks
for them; the group of what has none is its version. A field that the document does not know is
refused.
"""

import json
import os
import sys

import yaml

PREFIX = "#/definitions/"


def references(node):
    """Names of the definitions that a schema points to."""
    if isinstance(node, dict):
        for key, value in node.items():
            if key == "$ref" and isinstance(value, str):  # else a property of that name
                yield value.removeprefix(PREFIX)
            else:
                yield from references(value)
    elif isinstance(node, list):
        for value in node:
            yield from references(value)


def reachable(name, definitions):
    found, waiting = {name}, [name]
    while waiting:
        for below in references(definitions[waiting.pop()]):
            if below not in found:
                found.add(below)
                waiting.append(below)
    return sorted(found)


def strict(name, definition):
    """A definition with what OpenAPI says in words, or by format, said in JSON Schema."""
    made = {key: value for key, value in definition.items() if not key.startswith("x-")}
    if made.get("format") == "int-or-string":
        return {"type": ["string", "integer"]}
    if name.endswith(".Quantity"):
        return {"type": ["string", "number"]}
    if "properties" in made and "additionalProperties" not in made:
        made["additionalProperties"] = False
    return made


def kinds(definitions):
    for name, definition in definitions.items():
        for entry in definition.get("x-kubernetes-group-version-kind", []):
            yield name, entry["kind"], entry["group"], entry["version"]


def write(folder, kind, group, version, schema):
    path = os.path.join(folder, f"{kind}-{group or version}-{version}.json".lower())
    with open(path, "w", encoding="utf-8") as file:
        json.dump(schema, file, sort_keys=True)


def strict_below(node):
    """The schema of a CustomResourceDefinition, which stands in one piece."""
    if isinstance(node, list):
        return [strict_below(one) for one in node]
    if not isinstance(node, dict):
        return node
    made = {key: strict_below(value) for key, value in node.items() if not key.startswith("x-")}
    if node.get("x-kubernetes-int-or-string"):
        made["type"] = ["string", "integer"]
        made.pop("anyOf", None)
    if isinstance(node.get("properties"), dict) and not node.get("x-kubernetes-preserve-unknown-fields"):
        made.setdefault("additionalProperties", False)
    return made


def custom(source, folder):
    with open(source, encoding="utf-8") as file:
        # As a chart's template: its placeholders are no concern of ours.
        text = "".join(line for line in file if "{{" not in line)
    for spec in [one["spec"] for one in yaml.safe_load_all(text) if one]:
        for version in spec["versions"]:
            schema = strict_below(version["schema"]["openAPIV3Schema"])
            schema["properties"]["metadata"] = {"type": "object"}
            write(folder, spec["names"]["kind"], spec["group"], version["name"], schema)


def main(source, folder, *definitions_of_others):
    with open(source, encoding="utf-8") as file:
        definitions = json.load(file)["definitions"]
    os.makedirs(folder, exist_ok=True)
    for other in definitions_of_others:
        custom(other, folder)
    ready = {name: strict(name, definition) for name, definition in definitions.items()}
    for name, kind, group, version in kinds(definitions):
        parts = {one: ready[one] for one in reachable(name, definitions)}
        write(folder, kind, group, version, {"$ref": PREFIX + name, "definitions": parts})


if __name__ == "__main__":
    main(*sys.argv[1:])
