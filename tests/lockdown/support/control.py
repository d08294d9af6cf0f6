"""The positive control: everything that must not happen in the other cases is done here on purpose, and counted."""

from __future__ import annotations

from collections.abc import Callable

from cases import Case, Lab
from counting import Both
from network import (
    ABSENT4,
    ABSENT6,
    CLOUD4,
    CLOUD6,
    CONTROL_NAME,
    CONTROL_PORT,
    NAME_SERVER4,
    NAME_SERVER6,
    STRANGER4,
    STRANGER6,
)

# What is done, and which counts have to grow by it: (end, what is read from it).
EXPECTED: tuple[tuple[str, Callable[[Both], int], str], ...] = (
    (f"tcp:{CLOUD4}:{CONTROL_PORT}", lambda seen: seen.sent.to(CLOUD4), "a connection to the control plane, sent"),
    (f"tcp:{CLOUD4}:{CONTROL_PORT}", lambda seen: seen.arrived.to(CLOUD4), "the same, on the lan"),
    (f"tcp:[{CLOUD6}]:{CONTROL_PORT}", lambda seen: seen.sent.to(CLOUD6), "the same over IPv6, sent"),
    (f"tcp:[{CLOUD6}]:{CONTROL_PORT}", lambda seen: seen.arrived.to(CLOUD6), "the same over IPv6, on the lan"),
    (f"lookup:{CONTROL_NAME}", lambda seen: seen.sent.packets.get("dns", 0), "a look-up of its name, sent"),
    (f"lookup:{CONTROL_NAME}", lambda seen: seen.arrived.packets.get("dns", 0), "the same, on the lan"),
    (f"tcp:[{NAME_SERVER6}]:53", lambda seen: seen.arrived.packets.get("dns", 0), "DNS over TCP and IPv6"),
    (f"tcp:{NAME_SERVER4}:853", lambda seen: seen.arrived.packets.get("elsewhere", 0), "DNS over TLS"),
    (f"udp:{STRANGER4}:443", lambda seen: seen.sent.packets.get("elsewhere", 0), "UDP, sent"),
    (f"udp:[{STRANGER6}]:443", lambda seen: seen.arrived.packets.get("elsewhere", 0), "UDP over IPv6, on the lan"),
    (f"tcp:{ABSENT4}:80", lambda seen: seen.sent.to(ABSENT4), "a neighbour that is not there, sent"),
    (f"tcp:{ABSENT4}:80", lambda seen: seen.arrived.packets.get("neighbours", 0), "ARP for it, on the lan"),
    (f"tcp:[{ABSENT6}]:80", lambda seen: seen.arrived.packets.get("neighbours", 0), "neighbour solicitation for it"),
    (f"frame:{STRANGER4}", lambda seen: seen.arrived.to(STRANGER4), "a frame past the kernel, on the lan"),
)


def everything_is_counted(lab: Lab) -> list[str]:
    lines = []
    done: dict[str, Both] = {}
    for attempt, count, what in EXPECTED:
        if attempt not in done:
            watch = lab.watch()
            lab.ends.attempt(attempt)
            done[attempt] = watch.seen()
        if count(done[attempt]) < 1:
            lines.append(f"not counted: {what} ({attempt})")
        if not done[attempt].strays():
            lines.append(f"not taken for a stray packet: {what} ({attempt})")
    # Whoever is not there is asked for a few times more; that must not count in the next case.
    lab.ends.network.site.ip("neigh", "flush", "dev", "lan")
    return lines


CASES = (Case("control: what goes past the proxy is counted", everything_is_counted),)
