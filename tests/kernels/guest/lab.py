"""The relay, the MCP server and the clients of a machine, in folders of their own."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import signal
import subprocess
import time
from pathlib import Path
from typing import Any

from call import Refused, Session
from client import Client
from operators import Operator
from processes import Child, Processes, bare_environment

JOB = Path("/srv/job")
PROGRAM = JOB / "tunnel-client"
LOADER = [str(JOB / "loader"), "--library-path", str(JOB / "lib")]
# A static one comes without a loader.
RELAY = [*(LOADER if (JOB / "loader").exists() else []), str(JOB / "tunnel-relay")]
CERTIFICATES = JOB / "certificates"
# An emulated machine on a busy host takes a second for the work of a tenth of a second.
START_SECONDS = 90.0
STOP_SECONDS = 60.0
POLL_SECONDS = 0.1
LOOPBACK = "127.0.0.1"
CHANNELS = ("main", "local", "strict")


class Ends:
    """`tunnel-relay serve` over TLS with a tunnel for each client, and an MCP server on HTTP."""

    def __init__(self, processes: Processes, folder: Path, tunnels: int) -> None:
        self.keys = [secrets.token_urlsafe(32) for _ in range(2)]
        self._caller_key = secrets.token_urlsafe(32)
        self.tunnels = [f"tunnel_{secrets.token_hex(16)}" for _ in range(tunnels)]
        keys = folder / "keys"
        keys.touch(mode=0o600)
        names = [f"client{number} read,use {key}" for number, key in enumerate(self.keys)]
        keys.write_text("\n".join([*names, f"caller connect {self._caller_key}", ""]), encoding="utf-8")
        relay_url, server_url = folder / "relay.url", folder / "server.url"
        command = [*RELAY, "serve", "--listen", f"{LOOPBACK}:0", "--url-file", str(relay_url)]
        command += ["--tls-cert", str(CERTIFICATES / "relay.pem"), "--tls-key", str(CERTIFICATES / "relay.key")]
        command += ["--keys-file", str(keys), *(part for each in self.tunnels for part in ("--tunnel", each))]
        relay = processes.start("relay", command, bare_environment())
        stub = [*RELAY, "mcp-stub", "--listen", f"{LOOPBACK}:0", "--url-file", str(server_url)]
        server = processes.start("server", stub, bare_environment())
        self.url = relay.wait_for_file(relay_url, START_SECONDS)
        self.server_url = server.wait_for_file(server_url, START_SECONDS)

    def session(self, tunnel: str, channel: str) -> Session:
        url = f"{self.url}/v1/mcp/{tunnel}/{channel}"
        return Session(url, str(CERTIFICATES / "ca.pem"), self._caller_key)


class Lab:
    """A client of an operator, with one server on HTTP and two on stdio."""

    def __init__(self, folder: Path, operator: Operator, ends: Ends, mode: str, landlock: int) -> None:
        self.operator, self._ends, self._mode, self._landlock = operator, ends, mode, landlock
        self.tunnel = ends.tunnels.pop()
        base = folder / operator.name.replace(", ", "-").replace(" ", "-")
        self._config, self._run, self._log, self._home = (base / name for name in ("etc", "run", "log", "home"))
        base.mkdir()
        for path, owner in (
            (self._config, operator.client),
            (self._run, operator.client),
            (self._log, operator.client),
            (self._home, operator.servers),
        ):
            path.mkdir()
            os.chown(path, owner, owner)
        self.settings, self.key = (self._config / name for name in ("tunnel-client.yaml", "key"))
        # Root's: a bundle that the user of the servers can change is refused.
        authority = base / "ca.pem"
        self.log_file, self._pid_file, self._socket = self._log / "client.log", self._run / "pid", self._run / "health"
        shutil.copy(CERTIFICATES / "ca.pem", authority)
        self._put(self.key, ends.keys[0], 0o600)
        self._put(self.settings, json.dumps(self._configuration(authority)), 0o644)

    def _put(self, path: Path, text: str, mode: int) -> None:
        """Replaces a file as an operator does: the new file is complete when it replaces the old one."""
        new = path.with_name(f"{path.name}.new")
        new.write_text(text, encoding="utf-8")
        new.chmod(mode)
        os.chown(new, self.operator.client, self.operator.client)
        os.rename(new, path)

    def _configuration(self, authority: Path) -> dict[str, Any]:
        stub = " ".join([*RELAY, "mcp-stub", "--stdio"])
        commands: list[dict[str, Any]] = [{"channel": "local", "command": stub}]
        if self._landlock:
            # Without landlock `strict` cannot be enforced, and no such server is started.
            strict = {"level": "strict", "read": [str(JOB)], "network": "none"}
            # All servers are one program, which belongs to root: a root server of another channel can replace it.
            strict["allow_writable_program"] = True
            commands.append({"channel": "strict", "command": stub, "sandbox": strict})
        return {
            "config_version": 1,
            "control_plane": {
                "base_url": self._ends.url,
                "tunnel_id": self.tunnel,
                "api_key": f"file:{self.key}",
            },
            "ca_bundle": str(authority),
            # Otherwise each of hundreds of starts reads the store of the system, which is the same on every kernel.
            "tls": {"trust": ["bundle"]} if self.operator.is_proved else {},
            "hardening": {"mode": self._mode},
            "log": {"file": str(self.log_file), "format": "json"},
            "health": {"unix_socket": str(self._socket)},
            "process": {"pid_file": str(self._pid_file), **self.operator.settings},
            "mcp": {"server_urls": [{"channel": "main", "url": self._ends.server_url}], "commands": commands},
        }

    @property
    def channels(self) -> tuple[str, ...]:
        return CHANNELS if self._landlock else CHANNELS[:2]

    def _environment(self) -> dict[str, str]:
        return {**bare_environment(), "HOME": str(self._home)}

    def start(self, processes: Processes) -> None:
        """Returns when the client is ready."""
        command = self.operator.command(str(PROGRAM), "run", "--config", str(self.settings))
        self.child: Child = processes.start(f"client-{self.tunnel[-4:]}", command, self._environment())
        self.client = Client(self.child, self.tunnel, self._socket)
        self.client.wait_until_ready(START_SECONDS)
        self.pid = int(self.child.wait_for_file(self._pid_file, START_SECONDS))

    def run(self, *arguments: str, seconds: float) -> subprocess.CompletedProcess[str]:
        """Runs another command of the client, with the same configuration."""
        command = self.operator.command(str(PROGRAM), *arguments, "--config", str(self.settings))
        return subprocess.run(
            command, env=self._environment(), capture_output=True, text=True, timeout=seconds, check=False, cwd="/"
        )

    def session(self, channel: str) -> list[str]:
        """Sends initialize, tools/list and a call; returns a line for each unexpected result."""
        session = self._ends.session(self.tunnel, channel)
        session.open("kernels")
        tools = [tool["name"] for tool in session.request("tools/list", {})["tools"]]
        if "echo" not in tools:
            return [f"{channel}: there is no tool echo but {', '.join(tools)}"]
        text = secrets.token_hex(8)
        answer = session.call("echo", {"text": text})
        return [] if text in answer else [f"{channel}: the answer to {text} is {answer[:200]}"]

    def slow(self, milliseconds: int) -> str:
        """What a call that takes this long ends with."""
        try:
            session = self._ends.session(self.tunnel, CHANNELS[0])
            session.open("slow")
            return session.call("slow", {"ms": milliseconds})
        except (Refused, OSError) as error:
            return f"{type(error).__name__}: {error}"

    def rotate(self, key: int = 1) -> None:
        """Replaces the key by another or by itself, and notifies the client at once."""
        self._put(self.key, self._ends.keys[key], 0o600)
        os.kill(self.pid, signal.SIGHUP)

    def metric(self, name: str) -> float | None:
        for line in self.client.asked("/metrics").splitlines():
            found, _, value = line.partition(" ")
            if found == name:
                return float(value)
        return None

    def await_metric(self, name: str, least: float) -> list[str]:
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline:
            if (self.metric(name) or 0.0) >= least:
                return []
            time.sleep(POLL_SECONDS)
        return [f"{name} is {self.metric(name)} and not {least}"]

    def said(self) -> list[str]:
        """All lines that the client logged or printed, and its broker."""
        found = self.child.log.read_text(encoding="utf-8", errors="replace").splitlines()
        if self.log_file.exists():
            found += self.log_file.read_text(encoding="utf-8", errors="replace").splitlines()
        return found

    def left(self) -> list[str]:
        """Files that exist while the client runs."""
        return [str(each) for each in self._run.iterdir()]


def descendants(pid: int) -> list[int]:
    """The process and all its descendants."""
    found = [pid]
    for each in found:
        for task in Path(f"/proc/{each}/task").glob("*/children"):
            try:
                found += [int(child) for child in task.read_text(encoding="utf-8").split()]
            except OSError:
                continue
    return found


def is_running(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(") ")[2]
    except OSError:
        return False
    return state[0] not in "ZX"
