"""Answers the system calls that a filter hands over."""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import select
import signal
import struct
import threading
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path

from . import Failure
from .landlock import ADD_RULE, CREATE_RULESET, GO_ON, RESTRICT_SELF, Landlock, Verdict, judge

# linux/seccomp.h, struct seccomp_notif: id, pid, flags; data: number, architecture, instruction pointer, six arguments
NOTICE = struct.Struct("=QIIiIQ6Q")
# struct seccomp_notif_resp: id, value, error, flags
ANSWER = struct.Struct("=QqiI")
RECEIVE = 3 << 30 | NOTICE.size << 16 | ord("!") << 8 | 0
SEND = 3 << 30 | ANSWER.size << 16 | ord("!") << 8 | 1
STILL_WAITS = 1 << 30 | 8 << 16 | ord("!") << 8 | 2

# Processes whose memory is held open. A test has a handful.
MAX_HELD = 64


class Memory:
    """Reads the memory of processes, also of those that are no longer dumpable.

    Access is checked when /proc/PID/mem is opened, so it is opened while that is allowed.
    """

    def __init__(self) -> None:
        self.held: OrderedDict[int, int] = OrderedDict()

    def hold(self, thread: int) -> None:
        """Before the process of this thread stops being dumpable."""
        with contextlib.suppress(OSError):
            memory = self._open(thread)
            process = self._process(thread)
            with contextlib.suppress(KeyError):
                os.close(self.held.pop(process))
            self.held[process] = memory
        while len(self.held) > MAX_HELD:
            os.close(self.held.popitem(last=False)[1])

    def read(self, thread: int, address: int, length: int) -> bytes:
        """Short, or empty, where nothing is mapped. PermissionError: it may not be read."""
        try:
            memory = self._open(thread)
        except PermissionError:
            written = self._read(self.held.get(self._process(thread), -1), address, length)
            # The memory of a program that another took the place of reads as empty.
            if not written:
                raise
            return written
        try:
            return self._read(memory, address, length)
        finally:
            os.close(memory)

    @staticmethod
    def _open(thread: int) -> int:
        return os.open(f"/proc/{thread}/mem", os.O_RDONLY | os.O_CLOEXEC)

    @staticmethod
    def _read(memory: int, address: int, length: int) -> bytes:
        if memory < 0 or address >= 1 << 63:
            return b""
        try:
            return os.pread(memory, length, address)
        except OSError:
            return b""

    @staticmethod
    def _process(thread: int) -> int:
        for line in Path(f"/proc/{thread}/status").read_text(errors="replace").splitlines():
            if line.startswith("Tgid:"):
                return int(line.split()[1])
        raise ProcessLookupError(errno.ESRCH, f"/proc/{thread}/status has no Tgid")


class Supervisor(threading.Thread):
    """Answers the system calls that the filter hands over. If it cannot, it says why and kills the program."""

    def __init__(self, listener: int, kernel: Landlock, program: int) -> None:
        super().__init__(daemon=True)
        self.listener = listener
        self.kernel = kernel
        # Its id may by then be another's.
        self.program = os.pidfd_open(program)
        self.memory = Memory()
        self.failure: str | None = None

    def run(self) -> None:
        try:
            waiting = select.poll()
            waiting.register(self.listener, select.POLLIN)
            while not waiting.poll()[0][1] & (select.POLLHUP | select.POLLERR):
                self._answer_one()
        except Exception as error:
            self.failure = str(error) or repr(error)
            with contextlib.suppress(ProcessLookupError):
                signal.pidfd_send_signal(self.program, signal.SIGKILL)

    def _answer_one(self) -> None:
        notice = bytearray(NOTICE.size)
        # ENOENT: the caller was killed or interrupted; then nobody waits for an answer.
        try:
            fcntl.ioctl(self.listener, RECEIVE, notice)
        except OSError as error:
            if error.errno == errno.ENOENT:
                return
            raise
        asked, thread, _, number, _, _, *args = NOTICE.unpack(notice)
        try:
            verdict = self._verdict(thread, number, args)
        except OSError as error:
            if not self._waits(asked):
                return
            raise Failure(
                f"the memory of process {thread} cannot be read ({error.strerror}), so its landlock rules are unknown: "
                "run the launcher as root"
            ) from error
        try:
            fcntl.ioctl(self.listener, SEND, ANSWER.pack(asked, *verdict))
        except OSError as error:
            if error.errno != errno.ENOENT:
                raise

    def _verdict(self, thread: int, number: int, args: Sequence[int]) -> Verdict:
        if number in (CREATE_RULESET, ADD_RULE, RESTRICT_SELF):
            return judge(self.kernel, number, args, lambda address, length: self.memory.read(thread, address, length))
        # prctl(PR_SET_DUMPABLE); the filter hands over no other.
        self.memory.hold(thread)
        return GO_ON

    def _waits(self, asked: int) -> bool:
        try:
            fcntl.ioctl(self.listener, STILL_WAITS, struct.pack("=Q", asked))
        except OSError:
            return False
        return True
