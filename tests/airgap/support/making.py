"""The bundles of a run, made with packaging/airgap/build and a throw-away key."""

from __future__ import annotations

import argparse
import functools
import os
import re
import subprocess
from pathlib import Path

from keys import Keys

MAKE_SECONDS = 900.0
REPOSITORY = Path(__file__).resolve().parents[3]
NEXT_VERSION = "0.1.1"


def default_folder() -> Path:
    """Where ./install puts the root."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TUNNEL_AIRGAP_DIR") or cache / "tunnel-client-airgap")


class Bundles:
    """Each is made when it is first asked for."""

    def __init__(self, folder: Path, keys: Keys, options: argparse.Namespace) -> None:
        self._folder, self._keys, self._options = folder, keys, options
        match = re.search(r'^version = "(.*)"$', (REPOSITORY / "Cargo.toml").read_text(encoding="utf-8"), re.MULTILINE)
        if match is None:
            raise RuntimeError("Cargo.toml names no version")
        self.versions = (match[1], NEXT_VERSION)

    @functools.cached_property
    def fingerprint(self) -> str:
        # RSA: rpm of RHEL 8 checks nothing else.
        return self._keys.make("release", "rsa3072")

    def both(self) -> list[Path]:
        """The folders of this version's bundle and the next one's."""
        return [self._current, self._next]

    def unpacked(self) -> Path:
        """This version's bundle, unpacked."""
        target = self._folder / "unpacked"
        target.mkdir(exist_ok=True)
        subprocess.run(["tar", "-C", str(target), "-xf", str(next(self._current.glob("*.tar")))], check=True)
        return next(target.iterdir())

    def complete(self) -> Path:
        """The folder of this version's bundle with the real sources in it."""
        return self._make("complete", self._packages(self.versions[0], self._options.packages), self.versions[0], None)

    @functools.cached_property
    def _current(self) -> Path:
        version = self.versions[0]
        return self._make("current", self._packages(version, self._options.packages), version, self._stand_in(version))

    @functools.cached_property
    def _next(self) -> Path:
        return self._make("next", self._packages(NEXT_VERSION, self._options.next), NEXT_VERSION, self._stand_in(NEXT_VERSION))

    def _stand_in(self, version: str) -> Path:
        """A small archive in place of the sources with all crates, which take a minute to pack."""
        archive = self._folder / f"tunnel-client-{version}.tar.gz"
        subprocess.run(["tar", "-C", str(REPOSITORY), "-czf", str(archive), "Cargo.toml"], check=True)
        return archive

    def _packages(self, version: str, given: Path | None) -> Path:
        if given is not None:
            return given.resolve()
        programs, out = self._folder / "programs", self._folder / f"packages-{version}"
        if not out.exists():
            programs.mkdir(exist_ok=True)
            for name, path in (("tunnel-client", self._options.client), ("tunnel-relay", self._options.relay)):
                (programs / name).unlink(missing_ok=True)
                (programs / name).symlink_to(path.resolve())
            self._run("packaging/build", "--programs", str(programs), "--version", version, "--out", str(out))
        return out

    def _make(self, name: str, packages: Path, version: str, sources: Path | None) -> Path:
        out = self._folder / name
        more = [] if sources is None else ["--sources", str(sources)]
        self._run(
            "packaging/airgap/build", "--packages", str(packages), "--version", version, "--sign-key", self.fingerprint,
            "--gnupg-home", str(self._keys.home), "--out", str(out), *more,
        )  # fmt: skip
        return out

    def _run(self, script: str, *arguments: str) -> None:
        command = [str(REPOSITORY / script), *arguments]
        done = subprocess.run(command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False, timeout=MAKE_SECONDS)
        if done.returncode != 0:
            raise RuntimeError(f"{script} ended with code {done.returncode}:\n{done.stdout[-4000:]}")
