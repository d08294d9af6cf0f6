"""The component definition, as OSCAL JSON. The same source makes the same bytes: identifiers are hashes of names."""

from __future__ import annotations

import json
import uuid

from names import Names
from source import MECHANISMS, PROOFS, Catalogue, Source, Statement

# Of the releases 1.2.x, which differ in corrections only, the newest that compliance-trestle reads.
OSCAL_VERSION = "1.2.1"
NAMESPACE = "urn:tunnel-client:oscal"
_ROOT = uuid.uuid5(uuid.NAMESPACE_URL, NAMESPACE)


def document(source: Source, names: Names) -> str:
    """The whole document, ready to be written."""
    definition = {
        "uuid": identifier("component-definition"),
        "metadata": _metadata(source),
        "components": [_component(source, name, names) for name in source.components],
        "back-matter": {"resources": [_resource(catalogue) for catalogue in source.catalogues.values()]},
    }
    return json.dumps({"component-definition": definition}, indent=1, ensure_ascii=False) + "\n"


def identifier(name: str) -> str:
    return str(uuid.uuid5(_ROOT, name))


def control_id(catalogue: Catalogue, control: str) -> str:
    """The id as a token of OSCAL, which does not begin with a digit."""
    return catalogue.prefix + control


def _metadata(source: Source) -> dict:
    return {
        "title": "Component definition of tunnel-client and tunnel-relay",
        "last-modified": source.revised,
        "version": source.version,
        "oscal-version": OSCAL_VERSION,
        "roles": [{"id": "supplier", "title": "Supplier of the components"}],
        "parties": [{"uuid": identifier("party"), "type": "organization", "name": "The tunnel-client project"}],
        "responsible-parties": [{"role-id": "supplier", "party-uuids": [identifier("party")]}],
        "remarks": (
            f"Properties in the namespace {NAMESPACE}: implementation-status (implemented, partial, planned, not-met, "
            "inherited, not-applicable; its remarks say what is missing, who answers or why), control-title, what answers "
            "the control (setting, relay-option, unit-directive, selinux-boolean, file, fixed-behavior; remarks give the "
            "default) and what proves it (test: file and function in the repository; check-step: a step of ./check)."
        ),
    }


def _component(source: Source, name: str, names: Names) -> dict:
    component = source.components[name]
    implementations = [
        _implementation(source, name, catalogue, names)
        for catalogue in source.catalogues.values()
        if source.of(name, catalogue.name)
    ]
    return {
        "uuid": identifier(f"component/{name}"),
        "type": component.type,
        "title": component.title,
        "description": component.description,
        "purpose": component.purpose,
        "props": [{"name": "version", "value": source.version}],
        "control-implementations": implementations,
    }


def _implementation(source: Source, component: str, catalogue: Catalogue, names: Names) -> dict:
    return {
        "uuid": identifier(f"implementation/{component}/{catalogue.name}"),
        "source": f"#{identifier(f'catalogue/{catalogue.name}')}",
        "description": catalogue.description,
        "implemented-requirements": [
            _requirement(catalogue, statement, names) for statement in source.of(component, catalogue.name)
        ],
    }


def _requirement(catalogue: Catalogue, statement: Statement, names: Names) -> dict:
    props = [
        _prop("control-title", catalogue.titles[statement.control]),
        _prop("implementation-status", statement.status, statement.gap),
    ]
    for kind, name in {**MECHANISMS, **PROOFS}.items():
        listed = statement.mechanisms.get(kind) or statement.proofs.get(kind) or []
        props += [_prop(name, each, names.value_of(kind, each) or "") for each in listed]
    if statement.fixed:
        props.append(_prop("fixed-behavior", statement.fixed))
    return {
        "uuid": identifier(f"requirement/{statement.component}/{catalogue.name}/{statement.control}"),
        "control-id": control_id(catalogue, statement.control),
        "description": statement.text or statement.gap,
        "props": props,
    }


def _prop(name: str, value: str, remarks: str = "") -> dict:
    prop = {"name": name, "ns": NAMESPACE, "value": value}
    return {**prop, "remarks": remarks} if remarks else prop


def _resource(catalogue: Catalogue) -> dict:
    return {
        "uuid": identifier(f"catalogue/{catalogue.name}"),
        "title": catalogue.title,
        "props": [{"name": "version", "value": catalogue.version}],
        "rlinks": [{"href": catalogue.link}],
    }
