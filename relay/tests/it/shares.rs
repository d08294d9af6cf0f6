//! A single key cannot take all that others need: bodies, polls, answers, calls.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::{Connection, Request, Sipping};
use crate::support::pace::pause;
use crate::support::relay::Relay;
use crate::support::scratch::Scratch;
use crate::support::*;

/// A relay with two tunnels.
fn relay() -> Relay {
    Relay::start(&["--tunnel", OTHER_TUNNEL])
}

/// The request of another key, and for the other tunnel.
fn on_other_tunnel(request: Request) -> Request {
    let mut request = request;
    request.path = request.path.replace(TUNNEL, OTHER_TUNNEL);
    request.with_key(TIED_KEY)
}

/// The client takes a call and answers it.
fn is_answered(relay: &Relay, change: &dyn Fn(Request) -> Request, caller_key: &str) {
    // What came before may have taken longer than a client counts as connected.
    assert_eq!(relay.send(&change(poll("timeout_ms=1&channel=none"))).status, 204);
    let caller = send_aside(relay, change(call(1, "m")).with_key(caller_key));
    let answer = relay.send(&change(poll("timeout_ms=20000")));
    assert_eq!(answer.status, 200, "{answer:?}");
    let command: Value = answer.json()["commands"][0].clone();
    let answer = relay.send(&change(result(&command, json!({"n": 1}))));
    assert_eq!(answer.status, 200, "{answer:?}");
    let answer = receive(&caller);
    assert_eq!(answer.status, 200, "{answer:?}");
}

fn show_up_everywhere(relay: &Relay) {
    show_up(relay);
    assert_eq!(relay.send(&on_other_tunnel(poll("timeout_ms=1"))).status, 204);
}

/// The head of a request whose body is announced and not sent.
fn announced(request: &Request, size: usize, host: &str) -> Vec<u8> {
    let bodiless = Request {
        body: Vec::new(),
        ..request.clone()
    };
    let text = String::from_utf8(bodiless.bytes(host)).unwrap();
    text.replace("Content-Length: 0", &format!("Content-Length: {size}"))
        .into_bytes()
}

/// Connections with bodies that are complete except for their last byte.
fn unfinished(relay: &Relay, request: &Request, size: usize, count: usize) -> Vec<Connection> {
    let body = vec![b' '; size - 1];
    (0..count)
        .map(|_| {
            let mut connection = relay.connect();
            assert!(connection.write_raw(&announced(request, size, &relay.addr.to_string())));
            assert!(connection.write_raw(&body));
            connection
        })
        .collect()
}

#[test]
fn unfinished_bodies_of_one_caller_leave_memory_to_others() {
    let relay = relay();
    show_up_everywhere(&relay);
    // More than the memory for all bodies.
    let _unfinished = unfinished(&relay, &call(1, "m"), 4 << 20, 130);
    is_answered(&relay, &|request| request, OTHER_CALL_KEY);
    is_answered(&relay, &on_other_tunnel, TIED_KEY);
}

#[test]
fn unfinished_answers_of_one_client_leave_memory_to_other_tunnels() {
    let relay = relay();
    show_up_everywhere(&relay);
    let _caller = waiting_call(&relay, &call(1, "m"));
    let answer = result(&command(&relay), json!({}));
    let _unfinished = unfinished(&relay, &answer, 60 << 20, 10);
    is_answered(&relay, &on_other_tunnel, TIED_KEY);
}

#[test]
fn waiting_polls_of_one_client_leave_room_for_those_of_another() {
    let relay = relay();
    let greedy = on_other_tunnel(poll("timeout_ms=60000")).with_key(USE_KEY);
    let mut polls: Vec<Connection> = (0..65).map(|_| waiting_call(&relay, &greedy)).collect();
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        let brief = Duration::from_millis(5);
        if let Some(answer) = polls.iter_mut().find_map(|poll| poll.answer_within(brief)) {
            break answer;
        }
        assert!(Instant::now() < until);
    };
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
    assert_eq!(relay.send(&on_other_tunnel(poll("timeout_ms=1"))).status, 204);
}

#[test]
fn lists_that_a_manager_does_not_read_are_counted() {
    let scratch = Scratch::new();
    let tunnels: Vec<Value> = (0..5000)
        .map(|number| {
            json!({"id": format!("tunnel_{number:032}"), "name": "n", "description": "d".repeat(4000), "created_at": ""})
        })
        .collect();
    let file = scratch.file("tunnels.json", &json!({"tunnels": tunnels}).to_string());
    let relay = Relay::start(&["--tunnels-file", &file.display().to_string()]);
    show_up(&relay);
    let list = Request::new("GET", "/v1/tunnels").key(MANAGE_KEY);
    // 20 MiB each.
    let mut unread = Vec::new();
    loop {
        let mut connection = Connection::narrow(relay.addr);
        connection.write(&list);
        match connection.head().status {
            200 => unread.push(Sipping::start(connection)),
            status => break assert_eq!(status, 503),
        }
        assert!(unread.len() < 30, "lists are not counted while they are sent");
    }
    is_answered(&relay, &|request| request, CALL_KEY);
}

#[test]
fn bodies_that_stop_or_trickle_are_refused_whatever_announces_them() {
    let relay = relay();
    let host = relay.addr.to_string();
    let call = call(1, "m");
    let head = String::from_utf8(announced(&call, 1000, &host)).unwrap();
    let chunked = head.replace("Content-Length: 1000", "Transfer-Encoding: chunked");
    let begun = Instant::now();
    let mut connections: Vec<Connection> = [
        format!("{head}xx"),
        format!("{chunked}2\r\nxx\r\n"),
        format!("{chunked}fff\r\nxx"),
        head.replace("\r\n\r\n", "\r\nExpect: 100-continue\r\n\r\n"),
        head.replace("HTTP/1.1", "HTTP/1.0"),
        // Trickles below.
        head.clone(),
        format!("{chunked}3e8\r\n"),
    ]
    .iter()
    .map(|text| {
        let mut connection = relay.connect();
        assert!(connection.write_raw(text.as_bytes()));
        connection
    })
    .collect();
    // A byte every two seconds, which never pauses for as long as the grace time.
    while begun.elapsed() < Duration::from_secs(40) {
        pause("bytes that trickle", Duration::from_secs(2));
        let taken: Vec<bool> = connections[5..]
            .iter_mut()
            .map(|connection| connection.write_raw(b"x"))
            .collect();
        if taken.contains(&false) {
            break;
        }
    }
    for (number, connection) in connections.iter_mut().enumerate() {
        let mut answer = connection.head();
        if answer.status == 100 {
            answer = connection.head();
        }
        assert_eq!(answer.status, 408, "{number}");
        connection.wait_for_end();
    }
}
