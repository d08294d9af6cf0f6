"""Both ends of the tunnel and an MCP server, as real processes with the demo's recorders on their wires."""

from __future__ import annotations

import argparse
import asyncio
import json
import shlex
import ssl
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Dict, List

from certificates import Certificates, make_certificates
from processes import Child, ProcessFailed, Processes, bare_environment
from screen import Screen
from tunnel import wait_until_ready
from wires import ControlPlaneWatcher, McpWatcher, Pipe, Wire

START_SECONDS = 20.0


class Ends:
    """What `start` leaves behind: where a caller goes and with which key, and the processes."""

    def __init__(self, options: argparse.Namespace, screen: Screen, folder: Path) -> None:
        self._screen = screen
        self._folder = folder
        self._stdio = options.stdio
        self._relay_binary = str(options.relay.resolve())
        self._client_binary = str(options.client.resolve())
        self._keys: Dict[str, str] = {}
        self._children: List[Child] = []
        self.processes = Processes(folder)
        self.endpoint = ""
        self.relay_log = folder
        self.server_url = ""
        """Of an MCP server on HTTP: where it answers directly."""

    async def start(self) -> None:
        screen = self._screen
        screen.title("Both ends of the tunnel start")
        certificates = make_certificates(self._folder)
        self.authority = certificates.authority
        self.trust = ssl.create_default_context(cafile=str(certificates.authority))
        screen.note("a throw-away certificate authority, and a certificate of it for this machine")

        self._make_keys()
        screen.note(
            "three keys made by `tunnel-relay keygen`, for the manager, tunnel-client and the caller;"
            " the relay gets only their hashes"
        )

        relay_url = await self._start_relay(certificates)
        screen.note(f"tunnel-relay serves {relay_url}")
        tunnel = await asyncio.to_thread(self._create_tunnel, relay_url)
        self.endpoint = f"{relay_url}/v1/mcp/{tunnel}"
        screen.note(f"the manager created {tunnel}")

        server = await self._start_server()
        await self._start_client(relay_url, tunnel, certificates, server)

    def _make_keys(self) -> None:
        self._keys_file = self._folder / "keys"
        for name, scopes in (("manager", "read,manage"), ("client", "read,use"), ("caller", "connect")):
            command = [self._relay_binary, "keygen", "--name", name, "--scopes", scopes]
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=START_SECONDS, env=bare_environment(), check=False
            )
            if done.returncode != 0:
                raise ProcessFailed(f"tunnel-relay keygen failed: {done.stderr.strip()}")
            # The key, and on the next line what the keys file needs to let it in: its hash.
            self._keys[name], line = done.stdout.split("\n", 1)
            with self._keys_file.open("a", encoding="utf-8") as keys:
                keys.write(line)

    async def _start_relay(self, certificates: Certificates) -> str:
        url_file = self._folder / "relay.url"
        command = [self._relay_binary, "serve", "--listen", "127.0.0.1:0", "--url-file", str(url_file)]
        command += ["--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)]
        command += ["--keys-file", str(self._keys_file)]
        relay = self.processes.start("tunnel-relay", command, bare_environment())
        self.relay_log = relay.log
        self._children.append(relay)
        return await asyncio.to_thread(relay.wait_for_file, url_file, START_SECONDS)

    def _create_tunnel(self, relay_url: str) -> str:
        request = urllib.request.Request(
            f"{relay_url}/v1/tunnels",
            data=json.dumps({"name": "demo", "description": "made by ./demo"}).encode(),
            headers={"Authorization": f"Bearer {self._keys['manager']}", "Content-Type": "application/json"},
        )
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self.trust)
        )
        with direct.open(request, timeout=START_SECONDS) as answer:
            return str(json.load(answer)["id"])

    async def _start_server(self) -> Dict[str, str]:
        """Starts the MCP server, or says how tunnel-client starts it: the variables that tell it so."""
        if self._stdio:
            socket = self._folder / "pipe"
            await Pipe(self._screen).open(socket)
            recorder = Path(__file__).with_name("pipe_recorder.py")
            command = [sys.executable, str(recorder), str(socket), self._relay_binary, "mcp-stub", "--stdio"]
            self._screen.note("the MCP server will be a child process of tunnel-client")
            return {"MCP_COMMAND": shlex.join(command)}
        url_file = self._folder / "stub.url"
        stub = self.processes.start(
            "mcp-stub",
            [self._relay_binary, "mcp-stub", "--listen", "127.0.0.1:0", "--url-file", str(url_file)],
            bare_environment(),
        )
        self._children.append(stub)
        self.server_url = await asyncio.to_thread(stub.wait_for_file, url_file, START_SECONDS)
        wire = Wire(self.server_url, lambda: McpWatcher(self._screen), None, None)
        self._screen.note(f"the MCP server serves {self.server_url}, on loopback only")
        return {"MCP_SERVER_URL": f"{await wire.open()}/mcp"}

    async def _start_client(
        self, relay_url: str, tunnel: str, certificates: Certificates, server: Dict[str, str]
    ) -> None:
        identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        identity.load_cert_chain(certificates.certificate, certificates.key)
        wire = Wire(relay_url, lambda: ControlPlaneWatcher(self._screen), identity, self.trust)
        health = self._folder / "health.url"
        environment = bare_environment(
            CONTROL_PLANE_BASE_URL=await wire.open(),
            CONTROL_PLANE_TUNNEL_ID=tunnel,
            CONTROL_PLANE_API_KEY=self._keys["client"],
            CA_BUNDLE=str(certificates.authority),
            HEALTH_LISTEN_ADDR="127.0.0.1:0",
            HEALTH_URL_FILE=str(health),
            **server,
        )
        self.client = self.processes.start("tunnel-client", [self._client_binary, "run"], environment)
        self._children.append(self.client)
        health_url = await asyncio.to_thread(self.client.wait_for_file, health, START_SECONDS)
        await asyncio.to_thread(wait_until_ready, self.client, health_url)
        self._screen.note(f"tunnel-client runs; {health_url}/readyz says ready")
        self._screen.note(
            "both its wires go through a recorder of this demo, which prints what passes and changes nothing"
        )

    @property
    def caller_key(self) -> str:
        return self._keys["caller"]

    def check_running(self) -> None:
        for child in self._children:
            child.check_running()

    async def stop(self) -> None:
        # In a thread: while tunnel-client finishes its work, the recorders on its wires must go on.
        await asyncio.to_thread(self.processes.__exit__)
