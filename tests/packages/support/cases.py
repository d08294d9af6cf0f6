"""What one test is, and where it gets what it needs."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from builds import Builds
from roots import Root


class Wrong(Exception):
    """Something is not as it has to be."""


@dataclass
class Bench:
    """The packages, and roots to install them in."""

    builds: Builds
    installed: Path
    """The folder of ./install."""
    folder: Path
    _numbers: Iterator[int] = field(default_factory=itertools.count)

    @contextmanager
    def root(self, landlock: bool = True) -> Iterator[Root]:
        """A fresh root whose kernel says that landlock is on, or that says nothing."""
        root = Root(self.installed / "root", self.folder / f"root-{next(self._numbers)}")
        if landlock:
            root.write("/sys/kernel/security/lsm", "lockdown,capability,landlock,yama,apparmor")
        yield root
        root.discard()


Case = Callable[[Bench], None]


def same(what: str, found: object, wanted: object) -> None:
    if found != wanted:
        raise Wrong(f"{what}: {found!r}, not {wanted!r}")


def holds(what: str, truth: object) -> None:
    if not truth:
        raise Wrong(what)


def contains(what: str, text: str, part: str) -> None:
    if part not in text:
        raise Wrong(f"{what}: no {part!r} in:\n{text}")
