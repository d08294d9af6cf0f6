"""Runs a cell: starts a client of its own, and compares what came of it with what has to."""

from __future__ import annotations

import http.client
import re
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from cell import Cell, Fails, Passes, says
from client import Client, Diagnosis
from control import CallFailed
from locked_site import LockedSite
from processes import Processes, bare_environment
from tunnel import POLL_SECONDS

READY_SECONDS = 10.0
SAID_SECONDS = 5.0
LOG_SECONDS = 5.0
CALLS_AT_ONCE = 8
# Of doctor: which authorities are trusted.
TRUST_CHECK = "ca_bundle"
# What a log line begins with that tells of no trouble.
USUAL = re.compile('"level":"(DEBUG|INFO)"')
LOG_LINES = 4
LINE_CHARACTERS = 500


class Trial:
    def __init__(self, cell: Cell, site: LockedSite, folder: Path) -> None:
        self._cell = cell
        self._site = site
        self._folder = folder
        self._tunnel = ""
        self._problems: list[str] = []

    def run(self) -> list[str]:
        """What went wrong; nothing when the cell is as it has to be."""
        self._folder.mkdir()
        with Processes(self._folder) as processes:
            tunnel = self._site.control.new_tunnel()
            self._tunnel = tunnel["CONTROL_PLANE_TUNNEL_ID"]
            own = {"HEALTH_LISTEN_ADDR": "127.0.0.1:0", "LOG_FORMAT": "json", "LOG_LEVEL": "debug"}
            environment = bare_environment(**own, **tunnel, **self._cell.environment)
            client = Client(processes, self._site.client, environment)
            match self._cell.expected:
                case Passes() as expected:
                    self._pass(client, expected)
                case Fails() as expected:
                    self._fail(client, expected)
            self._look_for_secrets(client)
        if self._problems:
            self._problems.append(f"/readyz: {client.reason}")
            lines = [line for line in client.log.splitlines() if not USUAL.search(line)]
            self._problems += [f"| {line[:LINE_CHARACTERS]}" for line in lines[-LOG_LINES:]]
        return self._problems

    def _demand(self, holds: bool, problem: str) -> None:
        if not holds:
            self._problems.append(problem)

    def _pass(self, client: Client, expected: Passes) -> None:
        if not client.wait(READY_SECONDS, lambda ready: ready):
            self._problems.append("the client did not become ready")
            return
        self._call(expected.calls)
        diagnosis = client.doctor()
        self._write(diagnosis)
        self._demand(diagnosis.code == 0, f"doctor ends with code {diagnosis.code}: {diagnosis.first_failure}")
        if expected.bundle_alone:
            trusted = diagnosis.summary(TRUST_CHECK)
            alone = bool(trusted) and "built-in" not in trusted and "system's" not in trusted
            self._demand(alone, f"doctor says that it trusts {trusted!r}")
        client.process.stop()
        self._check_front(expected)
        self._check_proxies(expected)

    def _call(self, count: int) -> None:
        def call(_: int) -> str | None:
            try:
                self._site.control.call(self._tunnel)
            except (CallFailed, OSError, http.client.HTTPException) as error:
                return str(error)
            return None

        with ThreadPoolExecutor(CALLS_AT_ONCE) as pool:
            failed = [error for error in pool.map(call, range(count)) if error]
        self._demand(not failed, f"{len(failed)} of {count} calls failed: {failed[:1]}")

    def _check_front(self, expected: Passes) -> None:
        front = expected.front
        seen = front.requests()
        source = expected.door.source if expected.door else front.address
        verified = {"SUCCESS"} if expected.shown else {"NONE", "-"}
        self._demand(bool(seen), "the front saw no request")
        self._demand(
            all(request.source == source for request in seen),
            f"requests came from {sorted({request.source for request in seen})} instead of {source}",
        )
        self._demand(
            all(request.verified in verified for request in seen),
            f"client certificates were verified as {sorted({request.verified for request in seen})}",
        )
        protocols = {request.protocol for request in seen}
        self._demand(expected.protocol is None or protocols == {expected.protocol}, f"{sorted(protocols)} was spoken")

    def _check_proxies(self, expected: Passes) -> None:
        port = expected.front.port
        door, unused = expected.door, expected.unused
        if door:
            # squid writes of a tunnel when it ends.
            carried = until(LOG_SECONDS, lambda: bool(door.carried(port)))
            self._demand(carried, f"the log of {door.name} does not show the way")
        if door and door.account:
            named = all(door.account.user in line for line in door.carried(port)) or door.name != "squid"
            self._demand(named, f"the log of {door.name} does not show the user")
        if unused:
            self._demand(not unused.carried(port), f"the log of {unused.name} shows the way")

    def _fail(self, client: Client, expected: Fails) -> None:
        def is_said() -> bool:
            return says(client.reason, expected.said) or says(client.log, expected.said)

        ready = client.wait(SAID_SECONDS, lambda ready: ready or (expected.starts and is_said()))
        self._demand(not ready, "the client became ready")
        self._demand(is_said(), f"run does not say {expected.said!r}")
        diagnosis = client.doctor()
        self._write(diagnosis)
        failure = diagnosis.first_failure
        self._demand(
            failure is not None and failure.id == expected.check and says(failure.summary, expected.found),
            f"doctor does not say {expected.found!r} as {expected.check}: {failure}",
        )
        if failure is not None:
            self._demand(says(failure.advice, expected.advised), f"doctor does not advise {expected.advised!r}")
        if not expected.starts:
            self._demand(client.code() == 1, f"run ended with code {client.code()}")
        client.process.stop()
        for front in expected.fronts:
            taken = [request for request in front.requests() if request.status < http.client.BAD_REQUEST]
            self._demand(not taken, f"the front answered {len(taken)} requests with success")

    def _write(self, diagnosis: Diagnosis) -> None:
        (self._folder / "doctor.json").write_text(diagnosis.output, encoding="utf-8")

    def _look_for_secrets(self, client: Client) -> None:
        if not self._cell.secrets:
            return
        shown = "".join(client.command("config", "show")[1:])
        written = {file.name: file.read_text(encoding="utf-8", errors="replace") for file in self._folder.iterdir()}
        self._demand(bool(written.get("doctor.json")), "there is no report of doctor to look through")
        for name, text in {**written, "config show": shown, "/readyz": client.reason}.items():
            found = any(secret in text for secret in self._cell.secrets)
            self._demand(not found, f"{name} holds a password")


def until(seconds: float, holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + seconds
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(POLL_SECONDS)
    return True
