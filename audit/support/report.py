"""The report of audit/evidence: the same facts as JSON and as a page for people."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from claims import Claim

SHOWN, FAILED, NOT_SHOWN = "shown", "failed", "not shown"
FORMAT = "tunnel-client evidence 1"


@dataclass(frozen=True)
class Verdict:
    claim: Claim
    verdict: str
    reason: str = ""
    seconds: float = 0.0
    source: str = "run"
    log: str = ""
    log_sha256: str = ""


@dataclass(frozen=True)
class Report:
    """`facts` are about the run; `faults` are what makes all of it doubtful, such as a clone with changes."""

    facts: dict[str, Any]
    faults: list[str]
    verdicts: list[Verdict]

    @property
    def good(self) -> bool:
        return bool(self.verdicts) and not self.faults and all(each.verdict == SHOWN for each in self.verdicts)

    def count(self, verdict: str) -> int:
        return sum(each.verdict == verdict for each in self.verdicts)

    def headline(self) -> str:
        counts = f"{self.count(SHOWN)} shown, {self.count(FAILED)} failed, {self.count(NOT_SHOWN)} not shown"
        if self.facts["only"]:
            return f"PART OF A REPORT: only the claims {', '.join(self.facts['only'])} were asked for: {counts}."
        return f"All claims are shown: {counts}." if self.good else f"NOT ALL CLAIMS ARE SHOWN: {counts}."

    def as_json(self) -> str:
        rows = [
            {
                "id": each.claim.id,
                "claim": each.claim.says,
                "command": each.claim.command,
                "verdict": each.verdict,
                "reason": each.reason,
                "seconds": round(each.seconds, 1),
                "source": each.source,
                "log": each.log,
                "log_sha256": each.log_sha256,
            }
            for each in self.verdicts
        ]
        content = {"format": FORMAT, "good": self.good, "faults": self.faults, **self.facts, "claims": rows}
        return json.dumps(content, indent=2, ensure_ascii=False) + "\n"

    def as_markdown(self) -> str:
        out = ["# Evidence for tunnel-client", "", f"**{self.headline()}**", ""]
        out += [f"**{self.facts['signature']}**", ""]
        out += self._troubles()
        out += [
            "Each claim is a sentence about the program. *Shown* means that the command next to it was run for this report on the commit below,",
            "or is in the signed result that is named below, and passed. *Failed* means that it ran and did not pass. *Not shown* means that",
            "nothing was learnt: treat the claim as untrue until it is shown. To repeat one: `audit/evidence --only ID` in the root of the clone.",
            "",
        ]
        out += self._facts()
        for topic in dict.fromkeys(each.claim.topic for each in self.verdicts):
            out += [f"## {topic}", "", "| claim | verdict | seconds | command |", "|---|---|---|---|"]
            out += [self._row(each) for each in self.verdicts if each.claim.topic == topic]
            out.append("")
        return "\n".join(out).rstrip() + "\n"

    def _troubles(self) -> list[str]:
        wrong = [each for each in self.verdicts if each.verdict != SHOWN]
        if not wrong and not self.faults:
            return []
        out = [f"- **{cell(fault)}**" for fault in self.faults]
        for verdict in (FAILED, NOT_SHOWN):
            out += [
                f"- **{verdict}**: `{each.claim.id}`: {each.claim.says} Reason: {each.reason}." + (f" Output: `{each.log}`." if each.log else "")
                for each in wrong
                if each.verdict == verdict
            ]
        return [*out, ""]

    def _facts(self) -> list[str]:
        facts = self.facts
        rows = [
            ("commit", f"`{facts['commit']}`"),
            ("run", f"{facts['begun']} to {facts['ended']} ({facts['minutes']} min), {facts['user']}"),
            ("machine", f"{facts['machine']}, {facts['processors']} processors, {facts['system']}"),
            ("network during the run", facts["network"]),
            ("signed result of `./check`", facts["result"]),
            *((f"program {name}", f"SHA-256 `{digest}`") for name, digest in facts["programs"].items()),
            *((f"tool {name}", version) for name, version in facts["tools"].items()),
        ]
        return ["## What was examined", "", "| | |", "|---|---|", *(f"| {cell(name)} | {cell(value)} |" for name, value in rows), ""]

    @staticmethod
    def _row(each: Verdict) -> str:
        verdict = each.verdict if each.verdict == SHOWN else f"**{each.verdict}**: {each.reason}"
        if each.verdict == SHOWN and each.source != "run":
            verdict += f" ({each.source})"
        return f"| `{each.claim.id}`: {cell(each.claim.says)} | {cell(verdict)} | {each.seconds:.0f} | `{cell(each.claim.command)}` |"


def cell(text: str) -> str:
    """Text that stays within one cell of a table."""
    return " ".join(text.split()).replace("|", "\\|")
