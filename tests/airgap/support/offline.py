"""The build from the bundle's sources in a network namespace without an interface, with nothing of cargo's downloads."""

from __future__ import annotations

import argparse
import filecmp
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

from document import blocks

BUILD_SECONDS = 4500.0
# The block unpacks into the current folder; where the bundle is, is the one thing that differs from the page.
SRV = "/srv/tunnel-client/current"


def build(folder: Path, bundle: Path, options: argparse.Namespace) -> Iterator[tuple[str, str]]:
    """Follows the block `rebuild`, and compares programs, packages and their documents with those of this machine."""
    place, cargo_home = folder / "a site", folder / "cargo"
    place.mkdir()
    cargo_home.mkdir()
    subprocess.run(["tar", "-C", str(place), "-xf", str(next(bundle.glob("*.tar")))], check=True)
    unpacked = next(place.glob("*-bundle"))
    version = unpacked.name.removeprefix("tunnel-client-").removesuffix("-bundle")
    script = f"set -euo pipefail\nexport VERSION={version}\ncd '{place}'\n" + blocks()["rebuild"].replace(SRV, f"'{unpacked}'")
    environment = {name: value for name, value in os.environ.items() if name in ("HOME", "PATH", "LANG")}
    environment |= {"CARGO_HOME": str(cargo_home), "TUNNEL_CLIENT_TARGET": str(folder / "offline-target")}
    log = folder / "offline.log"
    with log.open("wb") as output:
        done = subprocess.run(
            ["unshare", "--net", "bash", "-c", script], stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env=environment, check=False, timeout=BUILD_SECONDS,
        )  # fmt: skip
    if done.returncode != 0:
        yield "it builds", f"code {done.returncode}:\n{log.read_text(encoding='utf-8', errors='replace')[-4000:]}"
        return
    yield "it builds", ""
    tree = place / f"tunnel-client-{version}"
    for path in (options.client, options.relay):
        same = filecmp.cmp(path, tree / "target-static" / path.name, shallow=False)
        yield f"{path.name} has the same bytes", "" if same else f"it differs from {path}"
    files = [*(unpacked / "deb").glob("*.deb"), *(unpacked / "sbom").glob("*.json"), *(unpacked / "provenance").glob("*.json")]
    for file in sorted(files):
        made = tree / "target-packages" / file.name
        same = made.is_file() and filecmp.cmp(file, made, shallow=False)
        yield f"{file.name} has the same bytes", "" if same else f"{made} is missing or differs"
    kinds = ("*.cdx.json", "*.spdx.json", "*.vex.cdx.json", "*.intoto.json")
    lacking = [kind for kind in kinds if not any(file.match(kind) for file in files)]
    yield "the bundle has bills of materials and provenance", f"it lacks {', '.join(lacking)}" if lacking else ""
