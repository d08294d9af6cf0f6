"""What the domains of a linked policy may do, attributes resolved."""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path

import setools

DOMAINS = ("tunnel_client_t", "tunnel_client_broker_t", "tunnel_client_server_t", "tunnel_relay_t")


class Effective:
    """Rules of our domains, and rules of others about transitions into them. Every boolean counts as on."""

    def __init__(self, path: Path) -> None:
        self.policy = setools.SELinuxPolicy(str(path))
        sources = {name: self._names(name) for name in DOMAINS}
        self._allowed: dict[str, dict[tuple[str, str], set[str]]] = {name: defaultdict(set) for name in DOMAINS}
        self._always: dict[str, dict[tuple[str, str], set[str]]] = {name: defaultdict(set) for name in DOMAINS}
        self._conditional: dict[str, list[setools.policyrep.AVRule]] = {name: [] for name in DOMAINS}
        # (source, target) of process transitions into our domains, and (source, result) of automatic ones.
        self.entries: set[tuple[str, str]] = set()
        self.automatic: set[tuple[str, str]] = set()
        # (source, target): also where the source has no_new_privs.
        self.without_new_privileges: set[tuple[str, str]] = set()
        for rule in self.policy.terules():
            kind = str(rule.ruletype)
            if kind == "type_transition" and str(rule.tclass) == "process" and str(rule.default) in DOMAINS:
                self.automatic |= {(str(source), str(rule.default)) for source in rule.source.expand()}
            if kind != "allow":
                continue
            source, target = str(rule.source), str(rule.target)
            if str(rule.tclass) == "process" and {"transition", "dyntransition"} & {str(perm) for perm in rule.perms}:
                targets = {str(name) for name in rule.target.expand()} & set(DOMAINS)
                self.entries |= {(str(each), name) for each in rule.source.expand() for name in targets}
            if str(rule.tclass) == "process2" and "nnp_transition" in {str(perm) for perm in rule.perms}:
                targets = {str(name) for name in rule.target.expand()} & set(DOMAINS)
                self.without_new_privileges |= {(str(each), name) for each in rule.source.expand() for name in targets}
            for domain, names in sources.items():
                if source in names:
                    self._add(domain, rule, target)

    def _names(self, domain: str) -> set[str]:
        """The type, and every attribute that it has."""
        return {domain, *(str(attribute) for attribute in self.policy.lookup_type(domain).attributes())}

    def _add(self, domain: str, rule: setools.policyrep.AVRule, target: str) -> None:
        # A rule about `self` is expanded to the type itself only where it is written for the type.
        targets = {domain} if target == "self" else {str(name) for name in rule.target.expand()}
        conditional = is_conditional(rule)
        if conditional:
            self._conditional[domain].append(rule)
        for permission in rule.perms:
            key = (str(rule.tclass), str(permission))
            self._allowed[domain][key] |= targets
            if not conditional:
                self._always[domain][key] |= targets

    def targets(self, domain: str, object_class: str, permissions: tuple[str, ...]) -> set[str]:
        """Types on which the domain has one of these permissions."""
        allowed = self._allowed[domain]
        return set().union(*(allowed.get((object_class, permission), set()) for permission in permissions))

    def unconditional(self, domain: str, object_class: str, permission: str) -> set[str]:
        """Types that rules without a condition give."""
        return self._always[domain].get((object_class, permission), set())

    def permissions(self, domain: str, object_class: str) -> set[str]:
        return {permission for each, permission in self._allowed[domain] if each == object_class}

    def when(self, domain: str, object_class: str, permission: str, **booleans: bool) -> set[str]:
        """Types that conditional rules give with these booleans; the others are as the modules set them."""
        found: set[str] = set()
        for rule in self._conditional[domain]:
            if str(rule.tclass) == object_class and permission in rule.perms and rule.enabled(**booleans):
                found |= {str(name) for name in rule.target.expand()}
        return found


def is_conditional(rule: setools.policyrep.AVRule) -> bool:
    try:
        return bool(rule.conditional)
    except setools.exception.RuleNotConditional:
        return False
