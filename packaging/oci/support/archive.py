"""An OCI image layout as a tar (opencontainers/image-spec 1.0), with the same bytes for the same contents."""

from __future__ import annotations

import hashlib
import io
import json
import os
import tarfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIGURATION = "application/vnd.oci.image.config.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
REFERENCE = "org.opencontainers.image.ref.name"


@dataclass(frozen=True)
class Entry:
    """A file or a directory of an image, or a file of the layout."""

    path: str
    mode: int
    contents: bytes | None = None
    """None: a directory."""
    owner: int = 0
    """User and group."""


class Archive:
    def __init__(self, epoch: int) -> None:
        self._epoch = epoch
        self._blobs: dict[str, bytes] = {}
        self._manifests: list[dict[str, Any]] = []

    def add_image(
        self, processor: str, tree: list[Entry], configuration: dict[str, Any], annotations: dict[str, str]
    ) -> None:
        # Not compressed: what a compressor makes of it depends on its version, and the digest of an image should not.
        layer = packed(tree, self._epoch)
        created = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime(self._epoch))
        described = self._json(
            CONFIGURATION,
            {
                "created": created,
                "architecture": processor,
                "os": "linux",
                "config": configuration,
                "rootfs": {"type": "layers", "diff_ids": [digest(layer)]},
                "history": [{"created": created, "created_by": "packaging/oci/build"}],
            },
        )
        manifest = {
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": described,
            "layers": [self._blob(LAYER, layer)],
            "annotations": annotations,
        }
        self._manifests.append(
            {**self._json(MANIFEST, manifest), "platform": {"architecture": processor, "os": "linux"}}
        )

    def write(self, out: Path, reference: str, annotations: dict[str, str]) -> str:
        """Writes the archive; returns the digest of the index, by which a registry knows all of it."""
        index = {"schemaVersion": 2, "mediaType": INDEX, "manifests": self._manifests, "annotations": annotations}
        top = {**self._json(INDEX, index), "annotations": {REFERENCE: reference}}
        entries = [
            Entry("oci-layout", 0o644, as_json({"imageLayoutVersion": "1.0.0"})),
            Entry("index.json", 0o644, as_json({"schemaVersion": 2, "manifests": [top]})),
            Entry("blobs", 0o755),
            Entry("blobs/sha256", 0o755),
            *(Entry(f"blobs/sha256/{name}", 0o644, self._blobs[name]) for name in sorted(self._blobs)),
        ]
        # Renamed into place: a reader of the path sees a whole archive.
        new = out.with_name(f".{out.name}.{os.getpid()}")
        try:
            new.write_bytes(packed(entries, self._epoch))
            new.replace(out)
        finally:
            new.unlink(missing_ok=True)
        return str(top["digest"])

    def _json(self, kind: str, value: dict[str, Any]) -> dict[str, Any]:
        return self._blob(kind, as_json(value))

    def _blob(self, kind: str, contents: bytes) -> dict[str, Any]:
        name = digest(contents)
        self._blobs[name.partition(":")[2]] = contents
        return {"mediaType": kind, "digest": name, "size": len(contents)}


def digest(contents: bytes) -> str:
    return "sha256:" + hashlib.sha256(contents).hexdigest()


def as_json(value: dict[str, Any]) -> bytes:
    return json.dumps(value, sort_keys=True, separators=(",", ":")).encode()


def packed(entries: list[Entry], epoch: int) -> bytes:
    """A tar. Nothing of the file system, its modes, owners and times comes in."""
    output = io.BytesIO()
    with tarfile.open(fileobj=output, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for each in entries:
            member = tarfile.TarInfo(each.path)
            member.mode, member.mtime, member.uid, member.gid = each.mode, epoch, each.owner, each.owner
            if each.contents is None:
                member.type = tarfile.DIRTYPE
                archive.addfile(member)
            else:
                member.size = len(each.contents)
                archive.addfile(member, io.BytesIO(each.contents))
    return output.getvalue()
