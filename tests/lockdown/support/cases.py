"""What a case is, and how each of them watches the packets."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from counting import Both, Counters
from ends import Ends
from network import STRANGER4

PROBE_PORT = 9


@dataclass
class Lab:
    """What a case works with."""

    ends: Ends
    counters: Counters

    def watch(self) -> Watch:
        return Watch(self)


class Watch:
    """What was counted since it began."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab
        self._start = lab.counters.read()

    def seen(self) -> Both:
        return self._lab.counters.read().since(self._start)

    def strays(self) -> list[str]:
        """A line for each end at which a packet was counted that was not for the proxy. Then the watch begins anew.

        None is worth something only while packets are counted. So one is sent on purpose, and has to be the only one.
        """
        now = self._lab.counters.read()
        lines = now.since(self._start).strays()
        self._lab.ends.attempt(f"udp:{STRANGER4}:{PROBE_PORT}")
        self._start = self._lab.counters.read()
        probe = self._start.since(now)
        for end, count in (("at the site", probe.sent), ("on the lan", probe.arrived)):
            if count.strays() != {"elsewhere": 1} or count.to(STRANGER4) != 1:
                lines.append(f"after one packet that was sent on purpose, counted {end}: {count}")
        return lines


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[[Lab], list[str]]
    """Gives a line for each thing that is not as it has to be."""
