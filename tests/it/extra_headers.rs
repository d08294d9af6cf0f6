//! Headers of the configuration: where they go, what they replace, and that nobody sees their values.

use crate::support::control::TUNNEL;
use crate::support::mcp::{echo, result};
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Request, eventually};

const GATE: &str = "gate-4711-0815";

/// A client whose MCP headers are these.
fn client(control: &ControlPlane, mcp: &McpServer, headers: &str) -> Client {
    ClientBuilder::new(control)
        .server(mcp.url())
        .env("MCP_EXTRA_HEADERS", headers)
        .start()
}

#[test]
fn every_control_plane_request_carries_the_configured_headers() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_EXTRA_HEADERS", format!("X-Gate: {GATE}; x-zone: a b"))
        .start();
    control.call(Command::call("r1", "ping", "{}"), "r1");
    eventually("metadata request", || {
        control.seen().into_iter().find(|seen| seen.path().ends_with(TUNNEL))
    });
    for request in control.seen() {
        assert_eq!(request.header_values("x-gate"), [GATE], "{request:?}");
        assert_eq!(request.header_values("x-zone"), ["a b"], "{request:?}");
    }
    for request in mcp.seen() {
        assert_eq!(request.header("x-gate"), None, "not for this peer: {request:?}");
    }
}

#[test]
fn the_organization_id_wins_over_a_configured_header() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_EXTRA_HEADERS", "openai-organization: org-header")
        .env("CONTROL_PLANE_ORGANIZATION_ID", "org-setting")
        .start();
    for poll in control.await_polls(1) {
        assert_eq!(poll.header_values("openai-organization"), ["org-setting"], "{poll:?}");
    }
}

#[test]
fn a_configured_organization_header_is_sent_when_there_is_no_id() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_EXTRA_HEADERS", "OpenAI-Organization: org-header")
        .start();
    for poll in control.await_polls(1) {
        assert_eq!(poll.header_values("openai-organization"), ["org-header"], "{poll:?}");
    }
}

#[test]
fn a_secret_header_value_that_a_peer_repeats_is_not_logged() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let message =
        format!(r#"{{"error":{{"message":"blue-green got {GATE}, b-4711 and t-0815","type":"x","code":"y"}}}}"#);
    control.on_poll(Answer::json(400, message));
    let headers = format!("X-Gate-Token: {GATE}; X-Zone: blue-green; X-Pass: env:PASS; Proxy-Auth-Token: Basic t-0815");
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_EXTRA_HEADERS", headers)
        .env("PASS", "b-4711")
        .start();
    let line = client.await_log("poll failed; backing off");
    let shown = "blue-green got [REDACTED], [REDACTED] and [REDACTED]";
    assert!(
        line.contains(shown),
        "by name, by reference, behind a scheme, and nothing else: {line}"
    );
    control.call(Command::call("r1", "ping", "{}"), "r1");
    let poll = &control.polls()[0];
    let sent = ["x-gate-token", "x-zone", "x-pass", "proxy-auth-token"].map(|name| poll.header(name).unwrap());
    assert_eq!(sent, [GATE, "blue-green", "b-4711", "Basic t-0815"]);
    for secret in [GATE, "b-4711", "t-0815"] {
        assert!(client.log_with(secret).is_empty(), "{:?}", client.log_with(secret));
    }
}

#[test]
fn every_request_to_an_mcp_server_carries_the_configured_headers() {
    let event = r#"{"jsonrpc":"2.0","id":"aside","method":"roots/list"}"#;
    let mcp = McpServer::http(
        move |request, _| match (request.method.as_str(), request.json()["method"].as_str()) {
            // The stream breaks off after a request of the server: it is resumed, and the request refused.
            ("POST", Some("stream")) => Answer::new(
                200,
                &[("Content-Type", "text/event-stream")],
                format!("id: 1\nretry: 100\ndata: {event}\n\n"),
            ),
            ("GET", _) => Answer::new(
                200,
                &[("Content-Type", "text/event-stream")],
                "data: {\"jsonrpc\":\"2.0\",\"id\":\"r1\",\"result\":{}}\n\n",
            ),
            _ => echo(request),
        },
    );
    let control = ControlPlane::http();
    let client = client(&control, &mcp, &format!("X-Gate: {GATE}"));
    client.await_log("mcp session initialized");
    assert_eq!(control.call(Command::call("r1", "stream", "{}"), "r1").resp_code, 200);
    control.call(Command::notification("r2", "notifications/x", "{}"), "r2");
    control.call(Command::termination("r3", "s"), "r3");
    let seen = eventually("the answer to the server's request", || {
        let seen = mcp.seen();
        let answered = seen.iter().any(|request| request.json()["id"] == "aside");
        answered.then_some(seen)
    });
    for method in ["POST", "GET", "DELETE"] {
        assert!(seen.iter().any(|request| request.method == method), "no {method}");
    }
    for request in seen {
        assert_eq!(request.header_values("x-gate"), [GATE], "{request:?}");
    }
    for request in control.seen() {
        assert_eq!(request.header("x-gate"), None, "not for this peer: {request:?}");
    }
}

#[test]
fn a_caller_cannot_contradict_a_configured_header() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = client(&control, &mcp, "X-Tenant: blue; User-Agent: gateway/1");
    let command = Command::call("r1", "ping", "{}")
        .header("x-tenant", "red")
        .header("X-TENANT", "green")
        .header("X_Tenant", "black")
        .header("User-Agent", "caller/1")
        .header("X-Other", "kept");
    control.call(command, "r1");
    let seen = mcp.await_forwarded("r1");
    assert_eq!(seen.header_values("x-tenant"), ["blue"], "{seen:?}");
    assert_eq!(
        seen.header("x_tenant"),
        None,
        "many servers take it for the same: {seen:?}"
    );
    assert_eq!(seen.header_values("user-agent"), ["gateway/1"], "{seen:?}");
    assert_eq!(seen.header_values("x-other"), ["kept"], "{seen:?}");
}

#[test]
fn a_caller_cannot_send_what_a_server_may_take_for_another_header() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control).server(mcp.url()).start();
    let dropped = [
        "X.Tenant",
        "X!Tenant",
        "X~Tenant",
        "X_Tenant",
        "X|Tenant",
        "Content_Length",
        "Transfer_Encoding",
        "Proxy",
        "Proxy-Features",
        "HTTP2-Settings",
        "Upgrade",
        "Keep-Alive",
        "TE",
        "Trailer",
        "X-Named",
        "X-Named-Too",
    ];
    let command = dropped.iter().fold(Command::call("r1", "ping", "{}"), |command, name| {
        command.header(name, "smuggled")
    });
    let command = command
        .header("Connection", "close, x-named")
        .header("CONNECTION", " X-NAMED-TOO ")
        .header("X-Tenant-2", "kept");
    assert_eq!(control.call(command, "r1").resp_code, 200);
    let seen = mcp.await_forwarded("r1");
    for name in dropped {
        assert!(!seen.header_values(name).contains(&"smuggled"), "{name}: {seen:?}");
    }
    assert_eq!(seen.header_values("x-tenant-2"), ["kept"], "{seen:?}");
}

#[test]
fn a_configured_name_keeps_its_spelling_and_callers_cannot_contradict_it() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = client(
        &control,
        &mcp,
        "X_Tenant: blue; X.Zone: north; Transfer_Encoding: chunked",
    );
    client.await_log("belongs to one message or connection");
    let command = Command::call("r1", "ping", "{}")
        .header("X-Tenant", "red")
        .header("x-zone", "south");
    control.call(command, "r1");
    let seen = mcp.await_forwarded("r1");
    assert_eq!(seen.header_values("x_tenant"), ["blue"], "{seen:?}");
    assert_eq!(seen.header_values("x.zone"), ["north"], "{seen:?}");
    for name in ["x-tenant", "x-zone", "transfer_encoding"] {
        assert_eq!(seen.header(name), None, "{seen:?}");
    }
}

#[test]
fn a_caller_cannot_strip_a_configured_header_by_naming_it_in_connection() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = client(&control, &mcp, "X-Tenant: blue");
    control.call(Command::call("r1", "ping", "{}").header("Connection", "x-tenant"), "r1");
    let seen = mcp.await_forwarded("r1");
    assert_eq!(seen.header_values("x-tenant"), ["blue"], "{seen:?}");
}

#[test]
fn a_caller_who_brings_credentials_acts_with_his_own_rights() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = client(&control, &mcp, "Authorization: Bearer operator-0001");
    let own = Command::call("r1", "ping", "{}").header("Authorization", "Bearer caller-0002");
    control.call(own, "r1");
    control.call(Command::call("r2", "ping", "{}"), "r2");
    let credentials = |id| mcp.await_forwarded(id).header_values("authorization").join(",");
    assert_eq!(credentials("r1"), "Bearer caller-0002");
    assert_eq!(credentials("r2"), "Bearer operator-0001");
}

#[test]
fn a_redirect_to_another_path_gets_neither_the_configured_headers_nor_what_a_caller_puts_in_their_place() {
    let mcp = McpServer::http(|request, _| match request.path() {
        "/mcp" => Answer::new(307, &[("Location", "/mcp/")], ""),
        "/mcp/" => Answer::new(307, &[("Location", "/elsewhere")], ""),
        _ => Answer::json(200, result(request, "{}")),
    });
    let control = ControlPlane::http();
    let _client = client(&control, &mcp, &format!("X-Gate: {GATE}"));
    let forged = Command::call("r1", "ping", "{}").header("X-Gate", "forged");
    assert_eq!(control.call(forged, "r1").resp_code, 200);
    let gates: Vec<(String, Option<String>)> = mcp
        .forwarded_for("r1")
        .iter()
        .map(|request: &Request| (request.path().to_owned(), request.header("x-gate").map(str::to_owned)))
        .collect();
    let gate = || Some(GATE.to_owned());
    assert_eq!(
        gates,
        [
            ("/mcp".to_owned(), gate()),
            ("/mcp/".to_owned(), gate()),
            ("/elsewhere".to_owned(), None)
        ]
    );
}

#[test]
fn discovery_headers_go_with_probes_and_not_with_calls() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("MCP_EXTRA_HEADERS", "X-Gate: call-4711; X-Team: blue")
        .env("MCP_DISCOVERY_EXTRA_HEADERS", "x-gate: probe-4711")
        .start();
    client.await_log("mcp session initialized");
    control.call(Command::call("r1", "ping", "{}"), "r1");
    let probe = &mcp.seen()[0];
    assert_eq!(probe.json()["method"], "initialize", "{probe:?}");
    assert_eq!(probe.header_values("x-gate"), ["probe-4711"]);
    assert_eq!(probe.header_values("x-team"), ["blue"]);
    let call = mcp.await_forwarded("r1");
    assert_eq!(call.header_values("x-gate"), ["call-4711"]);
}
