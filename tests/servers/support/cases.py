"""What each server has to be able to do, and what it must not."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from lab import PASSED, SECRET, SET, WITHHELD, Lab, children, status

NO_CAPABILITIES = "0000000000000000"
FILTERED = "2"
HIDDEN = {"EACCES"}
# Without the right to move files between directories, a rename tells of two file systems.
NOT_REPLACED = {"EACCES", "EXDEV"}
REFUSED = {"EACCES", "EPERM"}
WORKED = {
    "threads": "8",
    "temporary file": "written",
    "subprocess": "said",
    "connection": "ok",
    "name": "ok",
    "authorities": "some",
}


@dataclass(frozen=True)
class Case:
    name: str
    run: Callable[[Lab], list[str]]
    """Gives a line for each thing that is not as it has to be."""


def has_tool(lab: Lab, channel: str, tool: str) -> list[str]:
    tools = lab.open(channel)
    return [] if tool in tools else [f"there is no tool {tool} but {', '.join(tools)}"]


def answers(wanted: str, text: str) -> list[str]:
    return [] if wanted in text else [f"the answer has no {wanted!r}: {text[:200]}"]


def npx(lab: Lab) -> list[str]:
    data = lab.place.data
    lines = has_tool(lab, "npx", "read_text_file")
    lines += answers("hello", lab.call("npx", "read_text_file", {"path": str(data / "hello.txt")}))
    lab.call("npx", "write_file", {"path": str(data / "new.txt"), "content": "made by npx"})
    return lines + answers("made by npx", (data / "new.txt").read_text(encoding="utf-8"))


def uvx(lab: Lab) -> list[str]:
    lines = has_tool(lab, "uvx", "get_current_time")
    return lines + answers("Europe/Paris", lab.call("uvx", "get_current_time", {"timezone": "Europe/Paris"}))


def static(lab: Lab) -> list[str]:
    return has_tool(lab, "main", "presence") + answers("still here", lab.call("main", "presence", {}))


def venv(lab: Lab) -> list[str]:
    lines = has_tool(lab, "venv", "work")
    worked = json.loads(lab.call("venv", "work", {"port": lab.other.port}))
    return lines + [f"{what}: {worked.get(what)}" for what, wanted in WORKED.items() if worked.get(what) != wanted]


Attempt = tuple[str, object]


def wrong(lab: Lab, channel: str, wanted: list[tuple[Attempt, set[str]]]) -> list[str]:
    """A line for each attempt that did not end as wanted."""
    found = lab.attempt(channel, *(what for what, _ in wanted))
    return [
        f"{channel}: {kind} {about}: {answer} and not {' or '.join(sorted(allowed))}"
        for ((kind, about), allowed), answer in zip(wanted, found, strict=True)
        if answer not in allowed
    ]


def hidden(lab: Lab) -> list[str]:
    """Beside what it may not reach, a server reads its own data: the refusals are about the files."""
    place = lab.place
    files = [place.key, place.settings, place.authority, place.log_file]
    wanted: list[tuple[Attempt, set[str]]] = [(("read", file), HIDDEN) for file in files]
    wanted += [(("write", file), HIDDEN) for file in files]
    wanted += [(("replace", file), NOT_REPLACED) for file in files]
    for pid in (lab.pid, lab.broker):
        wanted += [(("read", f"/proc/{pid}/{name}"), HIDDEN) for name in ("environ", "mem", "maps")]
        wanted.append((("signal", pid), {"EPERM"}))
    return wrong(lab, "venv", [*wanted, (("read", place.data / "hello.txt"), {"ok"})])


def exposed(lab: Lab) -> list[str]:
    """What the sandbox hides is there without it, unless the server has a user of its own."""
    place = lab.place
    readable = {"ok"} if lab.operator.client == lab.operator.servers else HIDDEN
    return wrong(lab, "off", [(("read", file), readable) for file in (place.key, place.log_file)])


def variables(lab: Lab) -> list[str]:
    found = json.loads(lab.call("venv", "environment", {}))
    lines = [f"{name} is missing" for name in ("HOME", "PATH") if name not in found]
    told = ((PASSED, "passed"), (SET, SECRET))
    lines += [f"{name} is {found.get(name)}" for name, value in told if found.get(name) != value]
    others = json.loads(lab.call("off", "environment", {}))
    lines += [f"{name} reached a server that it is not for" for name in (PASSED, SET) if name in others]
    lines += [f"{WITHHELD} reached a server" for each in (found, others) if WITHHELD in each]
    key = lab.place.key.read_text(encoding="utf-8")
    return lines + ["the key reached a server" for each in (found, others) if key in each.values()]


def identities(lab: Lab) -> list[str]:
    servers = children(lab.broker)
    lines = [] if len(servers) >= 7 else [f"there are {len(servers)} servers"]
    about = [
        ("client", lab.pid, lab.operator.client),
        ("janitor", lab.janitor, lab.operator.client),
        ("broker", lab.broker, lab.operator.servers),
    ]
    for what, pid, user in [*about, *((f"server {pid}", pid, lab.operator.servers) for pid in servers)]:
        found = status(pid)
        wanted = {name: NO_CAPABILITIES for name in ("CapInh", "CapPrm", "CapEff", "CapAmb")}
        wanted |= {name: " ".join([str(user)] * 4) for name in ("Uid", "Gid")}
        wanted |= {"NoNewPrivs": "1", "Seccomp": FILTERED}
        lines += [f"{what}: {name} is {found.get(name)}" for name, value in wanted.items() if found.get(name) != value]
        if user != 0 and found.get("Groups") not in ("", str(user)):
            lines.append(f"{what}: Groups is {found.get('Groups')}")
    return lines


def strict(lab: Lab) -> list[str]:
    place = lab.place
    common: list[tuple[Attempt, set[str]]] = [
        (("read", place.shared / "hello.txt"), {"ok"}),
        (("write", place.scratch / "new"), {"ok"}),
        (("run", "/bin/true"), {"ok"}),
        (("read", place.data / "hello.txt"), REFUSED),
        (("read", place.key), REFUSED),
        (("read", place.settings), REFUSED),
        (("read", place.log_file), REFUSED),
        (("read", "/etc/shadow"), REFUSED),
        (("write", place.shared / "new"), REFUSED),
        (("write", "/tmp/tunnel-servers-new"), REFUSED),
        (("connect", lab.other.port), REFUSED),
        (("datagram", lab.other.port), REFUSED),
        (("signal", lab.pid), REFUSED),
    ]
    lines = wrong(lab, "strict", [*common, (("connect", lab.allowed.port), {"ok"})])
    return lines + wrong(lab, "offline", [*common, (("connect", lab.allowed.port), REFUSED)])


def end(lab: Lab) -> list[str]:
    """Told to stop, everything ends, and no file is left but the log."""
    processes = [lab.pid, lab.janitor, lab.broker, *children(lab.broker)]
    lab.child.stop()
    code = lab.child.wait(0)
    lines = [] if code == 0 else [f"the client ended with code {code}"]
    lines += [f"process {pid} is left" for pid in processes if status(pid).get("State", "Z")[0] != "Z"]
    lines += [f"{file} is left" for file in lab.place.run.iterdir()]
    log = lab.place.log_file.read_text(encoding="utf-8")
    key = lab.place.key.read_text(encoding="utf-8")
    return lines + (["the key is in the log"] if key in log else [])


CASES = (
    Case("a static binary answers", static),
    Case("npx fetches and runs a server of files, which reads and writes", npx),
    Case("uvx fetches and runs a server of time", uvx),
    Case("a virtual environment: threads, files, processes, sockets, names, TLS", venv),
    Case("users, groups, capabilities, filters of all processes", identities),
    Case("variables: those that are named, and no others", variables),
    Case("client and broker: files, memory and signals are out of reach", hidden),
    Case("with sandbox: off they are as far as the user reaches", exposed),
    Case("strict: what is listed works, and nothing else", strict),
    Case("told to stop: no process and no file is left", end),
)


@dataclass(frozen=True)
class SiteCase:
    """A case with a host of its own instead of a client that is there."""

    name: str
    run: Callable[[Path, Path, Path], list[str]]
    """Takes a folder, the client's program and the relay's."""

