//! Messages of one caller that make a shared stdio child write or give up something never affect another caller.

use serde_json::{Value, json};

use crate::support;
use crate::support::child::{start, start_uninitialized};
use crate::support::{ClientBuilder, Command, ControlPlane, Post, StdioServer};

/// Answers `quick` at once. For any other call it first writes a log line and asks with each kind of request; the answer reports
/// the outcome of these.
const TALKATIVE: &str = r#"
asked = ["sampling/createMessage", "elicitation/create", "roots/list"]
told, current = [], []
def on(message):
    if message.get("method") == "tools/call":
        if message["params"].get("quick"):
            return answer(message, {})
        current.append(message)
        send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "secret"}})
        for method in asked:
            send({"jsonrpc": "2.0", "id": method, "method": method, "params": {}})
    elif "method" not in message:
        told.append(message)
        if len(told) == len(asked):
            answer(current.pop(), {"told": list(told)})
            told.clear()
"#;

type Sender = fn(Command) -> Command;

fn nobody(command: Command) -> Command {
    command
}

fn session_a(command: Command) -> Command {
    command.header("Mcp-Session-Id", "session-a")
}

fn session_b(command: Command) -> Command {
    command.header("Mcp-Session-Id", "session-b")
}

fn token_a(command: Command) -> Command {
    command.header("Authorization", "Bearer a")
}

fn token_b(command: Command) -> Command {
    command.header("Authorization", "Bearer b")
}

fn key_a(command: Command) -> Command {
    command.field("caller", "\"00aa\"")
}

fn key_b(command: Command) -> Command {
    command.field("caller", "\"00bb\"")
}

fn stolen_session(command: Command) -> Command {
    key_b(session_a(command))
}

fn session_a_with_key(command: Command) -> Command {
    key_a(session_a(command))
}

const STRANGERS: [(Sender, Sender); 7] = [
    (session_a, session_b),
    (session_a, nobody),
    (nobody, session_b),
    (token_a, token_b),
    (key_a, key_b),
    (nobody, key_b),
    (session_a_with_key, stolen_session),
];

fn talkative() -> (ControlPlane, StdioServer) {
    let (control, child) = (ControlPlane::http(), StdioServer::with(TALKATIVE));
    control.offer_server_requests();
    (control, child)
}

fn messages_before_the_answer(control: &ControlPlane, id: &str) -> Vec<Post> {
    control
        .posts_of(id)
        .into_iter()
        .filter(|post| !post.is_terminal())
        .collect()
}

#[test]
fn what_names_no_call_after_a_successful_answer_does_not_reach_another_caller() {
    for (number, (a, b)) in STRANGERS.into_iter().enumerate() {
        let (control, child) = talkative();
        let _client = ClientBuilder::new(&control).command(child.command()).start();
        control.introduce_as(a);
        control.introduce_as(b);
        let first = control.call(a(Command::call("a", "tools/call", r#"{"quick":true}"#)), "a");
        assert_eq!(first.json()["result"], json!({}));
        let answer = control.call(b(Command::call("b", "tools/call", "{}")), "b");
        assert_eq!(messages_before_the_answer(&control, "b").len(), 0, "pair {number}");
        let told = answer.json()["result"]["told"].as_array().unwrap().clone();
        assert_eq!(told.len(), 3, "pair {number}");
        let refused = |told: &Value| told["error"]["code"].is_i64();
        assert!(told.iter().all(refused), "the child waits: pair {number}: {told:#?}");
    }
}

#[test]
fn a_caller_alone_on_the_pipe_loses_nothing_between_its_calls() {
    for (number, sender) in [nobody as Sender, session_a, token_a, key_a, stolen_session]
        .into_iter()
        .enumerate()
    {
        let (control, child, _client) = start_uninitialized(TALKATIVE);
        control.introduce_as(sender);
        for id in ["r1", "r2"] {
            control.call(sender(Command::call(id, "tools/call", r#"{"quick":true}"#)), id);
            let id = format!("{id}-talk");
            control.call(sender(Command::call(&id, "tools/call", "{}")), &id);
            assert_eq!(messages_before_the_answer(&control, &id).len(), 1, "sender {number}");
        }
        assert_eq!(child.starts().len(), 1);
    }
}

#[test]
fn a_caller_that_has_just_opened_its_session_loses_nothing() {
    let (control, _child, _client) = start_uninitialized(TALKATIVE);
    let opened = control.call(Command::call("i", "initialize", "{}"), "i");
    let session = opened.resp_header("Mcp-Session-Id").expect("a session").to_owned();
    let own = |command: Command| command.header("Mcp-Session-Id", &session);
    control.push(own(Command::notification("n", "notifications/initialized", "{}")));
    control.only_terminal("n");
    control.call(own(Command::call("r", "tools/call", "{}")), "r");
    assert_eq!(messages_before_the_answer(&control, "r").len(), 1);
}

#[test]
fn a_caller_that_connects_again_with_its_key_loses_nothing() {
    let (control, _child, _client) = start_uninitialized(TALKATIVE);
    control.introduce_as(|command| key_a(session_a(command)));
    control.introduce_as(|command| key_a(session_b(command)));
    let earlier = Command::call("earlier", "tools/call", r#"{"quick":true}"#);
    control.call(key_a(session_a(earlier)), "earlier");
    control.call(key_a(session_b(Command::call("r", "tools/call", "{}"))), "r");
    assert_eq!(messages_before_the_answer(&control, "r").len(), 1);
}

#[test]
fn the_session_that_a_caller_opens_does_not_hide_who_came_before() {
    let (control, _child, _client) = start(TALKATIVE);
    control.call(Command::call("other", "tools/call", r#"{"quick":true}"#), "other");
    let opened = control.call(Command::call("i", "initialize", "{}"), "i");
    let session = opened.resp_header("Mcp-Session-Id").expect("a session").to_owned();
    let own = Command::call("r", "tools/call", "{}").header("Mcp-Session-Id", &session);
    control.call(own, "r");
    assert_eq!(messages_before_the_answer(&control, "r").len(), 0);
}

#[test]
fn a_question_that_a_notification_provokes_does_not_reach_another_caller() {
    let script = r#"
held = []
def on(message):
    if message.get("method") == "tools/call":
        held.append(message)
    elif message.get("method") == "notifications/roots/list_changed":
        send({"jsonrpc": "2.0", "id": "roots", "method": "roots/list"})
    elif "method" not in message:
        answer(held.pop(), {"told": message})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    control.offer_server_requests();
    let _client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce_as(session_a);
    control.introduce_as(session_b);
    control.push(session_b(Command::call("b", "tools/call", "{}")));
    child.await_method("tools/call", 1);
    control.push(session_a(Command::notification(
        "n",
        "notifications/roots/list_changed",
        "{}",
    )));
    let answer = control.only_terminal("b");
    assert_eq!(messages_before_the_answer(&control, "b").len(), 0);
    assert!(answer.json()["result"]["told"]["error"].is_object(), "{answer:#?}");
}

/// Holds each call; reports which were cancelled.
const HOLDING: &str = r#"
held = {}
def on(message):
    method = message.get("method")
    if method == "tools/call":
        held[json.dumps(message["id"])] = message
    elif method == "notifications/cancelled" or message.get("Method") == "notifications/cancelled":
        params = message["params"]
        call = held.pop(json.dumps(params.get("RequestId", params.get("requestId"))), None)
        if call:
            answer(call, {"cancelled": True})
    elif "id" in message:
        answer(message, {})
"#;

fn cancel(id: &str) -> Command {
    Command::notification(id, "notifications/cancelled", r#"{"requestId":1}"#)
}

fn held() -> Command {
    Command::call_with_id("a", "1", "tools/call", "{}")
}

#[test]
fn a_call_is_not_cancelled_by_another_caller_or_by_one_that_may_be_another() {
    let unproved: [(Sender, Sender); 2] = [(nobody, nobody), (token_a, token_a)];
    for (number, (a, b)) in STRANGERS.into_iter().chain(unproved).enumerate() {
        let (control, child, _client) = start_uninitialized(HOLDING);
        control.introduce_as(a);
        control.introduce_as(b);
        control.push(a(held()));
        child.await_method("tools/call", 1);
        control.push(b(cancel("n")));
        assert_eq!(control.only_terminal("n").resp_type, "notify_ack");
        // Messages sent after it on the pipe have arrived: no part of the cancellation has.
        control.call(b(Command::call("later", "ping", "{}")), "later");
        control.assert_unanswered("a");
        assert!(
            !child.received_text().contains("notifications/cancelled"),
            "pair {number}: {}",
            child.received_text()
        );
    }
}

#[test]
fn a_caller_cancels_its_own_call() {
    for sender in [session_a as Sender, key_a, session_a_with_key] {
        let (control, child, _client) = start_uninitialized(HOLDING);
        control.introduce_as(sender);
        control.push(sender(held()));
        child.await_method("tools/call", 1);
        control.push(sender(cancel("n")));
        control.only_terminal("n");
        assert_eq!(control.only_terminal("a").json()["result"]["cancelled"], true);
    }
}

#[test]
fn a_call_at_an_http_server_is_given_up_for_its_own_caller_only() {
    use crate::support::{Answer, Gate, McpServer, result};
    let gate = Gate::new();
    let opened = gate.clone();
    let mcp = McpServer::http(move |request, _| match request.json()["method"].as_str() {
        Some("tools/call") => Answer::sse(&[]).hold(&opened).event(result(request, "{}")).end(),
        _ => Answer::empty(202),
    });
    let control = ControlPlane::http();
    let _client = ClientBuilder::new(&control).server(mcp.url()).start();
    control.push(held());
    mcp.await_forwarded("a");
    control.push(session_b(cancel("n")));
    control.only_terminal("n");
    control.push(cancel("m"));
    control.only_terminal("m");
    assert_eq!(
        mcp.await_forwarded("n").header("mcp-session-id"),
        Some("session-b"),
        "the server judges it by its sender's session"
    );
    control.push(session_a(Command::call_with_id("own", "1", "tools/call", "{}")));
    mcp.await_forwarded("own");
    control.push(session_a(cancel("o")));
    assert!(control.only_terminal("own").json()["error"].is_object());
    // Longer than the time in which a cancelled call may still be answered.
    let until_given_up = std::time::Duration::from_secs(3);
    support::holds_for(until_given_up, "the call is held", || control.posts_of("a").is_empty());
    gate.open();
    assert_eq!(control.only_terminal("a").json()["result"], json!({}));
}

#[test]
fn names_and_methods_that_a_server_may_read_differently_do_not_reach_a_shared_pipe() {
    let (control, child, _client) = start(HOLDING);
    control.introduce_as(session_a);
    control.introduce_as(session_b);
    control.push(session_a(held()));
    let on_pipe = child.await_method("tools/call", 1)[0]["id"].clone();
    for (number, message) in [
        format!(
            r#"{{"jsonrpc":"2.0","method":"x","Method":"notifications/cancelled","params":{{"requestId":{on_pipe}}}}}"#
        ),
        format!(r#"{{"jsonrpc":"2.0","id":9,"ID":{on_pipe},"method":"tools/list"}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":9,"method":"notifications/cancelled","params":{{"requestId":{on_pipe}}}}}"#),
        format!(
            r#"{{"jsonrpc":"2.0","id":9,"method":"tools/list","params":{{"_meta":{{"ProgressToken":{on_pipe}}}}}}}"#
        ),
        format!(r#"{{"jsonrpc":"2.0","method":"x","params":{{"requestID":{on_pipe}}}}}"#),
        // Methods that a server may take for that of a cancellation.
        format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled\u0000","params":{{"requestId":{on_pipe}}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","method":"Notifications/Cancelled","params":{{"requestId":{on_pipe}}}}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":9,"method":" notifications/cancelled","params":{{"requestId":{on_pipe}}}}}"#),
        r#"{"jsonrpc":"2.0","id":9,"method":"Initialize","params":{}}"#.to_owned(),
    ]
    .into_iter()
    .enumerate()
    {
        let id = format!("m{number}");
        control.push(session_b(Command::message(&id, message.clone())));
        assert_eq!(control.only_terminal(&id).resp_code, 400, "{message}");
    }
    control.barrier();
    control.assert_unanswered("a");
    assert_eq!(child.received().len(), 1, "{}", child.received_text());
}
