"""Recorders that sit on the demo's own wires and print what passes, byte for byte untouched.

The wire between tunnel-client and relay is TLS on both sides of the recorder, with the demo's own certificate: only who
holds a key that the client trusts can sit there.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import ssl
from pathlib import Path
from typing import Any, Callable, List, Optional
from urllib.parse import urlsplit

from http_messages import Data, EventStream, Head, MessageReader, NotHttp
from screen import CLIENT, RELAY, SERVER, Screen

CHUNK = 64 * 1024
SHOWN_BODY = 64 * 1024


class Wire:
    """Listens on a free loopback port and forwards every connection to `target`, telling `watch` what passes."""

    def __init__(
        self,
        target: str,
        watch: Callable[[], "Watcher"],
        server_tls: Optional[ssl.SSLContext],
        client_tls: Optional[ssl.SSLContext],
    ) -> None:
        parts = urlsplit(target)
        self._host, self._port = parts.hostname, parts.port
        self._watch = watch
        self._server_tls, self._client_tls = server_tls, client_tls
        self._server: Optional[asyncio.AbstractServer] = None
        self.url = ""

    async def open(self) -> str:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self._server_tls)
        port = self._server.sockets[0].getsockname()[1]
        scheme = "https" if self._server_tls else "http"
        self.url = f"{scheme}://127.0.0.1:{port}"
        return self.url

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            far_reader, far_writer = await asyncio.open_connection(self._host, self._port, ssl=self._client_tls)
        except OSError:
            writer.close()
            return
        watcher = self._watch()
        forward = asyncio.create_task(_copy(reader, far_writer, watcher.request))
        backward = asyncio.create_task(_copy(far_reader, writer, watcher.response))
        # Whichever side ends the connection ends it for both; so does the end of the demo, which cancels this.
        with contextlib.suppress(asyncio.CancelledError):
            await asyncio.wait([forward, backward], return_when=asyncio.FIRST_COMPLETED)
        for task, end in ((forward, far_writer), (backward, writer)):
            task.cancel()
            end.close()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, seen: Callable[[bytes], None]) -> None:
    with contextlib.suppress(OSError, asyncio.CancelledError):
        while data := await reader.read(CHUNK):
            # Shown before it is sent on: otherwise the next hop could be printed before this one.
            seen(data)
            writer.write(data)
            await writer.drain()


class Watcher:
    """Makes requests and their answers of the two directions of one connection, and tells a subclass."""

    def __init__(self) -> None:
        self._requests, self._responses = MessageReader(), MessageReader()
        self._asked: List[Head] = []
        self._request_head, self._request_body = Head(""), bytearray()
        self._response_head, self._response_body = Head(""), bytearray()
        self._stream: Optional[EventStream] = None
        self._broken = False

    def on_request(self, head: Head, body: bytes) -> None: ...

    def on_response(self, asked: Head, head: Head, body: bytes) -> None: ...

    def on_stream(self, asked: Head, head: Head) -> None: ...

    def on_event(self, data: str) -> None: ...

    def request(self, data: bytes) -> None:
        for event in self._feed(self._requests, data):
            if isinstance(event, Head):
                self._request_head, self._request_body = event, bytearray()
            elif isinstance(event, Data):
                self._request_body += event.payload[: SHOWN_BODY - len(self._request_body)]
            else:
                self._asked.append(self._request_head)
                self.on_request(self._request_head, bytes(self._request_body))

    def response(self, data: bytes) -> None:
        for event in self._feed(self._responses, data):
            asked = self._asked[0] if self._asked else Head("")
            if isinstance(event, Head):
                self._response_head, self._response_body = event, bytearray()
                streams = event.headers.get("content-type", "").startswith("text/event-stream")
                self._stream = EventStream() if streams else None
                if streams:
                    self.on_stream(asked, event)
            elif isinstance(event, Data):
                if self._stream:
                    for message in self._stream.feed(event.payload):
                        self.on_event(message)
                else:
                    self._response_body += event.payload[: SHOWN_BODY - len(self._response_body)]
            else:
                if not self._stream:
                    self.on_response(asked, self._response_head, bytes(self._response_body))
                if self._asked and self._response_head.status >= 200:
                    self._asked.pop(0)

    def _feed(self, reader: MessageReader, data: bytes) -> List[Any]:
        if self._broken:
            return []
        try:
            return reader.feed(data)
        except (NotHttp, ValueError):
            # Not for us to judge: the two ends go on, only this connection is no longer shown.
            self._broken = True
            return []


class ControlPlaneWatcher(Watcher):
    """The wire between tunnel-client and relay: commands that a poll brings, answers that are posted."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def on_request(self, head: Head, body: bytes) -> None:
        path = head.start.split(" ")[1]
        if not path.endswith("/response"):
            return
        answer = _json(body)
        kind, status, headers = answer.get("resp_type"), answer.get("resp_code"), _headers(answer.get("resp_headers"))
        what = f"POST …/response: {kind}, status {status}{headers}"
        self._screen.hop(CLIENT, RELAY, what, _compact(answer.get("resp_json")))

    def on_response(self, asked: Head, head: Head, body: bytes) -> None:
        path = asked.start.split(" ")[1] if asked.start else ""
        if "/poll" in path and head.status == 200:
            for command in _json(body).get("commands", []):
                limit = f", at most {command['response_timeout']}" if command.get("response_timeout") else ""
                what = f"poll answered: {command.get('command_type')} command{limit}{_headers(command.get('headers'))}"
                self._screen.hop(RELAY, CLIENT, what, _compact(command.get("jsonrpc")))
        elif head.status not in (200, 204):
            self._screen.hop(RELAY, CLIENT, f"{head.start[9:]}", body.decode("utf-8", "replace"))


class McpWatcher(Watcher):
    """The wire between tunnel-client and an MCP server on HTTP."""

    def __init__(self, screen: Screen) -> None:
        super().__init__()
        self._screen = screen

    def on_request(self, head: Head, body: bytes) -> None:
        line = head.start.rsplit(" ", 1)[0]
        self._screen.hop(CLIENT, SERVER, f"{line}{_headers(head.headers)}", body.decode("utf-8", "replace"))

    def on_response(self, asked: Head, head: Head, body: bytes) -> None:
        self._screen.hop(SERVER, CLIENT, f"{head.start[9:]}{_headers(head.headers)}", body.decode("utf-8", "replace"))

    def on_stream(self, asked: Head, head: Head) -> None:
        self._screen.hop(SERVER, CLIENT, f"{head.start[9:]}{_headers(head.headers)}, and then:")

    def on_event(self, data: str) -> None:
        self._screen.hop(SERVER, CLIENT, "event", data)


class Pipe(asyncio.DatagramProtocol):
    """Hears from `pipe_recorder.py`, which sits between tunnel-client and an MCP server on stdio."""

    def __init__(self, screen: Screen) -> None:
        self._screen = screen

    async def open(self, path: Path) -> None:
        loop = asyncio.get_running_loop()
        await loop.create_datagram_endpoint(lambda: self, local_addr=str(path), family=socket.AF_UNIX)

    def datagram_received(self, data: bytes, addr: object) -> None:
        direction, _, line = data.decode("utf-8", "replace").partition(" ")
        if direction == "in":
            self._screen.hop(CLIENT, SERVER, "a line on its standard input", line)
        else:
            self._screen.hop(SERVER, CLIENT, "a line on its standard output", line)


_INTERESTING = ("mcp-session-id", "mcp-protocol-version", "content-type", "last-event-id")


def _headers(headers: Any) -> str:
    """The headers that MCP cares about, on one line."""
    if not isinstance(headers, dict):
        return ""
    shown = []
    for name, value in headers.items():
        text = ", ".join(value) if isinstance(value, list) else str(value)
        if name.lower() == "content-type":
            shown.append(text)
        elif name.lower() in _INTERESTING:
            shown.append(f"{name.lower()}: {text[:12] + '…' if len(text) > 13 else text}")
    return "".join(f", {part}" for part in shown)


def _compact(payload: Any) -> Optional[str]:
    return None if payload is None else json.dumps(payload, ensure_ascii=False, separators=(",", ":"))


def _json(body: bytes) -> Any:
    try:
        value = json.loads(body or b"{}")
    except ValueError:
        return {}
    return value if isinstance(value, dict) else {}
