"""The images: what is in them, and how they run."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from archive import Entry

USER = 65532
"""Where images without a distribution have their user. It owns nothing but the relay's state."""


@dataclass(frozen=True)
class Build:
    version: str
    revision: str
    """Empty: not known."""
    epoch: int


@dataclass(frozen=True)
class Image:
    name: str
    description: str
    mode: int
    """Of the program."""
    arguments: tuple[str, ...]
    ports: tuple[str, ...]
    folders: tuple[Entry, ...]

    def tree(self, program: bytes, root: Path) -> list[Entry]:
        """Files and directories, parents first. `root` is the folder of the sources."""
        users = f"root:x:0:0:root:/:/nonexistent\n{self.name}:x:{USER}:{USER}::/:/nonexistent\n"
        groups = f"root:x:0:\n{self.name}:x:{USER}:\n"
        entries = [
            Entry("etc", 0o755),
            # Names for the numbers: process.user, and who is in the group of a mounted secret.
            Entry("etc/passwd", 0o644, users.encode()),
            Entry("etc/group", 0o644, groups.encode()),
            Entry("usr", 0o755),
            Entry("usr/bin", 0o755),
            Entry(f"usr/bin/{self.name}", self.mode, program),
            Entry("usr/share", 0o755),
            Entry("usr/share/doc", 0o755),
            Entry(f"usr/share/doc/{self.name}", 0o755),
            *self.folders,
        ]
        for name in ("LICENSE", "NOTICE"):
            file = root / name
            if file.exists():
                entries.append(Entry(f"usr/share/doc/{self.name}/{name}", 0o644, file.read_bytes()))
        return entries

    def configuration(self, build: Build) -> dict[str, Any]:
        return {
            "User": f"{USER}:{USER}",
            "Env": ["PATH=/usr/bin"],
            "Entrypoint": [f"/usr/bin/{self.name}"],
            "Cmd": list(self.arguments),
            "WorkingDir": "/",
            "ExposedPorts": {port: {} for port in self.ports},
            "Labels": self.labels(build),
        }

    def labels(self, build: Build) -> dict[str, str]:
        labels = {
            "org.opencontainers.image.title": self.name,
            "org.opencontainers.image.description": self.description,
            "org.opencontainers.image.version": build.version,
            "org.opencontainers.image.licenses": "Apache-2.0",
        }
        if build.revision:
            labels["org.opencontainers.image.revision"] = build.revision
        return labels


IMAGES = {
    image.name: image
    for image in (
        Image(
            name="tunnel-client",
            description="Makes private MCP servers reachable for remote callers without an inbound port",
            # A process whose program its user cannot read is not dumpable from its first instruction on.
            mode=0o711,
            arguments=("run", "--config", "/etc/tunnel-client/tunnel-client.yaml"),
            ports=("8080/tcp",),
            folders=(
                # Places for mounts: the root of the container need not be writable.
                Entry("etc/tunnel-client", 0o755),
                Entry("etc/tunnel-client/ca", 0o755),
                Entry("etc/tunnel-client/config", 0o755),
                Entry("etc/tunnel-client/secrets", 0o755),
            ),
        ),
        Image(
            name="tunnel-relay",
            description="Self-hosted other end of tunnel-client: a control plane, and an MCP endpoint for callers",
            mode=0o755,
            arguments=("serve",),
            ports=("8443/tcp",),
            folders=(
                Entry("etc/tunnel-relay", 0o755),
                Entry("etc/tunnel-relay/keys", 0o755),
                Entry("etc/tunnel-relay/tls", 0o755),
                Entry("var", 0o755),
                Entry("var/lib", 0o755),
                Entry("var/lib/tunnel-relay", 0o700, owner=USER),
            ),
        ),
    )
}
