"""Counts the packets that leave the site, at both ends of the lan: where the site sends them and where they arrive.

The first sees what a program asks for, with its destination, even when no neighbour answers for it. The second sees
what really left, also what a raw socket sends past the first.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from network import PROXY4, PROXY6, PROXY_PORT, Namespace, Network

# What must stay at zero. Each is a counter; `membership` is not among them: with it the kernel tells its own multicast
# groups when an address is set, without any program asking.
STRAY = ("dns", "neighbours", "elsewhere")

DECLARATIONS = """
    counter proxy {}
    counter dns {}
    counter neighbours {}
    counter membership {}
    counter elsewhere {}
    set seen4 { type ipv4_addr . inet_proto . inet_service; flags dynamic; counter; size 4096; }
    set seen6 { type ipv6_addr . inet_proto . inet_service; flags dynamic; counter; size 4096; }
"""
# Each rule on a line of its own; what was counted as one thing is not counted as another.
RULES = f"""
        ip daddr {PROXY4} tcp dport {PROXY_PORT} counter name "proxy" accept
        ip6 daddr {PROXY6} tcp dport {PROXY_PORT} counter name "proxy" accept
        icmpv6 type {{ mld-listener-report, mld-listener-done, mld2-listener-report }} counter name "membership" accept
        icmpv6 type {{ nd-router-solicit, nd-neighbor-solicit, nd-neighbor-advert }} counter name "neighbours" accept
        meta l4proto {{ tcp, udp }} add @seen4 {{ ip daddr . meta l4proto . th dport }}
        meta l4proto {{ tcp, udp }} add @seen6 {{ ip6 daddr . meta l4proto . th dport }}
        meta l4proto {{ tcp, udp }} th dport 53 counter name "dns" accept
        counter name "elsewhere"
"""
SENT = f"""table inet watch {{{DECLARATIONS}
    chain output {{
        type filter hook output priority -400; policy accept;
        oifname "lo" accept
        %s
    }}
}}
"""
ARRIVED = f"""table netdev watch {{{DECLARATIONS}
    chain arrival {{
        type filter hook ingress device "lan" priority 0; policy accept;
        %s
    }}
}}
"""
ARP = 'ether type arp counter name "neighbours" accept'
GONE = """table netdev gone {
    chain arrival { type filter hook ingress device "lan" priority 10; policy drop; }
}
"""


@dataclass(frozen=True)
class Count:
    """Packets by class, and those that did not go to the proxy by destination."""

    packets: dict[str, int] = field(default_factory=dict)
    destinations: dict[str, int] = field(default_factory=dict)

    def since(self, earlier: Count) -> Count:
        return Count(growth(self.packets, earlier.packets), growth(self.destinations, earlier.destinations))

    def strays(self) -> dict[str, int]:
        return {name: self.packets[name] for name in STRAY if self.packets.get(name)}

    def to(self, address: str) -> int:
        """Packets of TCP and UDP to this address."""
        return sum(packets for key, packets in self.destinations.items() if key.split(" ")[0] == address)

    def __str__(self) -> str:
        destinations = ", ".join(f"{packets} to {key}" for key, packets in sorted(self.destinations.items()))
        return f"{self.strays()} ({destinations or 'neither TCP nor UDP'})"


@dataclass(frozen=True)
class Both:
    """What the site sent, and what arrived of it at the other end of the lan."""

    sent: Count
    arrived: Count

    def since(self, earlier: Both) -> Both:
        return Both(self.sent.since(earlier.sent), self.arrived.since(earlier.arrived))

    def strays(self) -> list[str]:
        """A line for each end at which a packet was seen that was not for the proxy."""
        ends = (("left the site", self.sent), ("were seen on the lan", self.arrived))
        return [f"packets {what} that were not for the proxy: {count}" for what, count in ends if count.strays()]


class Counters:
    def __init__(self, network: Network, counting: bool = True) -> None:
        self._network = network
        network.site.run("nft", "-f", "-", text=SENT % (RULES if counting else ""))
        network.proxy.run("nft", "-f", "-", text=ARRIVED % (ARP + RULES if counting else ""))

    def read(self) -> Both:
        return Both(read(self._network.site, "inet"), read(self._network.proxy, "netdev"))

    def lose_proxy_host(self) -> None:
        """From now on the proxy's host receives nothing from the site. What it would have received is counted still."""
        self._network.proxy.run("nft", "-f", "-", text=GONE)

    def return_proxy_host(self) -> None:
        self._network.proxy.run("nft", "delete", "table", "netdev", "gone")


def read(namespace: Namespace, family: str) -> Count:
    listed = json.loads(namespace.run("nft", "-j", "list", "table", family, "watch"))["nftables"]
    packets, destinations = {}, {}
    for item in listed:
        if "counter" in item:
            packets[item["counter"]["name"]] = int(item["counter"]["packets"])
        for element in item.get("set", {}).get("elem", []):
            destinations[name_of(element["elem"]["val"])] = int(element["elem"]["counter"]["packets"])
    return Count(packets, destinations)


def name_of(value: dict[str, Any]) -> str:
    address, protocol, port = value["concat"]
    return f"{address} {protocol} {port}"


def growth(now: dict[str, int], before: dict[str, int]) -> dict[str, int]:
    return {key: count - before.get(key, 0) for key, count in now.items() if count != before.get(key, 0)}
