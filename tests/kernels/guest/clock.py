"""The clock of the machine is stepped while a client runs: nothing that is measured in elapsed time may notice, and certificates are
judged by the new clock."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any

from lab import Lab

DAY = 86_400.0
# The certificates of the machine are valid for two days.
BEYOND_CERTIFICATES = 3 * DAY
# Longer than a poll, a look at an idle server, a backoff and the freshest age of anything.
SETTLE_SECONDS = 20.0
CALL_MILLISECONDS = 15_000
# Emulated on a busy host.
SHOWN_SECONDS = 90.0
LOOK_SECONDS = 0.2
# What a client may say of a clock that is right again or was stepped: nothing at all.
LOUD = ("WARN", "ERROR")


def stepped(seconds: float) -> None:
    """Sets the clock of this machine, which is a virtual one that ends with the job."""
    time.clock_settime(time.CLOCK_REALTIME, time.time() + seconds)


def survives(lab: Lab) -> list[str]:
    """A day forward and a day back, each with a call in flight and calls beside it."""
    lines: list[str] = []
    for name, seconds in (("a day forward", DAY), ("a day back", -DAY)):
        lines += [f"{name}: {line}" for line in _quiet(lab, lambda seconds=seconds: stepped(seconds))]
    return lines


def judges_certificates(lab: Lab) -> list[str]:
    """Beyond the end of the relay's certificate the next connection fails; with the clock set right it heals."""
    stepped(BEYOND_CERTIFICATES)
    try:
        lab.rotate(0)
        lines = _await(lab, "not ready, because the certificate has expired", lambda said: "the certificate has expired" in said[1])
        component = _health(lab, "control-plane")
        if component.get("details", {}).get("failure_hop") != "tls":
            lines.append(f"it is not shown as a fault of tls: {json.dumps(component)[:300]}")
    finally:
        stepped(-BEYOND_CERTIFICATES)
    return lines + _await(lab, "ready again", lambda said: said[0])


def _quiet(lab: Lab, step: Callable[[], None]) -> list[str]:
    """The step changes nothing: a call goes on, calls beside it are answered, readiness and components stay, and nothing is logged."""
    before, lines = len(_logged(lab)), list[str]()
    polls, slow = lab.metric("commands_poll_cycles_total") or 0.0, list[str]()
    caller = threading.Thread(target=lambda: slow.append(lab.slow(CALL_MILLISECONDS)))
    caller.start()
    time.sleep(1.0)
    begun = time.monotonic()
    step()
    called = 0
    while time.monotonic() - begun < SETTLE_SECONDS:
        is_ready, said = lab.client.is_ready()
        if not is_ready:
            lines.append(f"not ready after {time.monotonic() - begun:.1f} s: {said}")
            break
        lines += _degraded(lab)
        if called < 3:
            called += 1
            for channel in lab.channels:
                lines += lab.session(channel)
        time.sleep(LOOK_SECONDS)
    caller.join()
    if f"slept {CALL_MILLISECONDS} ms" not in slow:
        lines.append(f"the call in flight ended with {slow}")
    lines += [f"logged: {line[:300]}" for line in _logged(lab)[before:] if any(f'"{level}"' in line for level in LOUD)]
    rate = ((lab.metric("commands_poll_cycles_total") or 0.0) - polls) / SETTLE_SECONDS
    if rate > 50:
        lines.append(f"{rate:.0f} polls a second")
    return lines


def _logged(lab: Lab) -> list[str]:
    return lab.log_file.read_text(encoding="utf-8", errors="replace").splitlines()


def _degraded(lab: Lab) -> list[str]:
    components: dict[str, Any] = json.loads(lab.client.asked("/health?details=true") or "{}").get("components", {})
    wrong = {name: shown for name, shown in components.items() if shown["status"] == "degraded"}
    return [f"{name} is degraded: {json.dumps(shown)[:300]}" for name, shown in wrong.items() if name != "sandbox"]


def _health(lab: Lab, component: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(lab.client.asked(f"/health/{component}") or "{}")
    return found


def _await(lab: Lab, what: str, wanted: Callable[[tuple[bool, str]], bool]) -> list[str]:
    deadline = time.monotonic() + SHOWN_SECONDS
    while time.monotonic() < deadline:
        if wanted(lab.client.is_ready()):
            return []
        time.sleep(LOOK_SECONDS)
    return [f"not {what} within {SHOWN_SECONDS:.0f} s: {lab.client.is_ready()}"]
