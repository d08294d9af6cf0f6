//! Commands on their way to an MCP server: what is forwarded, what is refused with an answer, what expires.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use serde_json::json;

use crate::support;
use crate::support::wait::BOUND;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Gate, McpServer, eventually, holds_for, id_of, result,
};

/// JSON that every parse-and-print round trip damages.
const FRAGILE: &str = concat!(
    r#"{"z":1.50,"a":9007199254740993,"huge":123456789012345678901234567890.0e-1,"#,
    r#""esc":"\u00e9\/\ud83d\ude00","plain":"é😀","empty":{},"spaced":[ 1 ,  2 ],"a b":null}"#
);
const FRAGILE_IDS: [&str; 9] = [
    "1",
    "0",
    "-7",
    "1.5",
    "9007199254740993",
    "1e2",
    "123456789012345678901234567890",
    r#""\u0041b""#,
    r#""""#,
];

#[test]
fn payload_bytes_cross_unchanged_both_ways() {
    let control = ControlPlane::http();
    let reply = |id: &str| format!(r#"{{"extra":{FRAGILE},"result":{FRAGILE},"id":{id},"jsonrpc":"2.0"}}"#);
    let mcp = McpServer::http(move |request, _| Answer::json(200, reply(&id_of(request))));
    let _client = Client::http(&control, &mcp.url());
    for (number, id) in FRAGILE_IDS.into_iter().enumerate() {
        let request = format!("r{number}");
        let message =
            format!(r#"{{ "x-unknown":{FRAGILE},"params":{FRAGILE},"method":"a/b","id":{id},"jsonrpc":"2.0" }}"#);
        let post = control.call(Command::message(&request, message.as_str()), &request);
        assert_eq!(mcp.await_forwarded(&request).text(), message);
        assert_eq!(post.resp_json, Some(reply(id)), "{post:#?}");
        assert_eq!(post.resp_code, 200);
    }
}

#[test]
fn headers_cross_as_they_are_and_accept_has_a_default() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    let command = Command::call("r1", "tools/list", "{}")
        .header("Authorization", "Bearer end-user")
        .header("X-Forwarded-For", "203.0.113.9")
        .header("User-Agent", "caller/1")
        .header("Mcp-Session-Id", "session-1")
        .header("X-Many", "one")
        .header("X-Many", "two")
        .header("Host", "elsewhere.example")
        .header("Content-Length", "3")
        .header("Transfer-Encoding", "chunked");
    assert_eq!(control.call(command, "r1").resp_code, 200);
    let seen = mcp.await_forwarded("r1");
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/mcp"));
    assert_eq!(seen.header_values("authorization"), ["Bearer end-user"]);
    assert_eq!(seen.header_values("x-forwarded-for"), ["203.0.113.9"]);
    assert_eq!(seen.header_values("user-agent"), ["caller/1"]);
    assert_eq!(seen.header_values("mcp-session-id"), ["session-1"]);
    let many = seen.header_values("x-many").join(", ");
    assert_eq!(many, "one, two", "{seen:?}");
    assert_eq!(seen.header_values("accept"), ["application/json, text/event-stream"]);
    assert_eq!(seen.header_values("content-type"), ["application/json"]);
    assert_eq!(format!("http://{}/mcp", seen.header("host").unwrap()), mcp.url());
    assert_eq!(seen.header_values("content-length"), [seen.body.len().to_string()]);
    assert!(
        !seen
            .headers
            .iter()
            .any(|(_, value)| value.contains(support::client::API_KEY)),
        "{seen:?}"
    );

    control.call(
        Command::call("r2", "tools/list", "{}").header("Accept", "application/json"),
        "r2",
    );
    assert_eq!(mcp.await_forwarded("r2").header_values("accept"), ["application/json"]);
}

#[test]
fn a_header_cannot_smuggle_another() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    control.push_all([
        Command::call("value", "ping", "{}").header("X-Evil", "a\r\nX-Injected: 1"),
        Command::call("name", "ping", "{}").header("X-Evil: a\r\nX-Injected", "1"),
        Command::call("nul", "ping", "{}").header("X-Evil", "a\0X-Injected: 1"),
    ]);
    for id in ["value", "name", "nul"] {
        control.only_terminal(id);
    }
    for seen in mcp.seen() {
        assert!(
            !seen
                .headers
                .iter()
                .any(|(name, _)| name.to_lowercase().contains("injected")),
            "{seen:?}"
        );
    }
}

#[test]
fn each_bad_command_is_answered_once_and_harms_no_other() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    let bad = [
        Command::message("batch", r#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#),
        Command::message("text", r#""ping""#),
        Command::message("old", r#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#),
        Command::message("no-version", r#"{"id":1,"method":"ping"}"#),
        Command::message("no-method", r#"{"jsonrpc":"2.0","id":1}"#),
        Command::message("bad-method", r#"{"jsonrpc":"2.0","id":1,"method":7}"#),
        Command::message("bad-id", r#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#),
        Command::message("null", "null"),
        Command::of_type("missing", "jsonrpc"),
        Command::of_type("unknown", "self_destruct"),
        Command::call("untyped", "ping", "{}")
            .without("command_type")
            .field("command_type", "7"),
        Command::call("bad-channel", "ping", "{}").channel("no spaces!"),
        Command::of_type("no-session", "session_termination"),
    ];
    let ids = [
        "batch",
        "text",
        "old",
        "no-version",
        "no-method",
        "bad-method",
        "bad-id",
        "null",
        "missing",
        "unknown",
    ];
    let ids = ids.into_iter().chain(["untyped", "bad-channel", "no-session"]);
    control.push_all(bad.into_iter().chain([Command::call("good", "ping", "{}")]));
    assert_eq!(control.terminal("good").resp_code, 200);
    for id in ids {
        let post = control.only_terminal(id);
        assert_eq!(control.posts_of(id).len(), 1, "{post:#?}");
        assert!((400..600).contains(&post.resp_code), "{post:#?}");
        assert_eq!(
            post.request.header("x-tunnel-shard-token"),
            Some(format!("shard-{id}").as_str())
        );
        if id == "no-session" {
            assert_eq!(post.resp_type, "session_termination_response", "{post:#?}");
        } else {
            assert_eq!(post.resp_type, "jsonrpc_response", "{post:#?}");
            assert!(
                post.json()["error"]["code"].is_i64() && post.json()["jsonrpc"] == "2.0",
                "{post:#?}"
            );
        }
        assert!(mcp.forwarded_for(id).is_empty(), "{id} reached the MCP server");
    }
    for id in ["old", "bad-method", "no-method"] {
        assert_eq!(
            control.terminal(id).json()["id"],
            1,
            "the caller cannot match the error: {:#?}",
            control.terminal(id)
        );
    }
}

#[test]
fn commands_that_cannot_be_answered_are_dropped_alone() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let good = Command::call("good", "ping", "{}").to_json();
    let list = [
        Command::call("no-id", "ping", "{}").without("request_id").to_json(),
        Command::call("", "ping", "{}").to_json(),
        Command::call("number", "ping", "{}").field("request_id", "7").to_json(),
        Command::call("no-shard", "ping", "{}").without("shard_token").to_json(),
        Command::call("empty-shard", "ping", "{}")
            .field("shard_token", "\"\"")
            .to_json(),
        "5".to_owned(),
        "null".to_owned(),
        good,
    ];
    control.on_poll(Answer::json(
        200,
        format!(r#"{{"more":1,"commands":[{}]}}"#, list.join(",")),
    ));
    let _client = Client::http(&control, &mcp.url());
    assert_eq!(control.terminal("good").resp_code, 200);
    control.barrier();
    let others: Vec<_> = control
        .posts()
        .into_iter()
        .filter(|post| !post.request_id.starts_with("barrier"))
        .collect();
    assert_eq!(others.len(), 1, "{others:#?}");
    assert_eq!(mcp.forwarded().len(), 1, "{:#?}", mcp.forwarded());
}

#[test]
fn unknown_fields_and_a_missing_creation_time_do_no_harm() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    let command = Command::call("r1", "ping", "{}").field("future", FRAGILE).channel("");
    assert_eq!(control.call(command, "r1").resp_code, 200);
    control.push(Command::call("r2", "ping", "{}").field("created_at", "\"yesterday\""));
    control.push(Command::call("r3", "ping", "{}").without("created_at"));
    control.only_terminal("r2");
    control.only_terminal("r3");
}

#[test]
fn an_unsupported_channel_is_named_in_a_400() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    let post = control.call(Command::call("r1", "ping", "{}").channel("nowhere"), "r1");
    assert_eq!(
        (post.resp_code, post.resp_type.as_str()),
        (400, "jsonrpc_response"),
        "{post:#?}"
    );
    assert_eq!(post.json()["error"]["code"], -32603, "{post:#?}");
    assert_eq!(
        post.json()["error"]["message"],
        r#"Bad Request: unsupported channel "nowhere""#
    );
    assert_eq!(post.json()["id"], "r1");
    assert_eq!(post.channel.as_deref(), Some("nowhere"));

    let post = control.call(Command::termination("r2", "s").channel("nowhere"), "r2");
    assert_eq!(
        (post.resp_code, post.resp_type.as_str()),
        (400, "session_termination_response"),
        "{post:#?}"
    );
    let post = control.call(Command::call("r3", "ping", "{}").channel("harpoon"), "r3");
    assert_eq!(post.resp_code, 400, "{post:#?}");
    control.call(Command::call("r4", "ping", "{}").channel(" MAIN "), "r4");
    assert_eq!(mcp.forwarded().len(), 1);
}

#[test]
fn a_notification_is_acknowledged_with_the_upstream_status() {
    let (control, mcp) = (ControlPlane::http(), answering_with_status());
    let _client = Client::http(&control, &mcp.url());
    for status in [200, 202, 204] {
        control.push(Command::notification("n", "notifications/initialized", &with(status)));
        let post = control.only_terminal("n");
        assert_eq!(
            (post.resp_type.as_str(), post.resp_code),
            ("notify_ack", status),
            "{post:#?}"
        );
        assert_eq!(post.resp_json, None, "{post:#?}");
        control.forget_posts();
    }
}

#[test]
fn a_notification_that_the_mcp_server_refuses_is_reported_as_an_error_without_an_id() {
    let (control, mcp) = (ControlPlane::http(), answering_with_status());
    let _client = Client::http(&control, &mcp.url());
    let answer = r#"{"jsonrpc":"2.0","id":"asked","result":{"status":STATUS}}"#;
    for status in [400, 401, 404, 500, 503, 302] {
        let text = status.to_string();
        let (error, source) = match status {
            302 => (502, "protocol"),
            _ => (status, "target_http"),
        };
        for command in [
            Command::notification("n", "notifications/initialized", &with(status)),
            Command::message("n", answer.replace("STATUS", &text)),
        ] {
            control.push(command);
            let post = control.only_terminal("n");
            post.assert_failure(error, source, &["http_status", "non_protocol_response"]);
            assert_eq!(post.json().get("id"), None, "{post:#?}");
            assert_eq!(post.resp_header("Content-Type"), Some("application/json"));
            control.forget_posts();
        }
    }
}

#[test]
fn a_notification_for_an_unbound_channel_is_reported_as_an_error_without_an_id() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    for command in [
        Command::notification("n", "notifications/initialized", "{}"),
        Command::message("n", r#"{"jsonrpc":"2.0","id":"asked","result":{}}"#),
    ] {
        control.push(command.channel("nowhere"));
        let post = control.only_terminal("n");
        assert_eq!(
            (post.resp_type.as_str(), post.resp_code),
            ("jsonrpc_response", 400),
            "{post:#?}"
        );
        let message = "Bad Request: unsupported channel \"nowhere\"";
        let error = json!({"code": -32603, "message": message, "data": {"request_id": "n"}});
        assert_eq!(post.json(), json!({"jsonrpc": "2.0", "error": error}));
        control.forget_posts();
    }
}

/// A server whose answers have the status that a message names.
fn answering_with_status() -> McpServer {
    McpServer::http(|request, _| {
        let message = request.json();
        let status = message["params"]["status"]
            .as_u64()
            .or(message["result"]["status"].as_u64());
        Answer::empty(status.unwrap().try_into().unwrap())
    })
}

fn with(status: u16) -> String {
    format!(r#"{{"status":{status}}}"#)
}

#[test]
fn a_session_is_ended_at_the_mcp_server_and_its_status_reported() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.header("mcp-session-id") {
        Some("known") => Answer::empty(204),
        Some("forbidden") => Answer::new(405, &[("X-Secret", "1")], "no"),
        Some("broken") => Answer::default().close(),
        _ => Answer::empty(404),
    });
    let _client = Client::http(&control, &mcp.url());
    for (session, status) in [("known", 204), ("forbidden", 405), ("stranger", 404), ("broken", 502)] {
        let command = Command::termination(session, session).header("Authorization", "Bearer end-user");
        let post = control.call(command, session);
        assert_eq!(
            (post.resp_type.as_str(), post.resp_code),
            ("session_termination_response", status),
            "{post:#?}"
        );
        assert_eq!(post.resp_json, None, "{post:#?}");
        assert!(!post.resp_headers.contains_key("X-Secret"), "{post:#?}");
        let seen = mcp.await_forwarded(session);
        assert_eq!((seen.method.as_str(), seen.target.as_str()), ("DELETE", "/mcp"));
        assert_eq!(seen.header("authorization"), Some("Bearer end-user"));
        assert!(seen.body.is_empty(), "{seen:?}");
    }
    assert_eq!(control.posts().len(), 4);
}

/// A server that answers once the gate is open.
fn held_by(gate: &Gate) -> McpServer {
    let gate = gate.clone();
    McpServer::http(move |request, _| Answer::default().hold(&gate).then(support::mcp::echo(request)))
}

fn quick_and_slow(control: &ControlPlane, quick: &McpServer, slow: &McpServer) -> ClientBuilder {
    ClientBuilder::new(control)
        .server(format!("channel=main,url={}", quick.url()))
        .server(format!("channel=slow,url={}", slow.url()))
}

#[test]
fn a_slow_channel_does_not_starve_another() {
    let (control, gate) = (ControlPlane::http(), Gate::new());
    let (quick, slow) = (McpServer::echo(), held_by(&gate));
    let _client = quick_and_slow(&control, &quick, &slow).workers(4).start();
    control.push_all((0..10).map(|number| Command::call(&format!("s{number}"), "work", "{}").channel("slow")));
    slow.await_forwarded("s0");
    for number in 0..5 {
        let id = format!("q{number}");
        assert_eq!(control.call(Command::call(&id, "work", "{}"), &id).resp_code, 200);
    }
    gate.open();
    for number in 0..10 {
        control.terminal(&format!("s{number}"));
    }
}

#[test]
fn a_channel_that_used_up_its_share_of_the_queue_is_left_out_of_short_polls() {
    let (control, gate) = (ControlPlane::http(), Gate::new());
    let (quick, slow) = (McpServer::echo(), held_by(&gate));
    let _client = quick_and_slow(&control, &quick, &slow)
        .workers(2)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "3")
        .start();
    // One runs, two wait: of three places the third is kept for the other channel.
    control.push_all((0..3).map(|number| Command::call(&format!("s{number}"), "work", "{}").channel("slow")));
    let poll = eventually("a poll that leaves out the slow channel", || {
        control
            .polls()
            .into_iter()
            .find(|poll| poll.target.contains("channel="))
    });
    assert!(poll.target.ends_with("&channel=main"), "{}", poll.target);
    assert!(poll.target.contains("limit=1&timeout_ms=500&"), "{}", poll.target);
    assert_eq!(control.call(Command::call("q", "work", "{}"), "q").resp_code, 200);
    gate.open();
    for number in 0..3 {
        control.terminal(&format!("s{number}"));
    }
    eventually("a poll for every channel again", || {
        control
            .polls()
            .last()
            .filter(|poll| !poll.target.contains("channel="))
            .map(|_| ())
    });
}

#[test]
fn no_more_calls_run_at_once_than_configured() {
    let control = ControlPlane::http();
    let (running, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (count, peak) = (Arc::clone(&running), Arc::clone(&most));
    let gate = Gate::new();
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| {
        peak.fetch_max(count.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
        held.wait(BOUND);
        count.fetch_sub(1, Ordering::SeqCst);
        Answer::json(200, result(request, "{}"))
    });
    let _client = ClientBuilder::new(&control).server(mcp.url()).workers(3).start();
    control.push_all((0..30).map(|number| Command::call(&format!("r{number}"), "work", "{}")));
    eventually("as many as configured", || {
        (running.load(Ordering::SeqCst) == 3).then_some(())
    });
    holds_for(Duration::from_millis(100), "no more than these", || {
        running.load(Ordering::SeqCst) == 3
    });
    gate.open();
    for number in 0..30 {
        control.terminal(&format!("r{number}"));
    }
    assert_eq!(
        most.load(Ordering::SeqCst),
        3,
        "the configured number is used and not passed"
    );
}

#[test]
fn more_commands_than_asked_for_are_all_served() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.ignore_limit();
    control.push_all((0..60).map(|number| Command::call(&format!("r{number}"), "work", "{}")));
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .workers(2)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "5")
        .start();
    for number in 0..60 {
        control.only_terminal(&format!("r{number}"));
    }
    holds_for(Duration::from_millis(100), "nothing twice", || {
        mcp.forwarded().len() == 60
    });
}
