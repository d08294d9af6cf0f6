#!/usr/bin/env python3
"""Starts a program as on an older kernel, or one built with less.

    tests/support/kernel.py [--landlock WHICH] [--seccomp none] [--no-proc] [--pid-file FILE] -- PROGRAM [ARGUMENT]...

    --landlock none      landlock is not compiled in: its system calls answer ENOSYS
    --landlock disabled  compiled in, but not in lsm= at boot: EOPNOTSUPP
    --landlock 1 ... 7   the kernel says this ABI, and refuses what came later as that kernel does; the rest works
    --landlock lies      says ABI 7, and refuses with EINVAL what came after ABI 3
    --landlock rhel9     says ABI 6, and refuses to scope signals, as kernels 5.14.0-603.el9 to -648.el9 do (RHEL-125143)
    --seccomp none       no CONFIG_SECCOMP: seccomp() answers ENOSYS, prctl() about it EINVAL
    --no-proc            /proc is an empty folder
    --pid-file FILE      `pid N` of the program; the file is there, whole, before the program begins

Descendants see the same kernel. Ends as the program ends, with its exit code or 128 and the signal's number, and passes
SIGTERM, SIGINT and SIGHUP on; prints only why it failed (exit code 125; 126 and 127 as shells have them).

What it cannot hide:
- The filter shows in /proc/PID/status (Seccomp), and so does no_new_privs for those who are not root.
- With a number or `lies` the program cannot have a listener for seccomp notifications of its own (EBUSY).
- What is left running when the program ends gets ENOSYS from landlock.
- A call that is wrong in two ways may answer the other of the two errors.
- Without root, a process that was forked from one that is not dumpable ends the run when it makes a ruleset.
- Only system calls of the machine's own kind are seen: no 32-bit ones, no x32.
"""

from __future__ import annotations

import argparse
import contextlib
import ctypes
import errno
import fcntl
import os
import platform
import select
import signal
import socket
import struct
import sys
import tempfile
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import astuple, dataclass, replace
from pathlib import Path

FAILED, NOT_EXECUTABLE, NOT_FOUND = 125, 126, 127

# asm/unistd.h, linux/audit.h: AUDIT_ARCH_..., seccomp, prctl.
MACHINES = {"x86_64": (0xC000_003E, 317, 157), "aarch64": (0xC000_00B7, 277, 167)}
CREATE_RULESET, ADD_RULE, RESTRICT_SELF = 444, 445, 446

# linux/landlock.h
VERSION_FLAG, ERRATA_FLAG = 1, 2
PATH_BENEATH, NET_PORT = 1, 2
SCOPE_ABSTRACT_UNIX_SOCKET = 1
ABIS = range(1, 8)

# linux/prctl.h
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_GET_SECCOMP, PR_SET_SECCOMP, PR_SET_NO_NEW_PRIVS = 1, 4, 21, 22, 38

# linux/seccomp.h
SET_MODE_FILTER, NEW_LISTENER = 1, 1 << 3
RET_USER_NOTIF, RET_ERRNO, RET_ALLOW = 0x7FC0_0000, 0x0005_0000, 0x7FFF_0000
# id, pid, flags; data: number, architecture, instruction pointer, six arguments
NOTICE = struct.Struct("=QIIiIQ6Q")
# id, value, error, flags
ANSWER = struct.Struct("=QqiI")
RECEIVE = 3 << 30 | NOTICE.size << 16 | ord("!") << 8 | 0
SEND = 3 << 30 | ANSWER.size << 16 | ord("!") << 8 | 1
STILL_WAITS = 1 << 30 | 8 << 16 | ord("!") << 8 | 2
CONTINUE_FLAG = 1

# sched.h, sys/mount.h
CLONE_NEWNS, CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 1 << 14, 1 << 18

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
# Processes whose memory is held open. A test has a handful.
MAX_HELD = 64

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


# --- What a kernel knows --------------------------------------------------------------------------------------------------


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
    return max(0, libc.syscall(ctypes.c_long(CREATE_RULESET), None, ctypes.c_long(0), ctypes.c_long(VERSION_FLAG)))


# --- Answers to system calls ----------------------------------------------------------------------------------------------

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


# --- The filter -----------------------------------------------------------------------------------------------------------


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

    @property
    def notifies(self) -> bool:
        return any(rule.action == RET_USER_NOTIF for rule in self.rules)

    def install(self) -> int:
        """Returns the descriptor of the listener, if the filter notifies."""
        instructions = list(self._instructions())
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
        yield end(RET_ALLOW)


def machine() -> tuple[int, int, int]:
    found = MACHINES.get(platform.machine())
    if not found:
        raise Failure(f"system call numbers of {platform.machine()} are not known here, only {', '.join(MACHINES)}")
    return found


def filter_of(landlock: str | None, seccomp: str | None) -> Filter:
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
    return Filter(tuple(rules))


# --- The program ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Options:
    landlock: str | None
    seccomp: str | None
    no_proc: bool
    pid_file: Path | None
    program: tuple[str, ...]


def hide_proc() -> None:
    try:
        call("unshare", libc.unshare, CLONE_NEWNS)
    except PermissionError:
        # Who is not root has a mount namespace only in a user namespace, with the same ids.
        uid, gid = os.geteuid(), os.getegid()
        call("unshare of a user namespace", libc.unshare, CLONE_NEWNS | CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    call("mount of / as private", libc.mount, b"none", b"/", None, MS_REC | MS_PRIVATE, None)
    flags = MS_RDONLY | MS_NOSUID | MS_NODEV | MS_NOEXEC
    call("mount over /proc", libc.mount, b"none", b"/proc", b"tmpfs", flags, b"mode=0555,size=4k")


def become_program(options: Options, channel: socket.socket, launcher: int, mask: set[signal.Signals]) -> None:
    """In the child; returns only by raising."""
    call("prctl(PR_SET_PDEATHSIG)", libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL.value, 0, 0, 0)
    if os.getppid() != launcher:
        raise Failure("the launcher is gone")
    if options.no_proc:
        hide_proc()
    wanted = filter_of(options.landlock, options.seccomp)
    listener = wanted.install() if wanted.rules else 0
    socket.send_fds(channel, [b"ready"], [listener] if wanted.notifies else [])
    if wanted.notifies:
        os.close(listener)
    if channel.recv(16) != b"go":
        raise Failure("the launcher is gone")
    # Python ignores these.
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        signal.signal(number, signal.SIG_DFL)
    signal.pthread_sigmask(signal.SIG_SETMASK, mask)
    try:
        os.execvp(options.program[0], options.program)
    except FileNotFoundError as error:
        raise Failure(f"{options.program[0]}: {error.strerror}", NOT_FOUND) from error
    except OSError as error:
        raise Failure(f"{options.program[0]}: {error.strerror}", NOT_EXECUTABLE) from error


def start(options: Options, mask: set[signal.Signals]) -> tuple[int, socket.socket]:
    launcher = os.getpid()
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = os.fork()
    if program:
        theirs.close()
        return program, ours
    try:
        ours.close()
        become_program(options, theirs, launcher, mask)
    except BaseException as error:
        code = error.code if isinstance(error, Failure) else FAILED
        text = error.strerror if isinstance(error, OSError) and error.strerror else str(error) or repr(error)
        with contextlib.suppress(OSError):
            theirs.send(f"{code} {text}".encode(errors="replace"))
    finally:
        os._exit(FAILED)


def received(channel: socket.socket) -> tuple[bytes, list[int]]:
    message, descriptors, _, _ = socket.recv_fds(channel, 4096, 1)
    code, _, text = message.partition(b" ")
    if code.isdigit():
        raise Failure(text.decode(errors="replace"), int(code))
    return message, descriptors


def write_pid(file: Path, program: int) -> None:
    with tempfile.NamedTemporaryFile("w", dir=file.parent, prefix=file.name, delete=False) as whole:
        whole.write(f"pid {program}\n")
    os.chmod(whole.name, 0o644)
    os.replace(whole.name, file)


def follow(program: int) -> int:
    """Passes signals on until the program has ended. Returns its wait status."""
    while True:
        arrived = signal.sigwaitinfo((*FORWARDED, signal.SIGCHLD))
        if arrived.si_signo == signal.SIGCHLD:
            ended, status = os.waitpid(program, os.WNOHANG)
            if ended:
                return status
        # The terminal has sent its interrupt to the program too (si_code: SI_KERNEL).
        elif arrived.si_signo != signal.SIGINT or arrived.si_code <= 0:
            os.kill(program, arrived.si_signo)


def run(options: Options) -> int:
    kernel = None
    if options.landlock is not None and options.landlock not in ("none", "disabled"):
        kernel = Landlock.named(options.landlock)
        if abi_of_this_kernel() < kernel.needs():
            raise Failure(
                f"--landlock {options.landlock} needs a kernel with ABI {kernel.needs()}; this one has {abi_of_this_kernel()}"
            )

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    mask = signal.pthread_sigmask(signal.SIG_BLOCK, (*FORWARDED, signal.SIGCHLD))
    program, channel = start(options, mask)
    supervisor = None
    try:
        message, descriptors = received(channel)
        if kernel is not None and descriptors:
            supervisor = Supervisor(descriptors[0], kernel, program)
            supervisor.start()
        if message:
            if options.pid_file is not None:
                write_pid(options.pid_file, program)
            channel.send(b"go")
            # Nothing more is said when the program begins.
            received(channel)
        status = follow(program)
    except BaseException:
        with contextlib.suppress(ProcessLookupError):
            os.kill(program, signal.SIGKILL)
        raise
    if supervisor is not None and supervisor.failure is not None:
        raise Failure(supervisor.failure)
    return 128 + os.WTERMSIG(status) if os.WIFSIGNALED(status) else os.WEXITSTATUS(status)


def options_of(arguments: list[str]) -> Options:
    parser = argparse.ArgumentParser(usage="%(prog)s [option]... -- program [argument]...")
    parser.add_argument("--landlock", choices=("none", "disabled", *map(str, ABIS), "lies", "rhel9"))
    parser.add_argument("--seccomp", choices=("none",))
    parser.add_argument("--no-proc", action="store_true")
    parser.add_argument("--pid-file", type=Path)
    own, program = arguments, []
    if "--" in arguments:
        place = arguments.index("--")
        own, program = arguments[:place], arguments[place + 1 :]
    parsed = parser.parse_args(own)
    if not program:
        parser.error("no program after --")
    return Options(parsed.landlock, parsed.seccomp, parsed.no_proc, parsed.pid_file, tuple(program))


def main() -> int:
    try:
        return run(options_of(sys.argv[1:]))
    except (Failure, OSError) as error:
        print(f"kernel.py: {error}", file=sys.stderr)
        return error.code if isinstance(error, Failure) else FAILED


if __name__ == "__main__":
    sys.exit(main())
