"""The proxy goes away under clients that must use it, and comes back."""

from __future__ import annotations

import time
from dataclasses import dataclass

from cases import Case, Lab, Watch
from client import POLL_SECONDS, Client
from network import CLOUD4, CLOUD6, CONTROL_PORT, PROXY4, PROXY_NAME, PROXY_PORT, STRANGER4, TOOLS_PORT
from through import DOCTOR_SECONDS, TOOLS

# An attempt that is under way (11 s), the longest pause between polls after it (10 s), a poll (6 s), and a reserve.
RETURN_SECONDS = 32.0


@dataclass(frozen=True)
class Loss:
    """A way in which the proxy is out of reach."""

    when: str
    at_least: float
    at_most: float
    attempts: int
    """So many attempts each client makes meanwhile."""


REFUSED = Loss("while the proxy refuses", 8.0, 8.0, 4)
# The longest pause between polls (10 s), and an attempt to connect that times out (10 s).
GONE = Loss("while the proxy's host is gone", 13.0, 21.5, 1)

# What the poll is told of that was under way when the proxy ended.
BROKEN = "the connection ended before the answer"
PROXY = f"http://{PROXY4}:{PROXY_PORT}"
# What could talk a client into going another way: another proxy, and no proxy for anything.
TEMPTATION = {
    "HTTPS_PROXY": f"http://{STRANGER4}:{PROXY_PORT}",
    "https_proxy": f"http://{STRANGER4}:{PROXY_PORT}",
    "HTTP_PROXY": f"http://{STRANGER4}:{PROXY_PORT}",
    "ALL_PROXY": f"socks5://{STRANGER4}:1080",
    "NO_PROXY": "*",
    "no_proxy": "*",
}


def start_clients(lab: Lab) -> list[Client]:
    """One for each way to name the control plane. By address, a client would need no name server to go direct."""
    over_http = {"MCP_SERVER_URL": TOOLS, "LOCKDOWN_REQUIRE_PROXY": "true", **TEMPTATION}
    over_stdio = {**over_http, "MCP_SERVER_URL": "", "MCP_COMMAND": f"{lab.ends.relay} mcp-stub --stdio"}
    start = lab.ends.start_client
    return [
        start("client-name", {**over_http, "CONTROL_PLANE_HTTP_PROXY": f"http://{PROXY_NAME}:{PROXY_PORT}"}),
        start(
            "client-ipv4",
            {**over_http, "CONTROL_PLANE_HTTP_PROXY": PROXY, "CONTROL_PLANE_BASE_URL": f"https://{CLOUD4}:{CONTROL_PORT}"},
        ),
        # The proxy for everything. An MCP server on a pipe needs none.
        start(
            "client-ipv6",
            {**over_stdio, "TUNNEL_CLIENT_HTTP_PROXY": PROXY, "CONTROL_PLANE_BASE_URL": f"https://[{CLOUD6}]:{CONTROL_PORT}"},
        ),
    ]  # fmt: skip


def lost_and_found(lab: Lab) -> list[str]:
    lab.ends.start_tools("site", f"127.0.0.1:{TOOLS_PORT}")
    watch = lab.watch()
    clients = start_clients(lab)
    lines = calls_work(lab, clients, "at first")

    lab.ends.lose_proxy()
    lines += without_proxy(lab, clients, watch, REFUSED)
    if lines:
        return lines
    lab.counters.lose_proxy_host()
    try:
        lines += without_proxy(lab, clients, watch, GONE)
    finally:
        lab.counters.return_proxy_host()
    lab.ends.return_proxy()
    lines += calls_work(lab, clients, "when the proxy is back")
    return lines + watch.strays()


def calls_work(lab: Lab, clients: list[Client], when: str) -> list[str]:
    lines = []
    for client in clients:
        client.wait_until_ready(RETURN_SECONDS)
        answer = lab.ends.call(client)
        if not answer.ok:
            lines.append(f"{when}, a call through {client.child.name} was answered with: {answer.text}")
    return lines


def without_proxy(lab: Lab, clients: list[Client], watch: Watch, loss: Loss) -> list[str]:
    """Looks at what the clients do meanwhile."""
    sizes = [client.log_size() for client in clients]
    start = lab.counters.read()
    begun = time.monotonic()
    failures = list[list[str]]()
    while (elapsed := time.monotonic() - begun) < loss.at_most:
        time.sleep(POLL_SECONDS)
        failures = [causes(client, size) for client, size in zip(clients, sizes, strict=True)]
        if elapsed >= loss.at_least and all(len(each) >= loss.attempts for each in failures):
            break
    lines = []
    for client, found in zip(clients, failures, strict=True):
        client.child.check_running()
        name = client.child.name
        if client.is_ready()[0]:
            lines.append(f"{name} says that it is ready")
        if len(found) < loss.attempts:
            lines.append(f"{name} tried {len(found)} times in {loss.at_most} s")
        lines += [f"{name} names another cause: {cause}" for cause in sorted(set(found)) if "proxy" not in cause]
    if not lab.counters.read().since(start).arrived.packets.get("proxy"):
        lines.append("no packets to the proxy were counted")
    return [f"{loss.when}, {line}" for line in lines + watch.strays()]


def causes(client: Client, size: int) -> list[str]:
    """Why polls failed, in the log beyond that size. Lines also hold the proxy's URL, which tells of no cause."""
    found = [str(line["error"]) for line in client.logged_since(size) if "error" in line and "retry_in_ms" in line]
    return found[1:] if found[:1] == [BROKEN] else found


def doctor_goes_nowhere_else(lab: Lab) -> list[str]:
    lab.ends.lose_proxy()
    watch = lab.watch()
    settings = {"MCP_SERVER_URL": TOOLS, "CONTROL_PLANE_HTTP_PROXY": PROXY, "LOCKDOWN_REQUIRE_PROXY": "true"}
    ended = lab.ends.run_client("doctor-refused", ["doctor"], {**settings, **TEMPTATION}, DOCTOR_SECONDS)
    lines = [] if ended.code else ["the exit code is 0"]
    if not any("FAIL" in line and "proxy" in line for line in ended.output.splitlines()):
        lines.append(f"no check that failed names the proxy: {ended.output.strip()[-300:]}")
    if not watch.seen().arrived.packets.get("proxy"):
        lines.append("no packets to the proxy were counted")
    return lines + watch.strays()


CASES = (
    Case("the proxy is lost, `doctor` goes nowhere else", doctor_goes_nowhere_else),
    Case("the proxy is lost and comes back", lost_and_found),
)
