"""The documents of a build: written twice, judged, compared with the witnesses, and with faults planted."""

from __future__ import annotations

import dataclasses
import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import comparing
import judges
import linked
import planted
import sources
from comparing import Witnesses, load
from linked import ROOT
from sources import Crates

BILL = ROOT / "scripts" / "bill"
DATE = "1700000000"
Case = tuple[str, list[str]]


def judged(seen: dict[str, Witnesses], programs: Path, folder: Path) -> Iterator[Case]:
    """Name and faults of each case."""
    first, second = folder / "first", folder / "a second"
    write(programs, first)
    write(programs, second, {"TZ": "Pacific/Auckland", "LANG": "C.UTF-8"}, umask=0o077)
    names = sorted(each.name for each in first.iterdir())
    yield "two runs write the same bytes", [name for name in names if (first / name).read_bytes() != (second / name).read_bytes()]
    for name in names:
        judge = judges.spdx if name.endswith(".spdx.json") else judges.cyclonedx
        yield f"{name} is valid", judge(first / name)
    for name, witness in seen.items():
        record = load(programs / f"{name}.build.json")
        library, faults = standard_library(record)
        yield f"{name}: the library's crates are those of its own lock file", faults
        cyclonedx, spdx = (load(next(first.glob(f"{name}-*-amd64.{kind}.json"))) for kind in ("cdx", "spdx"))
        faults = comparing.documents(witness, library, cyclonedx, spdx)
        if not record["pinned"]:
            print("       not the pinned toolchain: Debian packages without a hash are no fault")
            faults = [fault for fault in faults if not fault.endswith(": hash")]
        yield f"{name}: both documents list exactly what is linked", faults
        if name == "tunnel-client":
            print(f"       of these crates the optimiser left nothing with a name: {', '.join(comparing.without_code(witness, cyclonedx))}")
            yield from planted_faults(witness, library, cyclonedx, spdx)
    yield from records(programs, folder)
    yield from vulnerabilities(programs, folder)
    yield from provenance(programs, folder, sorted(first.iterdir()))


def planted_faults(witness: Witnesses, library: Crates, cyclonedx: dict[str, Any], spdx: dict[str, Any]) -> Iterator[Case]:
    """Each fault must lead to its finding."""
    for name, finding, one, other in planted.faults(cyclonedx, spdx):
        found = comparing.documents(witness, library, one, other)
        yield f"planted: {name}", [] if any(finding in each for each in found) else [f"nothing says {finding!r}", *found]
    # The linker and the program's text alone, without cargo's word for it.
    for crate in ("tokio", "ring", "hashbrown"):
        rest = planted.without(cyclonedx, crate)
        found = comparing.evidence(witness, sources.crates(rest), rest)
        yield f"planted: {crate} is removed, and only the linker is asked", [] if any(crate in each for each in found) else ["nothing finds it"]
    gone = dataclasses.replace(witness, own=witness.own - {min(witness.own)})
    yield "planted: the program's list lacks a crate", [] if comparing.lists(gone) else ["nothing finds it"]


def write(programs: Path, out: Path, more: dict[str, str] | None = None, umask: int = 0o022, *options: str) -> str:
    """Runs scripts/bill/write; gives what it says when it fails."""
    out.mkdir()
    command = [str(BILL / "write"), "--programs", str(programs), "--out", str(out), "--date", DATE, *options]
    done = subprocess.run(
        command, env=os.environ | (more or {}), umask=umask, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, check=False
    )  # fmt: skip
    return done.stderr if done.returncode else ""


def standard_library(record: dict[str, Any]) -> tuple[Crates, list[str]]:
    """Crates from crates.io that the standard library uses, each held against the library's Cargo.lock."""
    sysroot = subprocess.run(["/usr/bin/rustc", "--print", "sysroot"], check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
    locked = linked.checksums(Path(sysroot) / "lib/rustlib/src/rust/library/Cargo.lock")
    found = {(each["name"], each["version"]): each["sha256"] for each in record["crates"] if each["library"] and each["source"] == "crates.io"}
    return set(found), [f"{key}: not the checksum of the library's Cargo.lock" for key, value in found.items() if locked.get(key) != value]


def records(programs: Path, folder: Path) -> Iterator[Case]:
    """A record is only good for its own program."""
    other = folder / "other"
    other.mkdir()
    for name in linked.PROGRAMS:
        (other / name).write_bytes((programs / name).read_bytes())
        (other / f"{name}.build.json").write_bytes((programs / f"{name}.build.json").read_bytes())
    with (other / "tunnel-relay").open("ab") as program:
        program.write(b"\n")
    said = write(other, folder / "refused")
    yield "the record of another build is refused", [] if "is the record of another build" in said else [f"it says: {said}"]


STATEMENT = {
    "id": "EXAMPLE-2000-0001", "source": "an example", "component": "tokio", "version": "", "state": "not_affected",
    "justification": "code_not_reachable", "detail": "planted by a test",
}  # fmt: skip


def vulnerabilities(programs: Path, folder: Path) -> Iterator[Case]:
    """Statements about vulnerabilities: a good one is in the document, those that cannot be true stop the build."""
    record = load(programs / "tunnel-client.build.json")
    version = next(each["version"] for each in record["crates"] if each["name"] == "tokio")
    good = STATEMENT | {"version": version}
    said, out = state(programs, folder, good, "good")
    file = next(out.glob("*.vex.cdx.json"), None)
    affected = [] if file is None else load(file)["vulnerabilities"][0]["affects"]
    yield "a planted statement is in the VEX, for both programs", [said] if said or len(affected) != 2 else []
    if file is not None:
        yield "the VEX with a statement is valid", judges.cyclonedx(file)
    wrong = {
        "about a crate that is not linked": (good | {"component": "left-pad"}, "is linked into no program"),
        "about a version that is not linked": (good | {"version": "0.0.1"}, "is linked into no program"),
        "without a reason": ({key: value for key, value in good.items() if key != "justification"}, "needs a justification"),
        "with a reason of its own": (good | {"justification": "because"}, "needs a justification"),
        "without a detail": (good | {"detail": ""}, "missing: detail"),
        "with an unknown field": (good | {"until": "2030"}, "unknown: until"),
    }
    for number, (name, (statement, wanted)) in enumerate(wrong.items()):
        said, _ = state(programs, folder, statement, f"wrong-{number}")
        yield f"a statement {name} stops the build", [] if wanted in said else [f"it says: {said or 'nothing'}"]


def state(programs: Path, folder: Path, statement: dict[str, str], name: str) -> tuple[str, Path]:
    """Writes documents with one statement."""
    file, out = folder / f"{name}.json", folder / f"vex-{name}"
    file.write_text(json.dumps({"statements": [statement]}), encoding="utf-8")
    return write(programs, out, None, 0o022, "--vex", str(file)), out


def provenance(programs: Path, folder: Path, byproducts: list[Path]) -> Iterator[Case]:
    """The statement of how a package was made: valid, and complete."""
    package, file = folder / "tunnel-client_0_amd64.deb", folder / "tunnel.intoto.json"
    package.write_bytes(b"a package")
    command = [str(BILL / "attest"), "--programs", str(programs), "--arch", "amd64", "--builder", "https://builder.example", str(package)]
    command += [f"--byproduct={each}" for each in byproducts]
    file.write_bytes(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)
    yield "the provenance is valid", judges.provenance(file)
    made = load(file)
    predicate = made["predicate"]
    materials = predicate["buildDefinition"]["resolvedDependencies"]
    faults = missing({each["name"] for each in made["subject"]}, {*linked.PROGRAMS, package.name})
    faults += missing({each["name"] for each in predicate["runDetails"]["byproducts"]}, {each.name for each in byproducts})
    faults += missing({each.get("name") for each in materials}, {"source", "Cargo.lock"})
    toolchain = [line.split() for line in (ROOT / "scripts" / "static-packages.lock").read_text(encoding="utf-8").splitlines()]
    digests = {each.get("digest", {}).get("sha256") for each in materials}
    if load(programs / "tunnel-client.build.json")["pinned"]:
        faults += missing(digests, {each[2] for each in toolchain if len(each) == 3 and not each[0].startswith("#")})
    locked = linked.checksums(ROOT / "Cargo.lock")
    compiled = {key for name in linked.PROGRAMS for key in sources.tree(name, "x86_64-unknown-linux-musl", "normal,build")} & set(locked)
    faults += missing(digests, {locked[key] for key in compiled})
    yield "it names the programs, the packages, the commit, all crates and the toolchain", faults


def missing(found: set[Any], wanted: set[Any]) -> list[str]:
    return [f"missing: {each}" for each in sorted(wanted - found)]
