"""What a client says in each state, in the shapes of docs/contract/status.md."""

from __future__ import annotations

import copy
from typing import Any

Answer = dict[str, Any]

INSTANCE, TUNNEL = "0123456789abcdef0123456789abcdef", "tunnel_0123456789abcdef0123456789abcdef"
# Texts that would run, break out of markup, turn the direction of a line, or fill the screen.
HOSTILE = [
    "<img src=x onerror=\"document.title='taken'; alert(1)\">", "<script>alert(2)</script>", "'\"><svg onload=alert(3)>", "javascript:alert(4)",
    "a\u202egnp.exe\u202c", "zero\u200bwidth\u2066\x00\x1b[31m", "x" * 10_000, "__proto__", "constructor", "{{7*7}}",
]  # fmt: skip
ROUTE = {
    "kind": "control_plane", "name": "control-plane", "target": "relay.example:443", "route_mode": "proxy", "proxy_source": "HTTPS_PROXY",
    "proxy_url": "http://proxy.example:3128", "proxy_id": "p1",
}  # fmt: skip


def hop(name: str, status: str = "ok", state: str = "polling", text: str = "", reason: str | None = None) -> Answer:
    return {"name": name, "status": status, "state": state, "reason_code": reason, "text": text}


def channel(name: str, status: str = "ok", **more: Any) -> Answer:
    base = {
        "name": name, "enabled": True, "server_kind": "external", "transport_kind": "http-streamable", "probe_status": "ok", "probe_error": "",
        "status": status, "state": "answering", "reason_code": None, "in_flight": 1, "details": [{"key": "address", "value": "http://127.0.0.1:9000"}],
    }  # fmt: skip
    return {**base, **more}


def call(number: int, **more: Any) -> Answer:
    base = {
        "time": f"2026-12-01T09:00:{number % 60:02}.120Z", "request_id": f"req_{number:020x}", "caller_request_id": None, "channel": "main",
        "method": "tools/call", "tool": "search", "outcome": "ok", "status": 200, "delivery": None, "queue_ms": 0, "server_ms": 12 + number,
        "delivery_ms": 3, "duration_ms": 15 + number, "bytes_in": 120, "bytes_out": 900 + 731 * number,
    }  # fmt: skip
    return {**base, **more}


def line(number: int, level: str = "INFO", message: str = "MCP command answered", **attributes: Any) -> Answer:
    return {"seq": number, "time": f"2026-12-01T09:00:{number % 60:02}.000Z", "level": level, "message": message, "attrs": {
        "client_instance_id": INSTANCE, "tunnel_id": TUNNEL, **attributes}}  # fmt: skip


def well() -> dict[str, Answer]:
    """Path -> answer."""
    status: Answer = {
        "schema_version": 1, "generated_at": "2026-12-01T09:00:00.000Z", "version": "0.9.0", "client_instance_id": INSTANCE,
        "started_at": "2026-12-01T03:17:41.000Z", "uptime_seconds": 20539.0, "lifecycle": "running", "ready": True, "ready_reason": "ready",
        "health_listen_addr": "127.0.0.1:8080", "control_plane_base_url": "https://relay.example", "control_plane_tunnel_id": TUNNEL,
        "control_plane_max_inflight": 10, "control_plane_poll_timeout": "30s", "control_plane_poll_deadline_guardrail": "45s",
        "mcp_server_url": "http://127.0.0.1:9000/mcp", "mcp_resource_metadata_urls": [],
        "hops": [
            hop("callers", text="The last call came 2 s ago."), hop("relay", text="Polls are answered."),
            hop("client", text="It takes calls."), hop("mcp", text="All servers answer."),
        ],
        "channels": [
            channel("main"),
            channel("files", transport_kind="stdio", server_kind="external", state="running", in_flight=0, details=[{"key": "command", "value": "npx"}, {"key": "restarts", "value": "0"}]),
        ],
        "control_plane_route": ROUTE,
        "mcp_routes": [{**ROUTE, "kind": "mcp_channel", "name": "main", "target": "127.0.0.1:9000", "route_mode": "direct", "proxy_source": "", "proxy_url": "", "proxy_id": ""}],
        "raw_http_logging_enabled": False, "warnings": [],
        "counters": {
            "polls": 41877, "poll_errors": 3, "commands": 12840, "answered": 12802, "failed": 21, "refused": 4, "undelivered": 0, "in_flight": 2,
            "queued": 0, "queue_capacity": 64, "redactions": 17, "log_lines_lost": 0, "audit_records_dropped": 0, "rss_bytes": 4_402_341,
            "cpu_seconds": 31.4, "last_poll_age_seconds": 0.4,
        },
    }  # fmt: skip
    parts = ("control-plane", "polling"), ("response-delivery", "accepted"), ("queue", "available"), ("dispatcher", "accepting"), ("mcp", "discovered"), ("sandbox", "enforced"), ("credentials", "current")
    system: Answer = {
        "schema_version": 1, "generated_at": "2026-12-01T09:00:00.000Z",
        "sandbox": {"status": "ok", "state": "enforced", "layers": [
            {"name": "landlock", "state": "enforced", "detail": "files, TCP ports, signals and abstract sockets; ABI 6"},
            {"name": "seccomp", "state": "enforced", "detail": "61 system calls, everything else ends the process"},
            {"name": "namespaces", "state": "enforced", "detail": "user, mount, pid, network"},
            {"name": "capabilities", "state": "enforced", "detail": "none left"}]},
        "credentials": {"status": "ok", "state": "current", "reason_code": None, "generation": 2, "certificates": [certificate("control_plane.client_cert", 212.3)]},
        "components": {**{name: {"status": "ok", "state": state, "limited": False, "details": {}} for name, state in parts},
                       "oauth": {"status": "disabled", "state": "disabled", "limited": False}, "harpoon": {"status": "disabled", "state": "disabled", "limited": False}},
        "tls": {"system_trust": {}}, "proxy_identity_map": [], "proxy_health": [], "main_channel_probe_status": "ok", "main_channel_probe_error": "",
    }  # fmt: skip
    calls = [call(24 - at, channel="files" if at % 5 == 2 else "main", tool=("search", "read_file", "list_issues")[at % 3]) for at in range(24)]
    calls[3] = call(21, outcome="refused", status=None, tool=None, method="tools/list", server_ms=None, delivery_ms=1)
    calls[7] = call(17, outcome="mcp_http_error", status=502, caller_request_id="from-the-caller-17")
    calls[9] = call(15, outcome="cancelled", status=None, delivery="late", tool="slow_report", server_ms=30_012, duration_ms=30_020)
    events = [line(at, channel="main", request_id=f"req_{at:020x}", server_ms=12) for at in range(1, 40)]
    events[20] = line(21, "WARN", "poll failed; backing off", error="connection refused", retry_ms=500, failure_hop="connect")
    events[30] = line(31, "ERROR", "MCP command failed", failure_source="mcp", cause="connection refused", queue_ms=0, server_ms=3, delivery_ms=2)
    return {
        "/api/status": status, "/api/system": system, "/api/calls": {"calls": calls, "capacity": 100},
        "/api/logs": {"events": events, "truncated": False},
        "/api/log-level": {"level": "info", "supported_levels": ["error", "warn", "info", "debug"]},
    }  # fmt: skip


def certificate(name: str, days: float, state: str = "valid", **more: Any) -> Answer:
    base = {
        "name": name, "subject": "CN=tunnel-client.example", "issuer": "CN=Issuing CA 3, O=Example", "not_before": "2026-07-01T00:00:00Z",
        "not_after": "2027-07-01T00:00:00Z", "days_left": days, "state": state,
    }  # fmt: skip
    return {**base, **more}


def relay_broken() -> dict[str, Answer]:
    answers = well()
    status = answers["/api/status"]
    status.update(ready=False, ready_reason="control plane poll failed: connection refused")
    status["hops"] = [
        hop("callers", "unknown", "unknown", "No call has come for 40 s."),
        hop("relay", "degraded", "backoff", "Polls fail: relay.example:443 refused the connection; the next try is in 4 s.", "network_error"), hop("client"), hop("mcp"),
    ]  # fmt: skip
    answers["/api/system"]["components"]["control-plane"] = {"status": "degraded", "state": "backoff", "reason_code": "network_error", "limited": False}
    return answers


def mcp_broken() -> dict[str, Answer]:
    answers = well()
    status = answers["/api/status"]
    status.update(ready=False, ready_reason="mcp probe failed: connect (connection_refused)")
    status["hops"][3] = hop("mcp", "degraded", "failed", "The MCP server of channel main does not answer: connection refused.", "probe_failed")
    status["channels"][0] = channel("main", "degraded", probe_status="failed", probe_error="connect (connection_refused)", state="failed", reason_code="probe_failed")
    return answers


def sandbox_partial() -> dict[str, Answer]:
    answers = well()
    answers["/api/status"]["warnings"] = ["The sandbox is partial: the kernel has no landlock for TCP ports."]
    answers["/api/status"]["hops"][2] = hop("client", "degraded", "partial", "The sandbox is not complete: landlock is partial, namespaces are missing.", "sandbox_missing")
    sandbox = answers["/api/system"]["sandbox"]
    sandbox.update(status="degraded", state="partial")
    sandbox["layers"][0].update(state="partial", detail="ABI 1: files only; this kernel cannot restrict ports")
    sandbox["layers"][2].update(state="missing", detail="user namespaces are refused: Operation not permitted")
    sandbox["layers"][3].update(state="off", detail="hardening.mode is off")
    return answers


def certificate_ends() -> dict[str, Answer]:
    answers = well()
    credentials = answers["/api/system"]["credentials"]
    credentials.update(status="ok", reason_code="certificate_ends_soon")
    credentials["certificates"] = [
        certificate("control_plane.client_cert", 6.2, "ends_soon", not_after="2026-12-07T14:00:00Z"), certificate("mcp.main.client_cert", -3.4, "expired", not_after="2026-11-27T23:00:00Z"),
        certificate("proxy.client_cert", 400.0, "not_yet_valid"), certificate("unknown", 0, "new-word", subject=None, issuer=None, not_before=None, not_after=None, days_left=None),
    ]  # fmt: skip
    return answers


def starting() -> dict[str, Answer]:
    answers = well()
    status = answers["/api/status"]
    status.update(lifecycle="starting", ready=False, ready_reason="waiting for the first poll", channels=[])
    status["hops"] = [hop(name, "unknown", "starting") for name in ("callers", "relay", "client", "mcp")]
    status["counters"] = {**{name: 0 for name in status["counters"]}, "last_poll_age_seconds": None}
    answers["/api/calls"]["calls"] = []
    answers["/api/logs"]["events"] = []
    answers["/api/system"]["credentials"]["certificates"] = []
    return answers


def hostile() -> dict[str, Answer]:
    """Every text of every answer is one that harms a careless page; words of tables too."""
    answers = well()
    answers["/api/calls"]["calls"] = answers["/api/calls"]["calls"][:12]
    at = 0

    def spoil(value: Any) -> Any:
        nonlocal at
        if isinstance(value, dict):
            return {key: spoil(each) for key, each in value.items()}
        if isinstance(value, list):
            return [spoil(each) for each in value]
        if isinstance(value, str):
            at += 1
            return HOSTILE[at % len(HOSTILE)]
        return value

    keep = "hops", "lifecycle", "client_instance_id"
    status = answers["/api/status"]
    kept = {name: copy.deepcopy(status[name]) for name in keep}
    answers = {path: spoil(answer) for path, answer in answers.items()}
    status = answers["/api/status"]
    status.update(kept)
    status["warnings"] = HOSTILE
    status["channels"] = [channel(text, text, details=[{"key": text, "value": text}]) for text in HOSTILE]
    for each, text in zip(status["hops"], HOSTILE, strict=False):
        each.update(text=text, reason_code=text)
    answers["/api/system"]["components"] = {text: {"status": text, "state": text, "reason_code": text} for text in HOSTILE}
    answers["/api/logs"]["events"] = [{**line(number, text, text), "attrs": {text: text, "nested": {text: [text]}}} for number, text in enumerate(HOSTILE, 1)]
    return answers


def shapeless() -> dict[str, Answer]:
    """Answers whose members have other types than promised."""
    answers = well()
    status = answers["/api/status"]
    status.update(hops="none", channels=7, counters=None, warnings={}, control_plane_route=[], mcp_routes=None, uptime_seconds="soon", truncated=True)
    answers["/api/calls"] = {"calls": [None, 3, "x", {}]}
    answers["/api/system"] = {"sandbox": [], "credentials": 5, "components": [None, "x"]}
    answers["/api/logs"] = {"events": [None, 3, {"seq": "x"}], "truncated": True}
    answers["/api/log-level"] = {}
    return answers


def cut() -> dict[str, Answer]:
    """Lists that the client has cut, and lists longer than it may send."""
    answers = well()
    status = answers["/api/status"]
    status["truncated"] = True
    status["channels"] = [channel(f"channel-{at}") for at in range(300)]
    answers["/api/calls"] = {"calls": [call(at) for at in range(400)], "capacity": 100, "truncated": True}
    answers["/api/logs"] = {"events": [line(at) for at in range(1, 3000)], "truncated": True}
    answers["/api/system"]["truncated"] = True
    return answers


STATES = {
    "well": well, "relay broken": relay_broken, "mcp broken": mcp_broken, "sandbox partial": sandbox_partial, "certificate ends": certificate_ends,
    "starting": starting, "hostile": hostile, "shapeless": shapeless, "cut": cut,
}  # fmt: skip
