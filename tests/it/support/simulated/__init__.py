"""What ../kernel.py is made of."""

from __future__ import annotations

import ctypes
import os
import platform
from collections.abc import Callable

FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127

# asm/unistd.h, linux/audit.h: AUDIT_ARCH_..., seccomp, prctl.
MACHINES = {"x86_64": (0xC000_003E, 317, 157), "aarch64": (0xC000_00B7, 277, 167)}

libc = ctypes.CDLL(None, use_errno=True)


class Failure(Exception):
    """Ends the launcher with a message and an exit code."""

    def __init__(self, message: str, code: int = FAILED) -> None:
        super().__init__(message)
        self.code = code


def call(what: str, function: Callable[..., int], *args: object) -> int:
    """A function of the C library that answers -1 and sets errno."""
    result = function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def machine() -> tuple[int, int, int]:
    found = MACHINES.get(platform.machine())
    if not found:
        raise Failure(f"system call numbers of {platform.machine()} are not known here, only {', '.join(MACHINES)}")
    return found
