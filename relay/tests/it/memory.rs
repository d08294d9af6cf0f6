//! Payloads are counted as long as they are in memory, wherever they wait.

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::pace::pause;
use crate::support::relay::Relay;
use crate::support::*;

/// A terminal answer of so many bytes. Its text is put together, not serialised: that takes seconds in a debug build.
fn large_result(command: &Value, bytes: usize) -> http::Request {
    let (request, id) = (&command["request_id"], &command["jsonrpc"]["id"]);
    let begin =
        format!(r#"{{"request_id":{request},"resp_code":200,"resp_json":{{"jsonrpc":"2.0","id":{id},"result":""#);
    let body = [begin.as_bytes(), &vec![b'x'; bytes], br#""}}"#].concat();
    raw_response(command, body)
}

#[test]
fn callers_that_take_their_answers_slowly_hold_what_is_counted() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    // Each keeps its answer in the relay: one key may hold 128 MiB on one tunnel.
    let mut callers = Vec::new();
    let refused = loop {
        let mut caller = http::Connection::narrow(relay.addr);
        caller.write(&call(1, "m"));
        let command = command(&relay);
        let answer = relay.send(&large_result(&command, 60 << 20));
        if answer.status != 200 {
            break answer;
        }
        caller.head();
        // Slow, not stopped: stopped ones are cut off.
        callers.push(http::Sipping::start(caller));
        assert!(callers.len() < 12, "answers are not counted while they are sent");
    };
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (503, "tunnel_transport_unavailable")
    );
    // What leaves is free again.
    callers.clear();
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        let mut caller = waiting_call(&relay, &call(1, "m"));
        let command = command(&relay);
        // More than what was left while the answers were held.
        if relay.send(&large_result(&command, 10 << 20)).status == 200 {
            assert_eq!(caller.head().status, 200);
            return;
        }
        drop(caller);
        assert!(std::time::Instant::now() < until);
    }
}

#[test]
fn a_small_message_in_a_large_body_holds_what_it_needs_only() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let mut caller = http::Connection::narrow(relay.addr);
    caller.write(&call(1, "m"));
    let command = command(&relay);
    let padding = " ".repeat(60 << 20);
    let body = format!(
        r#"{{"request_id":{},"resp_code":200,"resp_type":"jsonrpc_notify","resp_json":{{"jsonrpc":"2.0","method":"n"}}{padding}}}"#,
        command["request_id"]
    );
    // Together more than the 128 MiB that one key may hold on one tunnel.
    let mut client = relay.connect();
    for _ in 0..3 {
        let answer = client.exchange(&raw_response(&command, body.clone()));
        assert_eq!(answer.status, 200, "{answer:?}");
    }
    assert_eq!(client.exchange(&result(&command, json!({}))).status, 200);
    assert_eq!(caller.answer().events().len(), 4);
}

#[test]
#[ignore = "waits out bounds of 50 s; ./check --full runs it"]
fn a_caller_that_takes_its_answer_below_the_least_rate_is_cut_off() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let mut caller = http::Connection::narrow(relay.addr);
    caller.write(&call(1, "m"));
    let answer = large_result(&command(&relay), 3 << 20);
    assert_eq!(relay.send(&answer).status, 200);
    caller.head();
    // Well beyond the grace time of 30 s, which counts from the moment when the kernel has taken as much as it does.
    let begun = std::time::Instant::now();
    let mut taken = 0;
    while begun.elapsed().as_secs() < 50 {
        taken += caller.some(100).len();
        pause("a reader below the least rate", std::time::Duration::from_secs(1));
    }
    taken += caller.rest();
    assert!(taken < 3 << 20, "{taken} bytes were sent");
}
