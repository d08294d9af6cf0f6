"""One squid with a port for each rule: open, with credentials, forbidding, over TLS, with client certificates."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
from pathlib import Path

from addresses import Ports
from authority import Pair
from doors import Account, Door
from processes import Child, Processes, bare_environment

SOURCE = "127.0.0.2"
# Root may not run squid: it changes to this user, which the package makes.
USER = "proxy"
HELPER = Path("/usr/lib/squid/basic_ncsa_auth")
BINARY = "/usr/sbin/squid"

GENERAL = """\
visible_hostname squid
{user}
pid_filename none
coredump_dir {folder}
cache_log {folder}/cache.log
logformat door %>lp %>Hs %rm %ru %un
access_log stdio:{log} door
cache deny all
cache_mem 0
pinger_enable off
max_filedescriptors 1024
shutdown_lifetime 0 seconds
tcp_outgoing_address {source}
auth_param basic program {helper} {users}
auth_param basic children 2 startup=2 idle=1
auth_param basic realm site
acl users proxy_auth REQUIRED
"""


class Squid:
    def __init__(self, folder: Path, ports: Ports, account: Account) -> None:
        folder.mkdir()
        self._folder = folder
        self._ports = ports
        self._account = account
        self._log = folder / "access.log"
        self._lines: list[str] = []

    def door(self, name: str, rule: str = "allow", pair: Pair | None = None, more: str = "") -> Door:
        """`rule`: allow, deny, or users. With a certificate it speaks TLS. `more`: options of the port."""
        port, label = self._ports.take(), f"door{len(self._lines)}"
        kind = "https_port" if pair else "http_port"
        tls = f"tls-cert={self._own(pair.certificate)} tls-key={self._own(pair.key)}" if pair else ""
        access = {"allow": f"allow {label}", "deny": f"deny {label}", "users": f"allow {label} users"}[rule]
        self._lines.append(
            f"{kind} 127.0.0.1:{port} name={label} {tls} {more}\nacl {label} myportname {label}\nhttp_access {access}\n"
        )
        account = self._account if rule == "users" else None
        return Door(name, "https" if pair else "http", port, SOURCE, self._log, account, line=rf"{port} 2\d\d ")

    def client_authority(self, certificate: Path) -> str:
        """The option of a port that asks for certificates of this authority and lets nobody in without one."""
        return f"clientca={self._own(certificate)}"

    def start(self, processes: Processes) -> Child:
        users, configuration = self._folder / "users", self._folder / "squid.conf"
        users.write_text(f"{self._account.user}:{digest(self._account.password)}\n", encoding="utf-8")
        as_root = os.geteuid() == 0
        general = GENERAL.format(
            user=f"cache_effective_user {USER}" if as_root else "",
            folder=self._folder,
            log=self._log,
            source=SOURCE,
            helper=HELPER,
            users=users,
        )
        configuration.write_text(general + "".join(self._lines) + "http_access deny all\n", encoding="utf-8")
        if as_root:
            owner = pwd.getpwnam(USER)
            for path in (self._folder, *self._folder.iterdir()):
                os.chown(path, owner.pw_uid, owner.pw_gid)
        return processes.start("squid", [BINARY, "-N", "-f", str(configuration)], bare_environment())

    def _own(self, file: Path) -> Path:
        """A copy that the user of squid can be given."""
        copy = self._folder / f"{file.parent.name}-{file.name}"
        if not copy.exists():
            shutil.copy(file, copy)
        return copy


def digest(password: str) -> str:
    done = subprocess.run(
        ["openssl", "passwd", "-apr1", "-stdin"], input=password, capture_output=True, text=True, timeout=10, check=True
    )
    return done.stdout.strip()
