"""Counts the lines of a crate that are compiled, and those of them that are unsafe.

Starts at the root module and follows `mod NAME;`. Comments, texts and what `cfg` removes do not count. Where a `cfg` is not known, its code
counts: the figures are upper bounds. Code that macros of other crates generate is not seen.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from pathlib import Path

from rust_cfg import Build
from rust_text import NOT_NEWLINE, split_texts

ATTRIBUTE = re.compile(r"#(!?)\[\s*(cfg|cfg_attr|path|test)\b\s*(\(|=|\])")
ITEM = re.compile(
    r"\s*(?:pub\b|fn\b|unsafe\b|impl\b|struct\b|enum\b|union\b|mod\b|use\b|extern\b|const\b|static\b|type\b|trait\b|async\b|let\b|macro_rules\b|[\w:]+!)"
)
MODULE = re.compile(r"\bmod\s+(?:r#)?(\w+)\s*([;{])")
MACRO = re.compile(r"\bmacro_rules!\s*(\w+)\s*[{(\[]")
# Not the type of a pointer to a function.
UNSAFE = re.compile(r"\bunsafe\b\s*(\{|\(|impl\b|trait\b|extern\b(?!\s*fn\s*\()|(?:async\s+)?fn\b(?!\s*\())")
PATH = re.compile(r'\s*"([^"]+)"')
CONDITIONAL_PATH = re.compile(r'(.*),\s*path\s*=\s*"([^"]+)"', re.DOTALL)
PAIRS = {"(": ")", "[": "]", "{": "}"}


@dataclass
class Count:
    lines: int = 0
    unsafe_lines: int = 0
    blocks: int = 0
    functions: int = 0
    impls: int = 0
    files: list[Path] = field(default_factory=list)


def count(root: Path, build: Build) -> Count:
    """Counts a crate whose root module is this file."""
    total = Count()
    sources = {root: Source(root, build)}
    off = _macros_that_are_off(root.parent, build)
    queue = [(root, root.parent)]
    while queue:
        file, folder = queue.pop()
        source = sources.setdefault(file, Source(file, build))
        if file in total.files or not source.active(off):
            continue
        total.files.append(file)
        source.add_to(total)
        queue += [each for each in source.modules(folder, root.parent) if each[0] not in total.files]
    return total


class Source:
    def __init__(self, file: Path, build: Build) -> None:
        self._file, self._build = file, build
        text = file.read_text(encoding="utf-8", errors="replace")
        self._with_literals, self._code = split_texts(text)
        self._paths: dict[int, str] = {}

    def active(self, off: re.Pattern[str] | None) -> bool:
        """Blanks what is not compiled; False if that is the whole file."""
        for match in list(ATTRIBUTE.finditer(self._code)):
            if self._code[match.start()] != "#":
                continue
            end = close_of(self._code, self._code.index("[", match.start()))
            inner = self._with_literals[match.end() : end - 1]
            if match[2] == "cfg" and self._build.holds(inner.strip().removesuffix(")")) is False:
                if match[1]:
                    return False
                self._blank(match.start(), self._item_end(end))
            elif match[2] == "test":
                self._blank(match.start(), self._item_end(end))
            elif match[2] == "path" and (given := PATH.match(inner)):
                self._paths[self._item_end(end)] = given[1]
            elif match[2] == "cfg_attr" and (conditional_path := CONDITIONAL_PATH.match(inner)):
                if self._build.holds(conditional_path[1]) is not False:
                    self._paths[self._item_end(end)] = conditional_path[2]
        if off:
            for match in list(off.finditer(self._code)):
                # It may have been blanked with one around it.
                if self._code[match.start()] != " ":
                    self._blank(match.start(), close_of(self._code, match.end() - 1))
        return True

    def _blank(self, start: int, end: int) -> None:
        self._code = self._code[:start] + NOT_NEWLINE.sub(" ", self._code[start:end]) + self._code[end:]

    def _item_end(self, start: int) -> int:
        """The end of the item, statement, field or block after an attribute; further attributes belong to it."""
        position = start
        while further := re.compile(r"\s*#\[").match(self._code, position):
            position = close_of(self._code, further.end() - 1)
        # `if #[cfg(...)] { ... } else ...`, as cfg_if! has it.
        if block := re.compile(r"\s*\{").match(self._code, position):
            return close_of(self._code, block.end() - 1)
        is_item = ITEM.match(self._code, position) is not None
        while position < len(self._code):
            mark = self._code[position]
            if mark in PAIRS:
                position = close_of(self._code, position)
                if mark == "{" and not re.compile(r"\s*(?:else\b|\.|\?|;)").match(self._code, position):
                    return position
                continue
            if mark == ";" or (mark == "," and not is_item):
                return position + 1
            if mark in ")]}":
                return position
            position += 1
        return position

    def modules(self, folder: Path, root: Path) -> list[tuple[Path, Path]]:
        """Files of the modules that this one declares, each with the folder of its own modules.

        A macro may declare those of the root.
        """
        found, enclosing = [], []
        for match in MODULE.finditer(self._code):
            enclosing = [each for each in enclosing if each[1] > match.start()]
            if match[2] == "{":
                enclosing.append((match[1], close_of(self._code, match.end() - 1)))
                continue
            here = folder.joinpath(*(name for name, _ in enclosing))
            given = self._paths.get(match.end())
            for base in (here, root):
                choices = [self._file.parent / given] if given else [base / f"{match[1]}.rs", base / match[1] / "mod.rs"]
                existing = [choice for choice in choices if choice.exists()]
                for choice in existing:
                    found.append((choice.resolve(), choice.parent if given or choice.name == "mod.rs" else base / match[1]))
                if existing:
                    break
        return found

    def add_to(self, total: Count) -> None:
        filled = {number for number, line in enumerate(self._code.splitlines()) if line.strip()}
        risky: set[int] = set()
        for match in UNSAFE.finditer(self._code):
            kind = match[1].split()[-1]
            end = match.end()
            if kind in "{(":
                total.blocks += 1
                end = close_of(self._code, end - 1)
            elif kind == "fn":
                total.functions += 1
                body = re.compile(r"[{;]").search(self._code, end)
                if body:
                    end = close_of(self._code, body.start()) if body[0] == "{" else body.end()
            elif kind == "extern" and re.compile(r"\s*fn\b").match(self._code, end):
                total.functions += 1
                body = re.compile(r"[{;]").search(self._code, end)
                if body and body[0] == "{":
                    end = close_of(self._code, body.start())
            else:
                total.impls += 1
            first = self._code.count("\n", 0, match.start())
            risky |= set(range(first, first + self._code.count("\n", match.start(), end) + 1))
        total.lines += len(filled)
        total.unsafe_lines += len(risky & filled)


def close_of(code: str, start: int) -> int:
    """The position behind the bracket that closes the one at `start`."""
    depth = 0
    for match in re.compile(r"[()\[\]{}]").finditer(code, start):
        depth += 1 if match[0] in PAIRS else -1
        if depth == 0:
            return match.end()
    return len(code)


def _macros_that_are_off(folder: Path, build: Build) -> re.Pattern[str] | None:
    """Uses of macros whose only purpose is a `cfg` that does not hold (`cfg_net! { ... }`)."""
    names = []
    for file in folder.rglob("*.rs"):
        text = file.read_text(encoding="utf-8", errors="replace")
        if "macro_rules! cfg_" not in text:
            continue
        text, code = split_texts(text)
        for match in MACRO.finditer(code):
            if not match[1].startswith("cfg_"):
                continue
            body = text[match.end() : close_of(code, match.end() - 1)]
            conditions = [body[each.end() : close_of(body, each.end() - 1) - 1] for each in re.finditer(r"#\[cfg\(", body)]
            # With one arm, all of them apply to each item.
            together = all if body.count("=>") == 1 else any
            if conditions and not together(build.holds(condition) is not False for condition in conditions):
                names.append(match[1])
    return re.compile(rf"\b(?:{'|'.join(names)})!\s*[{{(]") if names else None
