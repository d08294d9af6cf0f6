"""Cases that run the pods of the plain manifests, as they are, and look at them from outside."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from pathlib import Path

from cases import Case
from cluster import START_SECONDS, Cluster, Pod, ask
from lab import CLIENT_POD, Lab

END_SECONDS = 60.0
# Several hundred processes; a few seconds on a quiet machine.
PROOF_SECONDS = 300.0
POLL_SECONDS = 0.05
USER = 65532


@contextlib.contextmanager
def running(lab: Lab, name: str, landlock: bool = True) -> Iterator[tuple[Cluster, Pod]]:
    """The relay, and a client's pod that is ready."""
    with Cluster(lab, lab.new_folder("cluster")) as cluster:
        cluster.start_relay()
        if name == "deployment":
            cluster.server()
        pod = cluster.pod(name)
        pod.start(landlock)
        pod.wait_for_probe("tunnel-client", "readinessProbe")
        yield cluster, pod


def is_served(lab: Lab, name: str) -> list[str]:
    with running(lab, name) as (cluster, pod):
        lines = cluster.session()
        lines += [f"{probe}: {pod.probe('tunnel-client', probe)}" for probe in ("startupProbe", "livenessProbe")
                  if pod.probe("tunnel-client", probe)[0] != 200]  # fmt: skip
        if set(cluster.proxy.asked) != {"CONNECT relay.example.com:8443"}:
            lines.append(f"the proxy was asked for {sorted(set(cluster.proxy.asked))}")
        lines += held_back(pod)
        lines += ended_in_time(pod)
        # The containers of a pod start together, so the server of the sidecar may not listen yet.
        lines += [f"the log has {line}" for line in pod.log()
                  if line.get("level") in ("WARN", "ERROR") and not (name == "sidecar" and is_early(line))]  # fmt: skip
    return lines


def is_early(line: dict[str, object]) -> bool:
    """Whether a line says that the MCP server did not listen yet when the client started."""
    if line.get("msg") == "health of a component changed":
        return line.get("component") == "mcp" and line.get("from") == "unknown"
    return line.get("msg") == "MCP server not reachable"


def held_back(pod: Pod) -> list[str]:
    """What the manifest promises, as the kernel has it for the process."""
    proc = Path("/proc") / str(pod.containers["tunnel-client"].pid())
    status = dict(line.split(":\t", 1) for line in (proc / "status").read_text(encoding="utf-8").splitlines() if ":\t" in line)
    wanted = {"Uid": f"{USER}\t{USER}\t{USER}\t{USER}", "Gid": f"{USER}\t{USER}\t{USER}\t{USER}", "NoNewPrivs": "1", "Seccomp": "2"}
    wanted |= {f"Cap{each}": "0" * 16 for each in ("Inh", "Prm", "Eff", "Bnd", "Amb")}
    lines = [f"{name} is {status[name]}" for name, value in wanted.items() if status[name] != value]
    root = next(line for line in (proc / "mountinfo").read_text(encoding="utf-8").splitlines() if line.split()[4] == "/")
    if not root.split()[5].startswith("ro"):
        lines.append(f"the root is writable: {root}")
    # Its own filters come on top of that of the runtime.
    if int(status["Seccomp_filters"]) < 2:
        lines.append(f"{status['Seccomp_filters']} filters of system calls")
    _, said = ask(CLIENT_POD, 8080, "/metrics", False)
    for layer in ("landlock", "seccomp"):
        if f'sandbox_layer{{layer="{layer}",state="enforced"}} 1' not in said:
            lines.append(f"{layer} is not enforced: {[line for line in said.splitlines() if layer in line]}")
    return lines


def ended_in_time(pod: Pod) -> list[str]:
    """SIGTERM to process 1 of each container, the client before its sidecar."""
    lines = []
    for name in reversed(pod.containers):
        container = pod.containers[name]
        container.signal("TERM")
        code = container.child.wait(pod.spec["terminationGracePeriodSeconds"])
        if code != 0:
            lines.append(f"{name} ended with code {code}")
    return lines


def proves_itself(lab: Lab) -> list[str]:
    """`doctor --sandbox` in the running pod."""
    with running(lab, "stdio") as (_, pod):
        arguments = pod.spec["containers"][0]["args"][1:]
        command = ["/usr/bin/tunnel-client", "doctor", "--sandbox", *arguments]
        code, said = pod.containers["tunnel-client"].execute(command, PROOF_SECONDS)
        return [] if code == 0 else [f"code {code}", *(line for line in said.splitlines() if "WRONG" in line), *said.splitlines()[-8:]]


def key_is_exchanged(lab: Lab) -> list[str]:
    """The kubelet replaces `..data`."""
    with running(lab, "deployment") as (cluster, pod):
        lines = cluster.session()
        before = pod.containers["tunnel-client"].pid()
        pod.volumes["secrets"].write({"api-key": cluster.client_keys[1]})
        deadline = time.monotonic() + START_SECONDS
        while not any(line.get("generation") == 2 for line in pod.log()):
            if time.monotonic() > deadline:
                return ["the client does not read the new key", *(str(line) for line in pod.log()[-5:])]
            time.sleep(POLL_SECONDS)
        lines += cluster.session()
        if pod.containers["tunnel-client"].pid() != before:
            lines.append("another process")
        return lines


def starts_nothing(lab: Lab) -> list[str]:
    """A runtime whose default does not know landlock: `enforce` says so, and the pod does not start."""
    with Cluster(lab, lab.new_folder("cluster")) as cluster:
        cluster.server()
        pod = cluster.pod("deployment")
        pod.start(landlock=False)
        child = pod.containers["tunnel-client"].child
        code = child.wait(END_SECONDS)
        said = child.log.read_text(encoding="utf-8")
        return [] if code != 0 and "landlock" in said else [f"code {code}", said]


def secret_for_everybody(lab: Lab) -> list[str]:
    """Under lockdown a mode that lets others read a key is refused, whatever keeps others out."""
    with Cluster(lab, lab.new_folder("cluster")) as cluster:
        cluster.server()
        pod = cluster.pod("deployment")
        for volume in pod.spec["volumes"]:
            if volume["name"] == "secrets":
                for file in pod.volumes["secrets"].folder.glob("..2*/*"):
                    file.chmod(0o644)
        pod.start()
        child = pod.containers["tunnel-client"].child
        code = child.wait(END_SECONDS)
        said = child.log.read_text(encoding="utf-8")
        return [] if code != 0 and "api-key" in said else [f"code {code}", said]


CASES = (
    Case("pod: deployment.yaml as it is serves a session, restricted, and ends in time", lambda lab: is_served(lab, "deployment")),
    Case("pod: sidecar.yaml, the server in the same pod", lambda lab: is_served(lab, "sidecar")),
    Case("pod: stdio.yaml, the server strict on stdio", lambda lab: is_served(lab, "stdio")),
    Case("pod: doctor --sandbox in the running container finds nothing wrong", proves_itself),
    Case("pod: an exchanged key of the Secret is used without a restart", key_is_exchanged),
    Case("pod: a runtime that knows no landlock starts nothing, and the log says why", starts_nothing),
    Case("pod: a Secret that everybody can read is refused", secret_for_everybody),
)
