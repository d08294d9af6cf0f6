"""The running service: reload, faults, other instances, restart."""

from __future__ import annotations

import os
import signal
import time

from lab import (
    CHANNELS, CLIENT, CONFIGURATION, PROXY_UNIT, RELAY_UNIT, SECOND, SECOND_URL, SECRETS, Site, put,
)  # fmt: skip
from service import COMMAND_SECONDS, run, wait_until
from serving import metric, ready

GENERATION = "credentials_generation"
# How long after its WatchdogSec the service manager may act in a busy machine.
LATE_SECONDS = 120.0


def reloaded(site: Site) -> list[str]:
    """The same process has read its credentials again."""
    pid, before = CLIENT.pid, metric(GENERATION) or 0.0
    run("systemctl", "reload", CLIENT.name)
    lines = wait_until("another generation is in force", lambda: (metric(GENERATION) or 0.0) > before)
    return lines + same_process(pid) + site.served("main")


def reload_refused(site: Site) -> list[str]:
    """A configuration that does not load: `systemctl reload` fails, and the process goes on as it was."""
    pid, text = CLIENT.pid, CONFIGURATION.read_text(encoding="utf-8")
    put(CONFIGURATION, text.replace('"config_version": 1', '"config_version": 1, "no_such": 1'), 0o640, "tunnel-client")
    try:
        done = run("systemctl", "reload", CLIENT.name, ok=False)
        lines = [] if done.returncode != 0 else ["systemctl reload did not fail"]
        said = CLIENT.journal(30)
        lines += [] if any("no_such" in line for line in said) else ["the journal does not name the setting", *said[-8:]]
        return lines + same_process(pid) + site.served("main")
    finally:
        put(CONFIGURATION, text, 0o640, "tunnel-client")


def same_process(pid: int) -> list[str]:
    return CLIENT.is_as("active/running") + ([] if CLIENT.pid == pid else [f"process {pid} became {CLIENT.pid}"])


def second_instance(site: Site) -> list[str]:
    """Beside the first: configuration, credential, health socket and processes of its own."""
    site.configure_second()
    run("systemctl", "start", SECOND.name)
    asks = ["tunnel-client", "health", "--url-file", str(SECOND_URL), "--require-control-plane-poll"]
    lines = wait_until("its health socket says ready", lambda: run(*asks, ok=False).returncode == 0)
    lines += lines and [run(*asks, ok=False).stdout[-300:], *SECOND.journal()]
    lines += site.served("main", site.second_tunnel) + site.served("python", site.second_tunnel) + site.served("main")
    pid = CLIENT.pid
    run("systemctl", "stop", SECOND.name)
    return lines + SECOND.is_as("inactive/dead") + same_process(pid)


def outage(site: Site) -> list[str]:
    """The relay is away for longer than the watchdog waits. The status names the hop; nothing is restarted."""
    watchdog = seconds_of("WatchdogUSec")
    pid, restarts = CLIENT.pid, CLIENT.number("NRestarts")
    run("systemctl", "stop", RELAY_UNIT.name)
    start = time.monotonic()
    lines = wait_until("the status names the control plane", lambda: "control plane" in CLIENT.show("StatusText"))
    # The wait itself is what is tested.
    time.sleep(max(0.0, watchdog * 1.5 - (time.monotonic() - start)))
    lines += [] if CLIENT.number("NRestarts") == restarts else ["the service manager restarted it"]
    lines += lines and [f"the status is {CLIENT.show('StatusText')!r}"]
    lines += same_process(pid)
    run("systemctl", "stop", PROXY_UNIT.name)
    lines += wait_until("the status names the proxy", lambda: "proxy" in CLIENT.show("StatusText"))
    lines += [f"the status is {CLIENT.show('StatusText')!r}"] if lines else []
    run("systemctl", "start", PROXY_UNIT.name, RELAY_UNIT.name)
    return lines + ready() + same_process(pid) + site.served("main")


def seconds_of(name: str) -> float:
    """A time as `systemctl show` prints it: `30s`, `1min 30s`."""
    units = {"ms": 0.001, "s": 1.0, "min": 60.0, "h": 3600.0}
    total = 0.0
    for part in CLIENT.show(name).split():
        number = part.rstrip("abcdefghijklmnopqrstuvwxyz")
        total += float(number) * units[part[len(number):]]
    return total


def killed(site: Site) -> list[str]:
    """SIGKILL: the service manager starts it again, and all channels are served."""
    return restarted_after(site, signal.SIGKILL, COMMAND_SECONDS)


def hung(site: Site) -> list[str]:
    """SIGSTOP: the watchdog ends it."""
    lines = restarted_after(site, signal.SIGSTOP, seconds_of("WatchdogUSec") + LATE_SECONDS)
    said = CLIENT.journal(60)
    return lines + ([] if any("Watchdog timeout" in line for line in said) else ["the journal names no watchdog", *said[-8:]])


def restarted_after(site: Site, number: signal.Signals, seconds: float) -> list[str]:
    restarts, before = CLIENT.number("NRestarts"), CLIENT.processes()
    os.kill(CLIENT.pid, number)
    lines = wait_until("the service manager restarts it", lambda: CLIENT.number("NRestarts") > restarts, seconds)
    lines += wait_until("it runs again", lambda: CLIENT.state == "active/running")
    left = {each.pid for each in before} & {each.pid for each in CLIENT.processes()}
    lines += [f"process {pid} is left" for pid in left]
    return lines + ready() + site.served("main") + site.served("python")


def rotated(site: Site) -> list[str]:
    """Another key in the file, and a restart: the old one is of no use any more."""
    pid = CLIENT.pid
    put(SECRETS / "api-key", site.keys["next"], 0o600)
    run("systemctl", "restart", CLIENT.name)
    site.allow_keys("first")
    run("systemctl", "reload", RELAY_UNIT.name)
    lines = ready() + [line for channel in CHANNELS for line in site.served(channel)]
    return lines + ([f"it is still process {pid}"] if CLIENT.pid == pid else [])


def stopped(_: Site) -> list[str]:
    """In order, with code 0, and nothing is left."""
    before = CLIENT.processes()
    run("systemctl", "stop", CLIENT.name)
    lines = CLIENT.is_as("inactive/dead")
    result, code = CLIENT.show("Result"), CLIENT.show("ExecMainStatus")
    lines += [] if (result, code) == ("success", "0") else [f"the result is {result}, the code {code}"]
    lines += [f"process {each.pid} is left" for each in before if os.path.exists(f"/proc/{each.pid}/exe")]
    lines += ["/run/tunnel-client is left"] if os.path.exists("/run/tunnel-client") else []
    said = [line for line in CLIENT.journal(200) if "panicked" in line]
    return lines + said
