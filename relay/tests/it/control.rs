//! The client's side: metadata, long polls, responses.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::client::*;
use crate::support::http::{Connection, Request};
use crate::support::relay::{BINARY, Relay, lines_of};
use crate::support::scratch::Scratch;
use crate::support::*;

#[test]
fn a_client_reads_its_tunnels_name() {
    let relay = Relay::start_bare(&["--tunnel", &format!("{TUNNEL}=demo")], &keys());
    let metadata = relay
        .send(&Request::new("GET", &format!("/v1/tunnels/{TUNNEL}")).key(USE_KEY))
        .json();
    assert_eq!((&metadata["id"], &metadata["name"]), (&json!(TUNNEL), &json!("demo")));
}

#[test]
fn a_poll_without_commands_waits_as_long_as_it_asked_and_says_what_the_relay_can_do() {
    let relay = Relay::start(&[]);
    let begun = Instant::now();
    let answer = relay.send(&poll("timeout_ms=300"));
    assert_eq!(answer.status, 204);
    assert!(begun.elapsed() >= Duration::from_millis(300));
    assert_eq!(
        answer.header("x-tunnel-service-capabilities"),
        Some("server-requests-v1")
    );
}

#[test]
fn a_waiting_poll_wakes_long_before_its_end() {
    let relay = Relay::start(&[]);
    let mut client = waiting_call(&relay, &poll("timeout_ms=60000&channel=main"));
    wait_for_client(&relay);
    let _caller = waiting_call(&relay, &call(1, "tools/list"));
    let answer = client.answer_within(PATIENCE).unwrap();
    assert_eq!(answer.json()["commands"][0]["jsonrpc"]["method"], "tools/list");
}

#[test]
fn a_command_carries_the_callers_message_headers_and_remaining_time() {
    let relay = Relay::start(&["--call-timeout", "30s"]);
    show_up(&relay);
    // Spaces, key order, an unknown member and a number above 2^53 stay as they are.
    let body = r#"{ "method":"tools/call","id" : 9007199254740993, "x-extra":[1.50],"jsonrpc":"2.0"}"#;
    let request = message(body)
        .header("Mcp-Session-Id", "s-1")
        .header("MCP-Protocol-Version", "2026-07-28")
        .header("Mcp-Method", "tools/call")
        .header("Connection", "X-Hop")
        .header("X-Hop", "1")
        .header("X-Tunnel-Relay-Key", CALL_KEY)
        .header("Accept-Encoding", "gzip");
    let _caller = waiting_call(&relay, &request);
    let answer = relay.send(&poll("timeout_ms=5000"));
    assert!(answer.text().contains(body), "{}", answer.text());
    let command = &answer.json()["commands"][0];
    let expected = json!({
        "Content-Type": ["application/json"], "Mcp-Session-Id": ["s-1"],
        "Mcp-Protocol-Version": ["2026-07-28"], "Mcp-Method": ["tools/call"],
    });
    let mut headers = command["headers"].clone();
    headers.as_object_mut().unwrap().remove("X-Request-Id");
    assert_eq!(headers, expected);
    assert_eq!(command["headers"]["X-Request-Id"], json!([command["request_id"]]));
    assert_eq!(
        (&command["channel"], &command["command_type"]),
        (&json!("main"), &json!("jsonrpc"))
    );
    let left: u64 = command["response_timeout"]
        .as_str()
        .unwrap()
        .strip_suffix("ms")
        .unwrap()
        .parse()
        .unwrap();
    assert!((10_000..=30_000).contains(&left), "{left}");
}

#[test]
fn a_poll_takes_its_limit_and_its_channels_only() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let callers = [("main", 1), ("tools", 2), ("main", 3), ("more", 4), ("main", 5)];
    let _callers = callers.map(|(channel, id)| {
        let mut request = call(id, "m");
        request.path = format!("{}/{channel}", mcp());
        waiting_call(&relay, &request)
    });
    let taken = |query: &str, most: usize, all: usize| {
        let mut ids = Vec::new();
        while ids.len() < all {
            let answer = relay.send(&poll(&format!("timeout_ms=5000&{query}")));
            let commands = answer.json()["commands"].as_array().unwrap().clone();
            assert!(commands.len() <= most);
            ids.extend(
                commands
                    .iter()
                    .map(|command| command["jsonrpc"]["id"].as_i64().unwrap()),
            );
        }
        ids.sort_unstable();
        ids
    };
    assert_eq!(taken("channel=tools&channel=more", 25, 2), [2, 4]);
    assert_eq!(taken("limit=2", 2, 3), [1, 3, 5]);
    assert_eq!(relay.send(&poll("timeout_ms=1")).status, 204);
}

#[test]
fn malformed_polls_are_refused_by_parameter() {
    let relay = Relay::start(&[]);
    for (query, code) in [
        ("limit=0", "invalid_parameter"),
        ("limit=26", "invalid_parameter"),
        ("timeout_ms=0", "invalid_parameter"),
        ("channel=Main", "invalid_channel_format"),
    ] {
        let answer = relay.send(&poll(query));
        assert_eq!((answer.status, answer.code().as_str()), (400, code), "{query}");
    }
    let tunnel = Request::new("GET", "/v1/tunnels/nonsense/poll").key(USE_KEY);
    assert_eq!(relay.send(&tunnel).code(), "invalid_tunnel_id_format");
}

#[test]
fn a_command_is_answered_once() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let caller = send_aside(&relay, call("a", "m"));
    let command = command(&relay);
    post(&relay, &result(&command, json!({"n": 1})));
    assert_eq!(receive(&caller).json()["result"]["n"], 1);
    let again = relay.send(&result(&command, json!({"n": 2})));
    assert_eq!(
        (again.status, again.code().as_str()),
        (404, "pending_request_not_found")
    );
}

#[test]
fn a_response_must_prove_that_it_had_the_command() {
    let relay = Relay::start(&["--tunnel", OTHER_TUNNEL]);
    show_up(&relay);
    let caller = send_aside(&relay, call(1, "m"));
    let command = command(&relay);
    let honest = result(&command, json!({}));

    let mut forged = honest.clone();
    let token = command["shard_token"].as_str().unwrap();
    let (head, _) = token.rsplit_once('_').unwrap();
    for wrong in [format!("{head}_{}", "0".repeat(32)), "nonsense".into(), String::new()] {
        forged.headers.retain(|(name, _)| name != "X-Tunnel-Shard-Token");
        forged.headers.push(("X-Tunnel-Shard-Token".into(), wrong));
        assert_eq!(relay.send(&forged).code(), "pending_request_not_found");
    }
    forged.headers.retain(|(name, _)| name != "X-Tunnel-Shard-Token");
    assert_eq!(relay.send(&forged).json()["error"]["param"], "X-Tunnel-Shard-Token");

    let mut elsewhere = honest.clone();
    elsewhere.path = format!("/v1/tunnels/{OTHER_TUNNEL}/response");
    let answer = relay.send(&elsewhere);
    assert_eq!(
        (answer.status, answer.code().as_str()),
        (401, "tunnel_request_mismatch")
    );

    for key in [CALL_KEY, MANAGE_KEY, TIED_KEY] {
        let mut stranger = honest.clone();
        stranger.headers[0].1 = format!("Bearer {key}");
        assert_eq!(relay.send(&stranger).status, 401, "{key}");
    }
    post(&relay, &honest);
    assert_eq!(receive(&caller).status, 200);
}

#[test]
fn a_final_response_that_is_refused_ends_the_call() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let valid = |command: &serde_json::Value| {
        format!(
            r#"{{"request_id":{},"resp_code":200,"resp_json":{{"jsonrpc":"2.0","id":1,"result":{{}}}}"#,
            command["request_id"]
        )
    };
    let bodies: [fn(String) -> String; 7] = [
        |_| "{".into(),
        |_| "[]".into(),
        |valid| format!(r#"{valid},"shard_token":"x"}}"#),
        |valid| format!(r#"{valid},"resp_type":"notify_ack"}}"#),
        |valid| format!("{}}}", valid.replace("\"id\":1", "\"id\":2")),
        |valid| format!("{}}}", valid.replace("\"result\":{}", r#""result":{"t":"\ud800"}"#)),
        |valid| format!("{}}}", valid.replace("\"result\":{}", r#""method":"m""#)),
    ];
    for body in bodies {
        let caller = send_aside(&relay, call(1, "m"));
        let command = command(&relay);
        let body = body(valid(&command));
        let refused = relay.send(&raw_response(&command, body.clone()));
        assert_eq!(
            (refused.status, refused.code().as_str()),
            (400, "invalid_json_payload"),
            "{body}"
        );
        let told = receive(&caller);
        assert_eq!(
            (told.status, told.rpc_code().as_str(), &told.json()["id"]),
            (502, "invalid_client_response", &json!(1)),
            "{body}"
        );
        assert_eq!(relay.send(&result(&command, json!({}))).status, 404);
    }
}

#[test]
fn a_status_that_callers_cannot_use_is_put_right() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    for (code, status) in [
        (202, 200),
        (201, 200),
        (204, 200),
        (0, 200),
        (302, 502),
        (304, 502),
        (100, 502),
        (404, 404),
    ] {
        let caller = send_aside(&relay, call(1, "m"));
        let message = json!({"jsonrpc": "2.0", "id": 1, "error": {"code": -32603, "message": "m"}});
        post(
            &relay,
            &response(&command(&relay), json!({"resp_code": code, "resp_json": message})),
        );
        let answer = receive(&caller);
        assert_eq!((answer.status, answer.json()), (status, message), "{code}");
    }
}

#[test]
fn an_error_without_an_id_reaches_a_call_under_its_id_or_not_at_all() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let error = json!({"code": -32001, "message": "Session not found"});
    let answered = |code| {
        let caller = send_aside(&relay, call("me", "m"));
        let message = json!({"jsonrpc": "2.0", "id": null, "error": error});
        let posted = relay.send(&response(
            &command(&relay),
            json!({"resp_code": code, "resp_json": message}),
        ));
        (posted.status, receive(&caller))
    };
    let (posted, answer) = answered(404);
    let expected = json!({"jsonrpc": "2.0", "id": "me", "error": error});
    assert_eq!((posted, answer.status, answer.json()), (200, 404, expected));
    let (posted, answer) = answered(200);
    assert_eq!((posted, answer.status, &answer.json()["id"]), (400, 502, &json!("me")));
    assert_eq!(answer.rpc_code(), "invalid_client_response");
}

#[test]
fn an_answer_with_more_headers_than_a_caller_takes_ends_its_call() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let many = json!({"Mcp-Session-Id": vec!["s"; 40_000]});
    let long = json!({"Www-Authenticate": ["x".repeat(1 << 20)]});
    for headers in [many, long] {
        let caller = send_aside(&relay, call(1, "m"));
        let message = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
        let refused = relay.send(&response(
            &command(&relay),
            json!({"resp_headers": headers, "resp_json": message}),
        ));
        assert_eq!((refused.status, refused.code().as_str()), (400, "invalid_json_payload"));
        let told = receive(&caller);
        assert_eq!(
            (told.status, told.rpc_code().as_str()),
            (502, "invalid_client_response")
        );
    }
}

#[test]
fn a_connection_that_asks_nothing_is_closed_long_before_one_that_has_asked() {
    let relay = Relay::start(&[]);
    let mut kept = relay.connect();
    assert_eq!(kept.exchange(&poll("timeout_ms=1")).status, 204);
    let begun = Instant::now();
    let mut silent = relay.connect();
    assert!(silent.closed());
    let waited = begun.elapsed();
    // 10 s; a connection that has shown a key has 75 s.
    assert!((5..70).contains(&waited.as_secs()), "{waited:?}");
    assert_eq!(kept.exchange(&poll("timeout_ms=1")).status, 204);
}

/// A relay under a limit of open files, as the shell sets it; the URL file tells where it listens.
struct Limited(std::process::Child, std::net::SocketAddr);

impl Limited {
    fn start(limit: &str) -> Self {
        let scratch = Scratch::new();
        let file = scratch.path("url");
        let mut child = std::process::Command::new("sh")
            .args(["-c", &format!("ulimit {limit} && exec \"$@\""), "sh", BINARY, "serve"])
            .args(["--listen", "127.0.0.1:0", "--tunnel", TUNNEL, "--url-file"])
            .arg(&file)
            .env("TUNNEL_RELAY_KEYS", keys())
            .stdin(std::process::Stdio::null())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // The URL file is complete before the first line.
        let lines = lines_of(child.stderr.take().unwrap());
        lines.recv_timeout(PATIENCE).unwrap();
        let url = std::fs::read_to_string(file).unwrap();
        let addr = url.trim().rsplit('/').next().unwrap().parse().unwrap();
        Self(child, addr)
    }
}

impl Drop for Limited {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn a_low_soft_limit_of_open_files_is_raised() {
    let relay = Limited::start("-S -n 64");
    let _silent: Vec<_> = (0..128).map(|_| Connection::plain(relay.1)).collect();
    let begun = Instant::now();
    assert_eq!(Connection::plain(relay.1).exchange(&poll("timeout_ms=1")).status, 204);
    // A silent connection ends after 10 s: nobody had to wait for one.
    assert!(begun.elapsed() < Duration::from_secs(9));
}

#[test]
fn silent_connections_do_not_use_up_the_descriptors_below_a_hard_limit() {
    let relay = Limited::start("-n 128");
    let _silent: Vec<_> = (0..100).map(|_| Connection::plain(relay.1)).collect();
    let mut last = Connection::plain(relay.1);
    last.write(&poll("timeout_ms=1"));
    assert_eq!(last.answer().status, 204);
    let open = std::fs::read_dir(format!("/proc/{}/fd", relay.0.id())).unwrap().count();
    assert!(open < 128, "{open}");
}

#[test]
fn a_streamed_message_that_is_refused_leaves_the_call_open() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let caller = send_aside(&relay, call(1, "m"));
    let command = command(&relay);
    for message in [
        r#"{"jsonrpc":"2.0","method":"n","params":"\ud800"}"#,
        r#"{"jsonrpc":"2.0","id":1,"result":{}}"#,
        "{}",
    ] {
        let body = format!(
            r#"{{"request_id":{},"resp_code":200,"resp_type":"jsonrpc_notify","resp_json":{message}}}"#,
            command["request_id"]
        );
        assert_eq!(
            relay.send(&raw_response(&command, body)).code(),
            "invalid_json_payload",
            "{message}"
        );
    }
    post(&relay, &notify(&command, json!({"jsonrpc": "2.0", "method": "n"})));
    post(&relay, &result(&command, json!({})));
    assert_eq!(receive(&caller).events().len(), 2);
}

#[test]
fn a_response_that_is_too_large_is_refused_and_its_caller_told() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    let caller = send_aside(&relay, call(1, "m"));
    let command = command(&relay);
    let large = format!(
        r#"{{"request_id":{},"resp_code":200,"resp_json":{{"x":"{}"}}}}"#,
        command["request_id"],
        "x".repeat(66 << 20)
    );
    let refused = relay.send(&raw_response(&command, large));
    assert_eq!(
        (refused.status, refused.code().as_str()),
        (413, "request_body_too_large")
    );
    let told = receive(&caller);
    assert_eq!((told.status, told.rpc_code().as_str()), (502, "request_body_too_large"));
}

#[test]
fn a_response_names_the_commands_channel_or_none() {
    let relay = Relay::start(&[]);
    show_up(&relay);
    for (channel, status) in [
        (json!("Main"), 400),
        (json!("tools"), 400),
        (json!("main"), 200),
        (json!(null), 200),
    ] {
        let caller = send_aside(&relay, call(1, "m"));
        let message = json!({"jsonrpc": "2.0", "id": 1, "result": {}});
        let answer = relay.send(&response(
            &command(&relay),
            json!({"channel": channel, "resp_json": message}),
        ));
        assert_eq!(answer.status, status, "{channel}");
        assert_eq!(
            receive(&caller).status,
            if status == 200 { 200 } else { 502 },
            "{channel}"
        );
    }
}

#[test]
fn too_many_polls_of_one_tunnel_are_refused() {
    let relay = Relay::start(&[]);
    let mut polls: Vec<_> = (0..65)
        .map(|_| waiting_call(&relay, &poll("timeout_ms=60000")))
        .collect();
    let until = Instant::now() + PATIENCE;
    let refused = loop {
        assert!(Instant::now() < until);
        if let Some(answer) = polls
            .iter_mut()
            .find_map(|poll| poll.answer_within(Duration::from_millis(5)))
        {
            break answer;
        }
    };
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
}
