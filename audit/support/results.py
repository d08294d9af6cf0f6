"""The signed result of `./check --full --result FILE`: whether it counts for this commit, and what it says of a step."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from signatures import Key, SignatureFault, verify

FORMAT = "tunnel-client check 1"


@dataclass(frozen=True)
class Result:
    """A result that counts, or the reason why there is none."""

    fault: str = ""
    file: str = ""
    signed_by: str = ""
    content: dict[str, Any] = field(default_factory=dict)

    def verdict(self, step: str) -> str:
        """`passed`, or what is wrong."""
        if self.fault:
            return self.fault
        rows = [row for row in self.content["steps"] if row["name"] == step]
        if not rows:
            return f"the signed result has no step {step}"
        return "passed" if rows[-1]["verdict"] == "passed" else f"step {step} {rows[-1]['verdict']}"

    def seconds(self, step: str) -> int:
        return sum(int(row["seconds"]) for row in self.content.get("steps", []) if row["name"] == step)


def read(file: Path | None, trusted: str | None, commit: str) -> Result:
    """The result in this file, if it was signed by the trusted key and is about this commit without changes."""
    if file is None:
        return Result("no signed result of ./check --full was given (--result)")
    if trusted is None:
        return Result(f"{file.name}: whose signature counts was not said (--trust)")
    try:
        verify(file, Key.of(trusted))
        content = json.loads(file.read_text(encoding="utf-8"))
        form, about, steps = content["format"], content["commit"], [(row["name"], row["verdict"], row["seconds"]) for row in content["steps"]]
    except SignatureFault as fault:
        return Result(str(fault))
    except (OSError, ValueError, KeyError, TypeError) as error:
        return Result(f"{file.name}: not a result of ./check --result: {error!r}")
    if form != FORMAT:
        return Result(f"{file.name}: its format is {form!r}, not {FORMAT!r}")
    if about != commit:
        return Result(f"{file.name}: it is about commit {about}, not {commit}")
    if not steps:
        return Result(f"{file.name}: it names no step")
    return Result(file=file.name, signed_by=trusted, content=content)
