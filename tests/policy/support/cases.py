"""The cases, in the order in which they depend on each other."""

from __future__ import annotations

from pathlib import Path
from typing import Callable

import bounds
from bounds import BROKER, CLIENT, SERVER
from effective import DOMAINS, Effective
from workspace import Broken, Spoil, Workspace

SSH = "ssh_port_t"
# Ports of services that an MCP server is not: a database, a directory, a container runtime would be next.
OTHERS_PORTS = {SSH, "smtp_port_t", "postgresql_port_t", "mysqld_port_t", "ldap_port_t", "redis_port_t"}


class Table:
    def __init__(self) -> None:
        self.passed, self.failed = 0, 0

    def case(self, name: str, act: Callable[[], list[str]]) -> bool:
        """Runs a case; each line that it returns is a fault."""
        try:
            faults = act()
        except Broken as error:
            faults = str(error).splitlines()[-8:]
        print(f"{'ok    ' if not faults else 'FAILED'}  {name}")
        for fault in faults:
            print(f"          {fault}")
        self.passed, self.failed = self.passed + (not faults), self.failed + bool(faults)
        return not faults


def run_cases(sources: Path, folder: Path, spoils: list[Spoil]) -> tuple[int, int]:
    table = Table()
    workspace = Workspace(sources, folder, spoils)
    linked: list[Path] = []

    def compiled() -> list[str]:
        workspace.compile()
        return []

    def compiled_for_fedora() -> list[str]:
        workspace.compile_with_names_of_fedora()
        return []

    def linking() -> list[str]:
        linked.append(workspace.link())
        return []

    if table.case("the modules compile", compiled):
        table.case("the modules compile with the names of Fedora's interfaces", compiled_for_fedora)
        table.case("selint has no finding", workspace.lint)
        if table.case("the modules link with Debian's policy, neverallow rules included", linking):
            check(table, Effective(linked[0]))
    return table.passed, table.failed


def check(table: Table, policy: Effective) -> None:
    for each in bounds.BOUNDS:
        table.case(f"{each.domain}: {each.reason}", lambda each=each: beyond(policy, each))
    for domain in DOMAINS:
        table.case(f"{domain}: no capability beyond its use", lambda domain=domain: capabilities(policy, domain))
        table.case(f"{domain}: no kind of socket beyond its use", lambda domain=domain: sockets(policy, domain))
        table.case(f"{domain}: nobody else enters it", lambda domain=domain: entries(policy, domain))
    table.case(
        "booleans as shipped: client and servers connect to no port of another service", lambda: ports(policy, {})
    )
    table.case("booleans of any port: client and servers connect everywhere", lambda: every_port(policy))
    table.case("tunnel_client_stdio_servers off: the client cannot start the broker", lambda: no_servers(policy))


def extra(found: set[str], wanted: set[str] | frozenset[str]) -> list[str]:
    return [f"also {name}" for name in sorted(found - wanted)]


def beyond(policy: Effective, each: bounds.Bound) -> list[str]:
    found = policy.targets(each.domain, each.object_class, each.permissions)
    return [f"{line} ({each.object_class}: {' '.join(each.permissions)})" for line in extra(found, each.types)]


def capabilities(policy: Effective, domain: str) -> list[str]:
    kinds = ("capability", "capability2", "cap_userns", "cap2_userns")
    found = set().union(*(policy.permissions(domain, kind) for kind in kinds))
    return extra(found, bounds.CAPABILITIES[domain])


def sockets(policy: Effective, domain: str) -> list[str]:
    classes = {str(each) for each in policy.policy.classes() if str(each).endswith("socket")}
    found = {each for each in classes if domain in policy.targets(domain, each, ("create",))}
    return extra(found, bounds.SOCKETS[domain])


def entries(policy: Effective, domain: str) -> list[str]:
    found = {source for source, target in policy.entries if target == domain}
    automatic = {source for source, target in policy.automatic if target == domain}
    restricted = {source for source, target in policy.without_new_privileges if target == domain}
    lines = [f"{line} may enter" for line in extra(found, bounds.ENTRIES[domain])]
    lines += [f"{line} may enter with no_new_privs" for line in extra(restricted, bounds.WITHOUT_NEW_PRIVILEGES[domain])]
    return lines + [f"{line} enters automatically" for line in extra(automatic, bounds.AUTOMATIC[domain])]


def ports(policy: Effective, booleans: dict[str, bool]) -> list[str]:
    faults = []
    for domain in (CLIENT, SERVER):
        found = policy.when(domain, "tcp_socket", "name_connect", **booleans)
        faults += [f"{domain} connects to {name}" for name in sorted(found & OTHERS_PORTS)]
    return faults


def every_port(policy: Effective) -> list[str]:
    """The case before would pass as well if rules with conditions were not found."""
    booleans = {"tunnel_client_connect_any": True, "tunnel_client_server_connect_any": True}
    found = ports(policy, booleans)
    return [] if len(found) == 2 * len(OTHERS_PORTS) else [f"only: {line}" for line in found]


def no_servers(policy: Effective) -> list[str]:
    off, on = ({"tunnel_client_stdio_servers": value} for value in (False, True))
    faults = []
    anyway = policy.unconditional(CLIENT, "process", "transition")
    if BROKER in anyway | policy.when(CLIENT, "process", "transition", **off):
        faults.append("the transition is allowed")
    if BROKER not in policy.when(CLIENT, "process", "transition", **on):
        faults.append("the transition is refused also when it is on")
    return faults
