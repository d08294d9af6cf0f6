"""What the cases share: the archives, their unpacked images, the manifests, and a network of addresses on loopback."""

from __future__ import annotations

import contextlib
import functools
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml

from oci import Image, build, run, unpack
from processes import Processes

ROOT = Path(__file__).resolve().parents[3]
PACKAGING = ROOT / "packaging"
# As packaging/kubernetes has them, and what would be behind its names.
PROXY = "10.20.30.40"
SERVICE = "10.96.0.20"
CLIENT_POD = "10.244.0.11"
RELAY_POD = "10.244.0.10"
NAMES = {"relay.example.com": RELAY_POD, "mcp-server.mcp.svc.cluster.local": SERVICE}


class Lab:
    def __init__(self, folder: Path, programs: dict[str, dict[str, Path]]) -> None:
        self.folder, self.programs = folder, programs
        self._stack = contextlib.ExitStack()
        self._number = 0
        (folder / "logs").mkdir()
        self.processes = Processes(folder / "logs")

    def __enter__(self) -> Lab:
        ip("link", "set", "lo", "up")
        for address in (PROXY, SERVICE, CLIENT_POD, RELAY_POD):
            ip("address", "add", f"{address}/32", "dev", "lo")
        self._stack.enter_context(self.processes)
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def new_folder(self, name: str) -> Path:
        self._number += 1
        made = self.folder / f"{self._number:02}-{name}"
        made.mkdir()
        return made

    @functools.cache
    def archive(self, name: str) -> Path:
        """The OCI archive of tunnel-client or tunnel-relay, with all processors there are programs for."""
        out = self.new_folder("archive") / f"{name}.oci.tar"
        build(name, self.programs[name], out)
        return out

    @functools.cache
    def image(self, name: str) -> Image:
        """Its image for this machine."""
        return unpack(self.archive(name), "amd64", self.new_folder(name))

    @functools.cache
    def image_with_server(self) -> Image:
        """As somebody would make for a stdio server: the client's image, and the server's program."""
        client = self.image("tunnel-client")
        tree = self.new_folder("with-server") / "rootfs"
        run(["cp", "--archive", str(client.root), str(tree)])
        run(["cp", str(self.programs["tunnel-relay"]["amd64"]), str(tree / "usr/bin/tunnel-relay")])
        (tree / "usr/bin/tunnel-relay").chmod(0o755)
        return Image(tree, client.configuration)


def objects(name: str) -> list[dict[str, Any]]:
    """The objects of packaging/kubernetes/NAME.yaml."""
    text = (PACKAGING / "kubernetes" / f"{name}.yaml").read_text(encoding="utf-8")
    return [each for each in yaml.safe_load_all(text) if each]


def ip(*arguments: str) -> None:
    subprocess.run(["ip", *arguments], check=True, env={"PATH": os.environ["PATH"]})
