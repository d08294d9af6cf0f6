"""Child processes: each has a log of its own, is waited for with a bound, and is ended by its pid."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

STOP_SECONDS = 10.0
POLL_SECONDS = 0.02


LAST_LINES = 12
LINE_CHARACTERS = 240


class ProcessFailed(Exception):
    """A process ended, or did not do in time what it was started for."""

    def __init__(self, what: str, log: Path) -> None:
        super().__init__(f"{what}, see {log}")
        lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
        self.last_lines = [line[:LINE_CHARACTERS] for line in lines[-LAST_LINES:]]


class Processes:
    """All processes of a run, which end with its `with` block, the youngest first."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._running: list[Child] = []
        self._started = 0

    def __enter__(self) -> Processes:
        return self

    def __exit__(self, *_: object) -> None:
        self._stop_down_to(0)

    @contextlib.contextmanager
    def scope(self) -> Iterator[None]:
        """Ends the processes started inside the block already at its end."""
        before = len(self._running)
        try:
            yield
        finally:
            self._stop_down_to(before)

    def _stop_down_to(self, count: int) -> None:
        while len(self._running) > count:
            self._running.pop().stop()

    def start(self, name: str, command: list[str], environment: dict[str, str]) -> Child:
        """Starts `command` with exactly that environment; stdin is empty, all output goes to the log."""
        self._started += 1
        log = self.folder / f"{self._started:03}-{name}.log"
        with log.open("wb") as output:
            process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT, env=environment
            )
        child = Child(name, process, log)
        self._running.append(child)
        return child


class Child:
    def __init__(self, name: str, process: subprocess.Popen[bytes], log: Path) -> None:
        self.name = name
        self.log = log
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    def wait_for_file(self, path: Path, seconds: float) -> str:
        """The stripped contents of a file that the process writes atomically once it is ready."""
        deadline = time.monotonic() + seconds
        while not path.exists():
            self.check_running()
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{self.name} did not write {path.name} within {seconds:.0f} s", self.log)
            time.sleep(POLL_SECONDS)
        return path.read_text(encoding="utf-8").strip()

    def printed(self, words: str) -> str:
        """What stands behind these words at the beginning of a line that the process has printed."""
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines()
        for line in lines:
            if line.startswith(words):
                return line.removeprefix(words).strip()
        raise ProcessFailed(f"{self.name} did not print {words!r}", self.log)

    def check_running(self) -> None:
        code = self._process.poll()
        if code is not None:
            raise ProcessFailed(f"{self.name} ended with code {code}", self.log)

    def wait(self, seconds: float) -> int:
        """The exit code, or ProcessFailed when it takes longer."""
        try:
            return self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.stop()
            raise ProcessFailed(f"{self.name} was still busy after {seconds:.0f} s", self.log) from None

    def stop(self) -> None:
        """Asks it to end, then makes it end. Harmless when it has ended already."""
        if self._process.poll() is not None:
            return
        self._process.send_signal(signal.SIGTERM)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


def bare_environment(**more: str) -> dict[str, str]:
    """What a program needs to run at all: nothing of the caller's proxies, keys or Python settings."""
    kept = {name: os.environ[name] for name in ("HOME", "PATH", "LANG", "TMPDIR") if name in os.environ}
    return {**kept, **more}
