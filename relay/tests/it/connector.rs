//! The caller's side: MCP Streamable HTTP.

use serde_json::{Value, json};

use crate::support::client::*;
use crate::support::http::{Request, events};
use crate::support::relay::Relay;
use crate::support::*;

fn progress(step: u32) -> Value {
    json!({"jsonrpc": "2.0", "method": "notifications/progress", "params": {"progressToken": "t", "progress": step}})
}

#[test]
fn a_lone_answer_is_json_byte_for_byte_with_the_servers_status_and_headers() {
    let relay = relay_with_client();
    let caller = send_aside(&relay, call("id", "m"));
    let command = command(&relay);
    let message =
        r#"{ "id":"id", "extra":9007199254740993,"jsonrpc":"2.0", "error":{"message":"m","code":-32004,"x":1.0} }"#;
    let body = format!(
        r#"{{"request_id":{},"resp_code":400,"resp_headers":{{"MCP-Session-Id":["s"],"Set-Cookie":["c"],"content-type":["text/event-stream"],"Retry-After":["7"],"Location":["http://10.0.0.1/"]}},"resp_json":{message}}}"#,
        command["request_id"]
    );
    post(&relay, &raw_response(&command, body));
    let answer = receive(&caller);
    assert_eq!((answer.status, answer.text()), (400, message));
    assert_eq!(
        (answer.header("mcp-session-id"), answer.header("content-type")),
        (Some("s"), Some("application/json"))
    );
    assert_eq!(answer.header("retry-after"), Some("7"));
    assert_eq!((answer.header("set-cookie"), answer.header("location")), (None, None));
}

#[test]
fn messages_before_the_answer_are_streamed_while_the_call_runs() {
    let relay = relay_with_client();
    let mut caller = waiting_call(&relay, &call(1, "m"));
    let command = command(&relay);
    post(
        &relay,
        &response(
            &command,
            json!({"resp_type": "jsonrpc_notify", "resp_json": progress(1), "resp_headers": {"Mcp-Session-Id": ["s"]}}),
        ),
    );
    let head = caller.head();
    assert_eq!(
        (head.status, head.header("content-type"), head.header("mcp-session-id")),
        (200, Some("text/event-stream"), Some("s"))
    );
    // Each arrives before the next is sent.
    assert_eq!(
        events(std::str::from_utf8(&caller.chunk().unwrap()).unwrap()),
        [progress(1).to_string()]
    );
    post(&relay, &notify(&command, progress(2)));
    assert_eq!(
        events(std::str::from_utf8(&caller.chunk().unwrap()).unwrap()),
        [progress(2).to_string()]
    );
    post(&relay, &result(&command, json!({})));
    assert!(caller.chunk().is_some());
    assert!(caller.chunk().is_none());
}

#[test]
fn many_streamed_messages_stay_in_order_and_before_the_answer() {
    let relay = relay_with_client();
    let caller = send_aside(&relay, call(1, "m"));
    let command = command(&relay);
    let mut client = relay.connect();
    for step in 0..500 {
        assert_eq!(client.exchange(&notify(&command, progress(step))).status, 200);
    }
    assert_eq!(client.exchange(&result(&command, json!({}))).status, 200);
    let events = receive(&caller).events();
    let steps: Vec<Value> = events[..500]
        .iter()
        .map(|event| serde_json::from_str::<Value>(event).unwrap()["params"]["progress"].clone())
        .collect();
    assert_eq!(steps, (0..500).map(Value::from).collect::<Vec<_>>());
    assert!(events[500].contains("result"));
}

#[test]
fn a_caller_slower_than_its_stream_holds_the_server_up_and_loses_nothing() {
    let relay = relay_with_client();
    let request = call(1, "m");
    let mut caller = http::Connection::narrow(relay.addr);
    caller.write(&request);
    let command = command(&relay);
    let large = json!({"jsonrpc": "2.0", "method": "n", "params": "x".repeat(1 << 20)});
    // More than the relay and the kernel keep: at some point the client is told to come again.
    let mut client = relay.connect();
    let mut taken = 0;
    let refused = loop {
        let answer = client.exchange(&notify(&command, large.clone()));
        if answer.status != 200 {
            break answer;
        }
        taken += 1;
        assert!(taken < 100);
    };
    assert_eq!((refused.status, refused.code().as_str()), (429, "rate_limit_exceeded"));
    let reader = std::thread::spawn(move || caller.answer().events().len());
    post(&relay, &result(&command, json!({})));
    assert_eq!(reader.join().unwrap(), taken + 1);
}

#[test]
fn a_caller_that_takes_only_json_gets_the_answer_alone() {
    let relay = relay_with_client();
    let caller = send_aside(&relay, call(1, "m").accepting("application/json"));
    let command = command(&relay);
    post(&relay, &notify(&command, progress(1)));
    post(&relay, &result(&command, json!({"n": 1})));
    let answer = receive(&caller);
    assert_eq!(
        (answer.header("content-type"), &answer.json()["result"]["n"]),
        (Some("application/json"), &json!(1))
    );
}

#[test]
fn a_caller_that_takes_only_streams_gets_one() {
    let relay = relay_with_client();
    let caller = send_aside(&relay, call(1, "m").accepting("text/event-stream"));
    let pretty = "{\n  \"jsonrpc\": \"2.0\",\r\n  \"id\": 1,\n  \"result\": {}\n}";
    let command = command(&relay);
    post(
        &relay,
        &raw_response(
            &command,
            format!(
                r#"{{"request_id":{},"resp_code":200,"resp_json":{pretty}}}"#,
                command["request_id"]
            ),
        ),
    );
    let answer = receive(&caller);
    assert_eq!(answer.header("content-type"), Some("text/event-stream"));
    assert_eq!(answer.events().len(), 1);
}

#[test]
fn a_caller_that_names_streams_first_gets_one() {
    let relay = relay_with_client();
    for (accept, form) in [
        ("text/event-stream, application/json", "text/event-stream"),
        ("application/json, text/event-stream", "application/json"),
    ] {
        let caller = send_aside(&relay, call(1, "m").accepting(accept));
        post(&relay, &result(&command(&relay), json!({})));
        assert_eq!(receive(&caller).header("content-type"), Some(form));
    }
}

#[test]
fn a_long_silence_becomes_a_stream_with_comments() {
    let relay = relay_with_client();
    let mut caller = waiting_call(&relay, &call(1, "m"));
    let command = command(&relay);
    assert_eq!(caller.head().header("content-type"), Some("text/event-stream"));
    assert_eq!(caller.chunk().unwrap(), b": keep-alive\n\n");
    post(&relay, &result(&command, json!({})));
    assert!(caller.chunk().unwrap().starts_with(b"event: message\ndata: {"));
    assert!(caller.chunk().is_none());
}

#[test]
fn the_202_of_a_notification_waits_until_the_server_took_it() {
    let relay = relay_with_client();
    let caller = send_aside(
        &relay,
        message(r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#),
    );
    let command = command(&relay);
    assert!(caller.try_recv().is_err());
    post(&relay, &ack(&command, 200));
    let answer = receive(&caller);
    assert_eq!((answer.status, answer.body.len()), (202, 0));
}

#[test]
fn a_notification_that_the_server_refuses_gets_the_servers_status() {
    let relay = relay_with_client();
    let notification = message(r#"{"jsonrpc":"2.0","method":"n"}"#);
    let caller = send_aside(&relay, notification.clone());
    post(&relay, &ack(&command(&relay), 404));
    // Without a message of the server's.
    let caller_two = send_aside(&relay, notification);
    let error = json!({"jsonrpc": "2.0", "error": {"code": -32603, "message": "m"}});
    post(
        &relay,
        &response(&command(&relay), json!({"resp_code": 400, "resp_json": error})),
    );
    assert_eq!(caller.recv_timeout(PATIENCE).unwrap().status, 404);
    let answer = receive(&caller_two);
    assert_eq!((answer.status, answer.json()), (400, error));
}

#[test]
fn delete_ends_the_session_through_the_tunnel() {
    let relay = relay_with_client();
    let delete = Request::new("DELETE", &mcp()).key(CALL_KEY);
    assert_eq!(relay.send(&delete).rpc_code(), "missing_mcp_session_id");
    for status in [200, 204, 404, 405] {
        let caller = send_aside(&relay, delete.clone().header("Mcp-Session-Id", "s"));
        let command = command(&relay);
        assert_eq!(
            (&command["command_type"], &command["headers"]["Mcp-Session-Id"]),
            (&json!("session_termination"), &json!(["s"]))
        );
        post(
            &relay,
            &response(
                &command,
                json!({"resp_type": "session_termination_response", "resp_code": status}),
            ),
        );
        assert_eq!(receive(&caller).status, status);
    }
}

#[test]
fn get_is_not_offered() {
    let answer = relay_with_client().send(
        &Request::new("GET", &mcp())
            .key(CALL_KEY)
            .header("Accept", "text/event-stream"),
    );
    assert_eq!((answer.status, answer.header("allow")), (405, Some("POST, DELETE")));
}

#[test]
fn what_is_not_one_message_is_refused_before_it_travels() {
    let relay = relay_with_client();
    let valid = r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#;
    for (body, rpc) in [
        (format!("[{valid}]").into_bytes(), -32600),
        (b"{".to_vec(), -32700),
        (b"5".to_vec(), -32700),
        (Vec::new(), -32700),
        (
            br#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"t":"\udc00"}}"#.to_vec(),
            -32700,
        ),
        (b"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}".to_vec(), -32700),
        (br#"{"jsonrpc":"2.0","id":null,"method":"m"}"#.to_vec(), -32600),
        (br#"{"jsonrpc":"2.0","id":[1],"method":"m"}"#.to_vec(), -32600),
        (br#"{"id":1,"method":"m"}"#.to_vec(), -32600),
    ] {
        let answer = relay.send(&message(body.clone()));
        assert_eq!(
            (answer.status, &answer.json()["error"]["code"]),
            (400, &json!(rpc)),
            "{}",
            body.escape_ascii()
        );
    }
    let large = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{}"}}"#, "m".repeat(5 << 20));
    assert_eq!(relay.send(&message(large)).rpc_code(), "request_body_too_large");
    let text = Request::new("POST", &mcp())
        .key(CALL_KEY)
        .header("Content-Type", "text/plain")
        .body(valid);
    assert_eq!(relay.send(&text).status, 415);
    assert_eq!(relay.send(&message(valid).accepting("text/html")).status, 406);
    assert_eq!(relay.send(&poll("timeout_ms=1")).status, 204);
}

#[test]
fn callers_are_told_when_nobody_is_there() {
    let relay = Relay::start(&[]);
    let answer = relay.send(&call("me", "m"));
    assert_eq!(
        (answer.status, answer.rpc_code().as_str(), &answer.json()["id"]),
        (503, "tunnel_client_not_connected", &json!("me"))
    );
    assert_eq!(answer.header("retry-after"), Some("1"));
}

#[test]
fn a_full_queue_is_told_to_the_next_caller() {
    let relay = relay_with_client();
    let _waiting: Vec<_> = (0..1024).map(|id| waiting_call(&relay, &call(id, "m"))).collect();
    let until = std::time::Instant::now() + PATIENCE;
    let mut last = Vec::new();
    loop {
        // While the others still arrive, these are queued and wait.
        last.push(waiting_call(&relay, &call("last", "m")));
        let brief = std::time::Duration::from_millis(20);
        let Some(answer) = last.iter_mut().find_map(|caller| caller.answer_within(brief)) else {
            assert!(std::time::Instant::now() < until && last.len() < 500);
            continue;
        };
        assert_eq!(
            (answer.status, answer.rpc_code().as_str(), &answer.json()["id"]),
            (429, "tunnel_queue_full", &json!("last"))
        );
        return;
    }
}

#[test]
fn keys_tunnels_and_channels_are_checked() {
    let relay = relay_with_client();
    let valid = call(1, "m");
    let to = |path: &str, key: &str| {
        let mut request = valid.clone();
        request.path = path.into();
        relay.send(&request.with_key(key))
    };
    let answer = relay.send(&valid.clone().without("Authorization"));
    assert_eq!((answer.status, answer.rpc_code().as_str()), (401, "invalid_api_key"));
    assert!(answer.header("www-authenticate").is_some());
    assert_eq!(to(&mcp(), "some-unknown-key-here").rpc_code(), "invalid_api_key");
    assert_eq!(to(&mcp(), USE_KEY).rpc_code(), "tunnel_connect_forbidden");
    assert_eq!(to(&mcp(), TIED_KEY).rpc_code(), "tunnel_connect_forbidden");
    assert_eq!(to("/v1/mcp/tunnel_1", CALL_KEY).rpc_code(), "invalid_tunnel_id_format");
    assert_eq!(
        to(&format!("/v1/mcp/{NO_TUNNEL}"), CALL_KEY).rpc_code(),
        "tunnel_not_found"
    );
    assert_eq!(
        to(&format!("{}/Main", mcp()), CALL_KEY).rpc_code(),
        "invalid_channel_format"
    );
}

#[test]
fn the_callers_own_authorization_travels_when_the_key_stands_beside_it() {
    let relay = relay_with_client();
    let mut request = call(1, "m").header("X-Tunnel-Relay-Key", CALL_KEY);
    request.headers[0].1 = "Bearer for-the-server".into();
    let _caller = waiting_call(&relay, &request);
    let headers = &command(&relay)["headers"];
    assert_eq!(
        (&headers["Authorization"], &headers["X-Tunnel-Relay-Key"]),
        (&json!(["Bearer for-the-server"]), &Value::Null)
    );
}

#[test]
fn a_relay_key_in_the_callers_own_authorization_does_not_travel() {
    let relay = relay_with_client();
    let _caller = waiting_call(&relay, &call(1, "m").header("X-Tunnel-Relay-Key", CALL_KEY));
    assert_eq!(command(&relay)["headers"]["Authorization"], Value::Null);
    let twice = call(1, "m")
        .header("X-Tunnel-Relay-Key", CALL_KEY)
        .header("X-Tunnel-Relay-Key", USE_KEY);
    let answer = relay.send(&twice);
    assert_eq!((answer.status, answer.rpc_code().as_str()), (400, "invalid_parameter"));
}

#[test]
fn ids_and_methods_without_measure_are_refused() {
    let relay = relay_with_client();
    for request in [call("i".repeat(2 << 20), "m"), call(1, &"m".repeat(2 << 20))] {
        let answer = relay.send(&request);
        assert_eq!((answer.status, &answer.json()["error"]["code"]), (400, &json!(-32600)));
        assert!(answer.body.len() < 1024);
    }
}

#[test]
fn a_session_is_named_once_and_cannot_be_taken_away() {
    let relay = relay_with_client();
    let delete = Request::new("DELETE", &mcp())
        .key(CALL_KEY)
        .header("Mcp-Session-Id", "s");
    let answer = relay.send(&delete.clone().header("Mcp-Session-Id", "t"));
    assert_eq!((answer.status, answer.rpc_code().as_str()), (400, "invalid_parameter"));
    let _caller = waiting_call(&relay, &delete.header("Connection", "Mcp-Session-Id"));
    assert_eq!(command(&relay)["headers"]["Mcp-Session-Id"], json!(["s"]));
}

#[test]
fn other_hosts_and_other_sites_are_turned_away() {
    let relay = Relay::start(&["--allow-host", "relay.example", "--allow-origin", "https://app.example"]);
    // Without a client, a request that is let in hears 503.
    let status = |host: &str, origin: Option<&str>| {
        let request = call(1, "m").header("Host", host);
        let request = origin
            .into_iter()
            .fold(request, |request, origin| request.header("Origin", origin));
        let answer = relay.send(&request);
        (answer.status, answer.rpc_code())
    };
    let own = relay.addr.to_string();
    let port = relay.addr.port();
    for host in [own.as_str(), "localhost", "127.0.0.1:1", "[::1]", "relay.example:443"] {
        assert_eq!(status(host, None).0, 503, "{host}");
    }
    for host in [
        "evil.example",
        &format!("evil.example:{port}"),
        "127.0.0.1.evil.example",
        "relay.example.evil",
        "",
    ] {
        assert_eq!(status(host, None), (403, "host_not_allowed".into()), "{host}");
    }
    for origin in [
        &format!("http://{own}"),
        &format!("https://{own}"),
        "https://app.example",
    ] {
        assert_eq!(status(&own, Some(origin)).0, 503, "{origin}");
    }
    for origin in [
        "http://evil.example",
        "http://127.0.0.1:1",
        "http://127.0.0.1",
        "null",
        "https://app.example.evil",
        "http://localhost.evil",
        "",
    ] {
        assert_eq!(
            status(&own, Some(origin)),
            (403, "origin_not_allowed".into()),
            "{origin}"
        );
    }
}

#[test]
fn one_connection_serves_many_requests() {
    let relay = relay_with_client();
    let mut connection = relay.connect();
    for id in 0..20 {
        connection.write(&call(id, "m"));
        let command = command(&relay);
        post(&relay, &result(&command, json!({"n": id})));
        assert_eq!(connection.answer().json()["result"]["n"], id);
    }
}

#[test]
fn commands_of_one_key_name_the_same_caller_and_those_of_another_key_another() {
    let relay = relay_with_client();
    let caller_of = |key: &str| {
        let _caller = send_aside(&relay, call(1, "m").with_key(key));
        command(&relay)["caller"].as_str().unwrap().to_owned()
    };
    let (one, other) = (caller_of(CALL_KEY), caller_of(OTHER_CALL_KEY));
    assert_eq!(caller_of(CALL_KEY), one);
    assert_ne!(one, other);
    for name in [&one, &other] {
        assert!(
            name.len() == 32 && name.bytes().all(|byte| byte.is_ascii_hexdigit()),
            "{name}"
        );
    }
    let elsewhere = Relay::start(&[]);
    show_up(&elsewhere);
    let _caller = send_aside(&elsewhere, call(1, "m").with_key(CALL_KEY));
    assert_ne!(
        command(&elsewhere)["caller"],
        one.as_str(),
        "it means nothing to another relay"
    );
}
