//! Web pages that call: what their browser asks before, and what it must read afterwards.

use serde_json::json;

use crate::support::client::*;
use crate::support::http::{Answer, Request};
use crate::support::relay::Relay;
use crate::support::*;

const PAGE: &str = "https://app.example";

fn relay() -> Relay {
    Relay::start(&["--allow-origin", PAGE])
}

/// What a browser sends before a page's POST: no key.
fn preflight(path: &str, origin: &str) -> Request {
    Request::new("OPTIONS", path)
        .header("Origin", origin)
        .header("Access-Control-Request-Method", "POST")
        .header(
            "Access-Control-Request-Headers",
            "authorization,content-type,mcp-session-id,x-own",
        )
}

/// The checks of the Fetch standard that an answer must pass for a page to read it.
fn can_be_read(answer: &Answer) {
    assert_eq!(answer.header("access-control-allow-origin"), Some(PAGE), "{answer:?}");
    assert_eq!(answer.header("access-control-allow-credentials"), None);
    let vary: Vec<&str> = all(answer, "vary");
    assert!(vary.iter().any(|vary| vary.contains("Origin")), "{answer:?}");
}

fn all<'a>(answer: &'a Answer, name: &str) -> Vec<&'a str> {
    let values = answer.headers.iter().filter(|(own, _)| own.eq_ignore_ascii_case(name));
    values.map(|(_, value)| value.as_str()).collect()
}

#[test]
fn a_preflight_of_an_allowed_page_is_answered_without_a_key_and_the_same_for_every_tunnel() {
    let relay = relay();
    for path in [mcp(), format!("{}/files", mcp()), format!("/v1/mcp/{NO_TUNNEL}")] {
        let answer = relay.send(&preflight(&path, PAGE));
        assert_eq!((answer.status, answer.text()), (204, ""), "{path}");
        can_be_read(&answer);
        let methods = answer.header("access-control-allow-methods").unwrap();
        assert!(methods.contains("POST") && methods.contains("DELETE"));
        assert_eq!(
            answer.header("access-control-allow-headers"),
            Some("authorization,content-type,mcp-session-id,x-own")
        );
        assert_eq!(answer.header("access-control-max-age"), Some("7200"));
    }
    let private = preflight(&mcp(), PAGE).header("Access-Control-Request-Private-Network", "true");
    let answer = relay.send(&private);
    assert_eq!(answer.header("access-control-allow-private-network"), Some("true"));
}

#[test]
fn a_preflight_of_another_page_is_refused_and_options_of_nobody_need_a_key() {
    let relay = relay();
    for origin in [
        "https://evil.example",
        "null",
        "https://app.example.evil",
        "http://app.example",
    ] {
        let answer = relay.send(&preflight(&mcp(), origin));
        assert_eq!(
            (answer.status, answer.rpc_code().as_str()),
            (403, "origin_not_allowed"),
            "{origin}"
        );
        assert!(
            answer
                .headers
                .iter()
                .all(|(name, _)| !name.starts_with("access-control"))
        );
    }
    let rebound = preflight(&mcp(), PAGE).header("Host", "evil.example");
    assert_eq!(relay.send(&rebound).rpc_code(), "host_not_allowed");
    let plain = Request::new("OPTIONS", &mcp());
    assert_eq!(relay.send(&plain).status, 401);
    assert_eq!(relay.send(&plain.key(CALL_KEY)).status, 405);
}

#[test]
fn answers_refusals_and_streams_can_be_read_by_the_page() {
    let relay = relay();
    let from_page = |request: Request| request.header("Origin", PAGE);
    for (request, status) in [
        (from_page(Request::new("POST", &mcp()).json(*b"{}")), 401),
        (from_page(call(1, "m").header("Content-Type", "text/plain")), 503),
        (from_page(message("{")), 400),
        (from_page(Request::new("GET", &mcp()).key(CALL_KEY)), 405),
    ] {
        let answer = relay.send(&request);
        assert_eq!(answer.status, status, "{answer:?}");
        can_be_read(&answer);
    }
    show_up(&relay);
    let caller = send_aside(&relay, from_page(call(1, "initialize")));
    let command = command(&relay);
    let headers = json!({"Mcp-Session-Id": ["s"], "Access-Control-Expose-Headers": ["X-Own"]});
    let message = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
    post(
        &relay,
        &response(&command, json!({"resp_json": message, "resp_headers": headers})),
    );
    let answer = receive(&caller);
    can_be_read(&answer);
    assert_eq!(answer.header("mcp-session-id"), Some("s"));
    let exposed = all(&answer, "access-control-expose-headers")
        .join(", ")
        .to_ascii_lowercase();
    for name in [
        "mcp-session-id",
        "mcp-protocol-version",
        "www-authenticate",
        "retry-after",
        "x-own",
    ] {
        assert!(exposed.contains(name), "{name} in {exposed}");
    }
    let mut stream = waiting_call(&relay, &from_page(call(1, "m")));
    let command = client::command(&relay);
    post(&relay, &notify(&command, json!({"jsonrpc": "2.0", "method": "n"})));
    let head = stream.head();
    assert_eq!(head.header("content-type"), Some("text/event-stream"));
    can_be_read(&head);
    // Who is no page gets none of this.
    let answer = relay.send(&Request::new("GET", &mcp()).key(CALL_KEY));
    assert!(
        answer
            .headers
            .iter()
            .all(|(name, _)| !name.starts_with("access-control"))
    );
}
