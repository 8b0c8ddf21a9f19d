# SPDX-License-Identifier: Apache-2.0
"""Makes JSON schemas of all kinds, strict ones, from the OpenAPI document of Kubernetes.

Usage: schemas.py SWAGGER_JSON FOLDER

Each file stands alone: FOLDER/<kind>-<group>-<version>.json, in small letters, as kubeconform asks
for them; the group of what has none is its version. A field that the document does not know is
refused.
"""

import json
import os
import sys

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


def main(source, folder):
    with open(source, encoding="utf-8") as file:
        definitions = json.load(file)["definitions"]
    os.makedirs(folder, exist_ok=True)
    ready = {name: strict(name, definition) for name, definition in definitions.items()}
    for name, kind, group, version in kinds(definitions):
        parts = {one: ready[one] for one in reachable(name, definitions)}
        schema = {"$ref": PREFIX + name, "definitions": parts}
        path = os.path.join(folder, f"{kind}-{group or version}-{version}.json".lower())
        with open(path, "w", encoding="utf-8") as file:
            json.dump(schema, file, sort_keys=True)


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
