"""The name of the control plane is resolved by the name servers of now, however resolv.conf was exchanged."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from cases import SiteCase

SITE_SECONDS = 90.0
SITE = Path(__file__).resolve().parent / "site.py"
# Its own network, and its own /etc and /run, which are gone with it.
NAMESPACES = ["unshare", "--mount", "--net", "--propagation", "private", "--"]


def survives(folder: Path, program: Path, relay: Path) -> list[str]:
    """Runs the site; it prints a line for each thing that is not as it has to be."""
    done = subprocess.run(
        [*NAMESPACES, sys.executable, "-B", str(SITE), str(folder), str(program), str(relay)],
        stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=SITE_SECONDS, check=False,
    )  # fmt: skip
    lines = (done.stdout + done.stderr).splitlines()
    return lines if lines or done.returncode == 0 else [f"the site ended with code {done.returncode}"]


NAME = "resolv.conf is exchanged for a file, a link, a file behind it: what holds is the new one"
CASES = (SiteCase(NAME, survives),)
