"""The block `check` of the page against a medium that a stranger has made: nothing of it runs, nothing of it stays."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

from document import blocks
from keys import Keys
from walk import follow

CHECK_SECONDS = 120.0
VERSION = "0.1.0"
# The page unpacks below /srv, which is empty here and ends with the shell.
HEAD = "set -uo pipefail\nmount -t tmpfs tmpfs /srv\n"
TAIL = "ls /srv\n"


def run(folder: Path, keys: Keys, release: str) -> Iterator[tuple[str, str]]:
    stranger = keys.make("medium")
    yield "the release key's medium is unpacked and checked by its own verify", check(folder / "own", keys, release, release, "RAN")
    yield "a stranger's medium with the stranger's key beside it is not", check(folder / "other", keys, stranger, release, "REFUSED")


def check(medium: Path, keys: Keys, signer: str, fingerprint: str, verdict: str) -> str:
    """What is wrong with the end of the block, for a medium that `signer` has signed."""
    bundle = medium / f"tunnel-client-{VERSION}-bundle"
    bundle.mkdir(parents=True)
    (bundle / "verify").write_text("#!/bin/bash\necho RAN\n", encoding="utf-8")
    (bundle / "verify").chmod(0o755)
    archive = medium / f"{bundle.name}.tar"
    subprocess.run(["tar", "-C", str(medium), "-cf", str(archive), bundle.name], check=True)
    keys.sign(signer, archive)
    (medium / "release-key.gpg").write_bytes(keys.export(signer, armoured=False))
    grouped = " ".join(fingerprint[at : at + 4] for at in range(0, 40, 4)).lower()
    block = blocks()
    script = HEAD + follow(block["names"] + block["check"], FINGERPRINT=grouped, VERSION=VERSION, MEDIUM=str(medium)) + TAIL
    done = subprocess.run(
        ["unshare", "--mount", "bash", "-c", script], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        text=True, errors="replace", timeout=CHECK_SECONDS, check=False,
    )  # fmt: skip
    lines = done.stdout.splitlines()
    wanted = verdict == "RAN"
    ran, unpacked, refused = "RAN" in lines, "tunnel-client" in lines, any(line.startswith("REFUSED") for line in lines)
    return "" if (ran, unpacked, refused) == (wanted, wanted, not wanted) else done.stdout
