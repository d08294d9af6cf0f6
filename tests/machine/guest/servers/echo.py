#!/usr/bin/env python3
"""A small MCP server on stdio with two tools: `echo`, and `attempt`, which tries to do something and says what came of it."""

import errno
import json
import os
import socket
import sys

TOOLS = [{"name": name, "inputSchema": {"type": "object"}} for name in ("echo", "attempt")]


def attempt(what: str, where: str) -> str:
    try:
        if what == "read":
            with open(where, "rb") as file:
                file.read(1)
        elif what == "list":
            os.listdir(where)
        elif what == "write":
            with open(where, "wb") as file:
                file.write(b"x")
        elif what == "connect":
            address, _, port = where.rpartition(":")
            socket.create_connection((address, int(port)), 5).close()
        elif what == "run":
            os.waitpid(os.spawnv(os.P_NOWAIT, where, [where, "--version"]), 0)
        else:
            return "unknown"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, type(error).__name__)
    return "ok"


def answer(method: str, params: dict) -> dict:
    if method == "initialize":
        about = {"name": "echo", "version": "1"}
        return {"protocolVersion": params["protocolVersion"], "capabilities": {"tools": {}}, "serverInfo": about}
    if method == "tools/list":
        return {"tools": TOOLS}
    if method == "tools/call":
        given = params["arguments"]
        text = given["text"] if params["name"] == "echo" else attempt(given["what"], given["where"])
        return {"content": [{"type": "text", "text": text}]}
    return {}


for line in sys.stdin:
    message = json.loads(line)
    if "id" in message:
        result = answer(message["method"], message.get("params", {}))
        print(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": result}), flush=True)
