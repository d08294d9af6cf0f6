"""System calls: those that the client's own filter allows it, and those that a unit's SystemCallFilter= leaves."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

SECCOMP = Path(__file__).resolve().parents[3] / "src/sandbox/seccomp"
# Filters of the client's processes that are lists of what is allowed. That of servers lists what is refused.
LISTS = ("common.rs", "main.rs", "resolver.rs", "audit.rs", "janitor.rs")
# What the client calls before its filter is there, or the broker does, and an ordinary program does not.
BEFORE = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self", "seccomp", "prctl", "prlimit64", "execve", "clone",
          "setsid", "memfd_create", "umask", "socketpair"}  # fmt: skip


def needed() -> set[str]:
    calls = {name for file in LISTS for name in re.findall(r"libc::SYS_(\w+)", (SECCOMP / file).read_text())}
    return calls | BEFORE


def groups() -> dict[str, set[str]]:
    """The groups of this host's systemd with the calls in them, those of groups that they contain included."""
    said = subprocess.run(["systemd-analyze", "syscall-filter", "--no-pager"], capture_output=True, text=True, timeout=60, check=True).stdout
    found: dict[str, set[str]] = {}
    name = ""
    for line in said.splitlines():
        if line.startswith("@"):
            name = line.strip()
            found[name] = set()
        elif line.startswith(" ") and name and not line.lstrip().startswith("#"):
            found[name].add(line.strip())
    return {name: expand({name}, found) for name in found}


def expand(names: set[str], known: dict[str, set[str]]) -> set[str]:
    calls: set[str] = set()
    for name in names:
        calls |= expand(known[name], known) if name.startswith("@") else {name}
    return calls


def allowed(unit: str) -> set[str]:
    """What the lines SystemCallFilter= come to, in their order."""
    known = groups()
    calls: set[str] = set()
    for value in re.findall(r"^SystemCallFilter=(.*)$", unit, re.MULTILINE):
        listed = expand(set(value.removeprefix("~").split()), known)
        calls = calls - listed if value.startswith("~") else calls | listed
    return calls
