"""Values of constants in sources: Rust, Python and shell. Sizes are in bytes, times in seconds."""

from __future__ import annotations

import ast
import re
from fractions import Fraction
from pathlib import Path

from rust import masked

RUST = re.compile(r"\bconst\s+(\w+)\s*:\s*[^=;]+=\s*([^;]+);")
SHELL = re.compile(r"^(?:readonly\s+)?(\w+)=(\d+)$", re.MULTILINE)
# What a name that ends so counts in.
ENDINGS = {"_MS": Fraction(1, 1000), "_KIB": Fraction(1024), "_MIB": Fraction(1 << 20)}
DURATIONS = {"from_secs": Fraction(1), "from_millis": Fraction(1, 1000), "from_micros": Fraction(1, 10**6)}
OPERATORS = {
    ast.Add: lambda a, b: a + b,
    ast.Sub: lambda a, b: a - b,
    ast.Mult: lambda a, b: a * b,
    ast.Div: lambda a, b: Fraction(a // b) if a.denominator == b.denominator == 1 else a / b,
    ast.LShift: lambda a, b: a * 2 ** int(b),
}


class ConstantFault(Exception):
    """A constant is not there, or is no number."""


def value_of(root: Path, file: str, name: str) -> Fraction:
    path = root / file
    if not path.is_file():
        raise ConstantFault(f"there is no file {file}")
    source = path.read_text(encoding="utf-8")
    if file.endswith(".rs"):
        return _rust(root, file, name, ())
    found = _python(source).get(name) if "python" in source[:40] or file.endswith(".py") else _shell(source).get(name)
    if found is None:
        raise ConstantFault(f"{file} has no number {name}")
    return found


def _rust(root: Path, file: str, name: str, asked: tuple[str, ...]) -> Fraction:
    expressions = dict(RUST.findall(masked((root / file).read_text(encoding="utf-8"))))
    if name not in expressions:
        # Names from another file, as in `super::MIB`.
        for other in sorted({*(root / "src/limits").glob("*.rs"), root / "src/limits.rs", root / "src/sys/allocator.rs"}):
            if other.is_file() and str(other.relative_to(root)) != file and re.search(rf"\bconst {name}\b", other.read_text(encoding="utf-8")):
                return _rust(root, str(other.relative_to(root)), name, asked) if name not in asked else _no(file, name)
        _no(file, name)
    if name in asked:
        _no(file, name)
    text = re.sub(r"\b(?:\w+::)+(\w+)", r"\1", re.sub(r"\s+as\s+\w+|(?<=\d)_(?=\d)", "", expressions[name]))
    try:
        tree = ast.parse(text.strip(), mode="eval")
    except SyntaxError:
        _no(file, name)
    return _evaluated(tree.body, lambda other: _rust(root, file, other, (*asked, name)), f"{file}: {name}")


def _evaluated(node: ast.expr, lookup, where: str) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return Fraction(str(node.value))
    if isinstance(node, ast.Name):
        return lookup(node.id)
    if isinstance(node, ast.BinOp) and type(node.op) in OPERATORS:
        return OPERATORS[type(node.op)](_evaluated(node.left, lookup, where), _evaluated(node.right, lookup, where))
    if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in DURATIONS:
        return _evaluated(node.args[0], lookup, where) * DURATIONS[node.func.id]
    raise ConstantFault(f"{where} is not a number that this script can compute")


def _no(file: str, name: str):
    raise ConstantFault(f"{file} has no number {name}")


def _python(source: str) -> dict[str, Fraction]:
    found: dict[str, Fraction] = {}
    for node in ast.parse(source).body:
        if not isinstance(node, ast.Assign):
            continue
        target = node.targets[0]
        pairs = zip(target.elts, node.value.elts) if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple) else [(target, node.value)]
        for name, value in pairs:
            if isinstance(name, ast.Name) and isinstance(value, ast.Constant) and isinstance(value.value, (int, float)):
                found[name.id] = Fraction(str(value.value)) * next((by for end, by in ENDINGS.items() if name.id.endswith(end)), 1)
    return found


def _shell(source: str) -> dict[str, Fraction]:
    return {name: Fraction(value) for name, value in SHELL.findall(source)}
