"""A server of both eras of MCP, sessions and stateless requests, written with the official Python SDK 2.x.

    both_eras.py --stdio
    both_eras.py --http [--url-file FILE]      listens on 127.0.0.1 with a port of the kernel's choice
"""

from __future__ import annotations

import argparse
import logging
import os
import socket
from typing import Annotated

import anyio
import uvicorn
from mcp.server.mcpserver import Context, MCPServer
from mcp.server.mcpserver.resolve import Elicit, Resolve
from pydantic import BaseModel

STEP_SECONDS = 0.05
WATCHED = "peers://watched"

server = MCPServer("tunnel-both-eras-server", version="1.0.0", instructions="Serves both eras.", log_level="WARNING")


@server.tool()
def echo(message: str) -> str:
    """Answers with what it was given."""
    return message


@server.tool()
def large(characters: int) -> str:
    """Answers with a text of that many characters, some of them outside ASCII."""
    pattern = "0123456789abcdef\u00e9\u20ac\U0001f980\n"
    return (pattern * (characters // len(pattern) + 1))[:characters]


@server.tool()
async def steps(count: int, ctx: Context) -> str:
    """Reports its progress after every step."""
    for step in range(count):
        await anyio.sleep(STEP_SECONDS)
        await ctx.report_progress(step + 1, count, f"step {step + 1}")
    return f"{count} steps done"


@server.tool()
def fail() -> str:
    """Always fails."""
    raise ValueError("this tool always fails")


class Name(BaseModel):
    username: str


async def ask_for_name() -> Elicit[Name]:
    return Elicit("Who are you?", Name)


@server.tool()
def greet(name: Annotated[Name, Resolve(ask_for_name)]) -> str:
    """Asks the user for a name: by a request of the server, or, without sessions, by asking for another round."""
    return f"Hello, {name.username}"


@server.tool()
async def touch(ctx: Context) -> str:
    """Tells subscribers that the watched resource changed."""
    await ctx.notify_resource_updated(WATCHED)
    return "touched"


@server.resource(WATCHED, mime_type="text/plain")
def watched() -> str:
    """A resource to subscribe to."""
    return "the watched text"


@server.resource("peers://bytes", mime_type="application/octet-stream")
def some_bytes() -> bytes:
    """A resource that is no text."""
    return bytes(range(256))


@server.resource("peers://note/{title}", mime_type="text/plain")
def note(title: str) -> str:
    """A note made from its title."""
    return f"a note about {title}"


@server.prompt()
def review(topic: str) -> str:
    """Asks for a review of a topic."""
    return f"Please review {topic}."


def serve_http(url_file: str | None) -> None:
    listener = socket.create_server(("127.0.0.1", 0))
    port = listener.getsockname()[1]
    if url_file:
        announce(url_file, f"http://127.0.0.1:{port}/mcp")
    config = uvicorn.Config(server.streamable_http_app(), log_level="warning")
    uvicorn.Server(config).run(sockets=[listener])


def announce(url_file: str, url: str) -> None:
    """Writes the URL so that a reader sees either nothing or all of it."""
    with open(f"{url_file}.new", "w", encoding="utf-8") as file:
        file.write(f"{url}\n")
    os.replace(f"{url_file}.new", url_file)


def main() -> None:
    parser = argparse.ArgumentParser()
    transport = parser.add_mutually_exclusive_group(required=True)
    transport.add_argument("--stdio", action="store_true")
    transport.add_argument("--http", action="store_true")
    parser.add_argument("--url-file")
    options = parser.parse_args()
    logging.disable(logging.CRITICAL)  # the plans cause errors on purpose
    if options.stdio:
        server.run("stdio")
    else:
        serve_http(options.url_file)


main()
