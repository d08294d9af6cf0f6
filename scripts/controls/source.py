"""The source: what audit/oscal/controls and audit/oscal/catalogues say, with the mistakes in their form."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

try:
    import tomllib
except ModuleNotFoundError:  # Python before 3.11: the copy that pip brings
    from pip._vendor import tomli as tomllib

STATUSES = ("implemented", "partial", "planned", "not-met", "inherited", "not-applicable")
# Name of the list in the source, and what the document and the table call an entry of it.
MECHANISMS = {
    "settings": "setting",
    "relay_options": "relay-option",
    "unit": "unit-directive",
    "booleans": "selinux-boolean",
    "files": "file",
}
PROOFS = {"tests": "test", "checks": "check-step"}
_TEXTS = {"id", "component", "status", "text", "gap", "fixed"}


class SourceError(Exception):
    """Mistakes in the form of the source."""

    def __init__(self, mistakes: list[str]) -> None:
        super().__init__("\n".join(mistakes))
        self.mistakes = mistakes


@dataclass(frozen=True)
class Component:
    """A part of the product that answers controls."""

    name: str
    type: str
    title: str
    description: str
    purpose: str


@dataclass(frozen=True)
class Catalogue:
    """A list of controls that others publish, as far as it is used here."""

    name: str
    title: str
    version: str
    link: str
    description: str
    prefix: str
    answer_every_id: bool
    titles: dict[str, str]


@dataclass(frozen=True)
class Statement:
    """How one component answers one control."""

    where: str
    catalogue: str
    control: str
    component: str
    status: str
    text: str
    gap: str
    fixed: str
    mechanisms: dict[str, list[str]]
    proofs: dict[str, list[str]]

    def has_mechanism(self) -> bool:
        return bool(self.fixed) or any(self.mechanisms.values())

    def has_proof(self) -> bool:
        return any(self.proofs.values())


@dataclass
class Source:
    """Everything that the generated files are made from."""

    version: str
    revised: str
    components: dict[str, Component]
    catalogues: dict[str, Catalogue]
    statements: list[Statement] = field(default_factory=list)

    def of(self, component: str, catalogue: str) -> list[Statement]:
        return [each for each in self.statements if (each.component, each.catalogue) == (component, catalogue)]

    def count_by_status(self) -> dict[str, int]:
        counts = Counter(each.status for each in self.statements)
        return {status: counts[status] for status in STATUSES if counts[status]}


def load(root: Path, folder: Path) -> Source:
    """Reads the source below `root`. Raises SourceError with every mistake of its form."""
    found: list[str] = []
    about = _read(root, folder / "controls/about.toml", found)
    version = _read(root, Path("Cargo.toml"), found).get("workspace", {}).get("package", {}).get("version", "")
    if found:
        raise SourceError(found)
    components = {name: Component(name=name, **entry) for name, entry in about["component"].items()}
    catalogues = {
        name: Catalogue(name=name, titles=_titles(root, folder / f"catalogues/{name}.tsv", found), **entry)
        for name, entry in about["catalogue"].items()
    }
    source = Source(version, about["revised"], components, catalogues)
    for name in catalogues:
        path = folder / f"controls/{name}.toml"
        for entry in _read(root, path, found).get("control", []):
            source.statements.append(_statement(path, name, entry, found))
    if found:
        raise SourceError(found)
    return source


def _read(root: Path, path: Path, found: list[str]) -> dict:
    try:
        return tomllib.loads((root / path).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        found.append(f"{path}: cannot be read: {error}")
        return {}


def _titles(root: Path, path: Path, found: list[str]) -> dict[str, str]:
    """Lines of an id, a tab and a title; lines that begin with # say where the ids come from."""
    titles = {}
    try:
        lines = (root / path).read_text(encoding="utf-8").splitlines()
    except OSError as error:
        found.append(f"{path}: cannot be read: {error}")
        return titles
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line:
            continue
        identifier, tab, title = line.partition("\t")
        if not (identifier and tab and title.strip()) or identifier in titles:
            found.append(f"{path}:{number}: expected an id that is not there yet, a tab and a title")
        titles[identifier] = title
    return titles


def _statement(path: Path, catalogue: str, entry: dict, found: list[str]) -> Statement:
    identifier = str(entry.get("id", "?"))
    where = f"{path}: {identifier}"
    for key, value in entry.items():
        if key in _TEXTS:
            if not isinstance(value, str) or not value.strip():
                found.append(f"{where}: {key}: expected a text")
        elif key in MECHANISMS or key in PROOFS:
            if not isinstance(value, list) or not all(isinstance(each, str) and each for each in value):
                found.append(f"{where}: {key}: expected a list of names")
        else:
            found.append(f"{where}: {key}: unknown key")
    texts = {key: " ".join(str(entry.get(key, "")).split()) for key in _TEXTS}
    return Statement(
        where=where,
        catalogue=catalogue,
        control=identifier,
        component=texts["component"] or "tunnel-client",
        status=texts["status"],
        text=texts["text"],
        gap=texts["gap"],
        fixed=texts["fixed"],
        mechanisms={key: entry.get(key, []) for key in MECHANISMS},
        proofs={key: entry.get(key, []) for key in PROOFS},
    )
