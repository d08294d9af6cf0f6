"""What an image FROM scratch can run: a program for its processor that asks for no loader (elf(5))."""

from __future__ import annotations

import struct
from pathlib import Path

MACHINES = {"amd64": 62, "arm64": 183}
"""EM_X86_64, EM_AARCH64."""
INTERPRETER = 3
"""PT_INTERP."""


class NotStatic(Exception):
    """The program cannot run in the image."""


def check_static(program: bytes, processor: str, path: Path) -> None:
    try:
        if program[:6] != b"\x7fELF\x02\x01":
            raise NotStatic(f"{path}: not a 64-bit little-endian ELF program; build it with scripts/build-static")
        machine = struct.unpack_from("<H", program, 18)[0]
        if machine != MACHINES[processor]:
            raise NotStatic(f"{path}: not for {processor} (ELF machine {machine}); give it with the option of its processor")
        (start,) = struct.unpack_from("<Q", program, 32)
        size, count = struct.unpack_from("<HH", program, 54)
        kinds = [struct.unpack_from("<I", program, start + number * size)[0] for number in range(count)]
    except struct.error:
        raise NotStatic(f"{path}: the ELF header is cut off; build it with scripts/build-static") from None
    if INTERPRETER in kinds:
        raise NotStatic(f"{path}: needs a dynamic loader, and the image has none; build it with scripts/build-static")
