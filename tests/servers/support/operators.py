"""Who starts a client, and who client and servers then are."""

from __future__ import annotations

import os
from dataclasses import dataclass, field

NOBODY = 65534
# Numbers that no user of a system has.
CLIENT, SERVERS = 61001, 61002


@dataclass(frozen=True)
class Operator:
    name: str
    starts: int
    """The user that starts the client. All numbers are those of the group too."""
    client: int
    servers: int
    settings: dict[str, str] = field(default_factory=dict)
    """Below `process` in the configuration."""

    def command(self, *command: str) -> list[str]:
        """As the user that starts the client."""
        if self.starts == os.geteuid():
            return list(command)
        identity = [f"--reuid={self.starts}", f"--regid={self.starts}", "--clear-groups"]
        return ["setpriv", *identity, "--", *command]


def all_operators() -> list[Operator]:
    """Those that the user who runs this can play."""
    us = os.geteuid()
    if us != 0:
        return [Operator("this user", us, us, us)]
    settings = {"user": f"{CLIENT}:{CLIENT}", "server_user": f"{SERVERS}:{SERVERS}"}
    return [
        Operator("nobody", NOBODY, NOBODY, NOBODY),
        Operator("root", 0, 0, 0),
        Operator("users of their own", 0, CLIENT, SERVERS, settings),
    ]
