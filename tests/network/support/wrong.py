"""Cells whose set-up is wrong on purpose: a check that lets one of them pass could not fail."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from cell import Cell, Fails, Passes
from choices import control_plane, through
from faults import cell
from locked_site import LockedSite
from peer_faults import of_any_peer
from proxy_faults import without_credentials
from settings import ADDITIVE, CONTROL_PLANE, SERVER, showing


@dataclass(frozen=True)
class Wrong:
    what: str
    cell: Cell
    noticed: str
    """Part of what has to be said of it."""


def wrong_cells(site: LockedSite) -> Iterator[Wrong]:
    for peer in (CONTROL_PLANE, SERVER):
        proxied = through(site, peer, "", site.squid, {}, ADDITIVE)
        variables = {name: text for name, text in proxied.environment.items() if not name.endswith("HTTP_PROXY")}
        skipped = replace(proxied, environment=variables)
        yield Wrong(f"{peer}: the proxy is not configured", skipped, "requests came from")
    other = through(site, CONTROL_PLANE, "", site.squid, {"CONTROL_PLANE_HTTP_PROXY": site.tinyproxy.url()}, ADDITIVE)
    yield Wrong("another proxy is configured", other, "the log of squid does not show the way")

    front = site.control_front(site.not_asking, outside=True)
    variables = {"CONTROL_PLANE_BASE_URL": front.origin, "HTTPS_PROXY": site.squid.url(), "NO_PROXY": "other.invalid"}
    around = control_plane(site, "", variables)
    around = replace(around, expected=Passes(front, unused=site.squid))
    yield Wrong("NO_PROXY names another host", around, "the log of squid shows the way")

    shown = control_plane(site, "", showing("CONTROL_PLANE", site.identity))
    assert isinstance(shown.expected, Passes)
    shown = replace(shown, expected=replace(shown.expected, shown=True))
    yield Wrong("the front asks for no client certificate", shown, "client certificates were verified as ['NONE']")

    alone = control_plane(site, "", {})
    assert isinstance(alone.expected, Passes)
    alone = replace(alone, expected=replace(alone.expected, bundle_alone=True))
    yield Wrong("more than the bundle is trusted", alone, "doctor says that it trusts")

    older = control_plane(site, "", {}, manner=site.older, protocol="TLSv1.3")
    yield Wrong("the front speaks TLS 1.2 only", older, "['TLSv1.2'] was spoken")

    fault = without_credentials(site.squid_users, "", 407)
    admitted = replace(fault, proxy=site.squid_users.url(site.account))
    yield Wrong("the proxy is given its credentials", cell(site, CONTROL_PLANE, admitted), "the client became ready")
    unreachable = cell(site, CONTROL_PLANE, replace(fault, proxy=site.down.url()))
    yield Wrong("the proxy is down instead", unreachable, "doctor does not say")
    misled = cell(site, SERVER, replace(next(of_any_peer(site)), said_of_server="no such text"))
    yield Wrong("run says something else", misled, "run does not say")

    refused = control_plane(site, "", {})
    refused = replace(refused, expected=Fails("config_validation", "", "", starts=False))
    yield Wrong("nothing is wrong with the settings", refused, "run ended with code None")

    leaking = replace(control_plane(site, "", {}), secrets=("control_plane_tls",))
    yield Wrong("doctor writes the secret", leaking, "doctor.json holds a password")
    leaking = replace(control_plane(site, "", {}), secrets=("127.0.0.1:",))
    yield Wrong("run logs the secret", leaking, "client.log holds a password")
