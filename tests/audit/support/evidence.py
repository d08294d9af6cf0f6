"""What audit/evidence makes of claims that hold, that do not, and of which nothing is known."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

from copy_of_clone import ROOT, Copy
from signing import end_agent, make_keys

sys.path.insert(0, str(ROOT / "audit" / "support"))

import running  # noqa: E402

CLAIM = '[[claim]]\nid = "{id}"\ntopic = "Tried"\nsays = "It holds."\ncommand = {command}\npasses = "so"\nexpect = "^so$"\nseconds = 1\n{more}\n'


def claim(command: str, name: str = "one", more: str = "") -> str:
    return CLAIM.format(id=name, command=json.dumps(command), more=more)


SAYS_SO = claim("scripts/says-so")
CITES = claim("./check --only services", "cited", 'cites = ["services"]')


def run(copy: Copy, scratch: Path, claims: str, *arguments: str, clean: bool = True, body: str = "echo so") -> tuple[int, str, dict]:
    """Exit code, page and facts of a report about these claims; `body` is what scripts/says-so does."""
    table, script = copy.root / "audit" / "claims.toml", copy.root / "scripts" / "says-so"
    before = table.read_text(encoding="utf-8")
    table.write_text(claims, encoding="utf-8")
    script.write_text(f"#!/bin/sh\n{body}\n", encoding="utf-8")
    script.chmod(0o755)
    try:
        if clean:
            copy.commit()
        code, said = copy.run("audit/evidence", "--out", str(scratch / "out"), *arguments)
    finally:
        table.write_text(before, encoding="utf-8")
        script.unlink()
        copy.commit()
    page, facts = scratch / "out" / "report.md", scratch / "out" / "report.json"
    if not page.is_file() or not facts.is_file():
        return code, said, {}
    return code, page.read_text(encoding="utf-8"), json.loads(facts.read_text(encoding="utf-8"))


def expect(outcome: tuple[int, str, dict], code: int, verdicts: list[str], says: str) -> str:
    """Nothing if the report is so; `says` has to stand above the facts of the run."""
    ended, page, facts = outcome
    seen = [row["verdict"] for row in facts.get("claims", [])]
    top = page.partition("## What was examined")[0]
    good = ended == code and seen == verdicts and says in top and facts["good"] == (code == 0)
    return "" if good else f"exit code {ended}, {seen}: {page}"


def a_claim_that_holds(copy: Copy, scratch: Path) -> str:
    return expect(run(copy, scratch, SAYS_SO), 0, ["shown"], "All claims are shown: 1 shown, 0 failed, 0 not shown.")


def no_signature(copy: Copy, scratch: Path) -> str:
    return expect(run(copy, scratch, SAYS_SO), 0, ["shown"], "THIS REPORT IS NOT SIGNED.")


def a_command_that_fails(copy: Copy, scratch: Path) -> str:
    claims = SAYS_SO + claim("scripts/says-so && scripts/says-so fail", "two")
    return expect(run(copy, scratch, claims, body="echo so; test -z \"$1\""), 1, ["shown", "failed"], "- **failed**: `two`")


def a_command_that_says_nothing(copy: Copy, scratch: Path) -> str:
    return expect(run(copy, scratch, SAYS_SO, body="echo nothing"), 1, ["failed"], "does not say what a pass says")


def a_command_that_is_missing(copy: Copy, scratch: Path) -> str:
    return expect(run(copy, scratch, claim("fuzz/none", more="pending = true")), 1, ["not shown"], "fuzz/none is missing")


def a_command_that_could_not_check_everything(copy: Copy, scratch: Path) -> str:
    partly = claim("scripts/says-so", more="not_shown = 3")
    return expect(run(copy, scratch, partly, body="echo so; exit 3"), 1, ["not shown"], "not everything was checked")


def a_clone_with_changes(copy: Copy, scratch: Path) -> str:
    return expect(run(copy, scratch, SAYS_SO, clean=False), 1, ["shown"], "so the report is about no commit")


def a_part(copy: Copy, scratch: Path) -> str:
    two = SAYS_SO + claim("scripts/none", "two")
    return expect(run(copy, scratch, two, "--only", "one"), 0, ["shown"], "PART OF A REPORT: only the claims one were asked for")


def no_result(copy: Copy, scratch: Path) -> str:
    return expect(run(copy, scratch, CITES), 1, ["not shown"], "no signed result of ./check --full was given")


def results_that_count_and_that_do_not(copy: Copy, scratch: Path) -> str:
    """One result after the other, each signed by a key that counts unless it is said otherwise."""
    keys, others = scratch / "keys", scratch / "others"
    keys.mkdir(), others.mkdir()
    mine, stranger = make_keys(keys)["ssh"], make_keys(others)["ssh"]
    end_agent(keys), end_agent(others)
    file = scratch / "result.json"
    good = {"format": "tunnel-client check 1", "commit": "HEAD", "steps": [{"name": "services", "verdict": "passed", "seconds": 7}]}
    steps = {verdict: [{"name": "services", "verdict": verdict, "seconds": 7}] for verdict in ("failed", "skipped")}
    cases = [
        ("a good one", good, mine, 0, "shown", "All claims are shown"),
        ("signed by somebody else", good, stranger, 1, "not shown", "the signature is not good"),
        ("not signed", good, None, 1, "not shown", "not signed"),
        ("of another commit", good | {"commit": "0" * 40}, mine, 1, "not shown", "it is about commit 000"),
        ("of a clone with changes", good | {"commit": "HEAD changed"}, mine, 1, "not shown", "it is about commit"),
        ("without the step", good | {"steps": [{"name": "tests", "verdict": "passed", "seconds": 7}]}, mine, 1, "not shown", "has no step services"),
        ("with a step that failed", good | {"steps": steps["failed"]}, mine, 1, "failed", "step services failed"),
        ("with a step that was skipped", good | {"steps": steps["skipped"]}, mine, 1, "not shown", "step services skipped"),
        ("in another form", {"steps": []}, mine, 1, "not shown", "not a result of ./check --result"),
    ]
    for name, content, key, code, verdict, says in cases:
        arguments = ["--result", str(file), "--trust", mine[1]]
        outcome = with_result(copy, scratch, content, key, file, arguments)
        if fault := expect(outcome, code, [verdict], says):
            return f"{name}: {fault}"
    return ""


def with_result(copy: Copy, scratch: Path, content: dict, key: tuple[str, str] | None, file: Path, arguments: list[str]) -> tuple[int, str, dict]:
    table = copy.root / "audit" / "claims.toml"
    before = table.read_text(encoding="utf-8")
    table.write_text(CITES, encoding="utf-8")
    try:
        commit = copy.commit()
        text = json.dumps(content | {"commit": content.get("commit", "").replace("HEAD", commit)} if "commit" in content else content)
        file.write_text(text, encoding="utf-8")
        file.with_name(file.name + ".sig").unlink(missing_ok=True)
        if key:
            copy.run("audit/sign", "--key", key[0], str(file))
        code, said = copy.run("audit/evidence", "--out", str(scratch / "out"), *arguments)
    finally:
        table.write_text(before, encoding="utf-8")
        copy.commit()
    return code, (scratch / "out" / "report.md").read_text(encoding="utf-8"), json.loads((scratch / "out" / "report.json").read_text(encoding="utf-8"))


def a_signed_report(copy: Copy, scratch: Path) -> str:
    private, public = make_keys(scratch)["ssh"]
    end_agent(scratch)
    outcome = run(copy, scratch, SAYS_SO, "--key", private)
    reports = [str(scratch / "out" / name) for name in ("report.md", "report.json")]
    code, said = copy.run("audit/sign", "--verify", "--key", public, *reports)
    return expect(outcome, 0, ["shown"], "Signed with a key of ssh") or ("" if code == 0 else said)


def the_network(copy: Copy, scratch: Path) -> str:
    """/proc/net/dev has the interfaces of the network that its reader is in, below two lines of titles."""
    if os.geteuid():
        return ""
    body = """test "$(tail -n +3 /proc/net/dev | cut -d: -f1 | tr -d ' ')" = lo || exit 1
python3 -c 'import socket; server = socket.create_server(("127.0.0.1", 0)); socket.create_connection(server.getsockname())' && echo so"""
    outcome = run(copy, scratch, SAYS_SO, body=body)
    return expect(outcome, 0, ["shown"], "") or ("" if "cut off: the only interface was lo" in outcome[1] else outcome[1])


def the_network_that_is_kept(copy: Copy, scratch: Path) -> str:
    outcome = run(copy, scratch, SAYS_SO, "--keep-network")
    return expect(outcome, 0, ["shown"], "") or ("" if "NOT CUT OFF" in outcome[1] else outcome[1])


def judgements(copy: Copy, scratch: Path) -> str:
    """Too few tests, none at all, and one that takes too long."""
    passed = "test result: ok. 3 passed; 0 failed; 1 ignored\n"
    cases = [
        (running.Outcome(0, 1.0, passed, False), None, 3, ""),
        (running.Outcome(0, 1.0, passed * 2, False), None, 6, ""),
        (running.Outcome(0, 1.0, passed, False), None, 4, "3 tests passed; the files hold 4"),
        (running.Outcome(0, 1.0, "test result: ok. 0 passed; 0 failed; 9 filtered out\n", False), None, 3, "0 tests passed"),
        (running.Outcome(101, 1.0, passed, False), None, 3, "exit code 101"),
        (running.Outcome(-9, 1.0, passed, True), None, 3, "it was ended"),
    ]
    for outcome, wanted, tests, says in cases:
        said = running.judge(outcome, wanted, tests)
        if bool(said) != bool(says) or says not in said:
            return f"{outcome}: {said!r}"
    running.LEAST_SECONDS, running.PATIENCE = 1, 1
    outcome = running.run("sleep 60 & sleep 60", copy.root, dict(os.environ), 1, scratch / "log")
    return "" if outcome.ended and outcome.seconds < 30 else f"{outcome}"


CASES = {
    "a claim that holds is shown": a_claim_that_holds,
    "a report without a signature says so": no_signature,
    "a report with a signature can be verified": a_signed_report,
    "a command that fails stands at the top": a_command_that_fails,
    "a command that says nothing has failed": a_command_that_says_nothing,
    "a command that is missing shows nothing": a_command_that_is_missing,
    "a command that could not check everything shows nothing": a_command_that_could_not_check_everything,
    "a clone with changes is no commit": a_clone_with_changes,
    "a part of the claims is no whole report": a_part,
    "a claim without a signed result is not shown": no_result,
    "a result counts only as it was signed, for this commit": results_that_count_and_that_do_not,
    "a report is made without a network": the_network,
    "a report that was made with a network says so": the_network_that_is_kept,
    "too few tests and too much time are no pass": judgements,
}
