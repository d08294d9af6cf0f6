#!/usr/bin/env python3
"""A client that is in whatever state a test wants: the page of src/ops/web with the headers of docs/contract/status.md, and made-up answers.

    tests/browser/mock.py [--port PORT] [--state STATE] [--token TOKEN]

serves until it is interrupted, to look at the page with a browser of your own.
"""

from __future__ import annotations

import argparse
import json
import queue
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path[:0] = [str(HERE / "support")]

from states import STATES, line  # noqa: E402

WEB = HERE.parent.parent / "src/ops/web"
FILES = {"/": "index.html", "/ui": "index.html", "/ui/": "index.html", "/ui/style.css": "style.css", "/ui/app.js": "app.js"}
TYPES = {"html": "text/html; charset=utf-8", "css": "text/css; charset=utf-8", "js": "text/javascript; charset=utf-8"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Cache-Control": "no-store", "X-Content-Type-Options": "nosniff", "Referrer-Policy": "no-referrer", "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin", "X-Frame-Options": "DENY", "Content-Security-Policy": POLICY,
}  # fmt: skip
# Pauses of the page that only cost time here. Everything else of it is as it is served by a client.
QUICK = {"POLL_MS = 2000": "POLL_MS = 250", "SYSTEM_MS = 4000": "SYSTEM_MS = 1000", "ANSWER_MS = 5000": "ANSWER_MS = 2000"}
PING_SECONDS = 15.0
CALLS_A_LOOK = 7


class Mock(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, state: str = "well", token: str = "", port: int = 0, pauses: dict[str, str] = QUICK) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.answers = STATES[state]()
        self.token = token
        self.silent = False
        """Connections are taken and get no answer."""
        self.changes: dict[str, dict[str, str]] = {"app.js": dict(pauses)}
        """Texts of files of the page, and what is served instead."""
        self.began = time.monotonic()
        self.asked: list[str] = []
        self.resumed: list[str | None] = []
        self.streams: list[queue.Queue[bytes | None]] = []
        self._thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"

    def __enter__(self) -> Mock:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.end_streams()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A browser that goes away in the middle is none."""
        if not isinstance(error := sys.exc_info()[1], OSError):
            print(f"mock: {error!r}", file=sys.stderr)

    def file(self, name: str) -> str:
        text = (WEB / name).read_text(encoding="utf-8")
        for old, new in self.changes.get(name, {}).items():
            if old not in text:
                raise ValueError(f"{name} does not have {old!r}")
            text = text.replace(old, new, 1)
        return text

    def become(self, state: str) -> None:
        self.answers = STATES[state]()

    def stream(self, event: dict[str, Any], name: str = "log") -> None:
        number = f"id: {event['seq']}\n" if "seq" in event else ""
        for each in self.streams:
            each.put(f"event: {name}\n{number}data: {json.dumps(event)}\n\n".encode())

    def open_streams(self) -> int:
        """Streams whose reader is still there."""
        for each in self.streams:
            each.put(b": look\n\n")
        return len(self.streams)

    def end_streams(self) -> None:
        while self.streams:
            self.streams.pop().put(None)


class Handler(BaseHTTPRequestHandler):
    server: Mock
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        path = urlsplit(self.path).path
        self.server.asked.append(path)
        if name := FILES.get(path):
            return self.send(200, self.server.file(name).encode(), TYPES[name.rpartition(".")[2]])
        if not self.may():
            return None
        if path == "/api/logs/stream":
            return self.stream()
        answer = self.server.answers.get(path)
        if answer is None:
            return self.send_json(404, {"error": "not_found"})
        if path == "/api/status":
            answer = self.grown(answer)
        return self.send_json(200, answer)

    def do_PUT(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.asked.append(f"PUT {self.path} {body.decode()}")
        if not self.may():
            return
        level = self.server.answers["/api/log-level"]
        wanted = json.loads(body)["level"]
        if self.headers.get("Content-Type") != "application/json" or wanted not in level["supported_levels"]:
            return self.send_json(400, {"error": "invalid_level"})
        level["level"] = wanted
        self.send_json(200, level)

    def may(self) -> bool:
        if self.server.silent:
            # Until the asking side has given up.
            while self.server.silent:
                time.sleep(0.05)
            self.close_connection = True
            return False
        if self.server.token and self.headers.get("Authorization") != f"Bearer {self.server.token}":
            self.send_json(401, {"error": "unauthorized"})
            return False
        return True

    def grown(self, answer: dict[str, Any]) -> dict[str, Any]:
        """A client under load: its totals grow."""
        seconds = time.monotonic() - self.server.began
        answer["uptime_seconds"] = 20539.0 + seconds if isinstance(answer["uptime_seconds"], float) else answer["uptime_seconds"]
        if isinstance(counters := answer["counters"], dict):
            at = len(self.server.asked)
            wave = (at * 5) % 23
            counters["commands"] += CALLS_A_LOOK + wave
            counters["answered"] += CALLS_A_LOOK + wave
            counters["failed"] += at % 4 == 3
            counters["in_flight"] = wave % 6
        return answer

    def stream(self) -> None:
        self.server.resumed.append(self.headers.get("Last-Event-ID"))
        mine: queue.Queue[bytes | None] = queue.Queue(10_000)
        self.send_response(200)
        for name, value in {**HEADERS, "Content-Type": "text/event-stream", "Connection": "close"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.close_connection = True
        self.server.streams.append(mine)
        try:
            while True:
                try:
                    data = mine.get(timeout=PING_SECONDS)
                except queue.Empty:
                    data = b": ping\n\n"
                if data is None:
                    return
                self.wfile.write(data)
                self.wfile.flush()
        except OSError:
            return
        finally:
            if mine in self.server.streams:
                self.server.streams.remove(mine)

    def send_json(self, code: int, answer: dict[str, Any]) -> None:
        text = json.dumps(answer, separators=(",", ":")).replace("<", "\\u003c").replace(">", "\\u003e").replace("&", "\\u0026")
        self.send(code, f"{text}\n".encode(), "application/json; charset=utf-8")

    def send(self, code: int, body: bytes, kind: str) -> None:
        try:
            self.send_response(code)
            for name, value in {**HEADERS, "Content-Type": kind, "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            if code == 401:
                self.send_header("WWW-Authenticate", "Bearer")
            self.end_headers()
            self.wfile.write(body)
        except OSError:
            self.close_connection = True


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--state", choices=STATES, default="well")
    parser.add_argument("--token", default="")
    options = parser.parse_args()
    with Mock(options.state, options.token, options.port, {}) as mock:
        print(mock.url, flush=True)
        number = 100
        while True:
            number += 1
            mock.stream(line(number, request_id=f"req_{number:020x}"))
            time.sleep(1)


if __name__ == "__main__":
    main()
