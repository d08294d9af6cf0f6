//! Clients and callers that vanish: no command is lost, none is delivered twice.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::relay::Relay;
use crate::support::*;

/// Larger than what the kernel keeps of an answer that nobody reads.
const LARGE: usize = 3 << 20;

fn large_call(id: usize) -> http::Request {
    message(json!({"jsonrpc": "2.0", "id": id, "method": "m", "params": {"x": "x".repeat(LARGE)}}).to_string())
}

fn ids(commands: &[Value]) -> Vec<i64> {
    commands
        .iter()
        .map(|command| command["jsonrpc"]["id"].as_i64().unwrap())
        .collect()
}

/// Queues large calls in order.
fn queue_large(relay: &mut Relay, count: usize) -> Vec<http::Connection> {
    (1..=count)
        .map(|id| {
            let caller = waiting_call(relay, &large_call(id));
            // A poll that is broken off shows by its length which commands are there, and puts them back.
            while break_off(relay, 1000) < id * LARGE {}
            caller
        })
        .collect()
}

/// The relay serves some requests: meanwhile it sees that a connection has ended.
fn give_time_to_see_it(relay: &Relay) {
    for _ in 0..50 {
        assert_eq!(relay.send(&http::Request::new("GET", "/healthz")).status, 200);
    }
}

/// Reads a part of a poll's answer and resets the connection. Returns the length that the answer was to have.
fn break_off(relay: &mut Relay, part: usize) -> usize {
    let mut connection = http::Connection::narrow(relay.addr);
    connection.write(&poll("timeout_ms=20000"));
    let head = connection.head();
    assert_eq!(head.status, 200);
    connection.some(part);
    connection.reset();
    relay.line("poll answer was not fully written");
    head.header("content-length").unwrap().parse().unwrap()
}

#[test]
fn commands_of_a_half_read_answer_go_back_in_order_and_reach_the_next_client() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let callers = queue_large(&mut relay, 2);
    break_off(&mut relay, LARGE / 2);
    break_off(&mut relay, LARGE / 2);
    let commands = commands(&relay);
    assert_eq!(ids(&commands), [1, 2]);
    for (command, mut caller) in commands.iter().zip(callers) {
        post(&relay, &result(command, json!({"ok": true})));
        assert_eq!(caller.answer().json()["result"]["ok"], true);
    }
}

#[test]
fn commands_that_come_later_stay_behind_those_given_back() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let _first = queue_large(&mut relay, 2);
    let mut connection = http::Connection::narrow(relay.addr);
    connection.write(&poll("timeout_ms=20000"));
    assert_eq!(connection.head().status, 200);
    let _later = waiting_call(&relay, &call(3, "m"));
    // It is queued when a poll that runs beside takes it: nothing else waits.
    let beside = commands(&relay);
    assert_eq!(ids(&beside), [3]);
    connection.some(1000);
    connection.reset();
    relay.line("poll answer was not fully written");
    assert_eq!(ids(&commands(&relay)), [1, 2]);
}

#[test]
fn a_command_that_was_written_and_never_answered_ends_at_its_deadline_and_is_not_delivered_again() {
    let relay = Relay::start(&["--call-timeout", "1s"]);
    show_up(&relay);
    let caller = send_aside(&relay, call("x", "m"));
    let mut connection = relay.connect();
    connection.write(&poll("timeout_ms=20000"));
    assert_eq!(connection.answer().status, 200);
    drop(connection);
    assert_eq!(relay.send(&poll("timeout_ms=300")).status, 204);
    let told = receive(&caller);
    assert_eq!(
        (told.status, told.rpc_code().as_str(), &told.json()["id"]),
        (504, "tunnel_response_timeout", &json!("x"))
    );
    assert!(
        told.text()
            .contains("a tunnel client took the request and did not answer within 1 s: check")
    );
    assert_eq!(relay.send(&poll("timeout_ms=100")).status, 204);
}

#[test]
fn a_command_that_no_client_takes_ends_at_its_deadline() {
    let relay = Relay::start(&["--call-timeout", "500ms"]);
    show_up(&relay);
    let told = relay.send(&call(1, "m"));
    assert_eq!(
        (told.status, told.rpc_code().as_str()),
        (504, "tunnel_response_timeout")
    );
    let text = "no tunnel client took the request within 500 ms: check that tunnel-client runs and its /readyz";
    assert!(told.text().contains(text), "{}", told.text());
    assert_eq!(relay.send(&poll("timeout_ms=100")).status, 204);
}

#[test]
fn a_command_that_no_client_takes_ends_soon_after_its_client_has_died() {
    let relay = Relay::start(&[]);
    let mut client = relay.connect();
    client.write(&poll("timeout_ms=60000&channel=main"));
    wait_for_client(&relay);
    let begun = Instant::now();
    client.reset();
    // Its stream has begun by then.
    let streams = send_aside(&relay, call(1, "m"));
    let told = relay.send(&call(2, "m").accepting("application/json"));
    // Without the client's end it would be 504 after two minutes.
    let code = "tunnel_client_not_connected";
    assert_eq!((told.status, told.rpc_code().as_str()), (503, code));
    let event: Value = serde_json::from_str(&receive(&streams).events()[0]).unwrap();
    assert_eq!(
        (&event["id"], &event["error"]["data"]["code"]),
        (&json!(1), &json!(code))
    );
    assert!(begun.elapsed() >= Duration::from_secs(20), "{:?}", begun.elapsed());
    assert_eq!(relay.send(&poll("timeout_ms=100")).status, 204);
}

#[test]
fn a_command_that_is_being_written_at_its_deadline_is_not_called_untaken() {
    let relay = Relay::start(&["--call-timeout", "1s"]);
    show_up(&relay);
    let caller = send_aside(&relay, large_call(1));
    let mut connection = http::Connection::narrow(relay.addr);
    connection.write(&poll("timeout_ms=20000"));
    assert_eq!(connection.head().status, 200);
    let told = receive(&caller);
    assert_eq!(told.status, 504);
    assert!(told.text().contains("may have taken it"), "{}", told.text());
}

#[test]
fn a_notification_whose_sender_leaves_is_delivered() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let text = json!({"jsonrpc": "2.0", "method": "notifications/x", "params": {"x": "x".repeat(LARGE)}});
    let sender = waiting_call(&relay, &message(text.to_string()));
    // Until it is queued.
    break_off(&mut relay, 1000);
    drop(sender);
    give_time_to_see_it(&relay);
    let polled = relay.send(&poll("timeout_ms=5000"));
    assert_eq!(polled.status, 200, "nothing waits for a client");
    let command = &polled.json()["commands"][0];
    assert_eq!(command["jsonrpc"]["method"], "notifications/x");
    post(&relay, &ack(command, 202));
}

#[test]
fn a_command_whose_caller_leaves_is_not_delivered() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    // The second caller's command shows that the first's was queued before it.
    let leaver = waiting_call(&relay, &call(1, "m"));
    let stayer = send_aside(&relay, call(2, "m"));
    drop(leaver);
    let mut seen = Vec::new();
    while !seen.contains(&2) {
        for command in commands(&relay) {
            seen.extend(ids(std::slice::from_ref(&command)));
            if command["jsonrpc"]["id"] == 2 {
                post(&relay, &result(&command, json!({})));
            } else {
                // Delivered before the relay saw the caller leave: then its answer finds nobody in the end.
                let _ = relay.send(&result(&command, json!({})));
            }
        }
    }
    assert_eq!(receive(&stayer).status, 200);
    assert_eq!(relay.send(&poll("timeout_ms=100")).status, 204);
}

#[test]
fn a_waiting_poll_whose_client_ends_its_sending_side_is_answered_at_once_and_loses_nothing() {
    let relay = Relay::start(&[]);
    let mut connection = relay.connect();
    connection.write(&poll("timeout_ms=60000&channel=main"));
    wait_for_client(&relay);
    let begun = Instant::now();
    connection.half_close();
    let answer = connection.answer();
    assert_eq!((answer.status, answer.header("connection")), (204, Some("close")));
    // It would have waited for a minute.
    assert!(begun.elapsed() < Duration::from_secs(50));
    assert!(connection.closed());
    let caller = send_aside(&relay, call(7, "m"));
    let command = command(&relay);
    post(&relay, &result(&command, json!({})));
    assert_eq!(receive(&caller).status, 200);
}

#[test]
fn a_client_that_ends_its_sending_side_while_it_is_answered_still_reads_all() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let mut caller = waiting_call(&relay, &large_call(1));
    let mut connection = http::Connection::narrow(relay.addr);
    connection.write(&poll("timeout_ms=20000"));
    let mut answer = connection.head();
    connection.half_close();
    let length = answer.header("content-length").unwrap().parse().unwrap();
    answer.body = connection.some(length);
    let command = &answer.json()["commands"][0];
    post(&relay, &result(command, json!({"ok": true})));
    assert_eq!(caller.answer().json()["result"]["ok"], true);
    assert!(connection.closed());
}

#[test]
fn a_client_that_vanishes_while_its_poll_waits_loses_nothing() {
    let relay = Relay::start(&[]);
    let mut connection = relay.connect();
    connection.write(&poll("timeout_ms=60000&channel=main"));
    wait_for_client(&relay);
    drop(connection);
    // Its end is seen before anything is given to it: the poll no longer counts, so a second one is alone.
    let caller = send_aside(&relay, call(7, "m"));
    let command = command(&relay);
    post(&relay, &result(&command, json!({})));
    assert_eq!(receive(&caller).status, 200);
}

#[test]
fn a_message_for_a_call_that_is_over_is_gone_and_one_that_proves_nothing_is_not_found() {
    let relay = Relay::start(&["--call-timeout", "1s"]);
    show_up(&relay);
    let message = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
    let refused = |request: &http::Request| {
        let answer = relay.send(request);
        (answer.status, answer.code())
    };
    let gone = (410, "tunnel_caller_gone".to_owned());

    let caller = send_aside(&relay, call(1, "m"));
    let answered = command(&relay);
    let mut forged = answered.clone();
    let token = answered["shard_token"].as_str().unwrap();
    forged["shard_token"] = format!("{}_{}", token.rsplit_once('_').unwrap().0, "0".repeat(32)).into();
    let not_found = (404, "pending_request_not_found".to_owned());
    assert_eq!(refused(&notify(&forged, message.clone())), not_found);
    post(&relay, &result(&answered, json!({})));
    assert_eq!(receive(&caller).status, 200);
    assert_eq!(refused(&notify(&answered, message.clone())), gone);
    // The token of another command proves nothing.
    forged["request_id"] = format!("req_{}", "0".repeat(32)).into();
    assert_eq!(refused(&notify(&forged, message.clone())), not_found);

    let caller = send_aside(&relay, call(2, "m"));
    let expired = command(&relay);
    assert_eq!(receive(&caller).status, 504);
    assert_eq!(refused(&notify(&expired, message)), gone);
}

#[test]
fn a_caller_without_a_stream_is_not_gone() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let caller = send_aside(&relay, call(1, "m").accepting("application/json"));
    let command = command(&relay);
    let message = json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {}});
    post(&relay, &notify(&command, message));
    post(&relay, &result(&command, json!({})));
    assert_eq!(receive(&caller).status, 200);
}
