"""The official conformance suite: what each of its checks said."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path

from peers import Peers
from processes import ProcessFailed

SUITE_SECONDS = 150.0
# With how many checks the pinned suite passes directly; less would mean that scenarios were left out unnoticed.
CHECKS = 44


@dataclass(frozen=True)
class Verdict:
    passed: frozenset[tuple[str, str]]
    """(scenario, check) of all that passed."""
    failed: dict[tuple[str, str], str]
    """The same of all that failed, with the suite's words."""


def run_suite(peers: Peers, url: str) -> Verdict:
    code, results, log = peers.run_suite(url, SUITE_SECONDS)
    verdict = read_results(results)
    if (code == 0) != (not verdict.failed) or not verdict.passed:
        raise ProcessFailed(f"the conformance suite ended with code {code}", log)
    return verdict


def read_results(results: Path) -> Verdict:
    passed, failed = set(), {}
    for file in sorted(results.glob("*/checks.json")):
        # The folder is called server-SCENARIO-TIME, the time as 2026-01-31T12-00-00-000Z.
        scenario = file.parent.name.removeprefix("server-").rsplit("-", 6)[0]
        for check in json.loads(file.read_text(encoding="utf-8")):
            name = (scenario, check["id"])
            if check["status"] == "SUCCESS":
                passed.add(name)
            elif check["status"] == "FAILURE":
                failed[name] = check.get("errorMessage", "")
    return Verdict(frozenset(passed), failed)


def compare(direct: Verdict, tunnel: Verdict) -> list[str]:
    """One line for each check that did not end as it does directly."""
    lines = [f"{scenario}: {check} fails: {why}" for (scenario, check), why in tunnel.failed.items()]
    for scenario, check in sorted(direct.passed - tunnel.passed - tunnel.failed.keys()):
        lines.append(f"{scenario}: {check} passes directly and was not reached through the tunnel")
    return lines
