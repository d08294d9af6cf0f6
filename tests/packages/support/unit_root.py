"""A folder that looks like an installed system to systemd-analyze: the units, drop-ins, and programs that only have to be there."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

SYSTEMD = Path(__file__).resolve().parents[3] / "systemd"
UNITS = ("tunnel-client.service", "tunnel-client@.service", "tunnel-relay.service")
# What the units run, and the units of the system that they name.
PROGRAMS = ("tunnel-client", "tunnel-relay", "kill", "nsenter", "setpriv", "env")
TARGETS = ("sysinit", "basic", "shutdown", "network-online", "nss-lookup")
ANALYZE_SECONDS = 120


class UnitRoot:
    """Units of one generation. `folder` is empty, and the caller's to remove."""

    def __init__(self, folder: Path, generation: str | None = None) -> None:
        self.folder = folder
        self.units = folder / "usr/lib/systemd/system"
        self.units.mkdir(parents=True)
        source = SYSTEMD / "older" / generation if generation else SYSTEMD
        for unit in UNITS:
            shutil.copy(source / unit, self.units / unit)
        for target in TARGETS:
            (self.units / f"{target}.target").write_text(f"[Unit]\nDescription={target}\n")
        programs = folder / "usr/bin"
        programs.mkdir()
        (folder / "bin").symlink_to("usr/bin")
        for program in PROGRAMS:
            (programs / program).write_text("#!/bin/sh\n")
            (programs / program).chmod(0o755)

    def set_drop_ins(self, unit: str, drop_ins: list[Path]) -> None:
        """Exactly these, in this order, for the unit or the template of the instance."""
        for folder in (self.folder / "etc/systemd/system").glob("*.d"):
            shutil.rmtree(folder)
        name, at, _ = unit.partition("@")
        folder = self.folder / "etc/systemd/system" / f"{name}{at}{'.service' if at else ''}.d"
        folder.mkdir(parents=True)
        for number, drop_in in enumerate(drop_ins):
            shutil.copy(drop_in, folder / f"{number}-{drop_in.name}")

    def verify(self, unit: str) -> str:
        """What systemd-analyze finds wrong; warnings, too."""
        run = self._analyze("verify", "--man=no", unit)
        said = run.stdout + run.stderr
        return said or (f"exit code {run.returncode}" if run.returncode else "")

    def security(self, unit: str, *options: str) -> subprocess.CompletedProcess[str]:
        return self._analyze("security", "--offline=true", "--no-pager", *options, unit)

    def _analyze(self, verb: str, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = ["systemd-analyze", verb, f"--root={self.folder}", *arguments]
        environment = {**os.environ, "LC_ALL": "C", "SYSTEMD_COLORS": "0"}
        return subprocess.run(command, capture_output=True, text=True, timeout=ANALYZE_SECONDS, env=environment, check=False)
