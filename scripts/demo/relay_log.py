"""What the relay's log says of callers, line by line as it grows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import List

LARGEST_READ = 256 * 1024
# Calls, refusals and their counts, handshakes that failed; not the hops of the demo's own start.
_OF_CALLERS = re.compile(
    r"(call answered|call abandoned|request refused|further requests refused|TLS handshake failed"
    r"|connection (refused|without a key closed)|credential)"
)
_TIME = re.compile(r"^\S+ (INFO|WARN) ")
# The id follows a request into other logs; here it would take the room of what happened.
_ID = re.compile(r" request_id=\S+")


class RelayLog:
    """Reads from the present end of the log on."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = path.stat().st_size
        self._rest = b""

    def lines(self) -> List[str]:
        """The new whole lines about callers, without their time and without ids of requests."""
        with self._path.open("rb") as log:
            log.seek(self._at)
            read = log.read(LARGEST_READ)
        self._at += len(read)
        whole, _, self._rest = (self._rest + read).rpartition(b"\n")
        lines = whole.decode("utf-8", "replace").splitlines()
        return [_ID.sub("", _TIME.sub("", line)) for line in lines if _OF_CALLERS.search(line)]
