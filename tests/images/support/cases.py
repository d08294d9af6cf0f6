"""A case: its name says what holds, and it returns a line for each fault."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from lab import Lab


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[[Lab], list[str]]
