"""Who starts a client in the machine, and who client and servers then are."""

from __future__ import annotations

from dataclasses import dataclass, field

# As the image has them.
SITE, CLIENT, SERVERS = 1000, 61001, 61002


@dataclass(frozen=True)
class Operator:
    name: str
    starts: int
    """The user that starts the client. All numbers are those of the group too."""
    client: int
    servers: int
    settings: dict[str, str] = field(default_factory=dict)
    """Below `process` in the configuration."""
    is_proved: bool = True
    """`doctor --sandbox` runs too, which takes as long as all other cases together."""

    def command(self, *command: str) -> list[str]:
        """As the user that starts the client."""
        identity = [f"--reuid={self.starts}", f"--regid={self.starts}", "--clear-groups"]
        return ["setpriv", *identity, "--", *command] if self.starts else list(command)


USER = {"user": "tunnel-client"}
OPERATORS = (
    Operator("user", SITE, SITE, SITE),
    Operator("root", 0, 0, 0),
    Operator("root, process.user", 0, CLIENT, CLIENT, USER, is_proved=False),
    Operator("root, two users", 0, CLIENT, SERVERS, {**USER, "server_user": "tunnel-servers"}, is_proved=False),
)
