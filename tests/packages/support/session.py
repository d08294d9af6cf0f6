#!/usr/bin/env python3
"""One MCP session through a relay: session.py CA KEY URL CHANNEL. Prints the text that a tool of the channel answers with."""

from __future__ import annotations

import json
import ssl
import sys
import urllib.request

INITIALIZE = {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}}


def main() -> None:
    ca, key, url, channel = sys.argv[1:]
    context = ssl.create_default_context(cafile=ca)
    if channel != "main":
        url = f"{url}/{channel}"
    headers = {
        "Authorization": f"Bearer {key}",
        "Content-Type": "application/json",
        "Accept": "application/json, text/event-stream",
    }

    def post(message: dict[str, object]) -> tuple[str | None, str]:
        request = urllib.request.Request(url, json.dumps({"jsonrpc": "2.0", **message}).encode(), headers)
        with urllib.request.urlopen(request, timeout=60, context=context) as answer:
            return answer.headers["Mcp-Session-Id"], answer.read().decode()

    session, _ = post({"id": 1, "method": "initialize", "params": INITIALIZE})
    if session:
        headers["Mcp-Session-Id"] = session
    post({"method": "notifications/initialized"})
    _, text = post({"id": 2, "method": "tools/call", "params": {"name": "echo", "arguments": {"text": "hello"}}})
    # A stream of events ends with the answer.
    text = text.rsplit("data:", 1)[-1]
    print(json.loads(text)["result"]["content"][0]["text"])


main()
