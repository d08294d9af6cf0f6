"""What can be wrong with a peer itself: nobody there, whom its certificate comes from, which one it asks for."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from cell import Cell, Fails
from faults import Fault
from locked_site import LockedSite
from proxy_faults import NO_VERSION, OF_PROXY, OTHER_NAME, REFUSES_CERTIFICATE, UNKNOWN_ISSUER, WANTS_CERTIFICATE
from settings import ADDITIVE, ALONE, CONTROL_PLANE, at_control_plane, showing, trusting

TLS, AUTH = "control_plane_tls", "control_plane_auth"
# nginx lets everybody in and answers 400.
GOT_NONE = "HTTP 400: the server asked for a client certificate, and got none"
GOT_WRONG = "HTTP 400: the server asked for a client certificate, and does not seem to accept the one that it got"


def of_any_peer(site: LockedSite) -> Iterator[Fault]:
    nobody = site.nowhere()
    refused = "connecting to localhost:…: connection refused"
    gone = Fault("direct, nobody listens there", "control_plane_connect", refused, "connection refused", url=nobody)
    yield replace(gone, said_of_server="connection_refused")
    # tinyproxy says 500 where others say 503.
    unreachable = {
        site.squid: "the proxy cannot reach this destination (status 503)",
        site.tinyproxy: "the proxy refused with status 500",
    }
    for door, answer in unreachable.items():
        way = f"HTTP proxy ({door.name}), nobody listens behind it"
        found, said = f"CONNECT through the proxy …: {answer}", answer
        yield replace(gone, way=way, check="control_plane_proxy", found=found, said=said, proxy=door.url())
    unknown = tls("direct, certificate of an unknown authority", UNKNOWN_ISSUER)
    unknown = replace(unknown, manner=site.of_unknown)
    yield unknown
    for door, kind in ((site.squid, "HTTP"), (site.squid_tls, "HTTPS")):
        way = f"{kind} proxy (squid), certificate of an unknown authority behind it"
        yield replace(unknown, way=way, proxy=door.url())
    yield replace(tls("direct, certificate for another name", OTHER_NAME), manner=site.misnamed)

    in_store = {"SSL_CERT_FILE": str(site.unknown.certificate)}
    not_used = "direct, authority in the store of the system only"
    yield replace(unknown, way=not_used, trust=ALONE, variables={"TUNNEL_CLIENT_TLS_TRUST": "bundle", **in_store})
    two = {"TUNNEL_CLIENT_TLS_TRUST": "webpki,bundle", **in_store}
    yield replace(unknown, way=not_used, trust="webpki and bundle", variables=two)

    yield asking(site, "none", GOT_NONE, "No required SSL certificate was sent")
    wrong = asking(site, "of another authority", GOT_WRONG, "The SSL certificate error")
    yield replace(wrong, identity=site.unknown_identity)
    older = replace(tls("direct, TLS 1.2 only and tls.min_version 1.3", NO_VERSION), manner=site.older)
    yield replace(older, variables={"TUNNEL_CLIENT_TLS_MIN_VERSION": "1.3"}, advised="tls.min_version")


def of_plain_peer(site: LockedSite) -> Iterator[Fault]:
    """The proxy answers itself, and must not be taken for the peer."""
    way = "HTTP proxy (squid), nobody listens behind it"
    nobody = site.nowhere().replace("https:", "http:")
    yield Fault(way, "", "HTTP 503", "HTTP status 503…proxy", site.squid.url(), url=nobody, advised=OF_PROXY)


def of_control_plane(site: LockedSite) -> Iterator[Fault]:
    """The authority of all peers is missing: what fails first is the control plane."""
    store = {"SSL_CERT_FILE": str(site.authority.certificate)}
    fault = tls("direct", UNKNOWN_ISSUER)
    yield replace(fault, trust="built-in, no bundle", variables={"CA_BUNDLE": ""})
    others = str(site.unknown.certificate)
    yield replace(fault, trust="built-in and another bundle", variables={"CA_BUNDLE": others})
    alone = {"TUNNEL_CLIENT_TLS_TRUST": "bundle", "CA_BUNDLE": others, **store}
    yield replace(fault, trust="another bundle only", variables=alone)
    yield replace(fault, trust="webpki", variables={"TUNNEL_CLIENT_TLS_TRUST": "webpki", "CA_BUNDLE": "", **store})
    empty = {"TUNNEL_CLIENT_TLS_TRUST": "system", "CA_BUNDLE": "", "SSL_CERT_FILE": others}
    yield replace(fault, trust="system", variables=empty)


def at_asking_relay(site: LockedSite) -> Iterator[Cell]:
    """The relay asks for client certificates itself, and ends the handshake."""
    url = site.start_asking_relay()
    usual = {**at_control_plane(url, site), **trusting(site.authority.certificate)}
    way = "direct, the relay asks for a client certificate"
    for certificate, variables, fault in (
        ("none", {}, WANTS_CERTIFICATE),
        ("of another authority", showing("CONTROL_PLANE", site.unknown_identity), REFUSES_CERTIFICATE),
    ):
        expected = Fails(TLS, fault, f"TLS: {fault}")
        yield Cell(CONTROL_PLANE, way, ADDITIVE, certificate, expected, {**usual, **variables})


def asking(site: LockedSite, certificate: str, found: str, page: str) -> Fault:
    """`page`: what nginx writes on its page, which is in the log of `run`. Pages of MCP servers are not."""
    way = "direct, nginx asks for a client certificate"
    fault = Fault(way, AUTH, found, page, manner=site.asking, certificate=certificate)
    return replace(fault, said_of_server="client certificate")


def tls(way: str, fault: str) -> Fault:
    return Fault(way, TLS, f"TLS with localhost:…: {fault}", f"TLS: {fault}")
