"""An MCP server with the official Python SDK that does what servers do, and tries what they may not.

Speaks on stdin and stdout. An attempt is answered with `ok` or the name of the error: EACCES.
"""

from __future__ import annotations

import contextlib
import errno
import os
import socket
import ssl
import subprocess
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from mcp.server.mcpserver import MCPServer

CONNECT_SECONDS = 5.0
RUN_SECONDS = 20.0
THREADS = 8
LOOPBACK = "127.0.0.1"

server = MCPServer("probe", version="1.0.0", log_level="WARNING")


@server.tool()
def work(port: int) -> dict[str, str]:
    """Does one thing of each kind that ordinary servers do."""
    done: list[int] = []
    threads = [threading.Thread(target=done.append, args=(number,)) for number in range(THREADS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with tempfile.NamedTemporaryFile("w+") as file:
        file.write("written")
        file.seek(0)
        temporary = file.read()
    said = subprocess.run(["/bin/echo", "said"], capture_output=True, text=True, timeout=RUN_SECONDS, check=True)
    authorities = ssl.create_default_context().cert_store_stats()["x509_ca"]
    return {
        "threads": str(len(done)),
        "temporary file": temporary,
        "subprocess": said.stdout.strip(),
        "connection": result_of(connect, str(port)),
        "name": result_of(resolve, "localhost"),
        "authorities": "some" if authorities else "none",
    }


@server.tool()
def attempt(what: list[list[str]]) -> list[str]:
    """Tries each of them: a kind of attempt and what it is about."""
    return [result_of(ATTEMPTS[kind], about) for kind, about in what]


@server.tool()
def environment() -> dict[str, str]:
    """The variables that the server was given."""
    return dict(os.environ)


def result_of(attempted: Callable[[str], object], about: str) -> str:
    try:
        attempted(about)
    except socket.gaierror as error:
        return f"gaierror {error.errno}"
    except OSError as error:
        return errno.errorcode.get(error.errno or 0, str(error))
    return "ok"


def read(path: str) -> None:
    with open(path, "rb") as file:
        file.read(1)


def write(path: str) -> None:
    with open(path, "wb") as file:
        file.write(b"w")


def replace(path: str) -> None:
    """Puts another file in this one's place."""
    own = Path.home() / ".cache"
    own.mkdir(exist_ok=True)
    with contextlib.suppress(FileNotFoundError), tempfile.NamedTemporaryFile(dir=own) as file:
        os.rename(file.name, path)


def signal(pid: str) -> None:
    """Only asks whether it could: signal 0 is not sent."""
    os.kill(int(pid), 0)


def connect(port: str) -> None:
    socket.create_connection((LOOPBACK, int(port)), CONNECT_SECONDS).close()


def datagram(port: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sender:
        sender.sendto(b"d", (LOOPBACK, int(port)))


def resolve(name: str) -> None:
    socket.getaddrinfo(name, 80, type=socket.SOCK_STREAM)


def run(program: str) -> None:
    subprocess.run([program], stdout=subprocess.DEVNULL, timeout=RUN_SECONDS, check=True)


ATTEMPTS: dict[str, Callable[[str], object]] = {
    "connect": connect,
    "datagram": datagram,
    "read": read,
    "replace": replace,
    "resolve": resolve,
    "run": run,
    "signal": signal,
    "write": write,
}


server.run("stdio")
