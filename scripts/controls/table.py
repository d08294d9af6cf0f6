"""The readable table, for people who do not read OSCAL."""

from __future__ import annotations

from names import Names
from source import MECHANISMS, STATUSES, Source, Statement

LONGEST_VALUE = 80

HEAD = """<!-- Made by scripts/controls/main.py --write from audit/oscal/controls; do not edit. -->

# Controls

How `tunnel-client` and `tunnel-relay` answer the controls that touch such a service: for each control its status, the mechanism,
the setting with its default, and the test or the step of `./check` that fails when it no longer holds.
[component-definition.json](component-definition.json) says the same in OSCAL (NIST), for import into a system security plan.

- `./check --only controls` refuses a name of a setting, test or step that does not exist, an unknown control id, a claim without a
  proof, a stale generated file, and a document that does not fit the published schema (`schema/`).
- Change the files in `controls/`, then run `scripts/controls/main.py --write`. A new control id also needs a line in `catalogues/`.
  Look it up in the publication first; never guess one.
- A test is `FILE::FUNCTION`; `cargo test FUNCTION` runs it. A step is run by `./check --only STEP`.
- The statements are about the two programs and their packages as built from this repository. Controls of an organization
  (policies, reviews, training), of people who log in, and of the host alone are left out, or named as inherited where a reader
  would expect them.
- `implemented` is about the mechanism. Rules that are off by default (`lockdown`) have to be switched on; the column *set by* gives
  the default.

| status | meaning |
|---|---|
| implemented | the named mechanism answers the control for this component, and the named test or step proves it |
| partial | a part holds; the text in *italics* says what does not |
| planned | nothing holds yet, and work on it is planned; the text says what is missing |
| not-met | the control is not met, and nothing is planned; the text says why |
| inherited | the host, the cluster or the organization answers it; the text says which part |
| not-applicable | the component has nothing that the control is about; the text says why |
"""

TAIL = """
## Where the ids and the schema come from

The head of each file in `catalogues/` says where its ids were looked up. `schema/oscal_component_schema.json` is the JSON schema of
OSCAL 1.2.3 as NIST released it. `./check --only controls-sources` compares what can be compared with packages of PyPI at pinned
versions: the ids and titles of the base controls of NIST SP 800-53, and the bytes of the schema. It also has compliance-trestle, a
second implementation, load the document; that is why the document says 1.2.1, the newest release that it reads. The schema and the
catalogue of NIST are works of the United States government and in the public domain. Of the benchmarks of CIS only numbers and short
descriptions of ours appear.
"""


def readme(source: Source, names: Names) -> str:
    """The whole page."""
    parts = [HEAD, _summary(source)]
    for catalogue in source.catalogues.values():
        parts.append(f"\n## {catalogue.title}\n\n{catalogue.description} Version {catalogue.version}.\n")
        for component in source.components.values():
            statements = source.of(component.name, catalogue.name)
            if statements:
                parts.append(f"\n### {component.title}: {catalogue.title}\n\n")
                parts.append("| control | status | answer | set by | proved by |\n|---|---|---|---|---|\n")
                parts += [_row(catalogue.titles[each.control], each, names) for each in statements]
    return "".join(parts) + TAIL


def _summary(source: Source) -> str:
    lines = ["", f"| catalogue | {' | '.join(STATUSES)} |", f"|---|{'---|' * len(STATUSES)}"]
    for catalogue in source.catalogues.values():
        mine = [each.status for each in source.statements if each.catalogue == catalogue.name]
        lines.append(f"| {catalogue.title} | {' | '.join(str(mine.count(status)) for status in STATUSES)} |")
    return "\n".join(lines) + "\n"


def _row(title: str, statement: Statement, names: Names) -> str:
    answer = statement.text
    if statement.gap:
        answer = f"{answer} *{statement.gap}*".strip()
    cells = [
        f"{_shown(statement)} {title}",
        statement.status,
        answer,
        "<br>".join(_mechanisms(statement, names)),
        "<br>".join(_proofs(statement)),
    ]
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |\n"


def _shown(statement: Statement) -> str:
    """Ids of NIST as people write them: AC-6(10)."""
    if statement.catalogue != "nist-sp-800-53":
        return f"**{statement.control}**"
    base, _, enhancement = statement.control.upper().partition(".")
    return f"**{base}({enhancement})**" if enhancement else f"**{base}**"


def _mechanisms(statement: Statement, names: Names) -> list[str]:
    shown = []
    for kind in MECHANISMS:
        for name in statement.mechanisms[kind]:
            value = names.value_of(kind, name) or ""
            # The document has it in full.
            value = value if len(value) <= LONGEST_VALUE else f"{value[:LONGEST_VALUE]}…"
            shown.append(f"`{name}` ({value})" if value else f"`{name}`")
    if statement.fixed:
        shown.append(f"not configurable: {statement.fixed}")
    return shown


def _proofs(statement: Statement) -> list[str]:
    return [f"`{name}`" for name in statement.proofs["tests"]] + [
        f"step `{name}`" for name in statement.proofs["checks"]
    ]


def _cell(text: str) -> str:
    return text.replace("|", "\\|")
