"""Images: built by packaging/oci/build, read by skopeo, unpacked by umoci."""

from __future__ import annotations

import json
import os
import stat
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BUILD = Path(__file__).resolve().parents[3] / "packaging/oci/build"
SECONDS = 120.0
EPOCH = "1700000000"


@dataclass(frozen=True)
class Image:
    root: Path
    """Its files."""
    configuration: dict[str, Any]
    """As the image has it: architecture, config, history."""

    @property
    def command(self) -> list[str]:
        config = self.configuration["config"]
        return [*config.get("Entrypoint", []), *config.get("Cmd", [])]

    def listing(self) -> dict[str, str]:
        """Kind, mode and owner of each of its files and directories."""
        found = {}
        for path in sorted(self.root.rglob("*")):
            facts = path.lstat()
            kind = "d" if stat.S_ISDIR(facts.st_mode) else "f" if stat.S_ISREG(facts.st_mode) else "?"
            name = str(path.relative_to(self.root))
            found[name] = f"{kind} {stat.S_IMODE(facts.st_mode):04o} {facts.st_uid}:{facts.st_gid}"
        return found


def build(name: str, programs: dict[str, Path], out: Path, script: Path = BUILD) -> str:
    """Output of packaging/oci/build; RuntimeError with its message where it refuses."""
    command = [str(script), name, "--out", str(out)]
    for processor, path in programs.items():
        command += [f"--{processor}", str(path)]
    environment = {"PATH": os.environ["PATH"], "SOURCE_DATE_EPOCH": EPOCH, "TUNNEL_CLIENT_GIT_SHA": "0" * 40}
    return run(command, environment)


def inspect(archive: Path, processor: str) -> dict[str, Any]:
    said: dict[str, Any] = json.loads(
        run(["skopeo", "inspect", "--override-arch", processor, "--config", f"oci-archive:{archive}"])
    )
    return said


def unpack(archive: Path, processor: str, folder: Path) -> Image:
    layout, bundle = folder / "layout", folder / "bundle"
    copy = ["skopeo", "copy", "--quiet", "--override-arch", processor, f"oci-archive:{archive}", f"oci:{layout}:image"]
    run(copy)
    run(["umoci", "unpack", "--image", f"{layout}:image", str(bundle)])
    return Image(bundle / "rootfs", inspect(archive, processor))


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    done = subprocess.run(command, capture_output=True, text=True, timeout=SECONDS, check=False, env=environment)
    if done.returncode != 0:
        raise RuntimeError(f"{Path(command[0]).name} {command[1]}: {done.stderr.strip()[-600:]}")
    return done.stdout
