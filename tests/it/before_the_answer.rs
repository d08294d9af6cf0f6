//! Messages before the answer: what their posts say, what the service makes of them, and what becomes of the call.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;

use serde_json::{Value, json};

use crate::support::control::TUNNEL;
use crate::support::relay::{CALL_KEY, Relay};
use crate::support::wait::BOUND;
use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Gate, McpServer, Request, StdioServer, eventually, result,
};

fn progress(number: u32) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"t","progress":{number}}}}}"#
    )
}

/// Three reports of progress and the answer.
fn streamed(request: &Request) -> Answer {
    (1..=3)
        .fold(Answer::sse(&[]), |answer, number| answer.event(progress(number)))
        .event(result(request, "{}"))
        .end()
}

/// A stdio server that reports its progress three times.
const REPORTING_CHILD: &str = r#"
def on(message):
    if message.get("method") == "tools/call":
        for number in range(1, 4):
            send({"jsonrpc": "2.0", "method": "notifications/progress",
                  "params": {"progressToken": message["params"]["_meta"]["progressToken"], "progress": number}})
        answer(message, {})
"#;
const WITH_TOKEN: &str = r#"{"_meta":{"progressToken":"t"}}"#;

/// A control plane, and servers for both channels that report their progress three times.
fn reporters() -> (ControlPlane, McpServer, StdioServer) {
    (
        ControlPlane::http(),
        McpServer::http(|request, _| streamed(request)),
        StdioServer::with(REPORTING_CHILD),
    )
}

/// A client with an MCP server over HTTP on `main` and one on stdio on `pipe`.
fn on_both_channels(control: &ControlPlane, mcp: &McpServer, child: &StdioServer) -> Client {
    ClientBuilder::new(control)
        .server(mcp.url())
        .command(format!("channel=pipe,command={}", child.command()))
        .start()
}

fn reports(control: &ControlPlane, request_id: &str) -> Vec<u64> {
    let posts = control.posts_of(request_id);
    posts
        .iter()
        .filter_map(|post| post.json()["params"]["progress"].as_u64())
        .collect()
}

#[test]
fn messages_before_the_answer_are_posted_as_parts_of_an_event_stream_whatever_brought_them() {
    let (control, mcp, child) = reporters();
    let _client = on_both_channels(&control, &mcp, &child);
    control.introduce_on("pipe");
    for channel in ["main", "pipe"] {
        control.push(Command::call(channel, "tools/call", WITH_TOKEN).channel(channel));
        control.only_terminal(channel);
        assert_eq!(reports(&control, channel), [1, 2, 3]);
        for post in control.posts_of(channel).iter().filter(|post| !post.is_terminal()) {
            assert_eq!(post.resp_headers["Content-Type"], ["text/event-stream"], "{post:#?}");
        }
    }
}

#[test]
fn a_service_without_a_stream_for_a_call_answers_404_and_the_call_goes_on() {
    let (control, mcp, child) = reporters();
    let client = on_both_channels(&control, &mcp, &child);
    client.await_ready();
    control.introduce_on("pipe");
    let refusals = [
        Answer::empty(404),
        Answer::json(404, r#"{"error":{"message":"no","code":"pending_request_not_found"}}"#),
        Answer::new(404, &[("Content-Type", "text/html")], "<html>not found</html>"),
    ];
    for channel in ["main", "pipe"] {
        for refusal in &refusals {
            control.on_delivery(channel, "jsonrpc_notify", refusal.clone());
        }
        control.push(Command::call(channel, "tools/call", WITH_TOKEN).channel(channel));
        let terminal = control.only_terminal(channel);
        assert_eq!((terminal.resp_code, &terminal.json()["result"]), (200, &json!({})));
        assert_eq!(reports(&control, channel), [1, 2, 3], "all are posted, none twice");
        let told: Vec<Value> = client
            .log_with("the service has no stream for this call")
            .iter()
            .map(|line| serde_json::from_str(line).unwrap())
            .filter(|line: &Value| line["request_id"] == channel)
            .collect();
        assert_eq!(told.len(), 1, "told once: {told:#?}");
        assert_eq!(told[0]["level"], "DEBUG");
    }
    assert_eq!(client.ready().0, 200);
}

const SAMPLING: &str = r#"{"jsonrpc":"2.0","id":"srv-1","method":"sampling/createMessage","params":{}}"#;

#[test]
fn a_servers_request_without_a_stream_is_refused_to_the_server_and_the_call_goes_on() {
    let control = ControlPlane::http();
    control.offer_server_requests();
    let told = Gate::new();
    let open = told.clone();
    let mcp = McpServer::http(move |request, _| {
        if request.json()["id"] == "srv-1" {
            open.open();
            return Answer::empty(202);
        }
        Answer::sse(&[])
            .event(SAMPLING)
            .hold(&open)
            .event(result(request, "{}"))
            .end()
    });
    let _client = Client::http(&control, &mcp.url());
    control.on_delivery("r1", "jsonrpc_notify", Answer::empty(404));
    control.push(Command::call("r1", "tools/call", "{}"));
    assert_eq!(control.only_terminal("r1").json()["result"], json!({}));
    let answer = mcp
        .seen()
        .into_iter()
        .find(|seen| seen.json()["id"] == "srv-1")
        .unwrap();
    assert!(answer.json()["error"]["code"].is_i64(), "{answer:?}");
}

#[test]
fn a_caller_that_is_gone_ends_its_call_at_the_mcp_server() {
    let (control, child) = (
        ControlPlane::http(),
        StdioServer::with(
            r#"
def on(message):
    if message.get("method") == "tools/call":
        send({"jsonrpc": "2.0", "method": "notifications/progress",
              "params": {"progressToken": message["params"]["_meta"]["progressToken"], "progress": 1}})
"#,
        ),
    );
    let mcp = McpServer::http(|_, _| Answer::sse(&[]).event(progress(1)).stall());
    let client = on_both_channels(&control, &mcp, &child);
    client.await_ready();
    control.introduce_on("pipe");
    for channel in ["main", "pipe"] {
        control.on_delivery(channel, "jsonrpc_notify", Answer::empty(410));
        // And for what is left of the call: it is not repeated.
        control.on_delivery(channel, "jsonrpc_response", Answer::empty(410));
        control.push(Command::call(channel, "tools/call", WITH_TOKEN).channel(channel));
        let terminal = control.only_terminal(channel);
        assert!(terminal.json()["error"].is_object(), "{terminal:#?}");
    }
    eventually("the end of the stream at the MCP server", || {
        (mcp.server().open_connections() == 0).then_some(())
    });
    child.await_method("notifications/cancelled", 1);
    assert_eq!(client.ready().0, 200, "nobody's failure");
}

/// The head of a call over HTTP to the relay, and its body.
fn call_through(relay: &Relay) -> TcpStream {
    let mut stream = TcpStream::connect(relay.url().strip_prefix("http://").unwrap()).unwrap();
    stream.set_read_timeout(Some(BOUND)).unwrap();
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{}}"#;
    write!(
        stream,
        "POST /v1/mcp/{TUNNEL} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {CALL_KEY}\r\nX-Test-Command: r1\r\n\
         Accept: application/json, text/event-stream\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .unwrap();
    stream
}

#[test]
fn a_call_whose_caller_leaves_the_relay_ends_at_the_mcp_server_with_the_next_message() {
    let relay = Relay::start(&["--tunnel", TUNNEL]);
    let left = Gate::new();
    let held = left.clone();
    let mcp = McpServer::http(move |_, _| {
        let more = (2..200).fold(Answer::default(), |answer, number| {
            answer
                .event(progress(number))
                .pause(std::time::Duration::from_millis(50))
        });
        Answer::sse(&[]).event(progress(1)).hold(&held).then(more).stall()
    });
    let client = relay.client(&mcp);
    let mut caller = call_through(&relay);
    let mut seen = String::new();
    while !seen.contains("\"progress\":1") {
        let mut bytes = [0; 1024];
        let count = caller.read(&mut bytes).unwrap();
        assert_ne!(count, 0, "{seen}");
        seen.push_str(&String::from_utf8_lossy(&bytes[..count]));
    }
    drop(caller);
    left.open();
    client.await_log("the caller of this command is gone");
    eventually("the end of the stream at the MCP server", || {
        (mcp.server().open_connections() == 0).then_some(())
    });
}
