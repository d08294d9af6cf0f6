"""How packages came to be: an in-toto Statement with a SLSA v1 predicate. The signature of the bundle covers it."""

from __future__ import annotations

import hashlib
import subprocess
from pathlib import Path
from typing import Any

from components import HOME, reference

STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "https://slsa.dev/provenance/v1"
BUILD_TYPE = f"{HOME}/build/static/v1"


def statement(
    records: list[dict[str, Any]], architecture: str, packages: list[Path], parameters: dict[str, str], builder: str, byproducts: list[Path]
) -> dict[str, Any]:
    """The statement about programs and the packages that hold them. It has no time of the build: the same build has the same bytes."""
    programs = [{"name": each["program"], "digest": {"sha256": each["sha256"]}} for each in records]
    first = records[0]
    return {
        "_type": STATEMENT,
        "subject": [*programs, *(described(each) for each in packages)],
        "predicateType": PREDICATE,
        "predicate": {
            "buildDefinition": {
                "buildType": BUILD_TYPE,
                "externalParameters": {"programs": [each["program"] for each in records], "target": first["target"]} | parameters,
                "internalParameters": {"pinned": first["pinned"]},
                "resolvedDependencies": materials(records, architecture),
            },
            "runDetails": {"builder": {"id": builder}, "byproducts": [described(each) for each in byproducts]},
        },
    }


def described(file: Path) -> dict[str, Any]:
    entry = {"name": file.name, "digest": {"sha256": hashlib.sha256(file.read_bytes()).hexdigest()}}
    if file.suffix == ".rpm":
        # A signature changes the file, and taking it off does not bring the old bytes back. It leaves the header, which has the digest of the rest.
        query = ["rpm", "--query", "--package", "--nosignature", "--queryformat", "%{SHA256HEADER}", str(file)]
        entry["annotations"] = {"SHA256HEADER": subprocess.run(query, check=True, stdout=subprocess.PIPE, text=True).stdout}
    return entry


def materials(records: list[dict[str, Any]], architecture: str) -> list[dict[str, Any]]:
    """The commit, the list of crates, each crate that is linked or runs in the build, and the packages of the toolchain."""
    first = records[0]
    source: dict[str, Any] = {"name": "source", "uri": f"git+{HOME}/tunnel-client"}
    if first["commit"]:
        source["digest"] = {"gitCommit": first["commit"]}
    found: dict[str, dict[str, Any]] = {}
    for record in records:
        for crate in record["crates"]:
            if crate["source"] == "crates.io":
                found[reference(crate, architecture)] = {"sha256": crate["sha256"]}
        for package in record["toolchain"]:
            entry = {"source": package["name"], "package_version": package["version"]}
            # Compilers run on the processor of the builder, which is amd64, whatever they compile for.
            found[reference(entry, "amd64")] = {"sha256": package["sha256"]} if package["sha256"] else {}
    lock = {"name": "Cargo.lock", "digest": {"sha256": first["cargo_lock_sha256"]}}
    crates = [{"uri": uri} | ({"digest": digest} if digest else {}) for uri, digest in sorted(found.items())]
    return [source, lock, *crates]
