#!/usr/bin/env python3
"""The cases, inside a machine. Prints one JSON object per line: the machine, each case, and finally `end`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable

import confined
import installing
import running
import serving
import upkeep
from call import Refused
from channel import landlock_of_this_kernel, say
from confined import Expected
from denials import denials, now, unknown
from lab import CHANNELS, CLIENT, JOB, Site
from service import CommandFailed, run

SHOWN = 24
# What the policy does on a kernel does not depend on it.
WITH_POLICY_PACKAGE = "6.12."


class Run:
    def __init__(self, settings: dict[str, object]) -> None:
        self._only = [str(each) for each in settings["only"]] if isinstance(settings["only"], list) else []
        self._landlock = landlock_of_this_kernel()
        self._client_landlock = min(self._landlock, int(str(settings["newest_landlock"])))
        self._site, self._expected = Site(), Expected()
        self.failed = False

    def all(self) -> None:
        say(release=os.uname().release, landlock=self._landlock)
        try:
            self._prepare() and self._cases()
        finally:
            self._site.end()
        self._case("audit: nothing was refused in the whole run", self._nothing_refused, is_needed=True)

    def _prepare(self) -> bool:
        """Without these no other case has anything to test."""
        site = self._site
        steps: tuple[tuple[str, Callable[[], list[str]]], ...] = (
            ("the machine enforces, and all its units run", booted),
            ("install: dpkg, modules loaded, services off", installing.all_installed),
            ("addresses, proxy, MCP servers", lambda: nothing(site.addresses, site.start_proxy, site.start_servers)),
            ("relay: started, makes tunnels", lambda: nothing(site.start_relay)),
            ("client: started with a credential, ready", lambda: nothing(site.configure) + serving.client_started(site)),
        )
        return all(self._case(name, step, is_needed=True) for name, step in steps)

    def _cases(self) -> None:
        site = self._site
        say(about=f"client: READY {CLIENT.start_milliseconds():.0f} ms after its start, in this machine")
        self._case("install: labels of all files", installing.labelled)
        for channel in CHANNELS:
            self._case(f"a session: {channel}", lambda channel=channel: site.served(channel))
        self._case("domain of each process, types of its directories", lambda: serving.domains(site))
        self._case("the way out: the proxy only", lambda: serving.way_out(site))
        self._case("cage and policy: what servers cannot reach", lambda: confined.caged(site, self._expected))
        self._case("policy: refuses what the cage does not", lambda: confined.module_alone(site, self._expected))
        self._case("doctor --sandbox in the unit's context", lambda: confined.doctor(self._client_landlock, self._expected))
        self._case("reload: credentials are read again", lambda: running.reloaded(site))
        self._case("reload: a broken configuration is refused", lambda: running.reload_refused(site))
        self._case("tunnel-client@second beside it", lambda: running.second_instance(site))
        self._case("outage: status names the hop, no restart", lambda: running.outage(site))
        self._case("SIGKILL: restarted", lambda: running.killed(site))
        self._case("SIGSTOP: restarted by the watchdog", lambda: running.hung(site))
        self._case("restart: another key", lambda: running.rotated(site))
        self._case("upgrade: the new program runs", lambda: upkeep.upgraded(site))
        self._case("upgrade: not with a broken configuration", lambda: upkeep.upgrade_refused(site))
        self._case("relabel: restorecon", lambda: upkeep.relabelled(site))
        if os.uname().release.startswith(WITH_POLICY_PACKAGE):
            self._case("relabel: the policy package again", lambda: upkeep.policy_installed_again(site))
        self._case("stop: in order, nothing is left", lambda: running.stopped(site))
        if not self._only or any("remove" in text or "purge" in text for text in self._only):
            self._case("remove: data stays", lambda: upkeep.removed(site))
            self._case("purge: nothing is left", lambda: upkeep.purged(site))

    def _nothing_refused(self) -> list[str]:
        return [str(each) for each in self._expected.without(unknown(denials()))]

    def _case(self, name: str, step: Callable[[], list[str]], is_needed: bool = False) -> bool:
        if self._only and not is_needed and not any(text in name for text in self._only):
            return True
        start, mark = time.monotonic(), now()
        try:
            lines = step()
        except (CommandFailed, Refused, OSError, KeyError, ValueError, StopIteration, subprocess.SubprocessError) as error:
            lines = [f"{type(error).__name__}: {error}"]
        if lines and not name.startswith("audit"):
            lines = [*lines[:SHOWN], *circumstances(self._expected, mark)]
        shown = lines[: 2 * SHOWN] + ([f"and {len(lines) - 2 * SHOWN} more"] if len(lines) > 2 * SHOWN else [])
        say(case=name, seconds=round(time.monotonic() - start, 1), lines=shown)
        self.failed |= bool(lines)
        return not lines


def circumstances(expected: Expected, mark: float) -> list[str]:
    """What was logged and refused meanwhile."""
    try:
        said = run("journalctl", "-q", "-o", "short-monotonic", f"--since=@{mark:.0f}", "-n", "12", "-u", "tunnel-*").stdout
        refused = expected.without(unknown(denials(mark)))
    except (CommandFailed, OSError, subprocess.SubprocessError) as error:
        return [f"| {error}"]
    return [f"| {line[:300]}" for line in said.splitlines()] + [f"| {each}" for each in refused[:SHOWN]]


def nothing(*steps: Callable[[], None]) -> list[str]:
    for step in steps:
        step()
    return []


def booted() -> list[str]:
    lines = [] if run("getenforce").stdout.strip() == "Enforcing" else ["SELinux does not enforce"]
    failed = run("systemctl", "list-units", "--failed", "--no-legend", "--plain").stdout
    return lines + [f"failed: {line}" for line in failed.splitlines()]


def main() -> int:
    settings = json.loads((JOB / "guest/settings.json").read_text(encoding="utf-8"))
    tests = Run(settings)
    try:
        tests.all()
    except (CommandFailed, OSError) as error:
        say(case="the machine can be used at all", seconds=0, lines=[str(error)])
    say(end=True)
    return 1 if tests.failed else 0


if __name__ == "__main__":
    sys.exit(main())
