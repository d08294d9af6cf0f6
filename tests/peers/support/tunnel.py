"""Both ends of the tunnel as real processes: one relay for a run, one client for a case."""

from __future__ import annotations

import json
import secrets
import ssl
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path

from certificates import make_certificates
from processes import Child, Processes, ProcessFailed, bare_environment

START_SECONDS = 20.0
POLL_SECONDS = 0.02


@dataclass(frozen=True)
class Tunnel:
    url: str
    """Where callers speak MCP."""
    caller_key: str
    client: Child


class Relay:
    """`tunnel-relay serve` over TLS, with one key for each of its three sides."""

    def __init__(self, processes: Processes, relay: Path, client: Path, folder: Path) -> None:
        self._processes = processes
        self._client = client
        self._folder = folder
        certificates = make_certificates(folder)
        self.authority = certificates.authority
        self._tls = ssl.create_default_context(cafile=str(self.authority))
        self._manager_key, self.client_key, self.caller_key = (secrets.token_urlsafe(32) for _ in range(3))

        keys = folder / "keys"
        keys.touch(mode=0o600)
        keys.write_text(
            f"manager read,manage {self._manager_key}\n"
            f"client read,use {self.client_key}\n"
            f"caller connect {self.caller_key}\n",
            encoding="utf-8",
        )
        url_file = folder / "relay.url"
        command = [str(relay), "serve", "--listen", "127.0.0.1:0", "--url-file", str(url_file)]
        command += ["--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)]
        command += ["--keys-file", str(keys)]
        self.process = processes.start("relay", command, bare_environment())
        self.url = self.process.wait_for_file(url_file, START_SECONDS)

    def open_tunnel(self, name: str, servers: dict[str, str], *flags: str) -> Tunnel:
        """Makes a tunnel and starts its client. `servers`, its variables, or `flags` name the MCP server.

        Returns once the client says that it is ready.
        """
        identity = self.create(name)
        health = self._folder / f"{identity}.health"
        environment = bare_environment(
            CONTROL_PLANE_BASE_URL=self.url,
            CONTROL_PLANE_TUNNEL_ID=identity,
            CONTROL_PLANE_API_KEY=self.client_key,
            CA_BUNDLE=str(self.authority),
            HEALTH_LISTEN_ADDR="127.0.0.1:0",
            HEALTH_URL_FILE=str(health),
            **servers,
        )
        client = self._processes.start("client", [str(self._client), "run", *flags], environment)
        wait_until_ready(client, client.wait_for_file(health, START_SECONDS))
        return Tunnel(f"{self.url}/v1/mcp/{identity}", self.caller_key, client)

    def create(self, name: str) -> str:
        """Makes a tunnel; its identity."""
        request = urllib.request.Request(
            f"{self.url}/v1/tunnels",
            data=json.dumps({"name": name, "description": "made by tests/peers"}).encode(),
            headers={"Authorization": f"Bearer {self._manager_key}", "Content-Type": "application/json"},
        )
        direct = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls)
        )
        with direct.open(request, timeout=START_SECONDS) as answer:
            return str(json.load(answer)["id"])


def wait_until_ready(client: Child, url: str) -> None:
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline = time.monotonic() + START_SECONDS
    reason = ""
    while time.monotonic() < deadline:
        client.check_running()
        try:
            with direct.open(f"{url}/readyz", timeout=START_SECONDS):
                return
        except urllib.error.HTTPError as error:
            reason = error.read(200).decode("utf-8", "replace").strip()
        time.sleep(POLL_SECONDS)
    raise ProcessFailed(f"{client.name} was not ready after {START_SECONDS:.0f} s ({reason})", client.log)
