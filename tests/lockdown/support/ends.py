"""Starts the programs of a run, each in its namespace, and calls from the cloud through the tunnel."""

from __future__ import annotations

import re
import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from certificates import make_certificates, openssl
from client import POLL_SECONDS, START_SECONDS, Client
from network import CLOUD4, CLOUD6, CONTROL_NAME, CONTROL_PORT, PROXY4, PROXY6, PROXY_PORT, Network
from processes import Child, Processes, ProcessFailed, bare_environment

CALL_SECONDS = 40.0
TUNNELS = 12
LOCKDOWN_VARIABLES = re.compile(r"LOCKDOWN_\w+")
PROXY_VARIABLES = re.compile(r"(\w+_)?(HTTPS?|ALL)_PROXY", re.IGNORECASE)
SUPPORT = Path(__file__).resolve().parent

CONTROL_URL = f"https://{CONTROL_NAME}:{CONTROL_PORT}"
EXTENSIONS = f"""\
basicConstraints = critical, CA:FALSE
extendedKeyUsage = serverAuth
subjectAltName = DNS:{CONTROL_NAME}, IP:{CLOUD4}, IP:{CLOUD6}
"""
PROXY_CONFIGURATION = f"""\
Port {PROXY_PORT}
Listen {PROXY4}
Listen {PROXY6}
ConnectPort {CONTROL_PORT}
Timeout 600
MaxClients 64
LogLevel Connect
"""


@dataclass(frozen=True)
class Ended:
    code: int
    output: str


@dataclass(frozen=True)
class Answer:
    ok: bool
    text: str


@dataclass
class Ends:
    network: Network
    processes: Processes
    folder: Path
    client: Path
    relay: Path
    spoil: str = ""
    authority: Path = field(init=False)
    _tunnels: list[str] = field(init=False)
    _proxy: Child | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._client_key, self._caller_key = (secrets.token_urlsafe(32) for _ in range(2))
        self._tunnels = [f"tunnel_{secrets.token_hex(16)}" for _ in range(TUNNELS)]

    def start_relay(self) -> None:
        certificates = make_certificates(self.folder)
        self.authority = certificates.authority
        request, certificate, key = (self.folder / f"control.{suffix}" for suffix in ("csr", "pem", "key"))
        extensions = self.folder / "control.ext"
        extensions.write_text(EXTENSIONS, encoding="utf-8")
        openssl(
            ["req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-subj", f"/CN={CONTROL_NAME}"]
            + ["-keyout", str(key), "-out", str(request)]
        )
        openssl(
            ["x509", "-req", "-in", str(request), "-days", "2", "-extfile", str(extensions), "-CAcreateserial"]
            + ["-CA", str(self.authority), "-CAkey", str(self.folder / "ca.key"), "-out", str(certificate)]
        )
        keys = self.folder / "keys"
        keys.touch(mode=0o600)
        keys.write_text(f"client read,use {self._client_key}\ncaller connect {self._caller_key}\n", encoding="utf-8")
        url_file = self.folder / "relay.url"
        command = [str(self.relay), "serve", "--listen", f"[::]:{CONTROL_PORT}", "--url-file", str(url_file)]
        command += ["--tls-cert", str(certificate), "--tls-key", str(key), "--keys-file", str(keys)]
        command += ["--allow-host", CONTROL_NAME, *(part for each in self._tunnels for part in ("--tunnel", each))]
        relay = self.processes.start("relay", self.network.cloud.command(*command), bare_environment())
        relay.wait_for_file(url_file, START_SECONDS)

    def start_proxy(self) -> None:
        configuration = self.folder / "tinyproxy.conf"
        configuration.write_text(PROXY_CONFIGURATION, encoding="utf-8")
        command = self.network.proxy.command("tinyproxy", "-d", "-c", str(configuration))
        self._proxy = self.processes.start("proxy", command, bare_environment())
        deadline = time.monotonic() + START_SECONDS
        while not self.network.proxy.run("ss", "-Hltn", f"sport = :{PROXY_PORT}"):
            self._proxy.check_running()
            if time.monotonic() > deadline:
                raise ProcessFailed(f"the proxy did not listen within {START_SECONDS:.0f} s", self._proxy.log)
            time.sleep(POLL_SECONDS)

    def lose_proxy(self) -> None:
        """Ends the proxy: its host then refuses connections."""
        if self._proxy is not None:
            self._proxy.stop()

    def return_proxy(self) -> None:
        if self.spoil != "return":
            self.start_proxy()

    def start_tools(self, where: str, listen: str) -> Child:
        """Starts an MCP server in the namespace `site` or `proxy`."""
        url_file = self.folder / f"tools-{secrets.token_hex(4)}.url"
        namespace = {"site": self.network.site, "proxy": self.network.proxy}[where]
        command = namespace.command(str(self.relay), "mcp-stub", "--listen", listen, "--url-file", str(url_file))
        tools = self.processes.start(f"tools-{where}", command, bare_environment())
        tools.wait_for_file(url_file, START_SECONDS)
        return tools

    def environment(self, tunnel: str, settings: dict[str, str]) -> dict[str, str]:
        """The variables of a client: what every client needs, and these."""
        left_out = {"lockdown": LOCKDOWN_VARIABLES, "proxy": PROXY_VARIABLES}.get(self.spoil)
        if left_out:
            settings = {name: value for name, value in settings.items() if not left_out.fullmatch(name)}
        common = {
            "CONTROL_PLANE_BASE_URL": CONTROL_URL,
            "CONTROL_PLANE_TUNNEL_ID": tunnel,
            "CONTROL_PLANE_API_KEY": self._client_key,
            # With the guardrail of 5 s it is more than an attempt to connect may take, which then ends by itself.
            "CONTROL_PLANE_POLL_TIMEOUT": "6s",
            "CA_BUNDLE": str(self.authority),
            "HEALTH_UNIX_SOCKET": str(self.folder / f"{tunnel[-8:]}.health"),
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "debug",
        }
        return bare_environment(**{**common, **settings})

    def start_client(self, name: str, settings: dict[str, str]) -> Client:
        tunnel = self._tunnels.pop()
        environment = self.environment(tunnel, settings)
        child = self.processes.start(name, self.network.site.command(str(self.client), "run"), environment)
        return Client(child, tunnel, Path(environment["HEALTH_UNIX_SOCKET"]))

    def run_client(self, name: str, arguments: list[str], settings: dict[str, str], seconds: float) -> Ended:
        """A client that is to end by itself."""
        environment = self.environment(self._tunnels[0], settings)
        command = self.network.site.command(str(self.client), *arguments)
        child = self.processes.start(name, command, environment)
        code = child.wait(seconds)
        return Ended(code, child.log.read_text(encoding="utf-8", errors="replace"))

    def attempt(self, *what: str) -> None:
        """Sends something from the site past every setting. See attempts.py."""
        self.network.site.run(sys.executable, str(SUPPORT / "attempts.py"), *what)

    def keep_attempting(self, *what: str) -> None:
        command = self.network.site.command(sys.executable, str(SUPPORT / "attempts.py"), "--every", "0.01", *what)
        self.processes.start("attempts", command, bare_environment())

    def call(self, client: Client, name: str = CONTROL_NAME) -> Answer:
        """Calls the MCP server through the tunnel, from the cloud."""
        text = f"text {secrets.token_hex(8)}"
        url = f"https://{name}:{CONTROL_PORT}/v1/mcp/{client.tunnel}"
        command = self.network.cloud.command(sys.executable, str(SUPPORT / "call.py"), url, str(self.authority), text)
        done = subprocess.run(
            command, input=self._caller_key, capture_output=True, text=True, timeout=CALL_SECONDS, check=False,
            env=bare_environment(PYTHONDONTWRITEBYTECODE="1"),
        )  # fmt: skip
        output = (done.stdout + done.stderr).strip()
        return Answer(done.returncode == 0 and output == text, output)
