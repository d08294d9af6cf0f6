"""A root that is booted: Debian's systemd as process 1 of a container, on the network namespace of this program."""

from __future__ import annotations

import signal
import subprocess
import time
from pathlib import Path

from roots import ENVIRONMENT, CommandFailed, Root, completed, run

BOOT_SECONDS = 120.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
# nspawn's own filter allows what it knows, and Debian 12's does not know these; the kernel of a host has no such filter.
SANDBOX_CALLS = "landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp"


class Container:
    """systemd-nspawn around a root; the `with` block ends it in order."""

    def __init__(self, root: Root) -> None:
        self.root = root
        self._log = root.folder / "console.log"
        # Its own systemd sees the processes of its own namespace.
        run("umount", str(root.path / "proc"))
        # There is no terminal.
        (root.path / "etc/systemd/system/console-getty.service").symlink_to("/dev/null")
        root.write("/etc/machine-id", "")

    def __enter__(self) -> Container:
        command = ["systemd-nspawn", f"--directory={self.root.path}", "--boot", "--register=no", "--keep-unit"]
        command += ["--console=pipe", "--settings=no", f"--system-call-filter={SANDBOX_CALLS}", "--quiet"]
        with self._log.open("wb") as output:
            self._process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        self._await_boot()
        return self

    def __exit__(self, *_: object) -> None:
        if self._process.poll() is None:
            self._process.send_signal(signal.SIGTERM)
            try:
                self._process.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()

    def _await_boot(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while True:
            found = self.run("systemctl", "is-system-running")
            if found.stdout.strip() in ("running", "degraded"):
                return
            if self._process.poll() is not None or time.monotonic() > deadline:
                log = self._log.read_text(encoding="utf-8", errors="replace")
                raise CommandFailed(f"the container does not boot ({found.stdout.strip()}):\n{log[-2000:]}")
            time.sleep(POLL_SECONDS)

    def run(self, *command: str, seconds: float = BOOT_SECONDS) -> subprocess.CompletedProcess[str]:
        """A command in all namespaces of the container."""
        leader = self._leader()
        spaces = ["--mount", "--uts", "--ipc", "--pid", "--root", "--wd"]
        inside = ["nsenter", f"--target={leader}", *spaces] if leader else ["false"]
        return completed(*inside, *command, environment=ENVIRONMENT, seconds=seconds)

    def _leader(self) -> int | None:
        """Process 1 of the container: the child of nspawn."""
        children = Path(f"/proc/{self._process.pid}/task/{self._process.pid}/children")
        try:
            found = children.read_text(encoding="ascii").split()
        except OSError:
            return None
        return int(found[0]) if found else None
