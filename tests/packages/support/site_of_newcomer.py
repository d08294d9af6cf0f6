"""What a newcomer finds: a relay with a tunnel, an MCP server on the host, a proxy as the only way out, and a caller."""

from __future__ import annotations

import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path += [str(HERE.parents[1] / each) for each in ("lockdown/support", "peers/support")]

from call import Refused, Session  # noqa: E402
from processes import Processes, bare_environment  # noqa: E402
from tunnel import START_SECONDS, Relay  # noqa: E402

PROXY_PORT, SERVER_PORT = 3128, 3000
CALL_SECONDS, CALL_AGAIN_SECONDS = 60.0, 0.2


@dataclass(frozen=True)
class Site:
    relay: Relay
    tunnel: str
    client_key: str
    proxy_log: Path

    def session(self) -> str:
        """What a tool answers to a caller of the tunnel; waits until the tunnel is served."""
        url = f"{self.relay.url}/v1/mcp/{self.tunnel}"
        session = Session(url, str(self.relay.authority), self.relay.caller_key, CALL_SECONDS)
        deadline = time.monotonic() + CALL_SECONDS
        while True:
            try:
                session.open("caller")
                break
            except Refused as refused:
                # Until the client has polled, which it does after it said that it is ready.
                if not str(refused).startswith("HTTP 503") or time.monotonic() > deadline:
                    raise
            time.sleep(CALL_AGAIN_SECONDS)
        return session.call("echo", {"text": "through the package"})


def start(processes: Processes, relay: Path, folder: Path) -> Site:
    ends = Relay(processes, relay, relay, folder)
    stub = [str(relay), "mcp-stub", "--listen", f"127.0.0.1:{SERVER_PORT}"]
    server = processes.start("server", stub, bare_environment())
    proxy_log = folder / "proxy.log"
    proxy_log.touch()
    proxy = [sys.executable, str(HERE / "proxy.py"), str(PROXY_PORT), str(proxy_log)]
    processes.start("proxy", proxy, bare_environment())
    deadline = time.monotonic() + START_SECONDS
    for port in (SERVER_PORT, PROXY_PORT):
        await_port(port, deadline)
    server.check_running()
    return Site(ends, ends.create("newcomer"), ends.client_key, proxy_log)


def await_port(port: int, deadline: float) -> None:
    while True:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(CALL_AGAIN_SECONDS)
