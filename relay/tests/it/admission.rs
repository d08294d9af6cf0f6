//! Admission of connections, and how long they keep their place.

use std::net::TcpStream;

use serde_json::json;

use crate::support::client::*;
use crate::support::http::{Answer, Connection, Request};
use crate::support::relay::Relay;
use crate::support::scratch::Scratch;
use crate::support::tls::{Authority, connect};
use crate::support::*;

fn health() -> Request {
    Request::new("GET", "/healthz")
}

/// Connections that have sent a request and shown no key.
fn anonymous(relay: &Relay, source: [u8; 4], count: usize) -> Vec<Connection> {
    (0..count)
        .map(|_| {
            let mut connection = Connection::from_address(source, relay.addr);
            assert_eq!(connection.exchange(&health()).status, 200);
            connection
        })
        .collect()
}

#[test]
fn a_flood_without_a_key_takes_no_place_of_known_peers() {
    let mut relay = Relay::start(&["--max-connections", "40", "--max-anonymous-per-address", "0"]);
    let mut client = relay.connect();
    assert_eq!(client.exchange(&poll("timeout_ms=1")).status, 204);
    // More than all places; the oldest are closed, for these and for later ones.
    let mut flood = anonymous(&relay, [127, 0, 0, 2], 100);
    flood[0].wait_for_end();
    let caller = send_aside(&relay, call(1, "m"));
    let answer = client.exchange(&poll("timeout_ms=20000"));
    let command = answer.json()["commands"][0].clone();
    assert_eq!(client.exchange(&result(&command, json!({}))).status, 200);
    assert_eq!(receive(&caller).status, 200);
    // One line stands for many.
    relay.line("connection without a key closed to make room for another");
    relay.terminate();
    let lines = relay.all_lines();
    assert!(lines.matches("closed to make room").count() < 50, "{lines}");
}

#[test]
fn the_oldest_connection_without_a_key_of_a_full_address_gives_way_and_other_addresses_are_not_concerned() {
    let relay = Relay::start(&["--max-anonymous-per-address", "3"]);
    let mut other = anonymous(&relay, [127, 0, 0, 3], 1).remove(0);
    let mut known = Connection::from_address([127, 0, 0, 2], relay.addr);
    assert_eq!(known.exchange(&poll("timeout_ms=1")).status, 204);
    let mut crowd = anonymous(&relay, [127, 0, 0, 2], 4);
    crowd[0].wait_for_end();
    for connection in crowd[1..].iter_mut().chain([&mut other, &mut known]) {
        assert_eq!(connection.exchange(&health()).status, 200);
    }
}

#[test]
fn a_connection_is_idle_for_a_few_seconds_until_it_shows_a_key() {
    let relay = Relay::start(&[]);
    let mut known = relay.connect();
    assert_eq!(known.exchange(&poll("timeout_ms=1")).status, 204);
    let mut wrong = relay.connect();
    let request = Request::new("GET", "/v1/tunnels").key("no-key-of-this-relay");
    assert_eq!(wrong.exchange(&request).status, 401);
    let mut probe = anonymous(&relay, [127, 0, 0, 1], 1).remove(0);
    // A head that never ends, with a key in it that was not checked.
    let mut slow = relay.connect();
    assert!(slow.write_raw(format!("GET /healthz HTTP/1.1\r\nAuthorization: Bearer {USE_KEY}\r\n").as_bytes()));
    let mut silent = relay.connect();
    for connection in [&mut wrong, &mut probe, &mut slow, &mut silent] {
        connection.wait_for_end();
    }
    assert_eq!(known.exchange(&health()).status, 200);
}

#[test]
fn a_slow_head_ends_a_connection_that_has_shown_a_key() {
    let relay = Relay::start(&[]);
    let mut known = relay.connect();
    assert_eq!(known.exchange(&poll("timeout_ms=1")).status, 204);
    assert!(known.write_raw(b"GET /healthz HTTP/1.1\r\n"));
    known.wait_for_end();
}

#[test]
fn handshakes_that_stall_give_way_to_those_that_do_not() {
    let (authority, scratch) = (Authority::new(), Scratch::new());
    let (cert, key) = authority.server().store(&scratch, "server");
    let args = ["--tls-cert", &cert, "--tls-key", &key, "--max-connections", "40"];
    let relay = Relay::start(&[&args[..], &["--max-anonymous-per-address", "4"]].concat());
    let mut client = connect(relay.addr, &authority, None).unwrap();
    assert_eq!(client.exchange(&poll("timeout_ms=1")).status, 204);
    // Some send nothing, some send the beginning of a request.
    let stalled: Vec<TcpStream> = (0..100)
        .map(|number| {
            let mut socket = TcpStream::connect(relay.addr).unwrap();
            if number % 2 == 0 {
                let _ = std::io::Write::write_all(&mut socket, &[22, 3, 1, 2, 0, 1]);
            }
            socket
        })
        .collect();
    for _ in 0..10 {
        let mut caller = connect(relay.addr, &authority, None).unwrap();
        caller.write(&call(1, "m"));
        let command = client.exchange(&poll("timeout_ms=20000")).json()["commands"][0].clone();
        assert_eq!(client.exchange(&result(&command, json!({}))).status, 200);
        assert_eq!(caller.answer().status, 200);
    }
    drop(stalled);
}

#[test]
fn a_key_with_many_connections_leaves_some_to_others_and_loses_idle_ones_first() {
    let relay = Relay::start(&["--max-connections", "40", "--max-anonymous-per-address", "0"]);
    let mut client = relay.connect();
    assert_eq!(client.exchange(&poll("timeout_ms=1")).status, 204);
    let mut idle = relay.connect();
    assert_eq!(idle.exchange(&with_call_key()).status, 404);
    let mut waiting = Vec::new();
    let refused = loop {
        let mut caller = waiting_call(&relay, &call(1, "m"));
        if let Some(answer) = answered_or_taken(&mut client, &mut caller) {
            break answer;
        }
        waiting.push(caller);
        assert!(waiting.len() < 40);
    };
    assert_eq!(
        (refused.status, refused.rpc_code().as_str()),
        (429, "rate_limit_exceeded")
    );
    // Half of the 32 that are for known peers, of which the client has one.
    assert_eq!(waiting.len(), 15);
    idle.wait_for_end();
    let mut other = waiting_call(&relay, &call(2, "m").with_key(OTHER_CALL_KEY));
    assert!(answered_or_taken(&mut client, &mut other).is_none());
    assert_eq!(relay.send(&poll("timeout_ms=1&channel=none")).status, 204);
}

/// Waits until a call is refused, which is returned, or its command is taken by the client.
fn answered_or_taken(client: &mut Connection, caller: &mut Connection) -> Option<Answer> {
    let until = std::time::Instant::now() + PATIENCE;
    loop {
        if client.exchange(&poll("timeout_ms=1")).status == 200 {
            return None;
        }
        if let Some(answer) = caller.answer_within(std::time::Duration::from_millis(5)) {
            return Some(answer);
        }
        assert!(std::time::Instant::now() < until);
    }
}

/// Request that is answered at once and shows the callers' key.
fn with_call_key() -> Request {
    let mut request = call(1, "m");
    request.path = format!("/v1/mcp/{NO_TUNNEL}");
    request
}
