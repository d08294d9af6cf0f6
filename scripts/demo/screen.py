"""What the demo prints: numbered steps, and under each the hops with their time since the step began."""

from __future__ import annotations

import os
import re
import shutil
import signal
import sys
import time
from typing import Optional

WIDEST = 160

CALLER, RELAY, CLIENT, SERVER = "caller", "relay", "tunnel-client", "MCP server"
_ORDER = (CALLER, RELAY, CLIENT, SERVER)
_COLOURS = {CALLER: "36", RELAY: "35", CLIENT: "32", SERVER: "33"}
_SECRET = re.compile(r"trk_[0-9A-Za-z_-]{8,}|Bearer +[^\s\"]+")


class Screen:
    def __init__(self) -> None:
        terminal = sys.stdout.isatty() and os.environ.get("TERM", "dumb") != "dumb"
        self._colour = terminal and not os.environ.get("NO_COLOR")
        self._width = min(shutil.get_terminal_size((WIDEST, 24)).columns, WIDEST)
        self._started = time.monotonic()
        self._steps = 0
        # While the machinery starts, the wires are busy with things that are not the session.
        self.shows_hops = False

    def title(self, text: str) -> None:
        self.show(f"\n{self._paint(text, '1')}")

    def note(self, text: str) -> None:
        self.show(f"  {text}")

    def step(self, text: str) -> None:
        """Begins a step: the times of the hops below count from here."""
        self._steps += 1
        self.show(f"\n{self._paint(f'{self._steps}. {text}', '1')}")
        self._started = time.monotonic()

    def hop(self, sender: str, receiver: str, what: str, payload: Optional[str] = None) -> None:
        """One message on one wire."""
        if not self.shows_hops:
            return
        elapsed = (time.monotonic() - self._started) * 1000
        # Every wire keeps its ends in place, so that the eye sees the call go down and come back up.
        inward = _ORDER.index(sender) < _ORDER.index(receiver)
        left, right, arrow = (sender, receiver, "──▶") if inward else (receiver, sender, "◀──")
        label = f"{left:>13} {arrow} {right:<13}"
        label = label.replace(left, self._paint(left, _COLOURS[left]), 1)
        head, _, tail = label.rpartition(right)
        label = head + self._paint(right, _COLOURS[right]) + tail
        self.show(f"  {elapsed:7.1f} ms {label} {self._fit(what, 46)}")
        if payload:
            self.show(f"{'':46}{self._paint(self._fit(payload, 46), '2')}")

    def relay_says(self, line: str) -> None:
        """A line of the relay's log about a caller."""
        self.show(f"  {self._paint('relay', _COLOURS[RELAY])} {self._fit(line, 8)}")

    def good(self, text: str) -> None:
        self.show(f"  {self._paint('✓', '32')} {text}")

    def bad(self, text: str) -> None:
        self.show(f"\n{self._paint('FAILED', '31')} {text}")

    def show(self, text: str) -> None:
        try:
            print(text, flush=True)
        except BrokenPipeError:
            # Nobody reads any more: end as with Ctrl-C. Python writes what is left in its buffer once more at its end.
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            signal.raise_signal(signal.SIGINT)

    def _fit(self, text: str, used: int) -> str:
        text = _SECRET.sub("[secret]", " ".join(text.split()))
        room = max(self._width - used, 30)
        return text if len(text) <= room else text[: room - 1] + "…"

    def _paint(self, text: str, code: str) -> str:
        return f"\x1b[{code}m{text}\x1b[0m" if self._colour else text
