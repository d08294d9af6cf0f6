"""What is linked, by four witnesses that know nothing of each other: cargo's tree, the program's own list, the linker, the program's text."""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import embedded
import linker_map
from linked import ROOT

Crates = set[tuple[str, str]]


def tree(program: str, target: str, edges: str) -> Crates:
    """Name and version of each crate that `cargo tree` prints."""
    command = ["cargo", "tree", "--locked", "--quiet", "--package", program, "--target", target, "--edges", edges, "--prefix", "none"]
    done = subprocess.run([*command, "--format", "{p}"], cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8")
    found = (line.split() for line in done.stdout.splitlines())
    return {(name, version.removeprefix("v")) for name, version, *_ in found}


def own_list(program: Path, kind: str) -> Crates:
    """Crates that the program lists, of one kind: `runtime` or `build`."""
    return {(each["name"], each["version"]) for each in embedded.decode(program) if each.get("kind", "runtime") == kind}


def read_by_others(reader: Path, program: Path) -> list[dict[str, Any]]:
    """The program's list as rust-audit-info reads it."""
    done = subprocess.run([str(reader), str(program)], check=True, stdout=subprocess.PIPE, encoding="utf-8")
    packages: list[dict[str, Any]] = json.loads(done.stdout)["packages"]
    return packages


def components(made: dict[str, Any]) -> set[tuple[str, str]]:
    """Package URLs of a CycloneDX document, with the hash of each."""
    every = (made["metadata"]["component"], *made["components"])
    return {(each["purl"], "".join(found["content"] for found in each.get("hashes", []))) for each in every}


def packages(made: dict[str, Any]) -> set[tuple[str, str]]:
    """The same of an SPDX document."""
    found = set()
    for each in made["packages"]:
        purl = next((ref["referenceLocator"] for ref in each["externalRefs"] if ref["referenceType"] == "purl"), "")
        found.add((purl, "".join(checksum["checksumValue"] for checksum in each.get("checksums", []))))
    return found


def crates(made: dict[str, Any]) -> Crates:
    """Crates from crates.io in a CycloneDX document."""
    matches = (re.fullmatch(r"pkg:cargo/([^@]+)@(.+)", each["purl"]) for each in made["components"])
    return {(match[1], match[2].replace("%2B", "+")) for match in matches if match}


def native(made: dict[str, Any]) -> set[str]:
    """Names of the components that are neither crates nor the standard library."""
    others = ("pkg:cargo/", "pkg:deb/debian/rust-web-src@")
    return {each["name"] for each in made["components"] if not each["purl"].startswith(others)}


def with_code(map_file: Path) -> set[str]:
    """Names of crates, with underscores, of which the linker placed something."""
    return linker_map.Map(map_file).crates()
