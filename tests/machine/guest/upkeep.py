"""Upgrades, relabelling, a new policy, removal."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

from installing import RUNNING_TYPES, TYPES, as_policy_says, dpkg, install, of_types
from lab import CLIENT, CONFIGURATION, JOB, RELAY_UNIT, SECRETS, Site, put
from running import same_process
from service import run, wait_until
from serving import domains, ready

PROGRAM = Path("/usr/bin/tunnel-client")
POLICY_SECONDS = 900.0
# All of the system takes ten minutes in an emulated machine.
RELABELLED = (
    *("/etc/systemd", "/etc/tunnel-client", "/etc/tunnel-relay", "/opt", "/run/tunnel-client", "/usr/bin", "/usr/lib/systemd/system"),
    *("/var/lib/tunnel-client", "/var/lib/tunnel-relay", "/var/log/tunnel-client"),
)


def next_version(number: int) -> Path:
    return next((JOB / f"next{number}").glob("*.deb"))


def is_new(pid: int) -> bool:
    """The process runs the program that is installed now."""
    running = Path(f"/proc/{pid}/exe").read_bytes()
    return hashlib.sha256(running).digest() == hashlib.sha256(PROGRAM.read_bytes()).digest()


def upgraded(site: Site) -> list[str]:
    """The running service becomes the new program; configuration and labels stay."""
    pid, text = CLIENT.pid, CONFIGURATION.read_text(encoding="utf-8")
    install(next_version(1))
    lines = wait_until("the new program runs", lambda: CLIENT.pid not in (0, pid) and is_new(CLIENT.pid))
    lines += [] if CONFIGURATION.read_text(encoding="utf-8") == text else ["the configuration was changed"]
    return lines + ready() + site.served("main") + site.served("npx") + domains(site)


def upgrade_refused(site: Site) -> list[str]:
    """The configuration does not load: the old process goes on, and the administrator reads why."""
    pid, text = CLIENT.pid, CONFIGURATION.read_text(encoding="utf-8")
    put(CONFIGURATION, text.replace('"config_version": 1', '"config_version": 1, "no_such": 1'), 0o640, "tunnel-client")
    try:
        said = install(next_version(2))
    finally:
        put(CONFIGURATION, text, 0o640, "tunnel-client")
    lines = [] if "still runs the old program" in said else ["its output does not say so"]
    lines += ["the process is of the new program"] if is_new(pid) else []
    lines += lines and said.splitlines()[-8:]
    lines += same_process(pid) + site.served("main") + site.served("python")
    run("systemctl", "restart", CLIENT.name)
    return lines + ([] if is_new(CLIENT.pid) else ["the new program does not run after a restart"]) + ready()


def relabelled(site: Site) -> list[str]:
    """`restorecon` over all that the product has: nothing changes, and sessions go on."""
    before = CLIENT.pid
    # fixfiles would do the same, and before it compile the policy once for each path.
    run("restorecon", "-F", "-R", *RELABELLED, seconds=POLICY_SECONDS)
    files = [path for path in (*TYPES, *RUNNING_TYPES) if os.path.lexists(path)]
    return of_types({**TYPES, **RUNNING_TYPES}) + as_policy_says(files) + same_process(before) + site.served("python")


def policy_installed_again(site: Site) -> list[str]:
    """Debian's package of the policy is installed once more, as an update is: the modules and their rules stay."""
    policy = next(Path("/var/cache").glob("selinux-policy-default_*.deb"))
    install(policy)
    modules = run("semodule", "-l").stdout.split()
    lines = [f"there is no module {name}" for name in ("tunnel_client", "tunnel_relay") if name not in modules]
    run("systemctl", "restart", CLIENT.name)
    return lines + ready() + site.served("node") + site.served("python") + domains(site) + of_types(TYPES)


def removed(_: Site) -> list[str]:
    """The services end; configuration, secrets and state stay."""
    dpkg("--remove", "tunnel-client", "tunnel-relay")
    lines = [f"{unit.name} runs" for unit in (CLIENT, RELAY_UNIT) if unit.state.startswith("active")]
    kept = (CONFIGURATION, SECRETS / "api-key", Path("/var/lib/tunnel-client"), Path("/var/lib/tunnel-relay/tunnels.json"))
    lines += [f"{path} is gone" for path in kept if not path.exists()]
    return lines + ([f"{PROGRAM} is left"] if PROGRAM.exists() else [])


def purged(_: Site) -> list[str]:
    """Nothing is left: no file, no user's data, no module, no label that the policy does not know."""
    named = run("dpkg-query", "-W", "-f", "${Package}\n", "tunnel-*", ok=False).stdout.split()
    dpkg("--purge", *named)
    places = ["/etc", "/usr", "/var", "/run", "/opt"]
    # What the administrator wrote: drop-ins and programs of servers. What others write by name: the journal, the cgroups.
    own = "/etc/systemd/system/tunnel-client*.d*"
    said = run("find", *places, "-xdev", "-regex", ".*/tunnel[-_][^/]*", "-not", "-path", own, "-not", "-path", "/opt/mcp/*").stdout
    lines = [f"{path} is left" for path in said.splitlines()]
    modules = run("semodule", "-l").stdout.split()
    lines += [f"module {name} is left" for name in modules if name.startswith("tunnel_")]
    lines += [f"package {name} is left" for name in run("dpkg-query", "-W", "tunnel-*", ok=False).stdout.splitlines()]
    # A label of a type that is gone reads as unlabeled_t.
    said = run("find", *places, "-xdev", "-context", "*:unlabeled_t:*", ok=False).stdout
    return lines + [f"{path} has no label any more" for path in said.splitlines()[:20]]
