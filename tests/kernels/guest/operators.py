"""Users that start a client in the machine, and the users of client and servers after that."""

from __future__ import annotations

from dataclasses import dataclass, field

# Users of the image.
SITE, CLIENT, SERVERS = 1000, 61001, 61002


@dataclass(frozen=True)
class Operator:
    name: str
    starts: int
    """The user that starts the client. Each number is the group id, too."""
    client: int
    servers: int
    settings: dict[str, str] = field(default_factory=dict)
    """Settings below `process` in the configuration."""
    is_proved: bool = True
    """`doctor --sandbox` runs too, which takes as long as all other cases together."""

    def command(self, *command: str) -> list[str]:
        """Runs as the user that starts the client."""
        identity = [f"--reuid={self.starts}", f"--regid={self.starts}", "--clear-groups"]
        return ["setpriv", *identity, "--", *command] if self.starts else list(command)


USER = {"user": "tunnel-client"}
OPERATORS = (
    Operator("user", SITE, SITE, SITE),
    Operator("root", 0, 0, 0),
    Operator("root, process.user", 0, CLIENT, CLIENT, USER, is_proved=False),
    Operator("root, two users", 0, CLIENT, SERVERS, {**USER, "server_user": "tunnel-servers"}, is_proved=False),
)
