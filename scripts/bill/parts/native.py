"""What is linked that no crate brings: start files and libraries of the C toolchain, by the Debian packages that they come from."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any


class Unknown(Exception):
    """The linker took a file of which this program knows no package."""


@dataclass(frozen=True)
class Library:
    """A project, its files, and what Debian calls them."""

    name: str
    producer: str
    licence: str
    repository: str
    cpe: str
    """vendor and product in the National Vulnerability Database, where it has them"""
    files: re.Pattern[str]
    package: re.Pattern[str]


LIBRARIES = (
    Library(
        "musl", "musl project", "MIT", "https://git.musl-libc.org/git/musl", "musl-libc:musl",
        re.compile(r"(libc\.a|[rS]?crt1\.o|crt[in]\.o)"), re.compile(r"musl-dev(:arm64)?"),
    ),
    Library(
        "libunwind", "LLVM project", "Apache-2.0 WITH LLVM-exception", "https://github.com/llvm/llvm-project", "",
        re.compile(r"libunwind\.a"), re.compile(r"libunwind-14-dev(:arm64)?"),
    ),
    Library(
        "libgcc", "GNU Compiler Collection", "GPL-3.0-or-later WITH GCC-exception-3.1", "https://gcc.gnu.org/git/gcc.git", "gnu:gcc",
        re.compile(r"(crt(begin|end)[ST]?\.o|libgcc\.a)"), re.compile(r"libgcc-12-dev(-arm64-cross)?"),
    ),
)  # fmt: skip


def libraries(files: Iterable[Path], toolchain: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Entry of each library of which the linker took a file, with the SHA-256 of its package and of each file."""
    taken: dict[Library, dict[str, str]] = {}
    for file in sorted(files, key=lambda each: each.name):
        library = next((each for each in LIBRARIES if each.files.fullmatch(file.name)), None)
        if library is None:
            raise Unknown(f"the linker took {file.name}, which no line of scripts/bill/parts/native.py names")
        real = file.resolve()
        taken.setdefault(library, {})[real.name] = hashlib.sha256(real.read_bytes()).hexdigest()
    return [_entry(library, hashes, toolchain) for library, hashes in taken.items()]


def _entry(library: Library, files: dict[str, str], toolchain: list[dict[str, Any]]) -> dict[str, Any]:
    # For another processor its own package stands after the host's.
    package = [each for each in toolchain if library.package.fullmatch(each["name"])][-1]
    return {
        "id": library.name,
        "name": library.name,
        "version": upstream(package["version"]),
        "source": package["name"],
        "package_version": package["version"],
        "sha256": package["sha256"],
        "licence": library.licence,
        "producer": library.producer,
        "repository": library.repository,
        "cpe": library.cpe,
        "files": files,
        "dependencies": [],
    }


def upstream(version: str) -> str:
    """The project's own version in a version of a Debian package."""
    return re.sub(r"^\d+:|(\+dfsg\d*)?-[^-]*$", "", version)
