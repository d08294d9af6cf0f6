"""Volumes of Secrets and ConfigMaps, as the kubelet writes them: an atomic writer, links, `fsGroup`."""

from __future__ import annotations

import itertools
import os
from pathlib import Path


class Volume:
    """A folder that holds `..data`, a link to the present files, and a link for each file through that."""

    def __init__(self, folder: Path, mode: int, group: int, in_memory: bool) -> None:
        self.folder, self._mode, self._group = folder, mode, group
        self._numbers = itertools.count()
        folder.mkdir()
        os.chown(folder, 0, group)
        # Everybody may write there: that is how the kubelet makes them. They are mounted read-only. A Secret is in memory (tmpfs).
        folder.chmod(0o3777 if in_memory else 0o2777)

    def write(self, files: dict[str, str]) -> None:
        """All files change in one step, in which `..data` is replaced."""
        made = self.folder / f"..2026_11_30_00_00_{next(self._numbers):02}"
        made.mkdir()
        os.chown(made, 0, self._group)
        made.chmod(0o2755)
        for name, text in files.items():
            file = made / name
            file.write_text(text, encoding="utf-8")
            os.chown(file, 0, self._group)
            file.chmod(self._mode)
            link = self.folder / name
            if not link.is_symlink():
                link.symlink_to(f"..data/{name}")
        new = self.folder / "..data_tmp"
        new.symlink_to(made.name)
        new.replace(self.folder / "..data")
