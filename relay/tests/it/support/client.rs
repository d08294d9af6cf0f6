//! A tunnel client by hand: polls and posts what a test says.

use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::http::{Answer, Connection, Request};
use super::relay::Relay;
use super::{CALL_KEY, PATIENCE, TUNNEL, USE_KEY};

/// The path of an MCP endpoint.
pub fn mcp() -> String {
    format!("/v1/mcp/{TUNNEL}")
}

/// A poll.
pub fn poll(query: &str) -> Request {
    Request::new("GET", &format!("/v1/tunnels/{TUNNEL}/poll?{query}")).key(USE_KEY)
}

/// An answer to a command.
pub fn response(command: &Value, payload: Value) -> Request {
    let mut body = json!({"request_id": command["request_id"], "resp_code": 200});
    body.as_object_mut()
        .unwrap()
        .extend(payload.as_object().unwrap().clone());
    raw_response(command, body.to_string())
}

/// An answer with a body as it is.
pub fn raw_response(command: &Value, body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", &format!("/v1/tunnels/{TUNNEL}/response"))
        .key(USE_KEY)
        .header("X-Tunnel-Shard-Token", command["shard_token"].as_str().unwrap())
        .json(body)
}

/// The terminal answer to a call.
pub fn result(command: &Value, result: Value) -> Request {
    let message = json!({"jsonrpc": "2.0", "id": command["jsonrpc"]["id"], "result": result});
    response(command, json!({"resp_json": message}))
}

/// A server's message before it.
pub fn notify(command: &Value, message: Value) -> Request {
    response(command, json!({"resp_type": "jsonrpc_notify", "resp_json": message}))
}

/// The acknowledgement of a notification.
pub fn ack(command: &Value, status: u16) -> Request {
    response(command, json!({"resp_type": "notify_ack", "resp_code": status}))
}

/// A message of a caller that takes both forms.
pub fn message(body: impl Into<Vec<u8>>) -> Request {
    Request::new("POST", &mcp())
        .key(CALL_KEY)
        .header("Accept", "application/json, text/event-stream")
        .json(body)
}

/// A call of a method.
pub fn call(id: impl Into<Value>, method: &str) -> Request {
    message(json!({"jsonrpc": "2.0", "id": id.into(), "method": method}).to_string())
}

/// A relay with a client that was seen.
pub fn relay_with_client() -> Relay {
    let relay = Relay::start(&[]);
    show_up(&relay);
    relay
}

/// Makes the relay believe in a client, as a short poll does.
pub fn show_up(relay: &Relay) {
    assert_eq!(relay.send(&poll("timeout_ms=1")).status, 204);
}

/// Waits until the relay holds a poll: then a caller no longer hears at once that no client is there.
pub fn wait_for_client(relay: &Relay) {
    let until = Instant::now() + PATIENCE;
    // On a channel that nobody serves; the command goes with its connection.
    let mut probe = call(0, "probe");
    probe.path = format!("{}/probe", mcp());
    while waiting_call(relay, &probe)
        .answer_within(Duration::from_millis(50))
        .is_some()
    {
        assert!(Instant::now() < until);
    }
}

/// Polls until there are commands for the main channel.
pub fn commands(relay: &Relay) -> Vec<Value> {
    loop {
        let answer = relay.send(&poll("timeout_ms=5000&channel=main"));
        if answer.status == 200 {
            return answer.json()["commands"].as_array().unwrap().clone();
        }
        assert_eq!(answer.status, 204, "{answer:?}");
    }
}

/// Polls until there is one command.
pub fn command(relay: &Relay) -> Value {
    let mut commands = commands(relay);
    assert_eq!(commands.len(), 1, "{commands:?}");
    commands.remove(0)
}

/// Sends a request on a connection and a thread of its own.
pub fn send_aside(relay: &Relay, request: Request) -> Receiver<Answer> {
    let (sender, answers) = channel();
    let mut connection = relay.connect();
    connection.write(&request);
    std::thread::spawn(move || {
        let answer = connection.answer();
        super::contract::check(&request, &answer);
        let _ = sender.send(answer);
    });
    answers
}

/// Waits for what was sent aside.
pub fn receive(answers: &Receiver<Answer>) -> Answer {
    answers.recv_timeout(PATIENCE).unwrap()
}

/// Posts and expects to be taken.
pub fn post(relay: &Relay, request: &Request) {
    let answer = relay.send(request);
    assert_eq!((answer.status, answer.text()), (200, r#"{"status":"ok"}"#));
}

/// A connection on which a call waits; the call's command was queued when this returns.
pub fn waiting_call(relay: &Relay, request: &Request) -> Connection {
    let mut connection = relay.connect();
    connection.write(request);
    connection
}
