"""What the policy refuses by itself, and what the cage refuses below it."""

from __future__ import annotations

from denials import Denial, denials, now, unknown
from lab import CONFIGURATION, SECRETS, Site
from proof import DOCTOR_SECONDS, compared
from service import run

DOCTOR = "/usr/libexec/tunnel-client/doctor"
CREDENTIALS = "/run/credentials/tunnel-client.service"
# The server of channel `open` has no cage of its own, and runs as the user that may read both by their modes.
TRIED = {("read", str(CONFIGURATION)): ("EACCES",), ("read", f"{CREDENTIALS}/secret_api-key"): ("EACCES",)}
SERVER = "tunnel_client_server_t"
# What has to be recorded, and nothing else: the first directory on the way that the domain may not look into.
RECORDED = {(SERVER, "tunnel_client_conf_t"), (SERVER, "ramfs_t")}


class Expected:
    """Denials that cases provoked on purpose."""

    def __init__(self) -> None:
        self._provoked: list[Denial] = []

    def add(self, found: list[Denial]) -> None:
        self._provoked += found

    def without(self, found: list[Denial]) -> list[Denial]:
        lines = {each.line for each in self._provoked}
        return [each for each in found if each.line not in lines]


def module_alone(site: Site, expected: Expected) -> list[str]:
    """Refused while enforcing, done while permissive: nothing else refuses it."""
    start = now()
    lines = site.attempts("open", TRIED)
    found = unknown(denials(start))
    expected.add(found)
    recorded = {(each.source, each.target) for each in found}
    if recorded != RECORDED:
        lines += ["these denials were recorded:", *map(str, found)]
    middle = now()
    run("setenforce", "0")
    try:
        lines += site.attempts("open", dict.fromkeys(TRIED, ("ok",)))
    finally:
        run("setenforce", "1")
        # Only what the same attempts provoke is left out of the rest.
        expected.add([each for each in denials(middle) if (each.source, each.target) in RECORDED])
    return lines


def caged(site: Site, expected: Expected) -> list[str]:
    """The same with the cage. What the policy sees of it first is a denial."""
    start = now()
    refused = ("EACCES", "EPERM", "ENOENT")
    wanted = {("read", str(CONFIGURATION)): refused, ("list", str(SECRETS)): refused, ("list", CREDENTIALS): refused}
    lines = site.attempts("python", {**wanted, ("write", "/var/lib/tunnel-client/python"): ("ok",)}) + site.attempts(
        "strict-python", {**wanted, ("write", "/var/lib/tunnel-client/strict"): refused}
    )
    expected.add([each for each in denials(start) if (each.source, each.target) in RECORDED])
    return lines


def doctor(landlock: int, expected: Expected) -> list[str]:
    """`doctor --sandbox` as a unit like the service's. It tries what the policy refuses, also without its cage."""
    start = now()
    done = run(DOCTOR, "--sandbox", "--json", seconds=DOCTOR_SECONDS, ok=False)
    own = {"tunnel_client_t", "tunnel_client_broker_t", SERVER}
    expected.add([each for each in denials(start) if each.source in own])
    return compared(done.returncode, done.stdout, done.stderr, landlock)
