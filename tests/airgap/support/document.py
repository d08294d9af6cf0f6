"""The marked blocks of docs/install-air-gapped.md."""

from __future__ import annotations

import re
import sys
from pathlib import Path

DOCUMENT = Path(__file__).resolve().parents[3] / "docs" / "install-air-gapped.md"
BLOCK = re.compile(r"<!-- airgap: ([\w-]+) -->\n```sh\n(.*?)```\n", re.DOTALL)
EXPECTED = {
    "names", "check", "deb", "rpm", "configure", "start", "deb-upgrade", "rpm-upgrade", "deb-rollback", "rpm-rollback", "rebuild",
}  # fmt: skip


def blocks() -> dict[str, str]:
    """Each block by its name."""
    found = dict(BLOCK.findall(DOCUMENT.read_text(encoding="utf-8")))
    if set(found) != EXPECTED:
        sys.exit(f"{DOCUMENT.name}: the marked blocks are not what is expected: {sorted(set(found) ^ EXPECTED)}")
    return found
