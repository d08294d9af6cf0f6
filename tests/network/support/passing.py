"""The cells that have to pass: way x trust x client certificate, for the control plane and for MCP servers."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import lockdown
import settings
from cell import Cell, Passes
from choices import passing_by_choice
from locked_site import LockedSite
from settings import ADDITIVE, ALONE, CONTROL_PLANE, NOT_USED, PLAIN_SERVER, SERVER, showing, trusting
from ways import Way, to_control_plane, to_plain_server, to_server

# Name in the table, whether nothing but the bundle is trusted.
TRUST = {ADDITIVE: False, ALONE: True}
# Name in the table, whether the front asks for one.
CERTIFICATE = {"none": False, "shown": True}


def passing_cells(site: LockedSite) -> Iterator[Cell]:
    for way, trust, certificate in itertools.product(to_control_plane(site), TRUST, CERTIFICATE):
        yield control_plane_cell(site, way, trust, certificate)
    for way, trust, certificate in itertools.product(to_server(site), TRUST, CERTIFICATE):
        yield server_cell(site, way, trust, certificate)
    for way in to_plain_server(site):
        yield plain_server_cell(site, way)
    yield from passing_by_choice(site)
    yield from lockdown.passing(site)


def control_plane_cell(site: LockedSite, way: Way, trust: str, certificate: str) -> Cell:
    alone, shown = TRUST[trust], CERTIFICATE[certificate]
    front = site.control_front(site.asking if shown else site.not_asking, way.outside)
    environment = {
        **settings.at_control_plane(front.origin, site),
        **trusting(site.authority.certificate, alone),
        **(showing("CONTROL_PLANE", site.identity) if shown else {}),
        **way.variables,
    }
    expected = Passes(front, way.door, way.unused, shown, alone)
    return Cell(CONTROL_PLANE, way.name, trust, certificate, expected, environment, way.secrets)


def server_cell(site: LockedSite, way: Way, trust: str, certificate: str) -> Cell:
    """Where the server's entry names the proxy, it names the client certificate as well."""
    alone, shown = TRUST[trust], CERTIFICATE[certificate]
    front = site.server_front(site.asking if shown else site.not_asking, way.outside)
    variables, binding = {}, {}
    if shown and way.binding:
        binding = {"client-cert": str(site.identity.certificate), "client-key": str(site.identity.key)}
    elif shown:
        variables = showing("MCP", site.identity)
    environment = {
        **settings.at_server(front.origin, site, way, binding),
        **trusting(site.authority.certificate, alone),
        **variables,
        **way.variables,
    }
    expected = Passes(front, way.door, way.unused, shown, alone)
    return Cell(SERVER, way.name, trust, certificate, expected, environment, way.secrets)


def plain_server_cell(site: LockedSite, way: Way) -> Cell:
    front = site.server_front(site.plain, way.outside)
    environment = {
        **settings.at_server(front.origin, site, way),
        **trusting(site.authority.certificate),
        **way.variables,
    }
    expected = Passes(front, way.door, way.unused)
    return Cell(PLAIN_SERVER, way.name, NOT_USED, NOT_USED, expected, environment, way.secrets)
