"""Crates that cargo compiles into a program, read from its unit graph: the one list from which all others derive.

`cargo rustc --unit-graph` prints what a build would compile, and compiles nothing. It resolves features as the build does, and has the
crates of the standard library where the build compiles them (-Zbuild-std).
"""

from __future__ import annotations

import hashlib
import json
import os
import re
import subprocess
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[3]
PROGRAMS = ("tunnel-client", "tunnel-relay")
CRATES_IO = "registry+https://github.com/rust-lang/crates.io-index"
# A path, a registry or a git repository, then the name where the last part of the path is another one, then the version.
PACKAGE_ID = re.compile(r"^(?P<source>.+?)#(?:(?P<name>[^@]+)@)?(?P<version>[^@]+)$")


class Unknown(Exception):
    """Something that the unit graph or a manifest has, and this program does not know."""


@dataclass
class Crate:
    """One package in one build; a crate of the standard library is another one than the same crate of Cargo.lock."""

    name: str
    version: str
    source: str
    """`local`, `crates.io`, or `git` or `registry` with an address"""
    library: bool
    """a crate that cargo compiles for the standard library"""
    folder: Path
    root: bool = False
    linked: bool = False
    """part of the program; the others run while it is built"""
    dependencies: set[str] = field(default_factory=set)

    @property
    def key(self) -> str:
        """Name and version, and whether it belongs to the standard library."""
        return f"{self.name}@{self.version}" + (" (library)" if self.library else "")

    @cached_property
    def manifest(self) -> dict[str, Any]:
        """Its Cargo.toml, the part `package`."""
        package: dict[str, Any] = tomllib.loads((self.folder / "Cargo.toml").read_text(encoding="utf-8"))["package"]
        if any(isinstance(value, dict) and value.get("workspace") for value in package.values()):
            shared = tomllib.loads((ROOT / "Cargo.toml").read_text(encoding="utf-8"))["workspace"]["package"]
            inherited = {key for key, value in package.items() if isinstance(value, dict) and value.get("workspace")}
            package |= {key: shared[key] for key in inherited}
        return package

    @property
    def licence(self) -> str:
        """SPDX expression that its manifest declares; `/` is how old manifests write OR."""
        if "license" not in self.manifest:
            raise Unknown(f"{self.key}: its manifest declares no licence")
        return re.sub(r"\s*/\s*", " OR ", str(self.manifest["license"]))

    @property
    def producer(self) -> str:
        """Names of its authors, or the project, where the manifest names none."""
        names = [re.sub(r"\s*<[^>]*>", "", str(each)).strip() for each in self.manifest.get("authors", [])]
        return ", ".join(name for name in names if name) or f"{self.name} project"

    @property
    def repository(self) -> str:
        """Address of its sources, where the manifest names one."""
        return str(self.manifest.get("repository", ""))


def plan(program: str, target: str) -> str:
    """The unit graph of a release build, without the standard library, by the cargo on the path."""
    command = ["cargo", "rustc", "--quiet", "--release", "--locked", "--target", target, "--package", program, "--bin", program]
    done = subprocess.run(
        [*command, "--unit-graph", "-Zunstable-options"], cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8",
        env=os.environ | {"RUSTC_BOOTSTRAP": "1"},
    )  # fmt: skip
    return done.stdout


def read(graph: str) -> dict[str, Crate]:
    """Crates of a unit graph by their key. Crates of the standard library that no program refers to are left out."""
    parsed = json.loads(graph)
    if parsed["version"] != 1:
        raise Unknown(f"cargo's unit graph has version {parsed['version']}; this program reads version 1")
    units: list[dict[str, Any]] = parsed["units"]
    roots: list[int] = parsed["roots"]
    crates: dict[str, Crate] = {}
    names = [_crate(crates, unit) for unit in units]
    for index in roots:
        crates[names[index]].root = True
    linked = _reached(units, [index for index in roots if _is_linked(units[index])], only_linked=True)
    for index in linked:
        crates[names[index]].linked = True
    used = linked | _reached(units, roots, only_linked=False)
    for index in used:
        own = crates[names[index]]
        own.dependencies |= {names[each] for each in _dependencies(units, index) if each in used} - {own.key}
    kept = {names[index] for index in used}
    return {key: crates[key] for key in sorted(kept)}


def _crate(crates: dict[str, Crate], unit: dict[str, Any]) -> str:
    match = PACKAGE_ID.match(unit["pkg_id"])
    if match is None:
        raise Unknown(f"cargo names a package in a way that this program does not know: {unit['pkg_id']}")
    source = match["source"]
    name = match["name"] or source.rstrip("/").rsplit("/", 1)[-1]
    kind = "crates.io" if source == CRATES_IO else "local" if source.startswith("path+") else source
    library = bool(unit.get("is_std"))
    crate = Crate(name, match["version"], kind, library, _folder(Path(unit["target"]["src_path"])))
    crates.setdefault(crate.key, crate)
    return crate.key


def _folder(file: Path) -> Path:
    for folder in file.parents:
        if (folder / "Cargo.toml").is_file():
            return folder
    raise Unknown(f"{file} belongs to no package")


def digest(folder: Path) -> str:
    """SHA-256 over the manifest and the sources of a crate: a line of path and SHA-256 for each file, in the order of the paths."""
    files = [folder / "Cargo.toml", *(folder / "src").rglob("*.rs")]
    names = sorted((file.relative_to(folder).as_posix(), file) for file in files)
    lines = (f"{name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n" for name, file in names)
    return hashlib.sha256("".join(lines).encode()).hexdigest()


def _is_linked(unit: dict[str, Any]) -> bool:
    return unit["mode"] == "build" and unit["target"]["kind"][0] not in ("proc-macro", "custom-build")


def _dependencies(units: list[dict[str, Any]], index: int) -> Iterable[int]:
    for dependency in units[index]["dependencies"]:
        other: int = dependency["index"]
        # Cargo hands `proc_macro` and the others to each crate; a program has what `std` and the panic runtime are made of.
        if units[other].get("is_std") and not units[index].get("is_std"):
            name = dependency["extern_crate_name"]
            if name not in ("std", "panic_abort"):
                continue
        yield other


def _reached(units: list[dict[str, Any]], roots: Iterable[int], *, only_linked: bool) -> set[int]:
    seen: set[int] = set()
    waiting = list(roots)
    while waiting:
        index = waiting.pop()
        if index in seen or (only_linked and not _is_linked(units[index])):
            continue
        seen.add(index)
        waiting += _dependencies(units, index)
    return seen


def checksums(lock: Path) -> dict[tuple[str, str], str]:
    """SHA-256 of the archive of each crate, by name and version, as a Cargo.lock has them."""
    packages = tomllib.loads(lock.read_text(encoding="utf-8")).get("package", [])
    return {(each["name"], each["version"]): each["checksum"] for each in packages if "checksum" in each}
