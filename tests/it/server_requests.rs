//! A server's own requests (ping, sampling, elicitation, roots): through the tunnel when the service can carry them,
//! refused to the server when it cannot; either way the call that was running goes on.

use serde_json::{Value, json};

use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Gate, McpServer, Post, StdioServer, eventually, result,
};

const SAMPLING: &str = r#"{"jsonrpc":"2.0","id":"srv-1","method":"sampling/createMessage","params":{"n":1.50}}"#;

/// A server that asks something in the middle of each call and answers the call once it has an answer.
fn asking(request_text: &'static str) -> McpServer {
    let gate = Gate::new();
    McpServer::http(move |request, _| match request.json() {
        message if message["method"].is_string() && message.get("id").is_some() => Answer::sse(&[])
            .event(request_text)
            .hold(&gate)
            .event(result(request, r#"{"done":true}"#))
            .end(),
        _ => {
            gate.open();
            Answer::empty(202)
        }
    })
}

/// The answer to its request that a server received.
#[track_caller]
fn answer_at(mcp: &McpServer, id: &Value) -> Value {
    let found = eventually("the answer to the server's request", || {
        mcp.seen().into_iter().find(|seen| {
            let message = seen.json();
            message["id"] == *id && message.get("method").is_none()
        })
    });
    assert_eq!(found.header("mcp-session-id"), Some("session-1"), "{found:?}");
    assert_eq!(found.header("authorization"), Some("Bearer end-user"), "{found:?}");
    found.json()
}

fn call(id: &str) -> Command {
    Command::call(id, "tools/call", "{}")
        .header("Mcp-Session-Id", "session-1")
        .header("Authorization", "Bearer end-user")
}

#[test]
fn a_ping_is_answered_by_the_client_itself() {
    for offered in [false, true] {
        let (control, mcp) = (
            ControlPlane::http(),
            asking(r#"{"jsonrpc":"2.0","id":71,"method":"ping"}"#),
        );
        if offered {
            control.offer_server_requests();
        }
        let _client = Client::http(&control, &mcp.url());
        control.push(call("r1"));
        if offered {
            let asked = eventually("ping answered or forwarded", || {
                let forwarded = control.posts_of("r1").into_iter().find(|post| !post.is_terminal());
                let answered = mcp.seen().iter().any(|seen| seen.json()["id"] == 71);
                (forwarded.is_some() || answered).then_some(forwarded)
            });
            if asked.is_some() {
                control.push(
                    Command::message("a1", r#"{"jsonrpc":"2.0","id":71,"result":{}}"#)
                        .header("Mcp-Session-Id", "session-1")
                        .header("Authorization", "Bearer end-user"),
                );
            }
        }
        assert_eq!(answer_at(&mcp, &json!(71))["result"], json!({}));
        assert_eq!(control.only_terminal("r1").json()["result"]["done"], true);
    }
}

#[test]
fn without_the_capability_a_request_is_refused_to_the_server_and_the_call_goes_on() {
    let (control, mcp) = (ControlPlane::http(), asking(SAMPLING));
    let _client = Client::http(&control, &mcp.url());
    control.push(call("r1"));
    let refusal = answer_at(&mcp, &json!("srv-1"));
    assert!(
        refusal["error"]["code"].is_i64() && refusal["error"]["message"].is_string(),
        "{refusal}"
    );
    assert_eq!(refusal["jsonrpc"], "2.0");
    assert_eq!(control.only_terminal("r1").json()["result"]["done"], true);
    assert_eq!(
        control.posts_of("r1").len(),
        1,
        "nothing of it reached the service: {:#?}",
        control.posts_of("r1")
    );
}

#[test]
fn with_the_capability_a_request_travels_to_the_caller_and_its_answer_back() {
    let (control, mcp) = (ControlPlane::http(), asking(SAMPLING));
    control.offer_server_requests();
    let _client = ClientBuilder::new(&control).server(mcp.url()).workers(2).start();
    control.push(call("r1"));
    let asked = eventually("the server's request", || control.posts_of("r1").into_iter().next());
    assert_eq!(
        (asked.resp_type.as_str(), asked.resp_json.as_deref()),
        ("jsonrpc_notify", Some(SAMPLING))
    );

    let reply = r#"{"result":{"role":"assistant","x":1.50},"id":"srv-1","jsonrpc":"2.0"}"#;
    control.push(
        Command::message("a1", reply)
            .header("Mcp-Session-Id", "session-1")
            .header("Authorization", "Bearer end-user"),
    );
    let ack = control.only_terminal("a1");
    assert_eq!((ack.resp_type.as_str(), ack.resp_code), ("notify_ack", 202), "{ack:#?}");
    assert_eq!(ack.resp_json, None);
    answer_at(&mcp, &json!("srv-1"));
    assert_eq!(mcp.await_forwarded("a1").text(), reply, "the answer's bytes changed");
    assert_eq!(control.only_terminal("r1").json()["result"]["done"], true);
}

#[test]
fn an_answer_gets_through_although_every_worker_waits_for_one() {
    let (control, mcp) = (ControlPlane::http(), asking(SAMPLING));
    control.offer_server_requests();
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .workers(1)
        .env("CONTROL_PLANE_MAX_INFLIGHT_REQUESTS", "1")
        .start();
    control.push_all([call("r1"), call("r2"), call("r3"), call("r4")]);
    eventually("the server's request", || control.posts_of("r1").into_iter().next());
    // The service puts answers in front of its queue.
    let reply = Command::message("a1", r#"{"jsonrpc":"2.0","id":"srv-1","result":{}}"#)
        .header("Mcp-Session-Id", "session-1")
        .header("Authorization", "Bearer end-user");
    control.push_front(reply);
    control.terminal("a1");
    for id in ["r1", "r2", "r3", "r4"] {
        assert_eq!(control.terminal(id).json()["result"]["done"], true);
    }
}

#[test]
fn an_answer_nobody_waits_for_is_still_acknowledged_once() {
    let (control, mcp) = (ControlPlane::http(), McpServer::always(Answer::empty(404)));
    control.offer_server_requests();
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::message(
        "a1",
        r#"{"jsonrpc":"2.0","id":"stale","error":{"code":-1,"message":"no"}}"#,
    ));
    control.only_terminal("a1");
    assert_eq!(control.posts_of("a1").len(), 1);
}

/// A stdio server that asks in the middle of a call and puts what it was told into the answer.
const ASKING_CHILD: &str = r#"
waiting = {}
def on(message):
    if message.get("method") == "tools/call":
        kind = message["params"].get("ask", "sampling/createMessage")
        waiting["srv-1"] = message
        send({"jsonrpc": "2.0", "id": "srv-1", "method": kind, "params": {"p": 1}})
    elif "method" not in message:
        answer(waiting.pop(message["id"]), {"told": message})
"#;

#[test]
fn a_childs_request_is_refused_without_the_capability() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(ASKING_CHILD));
    let _client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    let post = control.call(Command::call("r1", "tools/call", "{}"), "r1");
    let told = &post.json()["result"]["told"];
    assert!(told["id"] == "srv-1" && told["error"]["code"].is_i64(), "{post:#?}");

    let post = control.call(Command::call("r2", "tools/call", r#"{"ask":"ping"}"#), "r2");
    assert_eq!(
        post.json()["result"]["told"],
        json!({"jsonrpc": "2.0", "id": "srv-1", "result": {}}),
        "{post:#?}"
    );
    assert_eq!(child.starts().len(), 1);
    assert!(control.posts().iter().all(Post::is_terminal), "{:#?}", control.posts());
}

#[test]
fn a_childs_request_travels_to_the_only_caller_there_is() {
    let (control, child) = (ControlPlane::http(), StdioServer::with(ASKING_CHILD));
    control.offer_server_requests();
    let _client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    control.push(Command::call("r1", "tools/call", "{}"));
    let asked = eventually("the child's request", || {
        control.posts_of("r1").into_iter().find(|post| !post.is_terminal())
    });
    assert_eq!(asked.json()["method"], "sampling/createMessage");
    assert_eq!(asked.json()["params"], json!({"p": 1}));
    let id = asked.json()["id"].to_string();
    control.push(Command::message(
        "a1",
        format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{"text":"hello"}}}}"#),
    ));
    let ack = control.only_terminal("a1");
    assert_eq!(ack.resp_type, "notify_ack", "{ack:#?}");
    assert!((200..300).contains(&ack.resp_code), "{ack:#?}");
    let told = control.only_terminal("r1").json()["result"]["told"].clone();
    assert_eq!(
        told,
        json!({"jsonrpc": "2.0", "id": "srv-1", "result": {"text": "hello"}})
    );
}

#[test]
fn a_childs_request_that_could_be_anyones_is_refused() {
    let script = r#"
calls = []
def on(message):
    if message.get("method") == "tools/call":
        calls.append(message)
        if len(calls) == 2:
            send({"jsonrpc": "2.0", "id": "srv-1", "method": "elicitation/create", "params": {}})
    elif "method" not in message:
        for call in calls:
            answer(call, {"told": message})
"#;
    let (control, child) = (ControlPlane::http(), StdioServer::with(script));
    control.offer_server_requests();
    let _client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    control.push_all([
        Command::call("r1", "tools/call", "{}"),
        Command::call("r2", "tools/call", "{}"),
    ]);
    for id in ["r1", "r2"] {
        let post = control.only_terminal(id);
        assert!(post.json()["result"]["told"]["error"].is_object(), "{post:#?}");
    }
    assert!(
        control.posts().iter().all(Post::is_terminal),
        "someone was asked: {:#?}",
        control.posts()
    );
}

#[test]
fn an_answer_to_a_question_that_was_not_asked_does_not_reach_the_child() {
    let (control, child) = (ControlPlane::http(), StdioServer::echo());
    control.offer_server_requests();
    let _client = ClientBuilder::new(&control).command(child.command()).start();
    control.introduce();
    control.push(Command::message(
        "a1",
        r#"{"jsonrpc":"2.0","id":"forged","result":{"evil":true}}"#,
    ));
    control.only_terminal("a1");
    control.call(Command::call("r1", "tools/call", "{}"), "r1");
    assert!(!child.received_text().contains("forged"), "{}", child.received_text());
}
