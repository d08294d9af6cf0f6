"""The filter of system calls that a container runtime applies for `RuntimeDefault`, for a container without capabilities."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

PROFILE = Path("/usr/share/containers/seccomp.json")
"""CRI-O's and podman's; containerd's and Docker's list the same calls of landlock and seccomp."""
LANDLOCK = {"landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self"}
EPERM = 1


def filter_of_calls(landlock: bool = True) -> dict[str, Any]:
    """As the runtime specification has it. Without `landlock` it is that of a runtime that does not know these calls."""
    profile = json.loads(PROFILE.read_text(encoding="utf-8"))
    calls = []
    for each in profile["syscalls"]:
        needs, unless = each.get("includes", {}), each.get("excludes", {})
        # No capability is there, so what needs one is left out, and what is for those without one counts.
        if needs.get("caps") or "amd64" not in needs.get("arches", ["amd64"]) or "amd64" in unless.get("arches", []):
            continue
        names = [name for name in each["names"] if landlock or name not in LANDLOCK]
        call = {"names": names, "action": each["action"]}
        if each.get("errnoRet") is not None:
            call["errnoRet"] = each["errnoRet"]
        if each.get("args"):
            call["args"] = each["args"]
        calls.append(call)
    return {
        "defaultAction": profile["defaultAction"],
        "defaultErrnoRet": profile["defaultErrnoRet"] if landlock else EPERM,
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"],
        "syscalls": calls,
    }
