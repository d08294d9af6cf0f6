//! MCP over a pipe: framing, calls that overlap, and callers that share one child without noticing each other.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests")]

mod support;

use std::collections::HashSet;
use std::time::Instant;

use serde_json::{Value, json};
use support::{Client, ClientBuilder, Command, ControlPlane, Post, StdioServer, eventually};

fn start(script: &str) -> (ControlPlane, StdioServer, Client) {
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    (control, child, client)
}

/// Keeps calls until `open("go")`, then answers them, the last first.
const LAST_FIRST: &str = r#"
calls = []
def on(message):
    if message.get("method") == "tools/call":
        calls.append(message)
        if len(calls) == message["params"]["of"]:
            for call in reversed(calls):
                answer(call, call["params"])
"#;

#[test]
fn a_call_and_a_notification_travel_the_pipe() {
    let (control, child, _client) = start("");
    let post = control.call(Command::call("r1", "tools/call", r#"{"a":1.50}"#), "r1");
    assert_eq!(
        (post.resp_code, post.resp_type.as_str()),
        (200, "jsonrpc_response"),
        "{post:#?}"
    );
    assert_eq!(post.json()["id"], "r1");
    assert_eq!(post.resp_header("Content-Type"), Some("application/json"), "{post:#?}");
    control.push(Command::notification("n1", "notifications/initialized", "{}"));
    let ack = control.only_terminal("n1");
    assert_eq!((ack.resp_type.as_str(), ack.resp_json), ("notify_ack", None));
    assert!((200..300).contains(&ack.resp_code));
    child.await_method("notifications/initialized", 1);
    assert_eq!(child.starts().len(), 1);
}

#[test]
fn payload_bytes_stay_apart_from_the_id() {
    let (control, child, _client) = start(
        r#"
def main():
    for line in sys.stdin:
        record.write(line)
        id = line.split('"id":')[1].split(",")[0]
        raw('{"z":1.50,"result":{"n":9007199254740993,"u":"\\u00e9\u00e9","s":[ 1 ]},"id":%s,"jsonrpc":"2.0"}\n' % id)
"#,
    );
    for (number, id) in [
        "7",
        "1.5",
        "9007199254740993",
        r#""a\"b""#,
        "123456789012345678901234567890",
    ]
    .iter()
    .enumerate()
    {
        let request = format!("r{number}");
        let params = r#"{"b":1.50,"a":9007199254740993,"u":"\u00e9é","s":[ 1 ]}"#;
        let post = control.call(Command::call_with_id(&request, id, "tools/call", params), &request);
        let reply = r#"{"z":1.50,"result":{"n":9007199254740993,"u":"\u00e9é","s":[ 1 ]},"id":$ID,"jsonrpc":"2.0"}"#;
        assert_eq!(post.resp_json, Some(reply.replace("$ID", id)), "{post:#?}");
        let line = child.received_text().lines().last().unwrap().to_owned();
        assert!(
            line.contains(params) && line.contains(r#""method":"tools/call""#),
            "{line}"
        );
    }
}

#[test]
fn line_breaks_inside_a_message_do_not_break_the_framing() {
    let (control, child, _client) = start("");
    let message = "{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\n  \"method\": \"tools/call\",\n  \"params\": {\"t\": \"a\\nb\"}\n}";
    let post = control.call(Command::message("r1", message), "r1");
    assert_eq!(post.json()["result"]["echo"]["t"], "a\nb", "{post:#?}");
    assert_eq!(child.received_text().lines().count(), 1, "{}", child.received_text());
}

#[test]
fn overlapping_calls_are_answered_in_any_order() {
    let (control, _child, _client) = start(LAST_FIRST);
    control.push_all((0..8).map(|n| Command::call(&format!("r{n}"), "tools/call", &format!(r#"{{"n":{n},"of":8}}"#))));
    for number in 0..8 {
        let post = control.only_terminal(&format!("r{number}"));
        assert_eq!(post.json()["result"]["n"], number, "{post:#?}");
    }
}

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
        let steps: Vec<&Value> = Vec::new();
        let _ = steps;
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
    control.only_terminal("r1");
    assert_eq!(control.posts_of("r1")[0].json()["params"]["progressToken"], 7);
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
    control.push(Command::call_with_id("r1", "1", "tools/call", "{}"));
    let call = child.await_method("tools/call", 1).remove(0);
    control.push(Command::notification(
        "n1",
        "notifications/cancelled",
        r#"{"reason":"bored","requestId":1}"#,
    ));
    assert_eq!(control.only_terminal("n1").resp_type, "notify_ack");
    let note = child.await_method("notifications/cancelled", 1).remove(0);
    assert_eq!(note["params"]["requestId"], call["id"], "{note}");
    assert_eq!(note["params"]["reason"], "bored");
    assert_eq!(control.only_terminal("r1").json()["id"], 1);
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
fn noise_and_unusual_framing_are_understood() {
    let script = r#"
def on(message):
    id = json.dumps(message["id"])
    way = message["params"]["way"]
    reply = '{"jsonrpc":"2.0","id":%s,"result":{"way":"%s"}}' % (id, way)
    if way == "noise":
        raw("Starting server...\n\n\x1b[32mok\x1b[0m\n[]\n5\nnull\n\"text\"\n{broken\n}}}\n" + reply + "\n")
    elif way == "binary":
        sys.stdout.buffer.write(b"\xff\xfe\x00garbage\n" + reply.encode() + b"\n")
        sys.stdout.buffer.flush()
    elif way == "pretty":
        raw(json.dumps(json.loads(reply), indent=2) + "\n")
    elif way == "crlf":
        raw(reply + "\r\n")
    elif way == "pieces":
        for char in reply + "\n":
            raw(char)
    elif way == "batch":
        raw("[" + '{"jsonrpc":"2.0","method":"notifications/message","params":{}},' + reply + "]\n")
    elif way == "stray":
        raw('{"jsonrpc":"2.0","id":"nobody","result":{}}\n{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"?"}}\n' + reply + "\n")
    elif way == "twice":
        raw(reply + "\n" + reply + "\n")
"#;
    let (control, child, _client) = start(script);
    for way in [
        "noise", "binary", "pretty", "crlf", "pieces", "batch", "stray", "twice", "noise",
    ] {
        let id = format!("{way}-{}", child.received().len());
        control.push(Command::call(&id, "tools/call", &format!(r#"{{"way":"{way}"}}"#)));
        let post = control.only_terminal(&id);
        assert_eq!(post.json()["result"]["way"], way, "{post:#?}");
        assert_eq!(post.json()["id"], id, "{post:#?}");
    }
    assert_eq!(child.starts().len(), 1, "the child was restarted");
}

#[test]
fn calls_overlap_on_the_pipe() {
    let script = r#"
def on(message):
    if message.get("method") == "tools/call":
        timer = threading.Timer(0.25, lambda: answer(message, {}))
        timer.start()
"#;
    let (control, child, _client) = {
        let (control, child) = (ControlPlane::http(), StdioServer::with(script));
        let client = ClientBuilder::new(&control)
            .command(child.command())
            .workers(32)
            .start();
        (control, child, client)
    };
    child.await_start(1);
    let start = Instant::now();
    control.push_all((0..64).map(|number| Command::call(&format!("r{number}"), "tools/call", "{}")));
    for number in 0..64 {
        control.terminal(&format!("r{number}"));
    }
    let took = start.elapsed().as_secs_f64();
    assert!(took < 5.0, "64 calls of 0.25 s took {took:.1} s: one at a time is 16 s");
}

#[test]
fn a_second_initialize_is_forwarded_like_any_call() {
    let (control, child, _client) = start("");
    let params = r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"caller","version":"1"}}"#;
    for id in ["i1", "i2"] {
        let post = control.call(Command::call(id, "initialize", params), id);
        assert_eq!(post.json()["result"]["serverInfo"]["name"], "child", "{post:#?}");
        assert_eq!(post.json()["id"], id);
    }
    assert_eq!(child.await_method("initialize", 2).len(), 2);
}

#[test]
fn ending_a_session_is_405_and_the_channel_keeps_serving() {
    let (control, child, _client) = start("");
    control.push(Command::termination("t1", "any"));
    let post = control.only_terminal("t1");
    assert_eq!(
        (post.resp_type.as_str(), post.resp_code),
        ("session_termination_response", 405),
        "{post:#?}"
    );
    assert_eq!(
        control.call(Command::call("r1", "tools/call", "{}"), "r1").resp_code,
        200
    );
    assert_eq!(child.starts().len(), 1);
}

#[test]
fn an_error_answer_of_the_child_is_the_callers() {
    let script = r#"
def on(message):
    raw('{"error":{"data":1.50,"message":"no tool","code":-32602},"jsonrpc":"2.0","id":%s}\n' % json.dumps(message["id"]))
"#;
    let (control, _child, _client) = start(script);
    let post = control.call(Command::call_with_id("r1", "5", "tools/call", "{}"), "r1");
    let expected = r#"{"error":{"data":1.50,"message":"no tool","code":-32602},"jsonrpc":"2.0","id":5}"#;
    assert_eq!(
        (post.resp_code, post.resp_json.as_deref()),
        (200, Some(expected)),
        "{post:#?}"
    );
}

#[test]
fn a_late_answer_to_a_call_that_timed_out_reaches_nobody() {
    let script = r#"
late = []
def on(message):
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

#[test]
fn a_hanging_call_ends_with_a_504_and_holds_up_nobody() {
    let script = r#"
def on(message):
    if not message["params"].get("hang"):
        answer(message, {})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let _client = ClientBuilder::new(&control)
        .command(child.command())
        .env("MCP_CONNECTION_MAX_TTL", "900ms")
        .start();
    control.push(Command::call("r1", "tools/call", r#"{"hang":true}"#));
    child.await_method("tools/call", 1);
    assert_eq!(
        control.call(Command::call("r2", "tools/call", "{}"), "r2").resp_code,
        200
    );
    let post = control.only_terminal("r1");
    post.assert_failure(504, "timeout", &["timeout"]);
    assert_eq!(
        control.call(Command::call("r3", "tools/call", "{}"), "r3").resp_code,
        200
    );
    assert_eq!(
        child.starts().len(),
        1,
        "one hanging call is no reason to end the child"
    );
}

#[test]
fn large_messages_pass_both_ways_while_small_ones_flow() {
    let (control, _child, _client) = start("");
    let big = "x".repeat(3 << 20);
    control.push(Command::call("big", "tools/call", &format!(r#"{{"text":"{big}"}}"#)));
    for number in 0..10 {
        control.push(Command::call(&format!("r{number}"), "tools/call", "{}"));
    }
    let post = control.only_terminal("big");
    assert_eq!(
        post.json()["result"]["echo"]["text"].as_str().map(str::len),
        Some(3 << 20)
    );
    for number in 0..10 {
        assert_eq!(control.terminal(&format!("r{number}")).resp_code, 200);
    }
    eventually("every answer", || (control.posts().len() >= 11).then_some(()));
}
