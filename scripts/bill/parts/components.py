"""Components of a program for its bills of materials, made from the record of its build. Both formats say the same."""

from __future__ import annotations

import datetime
import hashlib
import json
import uuid
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote

from embedded import decode
from licences import Undecided, choose

ARCHITECTURES = {"x86_64-unknown-linux-musl": "amd64", "aarch64-unknown-linux-musl": "arm64"}
# An address that stands for this project, as the packages have it; nothing is fetched from there.
HOME = "https://tunnel-client.example"
# Names of documents are made from it and from the program's SHA-256, so that the same program has the same.
NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, f"{HOME}/bill-of-materials")
TOOL = "scripts/bill/write"
LIBRARY_CPE = "rust-lang:rust"


class Unusable(Exception):
    """A record that does not belong to its program, or that cannot become a bill of materials."""


@dataclass(frozen=True)
class Component:
    """One thing that is linked. `sha256` is that of the archive which `purl` names; of the program, its own."""

    ref: str
    name: str
    version: str
    purl: str
    cpe: str
    sha256: str | None
    licence: str
    concluded: str
    producer: str
    supplier: str
    repository: str
    download: str
    note: str
    dependencies: tuple[str, ...]


@dataclass(frozen=True)
class Bill:
    """All components of one program."""

    program: Component
    components: tuple[Component, ...]
    target: str
    architecture: str
    commit: str
    serial: uuid.UUID
    author: str
    address: str
    date: str

    @property
    def file(self) -> str:
        """Name of its files, without the suffix of the format."""
        return f"{self.program.name}-{self.program.version}-{self.architecture}"


def load(program: Path) -> dict[str, Any]:
    """The record next to a program, once it is known to be the one of these bytes."""
    file = record_of(program)
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    if found.get("format") != 1:
        raise Unusable(f"{file} has format {found.get('format')}; this program reads format 1")
    if hashlib.sha256(program.read_bytes()).hexdigest() != found["sha256"]:
        raise Unusable(f"{file} is the record of another build than {program}: run scripts/build-static again")
    inside = {f"{each['name']}@{each['version']}" for each in decode(program) if each.get("kind", "runtime") == "runtime"}
    recorded = {each["id"] for each in found["crates"] if each["linked"] and not each["library"]}
    if differing := inside ^ recorded:
        raise Unusable(f"{program} lists other crates than {file}: {', '.join(sorted(differing))}")
    return found


def record_of(program: Path) -> Path:
    """Where scripts/build-static puts the record of a program."""
    real = program.resolve()
    return real.with_name(f"{real.name}.build.json")


def timestamp(seconds: int) -> str:
    """A date as both formats want it."""
    return datetime.datetime.fromtimestamp(seconds, datetime.timezone.utc).strftime("%Y-%m-%dT%H:%M:%SZ")


def bill(record: dict[str, Any], maintainer: str, seconds: int) -> Bill:
    """The bill of materials of a record; `maintainer` is NAME <ADDRESS>."""
    author, _, address = maintainer.removesuffix(">").partition(" <")
    architecture = ARCHITECTURES[record["target"]]
    linked = [each for each in record["crates"] if each["linked"]]
    references = {each["id"]: reference(each, architecture) for each in [*linked, *record["native"]]}
    root = next(each for each in linked if each["root"])
    outside = tuple(references[each["id"]] for each in record["native"])
    components = [component(each, architecture, references) for each in linked if not each["root"]]
    components += [component(each, architecture, references) for each in record["native"]]
    return Bill(
        program=own(root, record, references, outside, author),
        components=tuple(sorted(components, key=lambda each: each.ref)),
        target=record["target"],
        architecture=architecture,
        commit=record["commit"],
        serial=uuid.uuid5(NAMESPACE, record["sha256"]),
        author=author,
        address=address,
        date=timestamp(seconds),
    )


def reference(entry: dict[str, Any], architecture: str) -> str:
    """Package URL: of a crate, or of the Debian package that holds it."""
    if entry["source"] == "local" and entry["root"]:
        return f"pkg:generic/{entry['name']}@{quote(entry['version'])}"
    if entry["source"] in ("local", "crates.io"):
        return f"pkg:cargo/{entry['name']}@{quote(entry['version'])}"
    name, _, foreign = entry["source"].partition(":")
    processor = "all" if name in ("rust-web-src", "libgcc-12-dev-arm64-cross") else foreign or architecture
    return f"pkg:deb/debian/{name}@{quote(entry['package_version'], safe='~')}?arch={processor}&distro=bookworm{entry.get('part_of_package', '')}"


def own(root: dict[str, Any], record: dict[str, Any], references: dict[str, str], outside: tuple[str, ...], author: str) -> Component:
    return Component(
        ref=references[root["id"]],
        name=root["name"],
        version=root["version"],
        purl=references[root["id"]],
        cpe="",
        sha256=record["sha256"],
        licence=root["licence"],
        concluded=root["licence"],
        producer=author,
        supplier=author,
        repository="",
        download="",
        note=f"static program for {record['target']}",
        dependencies=tuple(sorted({*(references[each] for each in root["dependencies"] if each in references), *outside})),
    )


def component(entry: dict[str, Any], architecture: str, references: dict[str, str]) -> Component:
    debian = entry["source"] not in ("local", "crates.io")
    vendor = entry.get("cpe") or (LIBRARY_CPE if entry["id"] == "rust-std" else "")
    note = ""
    if entry.get("parts"):
        note = "crates of the standard library that are linked: " + ", ".join(entry["parts"])
    if entry.get("files"):
        note = "linked from it, with SHA-256: " + ", ".join(f"{name} {digest}" for name, digest in sorted(entry["files"].items()))
    return Component(
        ref=references[entry["id"]],
        name=entry["name"],
        version=entry["version"],
        purl=references[entry["id"]],
        cpe=f"cpe:2.3:a:{vendor}:{entry['version']}:*:*:*:*:*:*:*" if vendor else "",
        sha256=entry["sha256"],
        licence=entry["licence"],
        concluded=concluded(entry),
        producer=entry["producer"],
        supplier="Debian" if debian else entry["producer"],
        repository=entry["repository"],
        download="" if entry["source"] != "crates.io" else f"https://crates.io/api/v1/crates/{entry['name']}/{entry['version']}/download",
        note=note,
        dependencies=tuple(sorted({references[each] for each in entry["dependencies"] if each in references})),
    )


def concluded(entry: dict[str, Any]) -> str:
    """The licence that is taken, as NOTICE has it; where there is no choice, the declared one."""
    if " WITH " in entry["licence"]:
        return str(entry["licence"])
    try:
        return " AND ".join(choose(entry["id"], entry["licence"]))
    except Undecided as undecided:
        raise Unusable(str(undecided)) from undecided
