#!/usr/bin/env python3
"""One MCP session over HTTP, as a caller performs it: initialize, notifications/initialized, tools/call of `echo`.

    call.py URL CA_FILE TEXT [SECONDS] <key

SECONDS bound each request. Prints the text that came back and ends with code 0, or prints the error answer and ends with code 1.
"""

from __future__ import annotations

import json
import ssl
import sys
import urllib.error
import urllib.request
from typing import Any

TIMEOUT_SECONDS = 25.0
VERSION = "2025-11-25"


class Refused(Exception):
    """The caller was answered with an error."""


class Session:
    def __init__(self, url: str, authority: str, key: str, seconds: float = TIMEOUT_SECONDS) -> None:
        self._url, self._seconds = url, seconds
        self._headers = {
            "Authorization": f"Bearer {key}",
            "Content-Type": "application/json",
            "Accept": "application/json",
            "MCP-Protocol-Version": VERSION,
        }
        tls = ssl.create_default_context(cafile=authority)
        self._opener = urllib.request.build_opener(
            urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls)
        )
        self._number = 0

    def open(self, name: str) -> None:
        """Sends `initialize` and `notifications/initialized`; `name` is the caller's."""
        client = {"name": name, "version": "1"}
        self.request("initialize", {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": client})
        self.notify("notifications/initialized")

    def call(self, tool: str, arguments: dict[str, Any]) -> str:
        """The text that a tool answers with."""
        return str(self.request("tools/call", {"name": tool, "arguments": arguments})["content"][0]["text"])

    def request(self, method: str, params: dict[str, Any]) -> Any:
        self._number += 1
        answer = self._post({"jsonrpc": "2.0", "id": self._number, "method": method, "params": params})
        if not isinstance(answer, dict) or "result" not in answer:
            raise Refused(json.dumps(answer))
        return answer["result"]

    def notify(self, method: str) -> None:
        self._post({"jsonrpc": "2.0", "method": method})

    def _post(self, message: dict[str, Any]) -> Any:
        request = urllib.request.Request(self._url, json.dumps(message).encode(), self._headers)
        try:
            with self._opener.open(request, timeout=self._seconds) as answer:
                session, body = answer.headers.get("Mcp-Session-Id"), answer.read()
        except urllib.error.HTTPError as error:
            raise Refused(f"HTTP {error.code}: {error.read(2000).decode('utf-8', 'replace')}") from None
        if session:
            self._headers["Mcp-Session-Id"] = session
        return json.loads(body) if body else None


def main() -> int:
    url, authority, text, *seconds = sys.argv[1:]
    session = Session(url, authority, sys.stdin.read().strip(), *map(float, seconds))
    try:
        session.open("lockdown")
        answer = session.call("echo", {"text": text})
    except Refused as error:
        print(error)
        return 1
    print(answer)
    return 0


if __name__ == "__main__":
    sys.exit(main())
