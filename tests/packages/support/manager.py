"""A service manager of its own: systemd as the first process of a pid namespace, on files of this host, or of another system, that it may change."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
# The journal, and the targets that services come after.
JOURNAL = ("systemd-journald.service", "systemd-journald.socket", "systemd-journald-dev-log.socket")
TARGETS = ("sysinit", "basic", "shutdown", "network-online", "nss-lookup", "sockets", "multi-user")
BOOT_SECONDS = 60
COMMAND_SECONDS = 180


class Manager:
    """Boots in `folder`, which is empty. What is put before the start is there from the first moment on."""

    def __init__(self, folder: Path, base: Path = Path("/")) -> None:
        self.folder = folder
        self.base = base
        self._files, self._place = folder / "files", folder / "place"
        self._files.mkdir(mode=0o755)
        self._place.mkdir()
        self._cgroup = cgroup_root() / f"tunnel-client-test-{os.getpid()}"
        self._process: subprocess.Popen[bytes] | None = None
        self._init = 0
        self._units()

    def _units(self) -> None:
        units = self._files / "etc/test-units"
        units.mkdir(parents=True)
        for target in TARGETS:
            (units / f"{target}.target").write_text(f"[Unit]\nDescription={target}\nDefaultDependencies=no\n")
        (units / "test.target").write_text(
            f"[Unit]\nDescription=Tests\nRequires=sysinit.target basic.target {' '.join(JOURNAL[1:])} {JOURNAL[0]}\n"
        )
        for unit in JOURNAL:
            shutil.copy(self.base / "lib/systemd/system" / unit, units / unit)
        # What the host's administrator has configured is not asked for.
        self.put("/etc/systemd/journald.conf", "[Journal]\nStorage=volatile\n")

    def put(self, path: str, content: str | Path, mode: int = 0o644, owner: str | None = None) -> None:
        """A file as the manager sees it; `owner` is USER:GROUP, once it runs."""
        base = Path(f"/proc/{self._init}/root") if self._init else self._files
        place = base / path.lstrip("/")
        place.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy(content, place)
        else:
            place.write_text(content)
        place.chmod(mode)
        if owner:
            self.run("chown", owner, path)

    def start(self) -> None:
        self._cgroup.mkdir()
        log = (self.folder / "systemd.log").open("wb")
        command = ["unshare", "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net", "--fork", "--kill-child"]
        self._process = subprocess.Popen(
            [*command, str(HERE / "manager_start.sh"), str(self.base), str(self._files), str(self._place)],
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=lambda: (self._cgroup / "cgroup.procs").write_text("0") and None,
        )
        until = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < until and self._process.poll() is None:
            with contextlib.suppress(OSError, IndexError):
                pid = self._process.pid
                self._init = int(Path(f"/proc/{pid}/task/{pid}/children").read_text().split()[0])
                if Path(f"/proc/{self._init}/comm").read_text() == "systemd\n" and self._is_up():
                    return
            time.sleep(0.1)
        raise RuntimeError(f"systemd does not come up here:\n{(self.folder / 'systemd.log').read_text()[-2000:]}")

    def _is_up(self) -> bool:
        return self.run("systemctl", "is-active", "test.target", "systemd-journald.service", check=False).returncode == 0

    def command(self, *command: str) -> list[str]:
        """The command, for a process that enters the manager's namespaces."""
        return ["nsenter", f"--target={self._init}", "--mount", "--pid", "--cgroup", "--uts", "--ipc", "--net", "--root", "--wd", *command]

    def run(
        self, *command: str, check: bool = True, seconds: float = COMMAND_SECONDS, given: str = ""
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command in the manager's namespaces; `given` is its standard input."""
        run = subprocess.run(self.command(*command), input=given, capture_output=True, text=True, timeout=seconds, check=False)
        if check and run.returncode:
            raise RuntimeError(f"{' '.join(command)}: code {run.returncode}: {run.stdout}{run.stderr}")
        return run

    def systemctl(self, *arguments: str) -> int:
        return self.run("systemctl", *arguments, check=False).returncode

    def shows(self, unit: str, name: str) -> str:
        return self.run("systemctl", "show", f"--property={name}", "--value", "--", unit).stdout.strip()

    def journal(self, unit: str, lines: int = 12) -> str:
        self.run("journalctl", "--sync", check=False)
        return self.run("journalctl", "--quiet", "--no-pager", "--output=cat", f"--unit={unit}", f"--lines={lines}", check=False).stdout

    def close(self) -> None:
        if self._process:
            # The end of the first process is the end of all in its namespace.
            with contextlib.suppress(ProcessLookupError):
                os.kill(self._init or self._process.pid, signal.SIGKILL)
            self._process.wait(timeout=BOOT_SECONDS)
        remove_cgroup(self._cgroup)


def cgroup_root() -> Path:
    """Where this host has control groups of version 2, alone or beside the first version."""
    for line in Path("/proc/self/mounts").read_text().splitlines():
        _, place, kind, *_ = line.split()
        if kind == "cgroup2":
            return Path(place)
    raise RuntimeError("this host has no control groups of version 2 (mount -t cgroup2)")


def remove_cgroup(folder: Path) -> None:
    until = time.monotonic() + BOOT_SECONDS
    while folder.exists() and time.monotonic() < until:
        for path, _, _ in os.walk(folder, topdown=False):
            # Busy until the last of its processes is reaped.
            with contextlib.suppress(OSError):
                os.rmdir(path)
        time.sleep(0.05)
