"""The table of a run: what was tried and what came of it, and nothing that differs from run to run."""

from __future__ import annotations

from cell import Cell

BEFORE = """\
<!-- Made by `tests/network/matrix --write`; do not edit. -->

# Network paths

What was tried with real proxies and web servers, and whether it came out as it has to. `…` stands for an address.

"""
HEADINGS = ("peer", "way", "trust", "client certificate", "expected", "result")


def as_markdown(results: list[tuple[Cell, bool]]) -> str:
    rows = [HEADINGS, tuple("---" for _ in HEADINGS)]
    rows += [(*columns(cell), "as expected" if ok else "NOT as expected") for cell, ok in results]
    return BEFORE + "".join(f"| {' | '.join(escaped(text) for text in row)} |\n" for row in rows)


def columns(cell: Cell) -> tuple[str, str, str, str, str]:
    return cell.peer, cell.way, cell.trust, cell.certificate, str(cell.expected)


def escaped(text: str) -> str:
    return text.replace("|", "\\|")
