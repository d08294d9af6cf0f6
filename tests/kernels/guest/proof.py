"""Compares the report of `doctor --sandbox` with the capabilities of a kernel with this version of landlock."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from lab import Lab

# It ends by itself after ten minutes.
DOCTOR_SECONDS = 660.0
# Fewer mean that a list has lost entries, or that a place was left out.
LEAST = {
    "the client's main thread": 140,
    "a thread that resolves names": 12,
    "a stdio server, sandbox: default": 100,
    "a stdio server, sandbox: strict": 15,
}
SHOWN = 8


def proved(lab: Lab, landlock: int) -> list[str]:
    """Returns a line for each unexpected result."""
    done = lab.run("doctor", "--sandbox", "--json", seconds=DOCTOR_SECONDS)
    return compared(done.returncode, done.stdout, done.stderr, landlock)


def compared(code: int, output: str, errors: str, landlock: int) -> list[str]:
    """Returns a line for each unexpected result of `doctor --sandbox --json`."""
    try:
        report = json.loads(output)
    except ValueError:
        return [f"doctor --sandbox ended with code {code}: {errors.strip()[-300:]}"]
    lines = [] if (code, report["result"]) == (0, "ok") else [
        f"doctor --sandbox ended with code {code}, result {report['result']}"
    ]  # fmt: skip
    if report["landlock"] != landlock:
        lines.append(f"landlock is {report['landlock']} and not {landlock}")
    probes = report["probes"]
    lines += [line for probe in probes for line in judged(probe, landlock)]
    for place, least in LEAST.items():
        # Without landlock `strict` cannot be enforced.
        least = least if landlock or "strict" not in place else 0
        tried = [probe for probe in probes if probe["place"] == place and probe["verdict"] != "not tried"]
        if len(tried) < least:
            lines.append(f"{place}: {len(tried)} probes were tried, and not {least}")
    return lines


def judged(probe: dict[str, Any], landlock: int) -> list[str]:
    """Returns a line unless a probe is open exactly where a later version of landlock closes it."""
    verdict, since = probe["verdict"], probe.get("landlock_since")
    what = f"{probe['place']}: {probe['name']}: {verdict} ({probe['with']}; without the cage {probe['without']})"
    is_older = since is not None and since > landlock
    if verdict == "WRONG" or (verdict == "open" and not is_older):
        return [what]
    # Without landlock, the filter of calls (EPERM) and the marks of the processes (EACCES in /proc) still refuse some of it. Beyond its first
    # version, a refusal means that the kernel has a later one than it says.
    if verdict == "refused" and is_older and since > 1 and not probe["anyway"]:
        return [f"{what}, which only landlock {since} does"]
    return []
