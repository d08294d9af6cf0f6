"""Findings about one program's documents: empty when they say what the witnesses say."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import judges
import linker_map
import linked
import sources
from sources import Crates

# Where the name of a library differs from that of its package.
LIBRARY_NAMES = {"rustls-webpki": "webpki", "tunnel-client": "tunnel_client", "tunnel-relay": "tunnel_relay"}


@dataclass(frozen=True)
class Witnesses:
    """What is linked into one program, according to each."""

    program: Path
    sha256: str
    tree: Crates
    build: Crates
    own: Crates
    own_build: Crates
    with_code: set[str]
    panic_places: Crates
    native_files: set[str]
    checksums: dict[tuple[str, str], str]


def witnesses(program: Path, target: str, lock: Path) -> Witnesses:
    """Asks each."""
    name = program.name
    tree = sources.tree(name, target, "normal,no-proc-macro")
    map_file = program.with_name(f"{name}.map")
    return Witnesses(
        program=program,
        sha256=hashlib.sha256(program.read_bytes()).hexdigest(),
        tree=tree,
        build=sources.tree(name, target, "normal,build") - tree,
        own=sources.own_list(program, "runtime"),
        own_build=sources.own_list(program, "build"),
        with_code=sources.with_code(map_file),
        panic_places=linker_map.versions_in(program),
        native_files={each.resolve().name for each in linker_map.Map(map_file).files()},
        checksums=linked.checksums(lock),
    )


def lists(seen: Witnesses) -> list[str]:
    """The program's own list against cargo's tree."""
    return _both("its list", seen.own, "cargo tree", seen.tree) + _both("its list (build)", seen.own_build, "cargo tree", seen.build)


def documents(seen: Witnesses, library: Crates, cyclonedx: dict[str, Any], spdx: dict[str, Any]) -> list[str]:
    """Both documents against all witnesses; `library` has the crates that the standard library is made of besides its own."""
    root = {each for each in seen.own if each[0] == seen.program.name}
    listed = sources.crates(cyclonedx)
    faults = _both("CycloneDX", listed, "cargo tree and the standard library", (seen.tree - root) | library)
    faults += _both("CycloneDX", listed - library, "the program's list", seen.own - root - library)
    faults += _both("CycloneDX", sources.components(cyclonedx), "SPDX", sources.packages(spdx))
    faults += evidence(seen, listed, cyclonedx)
    digest = [each["content"] for each in cyclonedx["metadata"]["component"].get("hashes", [])]
    if digest != [seen.sha256]:
        faults.append(f"the program has SHA-256 {seen.sha256}, the document says {digest}")
    for each in cyclonedx["components"]:
        key = each["name"], each["version"]
        digest = [found["content"] for found in each.get("hashes", [])]
        if key in seen.checksums and each["purl"].startswith("pkg:cargo/") and digest != [seen.checksums[key]]:
            faults.append(f"{key[0]} {key[1]}: hash {digest}, Cargo.lock has {seen.checksums[key]}")
    return faults + judges.minimum_cyclonedx(cyclonedx) + judges.minimum_spdx(spdx)


def evidence(seen: Witnesses, listed: Crates, cyclonedx: dict[str, Any]) -> list[str]:
    """Everything that the linker placed, and that a panic can name, is listed."""
    library_parts = {name for each in cyclonedx["components"] for name in _parts(each)}
    names = {_library_name(name) for name, _ in listed} | library_parts | {_library_name(seen.program.name), "compiler_builtins"}
    faults = [f"the linker placed something of {name}, which is not listed" for name in sorted(seen.with_code - names)]
    faults += [f"a panic can name {name} {version}, which is not listed" for name, version in sorted(seen.panic_places - listed)]
    described = {file for each in cyclonedx["components"] for file in _files(each)}
    return faults + _both("CycloneDX", described, "the linker's map", seen.native_files)


def without_code(seen: Witnesses, cyclonedx: dict[str, Any]) -> list[str]:
    """Listed crates of which the optimiser left nothing that has a name."""
    traces = seen.with_code | {name.replace("-", "_") for name, _ in seen.panic_places}
    return sorted(f"{name} {version}" for name, version in sources.crates(cyclonedx) if _library_name(name) not in traces)


def _library_name(name: str) -> str:
    return LIBRARY_NAMES.get(name, name).replace("-", "_")


def _parts(component: dict[str, Any]) -> list[str]:
    """Crates that the description of the standard library names."""
    _, separator, parts = component.get("description", "").partition("crates of the standard library that are linked: ")
    return [each.replace("-", "_") for each in parts.split(", ")] if separator else []


def _files(component: dict[str, Any]) -> list[str]:
    _, separator, files = component.get("description", "").partition("linked from it, with SHA-256: ")
    return [each.split()[0] for each in files.split(", ")] if separator else []


def _both(one: str, first: set[Any], other: str, second: set[Any]) -> list[str]:
    faults = [f"{_name(each)} is in {one}, and not in {other}" for each in sorted(first - second)]
    return faults + [f"{_name(each)} is in {other}, and not in {one}" for each in sorted(second - first)]


def _name(entry: Any) -> str:
    return " ".join(entry) if isinstance(entry, tuple) else str(entry)


def load(file: Path) -> dict[str, Any]:
    """A document."""
    made: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return made
