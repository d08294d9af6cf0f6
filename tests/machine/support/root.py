"""Makes the disk of the machines: Debian 12 with systemd and SELinux enforcing, labelled by Debian's policy.

    root.py FOLDER [--update]

The tree is made by mmdebstrap, the labels on this host, the file system by mke2fs: nothing is booted or mounted.
"""

from __future__ import annotations

import hashlib
import os
import re
import shutil
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.dont_write_bytecode = True
sys.path.append(str(HERE.parent.parent / "kernels" / "support"))

import packages  # noqa: E402
from packages import KEYRING, PackagesFailed, mirrors, run  # noqa: E402

# mmdebstrap configures 200 packages, the policy among them; a minute on a quiet machine.
packages.COMMAND_SECONDS = 1800.0
IMAGE_BYTES = 3 << 30
POLICY = "default"
INCLUDED = (
    "auditd", "ca-certificates", "dbus", "iproute2", "kmod", "login", "logrotate", "mount", "netbase", "nodejs",
    "passwd", "policycoreutils", "policycoreutils-python-utils", "procps", "python3", "selinux-policy-default",
    "selinux-utils", "semodule-utils", "systemd", "systemd-sysv", "tinyproxy", "udev",
)  # fmt: skip
# What would use the processor in the middle of a case, or wait for a network that is not there.
MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "dpkg-db-backup.timer", "e2scrub_all.timer", "e2scrub_reap.service",
    "fstrim.timer", "getty@tty1.service", "logrotate.timer", "selinux-autorelabel.service", "serial-getty@ttyS0.service",
    "serial-getty@ttyS1.service", "proc-sys-fs-binfmt_misc.automount", "systemd-networkd-wait-online.service",
)  # fmt: skip
# Modules of Debian's policy that stay enabled, out of some 330: those for programs that this disk has, and those that they require. Each
# change of a module makes the machine compile the policy again. Emulated, that takes minutes with all modules, and a quarter of it with these.
MODULES = (
    "acct", "apt", "auditadm", "base", "bootloader", "cgroup", "clock", "cron", "dmidecode", "getty", "gpg", "guest",
    "hostname", "inetd", "iptables", "kerberos", "loadkeys", "logadm", "logrotate", "lvm", "mandb", "mta", "netlabel",
    "netutils", "networkmanager", "nis", "nscd", "ntp", "policykit", "rpc", "rpcbind", "rtkit", "secadm", "seunshare",
    "shutdown", "ssh", "sssd", "staff", "su", "sudo", "tcpd", "tzdata", "unconfined", "unprivuser", "usbmodules", "vlock",
    "watchdog", "xdg", "xserver",
)  # fmt: skip
LEFT_OUT = ("usr/share/man", "usr/share/locale", "usr/share/doc")
FILES = {
    "etc/hostname": "machine\n",
    "etc/hosts": "127.0.0.1 localhost machine\n::1 localhost\n",
    "etc/resolv.conf": "nameserver 127.0.0.53\n",
    "etc/fstab": "/dev/vda / ext4 defaults,noatime 0 0\n",
    # systemd makes one at boot.
    "etc/machine-id": "",
    "etc/systemd/journald.conf.d/machine.conf": "[Journal]\nStorage=volatile\nRateLimitBurst=0\n",
}


def main() -> int:
    folder, *rest = sys.argv[1:]
    try:
        provide(Path(folder), "--update" in rest)
    except (PackagesFailed, OSError) as error:
        print(f"error: the disk cannot be made: {error}", file=sys.stderr)
        return 1
    return 0


def provide(folder: Path, update: bool) -> None:
    made = folder / "root"
    recipe = hashlib.sha256(Path(__file__).read_bytes() + (HERE / "job.service").read_bytes()).hexdigest()
    pins = made / "recipe"
    if not update and pins.exists() and pins.read_text(encoding="utf-8") == recipe:
        return
    print("machine: making the disk", flush=True)
    with tempfile.TemporaryDirectory(prefix=".new-", dir=folder) as temporary:
        tree, new = Path(temporary) / "tree", Path(temporary) / "made"
        new.mkdir()
        bootstrap(tree)
        configure(tree)
        disable_modules(tree)
        label(tree)
        pack(tree, new / "root.ext4")
        listed = run("dpkg-query", "--admindir", str(tree / "var/lib/dpkg"), "-W")
        (new / "packages").write_text(listed, encoding="utf-8")
        (new / "recipe").write_text(recipe, encoding="utf-8")
        shutil.rmtree(made, ignore_errors=True)
        new.rename(made)


def bootstrap(tree: Path) -> None:
    plain, security = mirrors()
    signed = f"deb [signed-by={KEYRING}]"
    sources = [f"{signed} {plain} bookworm main", f"{signed} {security} bookworm-security main"]
    options = [f"--dpkgopt=path-exclude=/{each}/*" for each in LEFT_OUT]
    options += ["--dpkgopt=force-unsafe-io", '--aptopt=Apt::Install-Recommends "false"']
    options += ['--aptopt=Acquire::Languages "none"', '--aptopt=Acquire::Retries "2"']
    # The package of the policy itself stays in the cache of the disk: a case installs it once more.
    keep = "--customize-hook=chroot \"$1\" sh -c 'cd /var/cache && apt-get -q download selinux-policy-default'"
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--mode=root", f"--include={','.join(INCLUDED)}"]
    run(*command, *options, keep, "bookworm", str(tree), *sources)


def configure(tree: Path) -> None:
    # Otherwise dpkg in the machine would leave out the manual pages of the packages to test.
    for each in (tree / "etc/dpkg/dpkg.cfg.d").glob("*mmdebstrap*"):
        each.unlink()
    for name, text in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(text, encoding="utf-8")
        path.chmod(0o644)
    config = tree / "etc/selinux/config"
    text = config.read_text(encoding="utf-8")
    config.write_text(re.sub(r"(?m)^SELINUX=.*$", "SELINUX=enforcing", text), encoding="utf-8")
    (tree / ".autorelabel").unlink(missing_ok=True)
    units = tree / "etc/systemd/system"
    for name in MASKED:
        (units / name).unlink(missing_ok=True)
        (units / name).symlink_to("/dev/null")
    shutil.copy(HERE / "job.service", units / "job.service")
    (units / "job.service").chmod(0o644)
    wanted = units / "multi-user.target.wants"
    wanted.mkdir(exist_ok=True)
    (wanted / "job.service").symlink_to("../job.service")


def disable_modules(tree: Path) -> None:
    store = tree / "var/lib/selinux" / POLICY / "active/modules/100"
    known = sorted(module.name for module in store.iterdir())
    unknown = sorted(set(MODULES) - set(known))
    if unknown:
        raise PackagesFailed(f"Debian's policy has no module called {', '.join(unknown)}")
    choices = [word for name in known if name not in MODULES for word in ("-d", name)]
    run("chroot", str(tree), "semodule", "-s", POLICY, "-n", *choices)


def label(tree: Path) -> None:
    contexts = tree / "etc/selinux" / POLICY / "contexts/files/file_contexts"
    run("setfiles", "-m", "-F", "-r", str(tree), str(contexts), str(tree))


def pack(tree: Path, image: Path) -> None:
    with image.open("wb") as file:
        file.truncate(IMAGE_BYTES)
    run("mke2fs", "-q", "-t", "ext4", "-O", "^has_journal", "-E", "root_owner=0:0", "-L", "root", "-d", str(tree), str(image))
    # mke2fs makes this directory itself, without a label.
    command = "ea_set /lost+found security.selinux system_u:object_r:lost_found_t:s0\\000"
    run("debugfs", "-w", "-R", command, str(image))


if __name__ == "__main__":
    sys.exit(main())
