"""The site in the machine: addresses, proxy, relay, MCP servers, and the files that an administrator writes."""

from __future__ import annotations

import json
import os
import secrets
import shutil
import ssl
import subprocess
import urllib.request
from pathlib import Path
from typing import Any

from call import Session
from service import COMMAND_SECONDS, Unit, run, wait_until

JOB = Path("/srv/job")
CERTIFICATES = JOB / "certificates"
ETC, RELAY_ETC = Path("/etc/tunnel-client"), Path("/etc/tunnel-relay")
SECRETS, SECOND_SECRETS = ETC / "secrets", ETC / "secrets-second"
CONFIGURATION = ETC / "tunnel-client.yaml"
SECOND_CONFIGURATION = ETC / "second.yaml"
SHIPPED_DROP_IN = Path("/usr/share/tunnel-client/drop-ins/proxy-egress.conf")
SHIPPED_PROXY = "192.0.2.10"
PROXY_LOG = Path("/var/log/tinyproxy/tinyproxy.log")
PROGRAMS = Path("/opt/mcp")
# On loopback, but not of it: for the unit's list of addresses they are other hosts.
PROXY, RELAY = "10.9.0.2", "10.9.0.3"
PROXY_PORT, RELAY_PORT, SERVER_PORT = 3128, 8443, 3000
RELAY_NAME = f"relay.example:{RELAY_PORT}"
HEALTH = "http://127.0.0.1:8080"
SECOND_URL = Path("/run/tunnel-client-second/health.url")
TINYPROXY = f"""\
User tinyproxy
Group tinyproxy
Listen {PROXY}
Port {PROXY_PORT}
Bind {PROXY}
LogFile "{PROXY_LOG}"
LogLevel Connect
PidFile "/run/tinyproxy/tinyproxy.pid"
Timeout 600
MaxClients 100
"""

CLIENT, SECOND, RELAY_UNIT, PROXY_UNIT = (
    Unit(name) for name in ("tunnel-client", "tunnel-client@second", "tunnel-relay", "tinyproxy")
)
STDIO = ("python", "node", "npx", "strict-python", "strict-node", "open")
CHANNELS = ("main", *STDIO)


def put(path: Path, text: str, mode: int = 0o644, group: str = "root") -> None:
    """Replaces a file whole, as an administrator does who knows SELinux: with the label of its place."""
    new = path.with_name(f".{path.name}.new")
    new.touch(mode=0o600)
    new.write_text(text, encoding="utf-8")
    shutil.chown(new, "root", group)
    new.chmod(mode)
    os.rename(new, path)
    run("restorecon", str(path))


class Site:
    def __init__(self) -> None:
        self.keys = {name: secrets.token_urlsafe(32) for name in ("first", "next", "second", "caller", "manager")}
        self.scopes = dict.fromkeys(("first", "next", "second"), "read,use") | {
            "caller": "connect", "manager": "read,manage"
        }  # fmt: skip
        self.tunnel = self.second_tunnel = ""
        self._server: subprocess.Popen[bytes] | None = None

    def end(self) -> None:
        if self._server:
            self._server.kill()
            self._server.wait()

    # What is there before the client.

    def addresses(self) -> None:
        for address in (PROXY, RELAY):
            run("ip", "address", "add", f"{address}/32", "dev", "lo")
        with Path("/etc/hosts").open("a", encoding="utf-8") as hosts:
            hosts.write(f"{RELAY} relay.example\n")

    def start_proxy(self) -> None:
        put(Path("/etc/tinyproxy/tinyproxy.conf"), TINYPROXY)
        PROXY_LOG.parent.mkdir(exist_ok=True)
        shutil.chown(PROXY_LOG.parent, "tinyproxy", "tinyproxy")
        run("systemctl", "restart", PROXY_UNIT.name)

    def start_relay(self) -> None:
        for name in ("relay.pem", "relay.key"):
            text = (CERTIFICATES / name).read_text(encoding="utf-8")
            put(RELAY_ETC / name, text, 0o640, "tunnel-relay")
        self.allow_keys()
        settings = f"TUNNEL_RELAY_LISTEN={RELAY}:{RELAY_PORT}\nTUNNEL_RELAY_ALLOW_HOST=relay.example\n"
        put(RELAY_ETC / "tunnel-relay.env", settings, 0o640, "tunnel-relay")
        run("systemctl", "start", RELAY_UNIT.name)
        self.tunnel, self.second_tunnel = (self._make_tunnel(name) for name in ("first", "second"))

    def allow_keys(self, *left_out: str) -> None:
        lines = [f"{name} {self.scopes[name]} {key}" for name, key in self.keys.items() if name not in left_out]
        put(RELAY_ETC / "keys", "\n".join(lines) + "\n", 0o640, "tunnel-relay")

    def _make_tunnel(self, name: str) -> str:
        tls = ssl.create_default_context(cafile=str(CERTIFICATES / "ca.pem"))
        opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=tls))
        body = json.dumps({"name": name, "description": "of the test"}).encode()
        headers = {"Authorization": f"Bearer {self.keys['manager']}", "Content-Type": "application/json"}
        request = urllib.request.Request(f"https://{RELAY_NAME}/v1/tunnels", body, headers)
        with opener.open(request, timeout=COMMAND_SECONDS) as answer:
            return str(json.load(answer)["id"])

    def start_servers(self) -> None:
        """The programs of stdio servers, and a server on HTTP."""
        shutil.copytree(JOB / "guest/servers", PROGRAMS)
        run("restorecon", "-R", str(PROGRAMS.parent))
        # A copy: the installed program would be started in the relay's domain.
        stub = shutil.copy("/usr/bin/tunnel-relay", PROGRAMS / "stub")
        url = JOB / "server.url"
        command = [stub, "mcp-stub", "--listen", f"127.0.0.1:{SERVER_PORT}", "--url-file", str(url)]
        self._server = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL)
        late = wait_until("the MCP server on HTTP listens", url.exists)
        if late:
            raise OSError(late[0])

    # The client.

    def configuration(self, tunnel: str) -> dict[str, Any]:
        return {
            "config_version": 1,
            "control_plane": {
                "base_url": f"https://{RELAY_NAME}",
                "tunnel_id": tunnel,
                "api_key": "credential:secret_api-key",
                "http_proxy": f"http://{PROXY}:{PROXY_PORT}",
            },
            "ca_bundle": str(ETC / "ca.pem"),
            "tls": {"trust": ["bundle"]},
            "hardening": {"mode": "enforce"},
            "lockdown": {"require_proxy": True, "require_bundle_trust": True},
            "mcp": {"server_urls": [{"channel": "main", "url": f"http://127.0.0.1:{SERVER_PORT}/mcp"}]},
        }

    def configure(self) -> None:
        """Writes the files of a client with all kinds of servers."""
        settings = self.configuration(self.tunnel)
        strict = {"level": "strict", "read": [str(PROGRAMS)], "network": "none"}
        commands = (
            ("python", f"/usr/bin/python3 {PROGRAMS}/echo.py", {"level": "default"}),
            ("node", f"/usr/bin/node {PROGRAMS}/echo.js", {"level": "default"}),
            ("npx", f"{PROGRAMS}/npx-like", {"level": "default"}),
            ("strict-python", f"/usr/bin/python3 {PROGRAMS}/echo.py", strict),
            ("strict-node", f"/usr/bin/node {PROGRAMS}/echo.js", strict),
            ("open", f"/usr/bin/python3 {PROGRAMS}/echo.py", {"level": "off"}),
        )
        settings["mcp"]["commands"] = [
            {"channel": channel, "command": command, "sandbox": sandbox} for channel, command, sandbox in commands
        ]
        settings["health"] = {"listen_addr": HEALTH.removeprefix("http://")}
        put(ETC / "ca.pem", (CERTIFICATES / "ca.pem").read_text(encoding="utf-8"), 0o644)
        put(CONFIGURATION, json.dumps(settings, indent=1), 0o640, "tunnel-client")
        put(SECRETS / "api-key", self.keys["first"], 0o600)
        self._limit_egress(CLIENT)

    def configure_second(self) -> None:
        settings = self.configuration(self.second_tunnel)
        command = f"/usr/bin/python3 {PROGRAMS}/echo.py"
        settings["mcp"]["commands"] = [{"channel": "python", "command": command}]
        put(SECOND_CONFIGURATION, json.dumps(settings, indent=1), 0o640, "tunnel-client")
        SECOND_SECRETS.mkdir(mode=0o700)
        put(SECOND_SECRETS / "api-key", self.keys["second"], 0o600)
        run("restorecon", "-R", str(ETC))
        self._limit_egress(SECOND)

    def _limit_egress(self, unit: Unit) -> None:
        """The shipped drop-in, with the proxy's address."""
        folder = Path(f"/etc/systemd/system/{unit.name}.service.d")
        folder.mkdir()
        text = SHIPPED_DROP_IN.read_text(encoding="utf-8")
        put(folder / SHIPPED_DROP_IN.name, text.replace(SHIPPED_PROXY, PROXY))
        run("restorecon", "-R", str(folder))
        run("systemctl", "daemon-reload")

    # A caller.

    def session(self, channel: str, tunnel: str = "") -> Session:
        """After `initialize`."""
        url = f"https://{RELAY_NAME}/v1/mcp/{tunnel or self.tunnel}/{channel}"
        # Node and Python start in seconds here, and a busy host makes a minute of it.
        session = Session(url, str(CERTIFICATES / "ca.pem"), self.keys["caller"], COMMAND_SECONDS)
        session.open("machine")
        return session

    def served(self, channel: str, tunnel: str = "") -> list[str]:
        """A whole session; a line for each unexpected result."""
        session = self.session(channel, tunnel)
        tools = [tool["name"] for tool in session.request("tools/list", {})["tools"]]
        if "echo" not in tools:
            return [f"{channel}: there is no tool echo but {', '.join(tools)}"]
        text = secrets.token_hex(8)
        said = session.call("echo", {"text": text})
        return [] if text in said else [f"{channel}: the answer to {text} is {said[:200]}"]

    def attempts(self, channel: str, wanted: dict[tuple[str, str], tuple[str, ...]]) -> list[str]:
        """Has the server of that channel try things; a line for each other outcome than one of the wanted ones."""
        session = self.session(channel)
        lines = []
        for (what, where), outcomes in wanted.items():
            found = session.call("attempt", {"what": what, "where": where})
            if found not in outcomes:
                lines.append(f"{channel}: {what} {where}: {found} and not {' or '.join(outcomes)}")
        return lines
