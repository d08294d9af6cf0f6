"""The cases. Each plants one fault in a copy of its own."""

from __future__ import annotations

import shutil
from collections.abc import Callable

from site_copy import Site, Wrong, toml

Case = Callable[[Site], None]
# A crate that both programs link.
LINKED = "memchr"
NOT_CHECKED = "NOT CHECKED: advisories: "


def unchanged_repository_passes(site: Site) -> None:
    site.advisory("no-such-crate")
    site.repository(site.database)
    site.deny("--db", str(site.database), code=0, says="advisories (1 of commit", never="NOT CHECKED")


def licence_of_the_appliance(site: Site) -> None:
    crate = site.plant("planted", "1.0.0", "GPL-3.0-only")
    site.depend("Cargo.toml", f"planted = {{ version = '1', path = {toml(crate)} }}")
    site.deny(code=1, says="rejected: planted 1.0.0")


def licence_of_a_test(site: Site) -> None:
    crate = site.plant("planted", "1.0.0", "GPL-3.0-only")
    site.depend("relay/Cargo.toml", f"planted = {{ version = '1', path = {toml(crate)} }}", "dev-dependencies")
    site.deny(code=1, says="rejected: planted 1.0.0")


def licence_that_is_half_allowed(site: Site) -> None:
    crate = site.plant("planted", "1.0.0", "MIT AND OpenSSL")
    site.depend("Cargo.toml", f"planted = {{ version = '1', path = {toml(crate)} }}")
    site.deny(code=1, says="rejected: planted 1.0.0")


def licence_that_nothing_has(site: Site) -> None:
    site.edit("deny.toml", r'^    "MIT",$', '    "MIT",\n    "CC0-1.0",')
    site.deny(code=1, says="CC0-1.0")


def crate_without_a_licence(site: Site) -> None:
    crate = site.plant("planted", "1.0.0", "")
    site.depend("Cargo.toml", f"planted = {{ version = '1', path = {toml(crate)} }}")
    site.deny(code=1, says="planted 1.0.0")


def git_source(site: Site) -> None:
    crate = site.repository(site.plant("planted", "1.0.0", "MIT"))
    site.depend("Cargo.toml", f"planted = {{ version = '1', git = {toml(f'file://{crate}')} }}", offline=False)
    site.deny(code=1, says="source-not-allowed")


def banned_crate(site: Site) -> None:
    crate = site.plant("openssl", "0.10.99", "Apache-2.0")
    site.depend("Cargo.toml", f"openssl = {{ version = '0.10', path = {toml(crate)} }}")
    site.deny(code=1, says="banned: openssl 0.10.99")


def second_version_of_a_crate(site: Site) -> None:
    crate = site.plant(LINKED, "1.0.0", "MIT")
    site.depend("Cargo.toml", f"second = {{ package = '{LINKED}', version = '1', path = {toml(crate)} }}")
    site.deny(code=1, says=f"duplicate: {LINKED} ")


def exception_for_a_second_version_that_is_gone(site: Site) -> None:
    site.edit("deny.toml", r"^skip = \[$", 'skip = [\n    { crate = "memchr@1", reason = "planted" },')
    site.deny(code=1, says="memchr")


def any_version_of_a_crate(site: Site) -> None:
    site.edit("Cargo.toml", rf'^{LINKED} = ".*"$', f'{LINKED} = "*"')
    site.deny(code=1, says="wildcard: tunnel-client")


def advisory_against_a_linked_crate(site: Site) -> None:
    site.advisory(LINKED)
    site.repository(site.database)
    site.deny("--db", str(site.database), code=1, says=f"vulnerability: {LINKED}")


def advisory_from_the_environment(site: Site) -> None:
    site.advisory(LINKED)
    site.repository(site.database)
    output = site.run(["scripts/deny"], 1, ADVISORY_DB=str(site.database)).output
    if f"vulnerability: {LINKED}" not in output:
        raise Wrong(output)


def advisory_in_a_bundle(site: Site) -> None:
    site.advisory(LINKED)
    site.repository(site.database)
    bundle = site.folder / "advisory-db.bundle"
    site.run(["git", "-C", str(site.database), "bundle", "create", "--quiet", str(bundle), "HEAD"])
    site.deny("--db", str(bundle), code=1, says=f"vulnerability: {LINKED}")


def unmaintained_crate(site: Site) -> None:
    site.advisory(LINKED, informational="unmaintained")
    site.repository(site.database)
    site.deny("--db", str(site.database), code=1, says=f"unmaintained: {LINKED}")


def advisory_that_is_solved(site: Site) -> None:
    site.advisory(LINKED, patched='">= 2.0.0"')
    site.repository(site.database)
    site.deny("--db", str(site.database), code=0, says="advisories (1 of commit")


def advisory_that_a_changed_checkout_hides(site: Site) -> None:
    site.advisory(LINKED)
    site.advisory("no-such-crate")
    site.repository(site.database)
    for file in site.database.glob(f"crates/{LINKED}/*.md"):
        file.unlink()
    site.deny("--db", str(site.database), code=1, says=f"vulnerability: {LINKED}")


def ignored_advisory_that_is_gone(site: Site) -> None:
    site.advisory("no-such-crate")
    site.repository(site.database)
    site.edit("deny.toml", r"^ignore = \[\]$", 'ignore = ["RUSTSEC-2001-0001"]')
    site.deny("--db", str(site.database), code=1, says="RUSTSEC-2001-0001")


def absent_database_is_said(site: Site) -> None:
    site.deny(code=3, says=f"{NOT_CHECKED}there is no database", never="advisories (")
    site.deny("--db", str(site.folder / "none"), code=3, says=f"{NOT_CHECKED}{site.folder / 'none'} does not exist", never="advisories (")


def empty_database_is_said(site: Site) -> None:
    site.database.mkdir()
    (site.database / "README.md").touch()
    site.deny("--db", str(site.database), code=3, says=f"{NOT_CHECKED}git cannot read the database")
    site.repository(site.database)
    site.deny("--db", str(site.database), code=3, says=f"{NOT_CHECKED}{site.database} holds no advisory")


def stale_database_is_said(site: Site) -> None:
    """Its files are new: they were copied today."""
    site.advisory("no-such-crate")
    site.repository(site.database, days_ago=40)
    site.deny("--db", str(site.database), code=3, says=f"{NOT_CHECKED}the database is stale: its newest commit is of ")
    site.deny("--db", str(site.database), "--max-age", "50", code=0, says="advisories (1 of commit")


def stale_database_still_proves_what_it_finds(site: Site) -> None:
    site.advisory(LINKED)
    site.repository(site.database, days_ago=40)
    site.deny("--db", str(site.database), code=1, says=f"vulnerability: {LINKED}")


def database_from_the_future_is_said(site: Site) -> None:
    site.advisory("no-such-crate")
    site.repository(site.database, days_ago=-3)
    site.deny("--db", str(site.database), code=3, says="which is in the future")


def yanked_version(site: Site) -> None:
    site.yank(LINKED)
    site.deny(code=1, says=f"yanked: {LINKED}")


def absent_index_is_said(site: Site) -> None:
    site.vendor()
    site.deny(code=3, says="NOT CHECKED: yanked versions: ")


def lock_file_of_fuzz(site: Site) -> None:
    fuzz = site.root / "fuzz"
    if fuzz.exists():
        # Its own targets are of no use here.
        shutil.rmtree(fuzz)
    crate = site.plant("planted", "1.0.0", "GPL-3.0-only")
    (fuzz / "src").mkdir(parents=True, exist_ok=True)
    (fuzz / "src" / "lib.rs").touch()
    (fuzz / "Cargo.toml").write_text(
        '[package]\nname = "planted-fuzz"\nversion = "0.0.0"\nedition = "2021"\nlicense = "MIT"\npublish = false\nautobins = false\n'
        f"[workspace]\n[dependencies]\nplanted = {{ version = '1', path = {toml(crate)} }}\n",
        encoding="utf-8",
    )
    site.run(["cargo", "metadata", "--quiet", "--format-version", "1", "--manifest-path", "fuzz/Cargo.toml", "--offline"])
    # MIT-0 is in the list for a test of the relay.
    site.deny(code=1, says="fuzz/Cargo.toml: rejected: planted 1.0.0", never="license-not-encountered")


def step_of_the_check_fails_for_a_database_that_it_cannot_use(site: Site) -> None:
    # The step reads these workspaces, too. Elsewhere their lock files would have to follow each plant.
    site.take("proofs", "fuzz")
    script = ["scripts/check-dependencies"]
    output = site.run(script, 1, ADVISORY_DB=str(site.folder / "none")).output
    if "ADVISORY_DB is set" not in output:
        raise Wrong(output)


CASES: list[Case] = [
    unchanged_repository_passes,
    licence_of_the_appliance,
    licence_of_a_test,
    licence_that_is_half_allowed,
    licence_that_nothing_has,
    crate_without_a_licence,
    git_source,
    banned_crate,
    second_version_of_a_crate,
    exception_for_a_second_version_that_is_gone,
    any_version_of_a_crate,
    advisory_against_a_linked_crate,
    advisory_from_the_environment,
    advisory_in_a_bundle,
    unmaintained_crate,
    advisory_that_is_solved,
    advisory_that_a_changed_checkout_hides,
    ignored_advisory_that_is_gone,
    absent_database_is_said,
    empty_database_is_said,
    stale_database_is_said,
    stale_database_still_proves_what_it_finds,
    database_from_the_future_is_said,
    yanked_version,
    absent_index_is_said,
    lock_file_of_fuzz,
    step_of_the_check_fails_for_a_database_that_it_cannot_use,
]
