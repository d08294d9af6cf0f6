"""The packages under test, and what they are compared with."""

from __future__ import annotations

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Optional

from roots import run

CLONE = Path(__file__).resolve().parents[3]
# What packaging/build reads.
SOURCES = (
    "packaging", "systemd", "selinux", "docs", "man", "completions", "scripts", "relay/README.md", "LICENSE", "NOTICE",
    "README.md", "Cargo.toml",
)  # fmt: skip
# A time in a far past, for all builds that must not depend on when they were made.
EPOCH = "1700000000"
BUILD_SECONDS = 1500.0
OLDER = "0.0.9"
# A setting that differs between the versions.
NEW_LINE, OLD_LINE = "  level: info\n", "  level: warn\n"


@dataclass(frozen=True)
class Builds:
    """Folders with packages of three versions, of the same sources but for what tests look at."""

    current: Path
    again: Path
    """The current version, built in another place, at another time, by somebody with other habits."""
    older: Path
    """Another program and another packaged configuration; otherwise as the current version."""

    def deb(self, name: str, folder: Path) -> Path:
        return only(folder.glob(f"{name}_*.deb"))

    def rpm(self, name: str, folder: Path) -> Path:
        return only(path for path in folder.glob(f"{name}-[0-9]*.rpm") if ".src." not in path.name)


def only(paths) -> Path:  # type: ignore[no-untyped-def]
    found = list(paths)
    if len(found) != 1:
        raise CommandFailed(f"not one package: {found}")
    return found[0]


def built_before(folder: Path) -> Builds:
    """What an earlier run left in its folder."""
    return Builds(folder / "current", folder / "again" / "out", folder / "older")


def build_all(folder: Path, client: Path, relay: Path, only: str = "") -> Builds:
    """All of them; with `only` nothing but this format, and no second build."""
    programs = with_programs(folder / "programs", client, relay, b"")
    # A byte behind the end changes the digest and nothing else.
    other = with_programs(folder / "older-programs", client, relay, b"\n")
    builds = built_before(folder)

    previous = copy_sources(folder / "previous")
    configuration = previous / "packaging" / "tunnel-client.yaml"
    text = configuration.read_text(encoding="utf-8")
    if NEW_LINE not in text:
        raise CommandFailed(f"{configuration} has no line {NEW_LINE!r}")
    configuration.write_text(text.replace(NEW_LINE, OLD_LINE), encoding="utf-8")

    options = ["--only", only] if only else []
    older = ["--version", OLDER, *options]
    with ThreadPoolExecutor(3) as pool:
        jobs = [
            pool.submit(build, CLONE, builds.current, programs, options),
            pool.submit(build, previous, builds.older, other, older),
        ]
        if not only:
            copy = copy_sources(folder / "again" / "somewhere" / "else")
            for path in copy.rglob("*"):
                os.utime(path, (86400, 86400), follow_symlinks=False)
            habits = {"TZ": "Asia/Tokyo", "LANG": "de_DE.UTF-8", "HOME": str(folder)}
            jobs.append(pool.submit(build, copy, builds.again, programs, options, habits, umask=0o077))
        for job in jobs:
            job.result()
    return builds


def with_programs(folder: Path, client: Path, relay: Path, added: bytes) -> Path:
    folder.mkdir()
    for name, program in (("tunnel-client", client), ("tunnel-relay", relay)):
        (folder / name).write_bytes(program.read_bytes() + added)
        (folder / name).chmod(0o755)
    return folder


def copy_sources(folder: Path) -> Path:
    for name in SOURCES:
        source, target = CLONE / name, folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        if source.is_dir():
            shutil.copytree(source, target, symlinks=True)
        else:
            shutil.copy2(source, target)
    return folder


def build(
    clone: Path,
    out: Path,
    programs: Path,
    options: list[str],
    habits: Optional[dict[str, str]] = None,
    umask: int = 0o022,
) -> None:
    command = [str(clone / "packaging" / "build"), "--programs", str(programs), "--out", str(out), *options]
    environment = {**os.environ, "SOURCE_DATE_EPOCH": EPOCH, **(habits or {})}
    run(*command, environment=environment, seconds=BUILD_SECONDS, umask=umask)
