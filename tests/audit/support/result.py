"""What ./check --result writes: the commit, changes of it, and the verdict of each step."""

from __future__ import annotations

import json
from pathlib import Path

from copy_of_clone import Copy

STEP = """format() {
  cargo fmt --all --check
  cargo fmt --manifest-path proofs/Cargo.toml --all --check
  cargo fmt --manifest-path fuzz/Cargo.toml --all --check
}"""


def verdicts(copy: Copy, scratch: Path) -> str:
    for body, code, verdict in (("true", 0, "passed"), ("false", 1, "failed")):
        with copy.planted("check", STEP, f"format() {{ {body}; }}"):
            commit = copy.commit()
            fault = written(copy, scratch, code, {"commit": commit}, [("format", verdict)])
        copy.commit()
        if fault:
            return f"{body}: {fault}"
    return ""


def a_change_is_noted(copy: Copy, scratch: Path) -> str:
    commit = copy.git("rev-parse", "HEAD")
    with copy.planted("check", STEP, "format() { true; }"):
        return written(copy, scratch, 0, {"commit": f"{commit} changed"}, [("format", "passed")])


def a_change_during_the_run_is_noted(copy: Copy, scratch: Path) -> str:
    with copy.planted("check", STEP, "format() { touch planted; }"):
        commit = copy.commit()
        fault = written(copy, scratch, 0, {"commit": f"{commit} changed"}, [("format", "passed")])
    (copy.root / "planted").unlink()
    copy.commit()
    return fault


def written(copy: Copy, scratch: Path, wanted: int, facts: dict[str, str], steps: list[tuple[str, str]]) -> str:
    file = scratch / "result.json"
    code, said = copy.run("./check", "--only", "format", "--result", str(file))
    if code != wanted or not file.is_file():
        return f"exit code {code}: {said}"
    content = json.loads(file.read_text(encoding="utf-8"))
    seen = [(row["name"], row["verdict"]) for row in content["steps"]]
    different = {name: content[name] for name, value in facts.items() if content[name] != value}
    return "" if seen == steps and not different else f"{seen}, {different}"


CASES = {
    "a result has the verdict of each step": verdicts,
    "a result of a clone with changes says so": a_change_is_noted,
    "a result of a clone that changed meanwhile says so": a_change_during_the_run_is_noted,
}
