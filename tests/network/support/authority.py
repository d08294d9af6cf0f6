"""Certificate authorities of the site, and what they sign."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from certificates import openssl

NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
# Long enough that doctor does not say that a certificate ends soon.
DAYS = ["-days", "100"]
LOOPBACK = "DNS:localhost, IP:127.0.0.1"


@dataclass(frozen=True)
class Pair:
    certificate: Path
    key: Path


class Authority:
    """An authority that signs into its folder."""

    def __init__(self, certificate: Path, key: Path) -> None:
        self.certificate = certificate
        self._key = key
        self._folder = certificate.parent

    @classmethod
    def new(cls, folder: Path, name: str) -> Authority:
        folder.mkdir()
        certificate, key = folder / "ca.pem", folder / "ca.key"
        openssl(
            ["req", "-x509", *NEW_KEY, *DAYS, "-subj", f"/CN={name}", "-addext", "keyUsage = critical, keyCertSign"]
            + ["-keyout", str(key), "-out", str(certificate)]
        )
        return cls(certificate, key)

    def server(self, name: str, names: str = LOOPBACK) -> Pair:
        """A server's certificate; `names` as openssl writes subjectAltName."""
        return self._issue(name, f"extendedKeyUsage = serverAuth\nsubjectAltName = {names}\n")

    def client(self, name: str) -> Pair:
        return self._issue(name, "extendedKeyUsage = clientAuth\n")

    def _issue(self, name: str, more: str) -> Pair:
        at = self._folder / name
        request, extensions = at.with_suffix(".csr"), at.with_suffix(".ext")
        pair = Pair(at.with_suffix(".pem"), at.with_suffix(".key"))
        extensions.write_text(
            f"basicConstraints = critical, CA:FALSE\nkeyUsage = critical, digitalSignature\n{more}", encoding="utf-8"
        )
        openssl(["req", *NEW_KEY, "-subj", f"/CN={name}", "-keyout", str(pair.key), "-out", str(request)])
        openssl(
            ["x509", "-req", "-in", str(request), *DAYS, "-extfile", str(extensions), "-CA", str(self.certificate)]
            + ["-CAkey", str(self._key), "-CAcreateserial", "-out", str(pair.certificate)]
        )
        return pair
