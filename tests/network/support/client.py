"""tunnel-client in one cell: the daemon, what it says of itself, and what doctor says."""

from __future__ import annotations

import json
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import STOP_SECONDS, Child, Processes, ProcessFailed
from tunnel import POLL_SECONDS

COMMAND_SECONDS = 30.0
BEGIN_SECONDS = 10.0


@dataclass(frozen=True)
class Check:
    """One check of doctor."""

    id: str
    status: str
    summary: str
    advice: str


@dataclass(frozen=True)
class Diagnosis:
    code: int
    checks: list[Check]
    output: str

    @property
    def first_failure(self) -> Check | None:
        return next((check for check in self.checks if check.status == "FAIL"), None)

    def summary(self, identity: str) -> str:
        return next((check.summary for check in self.checks if check.id == identity), "")


class Client:
    """Starts `run`; `doctor` and others run beside it with the same settings."""

    def __init__(self, processes: Processes, binary: Path, environment: dict[str, str]) -> None:
        self._binary = str(binary)
        self._url_file = processes.folder / "health.url"
        self._environment = environment
        own = {"HEALTH_URL_FILE": str(self._url_file)}
        self.process: Child = processes.start("client", [self._binary, "run"], {**environment, **own})
        self.reason = "it did not begin"
        """What /readyz said last."""

    @property
    def log(self) -> str:
        return self.process.log.read_text(encoding="utf-8", errors="replace")

    def wait(self, seconds: float, enough: Callable[[bool], bool]) -> bool:
        """Looks at readiness until `enough`, the end of the process or of the time. True when it is ready."""
        deadline = time.monotonic() + seconds
        while True:
            ready = self._look()
            if enough(ready) or self.ended() or time.monotonic() > deadline:
                return ready
            time.sleep(POLL_SECONDS)

    def ended(self) -> bool:
        try:
            self.process.check_running()
        except ProcessFailed:
            return True
        return False

    def code(self) -> int | None:
        """The exit code, if it ended by itself."""
        return self.process.wait(STOP_SECONDS) if self.ended() else None

    def _look(self) -> bool:
        if not self._url_file.exists():
            return False
        url = self._url_file.read_text(encoding="utf-8").strip()
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
        try:
            with direct.open(f"{url}/readyz", timeout=BEGIN_SECONDS) as answer:
                self.reason = str(answer.read(500), "utf-8", "replace").strip()
                return True
        except urllib.error.HTTPError as error:
            self.reason = str(error.read(500), "utf-8", "replace").strip()
        except OSError as error:
            self.reason = str(error)
        return False

    def doctor(self) -> Diagnosis:
        code, output, errors = self.command("doctor", "--json")
        try:
            report: dict[str, Any] = json.loads(output)
        except ValueError:
            report = {"checks": []}
        checks = [
            Check(check["id"], check["status"], check["summary"], "; ".join(check.get("next", [])))
            for check in report["checks"]
        ]
        return Diagnosis(code, checks, output + errors)

    def command(self, *words: str) -> tuple[int, str, str]:
        done = subprocess.run(
            [self._binary, *words],
            env=self._environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=COMMAND_SECONDS,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr
