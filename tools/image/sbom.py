# SPDX-License-Identifier: Apache-2.0
"""The bill of materials of an image, as SPDX 2.3 in JSON: each package, and each file of it."""

import hashlib
import re


def identifier(kind, name):
    return f"SPDXRef-{kind}-" + re.sub(r"[^A-Za-z0-9.-]", "-", name)


def verification(files):
    """One number for all files of a package, as SPDX 2.3 §7.9 wants it."""
    sums = sorted(entry.digest("sha1") for entry in files)
    return hashlib.sha1("".join(sums).encode()).hexdigest()


def debian(package, files):
    version = package.version.replace("+", "%2B").replace(":", "%3A")
    return {
        "SPDXID": identifier("Package", package.name),
        "name": package.name,
        "versionInfo": package.version,
        "supplier": "Organization: Debian",
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification(files)},
        "licenseConcluded": "NOASSERTION",
        "licenseDeclared": "NOASSERTION",
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {
                "referenceCategory": "PACKAGE-MANAGER",
                "referenceType": "purl",
                "referenceLocator": f"pkg:deb/debian/{package.name.replace('+', '%2B')}@{version}"
                f"?arch={package.architecture}&distro=debian-12",
            }
        ],
    }


def ours(version, files):
    return {
        "SPDXID": identifier("Package", "portside"),
        "name": "portside",
        "versionInfo": version,
        "downloadLocation": "NOASSERTION",
        "filesAnalyzed": True,
        "packageVerificationCode": {"packageVerificationCodeValue": verification(files)},
        "licenseConcluded": "Apache-2.0",
        "licenseDeclared": "Apache-2.0",
        "copyrightText": "NOASSERTION",
    }


def file_of(path, entry):
    return {
        "SPDXID": identifier("File", path),
        "fileName": f"./{path}",
        "checksums": [
            {"algorithm": "SHA1", "checksumValue": entry.digest("sha1")},
            {"algorithm": "SHA256", "checksumValue": entry.digest()},
        ],
        "licenseConcluded": "NOASSERTION",
        "copyrightText": "NOASSERTION",
    }


def document(entries, packages, name, version, digest, created):
    """Symbolic links are no files of SPDX; they point to ones that are listed."""
    files = {path: entry for path, entry in entries.items() if entry.target is None}
    described = identifier("Package", "portside")
    held = {}
    for entry in files.values():
        held.setdefault(entry.package, []).append(entry)
    relations = [("SPDXRef-DOCUMENT", "DESCRIBES", described)]
    relations += [
        (described, "DEPENDS_ON", identifier("Package", one)) for one in packages if one != "portside"
    ]
    relations += [
        (identifier("Package", entry.package), "CONTAINS", identifier("File", path))
        for path, entry in files.items()
    ]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": "SPDXRef-DOCUMENT",
        "name": name,
        "documentNamespace": f"https://portside.dev/sbom/{digest.replace(':', '-')}",
        "creationInfo": {"created": created, "creators": [f"Tool: portside-image-{version}"]},
        "packages": [ours(version, held["portside"])]
        + [debian(package, held[name]) for name, package in packages.items()],
        "files": [file_of(path, entry) for path, entry in files.items()],
        "relationships": [
            {"spdxElementId": a, "relationshipType": kind, "relatedSpdxElement": b}
            for a, kind, b in relations
        ],
    }
