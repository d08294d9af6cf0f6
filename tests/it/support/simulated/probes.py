"""What programs do under a simulated kernel: `probes.py NAME [ARGUMENT]...` prints as JSON what the calls answered.

A number, or the name of the error.
"""

from __future__ import annotations

import ctypes
import errno
import json
import os
import signal
import struct
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).resolve()
SECONDS = 30.0

# linux/landlock.h
EXECUTE, READ_FILE, READ_DIR = (1 << bit for bit in (0, 2, 3))
CONNECT_TCP, BOTH_TCP = 2, 3
SCOPE_SOCKETS, SCOPE_SIGNALS = 1, 2
LOG_OFF, ERRATA = 1, 2
PATH_BENEATH, NET_PORT = 1, 2
FS_RIGHTS = {1: (1 << 13) - 1, 2: (1 << 14) - 1, 3: (1 << 15) - 1, 4: (1 << 15) - 1, 5: (1 << 16) - 1}

libc = ctypes.CDLL(None, use_errno=True)


def answer(function: Callable[..., int], *args: object) -> int | str:
    ctypes.set_errno(0)
    result = function(*(ctypes.c_long(a) if isinstance(a, int) else a for a in args))
    if result >= 0:
        return result
    # Of two names for one number, errorcode has ENOTSUP.
    return errno.errorcode[ctypes.get_errno()].replace("ENOTSUP", "EOPNOTSUPP")


def create(fs: int, net: int | None = None, scoped: int | None = None, more: int | None = None) -> int | str:
    """A ruleset of as many fields as are given."""
    fields = [field for field in (fs, net, scoped, more) if field is not None]
    attr = struct.pack(f"={len(fields)}Q", *fields)
    return answer(libc.syscall, 444, attr, len(attr), 0)


def version() -> int | str:
    return answer(libc.syscall, 444, None, 0, 1)


def add_path(ruleset: int, path: str, access: int) -> int | str:
    parent = os.open(path, os.O_PATH | os.O_CLOEXEC)
    return answer(libc.syscall, 445, ruleset, PATH_BENEATH, struct.pack("=Qi", access, parent), 0)


def add_port(ruleset: int, port: int) -> int | str:
    return answer(libc.syscall, 445, ruleset, NET_PORT, struct.pack("=QQ", CONNECT_TCP, port), 0)


def restrict(ruleset: int, flags: int = 0) -> int | str:
    libc.prctl(38, 1, 0, 0, 0)
    return answer(libc.syscall, 446, ruleset, flags)


def reads(path: str) -> str:
    try:
        with open(path, "rb") as file:
            file.read(1)
        return "read"
    except OSError as error:
        return errno.errorcode[error.errno or 0]


def ruleset_without_rules(fs: int = READ_FILE) -> int:
    ruleset = create(fs)
    assert isinstance(ruleset, int), ruleset
    return ruleset


def in_fork(probe: Callable[[], object]) -> object:
    """Runs it in a child made by fork(); "killed" if that did not end by itself."""
    source, sink = os.pipe()
    child = os.fork()
    if not child:
        os.write(sink, json.dumps(probe()).encode())
        os._exit(0)
    os.close(sink)
    with os.fdopen(source, "rb") as file:
        text = file.read()
    os.waitpid(child, 0)
    return json.loads(text) if text else "killed"


def in_thread(probe: Callable[[], object]) -> object:
    results: list[object] = []
    thread = threading.Thread(target=lambda: results.append(probe()))
    thread.start()
    thread.join()
    return results[0]


def install_own_filter() -> int | str:
    """getpriority() answers EDOM, everything else goes on; by seccomp(2), and by prctl where that is refused."""
    number = {"x86_64": 140, "aarch64": 141}[os.uname().machine]
    instructions = struct.pack("=HBBI", 0x20, 0, 0, 0) + struct.pack("=HBBI", 0x15, 0, 1, number)
    instructions += struct.pack("=HBBI", 6, 0, 0, 0x0005_0000 | errno.EDOM) + struct.pack("=HBBI", 6, 0, 0, 0x7FFF_0000)
    buffer = ctypes.create_string_buffer(instructions, len(instructions))
    program = struct.pack("HxxxxxxQ", 4, ctypes.addressof(buffer))
    libc.prctl(38, 1, 0, 0, 0)
    return answer(libc.syscall, {"x86_64": 317, "aarch64": 277}[os.uname().machine], 1, 0, program)


def probe_abi() -> dict[str, object]:
    files = ruleset_without_rules()
    abi = version()
    assert isinstance(abi, int)
    latest = FS_RIGHTS[min(abi, 5)]
    return {
        "version": abi,
        "fs rights": ok(create(latest)),
        "a newer fs right": ok(create(latest | latest + 1)),
        "ports": ok(create(READ_FILE, BOTH_TCP)),
        "ports alone": ok(create(0, CONNECT_TCP)),
        "scopes": ok(create(READ_FILE, 0, SCOPE_SOCKETS | SCOPE_SIGNALS)),
        "zeros at the end": ok(create(READ_FILE, 0, 0, 0)),
        "more at the end": ok(create(READ_FILE, 0, 0, 1)),
        "nothing handled": ok(create(0)),
        "errata": ok(answer(libc.syscall, 444, None, 0, ERRATA)),
        "an unknown flag": ok(answer(libc.syscall, 444, None, 0, 1 << 9)),
        "version with an attribute": ok(answer(libc.syscall, 444, struct.pack("=Q", 1), 8, 1)),
        "no attribute": ok(answer(libc.syscall, 444, None, 8, 0)),
        "an attribute that is nowhere": ok(answer(libc.syscall, 444, 1, 8, 0)),
        "an attribute at the end of memory": ok(answer(libc.syscall, 444, -8, 8, 0)),
        "an attribute that is too short": ok(answer(libc.syscall, 444, struct.pack("=Q", 1), 7, 0)),
        "an attribute that is too long": ok(answer(libc.syscall, 444, bytes(1 << 17), 1 << 17, 0)),
        "a rule for a path": add_path(files, "/usr", READ_FILE),
        "a rule for a port": add_port(files, 443),
        "a rule of an unknown type": answer(libc.syscall, 445, files, 77, struct.pack("=QQ", 1, 1), 0),
        "a flag of restrict_self": in_fork(lambda: restrict(files, LOG_OFF)),
        "an unknown flag of restrict_self": in_fork(lambda: restrict(files, 1 << 9)),
    }


def probe_lies() -> dict[str, object]:
    files = ruleset_without_rules()
    return {
        "version": version(),
        "rights of ABI 3": ok(create(FS_RIGHTS[3], 0, 0)),
        "ioctl_dev": ok(create(FS_RIGHTS[5])),
        "ports": ok(create(READ_FILE, CONNECT_TCP)),
        "scope of sockets": ok(create(READ_FILE, 0, SCOPE_SOCKETS)),
        "scope of signals": ok(create(READ_FILE, 0, SCOPE_SIGNALS)),
        "a port": add_port(files, 443),
        "flags": in_fork(lambda: restrict(files, LOG_OFF)),
    }


def ok(result: int | str) -> int | str:
    """Descriptors have any number."""
    return 0 if isinstance(result, int) else result


def probe_calls() -> list[object]:
    return [version(), create(READ_FILE), add_port(0, 1), restrict(0)]


def probe_restriction(inside: str, outside: str) -> dict[str, object]:
    ruleset = ruleset_without_rules(FS_RIGHTS[1])
    rule = add_path(ruleset, str(Path(inside).parent), EXECUTE | READ_FILE | READ_DIR)
    usr = add_path(ruleset, "/usr", EXECUTE | READ_FILE | READ_DIR)
    before = reads(outside)
    restricted = restrict(ruleset)

    def written() -> str:
        try:
            Path(inside).write_text("x")
        except OSError as error:
            return errno.errorcode[error.errno or 0]
        return "written"

    return {
        "rules": [rule, usr],
        "before": before,
        "restricted": restricted,
        "inside": reads(inside),
        "usr": reads("/usr/bin/env"),
        "outside": reads(outside),
        "write": written(),
        "in a fork": in_fork(lambda: reads(outside)),
        "in a thread": in_thread(lambda: reads(outside)),
    }


def probe_descendants() -> dict[str, object]:
    again = [sys.executable, str(HERE), "calls"]
    return {
        "fork": in_fork(version),
        "thread": in_thread(version),
        "exec": json.loads(subprocess.run(again, capture_output=True, check=True, timeout=SECONDS).stdout)[0],
        "fork and newer right": in_fork(lambda: create(FS_RIGHTS[5])),
        "thread and newer right": in_thread(lambda: create(FS_RIGHTS[5])),
        "at once": [in_thread(lambda: ok(create(READ_FILE))) for _ in range(20)],
    }


def probe_own_filter() -> dict[str, object]:
    installed = install_own_filter()
    return {
        "installed": installed,
        "getpriority": answer(libc.getpriority, 0, 0),
        "version": version(),
        "newer right": create(FS_RIGHTS[5]),
        "a fork": in_fork(lambda: create(FS_RIGHTS[5])),
        "restricted": restrict(ruleset_without_rules()),
        "read": reads("/usr/bin/env"),
    }


def probe_seccomp() -> dict[str, object]:
    return {
        "seccomp": install_own_filter(),
        "set by prctl": answer(libc.prctl, 22, 2, 0, 0, 0),
        "strict by prctl": answer(libc.prctl, 22, 1, 0, 0, 0),
        "asked by prctl": answer(libc.prctl, 21, 0, 0, 0, 0),
        "no_new_privs": answer(libc.prctl, 39, 0, 0, 0, 0),
        "version": version(),
    }


def probe_not_dumpable(fork: str) -> object:
    stopped = answer(libc.prctl, 4, 0, 0, 0, 0)

    def results() -> list[object]:
        return [stopped, ok(create(FS_RIGHTS[1])), create(FS_RIGHTS[5])]

    return in_fork(results) if fork == "fork" else results()


def probe_proc() -> dict[str, object]:
    return {"entries": os.listdir("/proc"), "version": version(), "newer right": create(FS_RIGHTS[5]), "uid": os.getuid()}


def probe_signal() -> str:
    awaited = {signal.SIGTERM, signal.SIGINT, signal.SIGHUP}
    signal.pthread_sigmask(signal.SIG_BLOCK, awaited)
    print("ready", flush=True)
    return signal.Signals(signal.sigwait(awaited)).name


def probe_newer() -> dict[str, object]:
    """Calls and an option of prctl() that not all kernels have, asked with what no kernel accepts."""
    buffer = ctypes.create_string_buffer(4096)
    return {
        "pidfd_open (5.3)": answer(libc.syscall, 434, -1, 0),
        "close_range (5.9)": answer(libc.syscall, 436, 1, 0, 0),
        "epoll_pwait2 (5.11)": answer(libc.syscall, 441, -1, None, 0, None, None, 0),
        "futex_waitv (5.16)": answer(libc.syscall, 449, None, 0, 0, None, 0),
        "cachestat (6.5)": answer(libc.syscall, 451, -1, None, None, 0),
        "PR_GET_AUXV (6.4)": ok(answer(libc.prctl, 0x4155_5856, buffer, len(buffer), 0, 0)),
        "version": version(),
    }


def probe_status() -> dict[str, str]:
    lines = Path("/proc/self/status").read_text().splitlines()
    return {key: value.strip() for key, _, value in (line.partition(":") for line in lines)}


PROBES: dict[str, Callable[..., object]] = {
    name.removeprefix("probe_"): value for name, value in list(globals().items()) if name.startswith("probe_")
}


if __name__ == "__main__":
    print(json.dumps(PROBES[sys.argv[1]](*sys.argv[2:])))
