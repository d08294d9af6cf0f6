"""Runs cargo-deny and reads what it found."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
# An entry of deny.toml that matches nothing. It may be for the other lock file.
UNUSED = {
    "advisory-not-detected",
    "license-exception-not-encountered",
    "license-not-encountered",
    "unmatched-skip",
    "unnecessary-skip",
    "yanked-not-detected",
}


@dataclass(frozen=True)
class Finding:
    """One error or warning. The rules have no warnings: whatever is found has to be settled."""

    code: str
    message: str
    crate: str
    details: tuple[str, ...]
    manifest: str

    def __str__(self) -> str:
        where = f"{self.crate}: " if self.crate else ""
        return "\n".join([f"{self.manifest}: {self.code}: {where}{self.message}", *(f"    {line}" for line in self.details)])


class CargoDeny:
    """The program at its pinned version, over each lock file of the repository."""

    def __init__(self) -> None:
        install = ROOT / "scripts" / "install-cargo-deny"
        self._program = subprocess.run([str(install)], check=True, stdout=subprocess.PIPE, encoding="utf-8").stdout.strip()
        folders = [ROOT, ROOT / "fuzz", ROOT / "proofs"]
        self._manifests = [folder / "Cargo.toml" for folder in folders if (folder / "Cargo.lock").exists()]

    def check(self, checks: list[str], databases: Path | None = None) -> list[Finding]:
        runs = [self._run(manifest, checks, databases) for manifest in self._manifests]
        unused = [{each.message + str(each.details) for each in run if each.code in UNUSED} for run in runs]
        in_all = set.intersection(*unused)
        first, *others = runs
        return [each for each in first if each.code not in UNUSED or each.message + str(each.details) in in_all] + [
            each for run in others for each in run if each.code not in UNUSED
        ]

    def _run(self, manifest: Path, checks: list[str], databases: Path | None) -> list[Finding]:
        environment = {**os.environ, "ADVISORY_DBS": str(databases or ROOT / "advisory-dbs")}
        # The exception for the client's own folder matches only where the client is a dependency.
        allowed = ["--allow", "unmatched-bypass"]
        # Two versions of a crate are no matter where nothing is shipped.
        allowed += [] if manifest.parent == ROOT else ["--allow", "duplicate"]
        command = [self._program, "--frozen", "--workspace", "--manifest-path", str(manifest), "--config", str(ROOT / "deny.toml")]
        done = subprocess.run(
            [*command, "--format", "json", "check", *allowed, *checks],
            env=environment,
            check=False,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            encoding="utf-8",
        )
        lines = [json.loads(line) for line in done.stderr.splitlines() if line.startswith("{")]
        name = str(manifest.relative_to(ROOT))
        found = [
            finding(name, line["fields"])
            for line in lines
            if line["type"] == "diagnostic" and line["fields"]["severity"] in ("error", "warning")
        ]
        # Without a summary nothing was checked, whatever the exit code is.
        if not any(line["type"] == "summary" for line in lines) or (done.returncode != 0 and not found):
            sys.exit(f"error: {name}: cargo-deny ended with code {done.returncode}:\n{done.stderr.strip()}")
        return found


def finding(manifest: str, fields: dict) -> Finding:
    crate = next((graph["Krate"] for graph in fields.get("graphs", [])), None)
    labels = [f"{label.get('span', '')}: {label['message']}" if label.get("message") else label.get("span", "") for label in fields.get("labels", [])]
    notes = [line for note in fields.get("notes", []) for line in note.splitlines()]
    return Finding(
        fields.get("code", "error"),
        fields["message"],
        f"{crate['name']} {crate['version']}" if crate else "",
        tuple(line.replace("\n", " ") for line in [*labels, *notes]),
        manifest,
    )
