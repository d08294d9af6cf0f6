//! MCP over a pipe: framing, calls that overlap, and callers that share one child without noticing each other.

use std::time::{Duration, Instant};

use crate::support;
use crate::support::child::{LAST_FIRST, start, start_uninitialized};
use crate::support::{Answer, ClientBuilder, Command, ControlPlane, StdioServer, eventually};

#[test]
fn a_call_and_a_notification_travel_the_pipe() {
    let (control, child, _client) = start_uninitialized("");
    control.call(Command::call("i1", "initialize", "{}"), "i1");
    control.push(Command::notification("n1", "notifications/initialized", "{}"));
    let ack = control.only_terminal("n1");
    assert_eq!((ack.resp_type.as_str(), ack.resp_json), ("notify_ack", None));
    assert_eq!(ack.resp_code, 200);
    child.await_method("notifications/initialized", 1);
    let post = control.call(Command::call("r1", "tools/call", r#"{"a":1.50}"#), "r1");
    assert_eq!(
        (post.resp_code, post.resp_type.as_str()),
        (200, "jsonrpc_response"),
        "{post:#?}"
    );
    assert_eq!(post.json()["id"], "r1");
    assert_eq!(post.resp_header("Content-Type"), Some("application/json"), "{post:#?}");
    assert_eq!(child.starts().len(), 1);
}

#[test]
fn payload_bytes_stay_apart_from_the_id() {
    let (control, child, _client) = start(
        r#"
def main():
    for line in sys.stdin:
        if '"id":' not in line:
            continue
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
    elif way == "twice":
        raw(reply + "\n" + reply + "\n")
"#;
    let (control, child, _client) = start(script);
    for way in ["noise", "binary", "pretty", "crlf", "pieces", "batch", "twice", "noise"] {
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
        control.introduce();
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
fn every_initialize_gives_its_caller_a_session_of_its_own_and_none_is_asked_for() {
    let (control, _child, _client) = start("");
    let params = r#"{"protocolVersion":"2025-06-18","capabilities":{},"clientInfo":{"name":"caller","version":"1"}}"#;
    let session = |id: &str| {
        let post = control.call(Command::call(id, "initialize", params), id);
        post.resp_header("Mcp-Session-Id").expect("a session").to_owned()
    };
    let (one, two) = (session("i1"), session("i2"));
    assert_ne!(one, two);
    assert!(one.len() >= 32, "a session must not be guessed: {one}");
    let with = control.call(Command::call("c1", "ping", "{}").header("Mcp-Session-Id", &one), "c1");
    let without = control.call(Command::call("c2", "ping", "{}"), "c2");
    for post in [with, without] {
        assert_eq!(
            (post.resp_code, post.resp_header("Mcp-Session-Id")),
            (200, None),
            "{post:#?}"
        );
    }
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
fn a_hanging_call_ends_with_a_504_and_holds_up_nobody() {
    let script = r#"
def on(message):
    if "id" in message and not message["params"].get("hang"):
        answer(message, {})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let _client = ClientBuilder::new(&control)
        .command(child.command())
        .env("MCP_CONNECTION_MAX_TTL", "5s")
        .start();
    control.introduce();
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

#[test]
fn a_flood_of_notifications_starves_nobody() {
    let script = r#"
def on(message):
    params = message.get("params", {})
    if params.get("flood"):
        token = params["_meta"]["progressToken"]
        # Made in one piece: the time that Python takes is not to count.
        line = '{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d,"message":"' + "x" * 2000 + '"}}\n'
        sys.stdout.write("".join(line % (json.dumps(token), number) for number in range(6000)))
        sys.stdout.flush()
    if "id" in message:
        answer(message, {})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    // A delivery takes as long as a poll may, at most.
    let builder = ClientBuilder::new(&control).env("CONTROL_PLANE_POLL_TIMEOUT", "60s");
    let client = builder.command(child.command()).start();
    control.introduce();
    // The first notification hangs, so that the rest piles up.
    control.on_delivery("flood", "jsonrpc_notify", Answer::default().stall());
    let started = Instant::now();
    control.push(Command::call(
        "flood",
        "tools/call",
        r#"{"flood":true,"_meta":{"progressToken":1}}"#,
    ));
    child.await_method("tools/call", 1);
    let post = control.call(Command::call("other", "tools/call", "{}"), "other");
    assert_eq!(post.resp_code, 200, "{post:#?}");
    let took = started.elapsed();
    assert!(
        took < Duration::from_secs(55),
        "it waited for the other caller's delivery: {took:?}"
    );
    control.server().close_connections();
    control.terminal_within(Duration::from_secs(60), "flood");
    let peak = support::process::peak_resident_kib(client.pid());
    assert!(peak < 80 << 10, "{peak} KiB resident");
}
