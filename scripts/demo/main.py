"""The story of `./demo`: both ends of the tunnel as real processes, and one MCP session through them, hop by hop."""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import shlex
import shutil
import signal
import ssl
import subprocess
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any, Dict, List, Optional

sys.dont_write_bytecode = True
# The tests with real peers start the same processes: one way to do it for both.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "peers" / "support"))

from caller import Answer, Caller, CallFailed  # noqa: E402
from certificates import Certificates, make_certificates  # noqa: E402
from processes import Child, ProcessFailed, Processes, bare_environment  # noqa: E402
from screen import Screen  # noqa: E402
from tunnel import wait_until_ready  # noqa: E402
from wires import ControlPlaneWatcher, McpWatcher, Pipe, Wire  # noqa: E402

START_SECONDS = 20.0
LOG_TAIL = 4000


def main() -> int:
    options = parse_options()
    # Ended from outside or by Ctrl-C alike: the blocks below clean up on their way out.
    for ending in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(ending, lambda *_: signal.raise_signal(signal.SIGINT))
    screen = Screen()
    folder = Path(tempfile.mkdtemp(prefix="tunnel-demo-"))
    try:
        return asyncio.run(Demo(options, screen, folder).run())
    except KeyboardInterrupt:
        print()
        return 0 if options.keep else 130
    except (CallFailed, ProcessFailed, OSError, RuntimeError) as error:
        screen.bad(str(error))
        show_logs(folder)
        return 1
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def parse_options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="./demo", description="One MCP session through both ends of the tunnel, hop by hop.")
    parser.add_argument("--client", type=Path, required=True, help="use this tunnel-client instead of building one")
    parser.add_argument("--relay", type=Path, required=True, help="use this tunnel-relay instead of building one")
    parser.add_argument("--stdio", action="store_true", help="the MCP server is a child process of tunnel-client, not an HTTP server")
    parser.add_argument("--keep", action="store_true", help="stay up afterwards, print URL and key for any MCP client, and show what passes")
    return parser.parse_args()


def show_logs(folder: Path) -> None:
    for log in sorted(folder.glob("*.log")):
        text = log.read_text(encoding="utf-8", errors="replace")[-LOG_TAIL:].strip()
        print(f"\n--- {log.name}\n{text or '(nothing)'}", file=sys.stderr)


class Demo:
    def __init__(self, options: argparse.Namespace, screen: Screen, folder: Path) -> None:
        self._options = options
        self._screen = screen
        self._folder = folder
        self._relay_binary = str(options.relay.resolve())
        self._client_binary = str(options.client.resolve())

    async def run(self) -> int:
        processes = Processes(self._folder)
        try:
            await self._start(processes)
            await self._use()
            await self._end()
        finally:
            # In a thread: while tunnel-client finishes its work, the recorders on its wires must go on.
            await asyncio.to_thread(processes.__exit__)
        return 0

    async def _use(self) -> None:
        caller = Caller(self._endpoint, self._keys["caller"], self._trust, self._screen)
        await caller.connect()
        self._screen.shows_hops = True
        await self._session(caller)
        caller.close()
        await self._stranger()
        if self._options.keep:
            await self._stay_up()

    async def _end(self) -> None:
        self._screen.step("tunnel-client is told to stop (SIGTERM)")
        await asyncio.to_thread(self._client.stop)
        code = await asyncio.to_thread(self._client.wait, START_SECONDS)
        expect(code == 0, f"tunnel-client ended with code {code}")
        self._screen.good("it ended with code 0")
        self._screen.title("A whole MCP session went caller → relay → tunnel-client → MCP server and back, over TLS.")

    # ---- the machinery ----

    async def _start(self, processes: Processes) -> None:
        screen = self._screen
        screen.title("Both ends of the tunnel start")
        certificates = make_certificates(self._folder)
        self._authority = certificates.authority
        self._trust = ssl.create_default_context(cafile=str(certificates.authority))
        screen.note("a throw-away certificate authority, and a certificate of it for this machine")

        self._make_keys()
        screen.note("three keys made by `tunnel-relay keygen`: for the manager, for tunnel-client, for the caller; the relay gets only their hashes")

        relay_url = await self._start_relay(processes, certificates)
        screen.note(f"tunnel-relay serves {relay_url}")
        tunnel = await asyncio.to_thread(self._create_tunnel, relay_url)
        self._endpoint = f"{relay_url}/v1/mcp/{tunnel}"
        screen.note(f"the manager created {tunnel}")

        server = await self._start_server(processes)
        await self._start_client(processes, relay_url, tunnel, certificates, server)

    def _make_keys(self) -> None:
        self._keys: Dict[str, str] = {}
        self._keys_file = self._folder / "keys"
        for name, scopes in (("manager", "read,manage"), ("client", "read,use"), ("caller", "connect")):
            command = [self._relay_binary, "keygen", "--name", name, "--scopes", scopes]
            done = subprocess.run(command, capture_output=True, text=True, timeout=START_SECONDS, env=bare_environment(), check=False)
            if done.returncode != 0:
                raise ProcessFailed(f"tunnel-relay keygen failed: {done.stderr.strip()}")
            # The key, and on the next line what the keys file needs to let it in: its hash.
            self._keys[name], line = done.stdout.split("\n", 1)
            with self._keys_file.open("a", encoding="utf-8") as keys:
                keys.write(line)

    async def _start_relay(self, processes: Processes, certificates: Certificates) -> str:
        url_file = self._folder / "relay.url"
        command = [self._relay_binary, "serve", "--listen", "127.0.0.1:0", "--url-file", str(url_file)]
        command += ["--tls-cert", str(certificates.certificate), "--tls-key", str(certificates.key)]
        command += ["--keys-file", str(self._keys_file)]
        relay = processes.start("tunnel-relay", command, bare_environment())
        self._children = [relay]
        return await asyncio.to_thread(relay.wait_for_file, url_file, START_SECONDS)

    def _create_tunnel(self, relay_url: str) -> str:
        request = urllib.request.Request(
            f"{relay_url}/v1/tunnels",
            data=json.dumps({"name": "demo", "description": "made by ./demo"}).encode(),
            headers={"Authorization": f"Bearer {self._keys['manager']}", "Content-Type": "application/json"},
        )
        direct = urllib.request.build_opener(urllib.request.ProxyHandler({}), urllib.request.HTTPSHandler(context=self._trust))
        with direct.open(request, timeout=START_SECONDS) as answer:
            return str(json.load(answer)["id"])

    async def _start_server(self, processes: Processes) -> Dict[str, str]:
        """Starts the MCP server, or says how tunnel-client starts it: the variables that tell it so."""
        if self._options.stdio:
            socket = self._folder / "pipe"
            await Pipe(self._screen).open(socket)
            recorder = Path(__file__).with_name("pipe_recorder.py")
            command = [sys.executable, str(recorder), str(socket), self._relay_binary, "mcp-stub", "--stdio"]
            self._screen.note("the MCP server will be a child process of tunnel-client")
            return {"MCP_COMMAND": shlex.join(command)}
        url_file = self._folder / "stub.url"
        stub = processes.start("mcp-stub", [self._relay_binary, "mcp-stub", "--listen", "127.0.0.1:0", "--url-file", str(url_file)], bare_environment())
        self._children.append(stub)
        self._server_url = await asyncio.to_thread(stub.wait_for_file, url_file, START_SECONDS)
        wire = Wire(self._server_url, lambda: McpWatcher(self._screen), None, None)
        self._screen.note(f"the MCP server serves {self._server_url}, on loopback only")
        return {"MCP_SERVER_URL": f"{await wire.open()}/mcp"}

    async def _start_client(self, processes: Processes, relay_url: str, tunnel: str, certificates: Certificates, server: Dict[str, str]) -> None:
        identity = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        identity.load_cert_chain(certificates.certificate, certificates.key)
        wire = Wire(relay_url, lambda: ControlPlaneWatcher(self._screen), identity, self._trust)
        health = self._folder / "health.url"
        environment = bare_environment(
            CONTROL_PLANE_BASE_URL=await wire.open(),
            CONTROL_PLANE_TUNNEL_ID=tunnel,
            CONTROL_PLANE_API_KEY=self._keys["client"],
            CA_BUNDLE=str(certificates.authority),
            HEALTH_LISTEN_ADDR="127.0.0.1:0",
            HEALTH_URL_FILE=str(health),
            **server,
        )
        self._client = processes.start("tunnel-client", [self._client_binary, "run"], environment)
        self._children.append(self._client)
        health_url = await asyncio.to_thread(self._client.wait_for_file, health, START_SECONDS)
        await asyncio.to_thread(wait_until_ready, self._client, health_url)
        self._screen.note(f"tunnel-client runs; {health_url}/readyz says ready")
        self._screen.note("both wires of tunnel-client go through a recorder of this demo, which prints what passes and changes nothing")

    # ---- the session ----

    async def _session(self, caller: Caller) -> None:
        screen = self._screen
        screen.step("The caller opens a session: initialize")
        server = await caller.initialize()
        screen.good(f"the server says it is {server['serverInfo']['name']} {server['serverInfo']['version']}, protocol {server['protocolVersion']}")

        screen.step("It says that it is ready: notifications/initialized")
        await caller.notify("notifications/initialized")
        screen.good("202: delivered to the MCP server")

        screen.step("It asks what the server can do: tools/list")
        answer = await caller.call("tools/list", {})
        tools = answer.result()["tools"]
        screen.good(f"{len(tools)} tools: {', '.join(tool['name'] for tool in tools)}")
        if not self._options.stdio:
            await self._compare(answer)

        screen.step("It calls a tool: echo")
        text = "Grüße through the tunnel ✓"
        echoed = (await caller.call("tools/call", {"name": "echo", "arguments": {"text": text}})).result()
        expect(text in content(echoed), f"echo answered {echoed}")
        screen.good(f"the tool answered: {content(echoed)}")

        screen.step("It calls a tool that reports progress while it works")
        answer = await caller.call("tools/call", {"name": "stream", "arguments": {"count": 4, "interval_ms": 100}, "_meta": {"progressToken": "demo"}})
        expect(len(answer.notifications) == 4, f"{len(answer.notifications)} notifications came instead of 4")
        screen.good(f"{len(answer.notifications)} notifications came while the call ran, then: {content(answer.result())}")

        if caller.session:
            screen.step("It ends the session: DELETE")
            await caller.end_session()
            screen.good("200: the server forgot the session")

    async def _compare(self, tools: Answer) -> None:
        """The tunnel must not change a byte of what the server says."""
        direct = Caller(self._server_url, "none", None, self._screen)
        self._screen.shows_hops = False
        await direct.initialize()
        expect((await direct.call("tools/list", {})).body == tools.body, "the server's own answer differs from what came through the tunnel")
        direct.close()
        self._screen.shows_hops = True
        self._screen.good("byte for byte what the server answers when it is asked directly")

    async def _stranger(self) -> None:
        self._screen.step("Somebody with a wrong key tries, and comes no further than the relay")
        stranger = Caller(self._endpoint, "not-a-key", self._trust, self._screen)
        answer = await stranger.send("POST", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        stranger.close()
        expect(answer.head.status == 401, f"a caller with a wrong key was answered {answer.head.status}")
        self._screen.good("401: refused")

    async def _stay_up(self) -> None:
        settings = {"mcpServers": {"demo": {"type": "http", "url": self._endpoint, "headers": {"Authorization": f"Bearer {self._keys['caller']}"}}}}
        print(
            f"\nIt stays up. For any MCP client on this machine:\n\n"
            f"    URL   {self._endpoint}\n    key   {self._keys['caller']}   (header: Authorization: Bearer KEY)\n    CA    {self._authority}\n\n"
            f"    {json.dumps(settings)}\n\n"
            f"Tell the client to trust the CA: NODE_EXTRA_CA_CERTS={self._authority} for clients on Node, SSL_CERT_FILE=… for those in Python.\n"
            f"What passes is printed below. Ctrl-C ends everything and removes {self._folder}.\n",
            flush=True,
        )
        while True:
            await asyncio.sleep(1)
            for child in self._children:
                child.check_running()


def content(result: Dict[str, Any]) -> str:
    return " ".join(part.get("text", "") for part in result.get("content", []))


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CallFailed(otherwise)


if __name__ == "__main__":
    sys.exit(main())
