"""Signatures next to files, by what is on the host already: ssh-keygen, gpg or openssl."""

from __future__ import annotations

import subprocess
import tempfile
from dataclasses import dataclass
from pathlib import Path

# What the signature is for (ssh-keygen(1), NAMESPACE): one that was made for something else does not count.
PURPOSE = "tunnel-client-evidence"
SIGNER = "signer"
ENDINGS = {"ssh": ".sig", "gpg": ".asc", "openssl": ".signature"}


class SignatureFault(Exception):
    """A signature could not be made, is missing or is not good."""


@dataclass(frozen=True)
class Key:
    kind: str
    value: str

    @classmethod
    def of(cls, text: str) -> Key:
        kind, _, value = text.partition(":")
        if kind not in ENDINGS or not value:
            raise SignatureFault(f"{text}: wrong key; write ssh:FILE, openssl:FILE or gpg:FINGERPRINT (gpg:FILE to verify)")
        return cls(kind, value)

    def signature_of(self, file: Path) -> Path:
        return file.with_name(file.name + ENDINGS[self.kind])


def sign(file: Path, key: Key) -> Path:
    """Writes the signature next to the file."""
    target = key.signature_of(file)
    target.unlink(missing_ok=True)
    commands = {
        "ssh": ["ssh-keygen", "-q", "-Y", "sign", "-f", key.value, "-n", PURPOSE, str(file)],
        "gpg": ["gpg", "--batch", "--yes", "--quiet", "--local-user", key.value, "--armor", "--output", str(target), "--detach-sign", str(file)],
        "openssl": ["openssl", "pkeyutl", "-sign", "-rawin", "-inkey", key.value, "-in", str(file), "-out", str(target)],
    }
    done = _run(commands[key.kind])
    if done.returncode or not target.is_file():
        raise SignatureFault(f"{file}: {key.kind} did not sign: {_last_line(done)}")
    return target


def verify(file: Path, key: Key) -> None:
    """Fails unless the signature next to the file is good and was made by this key."""
    signature = key.signature_of(file)
    if not signature.is_file():
        raise SignatureFault(f"{file}: not signed ({signature.name} is missing)")
    if not Path(key.value).is_file():
        raise SignatureFault(f"{key.value}: there is no such public key")
    with tempfile.TemporaryDirectory() as folder:
        done = _VERIFY[key.kind](file, signature, Path(key.value), Path(folder))
    if done.returncode:
        raise SignatureFault(f"{file}: the signature is not good: {_last_line(done)}")


def _verify_ssh(file: Path, signature: Path, public: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    allowed = folder / "allowed"
    allowed.write_text(f'{SIGNER} namespaces="{PURPOSE}" {public.read_text(encoding="utf-8").strip()}\n', encoding="utf-8")
    command = ["ssh-keygen", "-Y", "verify", "-f", str(allowed), "-I", SIGNER, "-n", PURPOSE, "-s", str(signature)]
    return _run(command, file)


def _verify_gpg(file: Path, signature: Path, public: Path, folder: Path) -> subprocess.CompletedProcess[str]:
    gpg = ["gpg", "--homedir", str(folder), "--batch", "--no-autostart", "--trust-model", "always"]
    done = _run([*gpg, "--quiet", "--import", str(public)])
    if not done.returncode:
        done = _run([*gpg, "--status-fd", "1", "--verify", str(signature), str(file)])
        # The exit code says nothing of a key that has expired or was revoked.
        if not done.returncode and "\n[GNUPG:] GOODSIG " not in f"\n{done.stdout}":
            done.returncode = 1
    return done


def _verify_openssl(file: Path, signature: Path, public: Path, _: Path) -> subprocess.CompletedProcess[str]:
    return _run(["openssl", "pkeyutl", "-verify", "-rawin", "-pubin", "-inkey", str(public), "-in", str(file), "-sigfile", str(signature)])


_VERIFY = {"ssh": _verify_ssh, "gpg": _verify_gpg, "openssl": _verify_openssl}


def _run(command: list[str], stdin: Path | None = None) -> subprocess.CompletedProcess[str]:
    try:
        with open(stdin or "/dev/null", "rb") as source:
            return subprocess.run(command, stdin=source, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, encoding="utf-8", errors="replace")
    except FileNotFoundError:
        raise SignatureFault(f"{command[0]} is not installed") from None


def _last_line(done: subprocess.CompletedProcess[str]) -> str:
    lines = [line for line in done.stdout.splitlines() if not line.startswith("[GNUPG:]")]
    return (lines or [f"exit code {done.returncode}"])[-1]
