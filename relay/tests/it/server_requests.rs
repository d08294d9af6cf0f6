//! Requests that MCP servers make to callers: sampling, elicitation, roots, ping.

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::{Answer, Connection, Request};
use crate::support::relay::Relay;
use crate::support::*;

fn sampling(id: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "sampling/createMessage", "params": {}})
}

fn answer_to(id: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "result": {"said": "hi"}})
}

/// A call of the session `s` into which a server has sent a request with this id.
fn asked(relay: &Relay, id: Value) -> (Connection, Value) {
    let mut caller = waiting_call(relay, &call(1, "m").header("Mcp-Session-Id", "s"));
    let command = command(relay);
    post(relay, &notify(&command, sampling(id.clone())));
    assert_eq!(caller.head().status, 200);
    let event = String::from_utf8(caller.chunk().unwrap()).unwrap();
    assert!(event.contains("sampling/createMessage"), "{event}");
    (caller, command)
}

fn refused(answer: &Answer) -> bool {
    (answer.status, answer.rpc_code().as_str()) == (400, "unknown_server_request")
}

#[test]
fn the_callers_response_travels_back_and_the_call_goes_on() {
    let relay = relay_with_client();
    let (mut caller, call) = asked(&relay, json!(9_007_199_254_740_993_u64));
    let body = r#"{"result":{"said": "hi"} ,"id":9007199254740993,"jsonrpc":"2.0"}"#;
    let responder = send_aside(&relay, message(body).header("Mcp-Session-Id", "s"));
    let polled = relay.send(&poll("timeout_ms=5000"));
    assert!(polled.text().contains(body));
    let command = polled.json()["commands"][0].clone();
    assert_eq!(
        (&command["command_type"], &command["headers"]["Mcp-Session-Id"]),
        (&json!("jsonrpc"), &json!(["s"]))
    );
    assert!(responder.try_recv().is_err());
    post(&relay, &ack(&command, 202));
    let answer = receive(&responder);
    assert_eq!((answer.status, answer.body.len()), (202, 0));
    post(&relay, &result(&call, json!({})));
    assert!(String::from_utf8(caller.chunk().unwrap()).unwrap().contains("result"));
}

#[test]
fn a_response_goes_before_calls_that_wait() {
    let relay = relay_with_client();
    let (_caller, _call) = asked(&relay, json!("a"));
    let _others: Vec<_> = (10..14).map(|id| waiting_call(&relay, &call(id, "m"))).collect();
    // All of them are there when a poll that is given back has seen them; here it is enough that some are.
    let _responder = send_aside(
        &relay,
        message(answer_to(json!("a")).to_string()).header("Mcp-Session-Id", "s"),
    );
    let mut before = 0;
    loop {
        let commands = relay.send(&poll("timeout_ms=5000&limit=25")).json()["commands"]
            .as_array()
            .unwrap()
            .clone();
        if let Some(place) = commands.iter().position(|command| command["jsonrpc"]["id"] == "a") {
            assert_eq!(place, 0, "{commands:?}");
            return;
        }
        before += commands.len();
        assert!(before <= 4);
    }
}

#[test]
fn a_response_is_taken_once_and_only_for_a_request_that_waits() {
    let relay = relay_with_client();
    let (_caller, _call) = asked(&relay, json!("a"));
    let respond = |id: Value| message(answer_to(id).to_string()).header("Mcp-Session-Id", "s");
    assert!(refused(&relay.send(&respond(json!("b")))));
    let first = send_aside(&relay, respond(json!("a")));
    post(&relay, &ack(&command(&relay), 202));
    assert_eq!(receive(&first).status, 202);
    assert!(refused(&relay.send(&respond(json!("a")))));
}

#[test]
fn nobody_else_may_answer() {
    let relay = relay_with_client();
    let (_caller, _call) = asked(&relay, json!("a"));
    let response = || message(answer_to(json!("a")).to_string());
    assert!(refused(&relay.send(&response().header("Mcp-Session-Id", "another"))));
    assert!(refused(&relay.send(&response())));
    let mut other_channel = response().header("Mcp-Session-Id", "s");
    other_channel.path = format!("{}/tools", mcp());
    assert!(refused(&relay.send(&other_channel)));
    let mut other_key = response().header("Mcp-Session-Id", "s");
    other_key.headers[0].1 = format!("Bearer {OTHER_CALL_KEY}");
    assert!(refused(&relay.send(&other_key)));
    assert_eq!(relay.send(&poll("timeout_ms=50")).status, 204);
}

#[test]
fn a_response_whose_sender_leaves_is_delivered() {
    let relay = relay_with_client();
    let (_caller, _call) = asked(&relay, json!("a"));
    let response = message(answer_to(json!("a")).to_string()).header("Mcp-Session-Id", "s");
    // Sent twice: that one is refused shows that the other is accepted.
    let mut senders = [waiting_call(&relay, &response), waiting_call(&relay, &response)];
    let until = std::time::Instant::now() + PATIENCE;
    let answer = loop {
        assert!(std::time::Instant::now() < until);
        let brief = std::time::Duration::from_millis(20);
        if let Some(answer) = senders.iter_mut().find_map(|sender| sender.answer_within(brief)) {
            break answer;
        }
    };
    assert!(refused(&answer));
    drop(senders);
    give_time_to_see_it(&relay);
    let polled = relay.send(&poll("timeout_ms=5000"));
    assert_eq!(polled.status, 200, "nothing waits for a client");
    let command = &polled.json()["commands"][0];
    assert_eq!(command["jsonrpc"], answer_to(json!("a")));
    post(&relay, &ack(command, 202));
}

#[test]
fn a_response_that_cannot_be_delivered_tells_the_servers_status() {
    let relay = relay_with_client();
    let (_caller, _call) = asked(&relay, json!("a"));
    let responder = send_aside(
        &relay,
        message(answer_to(json!("a")).to_string()).header("Mcp-Session-Id", "s"),
    );
    post(&relay, &ack(&command(&relay), 404));
    assert_eq!(receive(&responder).status, 404);
}

#[test]
fn a_request_to_a_caller_that_takes_no_stream_is_refused_to_the_server() {
    let relay = relay_with_client();
    let request = call(1, "m").header("Mcp-Session-Id", "s").header("X-Own", "1");
    let caller = send_aside(&relay, request.accepting("application/json"));
    let call = command(&relay);
    post(&relay, &notify(&call, sampling(json!("a"))));
    let refusal = command(&relay);
    assert_eq!(
        (&refusal["jsonrpc"]["id"], &refusal["jsonrpc"]["error"]["code"]),
        (&json!("a"), &json!(-32601))
    );
    assert_eq!(
        (&refusal["headers"]["Mcp-Session-Id"], &refusal["headers"]["X-Own"]),
        (&json!(["s"]), &json!(["1"]))
    );
    post(&relay, &ack(&refusal, 202));
    post(&relay, &result(&call, json!({})));
    assert_eq!(receive(&caller).status, 200);
}

#[test]
fn a_request_whose_caller_has_left_finds_nobody() {
    let relay = relay_with_client();
    let (caller, call) = asked(&relay, json!("a"));
    drop(caller);
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let answer = relay.send(&notify(&call, sampling(json!("b"))));
        if answer.status != 200 {
            break assert_eq!((answer.status, answer.code().as_str()), (410, "tunnel_caller_gone"));
        }
        assert!(std::time::Instant::now() < until);
    }
    // What existing clients take as delivered; they take 410 as a failure.
    let answer = relay.send(&result(&call, json!({})));
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (404, "pending_request_not_found")
    );
}

#[test]
fn a_full_queue_does_not_keep_a_response_out() {
    let relay = relay_with_client();
    let (_caller, _call) = asked(&relay, json!("a"));
    let _waiting: Vec<_> = (0..1024).map(|id| waiting_call(&relay, &call(id, "m"))).collect();
    let until = std::time::Instant::now() + PATIENCE;
    let mut last = Vec::new();
    let refused = loop {
        last.push(waiting_call(&relay, &call("last", "m")));
        let brief = std::time::Duration::from_millis(20);
        if let Some(answer) = last.iter_mut().find_map(|caller| caller.answer_within(brief)) {
            break answer;
        }
        assert!(std::time::Instant::now() < until && last.len() < 500);
    };
    assert_eq!(refused.status, 429);
    let responder = send_aside(
        &relay,
        message(answer_to(json!("a")).to_string()).header("Mcp-Session-Id", "s"),
    );
    let first = loop {
        let commands = relay.send(&poll("timeout_ms=5000&limit=1")).json()["commands"]
            .as_array()
            .unwrap()
            .clone();
        if commands[0]["jsonrpc"]["id"] == "a" {
            break commands[0].clone();
        }
    };
    post(&relay, &ack(&first, 202));
    assert_eq!(receive(&responder).status, 202);
}

/// The relay serves some requests: meanwhile it sees that a connection has ended.
fn give_time_to_see_it(relay: &Relay) {
    for _ in 0..50 {
        assert_eq!(relay.send(&Request::new("GET", "/healthz")).status, 200);
    }
}
