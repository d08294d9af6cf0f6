"""What a newcomer finds: a relay with a tunnel, an MCP server on the host, a proxy as the only way out, and a caller."""

from __future__ import annotations

import json
import socket
import ssl
import sys
import time
import urllib.error
import urllib.request
from dataclasses import dataclass
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
sys.path.append(str(HERE.parents[1] / "peers" / "support"))

from processes import Processes, ProcessFailed, bare_environment  # noqa: E402
from tunnel import START_SECONDS, Relay  # noqa: E402

PROXY_PORT, SERVER_PORT = 3128, 3000
CALL_SECONDS, CALL_AGAIN_SECONDS = 60.0, 0.2
PROTOCOL = "2025-06-18"

Message = dict[str, Any]


@dataclass(frozen=True)
class Site:
    relay: Relay
    tunnel: str
    client_key: str
    proxy_log: Path

    def session(self) -> str:
        """What a tool answers to a caller of the tunnel; waits until the tunnel is served."""
        who = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "caller", "version": "1"}}
        opened, identity = self._open(who)
        if "result" not in opened:
            raise ProcessFailed(f"initialize: {opened}", self.relay.process.log)
        self._call(identity, None, "notifications/initialized", {})
        arguments = {"name": "echo", "arguments": {"text": "through the package"}}
        answer, _ = self._call(identity, 2, "tools/call", arguments)
        return str(answer["result"]["content"][0]["text"])

    def _open(self, who: Message) -> tuple[Message, str | None]:
        """The first call; the relay answers 503 until the client has polled, which it does after it said that it is ready."""
        deadline = time.monotonic() + CALL_SECONDS
        while True:
            try:
                return self._call(None, 1, "initialize", who)
            except urllib.error.HTTPError as error:
                if error.code != 503 or time.monotonic() > deadline:
                    raise
            time.sleep(CALL_AGAIN_SECONDS)

    def _call(self, session: str | None, number: int | None, method: str, params: object) -> tuple[Message, str | None]:
        message: Message = {"jsonrpc": "2.0", "method": method, "params": params}
        if number is not None:
            message["id"] = number
        headers = {
            "Authorization": f"Bearer {self.relay.caller_key}",
            "Content-Type": "application/json",
            "Accept": "application/json, text/event-stream",
            **({"Mcp-Session-Id": session, "MCP-Protocol-Version": PROTOCOL} if session else {}),
        }
        request = urllib.request.Request(
            f"{self.relay.url}/v1/mcp/{self.tunnel}", data=json.dumps(message).encode(), headers=headers
        )
        tls = ssl.create_default_context(cafile=str(self.relay.authority))
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
        with direct.open(request, timeout=CALL_SECONDS) as answer:
            text = answer.read().decode("utf-8")
            lines = [line.removeprefix("data:").strip() for line in text.splitlines() if line.startswith(("data:", "{"))]
            found = [json.loads(line) for line in lines]
            return (found[-1] if found else {}), answer.headers.get("Mcp-Session-Id")


def start(processes: Processes, relay: Path, folder: Path) -> Site:
    ends = Relay(processes, relay, relay, folder)
    stub = [str(relay), "mcp-stub", "--listen", f"127.0.0.1:{SERVER_PORT}"]
    server = processes.start("server", stub, bare_environment())
    proxy_log = folder / "proxy.log"
    proxy_log.touch()
    proxy = [sys.executable, str(HERE / "proxy.py"), str(PROXY_PORT), str(proxy_log)]
    processes.start("proxy", proxy, bare_environment())
    deadline = time.monotonic() + START_SECONDS
    for port in (SERVER_PORT, PROXY_PORT):
        await_port(port, deadline)
    server.check_running()
    return Site(ends, ends.create("newcomer"), ends.client_key, proxy_log)


def await_port(port: int, deadline: float) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(CALL_AGAIN_SECONDS)
