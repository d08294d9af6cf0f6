"""Bills of materials in CycloneDX 1.6 (ECMA-424)."""

from __future__ import annotations

from typing import Any

from components import TOOL, Bill, Component

SPECIFICATION = {"$schema": "http://cyclonedx.org/schema/bom-1.6.schema.json", "bomFormat": "CycloneDX", "specVersion": "1.6"}


def document(bill: Bill) -> dict[str, Any]:
    """The document, to be written as JSON."""
    program = shown(bill.program, "application")
    program["properties"] = [{"name": "target", "value": bill.target}]
    if bill.commit:
        program["properties"].append({"name": "commit", "value": bill.commit})
    everything = (bill.program, *bill.components)
    return SPECIFICATION | {
        "serialNumber": bill.serial.urn,
        "version": 1,
        "metadata": metadata(bill.date, bill.author, bill.address, bill.program.version)
        | {"lifecycles": [{"phase": "build"}], "component": program, "supplier": {"name": bill.author}},
        "components": [shown(each, "library") for each in bill.components],
        "dependencies": [{"ref": each.ref, "dependsOn": list(each.dependencies)} for each in everything],
        "compositions": [{"aggregate": "complete", "assemblies": [bill.program.ref], "dependencies": [each.ref for each in everything]}],
    }


def metadata(date: str, author: str, address: str, version: str) -> dict[str, Any]:
    """When, by whom and with what a document was made."""
    return {
        "timestamp": date,
        "tools": {"components": [{"type": "application", "name": TOOL, "version": version, "supplier": {"name": author}}]},
        "authors": [{"name": author} | ({"email": address} if address else {})],
    }


def shown(component: Component, kind: str) -> dict[str, Any]:
    """One component."""
    entry: dict[str, Any] = {
        "type": kind,
        "bom-ref": component.ref,
        "supplier": {"name": component.supplier},
        "manufacturer": {"name": component.producer},
        "name": component.name,
        "version": component.version,
        "licenses": [{"expression": component.licence, "acknowledgement": "declared"}],
        "purl": component.purl,
    }
    if component.note:
        entry["description"] = component.note
    if component.sha256:
        entry["hashes"] = [{"alg": "SHA-256", "content": component.sha256}]
    if component.cpe:
        entry["cpe"] = component.cpe
    references = [("vcs", component.repository), ("distribution", component.download)]
    if any(address for _, address in references):
        entry["externalReferences"] = [{"type": kind, "url": address} for kind, address in references if address]
    return entry
