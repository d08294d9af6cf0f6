"""Crates of others, as cargo has them."""

from __future__ import annotations

import json
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
PROGRAMS = ("tunnel-client", "tunnel-relay")


@dataclass(frozen=True, order=True)
class Crate:
    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True, order=True)
class Linked:
    """A crate in the tree of a program, with its licence and the features that are on."""

    crate: Crate
    licence: str
    features: frozenset[str]


def run(command: list[str]) -> str:
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout


def linked(program: str, target: str, edges: str) -> set[Linked]:
    """The crates of others that `cargo tree` reaches from the program over these edges."""
    tree = ["cargo", "tree", "--locked", "--quiet", "-p", program, "--target", target, "--edges", edges, "--prefix", "none"]
    found = set()
    for line in run([*tree, "--format", "{p}\t{l}\t{f}"]).splitlines():
        package, licence, features = line.removesuffix(" (*)").split("\t")
        name, version, *where = package.split()
        # Packages of this clone are named with their folder.
        if not where or not where[0].startswith("(/"):
            on = frozenset(filter(None, features.split(",")))
            found.add(Linked(Crate(name, version.removeprefix("v")), licence, on))
    return found


def packages() -> dict[Crate, dict]:
    """What `cargo metadata` says about each package of the lock file; `manifest_path` is in the folder of its source."""
    metadata = json.loads(run(["cargo", "metadata", "--locked", "--quiet", "--format-version", "1"]))
    return {Crate(each["name"], each["version"]): each for each in metadata["packages"]}


def folder(package: dict) -> Path:
    return Path(package["manifest_path"]).parent
