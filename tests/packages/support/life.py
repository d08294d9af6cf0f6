"""A package's life: installed, updated, set back, removed, purged."""

from __future__ import annotations

import re
from functools import partial
from typing import Optional

from builds import NEW_LINE
from cases import Bench, Case, contains, holds, same
from expected import TABLES, expected
from formats import CONFIGURATION, FORMATS, Deb, Format, Rpm
from stand_in import LOG, asked, restarted, running, stand_in
from roots import Entry, Root, run

MODE_FILE = "/etc/tunnel-client/hardening-mode"
KEY = "/etc/tunnel-client/secrets/api-key"
UNIT, LAB = "tunnel-client.service", "tunnel-client@lab.service"


def cases() -> dict[str, Case]:
    found: dict[str, Case] = {}
    for form in FORMATS:
        for case in (
            files_are_as_intended,
            units_are_valid_and_disabled,
            mode_is_enforce_where_landlock_is_on,
            mode_is_best_effort_where_that_is_not_known,
            update_keeps_the_mode,
            update_replaces_an_unedited_configuration,
            update_keeps_an_edited_configuration,
            update_asks_nothing_when_the_packaged_configuration_did_not_change,
            update_restarts_what_runs_after_the_new_files_are_there,
            update_keeps_the_old_program_where_the_configuration_does_not_load,
            update_starts_nothing,
            downgrade_works,
            removal_stops_and_keeps_what_is_the_administrators,
        ):
            found[f"{form.name}: {case.__name__}"] = partial(case, form)
    found["rpm: verify_names_what_was_changed_and_nothing_else"] = verify_names_what_was_changed_and_nothing_else
    found["deb: purge_leaves_nothing_but_the_account"] = purge_leaves_nothing_but_the_account
    found["deb: installation_after_removal_keeps_everything"] = installation_after_removal_keeps_everything
    return found


def files_are_as_intended(form: Format, bench: Bench) -> None:
    lines = []
    for name in TABLES:
        with bench.root() as root:
            before = root.entries()
            form.install(root, form.package(bench.builds, name, bench.builds.current))
            found = {path: entry for path, entry in root.entries().items() if before.get(path) != entry}
            wanted = expected(name, form.name)
            for path in sorted(found.keys() | wanted.keys()):
                if found.get(path) != wanted.get(path) and not is_common(path, found.get(path)):
                    lines.append(f"{name}: {path}: {found.get(path)}, expected {wanted.get(path)}")
    holds("\n".join(["", *lines]), not lines)


def is_common(path: str, found: Optional[Entry]) -> bool:
    """Whether it is a plain directory of root's, in which packages put their own."""
    return found == Entry("d0755", "root:root") and "tunnel" not in path and "/etc/" not in path


def units_are_valid_and_disabled(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        for name in ("tunnel-client", "tunnel-relay"):
            form.install(root, form.package(bench.builds, name, bench.builds.current))
        units = [UNIT, LAB, "tunnel-relay.service"]
        said = run("systemd-analyze", f"--root={root.path}", "--man=no", "verify", *units)
        # Of the units of others it says more.
        holds(f"systemd-analyze verify: {said}", "tunnel-" not in said)
        for unit in (UNIT, "tunnel-relay.service"):
            said = root.run("systemctl", "--root=/", "is-enabled", unit, fails=True)
            same(unit, said.strip(), "disabled")
            root.run("systemctl", "--root=/", "preset", unit)
            said = root.run("systemctl", "--root=/", "is-enabled", unit, fails=True)
            same(f"{unit} after preset", said.strip(), "disabled")
        # The account cannot log in, and has no home in which the service could leave an .ssh or .forward.
        for user in ("tunnel-client", "tunnel-relay"):
            contains(user, root.run("getent", "passwd", user), ":/:/usr/sbin/nologin")


def mode_is_enforce_where_landlock_is_on(form: Format, bench: Bench) -> None:
    with bench.root(landlock=True) as root:
        form.install(root, form.package(bench.builds, "tunnel-client", bench.builds.current))
        same("mode", root.read(MODE_FILE), "enforce\n")
        check_as_installed(root)


def mode_is_best_effort_where_that_is_not_known(form: Format, bench: Bench) -> None:
    with bench.root(landlock=False) as root:
        form.install(root, form.package(bench.builds, "tunnel-client", bench.builds.current))
        same("mode", root.read(MODE_FILE), "best-effort\n")
        check_as_installed(root)


def check_as_installed(root: Root) -> None:
    """The configuration loads as the service would load it, and the mode is the one in the file."""
    root.write("/run/credentials/x/secret_api-key", "sk-0123456789", 0o400)
    root.run("chown", "-R", "tunnel-client", "/run/credentials/x")
    check = ["setpriv", "--reuid=tunnel-client", "--regid=tunnel-client", "--init-groups"]
    check += ["env", "CREDENTIALS_DIRECTORY=/run/credentials/x"]
    check += ["/usr/bin/tunnel-client", "config", "check", "--config", CONFIGURATION]
    root.run(*check)
    root.write(MODE_FILE, "no-such-mode\n")
    contains("another mode", root.run(*check, fails=True), "hardening.mode must be enforce, best-effort or off")


def update_keeps_the_mode(form: Format, bench: Bench) -> None:
    with bench.root(landlock=True) as root:
        installed(form, bench, root)
        root.write(MODE_FILE, "best-effort\n", 0o640)
        update(form, bench, root)
        same("mode", root.read(MODE_FILE), "best-effort\n")


def update_replaces_an_unedited_configuration(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        installed(form, bench, root)
        holds("the older configuration differs", NEW_LINE not in root.read(CONFIGURATION))
        update(form, bench, root)
        contains("the new configuration", root.read(CONFIGURATION), NEW_LINE)
        same("mode and owner", str(root.entries()[CONFIGURATION]), "0640 root:tunnel-client")
        holds("a copy is left", not root.exists(CONFIGURATION + form.new_suffix))


def update_keeps_an_edited_configuration(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        installed(form, bench, root)
        edited = edit(root)
        update(form, bench, root, keep=True)
        same("configuration", root.read(CONFIGURATION), edited)
        same("mode and owner", str(root.entries()[CONFIGURATION]), "0640 root:tunnel-client")
        contains("the new one beside it", root.read(CONFIGURATION + form.new_suffix), NEW_LINE)


def update_asks_nothing_when_the_packaged_configuration_did_not_change(form: Format, bench: Bench) -> None:
    """The administrator's changes, and what the first installation decided, are no reason for a question."""
    with bench.root() as root:
        package = form.package(bench.builds, "tunnel-client", bench.builds.current)
        form.install(root, package)
        edited = edit(root)
        if isinstance(form, Deb):
            said = form.install(root, package)
            holds(f"a question: {said}", "onfiguration file" not in said)
        else:
            run("rpm", "--root", str(root.path), "--dbpath", "/var/lib/rpm", "--reinstall", "--nodeps", str(package))
        same("configuration", root.read(CONFIGURATION), edited)
        holds("a copy is left", not root.exists(CONFIGURATION + form.new_suffix))


def update_restarts_what_runs_after_the_new_files_are_there(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        stand_in(root)
        installed(form, bench, root)
        copy_configuration(root, "lab")
        old = digest(root)
        running(root, UNIT, LAB)
        update(form, bench, root)
        new = digest(root)
        holds("the programs differ", old != new)
        same("restarted", restarted(root), [UNIT, LAB])
        same("programs at the checks and restarts", {found for found, _ in asked(root)}, {new})
        calls = [call for _, call in asked(root)]
        holds(f"units are loaded before: {calls}", index(calls, "daemon-reload") < index(calls, "reload tunnel-client"))
        holds(f"stopped: {calls}", not any(call.startswith("stop") for call in calls))
        same("relay", relay_restarted(form, bench, root), ["tunnel-relay.service"])


def relay_restarted(form: Format, bench: Bench, root: Root) -> list[str]:
    form.install(root, form.package(bench.builds, "tunnel-relay", bench.builds.older))
    running(root, "tunnel-relay.service")
    form.install(root, form.package(bench.builds, "tunnel-relay", bench.builds.current))
    return restarted(root)


def update_keeps_the_old_program_where_the_configuration_does_not_load(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        stand_in(root)
        installed(form, bench, root)
        copy_configuration(root, "lab")
        running(root, UNIT, LAB)
        edit(root, "no_such_setting: 1\n")
        said = update(form, bench, root, keep=True)
        same("restarted", restarted(root), [LAB])
        contains("message", said, "tunnel-client.service still runs the old program")
        contains("message", said, "systemctl restart tunnel-client.service")
        calls = [call for _, call in asked(root)]
        holds(f"stopped: {calls}", not any("stop" in call for call in calls))


def update_starts_nothing(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        stand_in(root)
        installed(form, bench, root)
        running(root)
        update(form, bench, root)
        same("restarted", restarted(root), [])
        calls = [call for _, call in asked(root)]
        holds(f"started or enabled: {calls}", not any(re.match("(--quiet )?(start|enable)", call) for call in calls))


def downgrade_works(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        stand_in(root)
        form.install(root, form.package(bench.builds, "tunnel-client", bench.builds.current))
        newer = digest(root)
        running(root, UNIT)
        said = form.downgrade(root, form.package(bench.builds, "tunnel-client", bench.builds.older))
        holds(f"another program: {said}", digest(root) != newer)
        same("restarted", restarted(root), [UNIT])
        same("mode", root.read(MODE_FILE), "enforce\n")


def removal_stops_and_keeps_what_is_the_administrators(form: Format, bench: Bench) -> None:
    with bench.root() as root:
        stand_in(root)
        installed(form, bench, root)
        edited = edit(root)
        root.write(KEY, "sk-0123456789", 0o600)
        root.write("/etc/tunnel-client/lab.yaml", "x", 0o640)
        root.write("/var/lib/tunnel-client/state", "x")
        running(root, UNIT, LAB)
        form.remove(root, "tunnel-client")
        stops = [call for _, call in log(root) if re.search(r"\b(stop|disable --now)\b", call)]
        holds(f"both are stopped: {stops}", UNIT in " ".join(stops) and "tunnel-client@*.service" in " ".join(stops))
        for path in (KEY, "/etc/tunnel-client/lab.yaml", "/var/lib/tunnel-client/state"):
            holds(f"{path} is gone", root.exists(path))
        kept = CONFIGURATION if isinstance(form, Deb) else CONFIGURATION + ".rpmsave"
        same(kept, root.read(kept), edited)
        for path in ("/usr/bin/tunnel-client", "/usr/lib/systemd/system/tunnel-client.service", "/usr/share/tunnel-client"):
            holds(f"{path} is left", not root.exists(path))


def verify_names_what_was_changed_and_nothing_else(bench: Bench) -> None:
    form = Rpm()
    with bench.root() as root:
        for name in ("tunnel-client", "tunnel-relay"):
            form.install(root, form.package(bench.builds, name, bench.builds.current))
        root.write(KEY, "sk-0123456789", 0o600)
        root.write(MODE_FILE, "best-effort\n", 0o640)
        verify = ["rpm", "--root", str(root.path), "--dbpath", "/var/lib/rpm", "--verify", "--nodeps", "tunnel-client", "tunnel-relay"]
        same("as installed", run(*verify), "")
        edit(root)
        (root.path / "usr/bin/tunnel-client").chmod(0o755)
        paths = [line.split()[-1] for line in run(*verify, fails=True).splitlines()]
        same("changed", sorted(paths), [CONFIGURATION, "/usr/bin/tunnel-client"])


def purge_leaves_nothing_but_the_account(bench: Bench) -> None:
    form = Deb()
    with bench.root() as root:
        stand_in(root)
        before = root.entries()
        for name in ("tunnel-client", "tunnel-relay"):
            form.install(root, form.package(bench.builds, name, bench.builds.current))
        edit(root)
        root.write(KEY, "sk-0123456789", 0o600)
        for path in (
            "/etc/tunnel-client/lab.yaml",
            "/etc/tunnel-client/secrets-lab/api-key",
            "/etc/tunnel-relay/keys",
            "/var/lib/tunnel-client/state",
            "/var/lib/tunnel-client-lab/state",
            "/var/lib/tunnel-relay/tunnels.json",
            "/var/log/tunnel-client/tunnel-client.log",
            "/etc/systemd/system/tunnel-client.service.d/proxy.conf",
            "/etc/systemd/system/multi-user.target.wants/tunnel-client@lab.service",
        ):
            root.write(path, "x")
        form.purge(root, "tunnel-client", "tunnel-relay")
        left = sorted(path for path, entry in root.entries().items() if before.get(path) != entry)
        same("left", [path for path in left if not path.startswith(("/run/", "/etc/.pwd"))], [])
        contains("account", root.run("getent", "passwd", "tunnel-client"), "nologin")


def installation_after_removal_keeps_everything(bench: Bench) -> None:
    form = Deb()
    with bench.root(landlock=False) as root:
        package = form.package(bench.builds, "tunnel-client", bench.builds.current)
        form.install(root, package)
        edited = edit(root)
        root.write(MODE_FILE, "enforce\n", 0o640)
        form.remove(root, "tunnel-client")
        form.install(root, package)
        same("configuration", root.read(CONFIGURATION), edited)
        same("mode", root.read(MODE_FILE), "enforce\n")
        same("owner", str(root.entries()[CONFIGURATION]), "0640 root:tunnel-client")


def installed(form: Format, bench: Bench, root: Root) -> None:
    form.install(root, form.package(bench.builds, "tunnel-client", bench.builds.older))


def update(form: Format, bench: Bench, root: Root, keep: bool = False) -> str:
    return form.install(root, form.package(bench.builds, "tunnel-client", bench.builds.current), keep=keep)


def edit(root: Root, line: str = "# changed by the administrator\n") -> str:
    """The configuration after one more line; mode and owner stay."""
    file = root.path / CONFIGURATION.lstrip("/")
    text = file.read_text(encoding="utf-8") + line
    file.write_text(text, encoding="utf-8")
    return text


def copy_configuration(root: Root, name: str) -> None:
    root.run("cp", "--preserve=mode,ownership", CONFIGURATION, f"/etc/tunnel-client/{name}.yaml")


def digest(root: Root) -> str:
    return root.run("sha256sum", "/usr/bin/tunnel-client")[:8]


def log(root: Root) -> list[tuple[str, str]]:
    return asked(root) if root.exists(LOG) else []


def index(calls: list[str], begin: str) -> int:
    found = [number for number, call in enumerate(calls) if call.startswith(begin)]
    holds(f"{begin} in {calls}", found)
    return found[0]
