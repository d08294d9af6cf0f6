//! What is an answer: the same for the client and the relay, from the MCP server to the caller through both.

use std::sync::{Arc, Mutex};

use crate::support::control::TUNNEL;
use crate::support::mcp::MARK;
use crate::support::relay::{Answered, Relay};
use crate::support::{Answer, Client, McpServer};

/// Both programs, and a server whose answer each call chooses.
struct Tunnel {
    relay: Relay,
    client: Client,
    mcp: McpServer,
    next: Arc<Mutex<Answer>>,
}

impl Tunnel {
    fn new() -> Self {
        let next = Arc::new(Mutex::new(Answer::empty(500)));
        let answer = Arc::clone(&next);
        let mcp = McpServer::http(move |_, _| answer.lock().unwrap().clone());
        let relay = Relay::start(&["--tunnel", TUNNEL]);
        let client = relay.client(&mcp);
        Self {
            relay,
            client,
            mcp,
            next,
        }
    }

    /// One call with this id, which the server answers so.
    fn call(&self, id: &str, answer: Answer) -> Answered {
        *self.next.lock().unwrap() = answer;
        let message = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{}}}}"#);
        self.relay.call(TUNNEL, &message, &[(MARK, "r")])
    }
}

#[test]
fn the_table_of_answers_holds_from_server_to_caller() {
    let tunnel = Tunnel::new();
    let table = include_str!("../data/jsonrpc-answers.txt");
    for case in table.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let parts: Vec<&str> = case.splitn(3, '|').map(str::trim).collect();
        let (verdict, id, message) = (parts[0], parts[1], parts[2]);
        for answer in [Answer::json(200, message), Answer::sse(&[]).event(message).end()] {
            let answered = tunnel.call(id, answer);
            if matches!(verdict, "result" | "error") || message.starts_with('[') {
                // An array is no answer, and what it holds may be one.
                let message = message.trim_start_matches('[').trim_end_matches(']');
                assert_eq!((answered.status, &*answered.body), (200, message), "{case}");
            } else {
                assert_eq!(answered.status, 502, "{case}: {answered:?}");
                let asked: serde_json::Value = serde_json::from_str(id).unwrap();
                assert_eq!(answered.json()["id"], asked, "{case}");
                let unusable = answered.message().starts_with("answer of the MCP server not usable: ");
                // A request or a notification of the server is none of the call's faults.
                let ended =
                    answered.message() == "connection to the MCP server lost: its stream ended without the answer";
                assert!(unusable || ended, "{answered:?}");
            }
        }
    }
}

#[test]
fn an_error_that_names_no_request_reaches_the_caller_in_the_servers_words() {
    let tunnel = Tunnel::new();
    let named = |id: &str| {
        format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":-32600,"message":"Bad Request: no session"}}}}"#)
    };
    let json = |status, body: &str| Answer::json(status, body);
    let told = "MCP server answered HTTP 400: Bad Request: no session";
    for (answer, status, message) in [
        (json(400, &named("null")), 400, told),
        (json(400, &named("\"server-error\"")), 400, told),
        (
            json(
                400,
                r#"{"jsonrpc":"2.0","error":{"code":-32600,"message":"Bad Request: no session"}}"#,
            ),
            400,
            told,
        ),
        (
            json(
                404,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}}"#,
            ),
            404,
            "MCP server answered HTTP 404 (Not Found): Session not found",
        ),
        (
            json(406, r#"{"detail":"send both forms"}"#),
            406,
            "MCP server answered HTTP 406 (Not Acceptable): send both forms",
        ),
        (
            Answer::new(503, &[("Content-Type", "text/plain")], "out of\tmemory\u{1b}[0m\r\n"),
            503,
            "MCP server answered HTTP 503 (Service Unavailable): out of memory [0m",
        ),
        (
            Answer::new(
                502,
                &[("Content-Type", "text/html")],
                "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
            ),
            502,
            "MCP server answered HTTP 502 (Bad Gateway): 502 Bad Gateway nginx",
        ),
        (
            json(200, &named("null")),
            502,
            "answer of the MCP server not usable: it holds no answer to this request; what came: an error that names no request: Bad Request: no session",
        ),
        (
            Answer::sse(&[]).event(named("null")).end(),
            502,
            "answer of the MCP server not usable: its stream ended without the answer; what came: an error that names no request: Bad Request: no session",
        ),
    ] {
        let answered = tunnel.call("5", answer);
        assert_eq!(
            (answered.status, &*answered.message()),
            (status, message),
            "{answered:?}"
        );
        let error = &answered.json()["error"];
        assert_eq!(
            (&answered.json()["id"], &error["code"]),
            (&5.into(), &(-32603).into()),
            "{answered:?}"
        );
        let words = error["data"]["mcp_server"]["message"].as_str().unwrap();
        assert!(message.ends_with(words), "{answered:?}");
        assert!(error["data"]["tunnel_failure"]["source"].is_string(), "{answered:?}");
    }
}

#[test]
fn a_session_id_that_is_handed_out_can_be_sent_back_and_another_is_refused_at_once() {
    let tunnel = Tunnel::new();
    let opens = |id: &str| {
        let headers = [("Content-Type", "application/json"), ("Mcp-Session-Id", id)];
        Answer::new(200, &headers, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#)
    };
    for length in [1, 1500, 16 * 1024] {
        let id = "s".repeat(length);
        let answered = tunnel.call("1", opens(&id));
        assert_eq!(
            (answered.status, answered.headers.get("mcp-session-id")),
            (200, Some(&id)),
            "{length}"
        );
        let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
        let headers = [(MARK, "back"), ("Mcp-Session-Id", &*id)];
        assert_eq!(tunnel.relay.call(TUNNEL, message, &headers).status, 200, "{length}");
        let seen = tunnel.mcp.forwarded_for("back");
        assert_eq!(seen.last().unwrap().header("mcp-session-id"), Some(&*id), "{length}");
    }
    let two = [
        ("Content-Type", "application/json"),
        ("Mcp-Session-Id", "a"),
        ("Mcp-Session-Id", "b"),
    ];
    let twice = Answer::new(200, &two, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    for (answer, why) in [
        (
            opens(&"s".repeat(16 * 1024 + 1)),
            "its Mcp-Session-Id is longer than 16384 bytes",
        ),
        (opens("caf\u{e9}"), "its Mcp-Session-Id is not visible ASCII"),
        (
            twice,
            "its Mcp-Session-Id was sent several times, with different values",
        ),
    ] {
        let answered = tunnel.call("1", answer);
        assert_eq!(
            (answered.status, answered.headers.get("mcp-session-id")),
            (502, None),
            "{answered:?}"
        );
        assert!(answered.message().ends_with(why), "{answered:?}");
    }
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/list"}"#;
    let refused = tunnel
        .relay
        .call(TUNNEL, message, &[("Mcp-Session-Id", &"s".repeat(16 * 1024 + 1))]);
    assert_eq!(refused.status, 400, "{refused:?}");
    assert!(refused.message().contains("is longer than 16384 bytes"), "{refused:?}");
}

#[test]
fn an_id_that_the_relay_takes_passes_both_ways() {
    let tunnel = Tunnel::new();
    for length in [1, 1100, 16 * 1024 - 2] {
        let id = format!("\"{}\"", "i".repeat(length));
        let answer = format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#);
        let answered = tunnel.call(&id, Answer::json(200, &answer));
        assert_eq!((answered.status, answered.body), (200, answer), "{length}");
    }
    let too_long = tunnel.call(&format!("\"{}\"", "i".repeat(16 * 1024)), Answer::empty(500));
    assert_eq!(too_long.status, 400, "{too_long:?}");
    assert!(too_long.message().contains("the id is longer"), "{too_long:?}");
}

#[test]
fn one_odd_event_does_not_end_a_good_stream() {
    let tunnel = Tunnel::new();
    for first in [
        ": keep-alive\n\n",
        "data: {\"type\":\"heartbeat\"}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":777,\"result\":{}}\n\n",
    ] {
        let answer = Answer::sse(&[])
            .chunk(first)
            .event(r#"{"jsonrpc":"2.0","id":1,"result":{"content":[]}}"#)
            .end();
        let answered = tunnel.call("1", answer);
        assert_eq!(
            (answered.status, &answered.json()["result"]["content"]),
            (200, &serde_json::json!([])),
            "{first}"
        );
    }
    assert!(tunnel.client.log_with("MCP command failed").is_empty());
}
