"""A folder as the disk of a machine: a tar, padded to the size of a disk."""

from __future__ import annotations

import tarfile
from pathlib import Path

BLOCK = 1 << 20


def packed(tree: Path) -> Path:
    """The disk, beside the folder; all that it holds is root's."""
    disk = tree.with_suffix(".tar")
    with tarfile.open(disk, "w") as archive:
        archive.add(tree, ".", filter=of_root)
    size = disk.stat().st_size
    with disk.open("ab") as file:
        file.truncate((size + BLOCK - 1) // BLOCK * BLOCK)
    return disk


def of_root(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    entry.uid = entry.gid = 0
    entry.uname = entry.gname = "root"
    return entry
