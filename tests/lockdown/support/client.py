"""A `tunnel-client run` at the site: whether it is ready, and what it logs."""

from __future__ import annotations

import http.client
import json
import socket
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import Child, ProcessFailed

START_SECONDS = 20.0
POLL_SECONDS = 0.05
ANSWER_BYTES = 1 << 20


@dataclass
class Client:
    child: Child
    tunnel: str
    _health: Path

    def is_ready(self) -> tuple[bool, str]:
        """Answer of /readyz."""
        try:
            status, said = self._ask("/readyz")
        except OSError as error:
            return False, str(error)
        return status == 200, said[:300].strip()

    def asked(self, path: str) -> str:
        """Answer of the health listener; empty when it does not answer."""
        try:
            return self._ask(path)[1]
        except OSError:
            return ""

    def _ask(self, path: str) -> tuple[int, str]:
        """Over a unix socket, which leads out of the namespace."""
        connection = http.client.HTTPConnection("localhost", timeout=START_SECONDS)
        try:
            connection.sock = socket.socket(socket.AF_UNIX)
            connection.sock.settimeout(START_SECONDS)
            connection.sock.connect(str(self._health))
            connection.request("GET", path)
            answer = connection.getresponse()
            return answer.status, answer.read(ANSWER_BYTES).decode("utf-8", "replace")
        finally:
            connection.close()

    def wait_until_ready(self, seconds: float = START_SECONDS) -> None:
        deadline = time.monotonic() + seconds
        reason = ""
        while time.monotonic() < deadline:
            self.child.check_running()
            ready, reason = self.is_ready()
            if ready:
                return
            time.sleep(POLL_SECONDS)
        raise ProcessFailed(f"{self.child.name} was not ready after {seconds:.0f} s ({reason})", self.child.log)

    def code_within(self, seconds: float) -> int | None:
        """The exit code, or None when it still runs after that time."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                self.child.check_running()
            except ProcessFailed:
                return self.child.wait(0)
            time.sleep(POLL_SECONDS)
        return None

    def log_size(self) -> int:
        return self.child.log.stat().st_size

    def logged_since(self, size: int) -> list[dict[str, Any]]:
        """The complete JSON lines that were logged after the log had that size."""
        with self.child.log.open("rb") as log:
            log.seek(size)
            lines = log.read().split(b"\n")[:-1]
        return [json.loads(line) for line in lines if line.startswith(b"{")]
