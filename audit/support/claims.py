"""The table of claims: audit/claims.toml, read and checked against what the clone has."""

from __future__ import annotations

import re
import shlex
import sys
from dataclasses import dataclass, field
from pathlib import Path

from rust import function_bodies, masked

try:
    import tomllib
except ModuleNotFoundError:
    sys.exit("error: Python 3.11 or newer is needed (dnf install python3.11)")

# All claims that audit/evidence runs, together: what an auditor waits for on two processors.
SECONDS = 20 * 60
# Time for the builds of the tests themselves, which no claim has to itself.
BUILD_SECONDS = 180
# What needs more than an ordinary user, in a test's own words.
NEEDS_ROOT = re.compile(r"\bneeds::root\(|\bmounted::")
TEST = re.compile(r"#\[(?:tokio::)?test\b")


class ClaimFault(Exception):
    """The table of claims cannot be read."""


@dataclass(frozen=True)
class Claim:
    id: str
    topic: str
    says: str
    command: str
    seconds: int
    passes: str = ""
    expect: str | None = None
    root: bool = False
    prepare: str = ""
    cites: list[str] = field(default_factory=list)
    compares: list[str] = field(default_factory=list)
    not_shown: int | None = None
    pending: bool = False

    @property
    def runs(self) -> bool:
        """Whether audit/evidence runs the command; otherwise a signed result decides."""
        return not self.cites and not self.compares

    def how_it_passes(self) -> str:
        return self.passes or "`test result: ok`; as many tests as the files hold, or more"


def load(file: Path) -> list[Claim]:
    try:
        rows = tomllib.loads(file.read_text(encoding="utf-8")).get("claim", [])
        claims = [Claim(**row) for row in rows]
    except (tomllib.TOMLDecodeError, TypeError, OSError) as error:
        raise ClaimFault(f"{file}: {error}") from None
    if not claims:
        raise ClaimFault(f"{file}: there is no claim")
    return claims


def tests_expected(root: Path, command: str) -> int | None:
    """Tests that must pass at least: those in the files that the command names. None when it names no file."""
    if not test_files(command):
        return None
    return sum(len(tests_of(file)) for file in present(root, command))


def test_files(command: str) -> list[str]:
    """Files of tests that the command names: modules of tests/it/, or with `--package tunnel-relay` of relay/tests/it/."""
    found = []
    for part in re.split(r"&&|\|\||;", command):
        if re.search(r"--test it\b", part):
            folder = "relay/tests/it" if re.search(r"--package tunnel-relay\b", part) else "tests/it"
            found += [f"{folder}/{name}.rs" for name in re.findall(r"\s(\w+)::(?=\s|$)", part)]
    return found


def present(root: Path, command: str) -> list[Path]:
    """Those of these files that exist."""
    return [root / file for file in test_files(command) if (root / file).is_file()]


def tests_of(file: Path) -> list[str]:
    """Names of the tests of a file that run without being asked for."""
    source = masked(file.read_text(encoding="utf-8"))
    found = []
    for test in TEST.finditer(source):
        function = re.search(r"\bfn\s+(\w+)", source[test.start() :])
        if function and "#[ignore" not in source[test.start() : test.start() + function.start()]:
            found.append(function[1])
    return found


def steps_of_check(root: Path) -> set[str]:
    """Names of the steps, from the two tables in ./check."""
    source = (root / "check").read_text(encoding="utf-8")
    tables = re.findall(r"^readonly (?:full_)?steps=\((.*?)\)$", source, re.MULTILINE | re.DOTALL)
    return {name for table in tables for name in re.findall(r"^\s*'([a-z0-9-]+)\|", f"\n{table}".replace("('", "\n'"), re.MULTILINE)}


def faults(root: Path, claims: list[Claim]) -> list[str]:
    """What is wrong with the table."""
    found = []
    steps = steps_of_check(root)
    seen: set[str] = set()
    for claim in claims:
        where = f"audit/claims.toml: {claim.id}"
        if claim.id in seen:
            found.append(f"{where}: this id stands twice")
        seen.add(claim.id)
        if not claim.pending:
            found += [f"{where}: cites: ./check has no step {step}" for step in claim.cites if step not in steps]
        missing = missing_parts(root, claim.command, steps)
        if claim.prepare and not claim.pending:
            missing += missing_parts(root, claim.prepare, steps)
        if claim.pending and not missing:
            found.append(f"{where}: the command exists; remove `pending`")
        elif not claim.pending:
            found += [f"{where}: {fault}" for fault in missing]
        tests = tests_expected(root, claim.command)
        if claim.expect is None and claim.runs and not tests:
            found.append(f"{where}: nothing but the exit code would show a pass; write `expect`, or name tests")
        if claim.expect is not None and not claim.passes:
            found.append(f"{where}: say in `passes` how a pass looks")
        try:
            re.compile(claim.expect or "")
        except re.error as error:
            found.append(f"{where}: expect: {error}")
        if not claim.root and needs_root(root, claim.command):
            found.append(f"{where}: some of its tests do nothing without root; write `root = true`")
    seconds = sum(claim.seconds for claim in claims if claim.runs) + BUILD_SECONDS
    if seconds > SECONDS:
        found.append(f"audit/claims.toml: the commands take {seconds} s together with the builds; {SECONDS} s are promised")
    return found


def missing_parts(root: Path, command: str, steps: set[str]) -> list[str]:
    """Scripts, steps and tests that a command names and that do not exist."""
    missing = []
    for part in re.split(r"&&|\|\||;", command):
        try:
            words = shlex.split(part)
        except ValueError as error:
            return [f"its command is no command: {error}"]
        if not words:
            continue
        if words[0] == "cargo":
            missing += [f"there is no {file}" for file in test_files(part) if not (root / file).is_file()]
        elif not ((root / words[0]).is_file() and (root / words[0]).stat().st_mode & 0o100):
            missing.append(f"{words[0]} is missing or cannot be executed")
        if words[0] == "./check":
            missing += [f"./check has no step {step}" for step in re.findall(r"--only (\S+)", part) if step not in steps]
    return missing


def needs_root(root: Path, command: str) -> bool:
    return any(NEEDS_ROOT.search(masked(file.read_text(encoding="utf-8"))) for file in present(root, command))


def has_test(file: Path, name: str) -> bool:
    """Whether a Rust file has this function, or a script mentions this name."""
    source = file.read_text(encoding="utf-8")
    return name in function_bodies(source) if file.suffix == ".rs" else bool(re.search(rf"\b{re.escape(name)}\b", source))


def tables(claims: list[Claim]) -> str:
    """The claims as Markdown, one table a topic."""
    out: list[str] = []
    for topic in dict.fromkeys(claim.topic for claim in claims):
        out += [f"### {topic}", "", "| id | claim | command | a pass | s |", "|---|---|---|---|---|"]
        for claim in (each for each in claims if each.topic == topic):
            notes = [note for note, on in (("root", claim.root), ("from the signed result", claim.cites), ("not there yet", claim.pending)) if on]
            said = claim.says + (f" *({'; '.join(notes)})*" if notes else "")
            cells = (f"`{claim.id}`", said, f"`{claim.command}`", claim.how_it_passes(), f"{claim.seconds}")
            out.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
        out.append("")
    return "\n".join(out).rstrip() + "\n"
