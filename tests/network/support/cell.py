"""A cell of the matrix: settings of the client, and what has to come of them."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from doors import Door
from fronts import Front


@dataclass(frozen=True)
class Passes:
    """A call goes through, on the way that was meant."""

    front: Front
    door: Door | None = None
    """The proxy that carries it. None: it has to come directly."""
    unused: Door | None = None
    """A proxy that is configured and must not be asked."""
    shown: bool = False
    """The front saw our client certificate, and verified it."""
    bundle_alone: bool = False
    """doctor says that no authority is trusted but those of the bundle."""
    protocol: str | None = None
    calls: int = 1
    """How many calls go through, some at once when it is more than one."""

    def __str__(self) -> str:
        return "passes"


@dataclass(frozen=True)
class Fails:
    """No call goes through, and the reason is said. In these texts `…` stands for anything, such as an address."""

    check: str
    """The first check of doctor that fails."""
    found: str
    """What doctor says there."""
    said: str
    """What the log or the readiness of `run` says."""
    advised: str = ""
    """Part of what doctor advises there."""
    fronts: tuple[Front, ...] = ()
    """They must not have answered any request with success."""
    starts: bool = True
    """False: `run` ends at once, with code 1."""

    def __str__(self) -> str:
        return f"fails: {self.found}"


@dataclass(frozen=True)
class Cell:
    peer: str
    way: str
    trust: str
    certificate: str
    expected: Passes | Fails
    environment: dict[str, str] = field(repr=False)
    secrets: tuple[str, ...] = field(default=(), repr=False)
    """Texts that nothing which the client writes may hold."""

    @property
    def name(self) -> str:
        return f"{self.peer} | {self.way} | {self.trust} | {self.certificate} | {self.expected}"


def says(text: str, wanted: str) -> bool:
    """Whether some line of `text` holds `wanted`."""
    return re.search(".*".join(map(re.escape, wanted.split("…"))), text) is not None
