"""Which licence is taken of those that a crate offers."""

from __future__ import annotations

import re

APACHE = "Apache-2.0"
# In this order. A licence that is not in the list needs a decision.
PREFERRED = (APACHE, "MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Zlib", "0BSD", "CDLA-Permissive-2.0", "Unicode-3.0")


class Undecided(Exception):
    """No licence of an expression is in the list."""


def choose(name: str, expression: str) -> list[str]:
    """The licences that count: all of an AND, the preferred one of an OR."""
    taken = []
    for part in expression.replace("(", "").replace(")", "").split(" AND "):
        offered = [each.strip() for each in re.split(r" OR |/", part)]
        known = [each for each in PREFERRED if each in offered]
        if not known:
            raise Undecided(f"{name} is under {part!r}, which scripts/bill/parts/licences.py does not know; add it to PREFERRED")
        taken.append(known[0])
    return taken
