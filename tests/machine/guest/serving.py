"""The services, started by the service manager: sessions, domains, the way out."""

from __future__ import annotations

import re
import urllib.error
import urllib.request

from installing import RUNNING_TYPES, of_types
from lab import CLIENT, HEALTH, PROXY, PROXY_LOG, PROXY_PORT, RELAY, RELAY_PORT, RELAY_UNIT, Site
from service import COMMAND_SECONDS, Process, run, wait_until

DOMAINS = {
    "broker": "tunnel_client_broker_t",
    "janitor": "tunnel_client_t",
    "run": "tunnel_client_t",
}
SERVER = "tunnel_client_server_t"


def client_started(site: Site) -> list[str]:
    """`systemctl start` returns when the client said that it is ready."""
    run("systemctl", "start", CLIENT.name)
    return CLIENT.is_as("active/running") + ready()


def ready(seconds: float = COMMAND_SECONDS) -> list[str]:
    """The control plane was reached and the main server answers."""
    late = wait_until("/readyz answers 200", lambda: asked("/readyz")[0] == 200, seconds)
    return late and [*late, asked("/readyz?verbose")[1][:400]]


def asked(path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(HEALTH + path, timeout=COMMAND_SECONDS) as answer:
            return answer.status, answer.read().decode("utf-8", "replace")
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode("utf-8", "replace")
    except OSError as error:
        return 0, str(error)


def metric(name: str) -> float | None:
    for line in asked("/metrics")[1].splitlines():
        found, _, value = line.partition(" ")
        if found == name:
            return float(value)
    return None


def domain_wanted(process: Process) -> str:
    """By what it was started as: `tunnel-client ROLE`, or a server."""
    if process.arguments[0].endswith("tunnel-client"):
        return DOMAINS.get((process.arguments + [""])[1], "a role that the test knows")
    return SERVER


def domains(_: Site) -> list[str]:
    """Of each process of the running services."""
    found = CLIENT.processes()
    lines = [
        f"{' '.join(each.arguments)[:80]} is {each.domain} and not {domain_wanted(each)}"
        for each in found
        if each.domain != domain_wanted(each)
    ]
    seen = {each.domain for each in found}
    lines += [f"no process is {domain}" for domain in ({*DOMAINS.values(), SERVER} - seen)]
    relay = {each.domain for each in RELAY_UNIT.processes()}
    lines += [] if relay == {"tunnel_relay_t"} else [f"the relay is {', '.join(relay) or 'not there'}"]
    return lines + of_types(RUNNING_TYPES)


def way_out(site: Site) -> list[str]:
    """All connections of the client lead to the proxy, and the unit's list of addresses holds for its servers, too."""
    lines = [] if f"CONNECT relay.example:{RELAY_PORT}" in PROXY_LOG.read_text() else ["the proxy was not asked"]
    said = run("ss", "-Hntp", "state", "established").stdout.splitlines()
    pids = {each.pid for each in CLIENT.processes() if each.domain == "tunnel_client_t"}
    ends = {line.split()[3] for line in said if pids & {int(pid) for pid in re.findall(r"pid=(\d+)", line)}}
    lines += [] if f"{PROXY}:{PROXY_PORT}" in ends else [f"the client is connected to {', '.join(ends) or 'nothing'}"]
    lines += [f"the client is connected to {end}" for end in ends if RELAY in end]
    wanted = {
        ("connect", f"{PROXY}:{PROXY_PORT}"): ("ok",),
        ("connect", f"{RELAY}:{RELAY_PORT}"): ("EPERM", "TimeoutError"),
    }
    return lines + site.attempts("python", wanted)
