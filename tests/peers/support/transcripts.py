"""Two transcripts of the same plan: what has to be the same in both, and where they differ."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any

LONG = 2000  # characters of a text that are shown as they are; longer ones become a length and a digest
CLOCK = re.compile(r"created at \d{1,2}:\d\d:\d\d [AP]M")  # server-everything tells the time


def normalised(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: normalised(member) for name, member in value.items()}
    if isinstance(value, list):
        return [normalised(member) for member in value]
    if isinstance(value, str):
        return normalised_text(value)
    return value


def normalised_text(value: str) -> str:
    if len(value) > LONG:
        digest = hashlib.sha256(value.encode("utf-8", "surrogatepass")).hexdigest()
        return f"({len(value)} characters, sha256 {digest})"
    return CLOCK.sub("created at (a time)", value)


def differences(direct: Any, tunnel: Any, where: str = "") -> list[str]:
    """One line for each place where the two differ, from the outside in."""
    if isinstance(direct, dict) and isinstance(tunnel, dict):
        return [
            line
            for name in [*direct, *(name for name in tunnel if name not in direct)]
            for line in differences(direct.get(name, ABSENT), tunnel.get(name, ABSENT), f"{where}.{name}")
        ]
    if isinstance(direct, list) and isinstance(tunnel, list):
        lines = [] if len(direct) == len(tunnel) else [f"{where}: {len(direct)} entries direct, {len(tunnel)} through"]
        for index, (left, right) in enumerate(zip(direct, tunnel, strict=False)):
            lines += differences(left, right, f"{where}[{label(left, index)}]")
        return lines
    if direct == tunnel:
        return []
    return [f"{where}: direct {shown(direct)}, through the tunnel {shown(tunnel)}"]


class _Absent:
    def __repr__(self) -> str:
        return "nothing"


ABSENT = _Absent()


def label(entry: Any, index: int) -> str:
    return str(entry["label"]) if isinstance(entry, dict) and "label" in entry else str(index)


def shown(value: Any) -> str:
    text = repr(value) if value is ABSENT else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= 300 else f"{text[:300]}..."


def count_steps(transcript: list[Any]) -> int:
    """The steps of a transcript, those that ran together counted one by one."""
    inner = (entry["result"] for entry in transcript if entry.get("label") == "together")
    return len(transcript) + sum(len(steps) for steps in inner)
