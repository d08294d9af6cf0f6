"""The list of crates inside a program: section `.dep-v0`, in the format of cargo-auditable (zlib over JSON).

The data are stored, not compressed: their bytes then do not depend on a version of zlib, and `grep -a` finds them too.
"""

from __future__ import annotations

import json
import struct
import zlib
from pathlib import Path
from typing import Any

from linked import Crate

SECTION = ".dep-v0"
# Dependencies by procedural macros and build scripts have the kind `build` (revision 1 of the format).
FORMAT = 1
MAX_BYTES = 8 << 20


class Unreadable(Exception):
    """The program has no list, or one that cannot be read."""


def encode(crates: dict[str, Crate]) -> bytes:
    """Section of a program: the crates of Cargo.lock that are linked or run while it is built; not the standard library's."""
    listed = sorted((each for each in crates.values() if not each.library), key=lambda each: (each.name, each.version))
    places = {crate.key: place for place, crate in enumerate(listed)}
    packages = []
    for crate in listed:
        package: dict[str, Any] = {"name": crate.name, "version": crate.version, "source": crate.source.split("+")[0]}
        if not crate.linked:
            package["kind"] = "build"
        if dependencies := sorted(places[key] for key in crate.dependencies if key in places):
            package["dependencies"] = dependencies
        if crate.root:
            package["root"] = True
        packages.append(package)
    text = json.dumps({"packages": packages, "format": FORMAT}, separators=(",", ":"))
    return stored(text.encode())


def stored(data: bytes) -> bytes:
    """A zlib stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4)."""
    blocks = [data[start : start + 0xFFFF] for start in range(0, len(data), 0xFFFF)] or [b""]
    body = b"".join(
        struct.pack("<BHH", place == len(blocks) - 1, len(block), len(block) ^ 0xFFFF) + block for place, block in enumerate(blocks)
    )
    return b"\x78\x01" + body + struct.pack(">I", zlib.adler32(data))


def assembly(data: bytes) -> str:
    """Source of an object with the section; the symbol keeps it when the linker drops what nothing refers to."""
    lines = [f'.section {SECTION},"",%progbits', ".globl AUDITABLE_VERSION_INFO", "AUDITABLE_VERSION_INFO:"]
    lines += [".byte " + ",".join(str(byte) for byte in data[start : start + 32]) for start in range(0, len(data), 32)]
    return "\n".join([*lines, '.section .note.GNU-stack,"",%progbits', ""])


def decode(program: Path) -> list[dict[str, Any]]:
    """Packages that the program lists."""
    data = section(program.read_bytes())
    unpacker = zlib.decompressobj()
    text = unpacker.decompress(data, MAX_BYTES)
    if not unpacker.eof:
        raise Unreadable(f"{program}: {SECTION} is cut off, or too large")
    packages: list[dict[str, Any]] = json.loads(text)["packages"]
    return packages


def section(elf: bytes) -> bytes:
    """Content of the section of a 64-bit little-endian ELF file."""
    if elf[:6] != b"\x7fELF\x02\x01":
        raise Unreadable("not a 64-bit little-endian ELF file")
    (offset,) = struct.unpack_from("<Q", elf, 0x28)
    size, count, names_index = struct.unpack_from("<HHH", elf, 0x3A)
    headers = [struct.unpack_from("<IIQQQQIIQQ", elf, offset + size * index) for index in range(count)]
    names = headers[names_index]
    for name, _kind, _flags, _address, start, length, *_ in headers:
        label = elf[names[4] + name : elf.index(b"\0", names[4] + name)]
        if label == SECTION.encode():
            return elf[start : start + length]
    raise Unreadable(f"it has no section {SECTION}: scripts/build-static did not make it")
