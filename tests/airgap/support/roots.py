"""Throw-away Debian roots, and programs in them, as the system that booted or without."""

from __future__ import annotations

import os
import subprocess
import time
from pathlib import Path

COMMAND_SECONDS = 1200.0
POLL_SECONDS = 0.1
SHOWN_CHARACTERS = 4000
# What systemd-nspawn's own filter refuses and the client's sandbox is made of.
SANDBOX = "landlock_create_ruleset landlock_add_rule landlock_restrict_self seccomp"
# No login, no clock, nothing but what a script asks for.
UNIT = """\
[Unit]
Description=Commands of the page
After=basic.target dbus.service
SuccessAction=poweroff-force
FailureAction=poweroff-force
[Service]
Type=oneshot
ExecStart=/bin/bash /var/walk/walk
StandardOutput=append:/var/walk/output
StandardError=append:/var/walk/output
[Install]
WantedBy=multi-user.target
"""
HEAD = """\
set -euo pipefail
export HOME=/root LC_ALL=C.UTF-8 DEBIAN_FRONTEND=noninteractive
reach() {
    touch "/var/walk/reached-$1"
    until [[ -e /var/walk/go-$1 ]]; do sleep 0.1; done
}
cd /var/walk
"""


class WalkFailed(Exception):
    """A command in a root failed, or did not end in time."""


class Root:
    """A copy of the root in an archive."""

    def __init__(self, archive: Path, folder: Path) -> None:
        self.path = folder
        folder.mkdir()
        subprocess.run(["tar", "-C", str(folder), "--numeric-owner", "-xf", str(archive)], check=True, timeout=COMMAND_SECONDS)

    def write(self, name: str, content: str | bytes, mode: int = 0o644) -> None:
        file = self.path / name.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content.encode() if isinstance(content, str) else content)
        file.chmod(mode)

    def run(self, script: str) -> str:
        """Runs a script in it, without a network, and returns what it printed."""
        self.write("/var/walk/walk", HEAD + script)
        done = subprocess.run(
            [*self._nspawn(), "--private-network", "/bin/bash", "/var/walk/walk"],
            stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False, timeout=COMMAND_SECONDS,
        )  # fmt: skip
        output = done.stdout.decode("utf-8", "replace")
        if done.returncode != 0:
            raise WalkFailed(f"a command ended with code {done.returncode}:\n{output[-SHOWN_CHARACTERS:]}")
        return output

    def boot(self, script: str, network: str) -> Booted:
        """Boots it in a network namespace; its service manager then starts the script, and powers off when that ends."""
        self.write("/var/walk/walk", f"{HEAD}{script}\ntouch /var/walk/ended-well\n")
        self.write("/etc/systemd/system/walk.service", UNIT)
        wants = self.path / "etc/systemd/system/multi-user.target.wants/walk.service"
        wants.parent.mkdir(parents=True, exist_ok=True)
        wants.symlink_to("/etc/systemd/system/walk.service")
        return Booted(self, [*self._nspawn(), f"--network-namespace-path=/run/netns/{network}", "--boot"])

    def _nspawn(self) -> list[str]:
        options = ["--quiet", "--register=no", "--keep-unit", "--resolv-conf=off", "--timezone=off", f"--system-call-filter={SANDBOX}"]
        return ["systemd-nspawn", *options, "-D", str(self.path)]


class Booted:
    """A root that runs."""

    def __init__(self, root: Root, command: list[str]) -> None:
        self._root = root
        self._deadline = time.monotonic() + COMMAND_SECONDS
        environment = dict(os.environ)
        # Where the host still has the older hierarchy of control groups, the guest has to use it as well.
        if not Path("/sys/fs/cgroup/cgroup.controllers").exists():
            environment["SYSTEMD_NSPAWN_UNIFIED_HIERARCHY"] = "0"
        self._log = (root.path.parent / f"{root.path.name}.console").open("wb")
        self._process = subprocess.Popen(
            command, env=environment, stdin=subprocess.DEVNULL, stdout=self._log, stderr=subprocess.STDOUT
        )

    def wait_for(self, stage: str) -> None:
        """Returns when the script has reached a stage."""
        self._wait(lambda: (self._root.path / f"var/walk/reached-{stage}").exists(), f"stage {stage}")

    def go_on(self, stage: str) -> None:
        self._root.write(f"/var/walk/go-{stage}", "")

    def finish(self) -> str:
        """What the script printed, when it has ended well and the root is off."""
        self._wait(lambda: self._process.poll() is not None, "the end")
        if not (self._root.path / "var/walk/ended-well").exists():
            raise WalkFailed(f"a command failed:\n{self.output()[-SHOWN_CHARACTERS:]}")
        return self.output()

    def output(self) -> str:
        file = self._root.path / "var/walk/output"
        return file.read_text(encoding="utf-8", errors="replace") if file.exists() else ""

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
            try:
                self._process.wait(30)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        self._log.close()

    def _wait(self, done: object, what: str) -> None:
        assert callable(done)
        while not done():
            if self._process.poll() is not None and not done():
                raise WalkFailed(f"the root was off before {what}:\n{self.output()[-SHOWN_CHARACTERS:]}")
            if time.monotonic() > self._deadline:
                raise WalkFailed(f"{what} was not reached in {COMMAND_SECONDS:.0f} s:\n{self.output()[-SHOWN_CHARACTERS:]}")
            time.sleep(POLL_SECONDS)
