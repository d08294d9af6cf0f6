"""Containers of a pod, run by runc (OCI runtime specification) as its manifest has them."""

from __future__ import annotations

import itertools
import json
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from oci import Image
from processes import Child, Processes, bare_environment
from runtime_default import filter_of_calls

# As container runtimes under Kubernetes mask and protect them.
MASKED = ("acpi", "asound", "kcore", "keys", "latency_stats", "scsi", "timer_list", "timer_stats")
READ_ONLY = ("bus", "fs", "irq", "sys", "sysrq-trigger")
KINDS = ("bounding", "effective", "inheritable", "permitted", "ambient")
SECONDS = 30.0
names = itertools.count()


@dataclass
class Container:
    child: Child
    name: str
    _state: Path

    def pid(self) -> int:
        """Of its first process, on this host."""
        return int(json.loads(self._runc("state", self.name))["pid"])

    def signal(self, signal: str) -> None:
        self._runc("kill", self.name, signal)

    def execute(self, command: list[str], seconds: float) -> tuple[int, str]:
        """What `kubectl exec` does: another process of the container, as its first one is. Its code and output."""
        full = ["runc", "--root", str(self._state), "exec", self.name, *command]
        done = subprocess.run(full, capture_output=True, text=True, timeout=seconds, check=False, stdin=subprocess.DEVNULL)
        return done.returncode, done.stdout + done.stderr

    def _runc(self, *arguments: str) -> str:
        command = ["runc", "--root", str(self._state), *arguments]
        return subprocess.run(command, check=True, capture_output=True, text=True, timeout=SECONDS).stdout


def start(
    processes: Processes,
    folder: Path,
    image: Image,
    pod: dict[str, Any],
    container: dict[str, Any],
    volumes: dict[str, Path],
    names_file: Path,
    landlock: bool = True,
) -> Container:
    """Starts a container. `names_file` is its /etc/hosts."""
    bundle, state = folder / f"bundle-{container['name']}", folder / "state"
    bundle.mkdir()
    configuration = specification(image, pod, container, volumes, names_file, landlock)
    (bundle / "config.json").write_text(json.dumps(configuration, indent=1), encoding="utf-8")
    name = f"images-{next(names)}"
    # Limits of memory and processors are left out: a test machine may not have these control groups.
    command = ["runc", "--root", str(state), "run", "--bundle", str(bundle), name]
    return Container(processes.start(container["name"], command, bare_environment()), name, state)


def specification(
    image: Image, pod: dict[str, Any], container: dict[str, Any], volumes: dict[str, Path], names_file: Path, landlock: bool
) -> dict[str, Any]:
    outer, context = pod["securityContext"], container["securityContext"]
    arguments = [*container.get("command", image.command[:1]), *container.get("args", [])]
    if "command" not in container and "args" not in container:
        arguments = image.command
    variables = [f"{each['name']}={each['value']}" for each in container.get("env", [])]
    kept = [] if context["capabilities"].get("drop") == ["ALL"] else ["CAP_KILL", "CAP_SETUID"]
    mounts: list[dict[str, Any]] = [
        {"destination": "/proc", "type": "proc", "source": "proc", "options": ["nosuid", "noexec", "nodev"]},
        tmpfs("/dev", "dev", "strictatime", "mode=755", "size=65536k"),
        {"destination": "/dev/pts", "type": "devpts", "source": "devpts",
         "options": ["nosuid", "noexec", "newinstance", "ptmxmode=0666", "mode=0620"]},
        {"destination": "/dev/mqueue", "type": "mqueue", "source": "mqueue", "options": ["nosuid", "noexec", "nodev"]},
        {"destination": "/sys", "type": "sysfs", "source": "sysfs", "options": ["nosuid", "noexec", "nodev", "ro"]},
        tmpfs("/dev/shm", "nodev", "noexec", "mode=1777", "size=65536k"),
        bind(names_file, "/etc/hosts"),
        bind(Path("/etc/resolv.conf"), "/etc/resolv.conf"),
    ]  # fmt: skip
    for each in container.get("volumeMounts", []):
        mounts.append(bind(volumes[each["name"]], each["mountPath"], each.get("readOnly", False)))
    return {
        "ociVersion": "1.0.2",
        "process": {
            "terminal": False,
            "user": {
                "uid": outer["runAsUser"],
                "gid": outer["runAsGroup"],
                "additionalGids": [outer["fsGroup"]],
            },
            "args": arguments,
            "env": [*image.configuration["config"]["Env"], "HOSTNAME=pod", *variables],
            "cwd": image.configuration["config"].get("WorkingDir", "/"),
            "capabilities": {kind: kept for kind in KINDS},
            "noNewPrivileges": not context["allowPrivilegeEscalation"],
            "oomScoreAdj": 999,
        },
        "root": {"path": str(image.root), "readonly": context["readOnlyRootFilesystem"]},
        "hostname": "pod",
        "mounts": mounts,
        "linux": {
            # The network is that of the test, as containers of a pod have one together.
            "namespaces": [{"type": each} for each in ("pid", "ipc", "uts", "mount", "cgroup")],
            "maskedPaths": [*(f"/proc/{each}" for each in MASKED), "/sys/firmware"],
            "readonlyPaths": [f"/proc/{each}" for each in READ_ONLY],
            "seccomp": filter_of_calls(landlock),
        },
    }


def tmpfs(destination: str, *options: str) -> dict[str, Any]:
    return {"destination": destination, "type": "tmpfs", "source": "tmpfs", "options": ["nosuid", *options]}


def bind(source: Path, destination: str, read_only: bool = False) -> dict[str, Any]:
    options = ["rbind", "rprivate", "ro" if read_only else "rw"]
    return {"destination": destination, "type": "bind", "source": str(source), "options": options}
