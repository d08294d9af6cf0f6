"""A copy of the repository with a cargo folder of its own, to plant faults in."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent.parent
CARGO_HOME = Path(os.environ.get("CARGO_HOME") or Path.home() / ".cargo")
# What cargo and the scripts read.
PARTS = ["Cargo.toml", "Cargo.lock", "deny.toml", "src", "benches", "audit-log", "relay", "reference", "scripts", "audit"]
DAY_SECONDS = 24 * 60 * 60
# A few on a quiet machine.
CARGO_SECONDS = 240


class Wrong(Exception):
    """Something is not as it has to be."""


@dataclass
class Outcome:
    code: int
    output: str


class Site:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.root = folder / "repository"
        self.database = folder / "database"
        self._cargo_home = folder / "cargo"
        self.root.mkdir(parents=True)
        self.take(*PARTS)
        registry = self._cargo_home / "registry"
        registry.mkdir(parents=True)
        for each in ("cache", "src", "index"):
            if (CARGO_HOME / "registry" / each).exists():
                (registry / each).symlink_to(CARGO_HOME / "registry" / each)
        # The locks of the real folder: another cargo may be writing to the index.
        for each in (".package-cache", ".package-cache-mutate"):
            if (CARGO_HOME / each).exists():
                (self._cargo_home / each).symlink_to(CARGO_HOME / each)
        for each in ("config.toml", "config"):
            if (CARGO_HOME / each).exists():
                shutil.copy(CARGO_HOME / each, self._cargo_home / each)

    def take(self, *parts: str) -> None:
        """Copies files or folders of the repository."""
        for part in parts:
            if (ROOT / part).is_dir():
                shutil.copytree(ROOT / part, self.root / part)
            elif (ROOT / part).exists():
                shutil.copy(ROOT / part, self.root / part)

    def run(self, command: list[str], code: int | None = 0, **environment: str) -> Outcome:
        """Runs a command at the root of the copy; with another exit code than `code`, the case has failed."""
        inherited = {name: value for name, value in os.environ.items() if name != "ADVISORY_DB"}
        try:
            done = subprocess.run(
                command,
                cwd=self.root,
                env={**inherited, "CARGO_HOME": str(self._cargo_home), **environment},
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                check=False,
                encoding="utf-8",
                timeout=CARGO_SECONDS,
            )
        except subprocess.TimeoutExpired as error:
            raise Wrong(f"{' '.join(command)} took more than {CARGO_SECONDS} s") from error
        if code is not None and done.returncode != code:
            raise Wrong(f"{' '.join(command)}: code {done.returncode}, not {code}:\n{done.stdout}")
        return Outcome(done.returncode, done.stdout)

    def deny(self, *arguments: str, code: int, says: str, never: str | None = None) -> None:
        """Runs scripts/deny. Its output has `says`, and not `never`."""
        output = self.run(["scripts/deny", *arguments], code).output
        if says not in output:
            raise Wrong(f"scripts/deny does not say {says!r}:\n{output}")
        if never is not None and never in output:
            raise Wrong(f"scripts/deny says {never!r}:\n{output}")

    def edit(self, file: str, pattern: str, replacement: str) -> None:
        path = self.root / file
        text, count = re.subn(pattern, replacement, path.read_text(encoding="utf-8"), count=1, flags=re.MULTILINE)
        if count != 1:
            raise Wrong(f"{file} has no place for {replacement!r}")
        path.write_text(text, encoding="utf-8")

    def plant(self, name: str, version: str, licence: str, folder: str = "planted", head: str = "") -> Path:
        """Makes an empty crate in a folder next to the copy."""
        crate = self.folder / folder
        (crate / "src").mkdir(parents=True)
        (crate / "src" / "lib.rs").touch()
        (crate / "Cargo.toml").write_text(
            f'[package]\nname = "{name}"\nversion = "{version}"\nlicense = "{licence}"\nedition = "2021"\n{head}', encoding="utf-8"
        )
        return crate

    def depend(self, manifest: str, line: str, section: str = "dependencies", offline: bool = True) -> None:
        """Adds a dependency, also to the lock file. Offline, cargo does not even read a git repository of this machine."""
        self.edit(manifest, rf"^\[{section}\]$", f"[{section}]\n{line}")
        metadata = ["cargo", "metadata", "--quiet", "--format-version", "1", "--manifest-path", manifest]
        self.run([*metadata, *(["--offline"] if offline else [])])
        self.run([*metadata, "--frozen"])

    def repository(self, folder: Path, days_ago: float = 0) -> Path:
        """Commits what is in the folder, with a date in the past."""
        when = f"@{int(time.time() - days_ago * DAY_SECONDS)} +0000"
        commit = ["-c", "user.name=planted", "-c", "user.email=planted@example.com", "commit", "--quiet", "--message", "Planted"]
        for arguments in (["init", "--quiet"], ["add", "--all"], commit):
            self.run(["git", "-C", str(folder), *arguments], GIT_AUTHOR_DATE=when, GIT_COMMITTER_DATE=when)
        return folder

    def advisory(self, crate: str, patched: str = "", informational: str = "") -> None:
        """Writes an advisory into the database, which is not committed yet."""
        folder = self.database / "crates" / crate
        folder.mkdir(parents=True, exist_ok=True)
        number = f"RUSTSEC-2001-{len(list(self.database.glob('crates/*/*.md'))) + 1:04}"
        kind = f'informational = "{informational}"\n' if informational else ""
        (folder / f"{number}.md").write_text(
            f'```toml\n[advisory]\nid = "{number}"\npackage = "{crate}"\ndate = "2001-01-01"\n{kind}\n'
            f"[versions]\npatched = [{patched}]\n```\n\n# A planted advisory\n\nText.\n",
            encoding="utf-8",
        )

    def yank(self, name: str) -> None:
        """Marks every version of a crate as yanked, in a copy of cargo's index."""
        index = self._cargo_home / "registry" / "index"
        source = index.resolve()
        index.unlink()
        # Links, because cargo may write to the entries while we copy.
        shutil.copytree(source, index, copy_function=os.symlink)
        entries = list(index.glob(f"*/.cache/*/*/{name}"))
        if not entries:
            raise Wrong(f"cargo's index has no {name}")
        for entry in entries:
            content = entry.read_bytes()
            changed = re.sub(rb'"yanked": ?false', b'"yanked":true', content)
            if changed == content:
                raise Wrong(f"{entry} has no version that is not yanked")
            entry.unlink()
            entry.write_bytes(changed)

    def vendor(self) -> None:
        """Takes the crates from folders, as `cargo vendor` makes them. There is no index then."""
        lock = (self.root / "Cargo.lock").read_text(encoding="utf-8")
        vendored = self.folder / "vendored"
        for name, version, checksum in re.findall(r'^name = "(.+)"\nversion = "(.+)"\nsource = .*\nchecksum = "(\w+)"$', lock, re.MULTILINE):
            sources = list((CARGO_HOME / "registry" / "src").glob(f"*/{name}-{version}"))
            if not sources:
                raise Wrong(f"{name} {version} is not in cargo's folder: run cargo fetch")
            crate = vendored / f"{name}-{version}"
            shutil.copytree(sources[0], crate, copy_function=os.symlink)
            (crate / ".cargo-checksum.json").write_text(json.dumps({"files": {}, "package": checksum}), encoding="utf-8")
        shutil.rmtree(self._cargo_home)
        self._cargo_home.mkdir()
        (self._cargo_home / "config.toml").write_text(
            f'[source.crates-io]\nreplace-with = "vendored"\n[source.vendored]\ndirectory = {toml(vendored)}\n', encoding="utf-8"
        )

def toml(text: str | Path) -> str:
    return json.dumps(str(text))
