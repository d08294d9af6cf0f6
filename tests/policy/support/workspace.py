"""Modules and policy in a folder of their own: compiled, checked for style, linked with the policy of the distribution."""

from __future__ import annotations

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

MODULES = ("tunnel_client", "tunnel_relay")
HEADERS = Path("/usr/share/selinux/devel")
POLICY = "default"
STORE, CONFIGURATION = Path("/var/lib/selinux"), Path("/etc/selinux")
COMMAND_SECONDS = 300
# Names of interfaces that Fedora's policy has in place of Debian's: the branches of ifdef in the sources.
FEDORA_NAMES = {
    "init_unit_file": "systemd_unit_file",
    "init_read_runtime_files": "init_read_pid_files",
    "init_write_runtime_socket": "init_write_pid_socket",
    "files_runtime_file": "files_pid_file",
    "networkmanager_read_runtime_files": "networkmanager_read_pid_files",
}
# Checks of selint that do not hold for a module that two policies compile.
LINT_OFF = {
    "S-001": "types of others are required where interfaces have different names or give more than is used",
}


class Broken(Exception):
    """A command refused the modules; its output."""


@dataclass(frozen=True)
class Spoil:
    """A bad rule for a module, and a word of the case that has to fail."""

    module: str
    rule: str
    word: str


def command(*arguments: str, cwd: Path | None = None) -> str:
    done = subprocess.run(
        arguments, cwd=cwd, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False
    )
    if done.returncode:
        raise Broken((done.stdout + done.stderr).strip())
    return done.stdout + done.stderr


class Workspace:
    def __init__(self, sources: Path, folder: Path, spoil: Spoil | None) -> None:
        self._folder = folder
        self._modules = folder / "modules"
        self._modules.mkdir()
        for module in MODULES:
            for ending in ("te", "fc", "if"):
                shutil.copy(sources / f"{module}.{ending}", self._modules)
        if spoil:
            with (self._modules / f"{spoil.module}.te").open("a", encoding="utf-8") as file:
                file.write(f"\n{spoil.rule}\n")

    def compile(self) -> None:
        self._make(self._modules, HEADERS)

    def compile_with_names_of_fedora(self) -> None:
        """The same headers with Fedora's names, so that the other branch of each ifdef is compiled."""
        modules, headers = self._folder / "fedora-modules", self._folder / "fedora-headers"
        modules.mkdir()
        for module in MODULES:
            for ending in ("te", "fc", "if"):
                shutil.copy(self._modules / f"{module}.{ending}", modules)
        shutil.copytree(HEADERS, headers)
        names = re.compile(r"\b(%s)\b" % "|".join(FEDORA_NAMES))
        for path in headers.glob("include/*/*.if"):
            text = path.read_text(encoding="utf-8")
            path.write_text(names.sub(lambda found: FEDORA_NAMES[found[0]], text), encoding="utf-8")
        self._make(modules, headers)

    def _make(self, modules: Path, headers: Path) -> None:
        command(
            "make",
            f"--file={headers}/Makefile",
            f"HEADERDIR={headers}/include",
            f"NAME={POLICY}",
            *(f"{module}.pp" for module in MODULES),
            cwd=modules,
        )

    def lint(self) -> list[str]:
        """Findings of selint, without those about its own set-up."""
        files = [f"{module}.{ending}" for module in MODULES for ending in ("te", "fc", "if")]
        disabled = [f"--disable={check}" for check in LINT_OFF]
        output = command("selint", "--source", *disabled, *files, cwd=self._modules)
        return [line for line in output.splitlines() if re.match(r"tunnel_\w+\.(te|fc|if):", line)]

    def link(self) -> Path:
        """Adds the modules to a copy of the policy of the distribution, with its neverallow rules. Returns the policy."""
        root = self._folder / "root"
        for directory in (STORE, CONFIGURATION):
            copied = root / directory.relative_to("/") / POLICY
            shutil.copytree(directory / POLICY, copied, symlinks=True)
        settings = (CONFIGURATION / "semanage.conf").read_text(encoding="utf-8")
        settings = re.sub(r"(?m)^\s*expand-check\s*=.*$", "", settings) + "\nexpand-check=1\n"
        (root / "etc/selinux/semanage.conf").write_text(settings, encoding="utf-8")
        install = [part for module in MODULES for part in ("-i", str(self._modules / f"{module}.pp"))]
        command("semodule", "-p", str(root), "-s", POLICY, "-n", *install)
        (policy,) = (root / "etc/selinux" / POLICY / "policy").glob("policy.*")
        return policy
