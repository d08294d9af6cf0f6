"""Cells that have to fail, made of a fault and the peer that it is in the way of."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from authority import Pair
from cell import Cell, Fails
from fronts import Manner
from locked_site import LockedSite
from settings import ADDITIVE, CONTROL_PLANE, PLAIN_SERVER, SERVER, at_control_plane, at_server, showing, trusting

PROXY_VARIABLES = {CONTROL_PLANE: "CONTROL_PLANE_HTTP_PROXY", SERVER: "MCP_HTTP_PROXY", PLAIN_SERVER: "MCP_HTTP_PROXY"}
SERVER_CHECK = "mcp_server_reachable"


@dataclass(frozen=True)
class Fault:
    way: str
    check: str
    """What doctor calls it on the way to the control plane."""
    found: str
    said: str
    """What `run` says, of whichever peer."""
    proxy: str | None = None
    manner: Manner | None = None
    """How the front receives; None: with a good certificate, and asking for none."""
    url: str | None = None
    """Where the peer is said to be, instead of at the front."""
    trust: str = ADDITIVE
    certificate: str = "none"
    """What the table says of our client certificate."""
    identity: Pair | None = None
    """The one that is shown to the peer."""
    variables: dict[str, str] = field(default_factory=dict)
    """They replace what is usual; an empty one takes it away."""
    advised: str = ""
    """Part of what doctor advises."""
    secrets: tuple[str, ...] = ()
    said_of_server: str = ""
    """What `run` says of an MCP server, where that differs."""


def at(site: LockedSite, peer: str, faults: Iterator[Fault]) -> Iterator[Cell]:
    for fault in faults:
        yield cell(site, peer, fault)


def cell(site: LockedSite, peer: str, fault: Fault) -> Cell:
    if peer == CONTROL_PLANE:
        front = site.control_front(fault.manner or site.not_asking)
        check, environment = fault.check, at_control_plane(fault.url or front.origin, site)
    else:
        front = site.server_front(fault.manner or (site.plain if peer == PLAIN_SERVER else site.not_asking))
        check, environment = SERVER_CHECK, at_server(fault.url or front.origin, site)
    environment |= trusting(site.authority.certificate)
    if fault.identity:
        environment |= showing("CONTROL_PLANE" if peer == CONTROL_PLANE else "MCP", fault.identity)
    if fault.proxy:
        environment[PROXY_VARIABLES[peer]] = fault.proxy
    environment |= fault.variables
    environment = {name: value for name, value in environment.items() if value}
    said = fault.said if peer == CONTROL_PLANE else fault.said_of_server or fault.said
    expected = Fails(check, fault.found, said, fault.advised, (front,))
    return Cell(peer, fault.way, fault.trust, fault.certificate, expected, environment, fault.secrets)
