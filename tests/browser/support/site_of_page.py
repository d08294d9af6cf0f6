"""A relay, a client with its page, an MCP server and callers, each of which can be stopped and started again at the same place."""

from __future__ import annotations

import json
import secrets
import socket
import ssl
import tempfile
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from certificates import make_certificates
from processes import Child, Processes, ProcessFailed, bare_environment
from tunnel import wait_until_ready

START_SECONDS, CALL_SECONDS = 20.0, 10.0
CALLERS = 2
PAUSE_SECONDS = 0.1
TOKEN = "page-token-0123456789abcdef"


class Site:
    def __init__(self, processes: Processes, client: Path, relay: Path, folder: Path) -> None:
        self._processes, self._client, self._relay, self._folder = processes, client, relay, folder
        certificates = make_certificates(folder)
        self._authority = certificates.authority
        self._tls = ssl.create_default_context(cafile=str(certificates.authority))
        manager, self._client_key, self._caller_key = (secrets.token_urlsafe(32) for _ in range(3))
        keys = folder / "keys"
        keys.touch(mode=0o600)
        keys.write_text(f"manager read,manage {manager}\nclient read,use {self._client_key}\ncaller connect {self._caller_key}\n", encoding="utf-8")
        self._relay_command = [
            str(relay), "serve", "--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key), "--keys-file", str(keys),
            "--tunnels-file", str(folder / "tunnels.json"), "--listen",
        ]  # fmt: skip
        self._ports = {name: free_port() for name in ("relay", "server", "client")}
        self._running: dict[str, Child] = {}
        self.relay_url = f"https://127.0.0.1:{self._ports['relay']}"
        self.url = f"http://127.0.0.1:{self._ports['client']}"
        self.start("server")
        self.start("relay")
        self._tunnel = self._create(manager)
        self.start("client")
        wait_until_ready(self._running["client"], self.url)

    def start(self, name: str) -> None:
        """Returns once the port is bound."""
        address = f"127.0.0.1:{self._ports[name]}"
        if name == "relay":
            command, environment = [*self._relay_command, address], bare_environment()
        elif name == "server":
            command, environment = [str(self._relay), "mcp-stub", "--listen", address], bare_environment()
        else:
            command = [str(self._client), "run", "--admin-ui.enabled", "--admin-ui.token", "env:PAGE_TOKEN"]
            environment = bare_environment(
                CONTROL_PLANE_BASE_URL=self.relay_url, CONTROL_PLANE_TUNNEL_ID=self._tunnel, CONTROL_PLANE_API_KEY=self._client_key,
                CONTROL_PLANE_POLL_TIMEOUT="2s", CA_BUNDLE=str(self._authority), HEALTH_LISTEN_ADDR=address, PAGE_TOKEN=TOKEN,
                MCP_SERVER_URL=f"http://127.0.0.1:{self._ports['server']}/mcp",
            )  # fmt: skip
        child = self._processes.start(name, command, environment)
        self._running[name] = child
        deadline = time.monotonic() + START_SECONDS
        while not answers(self._ports[name]):
            child.check_running()
            if time.monotonic() > deadline:
                raise ProcessFailed(f"{name} does not listen after {START_SECONDS:.0f} s", child.log)
            time.sleep(PAUSE_SECONDS)

    def stop(self, name: str) -> None:
        self._running.pop(name).stop()

    def _create(self, manager: str) -> str:
        answer = self._post(f"{self.relay_url}/v1/tunnels", {"name": "page", "description": "made by tests/browser"}, {"Authorization": f"Bearer {manager}"})
        return str(answer["id"])

    def _post(self, url: str, body: dict[str, Any], headers: dict[str, str]) -> dict[str, Any]:
        request = urllib.request.Request(url, json.dumps(body).encode(), {"Content-Type": "application/json", **headers})
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._tls))
        with direct.open(request, timeout=CALL_SECONDS) as answer:
            text = answer.read().decode()
        # An event stream has its one answer after `data:`.
        return dict(json.loads(text[text.index("{") :].split("\n")[0]) if text else {})

    def call(self, method: str, parameters: dict[str, Any]) -> dict[str, Any]:
        headers = {"Authorization": f"Bearer {self._caller_key}", "Accept": "application/json, text/event-stream"}
        return self._post(f"{self.relay_url}/v1/mcp/{self._tunnel}", {"jsonrpc": "2.0", "id": 1, "method": method, "params": parameters}, headers)

    def client_asked(self, path: str) -> dict[str, Any]:
        """What the client answers to a program that has the token."""
        request = urllib.request.Request(f"{self.url}{path}", headers={"Authorization": f"Bearer {TOKEN}"})
        with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=CALL_SECONDS) as answer:
            return dict(json.load(answer))

    @contextmanager
    def load(self) -> Iterator[None]:
        """Callers that call again and again, whatever comes of it."""
        ended = threading.Event()

        def caller() -> None:
            while not ended.wait(PAUSE_SECONDS):
                try:
                    self.call("tools/call", {"name": "echo", "arguments": {"text": "hello"}})
                except (OSError, ValueError):
                    ended.wait(PAUSE_SECONDS * 10)

        threads = [threading.Thread(target=caller, daemon=True) for _ in range(CALLERS)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            ended.set()
            for thread in threads:
                thread.join(2 * CALL_SECONDS)


@contextmanager
def site(client: Path, relay: Path) -> Iterator[Site]:
    with tempfile.TemporaryDirectory(prefix="tunnel-page-") as folder, Processes(Path(folder)) as processes:
        yield Site(processes, client, relay, Path(folder))


def answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
