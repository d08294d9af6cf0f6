"""Reads HTTP/1.1 messages out of a byte stream as it passes by, without touching it."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Dict, List, Optional, Union

HEAD_BYTES = 64 * 1024
LINE_BYTES = 1024


@dataclass
class Head:
    """The start line and the headers, names in lower case."""

    start: str
    headers: Dict[str, str] = field(default_factory=dict)

    @property
    def status(self) -> int:
        return int(self.start.split(" ", 2)[1])

    @property
    def is_response(self) -> bool:
        return self.start.startswith("HTTP/")


@dataclass
class Data:
    """The next bytes of the body."""

    payload: bytes


class End:
    """The message is complete."""


Event = Union[Head, Data, End]


class NotHttp(Exception):
    """The bytes are no HTTP/1.1."""


class MessageReader:
    """One direction of one connection: give it bytes, it gives back what they complete."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        # Bytes of the body, or of the chunk, still to come; None: until the connection ends.
        self._remaining: Optional[int] = 0
        self._state = "head"

    def feed(self, data: bytes) -> List[Event]:
        self._buffer += data
        events: List[Event] = []
        while self._step(events):
            pass
        return events

    def _step(self, events: List[Event]) -> bool:
        """Takes one thing off the buffer; False when that needs more bytes."""
        if self._state == "head":
            return self._read_head(events)
        if self._state == "body":
            return self._read_body(events)
        return self._read_chunk_line(events)

    def _read_head(self, events: List[Event]) -> bool:
        end = self._buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(self._buffer) > HEAD_BYTES:
                raise NotHttp("a head without an end")
            return False
        lines = bytes(self._buffer[:end]).decode("latin-1").split("\r\n")
        del self._buffer[: end + 4]
        head = Head(lines[0])
        for line in lines[1:]:
            name, _, value = line.partition(":")
            head.headers[name.strip().lower()] = value.strip()
        events.append(head)
        self._choose_body(head, events)
        return True

    def _choose_body(self, head: Head, events: List[Event]) -> None:
        empty = head.is_response and (head.status < 200 or head.status in (204, 304))
        if "chunked" in head.headers.get("transfer-encoding", "").lower() and not empty:
            self._state = "chunk size"
        elif "content-length" in head.headers and not empty:
            self._remaining, self._state = int(head.headers["content-length"]), "body"
        elif head.is_response and not empty:
            self._remaining, self._state = None, "body"
        else:
            events.append(End())

    def _read_body(self, events: List[Event]) -> bool:
        if self._remaining == 0:
            self._state = "head"
            events.append(End())
            return True
        return self._read_data(events)

    def _read_data(self, events: List[Event]) -> bool:
        count = len(self._buffer) if self._remaining is None else min(self._remaining, len(self._buffer))
        if count == 0:
            return False
        events.append(Data(bytes(self._buffer[:count])))
        del self._buffer[:count]
        if self._remaining is not None:
            self._remaining -= count
        return True

    def _read_chunk_line(self, events: List[Event]) -> bool:
        if self._state == "chunk data":
            if self._remaining:
                return self._read_data(events)
            self._state = "chunk end"
        end = self._buffer.find(b"\r\n")
        if end < 0:
            if len(self._buffer) > LINE_BYTES:
                raise NotHttp("a chunk line without an end")
            return False
        line = bytes(self._buffer[:end])
        del self._buffer[: end + 2]
        if self._state == "chunk end":
            self._state = "chunk size"
        elif self._state == "chunk size":
            self._remaining = int(line.split(b";")[0], 16)
            self._state = "chunk data" if self._remaining else "trailers"
        elif not line:
            self._state = "head"
            events.append(End())
        return True


class EventStream:
    """Splits a text/event-stream into the `data` of its events."""

    def __init__(self) -> None:
        self._rest = b""

    def feed(self, data: bytes) -> List[str]:
        blocks = (self._rest + data).replace(b"\r\n", b"\n").split(b"\n\n")
        self._rest = blocks.pop()
        found = []
        for block in blocks:
            lines = [line[5:].strip() for line in block.split(b"\n") if line.startswith(b"data:")]
            if any(lines):
                found.append(b"\n".join(lines).decode("utf-8", "replace"))
        return found
