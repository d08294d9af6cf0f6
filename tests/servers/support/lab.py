"""One relay for a run, and for each operator a client with all servers, in folders of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from call import VERSION, Refused, Session
from certificates import make_certificates
from client import Client
from operators import Operator
from processes import Child, Processes, bare_environment

HERE = Path(__file__).resolve().parent.parent
START_SECONDS = 30.0
# The first start of npx and uvx fetches packages.
READY_SECONDS = 120.0
FILES_PACKAGE = "@modelcontextprotocol/server-filesystem@2026.8.31"
TIME_PACKAGE = "mcp-server-time==2026.10.19"
# How a site reaches its registries.
SITE_VARIABLES = ["HTTPS_PROXY", "HTTP_PROXY", "NO_PROXY", "NODE_EXTRA_CA_CERTS", "npm_config_*", "UV_*"]
# Every server has the last two without being told.
SITE = [*SITE_VARIABLES, "SSL_CERT_DIR", "SSL_CERT_FILE"]
WITHHELD, PASSED, SET = "SERVERS_TEST_WITHHELD", "SERVERS_TEST_PASSED", "SERVERS_TEST_SET"
SECRET = "told by a file"
LOOPBACK = "127.0.0.1"


class Listener:
    """A port of loopback that takes connections; nobody needs to accept them."""

    def __init__(self) -> None:
        self._socket = socket.create_server((LOOPBACK, 0), backlog=64)
        self.port = int(self._socket.getsockname()[1])


class Relay:
    """`tunnel-relay serve` over TLS, with a tunnel for each operator."""

    def __init__(self, processes: Processes, relay: Path, folder: Path, tunnels: int) -> None:
        certificates = make_certificates(folder)
        self.authority = certificates.authority
        self.client_key, self.caller_key = (secrets.token_urlsafe(32) for _ in range(2))
        self.tunnels = [f"tunnel_{secrets.token_hex(16)}" for _ in range(tunnels)]
        keys = folder / "keys"
        keys.touch(mode=0o600)
        keys.write_text(f"client read,use {self.client_key}\ncaller connect {self.caller_key}\n", encoding="utf-8")
        url_file = folder / "relay.url"
        command = [str(relay), "serve", "--listen", f"{LOOPBACK}:0", "--url-file", str(url_file)]
        command += ["--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)]
        command += ["--keys-file", str(keys), *(part for each in self.tunnels for part in ("--tunnel", each))]
        self.url = processes.start("relay", command, bare_environment()).wait_for_file(url_file, START_SECONDS)

    def session(self, tunnel: str, channel: str) -> Session:
        return Session(f"{self.url}/v1/mcp/{tunnel}/{channel}", str(self.authority), self.caller_key)


@dataclass
class Place:
    """The folders of one operator. What a server may not read lies in three of them."""

    base: Path
    installed: Path
    operator: Operator

    def __post_init__(self) -> None:
        self.log, self.run, self.home, self.data, self.shared, self.scratch = (
            self.base / name for name in ("log", "run", "home", "data", "shared", "scratch")
        )
        # Where profiles are kept, on the way of which servers have what they keep themselves; or where nobody else looks.
        of_one = self.operator.client == self.operator.servers
        self.config = self.home / ".config" / "tunnel-client" if of_one else self.base / "etc"
        self.python = self.installed / "python" / "bin" / "python"
        self.settings = self.config / "tunnel-client.yaml"
        self.key = self.config / "key"
        self.secret = self.config / "secret-of-a-server"
        self.authority = self.config / "ca.pem"
        self.log_file = self.log / "client.log"
        self.pid_file = self.run / "pid"
        self.socket = self.run / "health"

    def make(self, relay: Relay) -> None:
        operator = self.operator
        for folder, owner in (
            (self.home, operator.servers), (self.data, operator.servers), (self.shared, operator.servers),
            (self.scratch, operator.servers), (self.config.parent, operator.client), (self.config, operator.client),
            (self.log, operator.client), (self.run, operator.client),
        ):  # fmt: skip
            folder.mkdir(parents=True, exist_ok=True)
            self.give(folder, owner)
        for folder in (self.data, self.shared):
            self.put(folder / "hello.txt", "hello", operator.servers)
        self.put(self.key, relay.client_key, operator.client, mode=0o600)
        self.put(self.secret, SECRET, operator.client, mode=0o600)
        shutil.copy(relay.authority, self.authority)

    def put(self, path: Path, text: str, owner: int, mode: int = 0o644) -> None:
        path.write_text(text, encoding="utf-8")
        path.chmod(mode)
        self.give(path, owner)

    @staticmethod
    def give(path: Path, owner: int) -> None:
        if owner != os.geteuid():
            os.chown(path, owner, owner)


class Lab:
    """A client of an operator, ready, with all the servers."""

    def __init__(self, processes: Processes, program: Path, place: Place, relay: Relay) -> None:
        self.place, self.relay, self.operator = place, relay, place.operator
        operator = self.operator
        self.tunnel = relay.tunnels.pop()
        self.allowed, self.other = Listener(), Listener()
        place.make(relay)
        place.put(place.settings, json.dumps(self._settings()), operator.client)
        environment = {
            **bare_environment(PATH=f"{place.installed / 'python' / 'bin'}:{os.environ['PATH']}"),
            **of_the_site(),
            "HOME": str(place.home),
            WITHHELD: "withheld",
            PASSED: "passed",
        }
        command = operator.command(str(program), "run", "--config", str(place.settings))
        child = processes.start(f"client-{operator.name.replace(' ', '-')}", command, environment)
        self.client = Client(child, self.tunnel, place.socket)
        self.client.wait_until_ready(READY_SECONDS)
        self.pid = int(child.wait_for_file(place.pid_file, START_SECONDS))
        roles = {role: pid for pid in children(self.pid) for role in arguments(pid)[1:2]}
        if len(children(self.pid)) != 2 or set(roles) != {"broker", "janitor"}:
            raise OSError(f"the client has other children than a broker and a janitor: {roles}")
        self.broker, self.janitor = roles["broker"], roles["janitor"]
        self._sessions: dict[str, Session] = {}

    @property
    def child(self) -> Child:
        return self.client.child

    def _settings(self) -> dict[str, Any]:
        place = self.place
        probe = f"{place.python} {place.installed / 'probe.py'}"
        strict = {
            "level": "strict",
            "read": [str(place.installed), str(place.shared)],
            "write": [str(place.scratch)],
            # It lies in a directory of the user, as downloads of npx and uvx do.
            "allow_writable_program": True,
        }
        return {
            "config_version": 1,
            "control_plane": {"base_url": self.relay.url, "tunnel_id": self.tunnel, "api_key": f"file:{place.key}"},
            "ca_bundle": str(place.authority),
            "log": {"file": str(place.log_file), "format": "json"},
            "health": {"unix_socket": str(place.socket)},
            "process": {"pid_file": str(place.pid_file), **self.operator.settings},
            "mcp": {
                "pass_env": SITE_VARIABLES,
                "commands": [
                    {"channel": "main", "command": str(place.installed / "static")},
                    {"channel": "npx", "command": f"npx -y {FILES_PACKAGE} {place.data}"},
                    {"channel": "uvx", "command": f"uvx {TIME_PACKAGE}"},
                    {
                        "channel": "venv",
                        "command": probe,
                        "env": {SET: f"file:{place.secret}"},
                        "pass_env": [PASSED],
                    },
                    {"channel": "off", "command": probe, "sandbox": "off"},
                    {"channel": "strict", "command": probe, "sandbox": {**strict, "connect": [self.allowed.port]}},
                    {"channel": "offline", "command": probe, "sandbox": {**strict, "network": "none"}},
                ],
            },
        }

    def open(self, channel: str) -> list[str]:
        """Begins a session with the server of a channel. The names of its tools."""
        session = self.relay.session(self.tunnel, channel)
        client = {"name": "servers", "version": "1"}
        session.request("initialize", {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client})
        session.notify("notifications/initialized")
        self._sessions[channel] = session
        return [tool["name"] for tool in session.request("tools/list", {})["tools"]]

    def call(self, channel: str, tool: str, arguments: dict[str, Any]) -> str:
        """The text that a tool answers with."""
        if channel not in self._sessions:
            self.open(channel)
        result = self._sessions[channel].request("tools/call", {"name": tool, "arguments": arguments})
        text = "\n".join(part.get("text", "") for part in result["content"])
        if result.get("isError"):
            raise Refused(text)
        return text

    def attempt(self, channel: str, *what: tuple[str, object]) -> list[str]:
        """What became of each attempt of the probe."""
        attempts = [[kind, str(about)] for kind, about in what]
        if channel not in self._sessions:
            self.open(channel)
        result = self._sessions[channel].request("tools/call", {"name": "attempt", "arguments": {"what": attempts}})
        if result.get("isError"):
            raise Refused(json.dumps(result["content"]))
        answers: list[str] = result["structuredContent"]["result"]
        return answers


def of_the_site() -> dict[str, str]:
    """Our variables that say how registries are reached."""
    return {name: value for name, value in os.environ.items() if any(fnmatchcase(name, each) for each in SITE)}


def children(pid: int) -> list[int]:
    """The processes whose parent is this one."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and status(int(folder.name)).get("PPid") == str(pid):
            found.append(int(folder.name))
    return found


def status(pid: int) -> dict[str, str]:
    """/proc/PID/status; nothing when there is no such process."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text(encoding="utf-8", errors="replace").splitlines()
    except (FileNotFoundError, ProcessLookupError):
        return {}
    return {name: " ".join(value.split()) for name, _, value in (line.partition(":") for line in lines)}


def arguments(pid: int) -> list[str]:
    """/proc/PID/cmdline; nothing when there is no such process."""
    try:
        words = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")
    except (FileNotFoundError, ProcessLookupError):
        return []
    return [word.decode(errors="replace") for word in words]
