"""The packages themselves: same bytes from every build, nothing that lintian and rpmlint complain about."""

from __future__ import annotations

import hashlib
import re
import subprocess
from pathlib import Path

from builds import CLONE
from cases import Bench, Case, holds, same

LINT_SECONDS = 300.0


def cases() -> dict[str, Case]:
    return {
        each.__name__: each
        for each in (two_builds_have_the_same_bytes, lintian_has_no_complaint, rpmlint_has_no_complaint)
    }


def two_builds_have_the_same_bytes(bench: Bench) -> None:
    first, second = (digests(folder) for folder in (bench.builds.current, bench.builds.again))
    same("packages", sorted(second), sorted(first))
    holds("deb and rpm", len(first) == 9)
    differing = [name for name in first if first[name] != second[name]]
    same("packages that differ", differing, [])


def digests(folder: Path) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in folder.iterdir()}


def lintian_has_no_complaint(bench: Bench) -> None:
    packages = sorted(bench.builds.current.glob("*.deb"))
    code, said = lint("lintian", "--allow-root", "--no-cfg", "--fail-on", "error,warning", *map(str, packages))
    holds(f"lintian: {said}", code == 0 and not re.search("^[EW]:", said, re.MULTILINE))
    # Overrides that nothing needs any more.
    code, said = lint("lintian", "--allow-root", "--no-cfg", "--tags", "unused-override", *map(str, packages))
    holds(f"lintian: {said}", "unused-override" not in said)


def rpmlint_has_no_complaint(bench: Bench) -> None:
    configuration = CLONE / "packaging" / "rpm" / "rpmlint.toml"
    packages = sorted(bench.builds.current.glob("*.rpm"))
    code, said = lint("rpmlint", "--config", str(configuration), *map(str, packages))
    holds(f"rpmlint: {said}", code == 0 and "0 errors, 0 warnings" in said and "5 packages" in said)


def lint(*command: str) -> tuple[int, str]:
    done = subprocess.run(
        command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=LINT_SECONDS, check=False
    )
    return done.returncode, done.stdout
