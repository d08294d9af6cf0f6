"""Which rooms of a crate import which, read from the sources: `use` trees and paths that begin with `crate` or `super`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from rust_text import masked, path_of, scopes

# An attribute that leaves an item to tests: cfg(test), cfg(all(test, ...)).
TEST = re.compile(r"#!?\[cfg\((?:all\()?test\b[^\]]*\)\]")
START = re.compile(r"(?<!::)(?<!\w)(?:\$?crate|super|self)\b(?:\s*::\s*super\b)*(?=\s*::)")
IN_ATTRIBUTE = re.compile(r"=\s*\"crate::(\w+)")
# What leads past the paths that are read here: other names of the crate, parts of paths that a macro makes, files of other folders.
RENAMED = re.compile(r"\b(?:crate|super)\s+as\b|\bextern\s+crate\s+self\b|\b(?:crate|super)\s*::\s*\$|\$\w+\s*::\s*\$|\binclude!|\btunnel_(?:client|relay)\s*::")
ELSEWHERE = re.compile(r"#\[path\s*=")
NAME = re.compile(r"\s*(?:r#)?(\w+|\*)")


@dataclass(frozen=True)
class Import:
    """Where an import stands."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


def imports_of(root: Path, crate: str, inside: tuple[str, ...] = ()) -> tuple[dict[str, dict[str, Import]], list[str]]:
    """The first import of each room by each room; and what could not be read. `inside`: the module that has the rooms, if the folder is
    not a whole crate; what lies outside of it does not count."""
    folder = (root / crate).resolve()
    root = root.resolve()
    sources = {file: file.read_text(encoding="utf-8") for file in sorted(folder.rglob("*.rs"))}
    texts = {file: masked(source) for file, source in sources.items()}
    tests = {path for file, text in texts.items() for path in files_of_tests(file, text, sources[file], folder)}
    found: dict[str, dict[str, Import]] = {}
    faults: list[str] = []
    for file, text in texts.items():
        if file.parent == folder and file.stem in ("lib", "main", "mod"):
            continue
        if file in tests or not tests.isdisjoint(file.parents) or re.match(r"\s*#!\[cfg\(test\)\]", text):
            continue
        module = module_of(file, folder)
        used = found.setdefault(module[0], {})
        code = without_tests(text)
        inline = [scope for scope in scopes(code) if scope.kind == "mod"]
        for start in START.finditer(code):
            # Who may see an item is no import.
            if code.endswith("pub(in ", 0, start.start()):
                continue
            where = Import(str(file.relative_to(root)), code.count("\n", 0, start.start()) + 1)
            for names in paths(code, start.end()):
                path = resolved(start.group(), names, [*inside, *module, *(each.name for each in path_of(start.start(), inline))])
                if inside and (path is None or tuple(path[: len(inside)]) != inside):
                    continue
                target = next(iter(path[len(inside) :]), None) if path else None
                if target is None or target == "*":
                    faults.append(f"{where}: this import names no room")
                elif target != module[0]:
                    used.setdefault(target, where)
        # A path in an attribute, as of serde; and the crate by another name.
        for quoted in () if inside else IN_ATTRIBUTE.finditer(sources[file]):
            if code[quoted.start()] == "=" and quoted[1] != module[0]:
                used.setdefault(quoted[1], Import(str(file.relative_to(root)), code.count("\n", 0, quoted.start()) + 1))
        faults += [f"{file.relative_to(root)}:{code.count(chr(10), 0, other.start()) + 1}: this import names no room" for pattern in (RENAMED, ELSEWHERE) for other in pattern.finditer(code)]
    return found, faults


def module_of(file: Path, folder: Path) -> list[str]:
    parts = list(file.relative_to(folder).with_suffix("").parts)
    return parts[:-1] if parts[-1] == "mod" else parts


def files_of_tests(file: Path, text: str, source: str, folder: Path) -> Iterator[Path]:
    """Files and folders of modules that only tests have."""
    is_root = file.stem == "mod" or (file.parent == folder and file.stem in ("lib", "main"))
    beneath = file.parent if is_root else file.with_suffix("")
    for attribute in TEST.finditer(text):
        item = text[attribute.end() :]
        declared = re.match(r"(\s*(?:#\[[^\]]*\]\s*)*)(?:pub(?:\([^)]*\))?\s+)?mod\s+(\w+)\s*;", item)
        if not declared:
            continue
        yield beneath / f"{declared[2]}.rs"
        yield beneath / declared[2]
        # Text between quotes is blank in `text`.
        attributes = source[attribute.end() :][: declared.end(1)]
        if elsewhere := re.search(r"#\[path\s*=\s*\"([^\"]+)\"\]", attributes):
            yield (file.parent / elsewhere[1]).resolve()


def without_tests(text: str) -> str:
    """The text with items under cfg(test) blank."""
    code = list(text)
    for attribute in TEST.finditer(text):
        if attribute.group().startswith("#!"):
            continue
        end = end_of_item(text, attribute.end())
        for place in range(attribute.start(), end):
            if code[place] != "\n":
                code[place] = " "
    return "".join(code)


def end_of_item(text: str, place: int) -> int:
    """Behind the item that begins here: its last brace, or its semicolon, or the comma of a field."""
    depth = 0
    for edge in re.finditer(r"[{}()\[\];,]", text[place:]):
        char, end = edge.group(), place + edge.end()
        if char in "([{":
            depth += 1
        elif char in ")]}":
            depth -= 1
            if depth < 0:
                return end - 1
            if depth == 0 and char == "}":
                return end
        elif depth == 0:
            return end
    return len(text)


def paths(code: str, place: int) -> Iterator[list[str]]:
    """The paths of the tree that goes on here, behind its first word."""
    tree = re.compile(r"\s*::\s*\{").match(code, place)
    if tree:
        for branch in branches(code, tree.end()):
            yield from ([name, *rest] for name, rest in named(code, branch))
        return
    step = re.compile(r"\s*::").match(code, place)
    if step:
        yield from ([name, *rest] for name, rest in named(code, step.end()))


def named(code: str, place: int) -> Iterator[tuple[str, list[str]]]:
    name = NAME.match(code, place)
    if not name:
        return
    beyond = False
    for rest in paths(code, name.end()):
        beyond = True
        yield name[1], rest
    if not beyond:
        yield name[1], []


def branches(code: str, place: int) -> Iterator[int]:
    """Where the branches of a tree begin, whose brace is open."""
    yield place
    depth = 0
    for edge in re.finditer(r"[{},]", code[place:]):
        if edge.group() == "{":
            depth += 1
        elif edge.group() == "}":
            depth -= 1
            if depth < 0:
                return
        elif depth == 0 and not re.match(r"\s*\}", code[place + edge.end() :]):
            yield place + edge.end()


def resolved(start: str, names: list[str], module: list[str]) -> list[str] | None:
    """The modules and items that a path leads through, from the crate's root; `None` if it leads above that."""
    if start.endswith("crate"):
        path: list[str] = []
    else:
        path = list(module)
        for _ in range(start.count("super")):
            if not path:
                return None
            path.pop()
    for name in names:
        if name == "super":
            path = path[:-1]
        elif name != "self":
            path = [*path, name]
    return path
