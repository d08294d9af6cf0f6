"""Settings of the client, put together for a cell."""

from __future__ import annotations

from pathlib import Path

from authority import Pair
from locked_site import LockedSite
from ways import DIRECT, Way

# The peers of the table.
CONTROL_PLANE = "control plane"
SERVER = "MCP server, https"
PLAIN_SERVER = "MCP server, http"
# Their trust.
ADDITIVE = "built-in and bundle"
ALONE = "bundle only"
# Where there is no TLS.
NOT_USED = "-"


def trusting(bundle: Path, alone: bool = False) -> dict[str, str]:
    """`alone`: nothing but the bundle is trusted."""
    only = {"TUNNEL_CLIENT_TLS_TRUST": "bundle"} if alone else {}
    return {"CA_BUNDLE": str(bundle), **only}


def showing(side: str, pair: Pair) -> dict[str, str]:
    """`side`: CONTROL_PLANE, MCP or PROXY."""
    return {f"{side}_CLIENT_CERT": str(pair.certificate), f"{side}_CLIENT_KEY": str(pair.key)}


def at_control_plane(url: str, site: LockedSite) -> dict[str, str]:
    """The MCP server is a child process, so that nothing but the control plane is on the network."""
    return {"CONTROL_PLANE_BASE_URL": url, **site.stdio_server}


def at_server(url: str, site: LockedSite, way: Way = DIRECT, binding: dict[str, str] | None = None) -> dict[str, str]:
    """`binding`: further parts of the server's entry, beside those of `way`."""
    parts = {**way.binding, **(binding or {})}
    entry = ",".join(["channel=main", f"url={url}/mcp", *(f"{key}={value}" for key, value in parts.items())])
    return {
        "CONTROL_PLANE_BASE_URL": site.usual_control_plane.origin,
        "MCP_SERVER_URL": entry if parts else f"{url}/mcp",
    }
