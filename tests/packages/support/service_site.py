"""An installed tunnel-client and tunnel-relay in a Manager: programs, units, users, certificate, keys, MCP servers."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

from manager import Manager
from unit_root import SYSTEMD, UNITS

HERE = Path(__file__).resolve().parent
CALL = HERE.parents[1] / "lockdown/support/call.py"
CALL_SECONDS = "60"
TUNNEL = "tunnel_0123456789abcdef0123456789abcdef"
URL = f"https://127.0.0.1:8443/v1/mcp/{TUNNEL}"
DROP_INS = "/usr/share/tunnel-client/drop-ins"
# Answers initialize, and every other request with a text.
SHELL = """#!/bin/sh
while read -r line; do
  id=$(echo "$line" | sed -n 's/.*"id":\\([^,}]*\\).*/\\1/p')
  case $line in
    *'"initialize"'*) echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"protocolVersion":"2025-06-18","capabilities":{},"serverInfo":{"name":"sh","version":"1"}}}' ;;
    *'"id"'*) echo '{"jsonrpc":"2.0","id":'"$id"',"result":{"content":[{"type":"text","text":"hello"}]}}' ;;
  esac
done
"""
NODE = """const lines = require('readline').createInterface({ input: process.stdin });
lines.on('line', (line) => {
  const { id, method } = JSON.parse(line);
  if (id === undefined) return;
  const result = method === 'initialize'
    ? { protocolVersion: '2025-06-18', capabilities: {}, serverInfo: { name: 'node', version: '1' } }
    : { content: [{ type: 'text', text: 'hello' }] };
  console.log(JSON.stringify({ jsonrpc: '2.0', id, result }));
});
"""
# As npx: a node that starts a shell that starts a node.
NPX = """#!/bin/sh
exec node -e 'require("child_process").spawn("sh", ["-c", "exec node /opt/mcp/server.js"], { stdio: "inherit" }).on("exit", process.exit)'
"""
CHANNELS = {
    "looking": "python3 -I /opt/mcp/looking.py",
    "sh": "/opt/mcp/server.sh",
    "node": "node /opt/mcp/server.js",
    "npx": "/opt/mcp/npx-like",
    "static": "tunnel-relay mcp-stub --stdio",
}


class Site:
    def __init__(self, manager: Manager, client: Path, relay: Path, drop_in: Path | None, generation: str | None = None) -> None:
        self.manager = manager
        self._units_of = SYSTEMD / "older" / generation if generation else SYSTEMD
        self.caller = ""
        self._programs(client, relay)
        self._units(drop_in)
        self._relay(relay)

    def _programs(self, client: Path, relay: Path) -> None:
        put = self.manager.put
        put("/usr/bin/tunnel-client", client, 0o711)
        put("/usr/bin/tunnel-relay", relay, 0o755)
        put("/usr/libexec/tunnel-client/doctor", SYSTEMD.parent / "packaging/libexec/doctor", 0o755)
        put("/opt/mcp/looking.py", HERE / "looking.py", 0o755)
        put("/opt/call.py", CALL, 0o755)
        for name, text in (("server.sh", SHELL), ("server.js", NODE), ("npx-like", NPX)):
            put(f"/opt/mcp/{name}", text, 0o755)

    def _units(self, drop_in: Path | None) -> None:
        put = self.manager.put
        for unit in UNITS:
            put(f"/etc/test-units/{unit}", self._units_of / unit)
            if drop_in:
                put(f"/etc/systemd/system/{unit}.d/00-test.conf", drop_in)
        put("/etc/test-units/stub.service", "[Service]\nExecStart=/usr/bin/tunnel-relay mcp-stub --listen 0.0.0.0:3000\n")
        for name in ("client", "relay"):
            put(f"/usr/lib/sysusers.d/tunnel-{name}.conf", SYSTEMD / f"tunnel-{name}.sysusers")
            put(f"/usr/lib/tmpfiles.d/tunnel-{name}.conf", SYSTEMD / f"tunnel-{name}.tmpfiles")
        for path in (SYSTEMD / "drop-ins").glob("*.conf"):
            put(f"{DROP_INS}/{path.name}", path)

    def _relay(self, relay: Path) -> None:
        """Certificate and keys, in the folder of the manager: nothing of it is used elsewhere."""
        work = self.manager.folder / "relay"
        work.mkdir()
        make_certificate(work)
        lines = []
        for name, scopes in (("client", "read,use"), ("caller", "connect")):
            said = subprocess.run([relay, "keygen", "--name", name, "--scopes", scopes], capture_output=True, text=True, check=True)
            key, line = said.stdout.strip().splitlines()
            lines.append(line)
            setattr(self, name, key)
        put = self.manager.put
        put("/etc/tunnel-relay/keys", "\n".join(lines) + "\n", 0o640)
        put("/etc/tunnel-relay/tunnel-relay.env", f"TUNNEL_RELAY_TUNNEL={TUNNEL}\n", 0o640)
        for name in ("relay.pem", "relay.key"):
            put(f"/etc/tunnel-relay/{name}", work / name, 0o640)
        put("/etc/tunnel-client/ca.pem", work / "ca.pem")
        put("/etc/tunnel-client/secrets/api-key", f"{self.client}\n", 0o600)
        shutil.rmtree(work)

    client: str

    def start(self) -> None:
        """After the manager: users and modes as the packages make them, and the other end."""
        run = self.manager.run
        run("systemd-sysusers", "tunnel-client.conf", "tunnel-relay.conf")
        run("systemd-tmpfiles", "--create", "tunnel-client.conf", "tunnel-relay.conf")
        run("chgrp", "-R", "tunnel-relay", "/etc/tunnel-relay")
        run("systemctl", "start", "stub", "tunnel-relay")

    def configure(self, name: str = "tunnel-client", port: int = 8080, stdio: bool = True, strict: bool = True, more: str = "") -> None:
        commands = []
        if stdio:
            for channel, command in CHANNELS.items():
                commands.append({"channel": channel, "command": command})
                sandbox = {"level": "strict", "read": ["/opt/mcp"]}
                commands += [{"channel": f"{channel}-strict", "command": command, "sandbox": sandbox}] if strict else []
        configuration = {
            "config_version": 1,
            "control_plane": {"base_url": "https://127.0.0.1:8443", "tunnel_id": TUNNEL, "api_key": "credential:secret_api-key"},
            "ca_bundle": "/etc/tunnel-client/ca.pem",
            "tls": {"trust": ["bundle"]},
            "mcp": {"server_urls": [{"url": "http://127.0.0.1:3000/mcp"}], "commands": commands},
            "health": {"listen_addr": f"127.0.0.1:{port}"},
        }
        # JSON is YAML.
        path = f"/etc/tunnel-client/{name}.yaml"
        self.manager.put(path, json.dumps(configuration, indent=1) + more, 0o640, "root:tunnel-client")

    def drop_in(self, unit: str, name: str | None) -> None:
        """Exactly this one of those that are shipped, or none."""
        run = self.manager.run
        folder = f"/etc/systemd/system/{unit}.d"
        run("mkdir", "-p", folder)
        run("find", folder, "-name", "[!0]*.conf", "-delete")
        if name:
            run("install", "-D", "-m", "0644", "-t", folder, f"{DROP_INS}/{name}.conf")
        run("systemctl", "daemon-reload")

    def call(self, channel: str) -> str:
        """What the tool `echo` of a channel answers to `hello`."""
        url = URL if channel == "main" else f"{URL}/{channel}"
        command = ["python3", "-I", "/opt/call.py", url, "/etc/tunnel-client/ca.pem", "hello", CALL_SECONDS]
        return self.manager.run(*command, given=self.caller).stdout.strip()

    def processes(self, unit: str) -> list[str]:
        """Names of the processes of the unit's control group."""
        said = self.manager.run("systemctl", "status", "--no-pager", "--lines=0", "--", unit, check=False).stdout
        return re.findall(r"[├└]─ *\d+ \"?(\S+)", said)


def make_certificate(work: Path) -> None:
    extensions = "basicConstraints=critical,CA:FALSE\nextendedKeyUsage=serverAuth\nsubjectAltName=DNS:localhost,IP:127.0.0.1\n"
    (work / "ext").write_text(extensions)
    curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    for command in (
        ["req", "-x509", *curve, "-days", "30", "-subj", "/CN=ca", "-addext", "keyUsage=critical,keyCertSign", "-keyout", "ca.key", "-out", "ca.pem"],
        ["req", *curve, "-subj", "/CN=localhost", "-keyout", "relay.key", "-out", "relay.csr"],
        ["x509", "-req", "-in", "relay.csr", "-days", "30", "-extfile", "ext", "-CA", "ca.pem", "-CAkey", "ca.key", "-CAcreateserial", "-out", "relay.pem"],
    ):  # fmt: skip
        subprocess.run(["openssl", *command], cwd=work, check=True, capture_output=True)
