"""The two package managers, with one face: what has to hold for one has to hold for the other."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Union

from builds import Builds
from roots import Root, run

CONFIGURATION = "/etc/tunnel-client/tunnel-client.yaml"


class Deb:
    """dpkg of the root."""

    name = "deb"
    # Where the packaged configuration is put when the installed one was changed.
    new_suffix = ".dpkg-dist"

    def package(self, builds: Builds, name: str, folder: Path) -> Path:
        return builds.deb(name, folder)

    def install(self, root: Root, *packages: Path, keep: bool = False, fails: bool = False) -> str:
        """Installs or updates. `keep` answers the question about a changed configuration; without it there is nobody to answer."""
        inside = [copy_in(root, package) for package in packages]
        options = ["--force-confdef", "--force-confold"] if keep else []
        return root.run("dpkg", *options, "--install", *inside, fails=fails)

    def downgrade(self, root: Root, package: Path) -> str:
        return self.install(root, package)

    def remove(self, root: Root, *names: str) -> str:
        return root.run("dpkg", "--remove", *names)

    def purge(self, root: Root, *names: str) -> str:
        return root.run("dpkg", "--purge", *names)


class Rpm:
    """rpm of this host, on the root: its scripts run in the root. Debian's packages are not in its database, so nothing is required."""

    name = "rpm"
    new_suffix = ".rpmnew"

    def package(self, builds: Builds, name: str, folder: Path) -> Path:
        return builds.rpm(name, folder)

    def install(self, root: Root, *packages: Path, keep: bool = False, fails: bool = False) -> str:
        return self._rpm(root, "--upgrade", "--nodeps", *map(str, packages), fails=fails)

    def downgrade(self, root: Root, package: Path) -> str:
        return self._rpm(root, "--upgrade", "--oldpackage", "--nodeps", str(package))

    def remove(self, root: Root, *names: str) -> str:
        return self._rpm(root, "--erase", "--nodeps", *names)

    def _rpm(self, root: Root, *arguments: str, fails: bool = False) -> str:
        return run("rpm", "--root", str(root.path), "--dbpath", "/var/lib/rpm", *arguments, fails=fails)


Format = Union[Deb, Rpm]
FORMATS: tuple[Format, ...] = (Deb(), Rpm())


def copy_in(root: Root, package: Path) -> str:
    target = root.path / "tmp" / package.name
    shutil.copyfile(package, target)
    return f"/tmp/{package.name}"
