"""Debian packages, from the mirrors that this host uses, without a change to its own apt."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

KEYRING = "/usr/share/keyrings/debian-archive-keyring.gpg"
DEFAULT_MIRROR = "http://deb.debian.org/debian"
DEFAULT_SECURITY = "http://deb.debian.org/debian-security"
SUITE = re.compile(r"(bullseye|bookworm|trixie|forky|sid|(old){0,2}stable|testing|unstable)(-security|-updates)?")
COMMAND_SECONDS = 300.0
# Other files that apt of this host may be configured to fetch with the lists of packages.
NOT_FETCHED = ("DEP-11", "DEP-11-icons", "DEP-11-icons-small", "DEP-11-icons-hidpi", "Contents-deb")


class PackagesFailed(Exception):
    """The mirror does not have it, or cannot be reached."""


def run(*command: str, folder: Path | None = None) -> str:
    """Output of a command."""
    try:
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
        )
    except subprocess.TimeoutExpired:
        raise PackagesFailed(f"{' '.join(command[-2:])} took longer than {COMMAND_SECONDS:.0f} s") from None
    if done.returncode != 0:
        raise PackagesFailed(f"{command[0]} {command[-1]}: {done.stderr.strip()[-600:]}")
    return done.stdout


def mirrors() -> tuple[str, str]:
    """Mirrors of this host for Debian and its security updates; others publish for Debian too, under other names."""
    form = "$(REPO_URI) $(RELEASE) $(COMPONENT)"
    listed = run("apt-get", "indextargets", "--format", form, "Created-By: Packages")
    plain, security = [], []
    for line in listed.splitlines():
        uri, release, component = (*line.split(), "", "", "")[:3]
        if component == "main" and "debian" in uri and SUITE.fullmatch(release):
            (security if "security" in release else plain).append(uri)
    return (plain or [DEFAULT_MIRROR])[0], (security or [DEFAULT_SECURITY])[0]


class Suites:
    """Some suites of Debian: which packages they have, and the packages themselves."""

    def __init__(self, folder: Path, suites: tuple[str, ...], architecture: str = "amd64") -> None:
        self._folder, self._suites, self._architecture = folder, suites, architecture
        for each in ("lists/partial", "cache/archives/partial"):
            (folder / each).mkdir(parents=True)
        (folder / "status").touch()
        plain, security = mirrors()
        sources = [
            f"deb [signed-by={KEYRING}] {security if 'security' in suite else plain} {suite} main" for suite in suites
        ]
        (folder / "sources.list").write_text("\n".join(sources) + "\n", encoding="utf-8")
        self._run("apt-get", "-q", "update", "--error-on=any")

    def _run(self, *command: str) -> str:
        options = {
            "APT::Architecture": self._architecture,
            "APT::Architectures": self._architecture,
            "APT::Sandbox::User": "root",
            "APT::Install-Recommends": "false",
            "Acquire::Languages": "none",
            "Acquire::Retries": "2",
            "Dir::State": str(self._folder),
            "Dir::State::lists": str(self._folder / "lists"),
            "Dir::State::status": str(self._folder / "status"),
            "Dir::Cache": str(self._folder / "cache"),
            "Dir::Etc::SourceList": str(self._folder / "sources.list"),
            "Dir::Etc::SourceParts": "/dev/null",
            "Dir::Etc::Preferences": "/dev/null",
            "Dir::Etc::PreferencesParts": "/dev/null",
            **{f"Acquire::IndexTargets::deb::{name}::DefaultEnabled": "false" for name in NOT_FETCHED},
        }
        given = [part for name, value in options.items() for part in ("-o", f"{name}={value}")]
        return run(command[0], *given, *command[1:], folder=self._folder)

    def kernel(self, package: str) -> list[str]:
        """Packages of the newest kernel of this name."""
        found: list[str] = []
        wanted = [package]
        while wanted:
            name = wanted.pop()
            record = self._run("apt-cache", "--no-all-versions", "show", name)
            depends = re.search(r"^Depends: (.*)$", record, re.MULTILINE)
            parts = re.findall(r"\blinux-(?:image|binary|modules|base)-\d\S*", depends[1] if depends else "")
            wanted += [part for part in parts if part not in found]
            found += [name, *parts] if name != package else parts
        unique = sorted(set(found))
        if not unique:
            raise PackagesFailed(f"{', '.join(self._suites)}: {package} names no kernel")
        return unique

    def with_dependencies(self, *packages: str) -> list[str]:
        """These packages and all their dependencies, on an empty system."""
        planned = self._run("apt-get", "-s", "install", *packages)
        return sorted({line.split()[1] for line in planned.splitlines() if line.startswith("Inst ")})

    def download(self, packages: list[str]) -> list[Path]:
        """Their files."""
        self._run("apt-get", "-q", "download", *packages)
        return sorted(self._folder.glob("*.deb"))

    def versions(self, packages: list[str]) -> str:
        """`NAME VERSION` of each package, one per line."""
        records = self._run("apt-cache", "--no-all-versions", "show", *packages)
        found = dict(re.findall(r"^Package: (\S+)$.*?^Version: (\S+)$", records, re.MULTILINE | re.DOTALL))
        return "".join(f"{name} {found[name]}\n" for name in packages)


def unpack(packages: list[Path], tree: Path) -> None:
    """Unpacks their files into a tree, unchanged, without running any of their scripts."""
    for package in packages:
        with subprocess.Popen(["dpkg-deb", "--fsys-tarfile", str(package)], stdout=subprocess.PIPE) as contents:
            extract = ["tar", "--extract", "--keep-directory-symlink", "--directory", str(tree)]
            done = subprocess.run(extract, stdin=contents.stdout, capture_output=True, text=True, check=False)
        if contents.returncode != 0 or done.returncode != 0:
            raise PackagesFailed(f"{package.name}: {done.stderr.strip()[-400:]}")
