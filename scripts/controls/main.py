#!/usr/bin/env python3
"""Makes the OSCAL component definition and its readable table from audit/oscal/controls, or judges all three.

    scripts/controls/main.py --write | --check [--root DIR]

    --write  write audit/oscal/component-definition.json and audit/oscal/README.md
    --check  refuse dead names, unknown control ids, claims without a proof, and stale generated files
    --root   the tree to work on (default: this clone)

Needs Python 3.11, or an older one with pip, and no network. Exit code 1: each mistake is on a line of its own.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from judge import mistakes  # noqa: E402
from names import Names  # noqa: E402
from oscal import document  # noqa: E402
from source import SourceError, load  # noqa: E402
from table import readme  # noqa: E402

CLONE = Path(__file__).resolve().parents[2]
FOLDER = Path("audit/oscal")


def main(words: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    action = parser.add_mutually_exclusive_group(required=True)
    action.add_argument("--write", action="store_true")
    action.add_argument("--check", action="store_true")
    parser.add_argument("--root", type=Path, default=CLONE)
    arguments = parser.parse_args(words)
    root = arguments.root.resolve()
    try:
        source = load(root, FOLDER)
    except SourceError as error:
        return report(error.mistakes)
    names = Names(root)
    found = mistakes(source, names)
    if found:
        return report(found)
    generated = {
        FOLDER / "component-definition.json": document(source, names),
        FOLDER / "README.md": readme(source, names),
    }
    if arguments.write:
        for path, text in generated.items():
            (root / path).write_text(text, encoding="utf-8")
        return 0
    stale = [path for path, text in generated.items() if not is_current(root / path, text)]
    if stale:
        return report([f"{path}: stale; write it again with scripts/controls/main.py --write" for path in stale])
    print(summary(source))
    return 0


def is_current(path: Path, text: str) -> bool:
    return path.is_file() and path.read_text(encoding="utf-8") == text


def summary(source) -> str:
    counts = source.count_by_status()
    listed = ", ".join(f"{count} {status}" for status, count in counts.items())
    return f"{sum(counts.values())} statements about {len(source.catalogues)} catalogues: {listed}"


def report(found: list[str]) -> int:
    for line in found:
        print(line, file=sys.stderr)
    print(f"{len(found)} mistakes", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
