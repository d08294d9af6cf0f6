"""An MCP caller, as small as can be: what Claude, ChatGPT or an SDK would do, over one TLS connection to the relay."""

from __future__ import annotations

import asyncio
import json
import ssl
from dataclasses import dataclass, field
from typing import Any, Dict, List, Optional
from urllib.parse import urlsplit

from http_messages import Data, End, EventStream, Head, MessageReader
from screen import CALLER, RELAY, Screen

PROTOCOL = "2025-11-25"
ANSWER_SECONDS = 30.0
CHUNK = 64 * 1024


class CallFailed(Exception):
    """The tunnel, or the server behind it, did not do what the protocol says."""


@dataclass
class Answer:
    head: Head
    body: bytes = b""
    """Of a plain answer; of a stream, its last event."""
    notifications: List[Any] = field(default_factory=list)

    def result(self) -> Any:
        message = json.loads(self.body)
        if "result" not in message:
            raise CallFailed(f"no result in {self.body.decode('utf-8', 'replace')}")
        return message["result"]


class Caller:
    def __init__(self, url: str, key: str, tls: Optional[ssl.SSLContext], screen: Screen) -> None:
        self._url = urlsplit(url)
        self._key = key
        self._tls = tls
        self._screen = screen
        self.session: Optional[str] = None
        """Given with the answer to `initialize`, by the server or, for one on stdio, by tunnel-client."""
        self._initialized = False
        self._next_id = 0
        self._reader: Optional[asyncio.StreamReader] = None
        self._writer: Optional[asyncio.StreamWriter] = None

    async def connect(self) -> None:
        self._reader, self._writer = await asyncio.open_connection(self._url.hostname, self._url.port, ssl=self._tls)

    def close(self) -> None:
        if self._writer:
            self._writer.close()

    async def initialize(self) -> Any:
        hello = {"protocolVersion": PROTOCOL, "capabilities": {}, "clientInfo": {"name": "demo", "version": "1"}}
        answer = await self.call("initialize", hello)
        self.session = answer.head.headers.get("mcp-session-id")
        self._initialized = True
        return answer.result()

    async def call(self, method: str, params: Dict[str, Any]) -> Answer:
        self._next_id += 1
        message = {"jsonrpc": "2.0", "id": self._next_id, "method": method, "params": params}
        return await self._expect(200, "POST", message)

    async def notify(self, method: str) -> None:
        await self._expect(202, "POST", {"jsonrpc": "2.0", "method": method})

    async def end_session(self, status: int) -> None:
        await self._expect(status, "DELETE", None)
        self.session = None

    async def _expect(self, status: int, verb: str, message: Any) -> Answer:
        answer = await self.send(verb, message)
        if answer.head.status != status:
            raise CallFailed(f"{verb} was answered {answer.head.start[9:]}: {answer.body.decode('utf-8', 'replace')}")
        return answer

    async def send(self, verb: str, message: Any) -> Answer:
        try:
            return await asyncio.wait_for(self._send(verb, message), ANSWER_SECONDS)
        except asyncio.TimeoutError:
            raise CallFailed(f"no answer within {ANSWER_SECONDS:.0f} s") from None

    async def _send(self, verb: str, message: Any) -> Answer:
        if not self._reader or not self._writer:
            await self.connect()
        assert self._reader and self._writer
        body = b"" if message is None else json.dumps(message, ensure_ascii=False, separators=(",", ":")).encode()
        lines = [f"{verb} {self._url.path} HTTP/1.1", f"Host: {self._url.netloc}", f"Authorization: Bearer {self._key}"]
        lines += ["Accept: application/json, text/event-stream", f"Content-Length: {len(body)}"]
        if message is not None:
            lines.append("Content-Type: application/json")
        if self._initialized:
            lines.append(f"Mcp-Protocol-Version: {PROTOCOL}")
        session = ""
        if self.session:
            lines.append(f"Mcp-Session-Id: {self.session}")
            session = f", mcp-session-id: {self.session[:12]}…"
        self._screen.hop(CALLER, RELAY, f"{verb} /v1/mcp/…{session}", body.decode())
        self._writer.write("\r\n".join(lines).encode() + b"\r\n\r\n" + body)
        await self._writer.drain()
        return await self._receive(self._reader)

    async def _receive(self, reader: asyncio.StreamReader) -> Answer:
        messages, stream = MessageReader(), EventStream()
        answer: Optional[Answer] = None
        while True:
            data = await reader.read(CHUNK)
            if not data:
                raise CallFailed("the relay closed the connection before its answer was complete")
            for event in messages.feed(data):
                if isinstance(event, Head):
                    answer = Answer(event)
                    streams = event.headers.get("content-type", "").startswith("text/event-stream")
                    if streams:
                        self._screen.hop(RELAY, CALLER, f"{event.start[9:]}, text/event-stream, and then:")
                elif answer and isinstance(event, Data):
                    if streams:
                        for text in stream.feed(event.payload):
                            self._take_event(answer, text)
                    else:
                        answer.body += event.payload
                elif answer and isinstance(event, End):
                    self._finish(answer, streams)
                    return answer

    def _take_event(self, answer: Answer, text: str) -> None:
        self._screen.hop(RELAY, CALLER, "event", text)
        message = json.loads(text)
        if "method" in message:
            answer.notifications.append(message)
        else:
            answer.body = text.encode()

    def _finish(self, answer: Answer, streams: bool) -> None:
        if streams:
            return
        head = answer.head
        session = head.headers.get("mcp-session-id", "")
        parts = [head.start[9:], head.headers.get("content-type"), session and f"mcp-session-id: {session[:12]}…"]
        what = ", ".join(part for part in parts if part)
        self._screen.hop(RELAY, CALLER, what, answer.body.decode("utf-8", "replace"))
