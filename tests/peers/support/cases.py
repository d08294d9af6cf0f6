"""The cases of a run: who talks to whom, and what has to be the same directly and through the tunnel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import plans
from conformance import CHECKS, Verdict, compare, run_suite
from forwarder import Forwarder
from peers import (
    PYTHON_PROBING,
    PYTHON_SESSIONS,
    PYTHON_STATELESS,
    TYPESCRIPT_OLDER,
    TYPESCRIPT_PROBING,
    TYPESCRIPT_SESSIONS,
    Peers,
    Sdk,
    Target,
    over_http,
    over_stdio,
)
from transcripts import count_steps, differences, normalised
from tunnel import Relay, Tunnel

SESSIONS = "2025-11-25"
STATELESS = "2026-07-28"
# A pipe has no session, its callers through the tunnel have: tunnel-client gives each an id, to tell them apart. Ending it
# is refused with 405, and it stays good.
END_OF_A_SESSION_ON_A_PIPE = {"session": True, "deleted": [405], "afterwards": 200}


@dataclass
class Outcome:
    """What a case found: how much was compared, and a line for each difference. None means that it passed."""

    compared: str
    differences: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Case:
    server: str
    client: str
    run: Callable[[], Outcome]

    @property
    def name(self) -> str:
        return f"{self.server}: {self.client}"


@dataclass(frozen=True)
class Server:
    """A server of a case, for both of its transports."""

    name: str
    http: Callable[[], str]
    stdio: Callable[[], tuple[str, ...]]


def all_cases(peers: Peers, relay: Relay) -> Iterator[Case]:
    everything = Server("server-everything", peers.everything_http, peers.everything_stdio)
    both_eras = Server("both eras", peers.both_eras_http, peers.both_eras_stdio)
    make = Maker(peers, relay)

    for sdk in (PYTHON_SESSIONS, TYPESCRIPT_SESSIONS, TYPESCRIPT_OLDER):
        yield from make.over_both(everything, sdk, plans.everything())
    for sdk in (PYTHON_PROBING, TYPESCRIPT_PROBING):
        yield from make.over_both(everything, sdk, plans.everything_briefly(), version=SESSIONS)
    together = (PYTHON_SESSIONS, TYPESCRIPT_SESSIONS)
    yield make.over_http(everything, together, plans.everything())
    yield make.over_stdio(everything, together, plans.everything_on_a_shared_pipe())

    for sdk in (PYTHON_PROBING, PYTHON_STATELESS):
        yield from make.over_both(both_eras, sdk, plans.both_eras(listens=True), version=STATELESS)
    yield from make.over_both(both_eras, TYPESCRIPT_PROBING, plans.both_eras(), version=STATELESS)
    yield from make.over_both(both_eras, PYTHON_SESSIONS, plans.both_eras(sessions=True), version=SESSIONS)
    together = (PYTHON_STATELESS, PYTHON_STATELESS)
    yield make.over_stdio(both_eras, together, plans.both_eras(listens=True))

    for sdk, version in (
        (PYTHON_SESSIONS, SESSIONS),
        (PYTHON_PROBING, STATELESS),
        (TYPESCRIPT_SESSIONS, SESSIONS),
        (TYPESCRIPT_PROBING, STATELESS),
    ):
        yield make.stub("embedded-mcp-stub", sdk, version)
    for sdk, version in ((PYTHON_SESSIONS, SESSIONS), (PYTHON_STATELESS, STATELESS), (TYPESCRIPT_PROBING, STATELESS)):
        yield make.stub("embedded-stateless-mcp-stub", sdk, version)

    yield from make.conformance()


class Maker:
    def __init__(self, peers: Peers, relay: Relay) -> None:
        self._peers = peers
        self._relay = relay

    def over_both(self, server: Server, sdk: Sdk, plan: dict[str, Any], version: str | None = None) -> Iterator[Case]:
        yield self.over_http(server, (sdk,), plan, version)
        yield self.over_stdio(server, (sdk,), plan, version)

    def over_http(
        self, server: Server, sdks: tuple[Sdk, ...], plan: dict[str, Any], version: str | None = None
    ) -> Case:
        def run() -> Outcome:
            url = server.http()
            return self._same_answers(sdks, plan, version, Target(url=url), self._tunnel_to(over_http(url)))

        return Case(f"{server.name} over HTTP", names(sdks), run)

    def over_stdio(
        self, server: Server, sdks: tuple[Sdk, ...], plan: dict[str, Any], version: str | None = None
    ) -> Case:
        """Through the tunnel all callers share one child; directly each has its own."""

        def run() -> Outcome:
            command = server.stdio()
            through = self._tunnel_to(over_stdio(command))
            return self._same_answers(sdks, plan, version, Target(command=command), through)

        return Case(f"{server.name} over stdio", names(sdks), run)

    def stub(self, flag: str, sdk: Sdk, version: str) -> Case:
        """The stub of the client, past the tunnel and through it."""

        def run() -> Outcome:
            tunnel = self._relay.open_tunnel("peers", {}, f"--{flag}")
            direct = Target(url=tunnel.client.printed("MCP URL: "))
            return self._same_answers((sdk,), plans.stub(), version, direct, lambda: tunnel)

        return Case(flag, sdk.name, run)

    def _tunnel_to(self, servers: dict[str, str]) -> Callable[[], Tunnel]:
        return lambda: self._relay.open_tunnel("peers", servers)

    def _same_answers(
        self,
        sdks: tuple[Sdk, ...],
        plan: dict[str, Any],
        version: str | None,
        direct: Target,
        open_tunnel: Callable[[], Tunnel],
    ) -> Outcome:
        """All drivers perform the plan at the same time, each once directly and once through the tunnel.

        `version`: what client and server have to agree on.
        """
        directly = [self._peers.start_driver(sdk, plan, direct) for sdk in sdks]
        tunnel = open_tunnel()
        caller = Target(url=tunnel.url, key=tunnel.caller_key, authority=self._relay.authority)
        through = [self._peers.start_driver(sdk, plan, caller) for sdk in sdks]

        compared, lines = 0, []
        for left, right in zip(directly, through, strict=True):
            expected, found = self._peers.finish(left), self._peers.finish(right)
            compared += count_steps(expected)
            agreed = expected[0]["result"]["protocolVersion"]
            if version not in (None, agreed):
                lines.append(f"the driver agreed on {agreed} directly")
            if direct.command and agreed != STATELESS:
                expected[-1]["result"] = END_OF_A_SESSION_ON_A_PIPE
            lines += differences(normalised(expected), normalised(found))
        return Outcome(f"{compared} steps", lines)

    def conformance(self) -> Iterator[Case]:
        @functools.cache
        def directly() -> Verdict:
            return run_suite(self._peers, self._peers.conformance_http())

        def all_pass() -> Outcome:
            verdict = directly()
            lines = compare(verdict, verdict)
            if len(verdict.passed) != CHECKS:
                lines.append(f"{len(verdict.passed)} checks pass instead of {CHECKS}")
            return Outcome(f"{len(verdict.passed)} checks", lines)

        def through(servers: Callable[[], dict[str, str]]) -> Outcome:
            expected = directly()
            verdict = self._suite_through(self._relay.open_tunnel("conformance", servers()))
            return Outcome(f"{len(verdict.passed)} checks", compare(expected, verdict))

        def http() -> Outcome:
            return through(lambda: over_http(self._peers.conformance_http()))

        def stdio() -> Outcome:
            return through(lambda: over_stdio(self._peers.conformance_stdio()))

        yield Case("conformance server over HTTP", "conformance suite, directly", all_pass)
        yield Case("conformance server over HTTP", "conformance suite", http)
        yield Case("conformance server over stdio", "conformance suite", stdio)

    def _suite_through(self, tunnel: Tunnel) -> Verdict:
        key = f"Authorization: Bearer {tunnel.caller_key}"
        with Forwarder(tunnel.url, self._relay.authority, key) as forwarder:
            path = tunnel.url.removeprefix(self._relay.url)
            return run_suite(self._peers, f"{forwarder.url}{path}")


def names(sdks: tuple[Sdk, ...]) -> str:
    return sdks[0].name if len(sdks) == 1 else f"{len(sdks)} at once: {', '.join(sdk.short for sdk in sdks)}"
