#!/usr/bin/env python3
"""Starts a program as on an older kernel, or one built with less.

    tests/it/support/kernel.py [--kernel VERSION] [--landlock WHICH] [--seccomp none] [--no-proc] [--pid-file FILE] --
        PROGRAM [ARGUMENT]...

    --kernel 4.18 ... 6.12
                         system calls that came later answer ENOSYS, options of prctl() that did answer EINVAL; landlock is
                         still this kernel's, unless the version is older than landlock or --landlock says otherwise

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
import os
import signal
import socket
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from simulated import FAILED, NOT_EXECUTABLE, NOT_FOUND, Failure, call, libc
from simulated.landlock import ABIS, Landlock, abi_of_this_kernel
from simulated.seccomp import filter_of
from simulated.supervisor import Supervisor
from simulated.versions import NAMES, Calls

# linux/prctl.h
PR_SET_PDEATHSIG = 1

# sched.h, sys/mount.h
CLONE_NEWNS, CLONE_NEWUSER = 0x0002_0000, 0x1000_0000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REC, MS_PRIVATE = 1, 2, 4, 8, 1 << 14, 1 << 18

FORWARDED = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)


@dataclass(frozen=True)
class Options:
    calls: Calls | None
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


def become_program(options: Options, channel: socket.socket, launcher: int, mask: set[int | signal.Signals]) -> None:
    """In the child; returns only by raising."""
    call("prctl(PR_SET_PDEATHSIG)", libc.prctl, PR_SET_PDEATHSIG, signal.SIGKILL.value, 0, 0, 0)
    if os.getppid() != launcher:
        raise Failure("the launcher is gone")
    if options.no_proc:
        hide_proc()
    wanted = filter_of(options.landlock, options.seccomp, options.calls)
    listener = wanted.install() if wanted else 0
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


def start(options: Options, mask: set[int | signal.Signals]) -> tuple[int, socket.socket]:
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
    parser.add_argument("--kernel", choices=NAMES)
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
    calls = Calls.named(parsed.kernel) if parsed.kernel else None
    return Options(calls, parsed.landlock, parsed.seccomp, parsed.no_proc, parsed.pid_file, tuple(program))


def main() -> int:
    try:
        return run(options_of(sys.argv[1:]))
    except (Failure, OSError) as error:
        print(f"kernel.py: {error}", file=sys.stderr)
        return error.code if isinstance(error, Failure) else FAILED


if __name__ == "__main__":
    sys.exit(main())
