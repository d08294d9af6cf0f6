"""The advisory database that cargo-deny reads, made from a copy that came as a folder or a file."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

# The name that cargo-deny gives to the clone of the address in deny.toml.
NAME = "advisory-db-3157b0e258782691"
DAY_SECONDS = 24 * 60 * 60
# Clocks differ.
LEEWAY_DAYS = 1

PLACEHOLDER = """```toml
[advisory]
id = "RUSTSEC-2000-0001"
package = "no-such-crate"
date = "2000-01-01"

[versions]
patched = []
```

# Placeholder

Stands where there is no advisory database.
"""


class Unusable(Exception):
    """The database cannot be used; the text names the fault."""


class Database:
    """A clone of the database in a folder of our own, so that only what is committed counts."""

    def __init__(self, source: Path, folder: Path) -> None:
        if not source.exists():
            raise Unusable(f"{source} does not exist")
        clone = folder / NAME
        # Absolute, because git takes `name:path` for a host.
        git("clone", "--quiet", "--no-hardlinks", "--", str(source.resolve()), str(clone))
        self._commit, committed = git("-C", str(clone), "log", "-1", "--format=%H %ct").split()
        self._age_days = (time.time() - int(committed)) / DAY_SECONDS
        self._day = time.strftime("%Y-%m-%d", time.gmtime(int(committed)))
        self._advisories = sum(1 for _ in clone.glob("crates/*/*.md"))
        if not self._advisories:
            raise Unusable(f"{source} holds no advisory")
        mark_as_fetched(clone)

    def stale(self, max_days: int) -> str | None:
        """Reason why its age is not acceptable, if any."""
        if self._age_days > max_days:
            return f"the database is stale: its newest commit is of {self._day}, {self._age_days:.0f} days ago; at most {max_days} are allowed"
        if self._age_days < -LEEWAY_DAYS:
            return f"the newest commit of the database is of {self._day}, which is in the future"
        return None

    def __str__(self) -> str:
        return f"{self._advisories} of commit {self._commit[:12]}, {self._day}"


def make_placeholder(folder: Path) -> None:
    """A database that knows no crate."""
    entries = folder / NAME / "crates" / "no-such-crate"
    entries.mkdir(parents=True)
    (entries / "RUSTSEC-2000-0001.md").write_text(PLACEHOLDER, encoding="utf-8")
    (folder / NAME / ".git").mkdir()
    mark_as_fetched(folder / NAME)


def mark_as_fetched(clone: Path) -> None:
    """cargo-deny judges the age by the time of this file. We judge it by the commit."""
    (clone / ".git" / "FETCH_HEAD").touch()


def git(*arguments: str) -> str:
    done = subprocess.run(["git", *arguments], check=False, capture_output=True, encoding="utf-8", errors="replace")
    if done.returncode != 0:
        raise Unusable(f"git cannot read the database: {(done.stderr.strip().splitlines() or ['no reason given'])[-1]}")
    return done.stdout
