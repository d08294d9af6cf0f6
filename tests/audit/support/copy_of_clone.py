"""A copy of the clone as a repository of its own, in which faults are planted."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent


class PlantFailed(Exception):
    """The text in whose place a fault is planted is not there any more."""


class Copy:
    """All files of the clone, or those whose names begin as `only` says."""

    def __init__(self, folder: Path, only: tuple[str, ...] = ("",)) -> None:
        self.root = folder / "clone"
        listed = subprocess.run(
            ["git", "ls-files", "--cached", "--others", "--exclude-standard", "-z"], cwd=ROOT, check=True, stdout=subprocess.PIPE
        ).stdout.decode()
        for name in filter(None, listed.split("\0")):
            source, target = ROOT / name, self.root / name
            if source.is_file() and name.startswith(only):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(source, target)
        self.git("init", "-q")
        self.commit()

    def git(self, *arguments: str) -> str:
        names = ["-c", "user.name=tests", "-c", "user.email=tests@localhost", "-c", "commit.gpgsign=false", "-c", "gc.auto=0"]
        done = subprocess.run(["git", *names, *arguments], cwd=self.root, check=True, stdout=subprocess.PIPE, encoding="utf-8")
        return done.stdout.strip()

    def commit(self) -> str:
        self.git("add", "--all")
        self.git("commit", "-q", "--allow-empty", "-m", "state")
        return self.git("rev-parse", "HEAD")

    def run(self, *command: str, home: Path | None = None) -> tuple[int, str]:
        """Exit code and output of a command in the copy."""
        variables = os.environ | {"XDG_CACHE_HOME": str(self.root.parent / "cache")} | ({"GNUPGHOME": str(home)} if home else {})
        done = subprocess.run(
            command, cwd=self.root, env=variables, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8"
        )
        return done.returncode, done.stdout

    @contextlib.contextmanager
    def planted(self, file: str, old: str, new: str) -> Iterator[None]:
        """The first `old` in the file is `new` meanwhile. An empty `old`: `new` is a further file, or a further end of it."""
        path = self.root / file
        before = path.read_text(encoding="utf-8") if path.exists() else None
        if old and (before is None or old not in before):
            raise PlantFailed(f"{file} does not have {old!r}")
        path.write_text((before or "").replace(old, new, 1) if old else (before or "") + new, encoding="utf-8")
        try:
            yield
        finally:
            if before is None:
                path.unlink()
            else:
                path.write_text(before, encoding="utf-8")
