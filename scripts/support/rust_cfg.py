"""Evaluates `cfg` predicates with what is known of the target, the features and the build script."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# Never set in our builds: tests, documentation, other tools, other ways to build.
NEVER = {
    "bench", "doc", "docsrs", "doc_cfg", "doctest", "fuzzing", "kani", "loom", "miri", "test", "debug_assertions",
    "tokio_unstable", "tokio_taskdump", "tokio_uring", "mio_unsupported_force_poll_poll", "mio_unsupported_force_waker_pipe",
    "windows", "rustc_attrs", "nightly", "procmacro2_semver_exempt", "curve25519_dalek_bits",
}  # fmt: skip
TOKEN = re.compile(r'\s*(?:([A-Za-z_][\w-]*)|"((?:[^"\\]|\\.)*)"|(.))', re.DOTALL)
# A value of the target, unlike a name that a build script makes up.
TARGET_KEY = re.compile(r"target_\w+|panic|unix|windows|overflow_checks|relocation_model|proc_macro|ub_checks")


END = object()


@dataclass(frozen=True)
class Build:
    """Known facts of one compilation."""

    target: frozenset[str]
    """Lines of `rustc --print cfg`."""
    features: frozenset[str]
    script: frozenset[str] | None
    """Names that its build script sets; None when they are not known."""

    def holds(self, predicate: str) -> bool | None:
        """Evaluates the text between the parentheses of `cfg(...)`; None if the answer is not known."""
        try:
            value, _ = self._one_and_next(_tokens(predicate))
        except StopIteration:
            return None
        return None if value is END else value

    def _one_and_next(self, tokens: Iterator[tuple[str, str]]) -> tuple[Any, str]:
        kind, word = next(tokens)
        if kind != "word":
            return END, word
        after = next(tokens, ("end", ""))
        if after == ("mark", "("):
            parts, mark = [], ","
            while mark == ",":
                part, mark = self._one_and_next(tokens)
                # A list may end with a comma.
                if part is not END:
                    parts.append(part)
            _, following = next(tokens, ("end", ""))
            return combine(word, parts), following
        if after == ("mark", "="):
            _, text = next(tokens)
            _, following = next(tokens, ("end", ""))
            return self._value(word, text), following
        return self._name(word), after[1]

    def _value(self, key: str, text: str) -> bool | None:
        if key == "feature":
            return text in self.features
        if TARGET_KEY.fullmatch(key):
            return f'{key}="{text}"' in self.target
        return None if self.script is None else f'{key}="{text}"' in self.script

    def _name(self, name: str) -> bool | None:
        if name in self.target:
            return True
        if name in NEVER or TARGET_KEY.fullmatch(name):
            return False
        return None if self.script is None else name in self.script


def combine(operator: str, parts: list[bool | None]) -> bool | None:
    if operator == "not":
        return None if parts[0] is None else not parts[0]
    if operator == "all":
        return False if False in parts else None if None in parts else True
    if operator == "any":
        return True if True in parts else None if None in parts else False
    return None


def _tokens(text: str) -> Iterator[tuple[str, str]]:
    for match in TOKEN.finditer(text.strip()):
        if match[1]:
            yield "word", match[1]
        elif match[2] is not None:
            yield "text", match[2]
        elif match[3].strip():
            yield "mark", match[3]
