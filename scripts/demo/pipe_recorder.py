"""Runs an MCP server on stdio and reports each line of the pipe: pipe_recorder.py SOCKET PROGRAM ARGUMENT..."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import threading
from typing import IO

SHOWN_LINE = 4096


def copy(source: IO[bytes], sink: IO[bytes], report: socket.socket, path: str, direction: bytes) -> None:
    with contextlib.suppress(OSError, ValueError):
        for line in iter(source.readline, b""):
            # The demo may be gone: the pipe goes on without it.
            with contextlib.suppress(OSError):
                report.sendto(direction + b" " + line.rstrip()[:SHOWN_LINE], path)
            sink.write(line)
            sink.flush()
    with contextlib.suppress(OSError):
        sink.close()


def main() -> int:
    path, command = sys.argv[1], sys.argv[2:]
    report = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    child = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert child.stdin and child.stdout
    # A daemon: it may sit in a read of our stdin for ever when the server ends by itself.
    threading.Thread(target=copy, args=(sys.stdin.buffer, child.stdin, report, path, b"in"), daemon=True).start()
    copy(child.stdout, sys.stdout.buffer, report, path, b"out")
    return child.wait()


if __name__ == "__main__":
    sys.exit(main())
