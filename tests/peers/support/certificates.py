"""A throw-away certificate authority and a server certificate, for the loopback address unless said otherwise, made with openssl."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

EXTENSIONS = """\
basicConstraints = critical, CA:FALSE
keyUsage = critical, digitalSignature
extendedKeyUsage = serverAuth
subjectAltName = {names}
"""
LOOPBACK = "DNS:localhost, IP:127.0.0.1"


@dataclass(frozen=True)
class Certificates:
    authority: Path
    certificate: Path
    key: Path


def make_certificates(folder: Path, names: str = LOOPBACK, authority_days: int = 2) -> Certificates:
    authority, authority_key = folder / "ca.pem", folder / "ca.key"
    request, certificate, key = folder / "relay.csr", folder / "relay.pem", folder / "relay.key"
    extensions = folder / "relay.ext"
    extensions.write_text(EXTENSIONS.format(names=names), encoding="utf-8")
    new_key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    openssl(
        ["req", "-x509", *new_key, "-days", str(authority_days), "-subj", "/CN=tunnel peers test authority"]
        + ["-addext", "keyUsage = critical, keyCertSign"]
        + ["-keyout", str(authority_key), "-out", str(authority)]
    )
    openssl(["req", *new_key, "-subj", "/CN=localhost", "-keyout", str(key), "-out", str(request)])
    openssl(
        ["x509", "-req", "-in", str(request), "-days", "2", "-extfile", str(extensions)]
        + ["-CA", str(authority), "-CAkey", str(authority_key), "-CAcreateserial", "-out", str(certificate)]
    )
    return Certificates(authority, certificate, key)


def openssl(arguments: list[str]) -> None:
    done = subprocess.run(["openssl", *arguments], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode != 0:
        raise RuntimeError(f"openssl {arguments[0]} failed: {done.stderr.strip()}")
