"""As much of Rust as finding functions, unsafe code and constants in sources takes."""

from __future__ import annotations

import re
import sys
from dataclasses import dataclass
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts" / "support"))

from rust_text import masked  # noqa: E402


@dataclass(frozen=True)
class Scope:
    """What stands between two braces: a module, a function, an implementation."""

    name: str
    kind: str
    header: str
    start: int
    end: int


HEADERS = (
    ("fn", re.compile(r"\bfn\s+(\w+)")),
    ("impl", re.compile(r"\bimpl\b(?:\s*<[^{]*?>)?\s+(?:[\w:<>', ]+?\s+for\s+)?([\w:]+)")),
    ("mod", re.compile(r"\bmod\s+(\w+)")),
    ("trait", re.compile(r"\btrait\s+(\w+)")),
)


def scopes(mask: str) -> list[Scope]:
    """All named scopes, outer ones first."""
    found: list[Scope] = []
    opened: list[tuple[int, int]] = []
    since = 0
    for edge in re.finditer(r"[{};]", mask):
        if edge.group() == "{":
            opened.append((since, edge.start()))
        elif edge.group() == "}" and opened:
            header_start, start = opened.pop()
            header = mask[header_start:start]
            for kind, pattern in HEADERS:
                if name := pattern.search(header):
                    found.append(Scope(name[1], kind, header.strip(), start, edge.end()))
                    break
        since = edge.end()
    return sorted(found, key=lambda scope: (scope.start, -scope.end))


def path_of(place: int, all_scopes: list[Scope]) -> list[Scope]:
    """The scopes around a place, outermost first."""
    return [scope for scope in all_scopes if scope.start < place < scope.end]


def function_bodies(source: str) -> dict[str, str]:
    """Text of each function by its name; of several with one name, all of them."""
    bodies: dict[str, str] = {}
    for scope in scopes(masked(source)):
        if scope.kind == "fn":
            bodies[scope.name] = bodies.get(scope.name, "") + source[scope.start : scope.end]
    return bodies
