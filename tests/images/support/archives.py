"""Cases about the archives: their bytes, their files, their settings, and what is not put into them."""

from __future__ import annotations

import os
import shutil
import tarfile
from pathlib import Path

from cases import Case
from lab import PACKAGING, ROOT, Lab
from oci import build, inspect, run

USER = "65532:65532"
TREES = {
    "tunnel-client": {
        "etc": "d 0755 0:0",
        "etc/group": "f 0644 0:0",
        "etc/passwd": "f 0644 0:0",
        "etc/tunnel-client": "d 0755 0:0",
        "etc/tunnel-client/ca": "d 0755 0:0",
        "etc/tunnel-client/config": "d 0755 0:0",
        "etc/tunnel-client/secrets": "d 0755 0:0",
        "usr": "d 0755 0:0",
        "usr/bin": "d 0755 0:0",
        "usr/bin/tunnel-client": "f 0711 0:0",
    },
    "tunnel-relay": {
        "etc": "d 0755 0:0",
        "etc/group": "f 0644 0:0",
        "etc/passwd": "f 0644 0:0",
        "etc/tunnel-relay": "d 0755 0:0",
        "etc/tunnel-relay/keys": "d 0755 0:0",
        "etc/tunnel-relay/tls": "d 0755 0:0",
        "usr": "d 0755 0:0",
        "usr/bin": "d 0755 0:0",
        "usr/bin/tunnel-relay": "f 0755 0:0",
        "var": "d 0755 0:0",
        "var/lib": "d 0755 0:0",
        "var/lib/tunnel-relay": f"d 0700 {USER}",
    },
}
DOCUMENTS = "usr/share"
"""Licences."""


def the_same_bytes(lab: Lab) -> list[str]:
    """A second build from a copy elsewhere, at another time of the files, under another mask."""
    lines = []
    for name, programs in lab.programs.items():
        elsewhere = lab.new_folder("another clone")
        (elsewhere / "packaging").mkdir()
        for part in ("Cargo.toml", "LICENSE", "NOTICE"):
            if (ROOT / part).exists():
                shutil.copyfile(ROOT / part, elsewhere / part)
        before = os.umask(0o077)
        try:
            shutil.copytree(PACKAGING / "oci", elsewhere / "packaging/oci", copy_function=shutil.copy)
            moved = {}
            for processor, path in programs.items():
                moved[processor] = elsewhere / processor
                shutil.copyfile(path, moved[processor])
                moved[processor].chmod(0o700)
            for path in elsewhere.rglob("*"):
                os.utime(path, (1, 1))
            build(name, moved, elsewhere / "image.tar", elsewhere / "packaging/oci/build")
        finally:
            os.umask(before)
        if (elsewhere / "image.tar").read_bytes() != lab.archive(name).read_bytes():
            lines.append(f"{name}: two builds differ")
    return lines


def exactly_these_files(lab: Lab) -> list[str]:
    lines = []
    for name, wanted in TREES.items():
        found = {path: what for path, what in lab.image(name).listing().items() if not path.startswith(DOCUMENTS)}
        lines += [f"{name}: {path}: {found.get(path)} and not {wanted.get(path)}"
                  for path in sorted({*found, *wanted}) if found.get(path) != wanted.get(path)]  # fmt: skip
        documents = lab.image(name).root / DOCUMENTS
        lines += [f"{name}: {path} can be executed" for path in documents.rglob("*")
                  if path.is_file() and path.stat().st_mode & 0o111]  # fmt: skip
        if (lab.image(name).root / f"usr/bin/{name}").read_bytes() != lab.programs[name]["amd64"].read_bytes():
            lines.append(f"{name}: the program is another one")
    return lines


def how_it_runs(lab: Lab) -> list[str]:
    lines = []
    version = next(line.split('"')[1] for line in (ROOT / "Cargo.toml").read_text().splitlines() if "version = " in line)
    for name, programs in lab.programs.items():
        for processor in programs:
            found = inspect(lab.archive(name), processor)
            config = found["config"]
            labels = config["Labels"]
            facts = {
                "architecture": (found["architecture"], processor),
                "User": (config["User"], USER),
                "Entrypoint": (config["Entrypoint"], [f"/usr/bin/{name}"]),
                "created": (found["created"], "2023-11-14T22:13:20Z"),
                "title": (labels.get("org.opencontainers.image.title"), name),
                "version": (labels.get("org.opencontainers.image.version"), version),
                "revision": (labels.get("org.opencontainers.image.revision"), "0" * 40),
            }
            lines += [f"{name}, {processor}: {what} is {is_} and not {wanted}"
                      for what, (is_, wanted) in facts.items() if is_ != wanted]  # fmt: skip
    return lines


def one_index(lab: Lab) -> list[str]:
    """The whole archive goes to a registry under one name: skopeo copies all of it."""
    lines = []
    for name, programs in lab.programs.items():
        out = lab.new_folder("all")
        run(["skopeo", "copy", "--quiet", "--all", f"oci-archive:{lab.archive(name)}", f"oci:{out}:all"])
        raw = run(["skopeo", "inspect", "--raw", f"oci:{out}:all"])
        lines += [f"{name}: {each} is not in the index" for each in programs if f'"architecture":"{each}"' not in raw]
    return lines


def what_cannot_run_is_refused(lab: Lab) -> list[str]:
    out = lab.new_folder("refused") / "image.tar"
    client = lab.programs["tunnel-client"]["amd64"]
    script = out.with_name("script")
    script.write_text("#!/bin/sh\n")
    lines = []
    for programs, words in (
        ({"amd64": Path("/usr/bin/env")}, "needs a dynamic loader"),
        ({"arm64": client}, "not for arm64"),
        ({"amd64": script}, "not a 64-bit little-endian ELF"),
        ({}, "no binary is given"),
    ):
        try:
            build("tunnel-client", programs, out)
            lines.append(f"built from {programs}")
        except RuntimeError as error:
            if words not in str(error):
                lines.append(f"refused without {words!r}: {error}")
    if out.exists():
        lines.append("a refused image is there")
    return lines


def nothing_of_the_machine(lab: Lab) -> list[str]:
    """Owners have no names and no file has a time of its own."""
    lines = []
    for name in lab.programs:
        with tarfile.open(lab.archive(name)) as archive:
            for member in archive:
                if member.uname or member.gname or member.mtime != 1700000000:
                    lines.append(f"{name}: {member.name}: {member.uname}:{member.gname}, {member.mtime}")
    return lines


CASES = (
    Case("image: built elsewhere, later, under another mask, it has the same bytes", the_same_bytes),
    Case("image: it holds exactly these files, with these modes and owners, and one program", exactly_these_files),
    Case("image: user, entry point, architecture and labels", how_it_runs),
    Case("image: one index holds all processors", one_index),
    Case("image: no times and names of the machine that built it", nothing_of_the_machine),
    Case("image: a program that could not run in it is refused", what_cannot_run_is_refused),
)
