//! Sessions on a pipe: only those that this process opened, and nothing that comes before the server was initialized.

use serde_json::{Value, json};

use crate::support;
use crate::support::child::{start, start_uninitialized};
use crate::support::{Client, ClientBuilder, Command, ControlPlane, Post, StdioServer};

const HELLO: &str =
    r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"caller","version":"1"}}"#;

/// Parameters of a request of MCP 2026-07-28.
const SELF_CONTAINED: &str = r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}"#;

/// Answers nothing but `ping` before it was initialized, as most servers do.
const STRICT: &str = r#"
ready = False
held = []
def main():
    global ready
    for line in sys.stdin:
        record.write(line)
        message = json.loads(line)
        method = message.get("method")
        params = message.get("params") or {}
        if method == "initialize":
            if params.get("refused"):
                send({"jsonrpc": "2.0", "id": message["id"], "error": {"code": -32000, "message": "not you"}})
            elif not params.get("hold"):
                initialize(message)
        elif method == "notifications/initialized":
            ready = True
        elif params.get("die"):
            os._exit(1)
        elif "id" in message and (ready or method in ("ping", "server/discover") or "_meta" in params):
            answer(message, {"generation": generation})
"#;

fn assert_unknown_session(post: &Post, id: &Value) {
    assert_eq!(
        (post.resp_type.as_str(), post.resp_code),
        ("jsonrpc_response", 404),
        "{post:#?}"
    );
    let answer = post.json();
    assert_eq!((&answer["jsonrpc"], &answer["id"]), (&json!("2.0"), id), "{post:#?}");
    assert_eq!(answer["error"]["code"], -32001, "{post:#?}");
    assert!(
        answer["error"]["message"]
            .as_str()
            .unwrap()
            .starts_with("Session not found"),
        "{post:#?}"
    );
    assert_eq!(
        answer["error"]["data"],
        json!({"origin": "tunnel-client", "error_type": "mcp_session_not_found"})
    );
}

fn assert_not_initialized(post: &Post) {
    assert_eq!(
        (post.resp_type.as_str(), post.resp_code),
        ("jsonrpc_response", 409),
        "{post:#?}"
    );
    assert_eq!(
        post.json(),
        json!({"jsonrpc": "2.0", "id": post.request_id, "error": {
            "code": -32002,
            "message": "MCP server is not initialized; send initialize and notifications/initialized before operational requests",
            "data": {"origin": "tunnel-client", "error_type": "mcp_initialization_required"}}})
    );
}

fn in_session(command: Command, session: &str) -> Command {
    command.header("Mcp-Session-Id", session)
}

fn list(id: &str) -> Command {
    Command::call(id, "tools/list", "{}")
}

fn methods(child: &StdioServer) -> Vec<String> {
    let received = child.received();
    let methods = received.iter().map(|message| message["method"].as_str().unwrap_or("-"));
    methods.map(str::to_owned).collect()
}

fn client(control: &ControlPlane, child: &StdioServer) -> Client {
    ClientBuilder::new(control).command(child.command()).start()
}

#[test]
fn a_session_of_the_process_before_is_answered_with_404_and_its_caller_can_begin_again() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(STRICT));
    let mut before = client(&control, &child);
    let session = control.introduce();
    assert_eq!(control.call(in_session(list("r1"), &session), "r1").resp_code, 200);
    before.terminate();
    before.wait_exit(support::wait::BOUND);
    let written = child.received().len();

    let _after = client(&control, &child);
    let post = control.call(
        in_session(Command::call_with_id("r2", "17", "tools/call", "{}"), &session),
        "r2",
    );
    assert_unknown_session(&post, &json!(17));
    assert_eq!(post.resp_header("Content-Type"), Some("application/json"), "{post:#?}");
    assert_eq!(child.received().len(), written, "{}", child.received_text());

    // Some callers send the old session with the new initialize.
    let opened = control.call(in_session(Command::call("i", "initialize", HELLO), &session), "i");
    let session = opened.resp_header("Mcp-Session-Id").expect("a session").to_owned();
    control.push(in_session(
        Command::notification("n", "notifications/initialized", "{}"),
        &session,
    ));
    assert_eq!(control.only_terminal("n").resp_type, "notify_ack");
    assert_eq!(control.call(in_session(list("r3"), &session), "r3").resp_code, 200);
}

#[test]
fn nothing_in_a_session_that_was_made_up_reaches_the_child() {
    let (control, child, _client) = start("");
    let session = control.introduce();
    for (number, made_up) in [
        "made-up",
        &session.to_uppercase(),
        &session[1..],
        &format!("{session} "),
    ]
    .into_iter()
    .enumerate()
    {
        for (method, params) in [("tools/call", "{}"), ("ping", "{}"), ("tools/list", SELF_CONTAINED)] {
            let id = format!("r{number}-{method}-{}", params.len());
            let post = control.call(in_session(Command::call(&id, method, params), made_up), &id);
            assert_unknown_session(&post, &json!(id));
        }
    }
    // Two values: readers may take either.
    let both = in_session(in_session(list("both"), &session), "made-up");
    assert_unknown_session(&control.call(both, "both"), &json!("both"));
    for (number, method) in [
        "notifications/initialized",
        "notifications/roots/list_changed",
        "notifications/cancelled",
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("n{number}");
        control.push(in_session(
            Command::notification(&id, method, r#"{"requestId":1}"#),
            "made-up",
        ));
        let post = control.only_terminal(&id);
        assert_eq!(post.resp_code, 404, "{post:#?}");
    }
    control.push(in_session(
        Command::message("a", r#"{"jsonrpc":"2.0","id":"server-0","result":{}}"#),
        "made-up",
    ));
    assert_eq!(control.only_terminal("a").resp_code, 404);
    assert!(
        child.received().iter().all(|message| message["method"]
            .as_str()
            .is_some_and(|method| method != "notifications/roots/list_changed")),
        "{}",
        child.received_text()
    );
    assert!(
        !methods(&child).iter().any(|method| method == "tools/call"),
        "{}",
        child.received_text()
    );
}

#[test]
fn a_session_of_another_channel_is_none_of_this_one() {
    let (control, one, two) = (ControlPlane::http(), StdioServer::echo(), StdioServer::echo());
    let _client = ClientBuilder::new(&control)
        .command(format!("channel=main,command={}", one.command()))
        .command(format!("channel=other,command={}", two.command()))
        .start();
    let session = control.introduce();
    control.introduce_on("other");
    let post = control.call(in_session(list("r1").channel("other"), &session), "r1");
    assert_unknown_session(&post, &json!("r1"));
    assert_eq!(control.call(in_session(list("r2"), &session), "r2").resp_code, 200);
    assert_eq!(two.received().len(), 0, "{}", two.received_text());
}

#[test]
fn a_session_outlives_its_child_which_is_initialized_again() {
    let (control, child, _client) = start_uninitialized(STRICT);
    let session = control.introduce();
    control.push(in_session(
        Command::call("die", "tools/call", r#"{"die":true}"#),
        &session,
    ));
    control.only_terminal("die");
    let post = control.call(in_session(list("r1"), &session), "r1");
    assert_eq!(
        (post.resp_code, &post.json()["result"]["generation"]),
        (200, &json!(2)),
        "{post:#?}"
    );
    // Our own handshake counts, for callers without a session too.
    let post = control.call(list("r2"), "r2");
    assert_eq!(post.resp_code, 200, "{post:#?}");
    assert_eq!(child.starts().len(), 2);
}

#[test]
fn sessions_end_with_a_child_that_refuses_to_be_initialized_again() {
    let script = STRICT.replace(
        "if params.get(\"refused\"):",
        "if generation == 2 and not params.get(\"new\"):",
    );
    let (control, child, _client) = start_uninitialized(&script);
    let session = control.introduce();
    control.push(in_session(
        Command::call("die", "tools/call", r#"{"die":true}"#),
        &session,
    ));
    control.only_terminal("die");
    child.await_start(2);
    child.await_method("initialize", 2);
    let post = control.call(in_session(list("r1"), &session), "r1");
    assert_unknown_session(&post, &json!("r1"));
    assert_not_initialized(&control.call(list("r2"), "r2"));
    let opened = control.call(Command::call("i", "initialize", r#"{"new":true}"#), "i");
    let session = opened.resp_header("Mcp-Session-Id").expect("a session").to_owned();
    control.push(in_session(
        Command::notification("n", "notifications/initialized", "{}"),
        &session,
    ));
    control.only_terminal("n");
    assert_eq!(control.call(in_session(list("r3"), &session), "r3").resp_code, 200);
}

#[test]
fn before_the_handshake_only_what_servers_always_answer_reaches_the_child() {
    let (control, child, client) = start_uninitialized(STRICT);
    for (number, params) in [
        "{}",
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-27","io.modelcontextprotocol/clientCapabilities":{}}}"#,
        r#"{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":null}}"#,
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("early{number}");
        assert_not_initialized(&control.call(Command::call(&id, "tools/call", params), &id));
    }
    for (id, method, params) in [
        ("r1", "ping", "{}"),
        ("r2", "server/discover", "{}"),
        ("r3", "tools/list", SELF_CONTAINED),
    ] {
        assert_eq!(
            control.call(Command::call(id, method, params), id).resp_code,
            200,
            "{method}"
        );
    }
    // It carries its version, and initializes nothing.
    control.call(Command::call("i0", "initialize", SELF_CONTAINED), "i0");
    control.push(Command::notification("n0", "notifications/initialized", "{}"));
    control.only_terminal("n0");
    assert_not_initialized(&control.call(list("r4"), "r4"));

    let opened = control.call(Command::call("i1", "initialize", HELLO), "i1");
    assert_not_initialized(&control.call(list("r5"), "r5"));
    let session = opened.resp_header("Mcp-Session-Id").expect("a session").to_owned();
    control.push(Command::notification("n1", "notifications/initialized", "{}"));
    control.only_terminal("n1");
    for id in ["r6", "r7"] {
        let command = if id == "r6" {
            list(id)
        } else {
            in_session(list(id), &session)
        };
        assert_eq!(control.call(command, id).resp_code, 200, "{id}");
    }
    assert_eq!(
        methods(&child),
        [
            "ping",
            "server/discover",
            "tools/list",
            "initialize",
            "notifications/initialized",
            "initialize",
            "notifications/initialized",
            "tools/list",
            "tools/list"
        ]
    );
    client.await_log("before the stdio MCP server was initialized");
}

#[test]
fn an_initialize_that_fails_leaves_callers_without_a_session_outside() {
    let (control, _child, _client) = start_uninitialized(STRICT);
    let session = control.introduce();
    assert_eq!(control.call(list("r1"), "r1").resp_code, 200);
    let refused = control.call(Command::call("i", "initialize", r#"{"refused":true}"#), "i");
    assert_eq!(refused.json()["error"]["message"], "not you");
    assert_eq!(refused.resp_header("Mcp-Session-Id"), None, "{refused:#?}");
    control.push(Command::notification("n", "notifications/initialized", "{}"));
    control.only_terminal("n");
    assert_not_initialized(&control.call(list("r2"), "r2"));
    assert_eq!(control.call(in_session(list("r3"), &session), "r3").resp_code, 200);
    control.introduce();
    assert_eq!(control.call(list("r4"), "r4").resp_code, 200);
}

#[test]
fn while_another_caller_initializes_the_server_open_sessions_go_on() {
    let (control, child, _client) = start_uninitialized(STRICT);
    let session = control.introduce();
    control.push(Command::call("i", "initialize", r#"{"hold":true}"#));
    child.await_method("initialize", 2);
    assert_eq!(control.call(in_session(list("r1"), &session), "r1").resp_code, 200);
    assert_not_initialized(&control.call(list("r2"), "r2"));
    let second = control.introduce();
    assert_ne!(session, second);
    for (id, session) in [("r3", &session), ("r4", &second)] {
        assert_eq!(control.call(in_session(list(id), session), id).resp_code, 200);
    }
    assert_eq!(control.call(list("r5"), "r5").resp_code, 200);
}

#[test]
fn the_notification_that_the_client_sends_itself_completes_the_handshake() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(STRICT));
    let _client = ClientBuilder::new(&control)
        .command(child.command())
        .env("MCP_STDIO_SEND_INITIALIZED_NOTIFICATION", "true")
        .start();
    assert_not_initialized(&control.call(list("r1"), "r1"));
    let opened = control.call(Command::call("i", "initialize", HELLO), "i");
    let session = opened.resp_header("Mcp-Session-Id").expect("a session").to_owned();
    assert_eq!(control.call(list("r2"), "r2").resp_code, 200);
    assert_eq!(control.call(in_session(list("r3"), &session), "r3").resp_code, 200);
    control.push(Command::notification("n", "notifications/initialized", "{}"));
    assert_eq!(control.only_terminal("n").resp_code, 200);
    control.call(list("r4"), "r4");
    let count = methods(&child)
        .iter()
        .filter(|method| *method == "notifications/initialized")
        .count();
    assert_eq!(count, 1, "{}", child.received_text());
}

#[test]
fn a_new_child_that_nobody_initialized_is_not_called() {
    let (control, child, _client) = start_uninitialized(STRICT);
    control.push(Command::call("die", "ping", r#"{"die":true}"#));
    control.only_terminal("die");
    child.await_start(2);
    assert_not_initialized(&control.call(list("r1"), "r1"));
    assert_eq!(methods(&child), ["ping"]);
}
