"""As much of Rust as finding functions in sources takes."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "scripts" / "support"))

from rust_text import masked, scopes  # noqa: E402


def function_bodies(source: str) -> dict[str, str]:
    """Text of each function by its name; of several with one name, all of them."""
    bodies: dict[str, str] = {}
    for scope in scopes(masked(source)):
        if scope.kind == "fn":
            bodies[scope.name] = bodies.get(scope.name, "") + source[scope.start : scope.end]
    return bodies
