"""The packages, as the package manager of the running system installs them."""

from __future__ import annotations

import os
from pathlib import Path

from service import CommandFailed, run, run_on_terminal
from lab import JOB

# Packages install a SELinux module, which takes half a minute in an emulated machine.
INSTALL_SECONDS = 900.0
SERVICES = ("tunnel-client", "tunnel-relay")
# The main files and their intended types. All others have the type that the policy says for their paths.
TYPES = {
    "/usr/bin/tunnel-client": "tunnel_client_exec_t",
    "/usr/bin/tunnel-relay": "tunnel_relay_exec_t",
    "/etc/tunnel-client": "tunnel_client_conf_t",
    "/etc/tunnel-client/tunnel-client.yaml": "tunnel_client_conf_t",
    "/etc/tunnel-client/secrets": "tunnel_client_secret_t",
    "/etc/tunnel-relay": "tunnel_relay_conf_t",
    "/usr/lib/systemd/system/tunnel-client.service": "tunnel_client_unit_t",
    "/usr/lib/systemd/system/tunnel-client@.service": "tunnel_client_unit_t",
    "/usr/lib/systemd/system/tunnel-relay.service": "tunnel_relay_unit_t",
}
RUNNING_TYPES = {
    "/run/tunnel-client": "tunnel_client_runtime_t",
    "/var/lib/tunnel-client": "tunnel_client_var_lib_t",
    "/var/log/tunnel-client": "tunnel_client_log_t",
    "/var/lib/tunnel-relay": "tunnel_relay_var_lib_t",
}


def dpkg(*arguments: str) -> str:
    """Output of dpkg, which has to succeed."""
    code, said = run_on_terminal("dpkg", "--force-confold", *arguments, seconds=INSTALL_SECONDS)
    if code != 0:
        raise CommandFailed(f"dpkg {arguments[0]} ended with code {code}: {said.strip()[-800:]}")
    return said


def install(*packages: Path) -> str:
    return dpkg("--install", *map(str, packages))


def all_installed() -> list[str]:
    install(*sorted((JOB / "packages").glob("*.deb")))
    return off_until_started()


def names_installed() -> list[str]:
    """Names of the installed packages of the product."""
    listed = run("dpkg-query", "-W", "-f", "${Package} ${db:Status-Abbrev}\n", "tunnel-*", ok=False).stdout
    return [line.split()[0] for line in listed.splitlines() if line.split()[1:] == ["ii"]]


def off_until_started() -> list[str]:
    lines = []
    for name in SERVICES:
        enabled = run("systemctl", "is-enabled", name, ok=False).stdout.strip()
        active = run("systemctl", "is-active", name, ok=False).stdout.strip()
        if (enabled, active) != ("disabled", "inactive"):
            lines.append(f"{name} is {enabled} and {active}")
    modules = run("semodule", "-l").stdout.split()
    return lines + [f"there is no module {name}" for name in ("tunnel_client", "tunnel_relay") if name not in modules]


def labelled() -> list[str]:
    """Installed files: the package manager's list against the policy's."""
    lines = of_types(TYPES)
    files = [each for name in names_installed() for each in run("dpkg", "-L", name).stdout.splitlines()]
    own = sorted({each for each in files if "tunnel" in each and os.path.lexists(each)})
    lines += [] if len(own) > 20 else [f"only {len(own)} files are installed"]
    return lines + as_policy_says(own)


def label_of(path: str) -> str:
    """The type of a file."""
    try:
        return os.getxattr(path, "security.selinux", follow_symlinks=False).decode().strip("\0").split(":")[2]
    except OSError as error:
        return error.strerror or "unknown"


def of_types(wanted: dict[str, str]) -> list[str]:
    found = {path: label_of(path) for path in wanted}
    return [f"{path} is {found[path]} and not {wanted[path]}" for path in wanted if found[path] != wanted[path]]


def as_policy_says(paths: list[str]) -> list[str]:
    """`restorecon` would change nothing, and `matchpathcon` agrees."""
    lines = run("restorecon", "-nvr", *paths, ok=False).stdout.splitlines()
    said = run("matchpathcon", "-V", *paths, ok=False).stdout.splitlines()
    return lines + [line for line in said if not line.endswith("verified.")]
