//! Callers that share one stdio child: same ids, same tokens, cancellations, late answers; nobody sees another's.

use std::collections::HashSet;

use serde_json::json;

use crate::support::child::{LAST_FIRST, start};
use crate::support::{ClientBuilder, Command, ControlPlane, Post, StdioServer};

#[test]
fn callers_may_use_the_same_id_at_the_same_time() {
    let (control, child, _client) = start(LAST_FIRST);
    control.push_all((0..6).map(|number| {
        let id = if number % 2 == 0 { "1" } else { "\"1\"" };
        Command::call_with_id(
            &format!("r{number}"),
            id,
            "tools/call",
            &format!(r#"{{"n":{number},"of":6}}"#),
        )
    }));
    for number in 0..6 {
        let post = control.only_terminal(&format!("r{number}"));
        assert_eq!(post.json()["result"]["n"], number, "answers are crossed: {post:#?}");
        assert_eq!(post.json()["id"], if number % 2 == 0 { json!(1) } else { json!("1") });
    }
    let ids: HashSet<String> = child
        .await_method("tools/call", 6)
        .iter()
        .map(|call| call["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 6, "ids on the pipe are not unique: {ids:?}");
}

#[test]
fn progress_tokens_of_two_callers_stay_apart() {
    let script = r#"
calls = []
def on(message):
    if message.get("method") != "tools/call":
        return
    calls.append(message)
    if len(calls) == 2:
        for step in (1, 2):
            for call in reversed(calls):
                send({"jsonrpc": "2.0", "method": "notifications/progress", "params": {
                    "progressToken": call["params"]["_meta"]["progressToken"], "progress": step,
                    "message": call["params"]["name"]}})
        for call in calls:
            answer(call, {"name": call["params"]["name"]})
"#;
    let (control, child, _client) = start(script);
    let params = |name: &str| format!(r#"{{"name":"{name}","_meta":{{"progressToken":"same","x":1}}}}"#);
    control.push_all([
        Command::call_with_id("a", "1", "tools/call", &params("a")),
        Command::call_with_id("b", "1", "tools/call", &params("b")),
    ]);
    for id in ["a", "b"] {
        let terminal = control.only_terminal(id);
        assert_eq!(terminal.json()["result"]["name"], id);
        let notes: Vec<Post> = control
            .posts_of(id)
            .into_iter()
            .filter(|post| !post.is_terminal())
            .collect();
        assert_eq!(notes.len(), 2, "{notes:#?}");
        for (number, note) in notes.iter().enumerate() {
            let params = note.json()["params"].clone();
            assert_eq!(
                params,
                json!({"progressToken": "same", "progress": number + 1, "message": id}),
                "{note:#?}"
            );
        }
    }
    let calls = child.await_method("tools/call", 2);
    let tokens: HashSet<String> = calls
        .iter()
        .map(|call| call["params"]["_meta"]["progressToken"].to_string())
        .collect();
    assert_eq!(tokens.len(), 2, "tokens on the pipe are not unique: {tokens:?}");
    assert!(calls.iter().all(|call| call["params"]["_meta"]["x"] == 1), "{calls:#?}");
}

#[test]
fn a_number_as_progress_token_comes_back_as_a_number() {
    let script = r#"
def on(message):
    token = message["params"]["_meta"]["progressToken"]
    send({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": token, "progress": 1}})
    answer(message, {})
"#;
    let (control, _child, _client) = start(script);
    control.push(Command::call("r1", "tools/call", r#"{"_meta":{"progressToken":7}}"#));
    let terminal = control.only_terminal("r1");
    let note = control.posts_of("r1").remove(0);
    assert_eq!(note.json()["params"]["progressToken"], 7);
    assert_eq!(note.resp_header("Content-Type"), Some("text/event-stream"), "{note:#?}");
    assert_eq!(
        terminal.resp_header("Content-Type"),
        Some("application/json"),
        "{terminal:#?}"
    );
}

#[test]
fn a_cancellation_names_the_call_as_the_pipe_knows_it() {
    let script = r#"
calls = {}
def on(message):
    if message.get("method") == "tools/call":
        calls[json.dumps(message["id"])] = message
    elif message.get("method") == "notifications/cancelled":
        call = calls.get(json.dumps(message["params"]["requestId"]))
        if call:
            answer(call, {"cancelled": True})
"#;
    let (control, child, _client) = start(script);
    let session = |command: Command| command.header("Mcp-Session-Id", "session");
    control.introduce_as(session);
    control.push(session(Command::call_with_id("r1", "77", "tools/call", "{}")));
    let call = child.await_method("tools/call", 1).remove(0);
    control.push(session(Command::notification(
        "n1",
        "notifications/cancelled",
        r#"{"reason":"bored","requestId":77}"#,
    )));
    assert_eq!(control.only_terminal("n1").resp_type, "notify_ack");
    let note = child.await_method("notifications/cancelled", 1).remove(0);
    assert_eq!(note["params"]["requestId"], call["id"], "{note}");
    assert_eq!(note["params"]["reason"], "bored");
    assert_eq!(control.only_terminal("r1").json()["id"], 77);
}

#[test]
fn a_cancellation_cannot_hit_a_call_that_has_another_id() {
    let (control, child, _client) = start("def on(message): pass");
    control.push(Command::call_with_id("r1", "\"mine\"", "tools/call", "{}"));
    let on_pipe = child.await_method("tools/call", 1).remove(0)["id"].clone();
    // A hostile caller guesses what the id on the pipe is.
    for (number, guess) in [on_pipe.to_string(), "1".into(), "\"1\"".into(), "0".into()]
        .iter()
        .enumerate()
    {
        let id = format!("n{number}");
        control.push(Command::notification(
            &id,
            "notifications/cancelled",
            &format!(r#"{{"requestId":{guess}}}"#),
        ));
        assert_eq!(control.only_terminal(&id).resp_type, "notify_ack");
    }
    control.barrier();
    let hits = child
        .received()
        .into_iter()
        .filter(|message| message["params"]["requestId"] == on_pipe);
    assert_eq!(
        hits.count(),
        0,
        "somebody else's call was cancelled: {}",
        child.received_text()
    );
}

#[test]
fn a_notification_that_could_be_anyones_is_delivered_to_no_one() {
    let script = r#"
calls = []
def on(message):
    if message.get("method") != "tools/call":
        return
    calls.append(message)
    if len(calls) == 2:
        send({"jsonrpc": "2.0", "method": "notifications/message", "params": {"level": "info", "data": "secret of one"}})
        send({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "unknown", "progress": 1}})
        for call in calls:
            answer(call, {})
"#;
    let (control, _child, _client) = start(script);
    control.push_all([
        Command::call("a", "tools/call", "{}"),
        Command::call("b", "tools/call", "{}"),
    ]);
    control.only_terminal("a");
    control.only_terminal("b");
    assert!(control.posts().iter().all(Post::is_terminal), "{:#?}", control.posts());
}

#[test]
fn a_notification_between_calls_is_not_given_to_the_next_one() {
    let script = r#"
def on(message):
    if message.get("method") == "tools/call":
        raw(json.dumps({"jsonrpc": "2.0", "id": message["id"], "result": {}}) + "\n" +
            json.dumps({"jsonrpc": "2.0", "method": "notifications/message", "params": {"data": "late"}}) + "\n")
"#;
    let (control, _child, _client) = start(script);
    for id in ["r1", "r2", "r3"] {
        control.push(Command::call(id, "tools/call", "{}"));
        control.only_terminal(id);
    }
    assert!(control.posts().iter().all(Post::is_terminal), "{:#?}", control.posts());
}

#[test]
fn an_answer_given_twice_does_not_touch_the_next_call() {
    let script = r#"
answered = []
def on(message):
    if "id" not in message:
        return
    for earlier in answered:
        answer(earlier, {"n": -1})
    answer(message, {"n": message["params"]["n"]})
    answered.append(message)
"#;
    let (control, child, _client) = start(script);
    for number in 0..5 {
        let id = format!("r{number}");
        control.push(Command::call_with_id(
            &id,
            "1",
            "tools/call",
            &format!(r#"{{"n":{number}}}"#),
        ));
        let post = control.only_terminal(&id);
        assert_eq!(post.json()["result"]["n"], number, "{post:#?}");
    }
    assert_eq!(child.starts().len(), 1);
}

#[test]
fn a_cancelled_call_that_the_child_drops_still_gets_its_one_answer() {
    let (control, child) = (ControlPlane::http(), StdioServer::with("def on(message): pass"));
    let _client = ClientBuilder::new(&control)
        .command(child.command())
        .env("MCP_CONNECTION_MAX_TTL", "2s")
        .start();
    control.introduce();
    control.push(Command::call("r1", "tools/call", "{}"));
    child.await_method("tools/call", 1);
    control.push(Command::notification(
        "n1",
        "notifications/cancelled",
        r#"{"requestId":"r1"}"#,
    ));
    control.terminal("n1");
    let post = control.only_terminal("r1");
    assert!(
        post.json()["error"]["code"].is_i64() && post.json()["id"] == "r1",
        "{post:#?}"
    );
}

#[test]
fn a_late_answer_to_a_call_that_timed_out_reaches_nobody() {
    let script = r#"
late = []
def on(message):
    if "id" not in message:
        return
    if message["params"].get("late"):
        late.append(message)
    else:
        for call in late:
            answer(call, {"late": True})
        late.clear()
        answer(message, {"late": False})
"#;
    let (control, child, client) = start(script);
    control.push(Command::call_with_id("r1", "1", "tools/call", r#"{"late":true}"#).timeout("\"300ms\""));
    client.await_log("command response deadline reached; dropping without posting a response");
    let post = control.call(Command::call_with_id("r2", "1", "tools/call", "{}"), "r2");
    assert_eq!(
        post.json()["result"]["late"],
        false,
        "the late answer of r1 was taken for r2's: {post:#?}"
    );
    control.assert_unanswered("r1");
    assert_eq!(child.starts().len(), 1, "the child is kept");
    let ids: HashSet<String> = child
        .await_method("tools/call", 2)
        .iter()
        .map(|call| call["id"].to_string())
        .collect();
    assert_eq!(ids.len(), 2, "a retired id was used again");
}

/// Answers a call at once unless it is to be held; says which held calls were cancelled.
const HOLDING: &str = r#"
held = {}
def on(message):
    if message.get("method") == "notifications/cancelled":
        call = held.pop(json.dumps(message["params"]["requestId"]), None)
        if call:
            answer(call, {"cancelled": True})
    elif message["params"].get("hold"):
        held[json.dumps(message["id"])] = message
    else:
        answer(message, {})
"#;

#[test]
fn a_late_cancellation_of_a_finished_call_does_not_hit_another_callers() {
    let (control, child, _client) = start(HOLDING);
    control.push(Command::call_with_id("a", "1", "tools/call", r#"{"hold":true}"#));
    child.await_method("tools/call", 1);
    control.call(Command::call_with_id("b", "1", "tools/call", "{}"), "b");
    control.push(Command::notification(
        "late",
        "notifications/cancelled",
        r#"{"requestId":1}"#,
    ));
    assert_eq!(control.only_terminal("late").resp_type, "notify_ack");
    control.assert_unanswered("a");
}

#[test]
fn a_cancellation_hits_the_call_of_its_own_session() {
    let (control, child, _client) = start(HOLDING);
    let call = |id: &str, session: &str| {
        Command::call_with_id(id, "1", "tools/call", r#"{"hold":true}"#).header("Mcp-Session-Id", session)
    };
    for name in ["session-a", "session-b"] {
        control.introduce_as(|command| command.header("Mcp-Session-Id", name));
    }
    control.push_all([call("a", "session-a"), call("b", "session-b")]);
    child.await_method("tools/call", 2);
    let cancel = Command::notification("n", "notifications/cancelled", r#"{"requestId":1}"#);
    control.push(cancel.header("Mcp-Session-Id", "session-b"));
    assert_eq!(control.only_terminal("n").resp_type, "notify_ack");
    control.terminal("b");
    control.assert_unanswered("a");
}
