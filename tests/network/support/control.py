"""The control plane, and a caller that performs an MCP call through it."""

from __future__ import annotations

import http.client
import json
import secrets
from typing import Any
from urllib.parse import urlsplit

from tunnel import Relay

CALL_SECONDS = 10.0
VERSION = "2025-11-25"


class CallFailed(Exception):
    """The call was not answered as it has to be."""


class ControlPlane(Relay):
    """`tunnel-relay serve`. Its own certificate is not for clients: they come through nginx."""

    def new_tunnel(self) -> dict[str, str]:
        """What a client needs to serve a tunnel of its own, but for the address of the control plane."""
        return {"CONTROL_PLANE_TUNNEL_ID": self.create("network"), "CONTROL_PLANE_API_KEY": self.client_key}

    def call(self, tunnel: str) -> None:
        """initialize, notifications/initialized and tools/call; the answer has to hold what was asked."""
        word = secrets.token_hex(8)
        parts = urlsplit(self.url)
        connection = http.client.HTTPSConnection(
            str(parts.hostname), parts.port, timeout=CALL_SECONDS, context=self._tls
        )
        try:
            client = {"name": "network", "version": "1"}
            session = self._post(
                connection,
                tunnel,
                {},
                {"method": "initialize", "id": 1}
                | {"params": {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client}},
            )[0]
            self._post(connection, tunnel, session, {"method": "notifications/initialized"})
            call = {"method": "tools/call", "id": 2, "params": {"name": "echo", "arguments": {"text": word}}}
            answer = self._post(connection, tunnel, session, call)[1]
        finally:
            connection.close()
        if word not in json.dumps(answer.get("result")):
            raise CallFailed(f"tools/call was answered with {json.dumps(answer)[:300]}")

    def _post(
        self, connection: http.client.HTTPSConnection, tunnel: str, session: dict[str, str], message: dict[str, Any]
    ) -> tuple[dict[str, str], Any]:
        headers = {
            "Authorization": f"Bearer {self.caller_key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "MCP-Protocol-Version": VERSION,
            **session,
        }
        body = json.dumps({"jsonrpc": "2.0", **message})
        connection.request("POST", f"/v1/mcp/{tunnel}", body, headers)
        answer = connection.getresponse()
        text = answer.read()
        if answer.status != (http.client.OK if "id" in message else http.client.ACCEPTED):
            raise CallFailed(f"{message['method']} was answered with status {answer.status}: {text[:300]!r}")
        identity = answer.getheader("Mcp-Session-Id")
        return {"Mcp-Session-Id": identity} if identity else {}, json.loads(text) if text else None
