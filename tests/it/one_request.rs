//! One request followed through the real relay and the client: every place has it under the same name.

use std::process::{Command, Output};

use serde_json::{Value, json};

use crate::support::control::TUNNEL;
use crate::support::mcp::MARK;
use crate::support::relay::{Answered, Relay};
use crate::support::wait::{BOUND, within};
use crate::support::{Answer, Client, McpServer};

/// A relay, a client and a server that answers an HTTP error.
struct Tunnel {
    relay: Relay,
    client: Client,
    mcp: McpServer,
}

impl Tunnel {
    fn start() -> Self {
        let mcp = McpServer::http(|_, _| Answer::new(503, &[], "down"));
        let relay = Relay::start(&["--tunnel", TUNNEL]);
        let client = relay.client(&mcp);
        Self { relay, client, mcp }
    }

    fn call(&self, mark: &str, headers: &[(&str, &str)]) -> Answered {
        let headers = [headers, &[(MARK, mark)]].concat();
        let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"t"}}"#;
        self.relay.call(TUNNEL, message, &headers)
    }

    /// The client's line about a failed command with this id.
    fn failure(&self, id: &str) -> Value {
        let line = within(BOUND, &format!("the client's line about {id}"), || {
            let mut lines = self.client.log_with("MCP command failed").into_iter();
            lines.find(|line| line.contains(id))
        });
        serde_json::from_str(&line).unwrap()
    }

    /// The relay's line about a request with this id.
    fn relayed(&self, id: &str) -> String {
        within(BOUND, &format!("the relay's line about {id}"), || {
            self.relay
                .log()
                .into_iter()
                .find(|line| line.contains(&format!("request_id={id} ")))
        })
    }

    /// `logs explain` with the logs of both.
    fn explain(&self, id: &str) -> Output {
        let directory = self.client.directory();
        let client = directory.write("client.log", &self.client.log().join("\n"));
        let relay = directory.write("relay.log", &self.relay.log().join("\n"));
        Command::new(env!("CARGO_BIN_EXE_tunnel-client"))
            .args(["logs", "explain", id, "--log"])
            .arg(client)
            .arg("--log")
            .arg(relay)
            .output()
            .unwrap()
    }
}

#[test]
fn a_failed_call_has_one_id_in_the_callers_error_both_logs_and_at_the_server() {
    let tunnel = Tunnel::start();
    let answered = tunnel.call("a", &[]);
    let id = answered.headers["x-request-id"].clone();
    let error = &answered.json()["error"];
    assert_eq!(error["data"]["request_id"], json!(id), "{answered:?}");
    assert_eq!(error["data"]["tunnel_failure"]["source"], json!("target_http"));
    assert_eq!(tunnel.mcp.await_forwarded("a").header("x-request-id"), Some(&*id));
    let relayed = tunnel.relayed(&id);
    assert!(
        relayed.contains("call answered") && relayed.contains(" key=caller "),
        "{relayed}"
    );
    let failure = tunnel.failure(&id);
    assert_eq!(failure["request_id"], json!(id));
    assert_eq!(failure["caller_request_id"], Value::Null, "the caller gave none");
    for time in ["queue_ms", "server_ms", "delivery_ms"] {
        assert!(failure[time].is_u64(), "{time}: {failure}");
    }
}

#[test]
fn a_callers_own_id_is_logged_and_reaches_the_server_and_is_not_the_requests() {
    let tunnel = Tunnel::start();
    let answered = tunnel.call("a", &[("X-Request-Id", "ticket-7")]);
    let id = answered.headers["x-request-id"].clone();
    assert!(id.starts_with("req_"), "{id}");
    assert_eq!(answered.json()["error"]["data"]["request_id"], json!(id));
    assert_eq!(tunnel.mcp.await_forwarded("a").header("x-request-id"), Some("ticket-7"));
    assert!(tunnel.relayed(&id).contains("caller_request_id=ticket-7"));
    assert_eq!(tunnel.failure(&id)["caller_request_id"], json!("ticket-7"));
    // One that could write into a log, or that says two things, is nobody's.
    for (mark, odd) in [("b", &["a b=c"] as &[&str]), ("c", &["a", "b"]), ("d", &["\u{e9}"])] {
        let odd: Vec<_> = odd.iter().map(|value| ("X-Request-Id", *value)).collect();
        let id = tunnel.call(mark, &odd).headers["x-request-id"].clone();
        assert_eq!(tunnel.mcp.await_forwarded(mark).header("x-request-id"), Some(&*id));
        assert!(!tunnel.relayed(&id).contains("caller_request_id"));
    }
}

#[test]
fn explain_tells_where_a_call_failed_from_either_of_its_ids() {
    let tunnel = Tunnel::start();
    let id = tunnel.call("a", &[("X-Request-Id", "ticket-7")]).headers["x-request-id"].clone();
    tunnel.relayed(&id);
    tunnel.failure(&id);
    for asked in [&*id, "ticket-7"] {
        let output = tunnel.explain(asked);
        let text = String::from_utf8(output.stdout).unwrap();
        assert!(output.status.success(), "{text}");
        for words in [
            "= at the MCP server: it answered an HTTP error (queue ",
            "> search the server's log for the X-Request-Id of this request",
            "= at the relay: the answer reached the caller's connection",
        ] {
            assert!(text.contains(words), "{asked}: {words} is not in\n{text}");
        }
    }
    let output = tunnel.explain("ticket-8");
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stdout).starts_with("No line names ticket-8."));
}

#[test]
fn a_refusal_of_the_relay_carries_the_id_that_its_log_has() {
    let relay = Relay::start(&["--tunnel", TUNNEL]);
    let message = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#;
    let answered = relay.call(TUNNEL, message, &[("X-Request-Id", "ticket-9")]);
    let id = &answered.headers["x-request-id"];
    let data = json!({"code": "tunnel_client_not_connected", "request_id": id});
    assert_eq!(answered.json()["error"]["data"], data);
    let line = within(BOUND, "the relay's line", || {
        relay.log().into_iter().find(|line| line.contains("request refused"))
    });
    assert!(
        line.contains(&format!("request_id={id} caller_request_id=ticket-9 ")),
        "{line}"
    );
}
