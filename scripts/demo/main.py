"""The story of `./demo`: both ends of the tunnel as real processes, and one MCP session through them, hop by hop."""

from __future__ import annotations

import argparse
import asyncio
import json
import shutil
import signal
import sys
import tempfile
from pathlib import Path
from typing import Any, Dict

sys.dont_write_bytecode = True
# The tests with real peers start the same processes: one way to do it for both.
sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests" / "peers" / "support"))

from caller import Answer, Caller, CallFailed  # noqa: E402
from ends import START_SECONDS, Ends  # noqa: E402
from relay_log import RelayLog  # noqa: E402
from processes import ProcessFailed  # noqa: E402
from screen import Screen  # noqa: E402

LOG_TAIL = 4000
LOG_SECONDS = 0.3


def main() -> int:
    options = parse_options()
    # Ended from outside or by Ctrl-C alike: the blocks below clean up on their way out.
    # A shell starts what it puts into the background with SIGINT ignored.
    signal.signal(signal.SIGINT, signal.default_int_handler)
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
    parser = argparse.ArgumentParser(
        prog="./demo", description="One MCP session through both ends of the tunnel, hop by hop."
    )
    parser.add_argument("--client", type=Path, required=True, help="use this tunnel-client instead of building one")
    parser.add_argument("--relay", type=Path, required=True, help="use this tunnel-relay instead of building one")
    parser.add_argument(
        "--stdio", action="store_true", help="the MCP server is a child process of tunnel-client, not an HTTP server"
    )
    parser.add_argument(
        "--keep",
        action="store_true",
        help="stay up afterwards, print URL and key for any MCP client, and show what passes and what is refused",
    )
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
        self._ends = Ends(options, screen, folder)

    async def run(self) -> int:
        try:
            await self._ends.start()
            await self._use()
            await self._end()
        finally:
            await self._ends.stop()
        return 0

    async def _use(self) -> None:
        caller = Caller(self._ends.endpoint, self._ends.caller_key, self._ends.trust, self._screen)
        await caller.connect()
        self._screen.shows_hops = True
        await self._session(caller)
        caller.close()
        await self._stranger()
        if self._options.keep:
            await self._stay_up()

    async def _end(self) -> None:
        self._screen.step("tunnel-client is told to stop (SIGTERM)")
        await asyncio.to_thread(self._ends.client.stop)
        code = await asyncio.to_thread(self._ends.client.wait, START_SECONDS)
        expect(code == 0, f"tunnel-client ended with code {code}")
        self._screen.good("it ended with code 0")
        self._screen.title("A whole MCP session went caller → relay → tunnel-client → MCP server and back, over TLS.")

    async def _session(self, caller: Caller) -> None:
        screen = self._screen
        screen.step("The caller opens a session: initialize")
        answer = await caller.initialize()
        server = answer["serverInfo"]
        screen.good(f"the server is {server['name']} {server['version']}, protocol {answer['protocolVersion']}")

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
        answer = await caller.call(
            "tools/call",
            {"name": "stream", "arguments": {"count": 4, "interval_ms": 100}, "_meta": {"progressToken": "demo"}},
        )
        expect(len(answer.notifications) == 4, f"{len(answer.notifications)} notifications came instead of 4")
        screen.good(
            f"{len(answer.notifications)} notifications came while the call ran, then: {content(answer.result())}"
        )

        screen.step("It ends the session: DELETE")
        if self._options.stdio:
            await caller.end_session(405)
            screen.good("405: a server on a pipe has no sessions to end; the id only tells its callers apart")
        else:
            await caller.end_session(200)
            screen.good("200: the server forgot the session")

    async def _compare(self, tools: Answer) -> None:
        """The tunnel must not change a byte of what the server says."""
        direct = Caller(self._ends.server_url, "none", None, self._screen)
        self._screen.shows_hops = False
        await direct.initialize()
        expect(
            (await direct.call("tools/list", {})).body == tools.body,
            "the server's own answer differs from what came through the tunnel",
        )
        direct.close()
        self._screen.shows_hops = True
        self._screen.good("byte for byte what the server answers when it is asked directly")

    async def _stranger(self) -> None:
        self._screen.step("Somebody with a wrong key tries, and comes no further than the relay")
        stranger = Caller(self._ends.endpoint, "not-a-key", self._ends.trust, self._screen)
        answer = await stranger.send("POST", {"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        stranger.close()
        expect(answer.head.status == 401, f"a caller with a wrong key was answered {answer.head.status}")
        self._screen.good("401: refused")

    async def _stay_up(self) -> None:
        ends = self._ends
        server = {
            "type": "http",
            "url": ends.endpoint,
            "headers": {"Authorization": f"Bearer {ends.caller_key}"},
        }
        self._screen.title("It stays up, for any MCP client on this machine")
        self._screen.show(f"""
    URL   {ends.endpoint}
    key   {ends.caller_key}
          (as the header `Authorization: Bearer KEY`)
    CA    {ends.authority}
          (NODE_EXTRA_CA_CERTS for clients on Node, SSL_CERT_FILE for those in Python)

    {json.dumps({"mcpServers": {"demo": server}})}

  What passes is printed below, and what the relay says of each call and of each caller that it refuses.
  Ctrl-C ends everything and removes {self._folder}.
""")
        log = RelayLog(ends.relay_log)
        while True:
            await asyncio.sleep(LOG_SECONDS)
            for line in log.lines():
                self._screen.relay_says(line)
            self._ends.check_running()


def content(result: Dict[str, Any]) -> str:
    return " ".join(part.get("text", "") for part in result.get("content", []))


def expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise CallFailed(otherwise)


if __name__ == "__main__":
    sys.exit(main())
