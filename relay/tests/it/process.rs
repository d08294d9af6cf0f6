//! The process: options, keys, URL file, log, drain.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::{self, Request};
use crate::support::relay::{Relay, run};
use crate::support::scratch::Scratch;
use crate::support::*;

fn stderr_of(args: &[&str], variables: &[(&str, &str)]) -> (Option<i32>, String) {
    let output = run(args, variables);
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn all_mistakes_are_reported_at_once_and_no_key_is_shown() {
    let key_lines = "someone everything a-very-secret-key-text";
    let args = [
        "serve",
        "--tunnels-file",
        "/proc/version",
        "--keys-file",
        "/nonexistent",
    ];
    let (code, text) = stderr_of(&args, &[("TUNNEL_RELAY_KEYS", key_lines)]);
    assert_eq!(code, Some(1));
    for part in [
        "--tunnels-file /proc/version",
        "--keys-file /nonexistent",
        "TUNNEL_RELAY_KEYS, line 1",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
    assert!(!text.contains("a-very-secret-key-text"));
}

#[test]
fn a_wrong_command_line_ends_with_status_2_and_help_with_0() {
    assert_eq!(stderr_of(&[], &[]).0, Some(2));
    assert_eq!(stderr_of(&["serve", "--nonsense"], &[]).0, Some(2));
    assert_eq!(stderr_of(&["--help"], &[]).0, Some(0));
    assert_eq!(stderr_of(&["--version"], &[]).0, Some(0));
    assert_eq!(stderr_of(&["version"], &[]), (Some(0), String::new()));
}

#[test]
fn words_of_other_tools_are_answered_with_the_command_that_does_it() {
    for (word, instead) in [
        ("status", "/healthz"),
        ("start", "tunnel-relay serve"),
        ("reload", "signal"),
        ("check", "tunnel-client doctor"),
        ("keys", "tunnel-relay keygen"),
        ("tunnels", "tunnel-client admin tunnels"),
        ("stub", "tunnel-relay mcp-stub"),
    ] {
        let (code, text) = stderr_of(&[word], &[]);
        assert_eq!(code, Some(2), "{text}");
        let hint = text.lines().last().unwrap();
        assert!(hint.starts_with("  hint: ") && hint.contains(instead), "{word}: {text}");
    }
}

#[test]
fn a_taken_address_is_named() {
    let relay = Relay::start(&[]);
    let addr = relay.addr.to_string();
    let (code, text) = stderr_of(&["serve", "--listen", &addr], &[("TUNNEL_RELAY_KEYS", &keys())]);
    assert_eq!(code, Some(1));
    assert!(text.contains(&format!("--listen {addr}")), "{text}");
}

#[test]
fn a_generated_key_opens_the_relay_and_the_file_holds_only_its_hash() {
    let output = run(&["keygen", "--name", "me", "--scopes", "read,use"], &[]);
    let text = String::from_utf8(output.stdout).unwrap();
    let [key, line] = text.lines().collect::<Vec<_>>()[..] else {
        panic!("{text}")
    };
    assert!(line.starts_with("me read,use sha256:") && !line.contains(key));
    let scratch = Scratch::new();
    let file = scratch.file("keys", &format!("# keys\n{line}\n")).display().to_string();
    let url_file = scratch.path("url");
    let relay = Relay::start_bare(
        &[
            "--tunnel",
            TUNNEL,
            "--keys-file",
            &file,
            "--url-file",
            &url_file.display().to_string(),
        ],
        "",
    );
    assert_eq!(std::fs::read_to_string(url_file).unwrap().trim(), relay.url);
    let metadata = Request::new("GET", &format!("/v1/tunnels/{TUNNEL}"));
    assert_eq!(relay.send(&metadata.clone().key(key)).status, 200);
    assert_eq!(relay.send(&metadata.key(&format!("{key}0"))).status, 401);
    assert_eq!(run(&["keygen", "--scopes", "all"], &[]).status.code(), Some(1));
}

#[test]
fn liveness_needs_no_key() {
    let relay = Relay::start(&[]);
    let answer = relay.send(&Request::new("GET", "/healthz"));
    assert_eq!((answer.status, answer.text()), (200, "live"));
    assert_eq!(relay.send(&Request::new("POST", "/healthz")).status, 405);
}

#[test]
fn json_lines_are_json_and_show_neither_keys_nor_payloads() {
    let mut relay = Relay::start(&["--log-format", "json"]);
    show_up(&relay);
    let request = message(r#"{"jsonrpc":"2.0","id":1,"method":"m","params":"the-payload"}"#);
    let caller = send_aside(&relay, request);
    let command = command(&relay);
    post(&relay, &result(&command, json!({"x": "the-payload"})));
    receive(&caller);
    relay.terminate();
    let status = relay.ended(PATIENCE);
    assert!(status.success());
    let text = relay.all_lines();
    for line in text.lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        assert!(line["time"].is_string() && line["msg"].is_string());
    }
    for secret in [
        USE_KEY,
        CALL_KEY,
        "the-payload",
        command["shard_token"].as_str().unwrap(),
    ] {
        assert!(!text.contains(secret), "{secret}");
    }
}

#[test]
fn the_end_waits_for_calls_that_a_client_has_and_refuses_the_rest() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let taken = send_aside(&relay, call("taken", "m"));
    let command = command(&relay);
    let mut client = relay.connect();
    let waiting_poll = send_aside(&relay, poll("timeout_ms=60000&channel=other"));
    let queued = send_aside(&relay, call("queued", "m"));
    // Both are there when the poll of their kind shows: one more poll would take the queued call, so ask for less.
    let until = Instant::now() + PATIENCE;
    while relay.send(&poll("timeout_ms=1&channel=other")).status != 204 {
        assert!(Instant::now() < until);
    }
    relay.terminate();
    relay.line("relay draining");
    assert_eq!(receive(&waiting_poll).status, 503);
    let refused = receive(&queued);
    assert_eq!(
        (refused.status, refused.rpc_code().as_str()),
        (503, "tunnel_transport_unavailable")
    );
    // The client's kept connection still takes the answer.
    assert_eq!(client.exchange(&result(&command, json!({"late": true}))).status, 200);
    assert_eq!(receive(&taken).json()["result"]["late"], true);
    assert!(relay.ended(PATIENCE).success());
}

/// Callers whose commands are being written to a client that reads no more than the head of its poll's answer.
fn half_written(
    relay: &Relay,
) -> (
    Vec<std::sync::mpsc::Receiver<http::Answer>>,
    http::Connection,
    http::Answer,
) {
    let large = "x".repeat(3 << 20);
    let large_call = |id: usize| json!({"jsonrpc": "2.0", "id": id, "method": "m", "params": large}).to_string();
    let callers = vec![
        send_aside(relay, message(large_call(1))),
        send_aside(relay, message(large_call(2))),
    ];
    let until = Instant::now() + PATIENCE;
    loop {
        assert!(Instant::now() < until);
        let mut client = http::Connection::narrow(relay.addr);
        client.write(&poll("timeout_ms=20000"));
        let head = client.head();
        let length: usize = head.header("content-length").unwrap().parse().unwrap();
        if length > 2 * large.len() {
            return (callers, client, head);
        }
        // Only one was there: it goes back.
        client.reset();
    }
}

#[test]
fn the_end_does_not_refuse_what_is_being_written_to_a_client() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let mut answering = relay.connect();
    let (callers, mut client, mut polled) = half_written(&relay);
    relay.terminate();
    relay.line("relay draining");
    let length = polled.header("content-length").unwrap().parse().unwrap();
    polled.body = client.some(length);
    for command in polled.json()["commands"].as_array().unwrap() {
        assert_eq!(answering.exchange(&result(command, json!({"late": true}))).status, 200);
    }
    for caller in callers {
        assert_eq!(receive(&caller).json()["result"]["late"], true);
    }
    assert!(relay.ended(PATIENCE).success());
}

#[test]
fn the_end_refuses_what_a_client_did_not_read_to_the_end() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let (callers, client, _) = half_written(&relay);
    relay.terminate();
    relay.line("relay draining");
    client.reset();
    for caller in callers {
        let told = receive(&caller);
        assert_eq!(
            (told.status, told.rpc_code().as_str(), told.header("retry-after")),
            (503, "tunnel_transport_unavailable", Some("5"))
        );
    }
    assert!(relay.ended(PATIENCE).success());
}

#[test]
fn a_second_signal_ends_it_at_once() {
    let mut relay = Relay::start(&[]);
    show_up(&relay);
    let _taken = send_aside(&relay, call(1, "m"));
    command(&relay);
    relay.terminate();
    relay.line("relay draining");
    relay.terminate();
    // Otherwise the call may still be answered for 10 s.
    assert!(relay.ended(Duration::from_secs(9)).success());
}

#[test]
fn variables_stand_in_for_flags() {
    let scratch = Scratch::new();
    let url_file = scratch.path("url");
    let mut child = std::process::Command::new(relay::BINARY)
        .arg("serve")
        .env_clear()
        .env("TUNNEL_RELAY_LISTEN", "127.0.0.1:0")
        .env("TUNNEL_RELAY_URL_FILE", &url_file)
        .env("TUNNEL_RELAY_KEYS", keys())
        .env("TUNNEL_RELAY_TUNNEL", format!("{TUNNEL}=one, {OTHER_TUNNEL}"))
        .env("TUNNEL_RELAY_TLS_CERT", "")
        .stderr(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let lines = relay::lines_of(child.stderr.take().unwrap());
    let line = lines.recv_timeout(PATIENCE).unwrap();
    let _ = child.kill();
    let _ = child.wait();
    assert!(line.contains("relay listening") && line.contains("tunnels=2"), "{line}");
}
