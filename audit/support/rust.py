"""As much of Rust as finding functions, unsafe code and constants in sources takes: no parser, but text and comments are kept apart."""

from __future__ import annotations

import re
from dataclasses import dataclass

TOKEN = re.compile(
    r"""(?P<line>//[^\n]*)
      | (?P<block>/\*)
      | (?P<raw>\b(?:b|c)?r(?P<hashes>\#*)")
      | (?P<text>\b(?:b|c)?")
      | (?P<char>\bb?'(?:\\(?:u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])'|'(?:\\(?:u\{[0-9a-fA-F_]+\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])')
      | (?P<quote>")""",
    re.VERBOSE,
)
BLOCK_EDGE = re.compile(r"/\*|\*/")
TEXT_END = re.compile(r'(?:[^"\\]|\\.)*"', re.DOTALL)


def masked(source: str) -> str:
    """The source with blanks for comments and for what stands in quotes. Lines and places stay as they are."""
    out: list[str] = []
    at = 0
    while found := TOKEN.search(source, at):
        end = _end(source, found)
        out += [source[at : found.start()], re.sub(r"[^\n]", " ", source[found.start() : end])]
        at = end
    return "".join([*out, source[at:]])


def _end(source: str, found: re.Match[str]) -> int:
    if found["block"]:
        depth, at = 1, found.end()
        while depth and (edge := BLOCK_EDGE.search(source, at)):
            depth, at = depth + (1 if edge.group() == "/*" else -1), edge.end()
        return at if not depth else len(source)
    if found["raw"]:
        end = source.find('"' + found["hashes"], found.end())
        return len(source) if end < 0 else end + 1 + len(found["hashes"])
    if found["text"] or found["quote"]:
        closed = TEXT_END.match(source, found.end())
        return closed.end() if closed else len(source)
    return found.end()


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
