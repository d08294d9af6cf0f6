"""What exists in the tree: settings, options, directives, booleans, tests, steps. Each with what it is set to."""

from __future__ import annotations

import re
import subprocess
from functools import cached_property
from pathlib import Path

SECTION = re.compile(r"^## (\w+)$")
ROW = re.compile(r"^\| `(\w+)` \|")
CELLS = re.compile(r"(?<!\\)\|")
PYTHON_FUNCTION = re.compile(r"^(?:async )?def (\w+)\(", flags=re.MULTILINE)
# Attributes and comments may stand between the mark of a test and its function.
RUST_TEST = re.compile(
    r"^\s*#\[(?:tokio::)?test\b[^\n]*\]\n(?:\s*(?:#\[|//)[^\n]*\n)*\s*(?:async )?fn (\w+)\(", flags=re.MULTILINE
)


class Names:
    """Looks names up below `root`."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self._functions: dict[str, set[str]] = {}

    def value_of(self, kind: str, name: str) -> str | None:
        """What `name` is set to by default, empty if it has no value; None if there is no such name."""
        return {
            "settings": self.settings.get,
            "relay_options": self.relay_options.get,
            "unit": self._directive,
            "booleans": self.booleans.get,
            "files": self._file,
            "tests": self._test,
            "checks": self.steps.get,
        }[kind](name)

    @cached_property
    def settings(self) -> dict[str, str]:
        """Keys of the configuration file with their defaults, as the generated reference has them."""
        settings, section = {}, ""
        for line in self._lines("docs/configuration.md"):
            if line.startswith("## "):
                heading = SECTION.match(line)
                section = f"{heading[1]}." if heading else ""
            elif row := ROW.match(line):
                cells = [cell.strip() for cell in CELLS.split(line)[1:-1]]
                settings[section + row[1]] = f"default: {cells[3].strip('`') or 'unset'}"
        return settings

    @cached_property
    def relay_options(self) -> dict[str, str]:
        """Flags of `tunnel-relay serve` and `keygen`, as the generated manual has them."""
        lines = [line.replace("\\-", "-") for line in self._lines("man/tunnel-relay.1")]
        options = {}
        for line, text in zip(lines, lines[1:]):
            if flag := re.match(r"\\fB(--[a-z-]+)\\fR", line):
                default = re.search(r"\[default: ([^]]+)\]", text)
                options[flag[1]] = f"default: {default[1] if default else 'unset'}"
        return options

    @cached_property
    def booleans(self) -> dict[str, str]:
        """Booleans of the SELinux modules."""
        tunable = re.compile(r"^gen_tunable\((\w+), (true|false)\)$")
        modules = sorted(self.root.glob("selinux/*.te"))
        found = [tunable.match(line) for module in modules for line in module.read_text().splitlines()]
        return {match[1]: "default: on" if match[2] == "true" else "default: off" for match in found if match}

    @cached_property
    def steps(self) -> dict[str, str]:
        """Steps of ./check, as it lists them."""
        listed = subprocess.run(["./check", "--list"], cwd=self.root, capture_output=True, text=True, check=True)
        return {line.split()[0]: "" for line in listed.stdout.splitlines() if line.strip()}

    def _directive(self, name: str) -> str | None:
        """`FILE::DIRECTIVE` of a unit or drop-in below systemd/."""
        path, _, directive = name.partition("::")
        file = self.root / path
        if not directive or not path.startswith("systemd/") or not file.is_file():
            return None
        text = re.sub(r"\\\n\s*", "", file.read_text())
        values = re.findall(rf"^{re.escape(directive)}=(.*)$", text, flags=re.MULTILINE)
        return f"set to: {'; '.join(value or '(nothing)' for value in values)}" if values else None

    def _file(self, name: str) -> str | None:
        return "" if (self.root / name).exists() else None

    def _test(self, name: str) -> str | None:
        """`FILE::FUNCTION`: a test of Rust or a function of Python; `FILE` alone: a script that can be executed."""
        path, _, function = name.partition("::")
        file = self.root / path
        if not function:
            return "" if file.is_file() and file.stat().st_mode & 0o111 else None
        if path not in self._functions:
            text = file.read_text(encoding="utf-8") if file.is_file() else ""
            self._functions[path] = set((PYTHON_FUNCTION if path.endswith(".py") else RUST_TEST).findall(text))
        return "" if function in self._functions[path] else None

    def _lines(self, path: str) -> list[str]:
        return (self.root / path).read_text(encoding="utf-8").splitlines()
