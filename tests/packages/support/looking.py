#!/usr/bin/env python3
"""MCP server on stdio that looks around: a call of any tool answers with what it can do where it runs."""

from __future__ import annotations

import glob
import json
import os
import socket
import sys
import tempfile
from collections.abc import Callable


def connect(address: str) -> str:
    with socket.create_connection((address, 3000), timeout=3):
        return "connected"


def write_home() -> str:
    with open(os.path.join(os.environ["HOME"], "written"), "w", encoding="ascii") as file:
        file.write("x")
    return os.environ["HOME"]


LOOKS: dict[str, Callable[[], object]] = {
    "home": write_home,
    "temporary": lambda: tempfile.mkdtemp(),
    "secrets": lambda: os.listdir("/etc/tunnel-client/secrets"),
    "credential": lambda: [open(path, encoding="ascii").read() for path in glob.glob("/run/credentials/*/*")],
    "allowed": lambda: connect("192.0.2.10"),
    "denied": lambda: connect("192.0.2.20"),
}


def answer(message: dict[str, object]) -> dict[str, object]:
    if message["method"] == "initialize":
        server = {"name": "looking", "version": "1"}
        return {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": server}
    seen = {}
    for name, look in LOOKS.items():
        try:
            seen[name] = look()
        except OSError as error:
            seen[name] = f"refused: {error.strerror or error}"
    return {"content": [{"type": "text", "text": json.dumps(seen)}]}


for line in sys.stdin:
    received = json.loads(line)
    if "id" in received and "method" in received:
        print(json.dumps({"jsonrpc": "2.0", "id": received["id"], "result": answer(received)}), flush=True)
