"""Makes the images: a small Debian that all kernels share, and for each kernel the start of it.

    images.py FOLDER [--update] KERNEL...

No package's scripts are run, and nothing is booted or mounted.
"""

from __future__ import annotations

import hashlib
import lzma
import os
import re
import shutil
import stat
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from hardware import Hardware, hardware_of
from packages import PackagesFailed, Suites, run, unpack

HERE = Path(__file__).resolve().parent
RECIPE = ("hardware.py", "images.py", "packages.py")
IMAGE_BYTES = 768 << 20
BUSYBOX = "usr/bin/busybox"
SHARED = (
    "base-files", "base-passwd", "busybox-static", "ca-certificates", "coreutils", "dash", "libc-bin", "netbase",
    "python3", "util-linux",
)  # fmt: skip
SHARED_SUITES = ("bookworm", "bookworm-security")
# Users of the machine, in addition to those that Debian has.
USERS = {"site": 1000, "tunnel-client": 61001, "tunnel-servers": 61002}


@dataclass(frozen=True)
class Source:
    """Where a kernel comes from; the flavour for virtual machines boots fastest."""

    suites: tuple[str, ...]
    package: str = "linux-image-cloud-amd64"


KERNELS = {
    "6.1": Source(("bookworm", "bookworm-security")),
    "6.12": Source(("bookworm-backports",)),
    "5.10": Source(("bullseye", "bullseye-security")),
    "newest": Source(("sid",)),
    "6.1-aarch64": Source(("bookworm", "bookworm-security"), "linux-image-cloud-arm64"),
    "6.12-aarch64": Source(("bookworm-backports",), "linux-image-cloud-arm64"),
}


def main() -> int:
    folder, *rest = sys.argv[1:]
    update = "--update" in rest
    try:
        provide(Path(folder), [name for name in rest if name != "--update"], update)
    except (PackagesFailed, OSError) as error:
        print(f"error: the images cannot be made: {error}", file=sys.stderr)
        return 1
    return 0


def provide(folder: Path, kernels: list[str], update: bool) -> None:
    roots = {hardware_of(kernel).root: hardware_of(kernel) for kernel in kernels}
    for name in (*roots, *kernels):
        hardware = roots.get(name) or hardware_of(name)
        files = (*RECIPE, "init.sh" if name in roots else "start.sh")
        recipe = hashlib.sha256(b"".join((HERE / each).read_bytes() for each in files)).hexdigest()
        made = folder / name
        pins = made / "recipe"
        is_of_recipe = pins.exists() and pins.read_text(encoding="utf-8") == recipe
        if is_of_recipe and not update:
            continue
        with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as temporary:
            work, new = Path(temporary), Path(temporary) / "made"
            new.mkdir()
            packages = Packages(work / "apt", name, hardware)
            if is_of_recipe and (made / "packages").read_text(encoding="utf-8") == packages.versions:
                continue
            print(f"kernels: making the image of {name}", flush=True)
            if name in roots:
                make_root(packages, work, new)
            else:
                make_start(packages, work, new, folder / hardware.root, hardware.modules)
            (new / "packages").write_text(packages.versions, encoding="utf-8")
            (new / "recipe").write_text(recipe, encoding="utf-8")
            shutil.rmtree(made, ignore_errors=True)
            new.rename(made)


class Packages:
    """Parts of an image, in the versions of the mirror."""

    def __init__(self, folder: Path, image: str, hardware: Hardware) -> None:
        source = KERNELS.get(image)
        self._suites = Suites(folder, source.suites if source else SHARED_SUITES, hardware.debian)
        self._names = self._suites.kernel(source.package) if source else self._suites.with_dependencies(*SHARED)
        self.versions = self._suites.versions(self._names)

    def unpack(self, tree: Path) -> None:
        """Puts all of them there."""
        tree.mkdir()
        tree.chmod(0o755)
        for name in ("bin", "sbin", "lib", "lib64"):
            (tree / "usr" / name).mkdir(parents=True)
            (tree / name).symlink_to(f"usr/{name}")
        unpack(self._suites.download(self._names), tree)


def make_root(packages: Packages, work: Path, new: Path) -> None:
    tree = work / "tree"
    packages.unpack(tree)
    for name in ("usr/share/doc", "usr/share/man", "usr/share/locale", "boot"):
        shutil.rmtree(tree / name, ignore_errors=True)
    configure(tree)
    image = new / "root.ext4"
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-d", str(tree), str(image))
    shutil.copy(tree / BUSYBOX, new / "busybox")


def configure(tree: Path) -> None:
    """The necessary part of the work of the packages' installation scripts."""
    master = tree / "usr/share/base-passwd"
    users = (master / "passwd.master").read_text(encoding="utf-8").replace(":*:", ":x:")
    groups = (master / "group.master").read_text(encoding="utf-8")
    for name, number in USERS.items():
        users += f"{name}:x:{number}:{number}::/home/{name}:/bin/sh\n"
        groups += f"{name}:x:{number}:\n"
        home = tree / "home" / name
        home.mkdir(parents=True)
        os.chown(home, number, number)
        home.chmod(0o700)
    etc = tree / "etc"
    put(etc / "passwd", users)
    put(etc / "group", groups)
    shadow = "".join(f"{line.split(':')[0]}:*:20000:0:99999:7:::\n" for line in users.splitlines())
    put(etc / "shadow", shadow, 0o640)
    os.chown(etc / "shadow", 0, 42)
    put(etc / "hostname", "kernels\n")
    put(etc / "hosts", "127.0.0.1 localhost kernels\n::1 localhost\n")
    put(etc / "resolv.conf", "nameserver 127.0.0.53\n")
    put(etc / "nsswitch.conf", "passwd: files\ngroup: files\nhosts: files dns\n")
    authorities = sorted((tree / "usr/share/ca-certificates/mozilla").glob("*.crt"))
    (etc / "ssl/certs").mkdir(parents=True, exist_ok=True)
    put(etc / "ssl/certs/ca-certificates.crt", "".join(each.read_text(encoding="utf-8") for each in authorities))
    modes = {"proc": 0o555, "sys": 0o555, "dev": 0o755, "run": 0o755, "tmp": 0o1777, "var/tmp": 0o1777, "root": 0o700}
    for name, mode in modes.items():
        (tree / name).mkdir(exist_ok=True)
        (tree / name).chmod(mode)
    put(tree / "sbin/init", (HERE / "init.sh").read_text(encoding="utf-8"), 0o755)


def put(path: Path, text: str, mode: int = 0o644) -> None:
    path.write_text(text, encoding="utf-8")
    path.chmod(mode)


def make_start(packages: Packages, work: Path, new: Path, root: Path, modules: tuple[str, ...]) -> None:
    tree, start = work / "tree", work / "start"
    packages.unpack(tree)
    release, kernel = kernel_of(tree)
    for name in ("bin", "dev", "disk", "modules", "proc"):
        (start / name).mkdir(parents=True)
    shutil.copy(root / "busybox", start / "bin/busybox")
    put(start / "init", (HERE / "start.sh").read_text(encoding="utf-8"), 0o755)
    os.mknod(start / "dev/console", 0o600 | stat.S_IFCHR, os.makedev(5, 1))
    for number, (name, contents) in enumerate(modules_of(tree, release, modules)):
        (start / "modules" / f"{number:02}-{name}.ko").write_bytes(contents)
    names = "\n".join(str(each.relative_to(start)) for each in sorted(start.rglob("*")))
    archive = ["cpio", "--quiet", "--create", "--format=newc", "--owner=0:0"]
    with (new / "initrd").open("wb") as output:
        subprocess.run(archive, cwd=start, input=names.encode(), stdout=output, check=True)
    shutil.copy(kernel, new / "vmlinuz")
    put(new / "release", release + "\n")


def kernel_of(tree: Path) -> tuple[str, Path]:
    """Its release and file; from 7.0 on Debian has it with its modules."""
    for folder in (tree / "lib/modules").iterdir():
        for kernel in (tree / "boot" / f"vmlinuz-{folder.name}", folder / "vmlinuz"):
            if kernel.exists():
                return folder.name, kernel
    raise PackagesFailed("the packages hold no kernel")


def modules_of(tree: Path, release: str, wanted: tuple[str, ...]) -> list[tuple[str, bytes]]:
    """Modules, each after those that it needs. Built-in ones are left out."""
    folder = tree / "lib/modules" / release
    files = {re.sub(r"\.ko(\.xz)?$", "", each.name).replace("-", "_"): each for each in folder.rglob("*.ko*")}
    built_in = {Path(line).stem.replace("-", "_") for line in (folder / "modules.builtin").read_text().split()}
    ordered: dict[str, bytes] = {}

    def add(name: str) -> None:
        if name in ordered or name in built_in:
            return
        if name not in files:
            raise PackagesFailed(f"{release} has no {name}")
        contents = files[name].read_bytes()
        contents = lzma.decompress(contents) if files[name].suffix == ".xz" else contents
        # The section .modinfo (kernel/module): strings that end with a zero.
        depends = re.search(rb"\0depends=([^\0]*)\0", contents)
        for each in depends[1].decode().split(",") if depends else []:
            if each:
                add(each.replace("-", "_"))
        ordered[name] = contents

    for name in wanted:
        add(name)
    return list(ordered.items())


if __name__ == "__main__":
    sys.exit(main())
