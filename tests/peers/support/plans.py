"""What the drivers do: one plan a server. A step is an operation with a label, see README.md."""

from __future__ import annotations

from typing import Any

Step = dict[str, Any]

CANCELLED = 12  # more than the calls that a client has at work at once by default
LARGE = 1_200_000  # characters; more than 1 MiB, the largest SSE event that some clients take by default


def everything() -> dict[str, Any]:
    """For `@modelcontextprotocol/server-everything`, which knows only sessions."""
    return plan(
        [
            step("tools/list"),
            call("echo", "echo", message="hello through the tunnel: \u00e9\u20ac\U0001f980"),
            call("sum", "get-sum", a=2, b=40),
            call("image", "get-tiny-image"),
            call("structured", "get-structured-content", location="New York"),
            call("resource links", "get-resource-links", count=3),
            call("progress", "trigger-long-running-operation", progress=True, duration=0.5, steps=5),
            call("large", "echo", message=text(LARGE)),
            call("sampling", "trigger-sampling-request", prompt="say something", maxTokens=20),
            call("elicitation", "trigger-elicitation-request"),
            call("unknown tool", "no-such-tool"),
            call("wrong arguments", "get-sum", a="two"),
            step("resources/list"),
            step("resources/templates/list"),
            step("resources/read", uri="demo://resource/static/document/features.md"),
            step("resources/read", "dynamic resource", uri="demo://resource/dynamic/text/7"),
            call(
                "make a resource",
                "gzip-file-as-resource",
                name="made.gz",
                data="data:text/plain,made%20by%20a%20driver",
            ),
            step("resources/read", "made resource", uri="demo://resource/session/made.gz"),
            step("resources/read", "unknown resource", uri="demo://resource/none"),
            step("prompts/list"),
            step("prompts/get", name="simple-prompt"),
            step("prompts/get", "prompt with arguments", name="args-prompt", arguments={"city": "Z\u00fcrich"}),
            step("prompts/get", "missing argument", name="args-prompt", arguments={}),
            step(
                "completion/complete",
                ref={"type": "ref/prompt", "name": "completable-prompt"},
                argument={"name": "department", "value": "S"},
            ),
            step("ping"),
            cancel("trigger-long-running-operation", duration=60, steps=600),
            call("echo after cancelled calls", "echo", message="still here"),
            together(
                call("long", "trigger-long-running-operation", progress=True, duration=0.4, steps=4),
                call("longer", "trigger-long-running-operation", progress=True, duration=0.6, steps=3),
                *[call(f"echo {n}", "echo", message=f"number {n}") for n in range(12)],
            ),
        ]
    )


def everything_briefly() -> dict[str, Any]:
    """For how a client finds out which era the server speaks, which is over before the first step."""
    return plan([step("tools/list"), call("echo", "echo", message="hello")])


def stub() -> dict[str, Any]:
    """For the stub that tunnel-client serves itself."""
    return plan(
        [
            step("tools/list"),
            call("server_info", "server_info"),
            call("echo", "echo", text="hello through the tunnel: \u00e9\u20ac\U0001f980"),
            call("uppercase", "uppercase", text="stra\u00dfe"),
            call("unknown tool", "no-such-tool"),
            call("wrong arguments", "echo"),
            together(*[call(f"echo {n}", "echo", text=f"number {n}") for n in range(12)]),
        ]
    )


def everything_on_a_shared_pipe() -> dict[str, Any]:
    """For callers that share one stdio child at the same time.

    No step by which the server has to ask its caller: among several calls on one pipe that cannot be attributed.
    No list of tools: it depends on what the first caller of the child is capable of.
    """
    return plan(
        [
            step("resources/list"),
            *[call(f"echo {n}", "echo", message=f"message {n}") for n in range(20)],
            call("progress", "trigger-long-running-operation", progress=True, duration=0.5, steps=5),
            call("large", "echo", message=text(LARGE)),
            cancel("trigger-long-running-operation", duration=60, steps=600),
            together(
                call("long", "trigger-long-running-operation", progress=True, duration=1, steps=10),
                *[call(f"sum {n}", "get-sum", a=n, b=1000) for n in range(20)],
            ),
            step("prompts/get", name="simple-prompt"),
        ]
    )


def both_eras(*, sessions: bool = False, listens: bool = False) -> dict[str, Any]:
    """For servers/both_eras.py. `listens`: the client can hold a subscription (stateless era, Python SDK)."""
    subscription = {
        "label": "subscription",
        "op": "listen",
        "params": {"resource_subscriptions": ["peers://watched"]},
        "steps": [call("touch", "touch")],
        "events": 1,
    }
    return plan(
        [
            step("tools/list"),
            call("echo", "echo", message="hello through the tunnel: \u00e9\u20ac\U0001f980"),
            call("progress", "steps", progress=True, count=5),
            call("large", "large", characters=LARGE),
            call("elicitation", "greet"),
            call("failing tool", "fail"),
            call("unknown tool", "no-such-tool"),
            call("wrong arguments", "steps", count="many"),
            step("resources/list"),
            step("resources/templates/list"),
            step("resources/read", uri="peers://watched"),
            step("resources/read", "bytes", uri="peers://bytes"),
            step("resources/read", "template", uri="peers://note/tunnels"),
            step("resources/read", "unknown resource", uri="peers://none"),
            step("prompts/list"),
            step("prompts/get", name="review", arguments={"topic": "T\u00fcren"}),
            step("prompts/get", "unknown prompt", name="no-such-prompt"),
            *([subscription] if listens else []),
            # Without sessions a caller cancels by hanging up. That does not travel: there the calls end by themselves.
            cancel("steps", count=1000 if sessions else 20),
            call("echo after cancelled calls", "echo", message="still here"),
            together(
                call("long", "steps", progress=True, count=8),
                call("longer", "steps", progress=True, count=12),
                *[call(f"echo {n}", "echo", message=f"number {n}") for n in range(12)],
            ),
        ]
    )


def plan(steps: list[Step]) -> dict[str, Any]:
    """The steps, and what the client answers when the server asks."""
    return {
        "steps": steps,
        "sampling": {
            "role": "assistant",
            "content": {"type": "text", "text": "sampled by the driver"},
            "model": "driver-model",
            "stopReason": "endTurn",
        },
        "elicitation": {"action": "accept", "content": {"username": "driver", "name": "driver", "check": True}},
    }


def step(op: str, label: str | None = None, **params: Any) -> Step:
    return {"label": label or op, "op": op, **({"params": params} if params else {})}


def call(label: str, tool: str, *, progress: bool = False, **arguments: Any) -> Step:
    return {
        "label": label,
        "op": "tools/call",
        "params": {"name": tool, "arguments": arguments},
        **({"progress": True} if progress else {}),
    }


def cancel(tool: str, **arguments: Any) -> Step:
    """Calls that are given up at their first progress report. They run long enough to be in the way if they went on."""
    params = {"name": tool, "arguments": arguments}
    return {"label": "cancelled calls", "op": "cancel", "params": params, "times": CANCELLED}


def together(*steps: Step) -> Step:
    return {"label": "together", "op": "together", "steps": list(steps)}


def text(characters: int) -> str:
    pattern = 'the quick brown fox, \u00e9\u20ac\U0001f980, jumps over "the" lazy\\dog\n'
    return (pattern * (characters // len(pattern) + 1))[:characters]
