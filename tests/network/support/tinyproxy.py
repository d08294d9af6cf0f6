"""tinyproxy: a process for each rule, because it knows one rule only."""

from __future__ import annotations

from pathlib import Path

from addresses import Ports
from doors import Account, Door
from processes import Child, Processes, bare_environment

SOURCE = "127.0.0.3"
BINARY = "/usr/bin/tinyproxy"

GENERAL = """\
Listen 127.0.0.1
Port {port}
Bind {source}
LogFile "{log}"
LogLevel Connect
Timeout 600
MaxClients 100
"""


class Tinyproxy:
    def __init__(self, folder: Path, ports: Ports) -> None:
        folder.mkdir()
        self._folder = folder
        self._ports = ports
        self._configurations: list[Path] = []

    def open(self, name: str) -> Door:
        return self._door(name, "")

    def with_account(self, name: str, account: Account) -> Door:
        return self._door(name, f"BasicAuth {account.user} {account.password}\n", account)

    def forbidding(self, name: str) -> Door:
        """Nothing is allowed but one host, which nobody asks for."""
        allowed = self._folder / "allowed"
        allowed.write_text("^allowed\\.invalid$\n", encoding="utf-8")
        return self._door(name, f'Filter "{allowed}"\nFilterDefaultDeny Yes\n')

    def start(self, processes: Processes) -> list[Child]:
        return [
            processes.start("tinyproxy", [BINARY, "-d", "-c", str(configuration)], bare_environment())
            for configuration in self._configurations
        ]

    def _door(self, name: str, rule: str, account: Account | None = None) -> Door:
        port = self._ports.take()
        log, configuration = self._folder / f"{port}.log", self._folder / f"{port}.conf"
        configuration.write_text(GENERAL.format(port=port, source=SOURCE, log=log) + rule, encoding="utf-8")
        self._configurations.append(configuration)
        return Door(name, "http", port, SOURCE, log, account)
