"""Charts: linted and rendered by Helm's own library, without a cluster."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from helm_python.chart import Chart, lint

from lab import PACKAGING

ERROR = 3
"""Severity of what `helm lint` calls an error."""


def charts() -> list[Path]:
    return sorted(path.parent for path in (PACKAGING / "helm").glob("*/Chart.yaml"))


def examples(chart: Path) -> dict[str, dict[str, Any]]:
    found = sorted((chart / "examples").glob("*.yaml"))
    return {path.stem: yaml.safe_load(path.read_text(encoding="utf-8")) for path in found}


def linted(chart: Path, values: dict[str, Any]) -> list[str]:
    said = lint(chart, values, strict=True)
    # An icon is a matter of taste.
    messages = [f"{each['path']}: {each['error']}" for each in said["messages"] if "icon is recommended" not in each["error"]]
    return [*messages, *said["errors"]]


def rendered(chart: Path, values: dict[str, Any]) -> list[dict[str, Any]]:
    with Chart.load(chart) as loaded:
        texts = loaded.render(values, name="test", namespace="test").values()
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


def changed(values: dict[str, Any], path: str, value: Any) -> dict[str, Any]:
    """A copy with another value at `a.b.c`; a part that is a number is a place in a list."""
    head, _, rest = path.partition(".")
    if isinstance(values, list):
        copy: Any = list(values)
        copy[int(head)] = changed(copy[int(head)], rest, value) if rest else value
        return copy  # type: ignore[no-any-return]
    inner = changed(values.get(head, {}), rest, value) if rest else value
    return {**values, head: inner}
