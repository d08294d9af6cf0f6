"""Throw-away roots: the Debian of ./install below a layer that takes every change."""

from __future__ import annotations

import os
import shutil
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path

COMMAND_SECONDS = 240.0
# Of commands in a root.
ENVIRONMENT = {
    "PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
    "LC_ALL": "C",
    "HOME": "/root",
    "DEBIAN_FRONTEND": "noninteractive",
}
# What a package manager keeps for itself, and what every installation changes.
IGNORED = (
    "/proc", "/sys", "/dev", "/tmp", "/var/lib/dpkg", "/var/lib/rpm", "/var/cache", "/var/log/dpkg.log", "/var/log/apt",
    "/etc/passwd", "/etc/group", "/etc/shadow", "/etc/gshadow", "/etc/subuid", "/etc/subgid", "/etc/.pwd.lock",
    "/systemctl.log", "/running",
)  # fmt: skip


class CommandFailed(Exception):
    """A command ended with another code than was expected."""


@dataclass(frozen=True)
class Entry:
    """What the package manager made of one path."""

    mode: str
    """`d` or `l` before the mode of a directory or a link."""
    owner: str

    def __str__(self) -> str:
        return f"{self.mode} {self.owner}"


class Root:
    """A root on a layer of its own. The mounts end with the mount namespace of the test."""

    def __init__(self, base: Path, folder: Path) -> None:
        self.folder = folder
        self.path = folder / "root"
        for each in ("root", "upper", "work"):
            (folder / each).mkdir(parents=True)
        layers = f"lowerdir={base},upperdir={folder / 'upper'},workdir={folder / 'work'}"
        run("mount", "-t", "overlay", "overlay", "-o", layers, str(self.path))
        run("mount", "-t", "proc", "proc", str(self.path / "proc"))

    def discard(self) -> None:
        run("umount", "--recursive", str(self.path))
        shutil.rmtree(self.folder)

    def write(self, path: str, text: str, mode: int = 0o644) -> None:
        file = self.path / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
        file.chmod(mode)

    def read(self, path: str) -> str:
        return (self.path / path.lstrip("/")).read_text(encoding="utf-8")

    def exists(self, path: str) -> bool:
        return os.path.lexists(self.path / path.lstrip("/"))

    def run(self, *command: str, fails: bool = False) -> str:
        """Output and errors of a command in the root."""
        return run("chroot", str(self.path), *command, environment=ENVIRONMENT, fails=fails)

    def entries(self) -> dict[str, Entry]:
        """Every path with its mode and owner."""
        users, groups = self._names("passwd"), self._names("group")
        found = {}
        for folder, directories, files in os.walk(self.path):
            base = Path(folder)
            inside = "/" + str(base.relative_to(self.path)) if base != self.path else ""
            directories[:] = [each for each in directories if f"{inside}/{each}" not in IGNORED]
            for name in (*directories, *files):
                path = f"{inside}/{name}"
                # Copies that are kept of the databases above.
                if path in IGNORED or path.rstrip("-") in IGNORED:
                    continue
                status = (base / name).lstat()
                kind = {stat.S_IFDIR: "d", stat.S_IFLNK: "l"}.get(stat.S_IFMT(status.st_mode), "")
                mode = kind if kind == "l" else f"{kind}{stat.S_IMODE(status.st_mode):04o}"
                owner = f"{users.get(status.st_uid, status.st_uid)}:{groups.get(status.st_gid, status.st_gid)}"
                found[path] = Entry(mode, owner)
        return found

    def _names(self, database: str) -> dict[int, str]:
        lines = self.read(f"/etc/{database}").splitlines()
        return {int(fields[2]): fields[0] for fields in (line.split(":") for line in lines)}


def completed(
    *command: str, environment: dict[str, str] | None = None, seconds: float = COMMAND_SECONDS, umask: int = -1
) -> subprocess.CompletedProcess[str]:
    """A command that has ended, with its output and errors in `stdout`."""
    return subprocess.run(
        command,
        env=environment,
        umask=umask,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        timeout=seconds,
        check=False,
    )


def run(
    *command: str,
    environment: dict[str, str] | None = None,
    fails: bool = False,
    seconds: float = COMMAND_SECONDS,
    umask: int = -1,
) -> str:
    done = completed(*command, environment=environment, seconds=seconds, umask=umask)
    if (done.returncode != 0) != fails:
        raise CommandFailed(f"{' '.join(command)} ended with {done.returncode}:\n{done.stdout}")
    return done.stdout
