//! One line for each call and each refusal.

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::Request;
use crate::support::relay::Relay;
use crate::support::*;

/// Whether the line has all of these parts.
fn has(line: &str, parts: &[&str]) {
    for part in parts {
        assert!(line.contains(part), "{part} in {line}");
    }
}

#[test]
fn each_call_is_one_line_with_its_key_tunnel_channel_method_status_and_time() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let tunnel = format!("tunnel={TUNNEL}");
    let answered = |relay: &mut Relay, request: Request, answer: &dyn Fn(&Value) -> Request| {
        let caller = send_aside(relay, request);
        let polled = relay.send(&poll("timeout_ms=20000"));
        post(relay, &answer(&polled.json()["commands"][0]));
        receive(&caller);
        relay.line("call answered")
    };
    let line = answered(&mut relay, call(1, "tools/call"), &|command| result(command, json!({})));
    has(
        &line,
        &[
            "INFO",
            "endpoint=mcp",
            "key=caller",
            &tunnel,
            "channel=main",
            "method=tools/call",
            "status=200",
            " ms=",
        ],
    );
    let mut other_channel = call(1, "tools/list");
    other_channel.path.push_str("/files");
    let line = answered(&mut relay, other_channel, &|command| {
        let message = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": 1, "message": "m"}});
        response(command, json!({"resp_code": 404, "resp_json": message}))
    });
    has(&line, &["channel=files", "method=tools/list", "status=404"]);
    let notification = message(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let line = answered(&mut relay, notification, &|command| ack(command, 202));
    has(&line, &["method=(notification)", "status=202"]);
    let streamed = call(1, "m").accepting("text/event-stream");
    let line = answered(&mut relay, streamed, &|command| result(command, json!({})));
    has(&line, &["method=m", "status=200"]);
    let end = Request::new("DELETE", &mcp())
        .key(CALL_KEY)
        .header("Mcp-Session-Id", "s");
    let line = answered(&mut relay, end, &|command| {
        response(command, json!({"resp_type": "session_termination_response"}))
    });
    has(&line, &["method=\"(end of session)\"", "status=200"]);
}

#[test]
fn a_call_whose_caller_leaves_is_a_line_before_and_after_its_stream_began() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let early = waiting_call(&relay, &call(1, "early"));
    command(&relay);
    drop(early);
    has(&relay.line("call abandoned by its caller"), &["method=early", " ms="]);
    let mut late = waiting_call(&relay, &call(1, "late"));
    let taken = command(&relay);
    post(&relay, &notify(&taken, json!({"jsonrpc": "2.0", "method": "n"})));
    late.head();
    drop(late);
    // Whether it is gone shows when something is written to it.
    let _ = relay.send(&notify(&taken, json!({"jsonrpc": "2.0", "method": "n"})));
    has(&relay.line("call abandoned by its caller"), &["method=late"]);
}

#[test]
fn a_method_cannot_write_a_line_of_its_own_and_a_long_one_is_cut() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let evil = "x\n2026-01-01T00:00:00.000Z INFO relay stopped\u{202e}\u{1b}[2J";
    for (method, logged) in [
        (
            evil,
            "method=\"x\\n2026-01-01T00:00:00.000Z INFO relay stopped\\u{202e}\\u{1b}[2J\"",
        ),
        (&"y".repeat(200), &format!("method={} ", "y".repeat(64))),
    ] {
        let caller = send_aside(&relay, call(1, method));
        let command = command(&relay);
        post(&relay, &result(&command, json!({})));
        receive(&caller);
        has(&relay.line("call answered"), &[logged]);
    }
}

#[test]
fn refusals_name_key_or_peer_and_cause_and_never_the_key_that_was_sent() {
    let mut relay = Relay::start(&[]);
    let wrong = "not-a-key-of-this-relay";
    let request = call(1, "tools/call").without("Authorization");
    assert_eq!(relay.send(&request.clone().key(wrong)).status, 401);
    let line = relay.line("request refused");
    has(
        &line,
        &[
            "WARN",
            "endpoint=mcp",
            "peer=127.0.0.1:",
            "status=401",
            "error=invalid_api_key",
        ],
    );
    has(&line, &[&format!("tunnel={TUNNEL}")]);
    assert_eq!(relay.send(&call(1, "tools/call")).status, 503);
    let line = relay.line("request refused");
    has(
        &line,
        &[
            "key=caller",
            "method=tools/call",
            "status=503",
            "error=tunnel_client_not_connected",
        ],
    );
    assert!(!line.contains("peer="));
    // What every SDK asks, and is answered with 405, is no line: the next one is that of the poll.
    assert_eq!(relay.send(&Request::new("GET", &mcp()).key(CALL_KEY)).status, 405);
    let poll = Request::new("GET", &format!("/v1/tunnels/{TUNNEL}/poll")).key(CALL_KEY);
    assert_eq!(relay.send(&poll).status, 401);
    has(
        &relay.line("request refused"),
        &["endpoint=poll", "key=caller", "error=tunnel_use_forbidden"],
    );
    let mut elsewhere = call(1, "m");
    elsewhere = elsewhere.header("Origin", "https://evil.example");
    assert_eq!(relay.send(&elsewhere).status, 403);
    has(
        &relay.line("request refused"),
        &["error=origin_not_allowed", "origin=https://evil.example"],
    );
    let elsewhere = call(1, "m").header("Host", "other.example");
    assert_eq!(relay.send(&elsewhere).status, 403);
    has(
        &relay.line("request refused"),
        &["error=host_not_allowed", "host=other.example"],
    );
    relay.terminate();
    assert!(!relay.all_lines().contains(wrong));
}

#[test]
fn a_flood_of_refusals_is_a_few_lines_and_a_count_and_hides_no_other_kind() {
    let mut relay = Relay::start(&[]);
    let mut connection = relay.connect();
    // All at once: what takes a second each is no flood.
    let request = Request::new("GET", "/v1/tunnels").key("not-a-key-of-this-relay");
    let flood = request.bytes(&relay.addr.to_string()).repeat(200);
    assert!(connection.write_raw(&flood));
    for _ in 0..200 {
        assert_eq!(connection.answer().status, 401);
    }
    assert_eq!(relay.send(&call(1, "m")).status, 503);
    relay.line("tunnel_client_not_connected");
    relay.line("further requests refused");
    relay.terminate();
    let lines = relay.all_lines();
    let lines = || lines.lines().filter(|line| line.contains("error=invalid_api_key"));
    let written = lines().filter(|line| line.contains("request refused")).count();
    let suppressed: usize = lines()
        .filter_map(|line| line.split("suppressed=").nth(1)?.parse::<usize>().ok())
        .sum();
    // However long they took, each is written or counted.
    assert_eq!(written + suppressed, 200);
    assert!(suppressed > 0);
}
