"""The official peers: how their servers, their clients and their suite are started."""

from __future__ import annotations

import json
import os
import shlex
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from processes import Child, Processes, ProcessFailed, bare_environment

HERE = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
DRIVE_SECONDS = 90.0


@dataclass(frozen=True)
class Target:
    """Where a driver finds its MCP server: a URL with what it takes to get in, or a command to speak to."""

    url: str | None = None
    key: str | None = None
    authority: Path | None = None
    command: tuple[str, ...] = ()


@dataclass(frozen=True)
class Sdk:
    """One way to be a client: which SDK, which era, and for the TypeScript one which version it offers."""

    name: str
    language: str
    era: str
    version: str | None = None

    @property
    def short(self) -> str:
        return f"{self.language} {self.era}"


PYTHON_SESSIONS = Sdk("Python SDK, sessions 2025-11-25", "python", "sessions")
TYPESCRIPT_SESSIONS = Sdk("TypeScript SDK, sessions 2025-11-25", "typescript", "sessions")
TYPESCRIPT_OLDER = Sdk("TypeScript SDK, sessions 2025-06-18", "typescript", "sessions", "2025-06-18")
PYTHON_STATELESS = Sdk("Python SDK, stateless 2026-07-28", "python", "stateless")
PYTHON_PROBING = Sdk("Python SDK, asks which era", "python", "auto")
TYPESCRIPT_PROBING = Sdk("TypeScript SDK, asks which era", "typescript", "auto")


class Peers:
    """The installed peers and a folder of this run for what they read and write."""

    def __init__(self, processes: Processes, installed: Path, folder: Path) -> None:
        self._processes = processes
        self.folder = folder
        self._node = str(installed / "js" / "node")
        self._python = str(installed / "python" / "bin" / "python")
        self._modules = installed / "js" / "node_modules"
        self._numbered = 0
        # Node looks for packages beside the file that imports them, so our files are put beside the packages.
        self._js = folder / "js"
        for part in ("drivers", "servers"):
            shutil.copytree(HERE / part, self._js / part)
        (self._js / "node_modules").symlink_to(self._modules)

    # Servers. Over stdio a command; over HTTP a running process and its URL.

    def everything_stdio(self) -> tuple[str, ...]:
        return (self._node, self._everything(), "stdio")

    def everything_http(self) -> str:
        url_file = self._new_file("everything.url")
        command = [self._node, "--import", str(self._js / "servers" / "loopback.mjs"), self._everything()]
        environment = bare_environment(PEERS_URL_FILE=str(url_file))
        child = self._processes.start("everything", [*command, "streamableHttp"], environment)
        return child.wait_for_file(url_file, START_SECONDS)

    def both_eras_stdio(self) -> tuple[str, ...]:
        return (self._python, str(HERE / "servers" / "both_eras.py"), "--stdio")

    def both_eras_http(self) -> str:
        return self._serve("both-eras", [self._python, str(HERE / "servers" / "both_eras.py")])

    def conformance_stdio(self) -> tuple[str, ...]:
        return (self._node, self._conformance_server(), "--stdio")

    def conformance_http(self) -> str:
        return self._serve("conformance-server", [self._node, self._conformance_server()])

    def _serve(self, name: str, command: list[str]) -> str:
        url_file = self._new_file(f"{name}.url")
        child = self._processes.start(name, [*command, "--http", "--url-file", str(url_file)], bare_environment())
        return child.wait_for_file(url_file, START_SECONDS)

    def _everything(self) -> str:
        return str(self._modules / "@modelcontextprotocol" / "server-everything" / "dist" / "index.js")

    def _conformance_server(self) -> str:
        return str(self._js / "servers" / "conformance" / "main.mjs")

    # Clients.

    def start_driver(self, sdk: Sdk, plan: dict[str, Any], target: Target) -> tuple[Child, Path]:
        """A driver at work and the file that its transcript will be in."""
        plan_file, out = self._new_file("plan.json"), self._new_file("transcript.json")
        plan_file.write_text(json.dumps(plan), encoding="utf-8")
        options = ["--plan", str(plan_file), "--out", str(out), "--era", sdk.era]
        environment = bare_environment()
        if sdk.language == "python":
            command = [self._python, str(HERE / "drivers" / "drive.py"), *options]
            command += ["--ca", str(target.authority)] if target.authority else []
        else:
            command = [self._node, str(self._js / "drivers" / "drive.mjs"), *options]
            command += ["--version", sdk.version] if sdk.version else []
            environment |= {"NODE_EXTRA_CA_CERTS": str(target.authority)} if target.authority else {}
        if target.key:
            environment["PEERS_KEY"] = target.key
        command += ["--url", target.url] if target.url else ["--", *target.command]
        return self._processes.start(f"driver-{sdk.language}", command, environment), out

    def finish(self, started: tuple[Child, Path]) -> list[Any]:
        """The transcript, once the driver is done."""
        child, out = started
        code = child.wait(DRIVE_SECONDS)
        if code != 0:
            raise ProcessFailed(f"{child.name} ended with code {code}", child.log)
        transcript: list[Any] = json.loads(out.read_text(encoding="utf-8"))
        return transcript

    def run_suite(self, url: str, seconds: float) -> tuple[int, Path, Path]:
        """The official suite against `url`: its exit code, the folder with its results, its output."""
        results = self._new_file("results")
        suite = self._modules / "@modelcontextprotocol" / "conformance" / "dist" / "index.js"
        command = [self._node, str(suite), "server", "--suite", "all", "--url", url, "--output-dir", str(results)]
        child = self._processes.start("conformance-suite", command, bare_environment())
        return child.wait(seconds), results, child.log

    def _new_file(self, name: str) -> Path:
        self._numbered += 1
        return self.folder / f"{self._numbered:03}-{name}"


def over_http(url: str) -> dict[str, str]:
    """The client's setting for an MCP server at `url`."""
    return {"MCP_SERVER_URL": url}


def over_stdio(command: tuple[str, ...]) -> dict[str, str]:
    """The client's setting for an MCP server that it starts itself."""
    return {"MCP_COMMAND": shlex.join(command)}


def default_folder() -> Path:
    """Where ./install puts the peers unless it is told otherwise."""
    if chosen := os.environ.get("TUNNEL_PEERS_DIR"):
        return Path(chosen)
    cache = os.environ.get("XDG_CACHE_HOME") or str(Path.home() / ".cache")
    return Path(cache) / "tunnel-client-peers"
