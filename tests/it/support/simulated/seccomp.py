"""The filter that makes a kernel look older, or hands its system calls to the supervisor."""

from __future__ import annotations

import ctypes
import errno
from collections.abc import Iterator
from dataclasses import dataclass

from . import call, libc, machine
from .landlock import ADD_RULE, CREATE_RULESET, RESTRICT_SELF
from .versions import Calls

# linux/prctl.h
PR_SET_DUMPABLE, PR_GET_SECCOMP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 4, 21, 22, 38

# linux/seccomp.h
SET_MODE_FILTER, NEW_LISTENER = 1, 1 << 3
RET_USER_NOTIF, RET_ERRNO, RET_ALLOW = 0x7FC0_0000, 0x0005_0000, 0x7FFF_0000

# asm/unistd.h: the calls of x32 are numbered from here on.
X32 = 0x4000_0000


class Instruction(ctypes.Structure):
    """struct sock_filter"""

    _fields_ = [("code", ctypes.c_uint16), ("jt", ctypes.c_uint8), ("jf", ctypes.c_uint8), ("k", ctypes.c_uint32)]


class Program(ctypes.Structure):
    """struct sock_fprog"""

    _fields_ = [("len", ctypes.c_uint16), ("filter", ctypes.POINTER(Instruction))]


@dataclass(frozen=True)
class Rule:
    """What becomes of a system call, perhaps only of those with this first argument."""

    number: int
    action: int
    first: int | None = None


@dataclass(frozen=True)
class Filter:
    rules: tuple[Rule, ...]
    last: int | None = None
    """Calls with a higher number do not exist."""

    @property
    def notifies(self) -> bool:
        return any(rule.action == RET_USER_NOTIF for rule in self.rules)

    def install(self) -> int:
        """Returns the descriptor of the listener, if the filter notifies."""
        instructions = [Instruction(*fields) for fields in self._instructions()]
        array = (Instruction * len(instructions))(*instructions)
        program = Program(len(instructions), array)
        _, seccomp, _ = machine()
        args = (seccomp, SET_MODE_FILTER, NEW_LISTENER if self.notifies else 0, ctypes.byref(program))
        try:
            return call("seccomp", libc.syscall, *args)
        except PermissionError:
            call("prctl(PR_SET_NO_NEW_PRIVS)", libc.prctl, PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
            return call("seccomp", libc.syscall, *args)

    def _instructions(self) -> Iterator[tuple[int, int, int, int]]:
        def load(offset: int) -> tuple[int, int, int, int]:
            return (0x20, 0, 0, offset)

        def unless_equal_skip(value: int, count: int) -> tuple[int, int, int, int]:
            return (0x15, 0, count, value)

        def end(action: int) -> tuple[int, int, int, int]:
            return (0x06, 0, 0, action)

        # Offsets in struct seccomp_data: number 0, architecture 4, low half of the first argument 16.
        architecture, _, _ = machine()
        yield load(4)
        yield (0x15, 1, 0, architecture)
        yield end(RET_ALLOW)
        yield load(0)
        for rule in self.rules:
            if rule.first is None:
                yield unless_equal_skip(rule.number, 1)
                yield end(rule.action)
            else:
                yield unless_equal_skip(rule.number, 4)
                yield load(16)
                yield unless_equal_skip(rule.first, 1)
                yield end(rule.action)
                yield load(0)
        if self.last is not None:
            yield (0x35, 0, 2, self.last + 1)
            yield (0x35, 1, 0, X32)
            yield end(RET_ERRNO | errno.ENOSYS)
        yield end(RET_ALLOW)

    def __bool__(self) -> bool:
        return bool(self.rules) or self.last is not None


def filter_of(landlock: str | None, seccomp: str | None, calls: Calls | None) -> Filter:
    _, seccomp_call, prctl_call = machine()
    rules: list[Rule] = []
    if landlock is not None:
        fixed = {"none": RET_ERRNO | errno.ENOSYS, "disabled": RET_ERRNO | errno.EOPNOTSUPP}
        action = fixed.get(landlock, RET_USER_NOTIF)
        rules += [Rule(number, action) for number in (CREATE_RULESET, ADD_RULE, RESTRICT_SELF)]
        if action == RET_USER_NOTIF:
            rules.append(Rule(prctl_call, action, first=PR_SET_DUMPABLE))
    if seccomp is not None:
        rules.append(Rule(seccomp_call, RET_ERRNO | errno.ENOSYS))
        rules += [Rule(prctl_call, RET_ERRNO | errno.EINVAL, first=option) for option in (PR_SET_SECCOMP, PR_GET_SECCOMP)]
    if calls is None:
        return Filter(tuple(rules))
    rules += [Rule(prctl_call, RET_ERRNO | errno.EINVAL, first=option) for option in calls.unknown_prctl]
    return Filter(tuple(rules), calls.last)
