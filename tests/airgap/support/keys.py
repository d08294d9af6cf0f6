"""Throw-away OpenPGP keys, in a home of their own."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path

COMMAND_SECONDS = 120.0


class Keys:
    """The keys of a run; the agent that gpg starts for them ends with the `with` block."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Keys:
        # Not in the folder of the run: the path of the agent's socket may have 107 characters at most.
        self.home = Path(tempfile.mkdtemp(prefix="keys-"))
        return self

    def __exit__(self, *_: object) -> None:
        subprocess.run(["gpgconf", "--homedir", str(self.home), "--kill", "gpg-agent"], check=False, timeout=COMMAND_SECONDS)
        subprocess.run(["rm", "-rf", str(self.home)], check=False, timeout=COMMAND_SECONDS)

    def make(self, name: str, algorithm: str = "ed25519", *, born: int = 0, lasts: str = "1y") -> str:
        """The fingerprint of a new key; `born` is the time of its making in seconds since 1970, now without it."""
        time = ["--faked-system-time", f"{born}!"] if born else []
        address = f"{name}@example.com"
        self._gpg(*time, "--passphrase", "", "--quick-generate-key", address, algorithm, "sign", lasts)
        for line in self._gpg("--with-colons", "--list-keys", address).decode().splitlines():
            if line.startswith("fpr:"):
                return line.split(":")[9]
        raise RuntimeError(f"gpg made no key for {address}")

    def export(self, fingerprint: str, *, armoured: bool = True) -> bytes:
        return self._gpg(*(["--armor"] if armoured else []), "--export", fingerprint)

    def sign(self, fingerprint: str, file: Path, *, at: int = 0) -> None:
        """Writes FILE.asc, made at that time if it is given."""
        time = ["--faked-system-time", f"{at}!"] if at else []
        self._gpg(*time, "--yes", "--armor", "--local-user", fingerprint, "--output", f"{file}.asc", "--detach-sign", str(file))

    def revoke(self, fingerprint: str) -> None:
        """Uses the certificate that gpg made with the key; a colon in it guards against use by mistake."""
        certificate = (self.home / "openpgp-revocs.d" / f"{fingerprint}.rev").read_text(encoding="utf-8")
        (self._folder / "revocation").write_text(certificate.replace(":-----BEGIN", "-----BEGIN"), encoding="utf-8")
        self._gpg("--import", str(self._folder / "revocation"))

    def _gpg(self, *arguments: str) -> bytes:
        command = ["gpg", "--batch", "--quiet", "--no-tty", "--homedir", str(self.home), *arguments]
        done = subprocess.run(command, capture_output=True, check=False, timeout=COMMAND_SECONDS, env={**os.environ, "LC_ALL": "C"})
        if done.returncode != 0:
            raise RuntimeError(f"gpg {arguments}: {done.stderr.decode(errors='replace')}")
        return done.stdout
