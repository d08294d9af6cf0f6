"""A small HTTP proxy with CONNECT, the only way out of a locked-down host: proxy.py PORT LOG. Writes each host and port to LOG."""

from __future__ import annotations

import asyncio
import contextlib
import sys
from pathlib import Path

BLOCK_BYTES = 65536


async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, log: Path) -> None:
    with contextlib.suppress(OSError, asyncio.IncompleteReadError), contextlib.closing(writer):
        head = await reader.readuntil(b"\r\n\r\n")
        method, target, _ = head.split(b" ", 2)
        if method != b"CONNECT":
            writer.write(b"HTTP/1.1 405 Method Not Allowed\r\n\r\n")
            return
        with log.open("a", encoding="utf-8") as lines:
            lines.write(target.decode("ascii") + "\n")
        host, port = target.decode("ascii").rsplit(":", 1)
        upstream, onward = await asyncio.open_connection(host, int(port))
        writer.write(b"HTTP/1.1 200 OK\r\n\r\n")
        await asyncio.gather(pump(reader, onward), pump(upstream, writer))


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.closing(writer), contextlib.suppress(OSError):
        while block := await reader.read(BLOCK_BYTES):
            writer.write(block)
            await writer.drain()


async def main() -> None:
    port, log = int(sys.argv[1]), Path(sys.argv[2])
    server = await asyncio.start_server(lambda reader, writer: serve(reader, writer, log), "127.0.0.1", port)
    async with server:
        await server.serve_forever()


asyncio.run(main())
