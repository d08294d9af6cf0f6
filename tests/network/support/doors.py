"""A door: one port of a proxy, with one rule for who may pass, and the log that shows who came."""

from __future__ import annotations

import base64
import re
import secrets
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote


@dataclass(frozen=True)
class Account:
    """A user of a proxy."""

    user: str
    password: str

    @classmethod
    def new(cls, special: str = "") -> Account:
        """With a random password, `special` inside of it."""
        return cls("tunnel", f"{secrets.token_hex(8)}{special}{secrets.token_hex(4)}")

    @property
    def userinfo(self) -> str:
        return f"{quote(self.user, safe='')}:{quote(self.password, safe='')}"

    @property
    def forms(self) -> list[str]:
        """How the password could be written: as it is, in a URL, in a header."""
        basic = base64.b64encode(f"{self.user}:{self.password}".encode()).decode()
        return [self.password, quote(self.password, safe=""), basic]


@dataclass(frozen=True)
class Door:
    name: str
    scheme: str
    port: int
    source: str
    """The address that its connections come from."""
    log: Path
    account: Account | None = None
    line: str = ""
    """A pattern that begins the log lines of this door, when a log is shared."""

    def url(self, account: Account | None = None) -> str:
        userinfo = f"{account.userinfo}@" if account else ""
        # A name where a certificate has to be for it, an address where there is none.
        host = "localhost" if self.scheme == "https" else "127.0.0.1"
        return f"{self.scheme}://{userinfo}{host}:{self.port}"

    def carried(self, port: int) -> list[str]:
        """The log lines about requests to that port."""
        wanted = re.compile(rf"{self.line}.*:{port}\b")
        lines = self.log.read_text(encoding="utf-8", errors="replace").splitlines() if self.log.exists() else []
        return [line for line in lines if wanted.match(line)]
