"""The second disk of a machine: the packages to test, their next versions, certificates, and the cases."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import subprocess
import tempfile
from pathlib import Path

from certificates import make_certificates
from packing import packed

HERE = Path(__file__).resolve().parent.parent
TESTS = HERE.parent
# Modules of other steps that the cases use.
SHARED = ("kernels/guest/channel.py", "kernels/guest/proof.py", "lockdown/support/call.py", "peers/support/processes.py")
ARCHITECTURES = ("amd64", "all")
RELAY_NAME = "relay.example"


class JobFailed(Exception):
    """The packages are not those that a machine can be given."""


def make_job(folder: Path, packages: Path, settings: dict[str, object]) -> Path:
    """The disk."""
    tree = folder / "job"
    guest = tree / "guest"
    shutil.copytree(HERE / "guest", guest)
    for each in SHARED:
        shutil.copy(TESTS / each, guest)
    found = take_packages(packages, tree / "packages")
    client = next((each for each in found if each.name.startswith("tunnel-client_")), None)
    if client is None:
        raise JobFailed(f"{packages} holds no tunnel-client_*.deb for {' or '.join(ARCHITECTURES)}")
    for number in (1, 2):
        make_next_version(client, tree / f"next{number}", number)
    certificates = tree / "certificates"
    certificates.mkdir()
    make_certificates(certificates, f"DNS:{RELAY_NAME}")
    (guest / "settings.json").write_text(json.dumps(settings), encoding="utf-8")
    for each in (tree, *tree.rglob("*")):
        each.chmod(0o755 if each.is_dir() or "servers" in each.parts else 0o644)
    return packed(tree)


def take_packages(packages: Path, into: Path) -> list[Path]:
    into.mkdir()
    found = [each for each in sorted(packages.glob("*.deb")) if architecture(each) in ARCHITECTURES]
    return [Path(shutil.copy(each, into)) for each in found]


def architecture(package: Path) -> str:
    return package.stem.rpartition("_")[2]


def make_next_version(package: Path, into: Path, number: int) -> None:
    """The same package with a higher version, and a program of other bytes that does the same."""
    into.mkdir()
    with tempfile.TemporaryDirectory(dir=into.parent) as temporary:
        tree = Path(temporary) / "tree"
        dpkg_deb("--raw-extract", str(package), str(tree))
        control = tree / "DEBIAN/control"
        text = control.read_text(encoding="utf-8")
        text, changed = re.subn(r"(?m)^Version: (.*)$", rf"Version: \g<1>+next{number}", text)
        if changed != 1:
            raise JobFailed(f"{package.name} has no version")
        control.write_text(text, encoding="utf-8")
        program = tree / "usr/bin/tunnel-client"
        with program.open("ab") as file:
            file.write(f"next{number}".encode())
        sums = tree / "DEBIAN/md5sums"
        new = hashlib.md5(program.read_bytes(), usedforsecurity=False).hexdigest()
        lines = sums.read_text(encoding="utf-8").splitlines()
        lines = [f"{new}  usr/bin/tunnel-client" if line.endswith("  usr/bin/tunnel-client") else line for line in lines]
        sums.write_text("\n".join(lines) + "\n", encoding="utf-8")
        dpkg_deb("--build", "-Zxz", "-z1", str(tree), str(into / f"{package.stem}-next{number}.deb"))


def dpkg_deb(*arguments: str) -> None:
    done = subprocess.run(["dpkg-deb", *arguments], capture_output=True, text=True, timeout=120, check=False)
    if done.returncode != 0:
        raise JobFailed(f"dpkg-deb {arguments[0]}: {done.stderr.strip()[-400:]}")
