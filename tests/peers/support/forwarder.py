"""A local forwarder that adds one header to each request, for clients that cannot send a key.

The conformance suite has no option for headers and its check against DNS rebinding wants a plain local URL. So it is
given the URL of this forwarder, which passes every byte on to the relay, over TLS, as it came (Host and Origin
included, streams as they grow) and adds nothing but the line with the key.
"""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

MAX_HEAD_BYTES = 64 * 1024
BLOCK_BYTES = 64 * 1024
START_SECONDS = 30.0

T = TypeVar("T")


class Forwarder:
    """Runs in a thread of its own while the `with` block lasts; `url` is its base URL."""

    def __init__(self, upstream: str, authority: Path, header: str) -> None:
        parts = urlsplit(upstream)
        self._host, self._port = parts.hostname, parts.port
        self._tls = ssl.create_default_context(cafile=str(authority))
        self._header = header.encode("ascii") + b"\r\n"
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self.url = ""

    def __enter__(self) -> Forwarder:
        self._thread.start()
        self._server = self._run(asyncio.start_server(self._serve, "127.0.0.1", 0, limit=MAX_HEAD_BYTES))
        self.url = f"http://127.0.0.1:{self._server.sockets[0].getsockname()[1]}"
        return self

    def __exit__(self, *_: object) -> None:
        self._run(self._close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _run(self, work: Coroutine[Any, Any, T]) -> T:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(START_SECONDS)

    async def _close(self) -> None:
        self._server.close()
        current = asyncio.current_task()
        tasks = [task for task in asyncio.all_tasks() if task is not current]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the client, one to the relay; the end of either ends both."""
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, asyncio.CancelledError):
            up_reader, up_writer = await asyncio.open_connection(self._host, self._port, ssl=self._tls)
            answers = asyncio.create_task(copy_all(up_reader, writer))
            requests = asyncio.create_task(self._copy_requests(reader, up_writer))
            try:
                await asyncio.wait({answers, requests}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                for task in (answers, requests):
                    task.cancel()
                up_writer.close()
        writer.close()

    async def _copy_requests(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            request_line, fields = head.split(b"\r\n", 1)
            writer.write(request_line + b"\r\n" + self._header + fields)
            await copy_body(fields, reader, writer)
            await writer.drain()


async def copy_body(fields: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """Copies the body that follows a request's head, so as to know where the next head starts (RFC 9112, section 6)."""
    pairs = (field.partition(b":") for field in fields.split(b"\r\n"))
    names = {name.strip().lower(): value.strip() for name, _, value in pairs}
    if names.get(b"transfer-encoding", b"").lower() == b"chunked":
        while True:
            size_line = await reader.readuntil(b"\r\n")
            writer.write(size_line)
            size = int(size_line.split(b";")[0], 16)
            if size == 0:
                writer.write(await reader.readuntil(b"\r\n"))  # no trailers: no client here sends any
                return
            await copy_exactly(size + 2, reader, writer)
    else:
        await copy_exactly(int(names.get(b"content-length", b"0")), reader, writer)


async def copy_exactly(left: int, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while left > 0:
        block = await reader.read(min(left, BLOCK_BYTES))
        if not block:
            raise asyncio.IncompleteReadError(b"", left)
        writer.write(block)
        await writer.drain()
        left -= len(block)


async def copy_all(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while block := await reader.read(BLOCK_BYTES):
        writer.write(block)
        await writer.drain()
