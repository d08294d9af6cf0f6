"""The cases about the record of crates, audit/crates.md, and about how unsafe code is counted."""

from __future__ import annotations

import sys
from pathlib import Path

from cases import LINKED, Case
from site_copy import ROOT, Site, Wrong, toml

sys.path[:0] = [str(ROOT / "scripts" / "support")]

from rust_cfg import Build  # noqa: E402
from rust_source import Count, count  # noqa: E402

READINGS = "audit/crates-read.md"
TARGET = frozenset({"unix", 'target_os="linux"', 'target_arch="x86_64"', 'target_env="musl"'})

ROOT_MODULE = """//! unsafe { }
#[cfg(windows)]
mod left_out;
#[cfg_attr(target_os = "linux", path = "linux_one.rs")]
#[cfg_attr(target_os = "macos", path = "left_out.rs")]
mod system;
mod outer { mod inner; }
#[cfg(feature = "on")]
mod featured;
macro_rules! cfg_off { ($($i:item)*) => { $( #[cfg(feature = "off")] $i )* } }
cfg_off! { mod left_out; fn f() { unsafe { g() } } }
cfg_if! { if #[cfg(any(windows, /* , */ target_os = "macos",))] { mod left_out; } else if #[cfg(unix)] { mod chosen; } }
fn text<'a>(a: &'a str) -> char { let _ = "unsafe {"; let _ = r#"unsafe { " "#; /* unsafe { /* nested */ } */ '{' }
#[cfg(unheard_of)]
fn unknown() { unsafe { f() } }
#[test]
fn tested() { unsafe { f() } }
#[cfg(test)]
mod tests { fn f<A, B>() { unsafe { g() } } }
struct Pointers { f: unsafe fn(u8), g: unsafe extern "C" fn(u8) }
unsafe impl Send for S {}
unsafe fn two_lines() {
    f() }
"""


def unchanged_record_is_fresh(site: Site) -> None:
    site.run(["scripts/crates", "--check"])


def crate_without_a_row(site: Site) -> None:
    site.edit(READINGS, rf"^\| `{LINKED}` .*\n", "")
    complains(site, f"{LINKED} ", "is linked and has no row")


def row_of_another_version(site: Site) -> None:
    site.edit(READINGS, rf"^\| `{LINKED}` \S+", f"| `{LINKED}` 0.0.1")
    complains(site, f"{LINKED} 0.0.1 is not linked")


def new_crate_in_the_appliance(site: Site) -> None:
    crate = site.plant("planted", "1.0.0", "MIT")
    site.depend("Cargo.toml", f"planted = {{ version = '1', path = {toml(crate)} }}")
    complains(site, "planted 1.0.0 is linked and has no row")


def reading_without_a_finding(site: Site) -> None:
    site.edit(READINGS, r"^\| `caps` (\S+) \| unsafe \| .* \|$", r"| `caps` \1 | unsafe | |")
    complains(site, "caps ", "does not say what was found")


def changed_record(site: Site) -> None:
    site.edit("audit/crates.md", rf"^(\| `{LINKED}` \S+ \|) \d+ \|", r"\1 1 |")
    complains(site, "audit/crates.md is stale")


def changed_checksum(site: Site) -> None:
    """As if the registry had another crate under the same version."""
    site.edit("audit/crates.md", rf"^(\| `{LINKED}` .*) `[0-9a-f]{{64}}` \|$", rf"\1 `{'0' * 64}` |")
    complains(site, "audit/crates.md is stale")


def only_compiled_unsafe_code_counts(site: Site) -> None:
    folder = site.folder / "counted"
    files = {
        "lib.rs": ROOT_MODULE,
        "left_out.rs": "fn f() { unsafe { g() } }\n",
        "linux_one.rs": "fn f() {\n    unsafe {\n        g()\n    }\n}\n",
        "outer/inner.rs": "fn f() { unsafe { g() } }\n",
        "featured/mod.rs": "mod below;\n",
        "featured/below.rs": "unsafe extern \"C\" fn f() {}\n",
        "chosen.rs": "fn f() { unsafe { g() } }\n",
    }
    for name, text in files.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text, encoding="utf-8")
    known = count(folder / "lib.rs", Build(TARGET, frozenset({"on"}), frozenset()))
    same(known, "blocks, functions, impls, unsafe lines", (3, 2, 1, 9))
    same_files(known, folder, {"lib.rs", "linux_one.rs", "outer/inner.rs", "featured/mod.rs", "featured/below.rs", "chosen.rs"})
    # A build script may set any name: what depends on one counts.
    unknown = count(folder / "lib.rs", Build(TARGET, frozenset(), None))
    same(unknown, "the same without the feature, with a build script", (4, 1, 1, 9))


def same(found: Count, what: str, wanted: tuple[int, int, int, int]) -> None:
    figures = (found.blocks, found.functions, found.impls, found.unsafe_lines)
    if figures != wanted:
        raise Wrong(f"{what}: {figures}, not {wanted}")


def same_files(found: Count, folder: Path, wanted: set[str]) -> None:
    names = {str(file.relative_to(folder.resolve())) for file in (each.resolve() for each in found.files)}
    if names != wanted:
        raise Wrong(f"files: {sorted(names)}, not {sorted(wanted)}")


def complains(site: Site, *words: str) -> None:
    output = site.run(["scripts/crates", "--check"], 1).output
    for word in words:
        if word not in output:
            raise Wrong(f"scripts/crates does not say {word!r}:\n{output}")


RECORD_CASES: list[Case] = [
    unchanged_record_is_fresh,
    crate_without_a_row,
    row_of_another_version,
    new_crate_in_the_appliance,
    reading_without_a_finding,
    changed_record,
    changed_checksum,
    only_compiled_unsafe_code_counts,
]
