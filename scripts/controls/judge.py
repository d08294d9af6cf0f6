"""What a source must keep: ids and names that exist, and no claim without what makes it true and what proves it."""

from __future__ import annotations

from names import Names
from source import MECHANISMS, PROOFS, STATUSES, Source, Statement

HINTS = {
    "settings": "docs/configuration.md lists them",
    "relay_options": "man/tunnel-relay.1 lists them",
    "unit": "write systemd/FILE::Directive as it stands in the unit",
    "booleans": "selinux/*.te declare them",
    "files": "write the path from the root of the repository",
    "tests": "write FILE::FUNCTION of a test, or a script that can be executed",
    "checks": "./check --list names them",
}


def mistakes(source: Source, names: Names) -> list[str]:
    """All mistakes, in the order of the source."""
    found, seen = [], set()
    for statement in source.statements:
        found += _control(source, statement, seen)
        found += _claim(statement)
        found += _dead_names(statement, names)
    for catalogue in source.catalogues.values():
        if catalogue.answer_every_id:
            answered = {each.control for each in source.statements if each.catalogue == catalogue.name}
            found += [
                f"audit/oscal/catalogues/{catalogue.name}.tsv: {control}: no statement answers it; write one or remove the line"
                for control in catalogue.titles
                if control not in answered
            ]
    return found


def _control(source: Source, statement: Statement, seen: set) -> list[str]:
    found = []
    if statement.control not in source.catalogues[statement.catalogue].titles:
        found.append(
            f"{statement.where}: unknown control id; audit/oscal/catalogues/{statement.catalogue}.tsv lists them"
        )
    if statement.component not in source.components:
        found.append(f"{statement.where}: component: {statement.component} is not one of {', '.join(source.components)}")
    key = (statement.component, statement.catalogue, statement.control)
    if key in seen:
        found.append(f"{statement.where}: {statement.component} answers this control twice; merge both statements")
    seen.add(key)
    return found


def _claim(statement: Statement) -> list[str]:
    where, status = statement.where, statement.status
    if status not in STATUSES:
        return [f"{where}: status: {status or 'nothing'} is not one of {', '.join(STATUSES)}"]
    found = []
    if status in ("implemented", "partial"):
        if not statement.text:
            found.append(f"{where}: text: missing; name the mechanism")
        if not statement.has_mechanism():
            found.append(
                f"{where}: no setting, directive, option, boolean or file; without one, say in fixed why it always holds"
            )
        if not statement.has_proof():
            found.append(f"{where}: {status} without a test or a step of ./check")
    if status == "implemented" and statement.gap:
        found.append(f"{where}: gap: an implemented control has none; write partial")
    if status != "implemented" and not statement.gap:
        found.append(f"{where}: gap: missing; say what is missing, who answers the control or why it does not apply")
    return found


def _dead_names(statement: Statement, names: Names) -> list[str]:
    found = []
    for kind, label in {**MECHANISMS, **PROOFS}.items():
        listed = statement.mechanisms.get(kind) or statement.proofs.get(kind) or []
        for name in listed:
            if names.value_of(kind, name) is None:
                found.append(f"{statement.where}: {label} {name} does not exist; {HINTS[kind]}")
        if len(set(listed)) != len(listed):
            found.append(f"{statement.where}: {kind}: a name stands twice")
    return found
