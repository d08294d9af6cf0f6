#!/usr/bin/env python3
"""Tries to send things from wherever it is started, without a proxy. Waits for no answer, and none is expected.

    attempts.py ATTEMPT...      with ATTEMPT one of tcp:ADDRESS:PORT udp:ADDRESS:PORT lookup:NAME frame:ADDRESS
    attempts.py --every SECONDS ATTEMPT...
"""

from __future__ import annotations

import contextlib
import socket
import struct
import sys
import time
from ipaddress import ip_address

WAIT_SECONDS = 0.2
DISCARD_PORT = 9
DEVICE = "lan"


def attempt(what: str) -> None:
    kind, _, rest = what.partition(":")
    with contextlib.suppress(OSError):
        if kind == "lookup":
            socket.getaddrinfo(rest, 443, type=socket.SOCK_STREAM)
        elif kind == "frame":
            send_frame(rest)
        else:
            address, _, port = rest.rpartition(":")
            transport = {"tcp": socket.SOCK_STREAM, "udp": socket.SOCK_DGRAM}[kind]
            send(address.strip("[]"), int(port), transport)


def send(address: str, port: int, transport: socket.SocketKind) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, transport) as sender:
        sender.settimeout(WAIT_SECONDS)
        sender.connect((address, port))
        if transport == socket.SOCK_DGRAM:
            sender.send(b"x")


def send_frame(address: str) -> None:
    """A UDP packet to that IPv4 address past the kernel's IP layer, where no output hook sees it."""
    destination = ip_address(address).packed
    udp = struct.pack("!HHHH", DISCARD_PORT, DISCARD_PORT, 8, 0)
    # Without a checksum: the counters look at it before anybody would refuse it.
    fixed = (0x45, 0, 20 + len(udp), 0, 0, 64, socket.IPPROTO_UDP, 0)
    header = struct.pack("!BBHHHBBH", *fixed) + bytes(4) + destination
    with socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM) as sender:
        sender.sendto(header + udp, (DEVICE, 0x0800, 0, 0, b"\xff" * 6))


def main() -> None:
    attempts, pause = sys.argv[1:], 0.0
    if attempts[0] == "--every":
        pause, attempts = float(attempts[1]), attempts[2:]
    while True:
        for each in attempts:
            attempt(each)
        if not pause:
            return
        time.sleep(pause)


if __name__ == "__main__":
    main()
