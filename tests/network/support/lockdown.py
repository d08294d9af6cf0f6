"""Rules that the operator sets: what they let pass, and what they refuse, at start or before the first packet."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from cell import Cell, Fails, Passes
from faults import SERVER_CHECK
from locked_site import LockedSite
from settings import ADDITIVE, ALONE, CONTROL_PLANE, SERVER, at_control_plane, at_server, showing, trusting

NONE = "none"


def passing(site: LockedSite) -> Iterator[Cell]:
    """Every rule at once, and a site that keeps them all."""
    front = site.control_front(site.asking)
    door = site.squid_tls_users
    environment = {
        **at_control_plane(front.origin, site),
        **everything(site),
        "TUNNEL_CLIENT_HTTP_PROXY": f"file:{site.secret_file(door.url(door.account))}",
    }
    expected = Passes(front, door, shown=True, bundle_alone=True, protocol="TLSv1.3")
    way = "HTTPS proxy (squid, credentials), all rules of lockdown"
    yield Cell(CONTROL_PLANE, way, ALONE, "shown", expected, environment, tuple(site.account.forms))

    front = site.server_front(site.asking)
    environment = {
        **at_server(front.origin, site),
        **everything(site),
        **showing("MCP", site.identity),
        "TUNNEL_CLIENT_HTTP_PROXY": f"file:{site.secret_file(door.url(door.account))}",
        "LOCKDOWN_ALLOWED_HOSTS": "localhost",
    }
    expected = Passes(front, door, shown=True, bundle_alone=True, protocol="TLSv1.3")
    yield Cell(SERVER, way, ALONE, "shown", expected, environment, tuple(site.account.forms))

    for way, outside, rules in (
        ("direct on loopback, lockdown.require_proxy", False, {"LOCKDOWN_REQUIRE_PROXY": "true"}),
        ("direct, in lockdown.allowed_networks", False, {"LOCKDOWN_ALLOWED_NETWORKS": "10.255.0.0/16,127.0.0.0/8"}),
        ("direct, in lockdown.allowed_networks", True, {"LOCKDOWN_ALLOWED_NETWORKS": f"{site.outside}/32"}),
    ):
        front = site.server_front(site.not_asking, outside)
        environment = {
            **at_server(front.origin, site),
            **trusting(site.authority.certificate),
            "CONTROL_PLANE_HTTP_PROXY": site.squid.url(),
            **rules,
        }
        told = f"{way} (not loopback)" if outside else way
        yield Cell(SERVER, told, ADDITIVE, NONE, Passes(front), environment)


def everything(site: LockedSite) -> dict[str, str]:
    return {
        **trusting(site.authority.certificate, alone=True),
        **showing("CONTROL_PLANE", site.identity),
        "TUNNEL_CLIENT_TLS_MIN_VERSION": "1.3",
        "LOCKDOWN_REQUIRE_PROXY": "true",
        "LOCKDOWN_REQUIRE_BUNDLE_TRUST": "true",
        "LOCKDOWN_REQUIRE_CLIENT_CERT": "true",
    }


def failing(site: LockedSite) -> Iterator[Cell]:
    yield from of_control_plane(site)
    yield from of_server(site)


@dataclass(frozen=True)
class Refusal:
    """Settings that `run` does not start with."""

    way: str
    problem: str
    variables: dict[str, str]
    trust: str = ADDITIVE
    secrets: tuple[str, ...] = ()
    check: str = "config_validation"
    """What doctor calls it."""


def of_control_plane(site: LockedSite) -> Iterator[Cell]:
    url = site.squid_users.url(site.account)
    readable = f"file:{site.secret_file(url, 0o644)}"
    for refusal in (
        Refusal(
            "direct, lockdown.require_proxy",
            "no proxy leads to the control plane",
            {"LOCKDOWN_REQUIRE_PROXY": "true"},
        ),
        Refusal(
            "direct, lockdown.require_bundle_trust",
            "lockdown.require-bundle-trust is set, and other authorities are trusted",
            {"LOCKDOWN_REQUIRE_BUNDLE_TRUST": "true"},
        ),
        Refusal(
            "direct, lockdown.require_client_cert",
            "there is no client certificate for the control plane",
            {"LOCKDOWN_REQUIRE_CLIENT_CERT": "true"},
        ),
        Refusal(
            "direct",
            "ca-bundle is set, and tls.trust does not name bundle",
            {"TUNNEL_CLIENT_TLS_TRUST": "webpki"},
            "built-in, and a bundle that is not used",
            check="ca_bundle",
        ),
        Refusal(
            "direct",
            "tls.trust names bundle, and ca-bundle is not set",
            {"TUNNEL_CLIENT_TLS_TRUST": "bundle", "CA_BUNDLE": ""},
            "bundle only, and no bundle",
            check="ca_bundle",
        ),
        Refusal(
            "HTTP proxy (squid, credentials), file that others can read",
            "other users can read it",
            {"CONTROL_PLANE_HTTP_PROXY": readable},
            secrets=tuple(site.account.forms),
        ),
    ):
        front = site.control_front(site.not_asking)
        usual = {**at_control_plane(front.origin, site), **trusting(site.authority.certificate)}
        yield refused(CONTROL_PLANE, refusal, usual)


def of_server(site: LockedSite) -> Iterator[Cell]:
    control = {**trusting(site.authority.certificate), "CONTROL_PLANE_HTTP_PROXY": site.squid.url()}
    outside = {**at_server(site.server_front(site.not_asking, outside=True).origin, site), **control}
    front = site.server_front(site.not_asking)
    local = {**at_server(front.origin, site), **control}

    way = "direct (not loopback), lockdown.require_proxy"
    problem = "is not on this host and lockdown.require-proxy is set"
    yield refused(SERVER, Refusal(way, problem, {"LOCKDOWN_REQUIRE_PROXY": "true"}), outside)

    elsewhere = {"LOCKDOWN_ALLOWED_NETWORKS": "10.255.0.0/16"}
    way = "direct (not loopback), not in lockdown.allowed_networks"
    yield refused(SERVER, Refusal(way, "is not in a lockdown.allowed-network", elsewhere), outside)

    way = "HTTP proxy (squid), not in lockdown.allowed_hosts"
    problem = "localhost is behind a proxy, where its address is not known, and not a lockdown.allowed-host"
    proxied = {"MCP_HTTP_PROXY": site.squid.url(), "LOCKDOWN_ALLOWED_HOSTS": "other.invalid"}
    yield refused(SERVER, Refusal(way, problem, proxied), local)

    # What address a name has is found out only when it was resolved. It is refused before the first packet.
    said = "lockdown.allowed_networks"
    way = "direct, name with an address that is not in lockdown.allowed_networks"
    expected = Fails(SERVER_CHECK, said, said, said, (front,))
    yield Cell(SERVER, way, ADDITIVE, NONE, expected, {**local, **elsewhere})


def refused(peer: str, refusal: Refusal, usual: dict[str, str]) -> Cell:
    environment = {name: text for name, text in {**usual, **refusal.variables}.items() if text}
    expected = Fails(refusal.check, refusal.problem, refusal.problem, starts=False)
    return Cell(peer, refusal.way, refusal.trust, NONE, expected, environment, refusal.secrets)
