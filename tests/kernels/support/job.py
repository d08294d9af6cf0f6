"""Content of a machine: the programs, their dependencies, and the cases."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from certificates import make_certificates
from packing import packed

HERE = Path(__file__).resolve().parent.parent
TESTS = HERE.parent
# Modules of other steps that the cases use.
SHARED = ("lockdown/support/call.py", "lockdown/support/client.py", "peers/support/processes.py")


def make_job(folder: Path, client: Path, relay: Path, settings: dict[str, object]) -> Path:
    """The disk."""
    tree = folder / "job"
    guest = tree / "guest"
    shutil.copytree(HERE / "guest", guest)
    for each in SHARED:
        shutil.copy(TESTS / each, guest)
    shutil.copy(client, tree / "tunnel-client")
    with_libraries(relay, tree)
    certificates = tree / "certificates"
    certificates.mkdir()
    # Where the clock is stepped, the relay's certificate ends, and the authority's does not.
    make_certificates(certificates, authority_days=400)
    (guest / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    for each in (tree, *tree.rglob("*")):
        is_open = each.is_dir() or each.name in ("tunnel-client", "tunnel-relay", "loader")
        each.chmod(0o755 if is_open else 0o644)
    return packed(tree)


def with_libraries(program: Path, tree: Path) -> None:
    """The program and, unless it is static, this machine's libraries for it: it does not depend on those of the image."""
    shutil.copy(program, tree / "tunnel-relay")
    libraries = tree / "lib"
    libraries.mkdir()
    listed = subprocess.run(["ldd", str(program)], capture_output=True, text=True, check=False).stdout
    for path in re.findall(r"(/\S+) \(0x", listed):
        loads = Path(path).name.startswith("ld-")
        shutil.copy(path, tree / "loader" if loads else libraries / Path(path).name)
