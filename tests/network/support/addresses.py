"""Ports that stay free until they are listened on, and an address of this machine that is not loopback."""

from __future__ import annotations

import os
import random
import socket
import subprocess
from pathlib import Path

EPHEMERAL = Path("/proc/sys/net/ipv4/ip_local_port_range")
LOWEST_PORT = 12_000
# For documentation (RFC 5737): never routed, so nobody is asked for anything. No packet is sent to learn our address.
SOMEWHERE = ("192.0.2.1", 9)
SPARE = "198.51.100.10"


class Ports:
    """Below the range of outgoing connections, so that none of these takes a port of ours."""

    def __init__(self) -> None:
        lowest_ephemeral = int(EPHEMERAL.read_text(encoding="ascii").split()[0])
        if lowest_ephemeral <= LOWEST_PORT + 2_000:
            raise RuntimeError(f"{EPHEMERAL} leaves no ports for the test: it begins at {lowest_ephemeral}")
        self._left = list(range(LOWEST_PORT, lowest_ephemeral))
        random.shuffle(self._left)

    def take(self) -> int:
        while self._left:
            port = self._left.pop()
            if is_free(port):
                return port
        raise RuntimeError("no free port is left")


def is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("", port))
        except OSError:
            return False
    return True


class OutsideAddress:
    """An IPv4 address of this machine that is not loopback. One is lent to `lo` when there is none."""

    def __init__(self) -> None:
        self._lent = False

    def __enter__(self) -> str:
        if address := own_address():
            return address
        if os.geteuid() != 0:
            raise RuntimeError("this machine has only loopback addresses, and only root may give it another")
        subprocess.run(["ip", "address", "add", f"{SPARE}/32", "dev", "lo"], check=True, timeout=10)
        self._lent = True
        return SPARE

    def __exit__(self, *_: object) -> None:
        if self._lent:
            subprocess.run(["ip", "address", "del", f"{SPARE}/32", "dev", "lo"], check=True, timeout=10)


def own_address() -> str | None:
    """The address that packets to elsewhere would come from, unless there is no way to elsewhere."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe:
        try:
            probe.connect(SOMEWHERE)
        except OSError:
            return None
        address = str(probe.getsockname()[0])
    return None if address.startswith(("127.", "0.")) else address
