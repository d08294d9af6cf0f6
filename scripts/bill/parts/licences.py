"""Which licence is taken of those that a crate offers."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

APACHE = "Apache-2.0"
_RULES = tomllib.loads((Path(__file__).resolve().parents[3] / "deny.toml").read_text(encoding="utf-8"))
# In the order of preference. A licence that is not in the list needs a decision.
ALLOWED: tuple[str, ...] = tuple(_RULES["licenses"]["allow"])


class Undecided(Exception):
    """No licence of an expression is in the list."""


def choose(name: str, expression: str) -> list[str]:
    """The licences that count: all of an AND, the first allowed one of an OR."""
    taken = []
    for part in expression.replace("(", "").replace(")", "").split(" AND "):
        offered = [each.strip() for each in re.split(r" OR |/", part)]
        known = [each for each in ALLOWED if each in offered]
        if not known:
            raise Undecided(f"{name} is under {part!r}, which is not in the list of licences in deny.toml")
        taken.append(known[0])
    return taken
