"""What can be wrong with a proxy. Each is told from what is wrong with the peer behind it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from doors import Account, Door
from faults import Fault
from locked_site import LockedSite
from settings import showing
from ways import described

CONNECT, PROXY = "control_plane_connect", "control_plane_proxy"
CREDENTIALS = "the proxy wants credentials that it accepts (status {})"
FORBIDDEN = "the proxy does not allow this destination (status 403)"
UNKNOWN_ISSUER = "the certificate comes from an issuer that is not trusted"
OTHER_NAME = "the certificate is for another name"
WANTS_CERTIFICATE = "the peer wants a client certificate"
REFUSES_CERTIFICATE = "the peer refused our client certificate"
NOT_TLS = "the peer does not speak TLS"
NO_VERSION = "no TLS version or cipher suite that both ends take"
# What doctor advises when the proxy may have answered in the place of the peer.
OF_PROXY = "the answer can be that of the proxy"
OF_UNKNOWN = "HTTPS proxy (squid, certificate of an unknown authority)"


def of_any_proxy(site: LockedSite) -> Iterator[Fault]:
    """As they show when a tunnel is asked for."""
    yield down(site)
    tunnel = "CONNECT through the proxy …: "
    for door, status in ((site.squid_users, 407), (site.squid_tls_users, 407), (site.tinyproxy_users, 407)):
        yield without_credentials(door, tunnel, status)
    # tinyproxy calls wrong ones 401.
    for door, status in ((site.squid_users, 407), (site.tinyproxy_users, 401)):
        yield with_wrong_credentials(door, tunnel, status)
    for door in (site.squid_forbids, site.squid_tls_forbids, site.tinyproxy_forbids):
        yield forbidding(door)
    yield from of_tls_proxy(site)


def of_forwarding_proxy(site: LockedSite) -> Iterator[Fault]:
    """As they show when the proxy reads the request itself, because it is not encrypted."""
    yield down(site)
    yield without_credentials(site.squid_users, "", 407)
    yield with_wrong_credentials(site.squid_users, "", 407)
    yield without_credentials(site.tinyproxy_users, "", 407)
    for door in (site.squid_forbids, site.tinyproxy_forbids):
        # The proxy answers itself, and must not be taken for the peer.
        yield replace(forbidding(door), found="HTTP 403", said="HTTP status 403…proxy", advised=OF_PROXY)
    yield tls(OF_UNKNOWN, site.squid_tls_unknown, UNKNOWN_ISSUER)
    # There is no tunnel to ask for: it comes with the answer.
    asking = asking_for_certificate(site, WANTS_CERTIFICATE)
    yield replace(asking, found=f"TLS with the proxy: {WANTS_CERTIFICATE}")


def of_tls_proxy(site: LockedSite) -> Iterator[Fault]:
    yield tls(OF_UNKNOWN, site.squid_tls_unknown, UNKNOWN_ISSUER)
    yield tls("HTTPS proxy (squid, certificate for another name)", site.squid_tls_misnamed, OTHER_NAME)
    own = tls("HTTPS proxy (squid, certificate of an authority of its own)", site.squid_tls_own, UNKNOWN_ISSUER)
    yield replace(own, advised="ca_bundle")
    bundle = {"PROXY_CA_BUNDLE": str(site.of_proxies.certificate)}
    other = tls("HTTPS proxy (squid) and another authority in PROXY_CA_BUNDLE", site.squid_tls, UNKNOWN_ISSUER)
    yield replace(other, variables=bundle, advised="proxy.ca_bundle")

    asking = asking_for_certificate(site, WANTS_CERTIFICATE)
    yield asking
    wrong = asking_for_certificate(site, REFUSES_CERTIFICATE)
    shown = "of another authority, for the proxy"
    yield replace(wrong, certificate=shown, variables=showing("PROXY", site.unknown_identity))
    # Whatever the proxy asks for, what is meant for the peer is not shown to it.
    yield replace(asking, certificate="for the peer only", identity=site.proxy_identity)

    older = tls("HTTPS proxy (squid, TLS 1.2 only) and tls.min_version 1.3", site.squid_tls_older, NO_VERSION)
    yield replace(older, variables={"TUNNEL_CLIENT_TLS_MIN_VERSION": "1.3"}, advised="tls.min_version")
    plain = site.squid.url().replace("http:", "https:")
    yield replace(tls("HTTPS proxy (squid, on a port without TLS)", site.squid, NOT_TLS), proxy=plain)
    closed = "CONNECT through the proxy …: the proxy closed the connection without an answer"
    said = "the proxy gave no answer that opens the way"
    encrypted = site.squid_tls.url().replace("https:", "http:")
    yield Fault("HTTP proxy (squid, on a port with TLS)", PROXY, closed, said, encrypted)


def down(site: LockedSite) -> Fault:
    return Fault(
        "HTTP proxy (nobody listens there)",
        CONNECT,
        "connecting to the proxy …: connection refused",
        "the proxy refused the connection",
        site.down.url(),
    )


def without_credentials(door: Door, before: str, status: int) -> Fault:
    said = CREDENTIALS.format(status)
    return Fault(f"{described(door)}, given none", PROXY, before + said, said, door.url())


def with_wrong_credentials(door: Door, before: str, status: int) -> Fault:
    wrong = Account.new()
    said = CREDENTIALS.format(status)
    way = f"{described(door)}, given wrong ones"
    return Fault(way, PROXY, before + said, said, door.url(wrong), secrets=tuple(wrong.forms))


def forbidding(door: Door) -> Fault:
    kind = "HTTPS" if door.scheme == "https" else "HTTP"
    way = f"{kind} proxy ({door.name}, forbids the destination)"
    return Fault(way, PROXY, f"CONNECT through the proxy …: {FORBIDDEN}", FORBIDDEN, door.url())


def asking_for_certificate(site: LockedSite, fault: str) -> Fault:
    """With TLS 1.3 the answer to a client certificate comes after the handshake, while the tunnel is asked for."""
    way = "HTTPS proxy (squid, asks for a client certificate)"
    asking = tls(way, site.squid_tls_asking, fault)
    return replace(asking, found=f"the proxy …: {fault}", advised="proxy.client_cert")


def tls(way: str, door: Door, fault: str) -> Fault:
    return Fault(way, PROXY, f"TLS with the proxy …: {fault}", f"TLS with the proxy: {fault}", door.url())
