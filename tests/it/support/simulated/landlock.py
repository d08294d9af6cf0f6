"""What kernels know of landlock, and what they answer to its system calls."""

from __future__ import annotations

import ctypes
import errno
import os
import struct
from collections.abc import Callable, Sequence
from dataclasses import astuple, dataclass, replace

from . import libc

# asm/unistd.h; the same everywhere.
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446

# linux/landlock.h
VERSION_FLAG, ERRATA_FLAG = 1, 2
PATH_BENEATH, NET_PORT = 1, 2
SCOPE_ABSTRACT_UNIX_SOCKET = 1
ABIS = range(1, 8)

# linux/seccomp.h
CONTINUE_FLAG = 1


@dataclass(frozen=True)
class Landlock:
    """Landlock as one kernel has it: masks of what it knows, and the length of its struct landlock_ruleset_attr."""

    says: int
    fs: int
    net: int
    scoped: int
    restrict_flags: int
    has_errata: bool
    attr_bytes: int

    @staticmethod
    def of_abi(abi: int) -> Landlock:
        """Documentation/userspace-api/landlock.rst, "Previous limitations"."""
        rights = 13 + (abi >= 2) + (abi >= 3) + (abi >= 5)
        return Landlock(
            says=abi,
            fs=(1 << rights) - 1,
            net=0b11 if abi >= 4 else 0,
            scoped=0b11 if abi >= 6 else 0,
            restrict_flags=0b111 if abi >= 7 else 0,
            has_errata=abi >= 7,
            attr_bytes=8 + 8 * (abi >= 4) + 8 * (abi >= 6),
        )

    @staticmethod
    def named(which: str) -> Landlock:
        """That of `--landlock`."""
        if which == "lies":
            return replace(Landlock.of_abi(3), says=7, attr_bytes=24)
        if which == "rhel9":
            return replace(Landlock.of_abi(6), scoped=SCOPE_ABSTRACT_UNIX_SOCKET)
        return Landlock.of_abi(int(which))

    def needs(self) -> int:
        """The ABI without which a kernel cannot do this."""
        return next(abi for abi in ABIS if self._is_part_of(Landlock.of_abi(abi)))

    def _is_part_of(self, other: Landlock) -> bool:
        masks = zip(astuple(self)[1:5], astuple(other)[1:5], strict=True)
        return all(not mask & ~whole for mask, whole in masks)


def abi_of_this_kernel() -> int:
    """0 when it has none."""
    return max(0, int(libc.syscall(ctypes.c_long(CREATE_RULESET), None, ctypes.c_long(0), ctypes.c_long(VERSION_FLAG))))


# value, error, flags of an answer
Verdict = tuple[int, int, int]
# The kernel goes on with the call.
GO_ON: Verdict = (0, 0, CONTINUE_FLAG)


def refuse(number: int) -> Verdict:
    return (0, -number, 0)


def judge(kernel: Landlock, number: int, args: Sequence[int], read: Callable[[int, int], bytes]) -> Verdict:
    """What the kernel answers to a landlock call; `read` reads the caller's memory."""
    if number == CREATE_RULESET:
        return judge_create_ruleset(kernel, args, read)
    if number == ADD_RULE:
        rule_type, flags = args[1] & 0xFFFF_FFFF, args[3] & 0xFFFF_FFFF
        is_known = rule_type == PATH_BENEATH or (rule_type == NET_PORT and kernel.net)
        return GO_ON if is_known and not flags else refuse(errno.EINVAL)
    flags = args[1] & 0xFFFF_FFFF
    return GO_ON if not flags & ~kernel.restrict_flags else refuse(errno.EINVAL)


def judge_create_ruleset(kernel: Landlock, args: Sequence[int], read: Callable[[int, int], bytes]) -> Verdict:
    attr, length, flags = args[0], args[1], args[2] & 0xFFFF_FFFF
    if flags:
        if attr or length:
            return refuse(errno.EINVAL)
        if flags == VERSION_FLAG:
            return (kernel.says, 0, 0)
        return GO_ON if flags == ERRATA_FLAG and kernel.has_errata else refuse(errno.EINVAL)
    if not attr or not 8 <= length <= os.sysconf("SC_PAGE_SIZE"):
        return GO_ON
    written = read(attr, length)
    if len(written) < length:
        return GO_ON
    if any(written[kernel.attr_bytes :]):
        return refuse(errno.E2BIG)
    fs, net, scoped = struct.unpack("=QQQ", written[:24].ljust(24, b"\0"))
    unknown = fs & ~kernel.fs or net & ~kernel.net or scoped & ~kernel.scoped
    return refuse(errno.EINVAL) if unknown else GO_ON
