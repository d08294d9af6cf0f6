"""The cases of a run: who talks to whom, and what has to be the same directly and through the tunnel."""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import plans
from conformance import CHECKS, NEED_A_SESSION, Verdict, compare, run_suite
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
        yield from make.same_answers(everything, sdk, plans.everything())
    for sdk in (PYTHON_PROBING, TYPESCRIPT_PROBING):
        yield from make.same_answers(everything, sdk, plans.everything_briefly(), version="2025-11-25")
    yield make.shared_child(everything, (PYTHON_SESSIONS, TYPESCRIPT_SESSIONS), plans.everything_side_by_side())

    for sdk in (PYTHON_PROBING, PYTHON_STATELESS):
        yield from make.same_answers(both_eras, sdk, plans.both_eras(listens=True), version="2026-07-28")
    yield from make.same_answers(both_eras, TYPESCRIPT_PROBING, plans.both_eras(listens=False), version="2026-07-28")
    yield from make.same_answers(both_eras, PYTHON_SESSIONS, plans.both_eras(listens=False), version="2025-11-25")

    yield from make.conformance()


class Maker:
    def __init__(self, peers: Peers, relay: Relay) -> None:
        self._peers = peers
        self._relay = relay

    def same_answers(
        self, server: Server, sdk: Sdk, plan: dict[str, Any], version: str | None = None
    ) -> Iterator[Case]:
        """One driver, the plan once directly and once through the tunnel, over HTTP and over stdio.

        `version`: what the two have to agree on, where the driver leaves it to them.
        """
        expected = sdk.version or version

        def http() -> Outcome:
            url = server.http()
            return self._compare(sdk, plan, expected, Target(url=url), over_http(url))

        def stdio() -> Outcome:
            command = server.stdio()
            return self._compare(sdk, plan, expected, Target(command=command), over_stdio(command))

        yield Case(f"{server.name} over HTTP", sdk.name, http)
        yield Case(f"{server.name} over stdio", sdk.name, stdio)

    def _compare(
        self, sdk: Sdk, plan: dict[str, Any], version: str | None, direct: Target, servers: dict[str, str]
    ) -> Outcome:
        directly = self._peers.drive(sdk, plan, direct)
        tunnel = self._relay.open_tunnel("peers", servers)
        through = self._peers.drive(sdk, plan, self._caller(tunnel))
        agreed = directly[0]["result"]["protocolVersion"]
        wrong = [f"the driver agreed on {agreed} directly"] if version not in (None, agreed) else []
        return Outcome(f"{count_steps(directly)} steps", wrong + differences(normalised(directly), normalised(through)))

    def shared_child(self, server: Server, sdks: tuple[Sdk, ...], plan: dict[str, Any]) -> Case:
        """Callers at the same time on one stdio child: their ids and progress tokens are the same numbers."""

        def run() -> Outcome:
            command = server.stdio()
            directly = [normalised(self._peers.drive(sdk, plan, Target(command=command))) for sdk in sdks]
            tunnel = self._relay.open_tunnel("peers", over_stdio(command))
            callers = [self._peers.start_driver(sdk, plan, self._caller(tunnel)) for sdk in sdks]
            through = [normalised(self._peers.finish(caller)) for caller in callers]
            lines = [
                f"{sdk.name}{line}"
                for sdk, left, right in zip(sdks, directly, through, strict=True)
                for line in differences(left, right)
            ]
            return Outcome(f"{sum(map(count_steps, directly))} steps", lines)

        return Case(f"{server.name} over stdio", "both SDKs at once on one child", run)

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

        def through(servers: Callable[[], dict[str, str]], excused: frozenset[tuple[str, str]]) -> Outcome:
            expected = directly()
            verdict = self._suite_through(self._relay.open_tunnel("conformance", servers()))
            return Outcome(f"{len(verdict.passed)} checks", compare(expected, verdict, excused))

        def http() -> Outcome:
            return through(lambda: over_http(self._peers.conformance_http()), frozenset())

        def stdio() -> Outcome:
            return through(lambda: over_stdio(self._peers.conformance_stdio()), NEED_A_SESSION)

        yield Case("conformance server over HTTP", "conformance suite, directly", all_pass)
        yield Case("conformance server over HTTP", "conformance suite", http)
        yield Case("conformance server over stdio", "conformance suite", stdio)

    def _suite_through(self, tunnel: Tunnel) -> Verdict:
        key = f"Authorization: Bearer {tunnel.caller_key}"
        with Forwarder(tunnel.url, self._relay.authority, key) as forwarder:
            path = tunnel.url.removeprefix(self._relay.url)
            return run_suite(self._peers, f"{forwarder.url}{path}")

    def _caller(self, tunnel: Tunnel) -> Target:
        return Target(url=tunnel.url, key=tunnel.caller_key, authority=self._relay.authority)
