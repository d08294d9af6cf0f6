"""Rust sources without their comments and literals: no parser, but what stands in quotes is not taken for code."""

from __future__ import annotations

import re

TEXT = re.compile(
    r"""//[^\n]*|(?P<block>/\*)|\b(?:b|c)?r(?P<hashes>\#*)".*?"(?P=hashes)|\b[bc]?"(?:[^"\\]|\\.)*"|"(?:[^"\\]|\\.)*"
    |(?:\bb)?'(?:\\(?:u\{[^}]*\}|x[0-9a-fA-F]{2}|.)|[^\\'\n])'""",
    re.DOTALL | re.VERBOSE,
)
NOT_NEWLINE = re.compile(r"[^\n]")
COMMENT = re.compile(r"/\*|\*/")


def split_texts(text: str) -> tuple[str, str]:
    """The text without comments, and without comments and literals. Spaces stand in their place, so that positions stay."""
    with_literals, code, position = [], [], 0
    while match := TEXT.search(text, position):
        between, end = text[position : match.start()], match.end()
        if match["block"]:
            depth = 1
            while depth and (mark := COMMENT.search(text, end)):
                depth += 1 if mark[0] == "/*" else -1
                end = mark.end()
            if depth:
                end = len(text)
        part = text[match.start() : end]
        blank = NOT_NEWLINE.sub(" ", part) if "\n" in part else " " * len(part)
        with_literals += [between, blank if part.startswith("/") else part]
        code += [between, blank]
        position = end
    rest = text[position:]
    return "".join([*with_literals, rest]), "".join([*code, rest])


def masked(source: str) -> str:
    """The code alone. Lines and places stay as they are."""
    return split_texts(source)[1]
