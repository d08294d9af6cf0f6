"""What SELinux refused, as the audit daemon recorded it."""

from __future__ import annotations

import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from service import run, wait_until

TYPES = "AVC,USER_AVC,SELINUX_ERR,USER_SELINUX_ERR"
LOG = Path("/var/log/audit/audit.log")
STAMP = re.compile(r"audit\((\d+\.\d+):\d+\)")
PERMISSIONS = re.compile(r"denied  \{ ([^}]*) \}")


@dataclass(frozen=True)
class Denial:
    time: float
    source: str
    target: str
    tclass: str
    permissions: frozenset[str]
    line: str

    def __str__(self) -> str:
        return self.line[:260]


@dataclass(frozen=True)
class Known:
    """A denial of Debian's own programs on Debian's own policy, with and without the packages."""

    source: str
    target: str
    tclass: str
    permissions: frozenset[str]
    reason: str

    def is_of(self, denial: Denial) -> bool:
        same = (self.source, self.target, self.tclass) == (denial.source, denial.target, denial.tclass)
        return same and denial.permissions <= self.permissions


def known(source: str, target: str, tclass: str, permissions: str, reason: str) -> Known:
    return Known(source, target, tclass, frozenset(permissions.split()), reason)


KNOWN = (
    known("systemd_tmpfiles_t", "etc_t", "lnk_file", "relabelfrom", "/etc/mtab at boot"),
    known("systemd_tmpfiles_t", "user_home_dir_t", "dir", "relabelfrom", "the .ssh of root at boot"),
    known("udev_t", "sysctl_fs_t", "dir", "search", "fs.file-max at boot"),
    known("udev_t", "udev_t", "process", "setrlimit", "its limit of open files at boot"),
)


def type_of(context: str) -> str:
    return (context.split(":") + ["", "", ""])[2]


def parsed(line: str) -> Denial | None:
    stamp = STAMP.search(line)
    if not stamp:
        return None
    fields = dict(re.findall(r"\b(scontext|tcontext|tclass|oldcontext|newcontext)=(\S+)", line))
    source = type_of(fields.get("scontext", fields.get("oldcontext", "")))
    target = type_of(fields.get("tcontext", fields.get("newcontext", "")))
    found = PERMISSIONS.search(line)
    return Denial(
        float(stamp[1]), source, target, fields.get("tclass", ""), frozenset(found[1].split() if found else ()), line
    )


def denials(since: float = 0.0) -> list[Denial]:
    """All since then, in order. What was refused before this call has been written."""
    mark = f"mark-{secrets.token_hex(8)}"
    run("auditctl", "-m", mark)
    wait_until("the audit log is written", lambda: mark in LOG.read_text(encoding="utf-8", errors="replace"))
    said = run("ausearch", "--input-logs", "--raw", "-m", TYPES, ok=False).stdout
    found = [denial for line in said.splitlines() if (denial := parsed(line))]
    # An answer about the policy's load is no denial.
    return [denial for denial in found if denial.time >= since and "denied" in denial.line or "op=" in denial.line]


def unknown(found: list[Denial]) -> list[Denial]:
    return [denial for denial in found if not any(each.is_of(denial) for each in KNOWN)]


def now() -> float:
    """A time that later denials do not come before."""
    return time.time()
