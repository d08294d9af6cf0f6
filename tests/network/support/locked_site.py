"""The site: authorities, proxies, the control plane, an MCP server, and the fronts of both."""

from __future__ import annotations

import itertools
import shlex
import socket
import time
from pathlib import Path

from addresses import Ports
from authority import LOOPBACK, Authority
from control import ControlPlane
from doors import Account, Door
from fronts import Front, Fronts, Manner
from processes import Child, Processes, bare_environment
from squid import Squid
from tinyproxy import Tinyproxy
from tunnel import POLL_SECONDS, START_SECONDS


class LockedSite:
    """Fronts are opened while cells are made; `start` starts the processes that then have all their ports."""

    def __init__(self, processes: Processes, relay: Path, client: Path, folder: Path, outside: str) -> None:
        self._processes = processes
        self._folder = folder
        self._relay = relay
        self.outside = outside
        self._secrets = itertools.count()
        self._ports = Ports()
        self.client = client
        self.control = ControlPlane(processes, relay, client, folder)
        self.authority = Authority.new(folder / "site", "authority of the site")
        self.of_proxies = Authority.new(folder / "of-proxies", "authority of the proxies")
        self.of_clients = Authority.new(folder / "of-clients", "authority of the clients")
        self.unknown = Authority.new(folder / "unknown", "an authority that nobody trusts")
        self.identity = self.of_clients.client("tunnel-client")
        self.proxy_identity = self.of_proxies.client("tunnel-client")
        self.unknown_identity = self.unknown.client("tunnel-client")
        self._make_manners()
        self._make_doors()
        self._fronts = Fronts(folder / "fronts", self._ports, self.control.authority)
        url_file = folder / "mcp.url"
        stub = [str(relay), "mcp-stub", "--url-file", str(url_file)]
        server = processes.start("mcp-stub", stub, bare_environment()).wait_for_file(url_file, START_SECONDS)
        self._server = server.removesuffix("/mcp")
        self.usual_control_plane = self.control_front(self.not_asking)
        """For cells about MCP servers."""

    def _make_manners(self) -> None:
        """How fronts receive."""
        self._pair = pair = self.authority.server("front", f"{LOOPBACK}, IP:{self.outside}")
        of_clients = self.of_clients.certificate
        self.asking = Manner(pair, client_authority=of_clients)
        self.not_asking = Manner(pair)
        self.plain = Manner()
        self.of_unknown = Manner(self.unknown.server("front"))
        self.misnamed = Manner(self.authority.server("misnamed", "DNS:other.invalid"))
        self.older = Manner(pair, protocols="TLSv1.2")

    def _make_doors(self) -> None:
        pair = self.authority.server("proxy")
        self.account = Account.new(":/%@")
        self._squid = squid = Squid(self._folder / "squid", self._ports, self.account)
        self.squid = squid.door("squid")
        self.squid_users = squid.door("squid", "users")
        self.squid_forbids = squid.door("squid", "deny")
        self.squid_tls = squid.door("squid", pair=pair)
        self.squid_tls_users = squid.door("squid", "users", pair)
        self.squid_tls_forbids = squid.door("squid", "deny", pair)
        self.squid_tls_unknown = squid.door("squid", pair=self.unknown.server("proxy"))
        self.squid_tls_own = squid.door("squid", pair=self.of_proxies.server("proxy"))
        self.squid_tls_misnamed = squid.door("squid", pair=self.authority.server("misnamed-proxy", "DNS:other.invalid"))
        asking = squid.client_authority(self.of_proxies.certificate)
        # Without a context of its own, squid asks for client certificates and then refuses every session resumed.
        self.squid_tls_asking = squid.door("squid", pair=pair, more=f"{asking} sslcontext=site")
        self.squid_tls_forgetful = squid.door("squid", pair=pair, more=asking)
        self.squid_tls_older = squid.door("squid", pair=pair, more="options=NO_TLSv1_3")
        self._tinyproxy = tinyproxy = Tinyproxy(self._folder / "tinyproxy", self._ports)
        self.tinyproxy = tinyproxy.open("tinyproxy")
        self.tinyproxy_users = tinyproxy.with_account("tinyproxy", Account.new())
        self.tinyproxy_forbids = tinyproxy.forbidding("tinyproxy")
        self.down = Door("nobody", "http", self._ports.take(), "", self._folder / "no.log")

    def control_front(self, manner: Manner, outside: bool = False) -> Front:
        return self._front(self.control.url, manner, outside)

    def server_front(self, manner: Manner, outside: bool = False) -> Front:
        return self._front(self._server, manner, outside)

    def _front(self, upstream: str, manner: Manner, outside: bool) -> Front:
        """`outside`: not on loopback, for which the proxies of the environment are never used."""
        if outside:
            return self._fronts.open(upstream, manner, self.outside, self.outside)
        return self._fronts.open(upstream, manner)

    def start_asking_relay(self) -> str:
        """The URL of a relay that asks for client certificates itself."""
        url_file = self._folder / "asking.url"
        command = [str(self._relay), "serve", "--listen", "127.0.0.1:0", "--url-file", str(url_file)]
        command += ["--tls-cert", str(self._pair.certificate), "--tls-key", str(self._pair.key)]
        command += ["--client-ca", str(self.of_clients.certificate), "--require-client-cert"]
        command += ["--keys-file", str(self._folder / "keys")]
        return self._processes.start("asking-relay", command, bare_environment()).wait_for_file(url_file, START_SECONDS)

    @property
    def stdio_server(self) -> dict[str, str]:
        """The client's setting for an MCP server that no network leads to."""
        return {"MCP_COMMAND": f"{shlex.quote(str(self._relay))} mcp-stub --stdio"}

    def nowhere(self) -> str:
        """A URL that nobody listens at."""
        return f"https://localhost:{self._ports.take()}"

    def secret_file(self, content: str, mode: int = 0o600) -> Path:
        """A file of a folder of its own, so that this folder can be $CREDENTIALS_DIRECTORY."""
        folder = self._folder / f"secret-{next(self._secrets)}"
        folder.mkdir()
        path = folder / "proxy"
        path.touch(mode)
        path.write_text(f"{content}\n", encoding="utf-8")
        path.chmod(mode)
        return path

    def start(self) -> None:
        """Returns once all of them accept connections."""
        squid = self._squid.start(self._processes)
        nginx = self._fronts.start(self._processes)
        others = self._tinyproxy.start(self._processes)
        await_port(squid, self.squid_tls_older.port)
        await_port(nginx, self.usual_control_plane.port)
        for child, door in zip(others, (self.tinyproxy, self.tinyproxy_users, self.tinyproxy_forbids), strict=True):
            await_port(child, door.port)


def await_port(child: Child, port: int) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        child.check_running()
        try:
            socket.create_connection(("127.0.0.1", port), timeout=1).close()
            return
        except OSError:
            if time.monotonic() > deadline:
                raise
        time.sleep(POLL_SECONDS)
