"""A unit of the service manager: its state, its processes with their SELinux domains, and its journal."""

from __future__ import annotations

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

# An emulated machine on a busy host takes a second for the work of a tenth of a second.
COMMAND_SECONDS = 180.0
POLL_SECONDS = 0.2
CGROUPS = Path("/sys/fs/cgroup/system.slice")


class CommandFailed(Exception):
    """A command ended with a code that is no success."""


def run(*command: str, seconds: float = COMMAND_SECONDS, ok: bool = True) -> subprocess.CompletedProcess[str]:
    """With `ok` a failure is CommandFailed, which holds the end of its output."""
    done = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace", timeout=seconds, check=False
    )
    if ok and done.returncode != 0:
        said = (done.stdout + done.stderr).strip()[-800:]
        raise CommandFailed(f"{' '.join(command)} ended with code {done.returncode}: {said}")
    return done


def run_on_terminal(*command: str, seconds: float) -> tuple[int, str]:
    """Code and output of a command on a terminal of its own, as an administrator types it.

    Domains that the command enters may write to an administrator's terminal, but not to the pipes of any process.
    """
    ours, theirs = os.openpty()
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs) as process:
        os.close(theirs)
        said = bytearray()
        reader = threading.Thread(target=read_all, args=(ours, said), daemon=True)
        reader.start()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            process.kill()
            raise
        finally:
            reader.join(POLL_SECONDS)
            os.close(ours)
    return process.returncode, said.decode("utf-8", "replace").replace("\r\n", "\n")


def read_all(descriptor: int, into: bytearray) -> None:
    """Until the last process has closed the other side, which reads as an error."""
    with contextlib.suppress(OSError):
        while part := os.read(descriptor, 4096):
            into += part


def wait_until(what: str, is_true: Callable[[], bool], seconds: float = COMMAND_SECONDS) -> list[str]:
    """Returns no line once it is true, or one that says what did not come true."""
    deadline = time.monotonic() + seconds
    while not is_true():
        if time.monotonic() > deadline:
            return [f"not within {seconds:.0f} s: {what}"]
        time.sleep(POLL_SECONDS)
    return []


@dataclass(frozen=True)
class Process:
    pid: int
    arguments: list[str]
    domain: str


class Unit:
    def __init__(self, name: str) -> None:
        self.name = name

    def show(self, name: str) -> str:
        return run("systemctl", "show", "--value", "-p", name, self.name).stdout.strip()

    def number(self, name: str) -> int:
        return int(self.show(name))

    @property
    def pid(self) -> int:
        return self.number("MainPID")

    @property
    def state(self) -> str:
        """`active/running`, for example."""
        return f"{self.show('ActiveState')}/{self.show('SubState')}"

    def start_milliseconds(self) -> float:
        """Time from the start of the main process to the moment that the service manager called the unit started."""
        return (self.number("ActiveEnterTimestampMonotonic") - self.number("ExecMainStartTimestampMonotonic")) / 1000

    def processes(self) -> list[Process]:
        """All processes of the unit."""
        group = self.show("ControlGroup")
        listed = CGROUPS.parent / group.lstrip("/") / "cgroup.procs" if group else None
        found = []
        for line in listed.read_text().split() if listed and listed.exists() else []:
            about = Path("/proc", line)
            try:
                domain = (about / "attr/current").read_text().strip("\0\n").split(":")[2]
                arguments = (about / "cmdline").read_text(errors="replace").strip("\0").split("\0")
            except OSError:
                continue
            found.append(Process(int(line), arguments, domain))
        return found

    def journal(self, lines: int = 15) -> list[str]:
        said = run("journalctl", "-q", "-o", "cat", "-n", str(lines), "-u", self.name, ok=False).stdout
        return said.splitlines()

    def is_as(self, state: str) -> list[str]:
        return [] if self.state == state else [f"{self.name} is {self.state} and not {state}"]
