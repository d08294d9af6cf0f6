"""Rust sources without their comments and literals, and the scopes in them: no parser, but what stands in quotes is not taken for code."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

TEXT = re.compile(
    r"""//[^\n]*|(?P<block>/\*)|\b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)|\b[bc]?"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*"
    |(?:\bb)?'(?:\\(?:u\{[^}]*\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])'""",
    re.DOTALL | re.VERBOSE,
)
NOT_NEWLINE = re.compile(r"[^\n]")
COMMENT = re.compile(r"/\*|\*/")


def split_texts(text: str) -> tuple[str, str]:
    """The text without comments, and without comments and literals. Spaces stand in their place, so that positions stay."""
    with_literals, code, position = [], [], 0
    while match := TEXT.search(text, position):
        between, end = text[position : match.start()], match.end()
        if match["block"]:
            depth = 1
            while depth and (mark := COMMENT.search(text, end)):
                depth += 1 if mark[0] == "/*" else -1
                end = mark.end()
            if depth:
                end = len(text)
        part = text[match.start() : end]
        blank = NOT_NEWLINE.sub(" ", part) if "\n" in part else " " * len(part)
        with_literals += [between, blank if part.startswith("/") else part]
        code += [between, blank]
        position = end
    rest = text[position:]
    return "".join([*with_literals, rest]), "".join([*code, rest])


def masked(source: str) -> str:
    """The code alone. Lines and places stay as they are."""
    return split_texts(source)[1]


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


def first_sentence(file: Path) -> str:
    """The first sentence of a module about itself."""
    lines = [line[3:].strip() for line in file.read_text(encoding="utf-8").splitlines() if line.startswith("//!")]
    paragraph = " ".join(lines[: lines.index("")] if "" in lines else lines)
    return re.split(r"(?<=\.) ", paragraph)[0]
