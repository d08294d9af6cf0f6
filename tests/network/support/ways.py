"""The ways to a peer: directly, or through which proxy, and by which setting."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from doors import Account, Door
from locked_site import LockedSite


@dataclass(frozen=True)
class Way:
    name: str
    variables: dict[str, str] = field(default_factory=dict)
    binding: dict[str, str] = field(default_factory=dict)
    """Parts of the entry of an MCP server."""
    door: Door | None = None
    unused: Door | None = None
    outside: bool = False
    """The peer has to be at an address that is not loopback: only there the environment's proxies count."""
    account: Account | None = None

    @property
    def secrets(self) -> tuple[str, ...]:
        return tuple(self.account.forms) if self.account else ()


DIRECT = Way("direct")


def by_variable(variable: str, door: Door) -> Way:
    """A proxy that a variable names, with its account when it wants one."""
    url = door.url(door.account)
    return Way(f"{described(door)} by {variable}", {variable: url}, door=door, account=door.account)


def by_file(variable: str, door: Door, site: LockedSite) -> Way:
    """The variable says where the URL is kept."""
    kept = f"file:{site.secret_file(door.url(door.account))}"
    return Way(f"{described(door)} by {variable}, file:", {variable: kept}, door=door, account=door.account)


def by_credential(variable: str, door: Door, site: LockedSite) -> Way:
    file = site.secret_file(door.url(door.account))
    variables = {variable: f"credential:{file.name}", "CREDENTIALS_DIRECTORY": str(file.parent)}
    return Way(f"{described(door)} by {variable}, credential:", variables, door=door, account=door.account)


def by_binding(door: Door) -> Way:
    """A proxy of one MCP server."""
    told = f"{described(door)} by http-proxy= of the server"
    return Way(told, binding={"http-proxy": door.url(door.account)}, door=door, account=door.account)


def by_environment(variable: str, door: Door) -> Way:
    way = by_variable(variable, door)
    return Way(way.name, way.variables, door=door, outside=True, account=door.account)


def around(variable: str, door: Door, hosts: str) -> Way:
    """The environment names a proxy, and the host as one that needs none."""
    variables = {variable: door.url(), "NO_PROXY": hosts}
    return Way(f"direct: {variable} and NO_PROXY", variables, unused=door, outside=True)


def described(door: Door) -> str:
    kind = "HTTPS" if door.scheme == "https" else "HTTP"
    credentials = ", credentials" if door.account else ""
    return f"{kind} proxy ({door.name}{credentials})"


def to_control_plane(site: LockedSite) -> Iterator[Way]:
    yield DIRECT
    yield by_variable("CONTROL_PLANE_HTTP_PROXY", site.tinyproxy)
    yield by_variable("CONTROL_PLANE_HTTP_PROXY", site.squid)
    yield by_variable("CONTROL_PLANE_HTTP_PROXY", site.squid_tls)
    yield by_variable("TUNNEL_CLIENT_HTTP_PROXY", site.squid)
    yield by_variable("CONTROL_PLANE_HTTP_PROXY", site.squid_users)
    yield by_variable("TUNNEL_CLIENT_HTTP_PROXY", site.tinyproxy_users)
    yield by_file("CONTROL_PLANE_HTTP_PROXY", site.squid_tls_users, site)
    yield by_file("TUNNEL_CLIENT_HTTP_PROXY", site.tinyproxy_users, site)
    yield by_environment("HTTPS_PROXY", site.squid)
    yield by_environment("HTTPS_PROXY", site.squid_tls_users)
    yield around("HTTPS_PROXY", site.squid, site.outside)


def to_server(site: LockedSite) -> Iterator[Way]:
    yield DIRECT
    yield by_variable("MCP_HTTP_PROXY", site.tinyproxy)
    yield by_variable("MCP_HTTP_PROXY", site.squid)
    yield by_binding(site.squid_tls)
    yield by_variable("TUNNEL_CLIENT_HTTP_PROXY", site.squid_tls)
    yield by_variable("MCP_HTTP_PROXY", site.squid_users)
    yield by_binding(site.tinyproxy_users)
    yield by_file("MCP_HTTP_PROXY", site.squid_tls_users, site)
    yield by_environment("HTTPS_PROXY", site.squid)
    yield around("HTTPS_PROXY", site.squid, f"other.invalid,{site.outside}/32")


def to_plain_server(site: LockedSite) -> Iterator[Way]:
    """Here a proxy is not asked for a tunnel: it reads and forwards each request."""
    yield DIRECT
    yield by_variable("MCP_HTTP_PROXY", site.tinyproxy)
    yield by_variable("MCP_HTTP_PROXY", site.squid)
    yield by_binding(site.squid_tls)
    yield by_variable("MCP_HTTP_PROXY", site.squid_users)
    yield by_binding(site.tinyproxy_users)
    yield by_file("MCP_HTTP_PROXY", site.squid_tls_users, site)
    yield by_environment("HTTP_PROXY", site.squid)
    yield around("HTTP_PROXY", site.squid, site.outside)
