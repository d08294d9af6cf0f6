"""Faults planted into documents; each must be found."""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator
from typing import Any

Document = dict[str, Any]
Change = Callable[[Document, Document], None]


def faults(cyclonedx: Document, spdx: Document) -> Iterator[tuple[str, str, Document, Document]]:
    """Name of each fault, a part of the finding, and both documents with the fault."""
    for name, change, finding in CHANGES:
        one, other = copy.deepcopy(cyclonedx), copy.deepcopy(spdx)
        change(one, other)
        yield name, finding, one, other


def without(cyclonedx: Document, name: str) -> Document:
    """The document without the components of a name."""
    return cyclonedx | {"components": [each for each in cyclonedx["components"] if each["name"] != name]}


def _crate(made: Document) -> Document:
    return next(each for each in made["components"] if each["name"] == "tokio")


def _package(made: Document) -> Document:
    return next(each for each in made["packages"] if each["name"] == "tokio")


def _remove(one: Document, other: Document) -> None:
    gone = _crate(one)["bom-ref"]
    one["components"] = [each for each in one["components"] if each["bom-ref"] != gone]
    one["dependencies"] = [
        {"ref": each["ref"], "dependsOn": [needed for needed in each["dependsOn"] if needed != gone]}
        for each in one["dependencies"]
        if each["ref"] != gone
    ]
    gone = _package(other)["SPDXID"]
    other["packages"] = [each for each in other["packages"] if each["SPDXID"] != gone]
    other["relationships"] = [each for each in other["relationships"] if gone not in (each["spdxElementId"], each["relatedSpdxElement"])]


def _add(one: Document, other: Document) -> None:
    text = ("tokio", "left-pad")
    crate, package = copy.deepcopy(_crate(one)), copy.deepcopy(_package(other))
    crate["name"], crate["purl"], crate["bom-ref"] = text[1], crate["purl"].replace(*text), crate["bom-ref"].replace(*text)
    one["components"].append(crate)
    one["dependencies"].append({"ref": crate["bom-ref"], "dependsOn": []})
    one["dependencies"][0]["dependsOn"].append(crate["bom-ref"])
    package["name"], package["SPDXID"] = text[1], package["SPDXID"].replace(*text)
    package["externalRefs"][0]["referenceLocator"] = crate["purl"]
    other["packages"].append(package)
    root = other["relationships"][0]["relatedSpdxElement"]
    other["relationships"].append({"spdxElementId": root, "relationshipType": "DEPENDS_ON", "relatedSpdxElement": package["SPDXID"]})


def _hash(one: Document, other: Document) -> None:
    _crate(one)["hashes"][0]["content"] = "0" * 64
    _package(other)["checksums"][0]["checksumValue"] = "0" * 64


def _program_hash(one: Document, other: Document) -> None:
    one["metadata"]["component"]["hashes"][0]["content"] = "0" * 64
    other["packages"][0]["checksums"][0]["checksumValue"] = "0" * 64


def _version(one: Document, other: Document) -> None:
    crate, package = _crate(one), _package(other)
    old = crate["version"]
    crate["version"], crate["purl"] = "1.0.0", crate["purl"].replace(old, "1.0.0")
    package["versionInfo"] = "1.0.0"
    package["externalRefs"][0]["referenceLocator"] = crate["purl"]


def _native(one: Document, _other: Document) -> None:
    musl = next(each for each in one["components"] if each["name"] == "musl")
    musl["description"] = musl["description"].replace("libc.a", "other.a")


# Name, change, and a part of the finding that the change must lead to.
CHANGES: tuple[tuple[str, Change, str], ...] = (
    ("a crate is removed", _remove, "is in cargo tree and the standard library, and not in CycloneDX"),
    ("a crate is added", _add, "left-pad 1"),
    ("a crate has another version", _version, "tokio 1.0.0 is in CycloneDX, and not in"),
    ("a crate has another hash", _hash, "Cargo.lock has"),
    ("the program has another hash", _program_hash, "the program has SHA-256"),
    ("SPDX lacks what CycloneDX has", lambda _one, other: other["packages"].pop(), "is in CycloneDX, and not in SPDX"),
    ("a licence is missing", lambda one, _other: _crate(one).pop("licenses"), "tokio: licence"),
    ("a licence is not asserted", lambda _one, other: _package(other).update(licenseDeclared="NOASSERTION"), "tokio: licence"),
    ("a producer is missing", lambda one, _other: _crate(one).pop("manufacturer"), "tokio: producer"),
    ("a supplier is missing", lambda _one, other: _package(other).pop("supplier"), "tokio: supplier"),
    ("an identifier is missing", lambda one, _other: _crate(one).update(purl=""), "tokio: identifier"),
    ("a dependency is missing", lambda one, _other: one["dependencies"][0].update(dependsOn=[]), "nothing depends on it"),
    ("the generation context is missing", lambda one, _other: one["metadata"].pop("lifecycles"), "generation context"),
    ("the tool is missing", lambda _one, other: other["creationInfo"].update(creators=other["creationInfo"]["creators"][:1]), "Tool"),
    ("the time is missing", lambda one, _other: one["metadata"].pop("timestamp"), "timestamp"),
    ("a file of C is not named", _native, "libc.a is in the linker's map, and not in CycloneDX"),
)
