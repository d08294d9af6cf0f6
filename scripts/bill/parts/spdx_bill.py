"""Bills of materials in SPDX 2.3 (ISO/IEC 5962 and its successor), as JSON."""

from __future__ import annotations

import re
from typing import Any

from components import HOME, TOOL, Bill, Component

DOCUMENT = "SPDXRef-DOCUMENT"


def document(bill: Bill) -> dict[str, Any]:
    """The document, to be written as JSON."""
    identifiers = {each.ref: identifier(each) for each in (bill.program, *bill.components)}
    packages = [shown(bill.program, identifiers, "APPLICATION"), *(shown(each, identifiers, "LIBRARY") for each in bill.components)]
    program = identifiers[bill.program.ref]
    relations = [(DOCUMENT, "DESCRIBES", program)]
    relations += [(program, "STATIC_LINK", identifiers[each.ref]) for each in bill.components]
    for each in (bill.program, *bill.components):
        relations += [(identifiers[each.ref], "DEPENDS_ON", identifiers[other]) for other in each.dependencies]
    return {
        "spdxVersion": "SPDX-2.3",
        "dataLicense": "CC0-1.0",
        "SPDXID": DOCUMENT,
        "name": bill.file,
        "documentNamespace": f"{HOME}/spdx/{bill.file}-{bill.serial}",
        "creationInfo": {
            "created": bill.date,
            "creators": [f"Organization: {bill.author} ({bill.address})", f"Tool: {TOOL}-{bill.program.version}"],
            "comment": "Generation context: build. Made from what cargo compiled and what the linker took.",
        },
        "packages": packages,
        "relationships": [{"spdxElementId": one, "relationshipType": kind, "relatedSpdxElement": other} for one, kind, other in relations],
    }


def identifier(component: Component) -> str:
    """Only letters, digits, dots and hyphens: what else names a component is in its package URL."""
    return "SPDXRef-" + re.sub(r"[^A-Za-z0-9.-]", "-", f"{component.name}-{component.version}")


def shown(component: Component, identifiers: dict[str, str], purpose: str) -> dict[str, Any]:
    """One package."""
    references = [("PACKAGE-MANAGER", "purl", component.purl)]
    if component.cpe:
        references.append(("SECURITY", "cpe23Type", component.cpe))
    entry: dict[str, Any] = {
        "SPDXID": identifiers[component.ref],
        "name": component.name,
        "versionInfo": component.version,
        "supplier": f"Organization: {component.supplier}",
        "originator": f"Organization: {component.producer}",
        "downloadLocation": component.download or "NOASSERTION",
        "filesAnalyzed": False,
        "primaryPackagePurpose": purpose,
        "licenseDeclared": component.licence,
        "licenseConcluded": component.concluded,
        "copyrightText": "NOASSERTION",
        "externalRefs": [
            {"referenceCategory": category, "referenceType": kind, "referenceLocator": locator} for category, kind, locator in references
        ],
    }
    if component.sha256:
        entry["checksums"] = [{"algorithm": "SHA256", "checksumValue": component.sha256}]
    if component.note:
        entry["summary"] = component.note
    if component.repository:
        entry["sourceInfo"] = f"sources: {component.repository}"
    return entry
