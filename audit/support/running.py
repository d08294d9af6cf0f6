"""Runs the command of a claim: in the clone, offline, with a bound on its time, and with its output in a file."""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import os
import re
import signal
import socket
import struct
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

# <linux/sched.h>, <linux/sockios.h>, <linux/if.h>
CLONE_NEWNET, SIOCSIFFLAGS, IFF_UP = 0x40000000, 0x8914, 1
# A busy machine takes several times what a claim takes on an idle one.
PATIENCE, LEAST_SECONDS = 8, 900
TESTS_PASSED = re.compile(r"^test result: ok\. (\d+) passed; 0 failed", re.MULTILINE)
COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Outcome:
    code: int
    seconds: float
    output: str
    ended: bool


def leave_the_network() -> bool:
    """Moves this process and all that it starts into a network with nothing but loopback. False: only root may."""
    library = ctypes.CDLL(None, use_errno=True)
    if library.unshare(CLONE_NEWNET):
        return False
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, struct.pack("16sH22x", b"lo", IFF_UP))
    return True


def interfaces() -> list[str]:
    """Network interfaces that this process sees."""
    return sorted(name for _, name in socket.if_nameindex())


def environment(root: Path) -> dict[str, str]:
    """That of the caller, offline, without colours, and with the folder of build products that ./check uses."""
    script = "set -euo pipefail; source scripts/lib.sh; use_shared_target_dir; printf '%s\\n' \"$CARGO_TARGET_DIR\""
    said = subprocess.run(["bash", "-c", script], cwd=root, check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()
    kept = {name: value for name, value in os.environ.items() if name != "GIT_DIR"}
    return kept | {
        "CARGO_TARGET_DIR": said,
        "CARGO_NET_OFFLINE": "true",
        "CARGO_TERM_COLOR": "never",
        "NO_COLOR": "1",
    }


def run(command: str, root: Path, variables: dict[str, str], usual_seconds: int, log: Path) -> Outcome:
    """The command's outcome. One that takes too long is ended with all that it started."""
    started = time.monotonic()
    limit = max(LEAST_SECONDS, PATIENCE * usual_seconds)
    ended = False
    with log.open("wb") as output:
        child = subprocess.Popen(
            ["bash", "-c", command], cwd=root, env=variables, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, start_new_session=True
        )
        try:
            child.wait(limit)
        except subprocess.TimeoutExpired:
            ended = True
            with contextlib.suppress(ProcessLookupError):
                os.killpg(child.pid, signal.SIGKILL)
            child.wait()
    text = COLOUR.sub("", log.read_text(encoding="utf-8", errors="replace"))
    return Outcome(child.returncode, time.monotonic() - started, text, ended)


def judge(outcome: Outcome, expect: str | None, tests: int | None) -> str:
    """What keeps the outcome from being a pass; nothing if it is one."""
    if outcome.ended:
        return f"it was ended after {outcome.seconds:.0f} s"
    if outcome.code:
        return f"exit code {outcome.code}"
    if expect and not re.search(expect, outcome.output, re.MULTILINE):
        return "the output does not say what a pass says"
    passed = sum(int(count) for count in TESTS_PASSED.findall(outcome.output))
    if expect is None and tests is not None and passed < tests:
        return f"{passed} tests passed; the files hold {tests}"
    return ""
