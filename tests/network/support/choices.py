"""Cells that pass because of one setting: each undoes what fails without it."""

from __future__ import annotations

from collections.abc import Iterator

from cell import Cell, Passes
from doors import Door
from fronts import Manner
from locked_site import LockedSite
from settings import (
    ADDITIVE,
    ALONE,
    CONTROL_PLANE,
    NOT_USED,
    PLAIN_SERVER,
    SERVER,
    at_control_plane,
    at_server,
    showing,
    trusting,
)
from ways import by_credential, described

NONE = "none"
CROWD = 300


def passing_by_choice(site: LockedSite) -> Iterator[Cell]:
    yield from of_proxies(site)
    yield from of_peers(site)
    yield from of_crowds(site)
    way = by_credential("TUNNEL_CLIENT_HTTP_PROXY", site.squid_users, site)
    yield control_plane(site, way.name, way.variables, door=way.door, secrets=way.secrets)
    loopback = "direct: HTTPS_PROXY and a loopback address"
    yield control_plane(site, loopback, {"HTTPS_PROXY": site.squid.url()}, unused=site.squid)


def of_proxies(site: LockedSite) -> Iterator[Cell]:
    of_proxies = {"PROXY_CA_BUNDLE": str(site.of_proxies.certificate)}
    for trust, alone in ((ADDITIVE, {}), (ALONE, {"TUNNEL_CLIENT_TLS_TRUST": "bundle"})):
        way = "HTTPS proxy (squid, certificate of an authority of its own) and PROXY_CA_BUNDLE"
        yield through(site, CONTROL_PLANE, way, site.squid_tls_own, {**of_proxies, **alone}, trust)
        yield through(site, SERVER, way, site.squid_tls_own, {**of_proxies, **alone}, trust)
    way = "HTTPS proxy (squid, asks for a client certificate) and PROXY_CLIENT_CERT"
    shown = showing("PROXY", site.proxy_identity)
    yield through(site, CONTROL_PLANE, way, site.squid_tls_asking, shown, ADDITIVE, "for the proxy")
    yield through(site, SERVER, way, site.squid_tls_asking, shown, ADDITIVE, "for the proxy")
    way = "HTTPS proxy (squid, TLS 1.2 only)"
    yield through(site, CONTROL_PLANE, way, site.squid_tls_older, {}, ADDITIVE)


def of_peers(site: LockedSite) -> Iterator[Cell]:
    yield control_plane(site, "direct, TLS 1.2 only", {}, manner=site.older, protocol="TLSv1.2")
    newer = {"TUNNEL_CLIENT_TLS_MIN_VERSION": "1.3"}
    yield control_plane(site, "direct, tls.min_version 1.3", newer, protocol="TLSv1.3")
    store = {"SSL_CERT_FILE": str(site.authority.certificate), "CA_BUNDLE": ""}
    yield control_plane(site, "direct", store, trust="built-in and store of the system, no bundle")
    system = {**store, "TUNNEL_CLIENT_TLS_TRUST": "system"}
    yield control_plane(site, "direct", system, trust="store of the system only")
    both = {"SSL_CERT_FILE": str(site.unknown.certificate), "TUNNEL_CLIENT_TLS_TRUST": "system,bundle"}
    front = site.server_front(site.of_unknown)
    environment = {**at_server(front.origin, site), **trusting(site.authority.certificate), **both}
    yield Cell(SERVER, "direct", "store of the system and bundle", NONE, Passes(front), environment)


def of_crowds(site: LockedSite) -> Iterator[Cell]:
    """Many calls at once need many connections, and show which of them are used again when they must not be."""
    for door in (site.squid, site.tinyproxy):
        front = site.server_front(site.plain)
        environment = {**at_server(front.origin, site), **trusting(site.authority.certificate)}
        environment["MCP_HTTP_PROXY"] = door.url()
        way = f"{described(door)}, {CROWD} calls"
        yield Cell(PLAIN_SERVER, way, NOT_USED, NOT_USED, Passes(front, door, calls=CROWD), environment)
    door = site.squid_tls_forgetful
    way = f"HTTPS proxy (squid, asks for a client certificate, resumes no session) and PROXY_CLIENT_CERT, {CROWD} calls"
    yield through(site, SERVER, way, door, showing("PROXY", site.proxy_identity), ADDITIVE, "for the proxy", CROWD)


def through(
    site: LockedSite,
    peer: str,
    way: str,
    door: Door,
    variables: dict[str, str],
    trust: str,
    certificate: str = NONE,
    calls: int = 1,
) -> Cell:
    """Certificates of proxies are none of the peer's: the front must see none."""
    if peer == CONTROL_PLANE:
        proxy = {"CONTROL_PLANE_HTTP_PROXY": door.url(), **variables}
        return control_plane(site, way, proxy, trust=trust, certificate=certificate, door=door)
    front = site.server_front(site.not_asking)
    environment = {
        **at_server(front.origin, site),
        **trusting(site.authority.certificate),
        "MCP_HTTP_PROXY": door.url(),
        **variables,
    }
    expected = Passes(front, door, bundle_alone=trust == ALONE, calls=calls)
    return Cell(SERVER, way, trust, certificate, expected, environment)


def control_plane(
    site: LockedSite,
    way: str,
    variables: dict[str, str],
    *,
    manner: Manner | None = None,
    trust: str = ADDITIVE,
    certificate: str = NONE,
    door: Door | None = None,
    unused: Door | None = None,
    protocol: str | None = None,
    secrets: tuple[str, ...] = (),
) -> Cell:
    front = site.control_front(manner or site.not_asking)
    environment = {**at_control_plane(front.origin, site), **trusting(site.authority.certificate), **variables}
    environment = {name: text for name, text in environment.items() if text}
    expected = Passes(front, door, unused, bundle_alone=trust == ALONE, protocol=protocol)
    return Cell(CONTROL_PLANE, way, trust, certificate, expected, environment, secrets)
