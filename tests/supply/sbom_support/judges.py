"""Published schemas and types, as others implement them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from google.protobuf import json_format
from in_toto_attestation.predicates.provenance.v1 import provenance_pb2
from in_toto_attestation.v1 import statement_pb2
from in_toto_attestation.v1.statement import Statement


def cyclonedx(file: Path) -> list[str]:
    """What the strict schema of CycloneDX 1.6 says about a document."""
    from cyclonedx.schema import SchemaVersion
    from cyclonedx.validation.json import JsonStrictValidator

    fault = JsonStrictValidator(SchemaVersion.V1_6).validate_str(file.read_text(encoding="utf-8"))
    return [] if fault is None else [f"{file.name}: {fault.data if hasattr(fault, 'data') else fault}"[:600]]


def spdx(file: Path) -> list[str]:
    """What the reference implementation of SPDX 2.3 says about a document."""
    from spdx_tools.spdx.parser.error import SPDXParsingError
    from spdx_tools.spdx.parser.parse_anything import parse_file
    from spdx_tools.spdx.validation.document_validator import validate_full_spdx_document

    try:
        document = parse_file(str(file))
    except SPDXParsingError as fault:
        return [f"{file.name}: {'; '.join(fault.get_messages())}"[:600]]
    return [f"{file.name}: {each.validation_message}" for each in validate_full_spdx_document(document, "SPDX-2.3")]


def provenance(file: Path) -> list[str]:
    """Whether a file is an in-toto Statement with a SLSA v1 predicate: each field known, each subject with a digest."""
    text = file.read_text(encoding="utf-8")
    try:
        statement = json_format.Parse(text, statement_pb2.Statement())
        Statement.copy_from_pb(statement).validate()
        made = json_format.ParseDict(json.loads(text)["predicate"], provenance_pb2.Provenance())
    except (json_format.ParseError, ValueError) as fault:
        return [f"{file.name}: {fault}"]
    faults = []
    if not made.build_definition.build_type or not made.run_details.builder.id:
        faults.append(f"{file.name}: buildType or builder.id is empty")
    for each in made.build_definition.resolved_dependencies:
        if not (each.uri or each.name):
            faults.append(f"{file.name}: a material without a name")
    return faults


def minimum_cyclonedx(made: dict[str, Any]) -> list[str]:
    """The minimum elements of CISA's list of 2025 that a CycloneDX document lacks."""
    metadata = made["metadata"]
    faults = [name for name in ("timestamp", "authors") if not metadata.get(name)]
    if not metadata.get("tools", {}).get("components"):
        faults.append("tool name")
    if [each.get("phase") for each in metadata.get("lifecycles", [])] != ["build"]:
        faults.append("generation context")
    graph = {each["ref"]: each.get("dependsOn", []) for each in made["dependencies"]}
    for each in (metadata["component"], *made["components"]):
        wanted = {
            "producer": each.get("manufacturer", {}).get("name"),
            "supplier": each.get("supplier", {}).get("name"),
            "name": each.get("name"),
            "version": each.get("version"),
            "identifier": each.get("purl"),
            "hash": [hash_["content"] for hash_ in each.get("hashes", []) if hash_["alg"] == "SHA-256"],
            "licence": each.get("licenses"),
            "dependencies": each["bom-ref"] in graph,
        }
        faults += [f"{each.get('name')}: {name}" for name, value in wanted.items() if not value]
    known = {each["bom-ref"] for each in (metadata["component"], *made["components"])}
    faults += [f"{ref}: not a component" for ref in {*graph, *(each for needed in graph.values() for each in needed)} - known]
    reached, waiting = set(), [metadata["component"]["bom-ref"]]
    while waiting:
        ref = waiting.pop()
        if ref not in reached:
            reached.add(ref)
            waiting += graph.get(ref, [])
    faults += [f"{ref}: nothing depends on it" for ref in sorted(known - reached)]
    return faults


def minimum_spdx(made: dict[str, Any]) -> list[str]:
    """The same of an SPDX document."""
    information = made["creationInfo"]
    faults = [] if information.get("created") else ["timestamp"]
    for kind in ("Organization: ", "Tool: "):
        if not any(each.startswith(kind) for each in information["creators"]):
            faults.append(kind.rstrip(": "))
    if "build" not in information.get("comment", ""):
        faults.append("generation context")
    related = {each["relatedSpdxElement"] for each in made["relationships"]}
    for each in made["packages"]:
        wanted = {
            "producer": each.get("originator"),
            "supplier": each.get("supplier"),
            "version": each.get("versionInfo"),
            "identifier": [found for found in each.get("externalRefs", []) if found["referenceType"] == "purl"],
            "hash": [found for found in each.get("checksums", []) if found["algorithm"] == "SHA256"],
            "licence": each.get("licenseDeclared") not in (None, "NOASSERTION", "NONE"),
            "relationship": each["SPDXID"] in related,
        }
        faults += [f"{each.get('name')}: {name}" for name, value in wanted.items() if not value]
    return faults
