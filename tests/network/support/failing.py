"""The cells that have to fail, each for its reason."""

from __future__ import annotations

from collections.abc import Iterator

import lockdown
import peer_faults
import proxy_faults
from cell import Cell
from faults import at
from locked_site import LockedSite
from settings import CONTROL_PLANE, PLAIN_SERVER, SERVER


def failing_cells(site: LockedSite) -> Iterator[Cell]:
    yield from at(site, CONTROL_PLANE, peer_faults.of_control_plane(site))
    for peer in (CONTROL_PLANE, SERVER):
        yield from at(site, peer, peer_faults.of_any_peer(site))
    yield from peer_faults.at_asking_relay(site)
    for peer in (CONTROL_PLANE, SERVER):
        yield from at(site, peer, proxy_faults.of_any_proxy(site))
    yield from at(site, PLAIN_SERVER, proxy_faults.of_forwarding_proxy(site))
    yield from at(site, PLAIN_SERVER, peer_faults.of_plain_peer(site))
    yield from lockdown.failing(site)
