"""A host of its own, whose resolv.conf is exchanged while a client runs. Started in new namespaces (see renamed.py).

    site.py FOLDER CLIENT RELAY

The control plane has one name. Each of the name servers, addresses of loopback, says another address for it, and the
relay listens on the one that the current name server says. Prints a line for each thing that is not as it has to be.
"""

from __future__ import annotations

import json
import os
import secrets
import shutil
import socket
import struct
import subprocess
import sys
import threading
import time
from pathlib import Path

HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE), *(str(HERE.parent.parent / each / "support") for each in ("peers", "lockdown"))]

from call import VERSION, Refused, Session  # noqa: E402
from certificates import make_certificates, openssl  # noqa: E402
from client import Client  # noqa: E402
from processes import Child, Processes, ProcessFailed, bare_environment  # noqa: E402

NAME, PORT = "control.site.test", 8443
INITIALIZE = {"protocolVersion": VERSION, "capabilities": {}, "clientInfo": {"name": "site", "version": "1"}}
START_SECONDS = 20.0
# A client comes back 5 s after its relay is gone.
CALL_SECONDS = 15.0
POLL_SECONDS = 0.1
COMMAND_SECONDS = 20.0
NAME_SERVERS = ("127.0.0.1", "127.0.0.2", "127.0.0.3", "127.0.0.4")
TUNNEL = f"tunnel_{secrets.token_hex(16)}"
RESOLVED = Path("/run/systemd/resolve")
RESOLV_CONF = Path("/etc/resolv.conf")


def relay_of(name_server: str) -> str:
    """The address that a name server says: 127.0.1.1 for 127.0.0.1."""
    return name_server.replace("127.0.0.", "127.0.1.")


class NameServer(threading.Thread):
    """Answers every question for an IPv4 address with the relay's, others with nothing (RFC 1035, section 4)."""

    def __init__(self, address: str) -> None:
        super().__init__(daemon=True)
        self.asked = 0
        self._answer = socket.inet_aton(relay_of(address))
        self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._socket.bind((address, 53))

    def run(self) -> None:
        while True:
            query, peer = self._socket.recvfrom(512)
            self.asked += 1
            end = query.index(0, 12) + 5
            for_ipv4 = query[end - 4 : end - 2] == b"\0\1"
            head = query[:2] + struct.pack(">HHHHH", 0x8180, 1, for_ipv4, 0, 0)
            record = struct.pack(">HHHIH", 0xC00C, 1, 1, 0, 4) + self._answer
            self._socket.sendto(head + query[12:end] + (record if for_ipv4 else b""), peer)


class Site:
    def __init__(self, processes: Processes, folder: Path, program: Path, relay: Path) -> None:
        self._processes, self._program, self._relay = processes, program, relay
        self._client_key, self._caller_key = (secrets.token_urlsafe(32) for _ in range(2))
        self._running: Child | None = None
        self._folder = folder
        own_directories(folder)
        self._servers = {address: NameServer(address) for address in NAME_SERVERS}
        for server in self._servers.values():
            server.start()
        self._certificates(folder)

    def _certificates(self, folder: Path) -> None:
        self._authority = make_certificates(folder).authority
        request, extensions, self._certificate, self._key = (
            folder / f"site.{suffix}" for suffix in ("csr", "ext", "pem", "key")
        )
        addresses = "".join(f", IP:{relay_of(address)}" for address in NAME_SERVERS)
        extensions.write_text(f"subjectAltName = DNS:{NAME}{addresses}\n", encoding="utf-8")
        openssl(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={NAME}"]
            + ["-keyout", str(self._key), "-out", str(request)]
        )
        openssl(
            ["x509", "-req", "-in", str(request), "-days", "2", "-extfile", str(extensions), "-CAcreateserial"]
            + ["-CA", str(self._authority), "-CAkey", str(folder / "ca.key"), "-out", str(self._certificate)]
        )
        self._keys = folder / "keys"
        self._keys.touch(mode=0o600)
        self._keys.write_text(
            f"client read,use {self._client_key}\ncaller connect {self._caller_key}\n", encoding="utf-8"
        )

    def move_relay(self, name_server: str) -> None:
        """Ends the relay, and with it the client's connections; starts it where that name server says."""
        if self._running:
            self._running.stop()
        command = [str(self._relay), "serve", "--listen", f"{relay_of(name_server)}:{PORT}", "--allow-host", NAME]
        url_file = self._folder / f"{name_server}.url"
        command += ["--tls-cert", str(self._certificate), "--tls-key", str(self._key), "--keys-file", str(self._keys)]
        command += ["--tunnel", TUNNEL, "--url-file", str(url_file)]
        self._running = self._processes.start(f"relay-{name_server}", command, bare_environment())
        self._running.wait_for_file(url_file, START_SECONDS)

    def start_client(self) -> Client:
        base = Path("/etc/tunnel-client")
        base.mkdir(exist_ok=True)
        key, settings, health = base / "key", base / "tunnel-client.yaml", self._folder / "health"
        key.touch(mode=0o600)
        key.write_text(self._client_key, encoding="utf-8")
        shutil.copy(self._authority, base / "ca.pem")
        settings.write_text(
            json.dumps(
                {
                    "config_version": 1,
                    "control_plane": {
                        "base_url": f"https://{NAME}:{PORT}",
                        "tunnel_id": TUNNEL,
                        "api_key": f"file:{key}",
                    },
                    "ca_bundle": str(base / "ca.pem"),
                    "health": {"unix_socket": str(health)},
                    "mcp": {"commands": [{"channel": "main", "command": f"{self._relay} mcp-stub --stdio"}]},
                }
            ),
            encoding="utf-8",
        )
        command = [str(self._program), "run", "--config", str(settings)]
        client = Client(self._processes.start("client", command, bare_environment()), TUNNEL, health)
        client.wait_until_ready()
        return client

    def call(self, name_server: str) -> list[str]:
        """Calls through the relay that this name server leads to, and wants that no other was asked meanwhile."""
        before = {address: server.asked for address, server in self._servers.items()}
        self.move_relay(name_server)
        url = f"https://{relay_of(name_server)}:{PORT}/v1/mcp/{TUNNEL}"
        session = Session(url, str(self._authority), self._caller_key)
        deadline = time.monotonic() + CALL_SECONDS
        while True:
            try:
                session.request("initialize", INITIALIZE)
                break
            except Refused:
                # Nobody has connected to the relay yet.
                if time.monotonic() > deadline:
                    raise
            time.sleep(POLL_SECONDS)
        asked = {address for address, server in self._servers.items() if server.asked > before[address]}
        return [] if asked == {name_server} else [f"asked were {sorted(asked)} and not {name_server}"]


def own_directories(folder: Path) -> None:
    """A copy of /etc and an empty /run that nobody else sees, and loopback."""
    copy = folder / "etc"
    copy.mkdir()
    for command in (
        ["ip", "link", "set", "lo", "up"],
        ["mount", "-t", "tmpfs", "tmpfs", str(copy)],
        ["cp", "-a", "/etc/.", str(copy)],
        ["mount", "--move", str(copy), "/etc"],
        ["mount", "-t", "tmpfs", "tmpfs", "/run"],
    ):
        done = subprocess.run(command, capture_output=True, text=True, timeout=COMMAND_SECONDS, check=False)
        if done.returncode != 0:
            raise OSError(f"{' '.join(command)}: {done.stderr.strip()}")
    RESOLVED.mkdir(parents=True)
    Path("/etc/nsswitch.conf").write_text("hosts: files dns\n", encoding="utf-8")
    Path("/etc/hosts").write_text("127.0.0.1 localhost\n", encoding="utf-8")


def put_file(path: Path, name_server: str) -> None:
    """Another file takes the place of what was there, at once."""
    new = path.with_name(f"{path.name}.new")
    new.write_text(f"nameserver {name_server}\noptions timeout:1 attempts:2\n", encoding="utf-8")
    os.rename(new, path)


def put_link(path: Path, target: Path) -> None:
    new = path.with_name(f"{path.name}.new")
    new.symlink_to(target)
    os.rename(new, path)


def exchanges(site: Site) -> list[str]:
    first, second, third, fourth = NAME_SERVERS
    put_file(RESOLV_CONF, first)
    site.move_relay(first)
    site.start_client()
    put_file(RESOLV_CONF, second)
    lines = [f"a file in its place: {line}" for line in said(site, second)]
    put_file(RESOLVED / "stub-resolv.conf", third)
    put_link(RESOLV_CONF, RESOLVED / "stub-resolv.conf")
    lines += [f"a link in its place: {line}" for line in said(site, third)]
    put_file(RESOLVED / "stub-resolv.conf", fourth)
    return lines + [f"a file behind the link: {line}" for line in said(site, fourth)]


def said(site: Site, name_server: str) -> list[str]:
    try:
        return site.call(name_server)
    except Refused as error:
        return [str(error)]


def main() -> int:
    folder, program, relay = (Path(argument) for argument in sys.argv[1:])
    try:
        with Processes(folder) as processes:
            lines = exchanges(Site(processes, folder, program, relay))
    except (ProcessFailed, OSError, RuntimeError) as error:
        lines = [str(error), *(f"| {line}" for line in getattr(error, "last_lines", []))]
    print(*lines, sep="\n", end="\n" if lines else "")
    return 1 if lines else 0


if __name__ == "__main__":
    sys.exit(main())
