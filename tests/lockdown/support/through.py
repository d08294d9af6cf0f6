"""A tunnel through the proxy, from a site that can neither resolve nor reach the control plane."""

from __future__ import annotations

from cases import Case, Lab
from network import PROXY4, PROXY6, PROXY_NAME, PROXY_PORT, SITE4, TOOLS_PORT

DOCTOR_SECONDS = 15.0
TOOLS = f"http://127.0.0.1:{TOOLS_PORT}/mcp"


def works(lab: Lab, settings: dict[str, str]) -> list[str]:
    """A call comes through, and all packets on the way were for the proxy."""
    lab.ends.start_tools("site", f"127.0.0.1:{TOOLS_PORT}")
    watch = lab.watch()
    client = lab.ends.start_client("client", {"MCP_SERVER_URL": TOOLS, **settings})
    client.wait_until_ready()
    lines = []
    for _ in range(2):
        answer = lab.ends.call(client)
        if not answer.ok:
            lines.append(f"the call was answered with: {answer.text}")
    client.child.stop()
    seen = watch.seen()
    if not seen.sent.packets.get("proxy") or not seen.arrived.packets.get("proxy"):
        lines.append("no packets to the proxy were counted")
    return lines + watch.strays()


def by_address(lab: Lab) -> list[str]:
    return works(lab, {"CONTROL_PLANE_HTTP_PROXY": f"http://{PROXY4}:{PROXY_PORT}"})


def by_name(lab: Lab) -> list[str]:
    """The name stands in the site's hosts file. Loopback never goes by the environment's proxy."""
    return works(lab, {"HTTPS_PROXY": f"http://{PROXY_NAME}:{PROXY_PORT}"})


def by_address_of_ipv6(lab: Lab) -> list[str]:
    locked = {"LOCKDOWN_REQUIRE_PROXY": "true", "LOCKDOWN_ALLOWED_NETWORKS": f"127.0.0.0/8,{SITE4}/32"}
    return works(lab, {"CONTROL_PLANE_HTTP_PROXY": f"http://[{PROXY6}]:{PROXY_PORT}", **locked})


def doctor(lab: Lab) -> list[str]:
    lab.ends.start_tools("site", f"127.0.0.1:{TOOLS_PORT}")
    watch = lab.watch()
    settings = {"MCP_SERVER_URL": TOOLS, "CONTROL_PLANE_HTTP_PROXY": f"http://{PROXY4}:{PROXY_PORT}"}
    ended = lab.ends.run_client("doctor", ["doctor"], settings, DOCTOR_SECONDS)
    lines = [f"it ended with code {ended.code}: {ended.output.strip()[-300:]}"] if ended.code else []
    if not watch.seen().arrived.packets.get("proxy"):
        lines.append("no packets to the proxy were counted")
    return lines + watch.strays()


CASES = (
    Case("through the proxy, given by address", by_address),
    Case("through the proxy, given by a name of the hosts file", by_name),
    Case("through the proxy, given by IPv6 address, locked down", by_address_of_ipv6),
    Case("`doctor` through the proxy", doctor),
)
