//! Messages written to be read differently by the next hop: duplicate keys, escaped keys, odd types, line breaks.

use std::collections::HashSet;

use serde_json::Value;

use crate::support::command::quoted;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, StdioServer, eventually};

/// Echoes the id that Python makes of a message; a victim's call stays open until the test opens `go`.
const OBSERVER: &str = r#"
victim = []
def on(message):
    if message.get("method") == "victim":
        victim.append(message)
        threading.Thread(target=finish, args=(message,)).start()
    elif message.get("method") == "tools/call":
        token = message.get("params", {}).get("_meta", {}).get("progressToken")
        if token is not None:
            send({"jsonrpc": "2.0", "method": "notifications/progress",
                  "params": {"progressToken": token, "progress": 1, "message": "attacker"}})
        answer(message, {"by": "attacker"})
    elif message.get("method") == "notifications/cancelled":
        if victim and message["params"].get("requestId") == victim[0]["id"]:
            answer(victim[0], {"by": "cancellation"})

def finish(message):
    wait_for("go")
    answer(message, {"by": "nobody"})
"#;

/// Starts a call of somebody else; gives the id that it has on the pipe.
fn with_victim() -> (ControlPlane, StdioServer, Client, Value) {
    let (control, child) = (ControlPlane::http(), StdioServer::with(OBSERVER));
    let client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    let params = r#"{"_meta":{"progressToken":"mine"}}"#;
    control.push(Command::call_with_id("victim", "\"victim-id\"", "victim", params));
    let id = child.await_method("victim", 1).remove(0)["id"].clone();
    (control, child, client, id)
}

/// The victim's call must have had one answer, its own, and nothing before it.
#[track_caller]
fn unharmed(control: &ControlPlane, child: &StdioServer) {
    control.barrier();
    assert!(
        control.posts_of("victim").is_empty(),
        "{:#?}",
        control.posts_of("victim")
    );
    child.open("go");
    let post = control.only_terminal("victim");
    assert_eq!(post.json()["result"]["by"], "nobody", "{post:#?}");
    assert_eq!(post.json()["id"], "victim-id");
    assert_eq!(control.posts_of("victim").len(), 1, "{:#?}", control.posts_of("victim"));
    assert_eq!(child.starts().len(), 1);
}

#[test]
fn an_id_cannot_be_smuggled_past_the_splice() {
    let (control, child, _client, stolen) = with_victim();
    let messages = [
        format!(r#"{{"jsonrpc":"2.0","id":1,"id":{stolen},"method":"tools/call"}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":{stolen},"id":1,"method":"tools/call"}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":1,"\u0069d":{stolen},"method":"tools/call"}}"#),
        format!(r#"{{"jsonrpc":"2.0","\u0069\u0064":{stolen},"method":"tools/call"}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":{stolen},"method":"tools/call"}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":{stolen}.0,"method":"tools/call"}}"#),
        format!(r#"{{"jsonrpc":"2.0","id":"{stolen}","method":"tools/call"}}"#),
    ];
    for (number, message) in messages.iter().enumerate() {
        let id = format!("r{number}");
        control.push(Command::message(&id, message));
        control.only_terminal(&id);
    }
    let calls: Vec<Value> = child
        .received()
        .into_iter()
        .filter(|message| message.get("id").is_some())
        .collect();
    let ids: HashSet<String> = calls.iter().map(|call| call["id"].to_string()).collect();
    assert_eq!(
        ids.len(),
        calls.len(),
        "an id is on the pipe twice: {}",
        child.received_text()
    );
    unharmed(&control, &child);
}

#[test]
fn a_progress_token_cannot_be_smuggled_past_the_splice() {
    let (control, child, _client, stolen) = with_victim();
    let metas = [
        format!(r#""_meta":{{"progressToken":1000,"progressToken":{stolen}}}"#),
        format!(r#""_meta":{{"progressToken":1000,"progress\u0054oken":{stolen}}}"#),
        format!(r#""_meta":{{"progressToken":1000}},"_meta":{{"progressToken":{stolen}}}"#),
        format!(r#""_meta":{{"progressToken":1000}},"\u005fmeta":{{"progressToken":{stolen}}}"#),
        format!(r#""_meta":{{"progress\u0054oken":{stolen}}}"#),
        format!(r#""_meta":{{"progressToken":{stolen}}}"#),
        format!(r#""_meta":{{"progressToken":{stolen}.0}}"#),
        format!(r#""_meta":{{"progressToken":"{stolen}"}}"#),
        r#""_meta":{"progressToken":null}"#.to_owned(),
        r#""_meta":{"progressToken":{"a":1}}"#.to_owned(),
        r#""_meta":{"progressToken":["mine"]}"#.to_owned(),
    ];
    for (number, meta) in metas.iter().enumerate() {
        let id = format!("r{number}");
        control.push(Command::call(&id, "tools/call", &format!("{{{meta}}}")));
        control.only_terminal(&id);
        let twice = format!("p{number}");
        let message = format!(
            r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{{"_meta":{{"progressToken":1}}}},"params":{{{meta}}}}}"#
        );
        control.push(Command::message(&twice, message));
        control.only_terminal(&twice);
    }
    unharmed(&control, &child);
}

#[test]
fn a_cancellation_cannot_be_smuggled_past_the_splice() {
    let (control, child, _client, stolen) = with_victim();
    let attacks = [
        format!(r#"{{"requestId":"x","requestId":{stolen}}}"#),
        format!(r#"{{"requestId":{stolen}}}"#),
        format!(r#"{{"request\u0049d":{stolen}}}"#),
        format!(r#"{{"requestId":{stolen}.0}}"#),
    ];
    for (number, params) in attacks.iter().enumerate() {
        for method in [
            "notifications/cancelled",
            "notifications\\/cancelled",
            "notifications/cancel\\u006ced",
        ] {
            let id = format!("n{number}-{}", method.len());
            let message = format!(r#"{{"jsonrpc":"2.0","method":"{method}","params":{params}}}"#);
            control.push(Command::message(&id, message));
            control.only_terminal(&id);
        }
    }
    unharmed(&control, &child);
}

#[test]
fn a_line_break_cannot_start_a_second_message() {
    let (control, child, _client, stolen) = with_victim();
    let inner = format!(r#"{{"jsonrpc":"2.0","method":"notifications/cancelled","params":{{"requestId":{stolen}}}}}"#);
    let messages = [
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\"}}\n{inner}"),
        format!("{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"x\":\"\n{inner}\n\"}}"),
        format!(
            "{{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"tools/call\",\"x\":\"\u{2028}\u{85}{}\"}}",
            inner.replace('"', "'")
        ),
    ];
    for (number, message) in messages.iter().enumerate() {
        // What is no JSON spoils the poll answer that it stands in, and nothing else.
        let (id, before) = (format!("r{number}"), control.handed_out());
        control.push(Command::message(&id, message));
        eventually("handed out", || (control.handed_out() > before).then_some(()));
        control.barrier();
        if serde_json::from_str::<Value>(message).is_ok() {
            control.only_terminal(&id);
        }
    }
    assert!(
        child
            .received()
            .iter()
            .all(|message| message["method"] != "notifications/cancelled")
    );
    unharmed(&control, &child);
}

#[test]
fn a_deeply_nested_answer_of_a_child_is_harmless() {
    let script = r#"
def on(message):
    depth = 200000
    raw('{"jsonrpc":"2.0","id":%s,"result":%s%s}\n' % (json.dumps(message["id"]), "[" * depth, "]" * depth))
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    let mut client = ClientBuilder::new(&control)
        .command(child.command())
        .env("MCP_CONNECTION_MAX_TTL", "2s")
        .start();
    control.introduce();
    for id in ["r1", "r2"] {
        control.push(Command::call(id, "tools/call", "{}"));
        control.only_terminal(id);
    }
    assert!(client.running());
}

#[test]
fn odd_tokens_and_ids_of_the_service_come_back_or_are_dropped() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let mut client = Client::http(&control, &mcp.url());
    let long = "x".repeat(10_000);
    for id in ["a\"b\\c", "ünï\u{1F600}", "line\nbreak", "../../x?y#z", long.as_str()] {
        control.push(Command::call(id, "ping", "{}").field("shard_token", "\"s\""));
        assert_eq!(control.only_terminal(id).resp_code, 200);
    }
    for (number, token) in ["a\r\nX-Injected: 1", "tab\tok", "caf\u{e9}", "nul\0"]
        .iter()
        .enumerate()
    {
        let id = format!("t{number}");
        control.push(Command::call(&id, "ping", "{}").field("shard_token", quoted(token)));
        control.push(Command::call(&format!("x{number}"), "ping", "{}").header("X-Request-Id", token));
        control.only_terminal(&format!("x{number}"));
        assert!(control.posts_of(&id).len() <= 1, "{:#?}", control.posts_of(&id));
    }
    let injected = control
        .seen()
        .into_iter()
        .find(|seen| seen.header("x-injected").is_some());
    assert!(injected.is_none(), "{injected:?}");
    assert!(client.running());
}

#[test]
fn headers_of_the_wrong_shape_spoil_at_most_their_command() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let shapes = [
        "null",
        "{}",
        "[]",
        "7",
        r#"{"X":"text"}"#,
        r#"{"X":[7]}"#,
        r#"{"X":null}"#,
        r#"{"X":[]}"#,
        r#"{"":["v"]}"#,
    ];
    let plain = |id: &str, headers: &str| {
        format!(
            r#"{{"request_id":"{id}","shard_token":"s","command_type":"jsonrpc","created_at":"2026-01-01T00:00:00Z","headers":{headers},"jsonrpc":{{"jsonrpc":"2.0","id":1,"method":"ping"}}}}"#
        )
    };
    let list: Vec<String> = shapes
        .iter()
        .enumerate()
        .map(|(n, shape)| plain(&format!("h{n}"), shape))
        .collect();
    control.on_poll(Answer::json(200, format!(r#"{{"commands":[{}]}}"#, list.join(","))));
    control.push(Command::call("good", "ping", "{}"));
    let mut client = Client::http(&control, &mcp.url());
    assert_eq!(control.terminal("good").resp_code, 200);
    for number in 0..shapes.len() {
        control.only_terminal(&format!("h{number}"));
    }
    assert!(client.running());
}
