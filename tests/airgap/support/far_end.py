"""The other end of the site: relay and MCP server, and the proxy in between, which wants user and password."""

from __future__ import annotations

import secrets
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path

from certificates import openssl
from network import CLOUD4, CONTROL_NAME, CONTROL_PORT, PROXY4, PROXY_NAME, PROXY_PORT, Network
from processes import Processes, ProcessFailed, bare_environment

START_SECONDS = 60.0
CALL_SECONDS = 60.0
POLL_SECONDS = 0.1
MCP_PORT = 3000
CALLER = Path(__file__).resolve().parents[2] / "lockdown" / "support" / "call.py"
EXTENSIONS = """\
basicConstraints = critical, CA:FALSE
extendedKeyUsage = {usage}
subjectAltName = DNS:{name}
"""
PROXY_CONFIGURATION = """\
Port {port}
Listen {address}
ConnectPort {control}
BasicAuth tunnel {password}
Timeout 600
LogFile "{log}"
LogLevel Connect
"""


@dataclass
class FarEnd:
    network: Network
    processes: Processes
    folder: Path
    relay: Path
    tunnel: str = field(default_factory=lambda: f"tunnel_{secrets.token_hex(16)}")

    def start(self) -> None:
        self._client_key, self._caller_key, self._password = (secrets.token_urlsafe(32) for _ in range(3))
        self._make_certificates()
        keys = self.folder / "keys"
        keys.touch(mode=0o600)
        keys.write_text(f"client read,use {self._client_key}\ncaller connect {self._caller_key}\n", encoding="utf-8")
        self._serve("relay", "relay.url", self.network.cloud.command(
            str(self.relay), "serve", "--listen", f"{CLOUD4}:{CONTROL_PORT}", "--url-file", str(self.folder / "relay.url"),
            "--tls-cert", str(self.folder / "relay.pem"), "--tls-key", str(self.folder / "relay.key"),
            "--client-ca", str(self.folder / "ca.pem"), "--keys-file", str(keys), "--allow-host", CONTROL_NAME, "--tunnel", self.tunnel,
        ))  # fmt: skip
        self._serve("mcp", "mcp.url", self.network.site.command(
            str(self.relay), "mcp-stub", "--listen", f"127.0.0.1:{MCP_PORT}", "--url-file", str(self.folder / "mcp.url"),
        ))  # fmt: skip
        self._start_proxy()

    def site_files(self) -> dict[str, bytes]:
        """What the site gives to whoever configures the client."""
        files = {name: (self.folder / name).read_bytes() for name in ("ca.pem", "client.pem", "client.key")}
        proxy = f"http://tunnel:{self._password}@{PROXY_NAME}:{PROXY_PORT}\n"
        return {**files, "api-key": f"{self._client_key}\n".encode(), "proxy": proxy.encode()}

    def call(self, text: str) -> str:
        """What the MCP server's `echo` answers to a caller in the cloud."""
        url = f"https://{CONTROL_NAME}:{CONTROL_PORT}/v1/mcp/{self.tunnel}"
        done = subprocess.run(
            self.network.cloud.command(sys.executable, "-B", str(CALLER), url, str(self.folder / "ca.pem"), text),
            input=self._caller_key, capture_output=True, text=True, timeout=CALL_SECONDS, check=False, env=bare_environment(),
        )  # fmt: skip
        return (done.stdout + done.stderr).strip()

    def proxied(self) -> int:
        """How many tunnels the proxy has opened to the relay."""
        return self._proxy_log.read_text(encoding="utf-8", errors="replace").count(f'Established connection to host "{CONTROL_NAME}"')

    def _serve(self, name: str, url_file: str, command: list[str]) -> None:
        self.processes.start(name, command, bare_environment()).wait_for_file(self.folder / url_file, START_SECONDS)

    def _start_proxy(self) -> None:
        configuration, self._proxy_log = self.folder / "proxy.conf", self.folder / "proxy.log"
        configuration.write_text(PROXY_CONFIGURATION.format(
            port=PROXY_PORT, address=PROXY4, control=CONTROL_PORT, password=self._password, log=self._proxy_log,
        ), encoding="utf-8")  # fmt: skip
        proxy = self.processes.start("proxy", self.network.proxy.command("tinyproxy", "-d", "-c", str(configuration)), bare_environment())
        deadline = time.monotonic() + START_SECONDS
        while not self.network.proxy.run("ss", "-Hltn", f"sport = :{PROXY_PORT}"):
            proxy.check_running()
            if time.monotonic() > deadline:
                raise ProcessFailed(f"the proxy did not listen within {START_SECONDS:.0f} s", proxy.log)
            time.sleep(POLL_SECONDS)

    def _make_certificates(self) -> None:
        folder, new_key = self.folder, ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
        openssl(
            ["req", "-x509", *new_key, "-days", "2", "-subj", "/CN=authority of the site"]
            + ["-addext", "keyUsage = critical, keyCertSign", "-keyout", str(folder / "ca.key"), "-out", str(folder / "ca.pem")]
        )
        for name, usage, subject in (("relay", "serverAuth", CONTROL_NAME), ("client", "clientAuth", "client.site.test")):
            (folder / "ext").write_text(EXTENSIONS.format(usage=usage, name=subject), encoding="utf-8")
            openssl(["req", *new_key, "-subj", f"/CN={subject}", "-keyout", str(folder / f"{name}.key"), "-out", str(folder / "csr")])
            openssl(
                ["x509", "-req", "-in", str(folder / "csr"), "-days", "2", "-extfile", str(folder / "ext"), "-CAcreateserial"]
                + ["-CA", str(folder / "ca.pem"), "-CAkey", str(folder / "ca.key"), "-out", str(folder / f"{name}.pem")]
            )
