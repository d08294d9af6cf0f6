"""An MCP server by name, whose name comes to mean an address outside of lockdown.allowed_networks."""

from __future__ import annotations

from cases import Case, Lab, Watch
from client import Client
from network import PROXY4, PROXY_PORT, SITE4, STRANGER4, STRANGER6, TOOLS_NAME, TOOLS_PORT

SETTING = "lockdown.allowed_networks"
TOOLS = {
    "MCP_SERVER_URL": f"http://{TOOLS_NAME}:{TOOLS_PORT}/mcp",
    "CONTROL_PLANE_HTTP_PROXY": f"http://{PROXY4}:{PROXY_PORT}",
}
LOCKED = {**TOOLS, "LOCKDOWN_REQUIRE_PROXY": "true", "LOCKDOWN_ALLOWED_NETWORKS": f"{SITE4}/32"}

# What the name is made to mean. Only the site's own address is allowed.
OUTSIDE: dict[str, tuple[str, ...]] = {
    "IPv4": (STRANGER4,),
    "IPv6": (STRANGER6,),
    "IPv4 inside IPv6": (f"::ffff:{STRANGER4}",),
    "both families": (STRANGER4, STRANGER6),
}
# Two that are not allowed around the one that is. A client may take that one.
MIXED = (STRANGER4, SITE4, STRANGER6)
# In this time a client that does not want to start has ended.
SETTLE_SECONDS = 2.0
LISTEN_THERE = f"[::]:{TOOLS_PORT}"
LISTEN_HERE = f"{SITE4}:{TOOLS_PORT}"


def unlocked_follows(lab: Lab) -> list[str]:
    """The control: without the setting the call does reach the other host, so there is something to be refused."""
    lab.ends.start_tools("proxy", LISTEN_THERE)
    lab.ends.network.site.rebind(TOOLS_NAME, STRANGER4)
    client = lab.ends.start_client("client-unlocked", TOOLS)
    client.wait_until_ready()
    watch = lab.watch()
    answer = lab.ends.call(client)
    lines = [] if answer.ok else [f"the call was answered with: {answer.text}"]
    seen = watch.seen()
    for end, count in (("at the site", seen.sent), ("on the lan", seen.arrived)):
        if not count.to(STRANGER4):
            lines.append(f"packets to the other host were not counted {end}: {count}")
    return lines


def locked_refuses(lab: Lab) -> list[str]:
    lab.ends.start_tools("proxy", LISTEN_THERE)
    tools = lab.ends.start_tools("site", LISTEN_HERE)
    lab.ends.network.site.rebind(TOOLS_NAME, SITE4)
    watch = lab.watch()
    client = lab.ends.start_client("client-locked", LOCKED)
    client.wait_until_ready()
    lines = comes_through(lab, client, "at first")
    for name, addresses in OUTSIDE.items():
        # A new server at the old address: the client has no connection to it that it could use again.
        tools.stop()
        lab.ends.network.site.rebind(TOOLS_NAME, *addresses)
        tools = lab.ends.start_tools("site", LISTEN_HERE)
        lines += [f"{name}: {line}" for line in is_refused(lab, client, watch)]
        lab.ends.network.site.rebind(TOOLS_NAME, SITE4)
        lines += comes_through(lab, client, f"after {name}")
    tools.stop()
    lab.ends.network.site.rebind(TOOLS_NAME, *MIXED)
    lab.ends.start_tools("site", LISTEN_HERE)
    for _ in range(3):
        lab.ends.call(client)
    return lines + [f"mixed addresses: {line}" for line in watch.strays()]


def nothing_is_allowed(lab: Lab) -> list[str]:
    """With lockdown.require_proxy alone, MCP servers are reached directly on loopback only."""
    lab.ends.start_tools("proxy", LISTEN_THERE)
    lab.ends.network.site.rebind(TOOLS_NAME, STRANGER4)
    watch = lab.watch()
    lines = []
    for host in (TOOLS_NAME, STRANGER4, f"[{STRANGER6}]", f"[::ffff:{STRANGER4}]"):
        settings = {name: value for name, value in LOCKED.items() if name != "LOCKDOWN_ALLOWED_NETWORKS"}
        client = lab.ends.start_client(
            "client-nothing", {**settings, "MCP_SERVER_URL": f"http://{host}:{TOOLS_PORT}/mcp"}
        )
        lines += [f"{host}: {line}" for line in refused_or_silent(lab, client) + watch.strays()]
    return lines


def refused_or_silent(lab: Lab, client: Client) -> list[str]:
    """It ends and says why, or it runs, and a call is answered with an error."""
    code = client.code_within(SETTLE_SECONDS)
    if code is None:
        ok = lab.ends.call(client).ok
        return ["the call reached the other host"] if ok else []
    output = client.child.log.read_text(encoding="utf-8", errors="replace")
    named = "lockdown." in output
    return [] if code != 0 and named else [f"it ended with code {code} and said: {output.strip()[:300]}"]


def comes_through(lab: Lab, client: Client, when: str) -> list[str]:
    answer = lab.ends.call(client)
    return [] if answer.ok else [f"{when}, the call was answered with: {answer.text}"]


def is_refused(lab: Lab, client: Client, watch: Watch) -> list[str]:
    size = client.log_size()
    answer = lab.ends.call(client)
    lines = []
    if answer.ok or not answer.text:
        lines.append("the caller got an answer of the other host")
    if not any(SETTING in str(line) for line in client.logged_since(size)):
        lines.append(f"{SETTING} is not named in the log; the caller was answered with: {answer.text}")
    return lines + watch.strays()


CASES = (
    Case("rebinding, control: without the setting the call goes there", unlocked_follows),
    Case("MCP servers elsewhere while no network is allowed", nothing_is_allowed),
    Case("rebinding: an address outside of the allowed networks is refused", locked_refuses),
)
