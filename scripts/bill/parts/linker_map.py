"""Evidence from the linker: which files it took, and of which crates there is code or data in the program.

GNU ld writes the map (-Map) in the same run that writes the program. Each function and each constant is a section of its own there, with
the mangled name of what is in it.
"""

from __future__ import annotations

import re
from pathlib import Path

# Symbol mangling v0 names a crate once, as C, a disambiguator, the length of the name and the name; later it refers back. rustc
# gives each crate a disambiguator. Inside of one, C and a digit are no crate.
CRATE_V0 = re.compile(r"Cs[0-9A-Za-z]*_([1-9][0-9]*)_?([A-Za-z_].*)")
# The older mangling: the path begins with the length of the crate's name, or with an implementation in escaped brackets.
PATH_OLD = re.compile(r"_ZN([1-9][0-9]*)(.*)")
CRATE_IN_BRACKETS = re.compile(r"(?:\$LT\$|\$u20\$|\$RF\$|mut\$u20\$|\$C\$|^)([a-z_][a-z0-9_]*)(?=\.\.)")
# The compiler's own name for symbols of the panic and allocation runtime.
COMPILER = "__rustc"
INPUT = re.compile(r"^LOAD (\S.*)$", re.MULTILINE)
MEMBER = re.compile(r"^(/\S.*)\(([^()]+)\)$", re.MULTILINE)
PLACED = re.compile(r"^ (\.[A-Za-z_]\S*)\s+0x[0-9a-f]+\s+0x([0-9a-f]+)\s", re.MULTILINE)
START_FILE = re.compile(r"[rS]?crt\w+\.o")
PANIC_PLACE = re.compile(rb"crates/([A-Za-z0-9_-]+?)-([0-9]+\.[0-9]+\.[0-9]+[A-Za-z0-9.+-]*)/")


class Map:
    """One map of GNU ld."""

    def __init__(self, file: Path) -> None:
        text = file.read_text(encoding="utf-8", errors="replace")
        before, separator, self._memory = text.partition("\nLinker script and memory map\n")
        if not separator:
            raise ValueError(f"{file} is not a map of GNU ld")
        self._members = before

    def files(self) -> set[Path]:
        """Objects that were linked, and archives of which the linker took members; without rustc's own objects."""
        taken = {Path(archive) for archive, _ in MEMBER.findall(self._members)}
        objects = {Path(each) for each in INPUT.findall(self._memory) if each.endswith(".o")}
        return {each for each in taken | objects if each.suffix == ".a" or START_FILE.fullmatch(each.name)}

    def crates(self) -> set[str]:
        """Names of the crates (with underscores) of which something is in the program."""
        # A line is broken after a long name.
        joined = re.sub(r"^( \.\S+)\n\s+(0x)", r"\1 \2", self._memory, flags=re.MULTILINE)
        found: set[str] = set()
        for section, size in PLACED.findall(joined):
            if int(size, 16):
                found |= crates_of(section)
        return found - {COMPILER}


def crates_of(name: str) -> set[str]:
    """Crates that a mangled name mentions."""
    start = name.find("_R")
    if start >= 0:
        return {rest[: int(length)] for length, rest in _overlapping(CRATE_V0, name[start:]) if len(rest) >= int(length)}
    match = PATH_OLD.search(name)
    if match is None:
        return set()
    first = match[2][: int(match[1])]
    if re.fullmatch(r"[a-z][a-z0-9_]*", first):
        return {first}
    return set(CRATE_IN_BRACKETS.findall(first.lstrip("_")))


def _overlapping(pattern: re.Pattern[str], text: str) -> list[tuple[str, str]]:
    found, place = [], 0
    while match := pattern.search(text, place):
        found.append((match[1], match[2]))
        place = match.start() + 1
    return found


def versions_in(program: Path) -> set[tuple[str, str]]:
    """Name and version of the crates that a panic of the program can name: their source paths are constants in it."""
    return {(name.decode(), version.decode()) for name, version in PANIC_PLACE.findall(program.read_bytes())}
