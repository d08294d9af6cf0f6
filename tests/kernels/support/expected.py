"""Properties that Debian's kernels have to have, and where their images are."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from results import Result

# Version that the client asks for (src/sandbox/rules.rs): a kernel that has more counts as this. Then that of the newest kernel.
CLIENT_LANDLOCK, NEWEST_LANDLOCK = 6, 7


@dataclass(frozen=True)
class Kernel:
    begins: str
    """Its release begins with this."""
    landlock: int | None
    """The version that it has to report; None for at least NEWEST_LANDLOCK."""


KERNELS = {
    "6.1": Kernel("6.1.", 2),
    "6.12": Kernel("6.12.", 6),
    "5.10": Kernel("5.10.", 0),
    "newest": Kernel("", None),
    "6.1-aarch64": Kernel("6.1.", 2),
    "6.12-aarch64": Kernel("6.12.", 6),
}


def default_folder() -> Path:
    """Default folder of ./install."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return Path(os.environ.get("TUNNEL_KERNELS_DIR") or cache / "tunnel-client-kernels")


def unlike(result: Result) -> list[str]:
    """Differences from the expected properties of this kernel."""
    wanted = KERNELS[result.kernel]
    lines = [] if result.release.startswith(wanted.begins) else [f"it is {result.release}"]
    found = result.landlock or 0
    is_right = found >= NEWEST_LANDLOCK if wanted.landlock is None else found == wanted.landlock
    return lines if is_right else [*lines, f"landlock is {found} and not {wanted.landlock or NEWEST_LANDLOCK}"]
