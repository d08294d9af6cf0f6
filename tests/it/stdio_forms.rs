//! What servers write on a pipe in other forms than most: numbers that come back changed, and answers that are none.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support;
use crate::support::child::{start, start_uninitialized};
use crate::support::{Client, Command, ControlPlane, Doctor, Post, StdioServer, eventually};

const ODD_FORMS: &str = "returns numbers of requests in another JSON form";

/// Returns each id and each token in the form that FORM makes of it, once as many calls wait as the first says.
const FORMS: &str = r#"
calls = []
form = FORM
def on(message):
    if message.get("method") != "tools/call":
        return
    calls.append(message)
    if len(calls) < message["params"]["of"]:
        return
    for call in reversed(calls):
        token = call["params"]["_meta"]["progressToken"]
        raw('{"jsonrpc":"2.0","method":"notifications/progress","params":{"progressToken":%s,"progress":%d}}\n'
            % (form(token), call["params"]["n"]))
    for call in reversed(calls):
        raw('{"jsonrpc":"2.0","id":%s,"result":{"n":%d}}\n' % (form(call["id"]), call["params"]["n"]))
    calls.clear()
"#;

fn numbered(id: &str, own: &str, n: usize, of: usize) -> Command {
    let params = format!(r#"{{"n":{n},"of":{of},"_meta":{{"progressToken":{own}}}}}"#);
    Command::call_with_id(id, own, "tools/call", &params)
}

#[test]
fn numbers_that_come_back_in_another_form_find_their_calls() {
    for (form, is_odd) in [
        ("lambda n: '%d' % n", false),
        ("lambda n: '\"%d\"' % n", true),
        ("lambda n: '%d.0' % n", true),
        ("lambda n: '%de0' % n", true),
        ("lambda n: '%d0E-1' % n", true),
        ("lambda n: '\"%d.0\"' % n", true),
        ("lambda n: '\"\\\\u003%d\"' % n if n < 10 else str(n)", true),
    ] {
        let (control, _child, client) = start(&FORMS.replace("FORM", form));
        control.push(numbered("alone", "\"mine\"", 0, 1));
        assert_eq!(
            control.only_terminal("alone").resp_json.unwrap(),
            r#"{"jsonrpc":"2.0","id":"mine","result":{"n":0}}"#,
            "{form}"
        );
        let own = ["1", "\"1\"", "2.50"];
        control.push_all((0..3).map(|n| numbered(&format!("r{n}"), own[n], n, 3)));
        for (n, own) in own.iter().enumerate() {
            let id = format!("r{n}");
            let post = control.only_terminal(&id);
            assert_eq!(
                post.resp_json.unwrap(),
                format!(r#"{{"jsonrpc":"2.0","id":{own},"result":{{"n":{n}}}}}"#),
                "{form}"
            );
            let notes: Vec<Post> = control
                .posts_of(&id)
                .into_iter()
                .filter(|post| !post.is_terminal())
                .collect();
            assert_eq!(notes.len(), 1, "{form}: {notes:#?}");
            assert!(
                notes[0]
                    .resp_json
                    .as_ref()
                    .unwrap()
                    .contains(&format!(r#""progressToken":{own},"progress":{n}"#)),
                "{form}: {notes:#?}"
            );
        }
        let logged = client.log_with(ODD_FORMS);
        assert_eq!(logged.len(), usize::from(is_odd), "{form}: {logged:#?}");
        assert!(
            logged.iter().all(|line| line.contains("WARN") || line.contains("warn")),
            "{logged:#?}"
        );
    }
}

#[test]
fn a_number_that_is_not_ours_stays_nobodys() {
    // Near misses of the ids on the pipe.
    for form in [
        "lambda n: '%d.5' % n",
        "lambda n: '-%d' % n",
        "lambda n: '\"%dx\"' % n",
        "lambda n: '[%d]' % n",
    ] {
        let (control, _child, _client) = start(&FORMS.replace("FORM", form));
        control.push(numbered("r", "1", 0, 1));
        let post = control.only_terminal("r");
        post.assert_failure(502, "protocol", &["invalid_protocol_response"]);
        assert_eq!(control.posts_of("r").len(), 1, "{form}");
    }
}

#[test]
fn a_server_cancels_its_own_request_in_another_form_too() {
    let script = r#"
calls = []
def on(message):
    if message.get("method") == "tools/call":
        calls.append(message)
        send({"jsonrpc": "2.0", "id": 5, "method": "sampling/createMessage", "params": {}})
        send({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": "5"}})
        answer(message, {})
"#;
    let (control, _child, _client) = {
        let (control, child) = (ControlPlane::http(), StdioServer::with(script));
        control.offer_server_requests();
        let client = support::ClientBuilder::new(&control).command(child.command()).start();
        control.introduce();
        (control, child, client)
    };
    control.call(Command::call("r", "tools/call", "{}"), "r");
    let posts: Vec<_> = control.posts_of("r").iter().map(Post::json).collect();
    assert_eq!(posts[0]["method"], "sampling/createMessage", "{posts:#?}");
    assert_eq!(posts[1]["method"], "notifications/cancelled", "{posts:#?}");
    assert_eq!(posts[1]["params"]["requestId"], posts[0]["id"], "{posts:#?}");
}

/// Writes as its answer what LINE makes of the id.
fn writing(line: &str) -> (ControlPlane, StdioServer, Client) {
    let script = r#"
def on(message):
    if message.get("method") != "tools/call":
        return
    if message["params"].get("good"):
        return answer(message, {})
    i = json.dumps(message["id"])
    sys.stdout.buffer.write(LINE)
    sys.stdout.buffer.flush()
"#;
    start(&script.replace("LINE", line))
}

#[test]
fn a_byte_order_mark_is_skipped() {
    let mark = r#"b"\xef\xbb\xbf""#;
    for line in [
        format!(r#"{mark} + ('{{"jsonrpc":"2.0","id":%s,"result":{{}}}}\n' % i).encode()"#),
        format!(r#"b"log\n" + {mark} + ('{{"jsonrpc":"2.0","id":%s,"result":{{}}}}\r\n' % i).encode()"#),
        format!(r#"{mark} + ('{{\n"jsonrpc":"2.0",\n"id":%s,"result":{{}}}}\n' % i).encode()"#),
    ] {
        let (control, _child, _client) = writing(&line);
        for id in ["r1", "r2"] {
            let post = control.call(Command::call(id, "tools/call", "{}"), id);
            assert_eq!(
                (post.resp_code, &post.json()["result"]),
                (200, &json!({})),
                "{line}: {post:#?}"
            );
        }
    }
    // The first answer of a server, as the runtimes write it that begin with a mark.
    let script = r#"
sys.stdout.buffer.write(b"\xef\xbb\xbf")
"#;
    let (control, _child, _client) = start(script);
    assert_eq!(control.call(Command::call("r", "tools/call", "{}"), "r").resp_code, 200);
}

#[test]
fn an_answer_without_a_line_end_is_taken() {
    let (control, _child, client) = writing(r#"('{"jsonrpc":"2.0","id":%s,"result":{}}' % i).encode()"#);
    for id in ["r1", "r2"] {
        let post = control.call(Command::call(id, "tools/call", "{}"), id);
        assert_eq!((post.resp_code, &post.json()["result"]), (200, &json!({})), "{post:#?}");
    }
    client.await_log("writes messages without a line end");
    assert_eq!(client.log_with("writes messages without a line end").len(), 1);
}

/// Answers that are none, what is said of each, and whether it tells its call.
const MISFITS: [(&str, &str, bool); 11] = [
    (r#"b"Content-Length: 20\r\n\r\n""#, "Language Server Protocol", false),
    (
        r#"('{"jsonrpc":"2.0","id":%s}\n' % i).encode()"#,
        "neither a result nor an error: {\"jsonrpc\":\"2.0\",\"id\":",
        true,
    ),
    (
        r#"('{"jsonrpc":"2.0","id":%s,"result":1,"error":{"code":1,"message":"m"}}\n' % i).encode()"#,
        "both a result and an error",
        true,
    ),
    (
        r#"('{"jsonrpc":"2.0","id":%s,"method":"tools/call","result":1}\n' % i).encode()"#,
        "a method beside its result",
        true,
    ),
    (
        r#"('{"id":%s,"result":{}}\n' % i).encode()"#,
        "it lacks \"jsonrpc\"",
        true,
    ),
    (
        r#"('[{"jsonrpc":"2.0","id":%s}]\n' % i).encode()"#,
        "neither a result nor an error",
        true,
    ),
    (
        r#"('{"jsonrpc":"2.0","id":%s,"result":{"x":NaN}}\n' % i).encode()"#,
        "it is not JSON: {\"jsonrpc\"",
        false,
    ),
    (
        r#"(str({"jsonrpc": "2.0", "id": message["id"], "result": {"a": "b"}}) + "\n").encode()"#,
        "it is not JSON: {'jsonrpc'",
        false,
    ),
    (
        r#"b'{"jsonrpc":"2.0","id":"unheard","result":"caf\xe9"}\n'"#,
        "it is not UTF-8",
        false,
    ),
    (
        r#"('{"jsonrpc":"2.0","id":%s,"result":{}}\n' % i).encode("utf-16") + b"\n""#,
        "it is UTF-16",
        false,
    ),
    (
        r#"b'{"jsonrpc":"2.0","id":"unheard","result":{}}\n'"#,
        "an id that nobody used",
        false,
    ),
];

#[test]
fn an_answer_that_is_none_fails_the_only_call_at_once_and_says_what_it_was() {
    for (line, what, _) in MISFITS {
        let (control, child, client) = writing(line);
        let asked = Instant::now();
        let post = control.call(Command::call("r", "tools/call", "{}"), "r");
        let took = asked.elapsed();
        post.assert_failure(502, "protocol", &["invalid_protocol_response"]);
        let message = post.json()["error"]["message"].as_str().unwrap().to_owned();
        assert!(message.contains(what), "{line}: {message}");
        assert!(took < Duration::from_secs(15), "{line}: {took:?}");
        let logged = client.await_log("MCP command failed");
        assert!(logged.contains(&what.replace('"', "\\\"")), "{logged}");
        // The next call is not held up, and the server goes on.
        assert_eq!(
            control
                .call(Command::call("next", "tools/call", r#"{"good":1}"#), "next")
                .resp_code,
            200
        );
        assert_eq!(child.starts().len(), 1, "{line}");
    }
}

#[test]
fn when_several_calls_wait_a_bad_answer_fails_the_one_that_it_names_or_is_logged() {
    for (line, what, names_its_call) in MISFITS {
        let (control, child, client) = writing(line);
        // It gets no answer at all.
        control.push(Command::call("other", "ping", "{}"));
        child.await_method("ping", 1);
        control.push(Command::call("r", "tools/call", "{}").timeout("\"30s\""));
        if names_its_call {
            let post = control.terminal("r");
            post.assert_failure(502, "protocol", &["invalid_protocol_response"]);
        } else {
            let logged = client.await_log("an answer of the stdio MCP server that reaches no call was dropped");
            let reason = what.split(':').next().unwrap().replace('"', "\\\"");
            assert!(logged.contains(&reason), "{line}: {logged}");
            assert!(
                logged.contains("\"beginning\":") || logged.contains("beginning="),
                "{logged}"
            );
        }
        control.assert_unanswered("other");
    }
}

#[test]
fn a_flood_of_bad_answers_is_logged_at_a_limited_rate() {
    let (control, child, client) = writing(r#"b'{"jsonrpc":"2.0","id":"unheard","result":{}}\n' * 500"#);
    control.push(Command::call("other", "ping", "{}"));
    child.await_method("ping", 1);
    control.push(Command::call("r", "tools/call", "{}"));
    let series = "mcp_stdio_unattributed";
    eventually("every line was read", || {
        client.metric(series).filter(|count| *count >= 500.0)
    });
    let logged = client.log_with("that reaches no call was dropped");
    assert!((1..=20).contains(&logged.len()), "{}", logged.len());
}

#[test]
fn text_and_printed_messages_beside_the_answer_harm_nobody() {
    for line in [
        r#"('{"jsonrpc":"2.0","id":%s}\n{"jsonrpc":"2.0","id":%s,"result":{}}\n' % (i, i)).encode()"#,
        r#"(str({"jsonrpc": "2.0", "id": message["id"], "result": {}}) + '\n{"jsonrpc":"2.0","id":%s,"result":{}}\n' % i).encode()"#,
        r#"(str(message) + '\n{"jsonrpc":"2.0","id":%s,"result":{}}\n' % i).encode()"#,
        r#"('{"level":"info","msg":"{\\"jsonrpc\\":\\"2.0\\"}"}\n{broken\n{"jsonrpc":"2.0","id":%s,"result":{}}\n' % i).encode()"#,
        r#"('{"jsonrpc":"2.0",\n"result":\n{"jsonrpc":"2.0","id":%s,"result":{}}\n' % i).encode()"#,
    ] {
        let (control, _child, _client) = writing(line);
        let post = control.call(Command::call("r", "tools/call", "{}"), "r");
        assert_eq!(
            (post.resp_code, &post.json()["result"]),
            (200, &json!({})),
            "{line}: {post:#?}"
        );
    }
}

#[test]
fn an_error_that_names_no_request_reaches_the_only_caller_in_the_servers_own_words() {
    let (control, _child, _client) = writing(
        r#"b'{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"Parse error: too deep","data":1.50}}\n'"#,
    );
    let post = control.call(Command::call_with_id("r", "7", "tools/call", "{}"), "r");
    post.assert_failure(502, "protocol", &["invalid_protocol_response"]);
    let answer = post.json();
    assert_eq!(
        (&answer["id"], &answer["error"]["message"]),
        (
            &json!(7),
            &json!("answer of the MCP server not usable: its error names no request: Parse error: too deep")
        )
    );
    assert_eq!(
        answer["error"]["data"]["mcp_server"],
        json!({"code": -32700, "message": "Parse error: too deep"})
    );
}

#[test]
fn what_was_written_for_another_caller_is_not_shown() {
    let (control, _child, _client) = writing(r#"b'{"jsonrpc":"2.0","id":"unheard","result":"private"}\n'"#);
    let b = |command: Command| command.field("caller", "\"00bb\"");
    control.call(Command::call("a", "tools/call", r#"{"good":1}"#), "a");
    let post = control.call(b(Command::call("r", "tools/call", "{}")), "r");
    post.assert_failure(502, "protocol", &["invalid_protocol_response"]);
    assert!(!post.resp_json.unwrap().contains("private"));
}

#[test]
fn a_replayed_initialize_that_is_answered_wrongly_is_not_waited_for() {
    let script = r#"
def initialize(message):
    if generation == 2:
        return send({"jsonrpc": "2.0", "id": message["id"]})
    answer(message, {"generation": generation})
def on(message):
    if message["params"].get("die"):
        os._exit(1)
    answer(message, {"generation": generation})
"#;
    let (control, _child, client) = start_uninitialized(script);
    control.introduce();
    control.push(Command::call("die", "tools/call", r#"{"die":true}"#));
    control.only_terminal("die");
    let asked = Instant::now();
    let post = control.call(Command::call("r", "tools/call", "{}"), "r");
    assert_eq!(post.json()["result"]["generation"], 3, "{post:#?}");
    assert!(asked.elapsed() < Duration::from_secs(14), "it waited for the answer");
    client.await_log("it did not answer the repeated initialize");
}

#[test]
fn doctor_tells_what_is_wrong_with_the_answer() {
    for (answer, wanted) in [
        (r#"'{"jsonrpc":"2.0","id":%s}'"#, "neither a result nor an error"),
        (
            r#"'{"jsonrpc":"2.0","id":"other%.0s","result":{}}'"#,
            "an id that nobody used",
        ),
        (r#"'{"jsonrpc":"2.0","id":%s,"result":{"x":NaN}}'"#, "it is not JSON"),
    ] {
        let script = format!("def initialize(message):\n    raw({answer} % json.dumps(message['id']) + '\\n')\n");
        let examined = examine(&script);
        assert!(
            examined.contains(wanted) && examined.contains("it wrote {"),
            "{examined}"
        );
        assert!(examined.contains("\"fail\"") || examined.contains("FAIL"), "{examined}");
    }
    let noisy =
        "def initialize(message):\n    raw('Welcome!\\n')\n    answer(message, {'protocolVersion': '2025-06-18'})\n";
    let examined = examine(noisy);
    assert!(examined.contains("it wrote Welcome!"), "{examined}");
}

/// What `doctor --start-stdio` says of a server.
fn examine(script: &str) -> String {
    let child = StdioServer::with(script);
    let doctor = Doctor::healthy().command(child.command()).arg("--start-stdio");
    doctor.examine().said("mcp_server_reachable")
}
