"""Namespaces for this program alone: what is mounted and what listens ends with it."""

from __future__ import annotations

import ctypes
import os

from roots import run

CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000


def own_mounts() -> None:
    _unshare(CLONE_NEWNS)
    run("mount", "--make-rprivate", "/")


def own_network() -> None:
    """Nothing but loopback."""
    _unshare(CLONE_NEWNET)
    run("ip", "link", "set", "lo", "up")


def _unshare(kind: int) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(kind) != 0:
        code = ctypes.get_errno()
        raise OSError(code, f"unshare: {os.strerror(code)}")
