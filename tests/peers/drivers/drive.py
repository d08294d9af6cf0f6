"""Performs a plan against an MCP server with the official Python SDK and writes down what it saw.

    drive.py --plan FILE --out FILE [--era sessions|stateless|auto] --url URL [--ca FILE]
    drive.py --plan FILE --out FILE [--era sessions|stateless|auto] -- COMMAND [ARGUMENT...]

A bearer key for the URL is read from the environment variable PEERS_KEY. The plan and the transcript are described in
README.md; drive.mjs does the same with the TypeScript SDK.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import ssl
import warnings
from collections.abc import AsyncIterator
from typing import Any

import anyio
import httpx2
import mcp_types as types
from mcp import Client, StdioServerParameters
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPDeprecationWarning, MCPError

warnings.simplefilter("ignore", MCPDeprecationWarning)  # `ping`, which ends with the era of sessions

# The SDK's own default, 1 MiB, is less than the large results of the plans when a server frames them as one event.
MAX_EVENT_BYTES = 16 * 1024 * 1024
CALL_TIMEOUT_SECONDS = 60
ERAS = {"sessions": "legacy", "stateless": "2026-07-28", "auto": "auto"}
# The era is named in each request's `_meta`, or in `initialize`: the plan's steps are the same in both.
IDENTITY = types.Implementation(name="peers-driver", version="1.0.0")


class HttpLog:
    """The statuses of the requests that end a session, and the id of the session."""

    def __init__(self) -> None:
        self.session: str | None = None
        self.deleted: list[int] = []

    async def record(self, response: httpx2.Response) -> None:
        self.session = response.headers.get("mcp-session-id", self.session)
        if response.request.method == "DELETE":
            self.deleted.append(response.status_code)


class Driver:
    def __init__(self, plan: dict[str, Any]) -> None:
        self.plan = plan
        self.client: Client | None = None
        self.asked: list[dict[str, Any]] = []

    async def perform(self, server: Any, era: str) -> list[dict[str, Any]]:
        async with Client(
            server,
            mode=ERAS[era],
            client_info=IDENTITY,
            read_timeout_seconds=CALL_TIMEOUT_SECONDS,
            sampling_callback=self._sample,
            elicitation_callback=self._elicit,
            cache=None,  # a cached answer would not have come through the tunnel
        ) as client:
            self.client = client
            transcript = [self._opening()]
            for step in self.plan["steps"]:
                transcript.append(await self._step(step))
        return transcript

    def _opening(self) -> dict[str, Any]:
        client = self.client
        assert client is not None
        return {
            "label": "opening",
            "result": {
                "protocolVersion": client.protocol_version,
                "serverInfo": plain(client.server_info),
                "capabilities": plain(client.server_capabilities),
                "instructions": client.instructions,
            },
        }

    async def _step(self, step: dict[str, Any]) -> dict[str, Any]:
        entry: dict[str, Any] = {"label": step["label"]}
        progress: list[list[Any]] = []
        self.asked = [] if step["op"] != "together" else self.asked

        async def on_progress(done: float, total: float | None, message: str | None) -> None:
            progress.append([done, total, message])

        try:
            entry["result"] = plain(await self._operation(step, on_progress))
        except MCPError as error:
            entry["error"] = {"code": error.error.code, "message": error.error.message, "data": error.error.data}
        if step.get("progress"):
            # Callbacks are started in the order of arrival but may finish in another one.
            entry["progress"] = sorted(progress, key=lambda report: report[0])
        if self.asked:
            entry["asked"], self.asked = self.asked, []
        return entry

    async def _operation(self, step: dict[str, Any], on_progress: Any) -> Any:
        client = self.client
        assert client is not None
        params = step.get("params", {})
        match step["op"]:
            case "tools/list":
                return await client.list_tools()
            case "tools/call":
                callback = on_progress if step.get("progress") else None
                return await client.call_tool(params["name"], params.get("arguments"), progress_callback=callback)
            case "resources/list":
                return await client.list_resources()
            case "resources/templates/list":
                return await client.list_resource_templates()
            case "resources/read":
                return await client.read_resource(params["uri"])
            case "prompts/list":
                return await client.list_prompts()
            case "prompts/get":
                return await client.get_prompt(params["name"], params.get("arguments"))
            case "completion/complete":
                ref = types.PromptReference(type="ref/prompt", name=params["ref"]["name"])
                return await client.complete(ref, params["argument"])
            case "ping":
                return await client.send_ping()
            case "cancel":
                return await self._cancel(step)
            case "listen":
                return await self._listen(step)
            case "together":
                return await self._together(step["steps"])
        raise ValueError(f"the plan names an unknown operation: {step['op']}")

    async def _together(self, steps: list[dict[str, Any]]) -> list[dict[str, Any]]:
        entries: list[dict[str, Any]] = [{}] * len(steps)

        async def run(index: int) -> None:
            entries[index] = await self._step(steps[index])

        async with anyio.create_task_group() as group:
            for index in range(len(steps)):
                group.start_soon(run, index)
        return entries

    async def _cancel(self, step: dict[str, Any]) -> dict[str, Any]:
        """Gives a call up at its first sign of progress, as often as the plan says."""
        client = self.client
        assert client is not None
        params = step["params"]
        for _ in range(step["times"]):
            with anyio.CancelScope() as scope:
                await client.call_tool(params["name"], params["arguments"], progress_callback=cancels(scope))
            if not scope.cancelled_caught:
                raise RuntimeError(f"{params['name']} ended before it could be cancelled")
        return {"cancelled": step["times"]}

    async def _listen(self, step: dict[str, Any]) -> dict[str, Any]:
        """Subscribes, lets the inner steps cause the events, and collects as many as the plan expects."""
        client = self.client
        assert client is not None
        events: list[str] = []
        async with client.listen(**step["params"]) as subscription:
            honored = plain(subscription.honored)
            inner = [await self._step(cause) for cause in step["steps"]]
            with anyio.fail_after(CALL_TIMEOUT_SECONDS):
                while len(events) < step["events"]:
                    events.append(repr(await anext(subscription)))
        return {"honored": honored, "steps": inner, "events": events}

    async def _sample(self, context: Any, params: Any) -> types.CreateMessageResult:
        self.asked.append({"method": "sampling/createMessage", "params": without_meta(plain(params))})
        return types.CreateMessageResult.model_validate(self.plan["sampling"])

    async def _elicit(self, context: Any, params: Any) -> types.ElicitResult:
        self.asked.append({"method": "elicitation/create", "params": without_meta(plain(params))})
        return types.ElicitResult.model_validate(self.plan["elicitation"])


def cancels(scope: anyio.CancelScope) -> Any:
    async def on_progress(*_: Any) -> None:
        scope.cancel()

    return on_progress


def plain(value: Any) -> Any:
    """As it was on the wire, as far as the SDK kept it."""
    if hasattr(value, "model_dump"):
        return value.model_dump(by_alias=True, mode="json", exclude_none=True)
    return value


def without_meta(params: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in params.items() if name != "_meta"}


async def over_http(driver: Driver, url: str, ca: str | None, era: str) -> list[dict[str, Any]]:
    log = HttpLog()
    async with http_client(ca, log) as http:
        transport = streamable_http_client(url, http_client=http, max_sse_event_size=MAX_EVENT_BYTES)
        transcript = await driver.perform(transport, era)
        transcript.append({"label": "session end", "result": await session_end(http, url, log)})
    return transcript


@contextlib.asynccontextmanager
async def http_client(ca: str | None, log: HttpLog) -> AsyncIterator[httpx2.AsyncClient]:
    key = os.environ.get("PEERS_KEY")
    async with httpx2.AsyncClient(
        headers={"Authorization": f"Bearer {key}"} if key else {},
        timeout=httpx2.Timeout(CALL_TIMEOUT_SECONDS),
        verify=ssl.create_default_context(cafile=ca) if ca else True,
        trust_env=False,
        event_hooks={"response": [log.record]},
    ) as http:
        yield http


async def session_end(http: httpx2.AsyncClient, url: str, log: HttpLog) -> dict[str, Any]:
    """What the DELETE was answered, and what the session is good for afterwards."""
    if log.session is None:
        return {"session": False}
    ping = {"jsonrpc": "2.0", "id": "after-the-end", "method": "ping"}
    headers = {"Accept": "application/json, text/event-stream", "Mcp-Session-Id": log.session}
    deleted = list(log.deleted)
    afterwards = await http.post(url, json=ping, headers=headers)
    return {"session": True, "deleted": deleted, "afterwards": afterwards.status_code}


async def over_stdio(driver: Driver, command: list[str], era: str) -> list[dict[str, Any]]:
    server = StdioServerParameters(command=command[0], args=command[1:])
    transcript = await driver.perform(server, era)
    transcript.append({"label": "session end", "result": {"session": False}})
    return transcript


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--plan", required=True)
    parser.add_argument("--out", required=True)
    parser.add_argument("--era", choices=ERAS, default="sessions")
    parser.add_argument("--url")
    parser.add_argument("--ca")
    parser.add_argument("command", nargs="*")
    options = parser.parse_args()

    with open(options.plan, encoding="utf-8") as file:
        driver = Driver(json.load(file))
    if options.url:
        transcript = anyio.run(over_http, driver, options.url, options.ca, options.era)
    else:
        transcript = anyio.run(over_stdio, driver, options.command, options.era)
    with open(options.out, "w", encoding="utf-8") as file:
        json.dump(transcript, file, ensure_ascii=False)


main()
