#!/usr/bin/env python3
"""The cases, inside a machine. Prints one JSON object per line: the machine, each case, and finally `end`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from call import Refused
import clock
from channel import landlock_of_this_kernel, say
from lab import JOB, STOP_SECONDS, Ends, Lab, descendants, is_running
from operators import OPERATORS, Operator
from processes import Processes, ProcessFailed
from proof import SHOWN, proved

NO_LANDLOCK = "this kernel has no landlock (Linux 5.13 or newer"
GENERATION = "credentials_generation"
REFUSAL_SECONDS = 60.0
# The first version with rules about TCP (Linux 6.7).
NETWORK_LANDLOCK = 4


class Run:
    def __init__(self, folder: Path, processes: Processes, settings: dict[str, object]) -> None:
        self._folder, self._processes = folder, processes
        self._only: list[str] = [str(each) for each in settings["only"]] if isinstance(settings["only"], list) else []
        self._every_proof = settings["every_proof"] is True
        self._landlock = landlock_of_this_kernel()
        self._client_landlock = min(self._landlock, int(str(settings["newest_landlock"])))
        self.failed = False

    def all(self) -> None:
        say(release=os.uname().release, landlock=self._landlock)
        mode = "enforce" if self._landlock else "best-effort"
        ends = Ends(self._processes, self._folder, 2 * len(OPERATORS))
        for operator in OPERATORS:
            lab = Lab(self._folder, operator, ends, mode, self._landlock)
            with self._processes.scope():
                self._operate(lab)
            if self._is_proved(operator):
                self._case(operator, "doctor --sandbox", lambda lab=lab: proved(lab, self._client_landlock))
        if not self._landlock:
            for operator in OPERATORS[:2]:
                folder = self._folder / "enforce"
                folder.mkdir(exist_ok=True)
                lab = Lab(folder, operator, ends, "enforce", self._landlock)
                self._case(operator, "enforce starts nothing and says why", lambda lab=lab: refused(lab))

    def _is_proved(self, operator: Operator) -> bool:
        """As user where landlock has no rules about the network, and as root where it has, unless every proof was asked for."""
        return operator.is_proved and (self._every_proof or (operator.starts == 0) == (self._landlock >= NETWORK_LANDLOCK))

    def _operate(self, lab: Lab) -> None:
        started = self._case(lab.operator, "client and broker start", lambda: started_by(lab, self._processes))
        if not started:
            return
        for channel in lab.channels:
            self._case(lab.operator, f"a session: {channel}", lambda channel=channel: lab.session(channel))
        if lab.operator is OPERATORS[0]:
            # No part of it depends on the user.
            self._case(lab.operator, "clock: a day forward, a day back", lambda: clock.survives(lab))
            self._case(lab.operator, "clock: certificates are judged by the new one", lambda: clock.judges_certificates(lab))
        self._case(lab.operator, "rotation of the key, SIGHUP", lambda: rotated(lab))
        self._case(lab.operator, "SIGTERM: all ends, no file is left", lambda: ended(lab))

    def _case(self, operator: Operator, name: str, run: Callable[[], list[str]]) -> bool:
        name = f"{operator.name}: {name}"
        # Without the start the other cases have no client to test.
        if self._only and not name.endswith("start") and not any(text in name for text in self._only):
            return True
        start = time.monotonic()
        try:
            lines = run()
        except (ProcessFailed, Refused, OSError, KeyError, ValueError, subprocess.SubprocessError) as error:
            lines = [f"{type(error).__name__}: {error}", *(f"| {line}" for line in getattr(error, "last_lines", []))]
        shown = lines[:SHOWN] + ([f"and {len(lines) - SHOWN} more"] if len(lines) > SHOWN else [])
        say(case=name, seconds=round(time.monotonic() - start, 1), lines=shown)
        self.failed |= bool(lines)
        return not lines


def started_by(lab: Lab, processes: Processes) -> list[str]:
    try:
        lab.start(processes)
    except ProcessFailed:
        # The output of the process says more than its exit code.
        wrong = panics(lab)
        if not wrong:
            raise
        return ["the client does not start", *wrong]
    return panics(lab)


def panics(lab: Lab) -> list[str]:
    return [line[:300] for line in lab.said() if "panicked" in line]


def rotated(lab: Lab) -> list[str]:
    before = lab.metric(GENERATION) or 0.0
    lab.rotate()
    lines = lab.await_metric(GENERATION, before + 1.0)
    for channel in lab.channels[:2]:
        lines += lab.session(channel)
    return lines


def ended(lab: Lab) -> list[str]:
    processes = descendants(lab.pid)
    lines = [] if len(processes) > 2 else [f"only these ran: {processes}"]
    if not lab.left():
        lines.append("no file was there while it ran")
    os.kill(lab.pid, 15)
    code = lab.child.wait(STOP_SECONDS)
    lines += [] if code == 0 else [f"the client ended with code {code}"]
    lines += [f"process {pid} is left" for pid in processes if is_running(pid)]
    lines += [f"{file} is left" for file in lab.left()]
    return lines + panics(lab)


def refused(lab: Lab) -> list[str]:
    done = lab.run("run", seconds=REFUSAL_SECONDS)
    said = done.stderr + (lab.log_file.read_text(encoding="utf-8") if lab.log_file.exists() else "")
    lines = [] if done.returncode == 1 else [f"it ended with code {done.returncode}"]
    return lines + ([] if NO_LANDLOCK in said else [f"it does not say {NO_LANDLOCK!r}: {said[-300:]}"])


def main() -> int:
    settings = json.loads((JOB / "guest/settings.json").read_text(encoding="utf-8"))
    folder = Path(tempfile.mkdtemp(prefix="run-", dir="/srv"))
    # It contains folders of other users.
    folder.chmod(0o755)
    with Processes(folder) as processes:
        run = Run(folder, processes, settings)
        try:
            run.all()
        except (ProcessFailed, OSError) as error:
            lines = [str(error), *(f"| {line}" for line in getattr(error, "last_lines", []))]
            say(case="the machine can be used at all", seconds=0, lines=lines)
    say(end=True)
    return 1 if run.failed else 0


if __name__ == "__main__":
    sys.exit(main())
