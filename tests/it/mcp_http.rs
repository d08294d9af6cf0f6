//! MCP over HTTP when it goes wrong: each failure is told truthfully, and nothing of it leaks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::time::Duration;

use crate::support;
use crate::support::cases::closed_port;
use crate::support::tls::Authority;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Post, id_of, result};

const SECRET: &str = "internal-detail-7f3a";
const ENDED: [&str; 4] = ["eof", "unexpected_eof", "connection_closed", "closed_pipe"];

/// One call to a server that answers like this.
fn answered(answer: Answer) -> (ControlPlane, McpServer, Client, Post) {
    let (control, mcp) = (ControlPlane::http(), McpServer::always(answer));
    let client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    (control, mcp, client, post)
}

/// One call through a client with these settings for `MCP_SERVER_URL`.
fn called(entry: &str) -> Post {
    let control = ControlPlane::http();
    let _client = ClientBuilder::new(&control)
        .server(entry)
        .env("MCP_CONNECTION_MAX_TTL", "8s")
        .start();
    control.push(Command::call("r1", "tools/call", "{}"));
    control.only_terminal("r1")
}

#[test]
fn a_refused_connection_is_connect() {
    let post = called(&format!("http://{}/mcp", closed_port()));
    post.assert_failure(502, "connect", &["connection_refused"]);
    assert_eq!(post.failure().message, "MCP server not reachable: connection refused");
    assert!(!post.request.text().contains("127.0.0.1"), "{}", post.request.text());
}

#[test]
fn an_unresolvable_name_is_dns() {
    // RFC 6761: no name below `.invalid` exists, and resolvers know that by themselves.
    let control = ControlPlane::http();
    let _client = ClientBuilder::new(&control)
        .server("http://no-such-host.invalid/mcp")
        .env("RES_OPTIONS", "timeout:1 attempts:1")
        .start();
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.terminal_within(Duration::from_secs(25), "r1");
    post.assert_failure(502, "dns", &["dns"]);
    assert!(!post.request.text().contains("no-such-host"), "{}", post.request.text());
}

#[test]
fn a_missing_socket_is_connect() {
    let scratch = support::Scratch::new();
    let post = called(&format!(
        "url=http://localhost/mcp,unix-socket={}",
        scratch.file("none").display()
    ));
    post.assert_failure(502, "connect", &["dial", "connection_refused"]);
}

#[test]
fn a_certificate_that_is_not_trusted_is_tls() {
    let authority = Authority::new();
    for names in [["127.0.0.1"], ["elsewhere.example"]] {
        let mcp = McpServer::https(authority.server(&names), |request, _| support::mcp::echo(request));
        called(&mcp.url()).assert_failure(502, "tls", &["tls"]);
        assert!(mcp.seen().is_empty());
    }
}

#[test]
fn a_server_that_speaks_no_tls_is_tls() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    std::thread::spawn(move || {
        for mut stream in listener.incoming().flatten() {
            let _ = stream.read(&mut [0; 1024]);
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n");
        }
    });
    called(&format!("https://{address}/mcp")).assert_failure(502, "tls", &["tls"]);
}

#[test]
fn a_trusted_certificate_is_enough() {
    let authority = Authority::new();
    let mcp = McpServer::https(authority.server(&["127.0.0.1"]), |request, _| {
        support::mcp::echo(request)
    });
    let control = ControlPlane::http();
    let builder = ClientBuilder::new(&control).server(mcp.url());
    let bundle = builder.directory().write("ca.pem", authority.pem());
    let _client = builder.env("CA_BUNDLE", bundle.display().to_string()).start();
    assert_eq!(control.call(Command::call("r1", "ping", "{}"), "r1").resp_code, 200);
}

#[test]
fn a_connection_that_ends_or_breaks_is_transport_closed() {
    let (_, _, _, post) = answered(Answer::default().reset());
    post.assert_failure(502, "transport_closed", &["connection_reset"]);
    let (_, _, _, post) = answered(Answer::default().close());
    post.assert_failure(502, "transport_closed", &ENDED);
    let (_, _, _, post) = answered(Answer::raw("HTTP/1.1 200 OK\r\nContent-").close());
    post.assert_failure(502, "transport_closed", &ENDED);
}

#[test]
fn a_body_that_stops_short_is_not_an_answer() {
    for answer in [
        Answer::short(200, r#"{"jsonrpc":"2.0","id":"r1","result":{}}"#).close(),
        Answer::short(200, r#"{"jsonrpc":"2.0","#).reset(),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
            .chunk(r#"{"jsonrpc":"2.0","id":"r1","result":{}}"#)
            .close(),
    ] {
        let (_, _, _, post) = answered(answer);
        assert_eq!(post.resp_code, 502, "{post:#?}");
        let failure = post.failure();
        let kind = failure.kind.as_deref().unwrap_or_default();
        let closed = ENDED.contains(&kind) || kind == "connection_reset";
        match failure.source.as_str() {
            "transport_closed" => assert!(closed && !failure.received, "{post:#?}"),
            "protocol" => assert_eq!(kind, "response_body_unreadable", "{post:#?}"),
            other => panic!("source {other}: {post:#?}"),
        }
    }
}

#[test]
fn a_2xx_that_is_no_answer_is_a_protocol_failure() {
    let json = |body: &str| Answer::json(200, body);
    let invalid = ["invalid_protocol_response", "non_protocol_response"];
    let cases: Vec<(Answer, &[&str])> = vec![
        (
            json("{\"jsonrpc\":\"2.0\",\"id\":\"r1\",\"result\":{"),
            &["malformed_json"],
        ),
        (json("internal-detail-7f3a"), &["malformed_json"]),
        (json(""), &["response_body_missing"]),
        (Answer::empty(202), &["response_body_missing", "non_protocol_response"]),
        (Answer::empty(204), &["response_body_missing", "non_protocol_response"]),
        (
            Answer::new(202, &[("Content-Type", "text/plain")], SECRET),
            &["non_protocol_response", "malformed_json"],
        ),
        (
            Answer::new(200, &[("Content-Type", "text/html")], "<p>internal-detail-7f3a</p>"),
            &["non_protocol_response", "malformed_json"],
        ),
        (
            Answer::new(200, &[("Content-Type", "text/plain")], "ok"),
            &["non_protocol_response", "malformed_json"],
        ),
        (
            json(r#"{"jsonrpc":"2.0","id":"other","result":{"s":"internal-detail-7f3a"}}"#),
            &["invalid_protocol_response"],
        ),
        (
            json(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#),
            &["invalid_protocol_response"],
        ),
        (json(r#"{"jsonrpc":"2.0","result":{}}"#), &invalid),
        (json(r#"{"jsonrpc":"1.0","id":"r1","result":{}}"#), &invalid),
        (json(r#"{"jsonrpc":"2.0","id":"r1"}"#), &invalid),
        (
            json(r#"{"jsonrpc":"2.0","id":"r1","result":{},"error":{"code":1,"message":"m"}}"#),
            &invalid,
        ),
        (json(r#"["internal-detail-7f3a"]"#), &invalid),
        (json("7"), &invalid),
    ];
    for (answer, kinds) in cases {
        let (_, mcp, client, post) = answered(answer);
        post.assert_failure(502, "protocol", kinds);
        assert_eq!(post.json()["id"], "r1", "{post:#?}");
        assert!(
            !post.request.text().contains(SECRET),
            "the body crossed the tunnel: {post:#?}"
        );
        assert!(client.log_with(SECRET).is_empty(), "the body is in the log");
        assert_eq!(
            mcp.forwarded().len(),
            1,
            "a call is not repeated: {:#?}",
            mcp.forwarded()
        );
    }
}

#[test]
fn an_http_error_keeps_its_status_and_its_words_are_not_logged() {
    let plain = |status: u16, body: &str| Answer::new(status, &[("Content-Type", "text/plain")], body);
    let big = "x".repeat(100 * 1024 + 1);
    let shape = ["non_protocol_response", "invalid_mcp_error", "http_status"];
    let cases: Vec<(u16, &str, Answer, &[&str])> = vec![
        (503, "Service Unavailable", plain(503, SECRET), &["malformed_json"]),
        (
            500,
            "Internal Server Error",
            Answer::empty(500),
            &["response_body_missing", "http_status"],
        ),
        (
            500,
            "Internal Server Error",
            plain(500, &big),
            &["response_body_too_large"],
        ),
        (
            502,
            "Bad Gateway",
            Answer::short(502, "{").close(),
            &["response_body_unreadable"],
        ),
        (
            400,
            "Bad Request",
            Answer::json(400, r#"{"s":"internal-detail-7f3a"}"#),
            &shape,
        ),
        (
            400,
            "Bad Request",
            Answer::json(
                400,
                r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32600,"message":"internal-detail-7f3a"}}"#,
            ),
            &shape,
        ),
        (
            404,
            "Not Found",
            Answer::json(
                404,
                r#"{"jsonrpc":"2.0","id":"other","error":{"code":1,"message":"internal-detail-7f3a"}}"#,
            ),
            &[
                "invalid_protocol_response",
                "invalid_mcp_error",
                "non_protocol_response",
                "http_status",
            ],
        ),
        (
            422,
            "Unprocessable Entity",
            Answer::json(
                422,
                r#"{"jsonrpc":"2.0","id":"r1","result":{},"error":{"code":1,"message":"m"}}"#,
            ),
            &shape,
        ),
        (
            400,
            "Bad Request",
            Answer::json(400, r#"{"jsonrpc":"2.0","id":"r1","error":{"code":1}}"#),
            &shape,
        ),
        (
            400,
            "Bad Request",
            Answer::json(400, r#"{"jsonrpc":"2.0","id":"r1","error":{"code":1.5,"message":"m"}}"#),
            &shape,
        ),
        (
            429,
            "Too Many Requests",
            plain(429, ""),
            &["response_body_missing", "http_status"],
        ),
    ];
    for (status, reason, answer, kinds) in cases {
        let (_, mcp, client, post) = answered(answer);
        post.assert_failure(status, "target_http", kinds);
        let message = post.failure().message;
        assert!(
            message.starts_with(&format!("MCP server answered HTTP {status} ({reason})")),
            "{message}"
        );
        let words = &post.json()["error"]["data"]["mcp_server"]["message"];
        assert_eq!(
            post.request.text().contains(SECRET),
            words == SECRET && message.ends_with(SECRET),
            "what is no sentence crossed the tunnel: {post:#?}"
        );
        assert!(client.log_with(SECRET).is_empty(), "the body is in the log");
        assert_eq!(
            mcp.forwarded().len(),
            1,
            "one request, no repetition, no stray DELETE: {:#?}",
            mcp.forwarded()
        );
        let stray = mcp
            .seen()
            .into_iter()
            .find(|seen| seen.method == "DELETE" && seen.header("mcp-session-id").is_none());
        assert!(stray.is_none(), "{stray:?}");
    }
}

#[test]
fn an_mcp_error_with_an_error_status_passes_byte_for_byte() {
    let body = r#"{"error":{"message":"no\u0020session","code":-32001,"data":{"n":9007199254740993.50}},"x":1,"id":"r1","jsonrpc":"2.0"}"#;
    for status in [400, 404, 500] {
        let (_, _, _, post) = answered(Answer::json(status, body));
        assert_eq!(
            (post.resp_code, post.resp_json.as_deref()),
            (status, Some(body)),
            "{post:#?}"
        );
    }
}

#[test]
fn a_401_keeps_its_challenge() {
    let challenge = r#"Bearer resource_metadata="https://mcp.example/.well-known/oauth-protected-resource""#;
    let headers = [("WWW-Authenticate", challenge), ("Content-Type", "text/plain")];
    let (_, _, _, post) = answered(Answer::new(401, &headers, "who are you"));
    assert_eq!(post.resp_code, 401, "{post:#?}");
    assert_eq!(post.resp_header("Www-Authenticate"), Some(challenge));
    assert_eq!(post.failure().status, Some(401));
    assert_eq!(
        post.failure().message,
        "MCP server answered HTTP 401 (Unauthorized): who are you"
    );
    assert!(
        post.resp_header("Content-Type")
            .unwrap()
            .starts_with("application/json"),
        "{post:#?}"
    );
}

#[test]
fn a_stall_at_any_point_is_a_timeout() {
    for answer in [
        Answer::default().stall(),
        Answer::raw("HTTP/1.1 200 OK\r\nContent-Type: appl").stall(),
        Answer::short(200, r#"{"jsonrpc":"2.0","id":"r1","#).stall(),
        Answer::short(500, "ab").stall(),
        Answer::sse(&[]).stall(),
    ] {
        let (control, mcp) = (ControlPlane::http(), McpServer::always(answer));
        let _client = ClientBuilder::new(&control)
            .server(mcp.url())
            .env("MCP_CONNECTION_MAX_TTL", "500ms")
            .start();
        control.push(Command::call("r1", "tools/call", "{}"));
        let post = control.only_terminal("r1");
        if post.resp_code == 500 {
            assert_eq!(post.failure().source, "target_http", "{post:#?}");
        } else {
            post.assert_failure(504, "timeout", &["timeout"]);
        }
    }
}

#[test]
fn an_answer_that_does_not_begin_or_stops_is_given_up_for_its_own_bound() {
    let slowly = Answer::raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 39\r\n\r\n")
        .pause(Duration::from_millis(400))
        .send(r#"{"jsonrpc":"2.0","#)
        .pause(Duration::from_millis(400))
        .send(r#""id":"r1","result":{}}"#);
    for (answer, reason) in [
        (Answer::default().stall(), Some("mcp.first_byte_timeout")),
        (
            Answer::short(200, r#"{"jsonrpc":"2.0","id":"r1","#).stall(),
            Some("mcp.idle_timeout"),
        ),
        (Answer::sse(&[]).stall(), Some("mcp.idle_timeout")),
        (slowly, None),
    ] {
        let (control, mcp) = (ControlPlane::http(), McpServer::always(answer));
        let client = ClientBuilder::new(&control)
            .server(mcp.url())
            .env("MCP_FIRST_BYTE_TIMEOUT", "700ms")
            .env("MCP_IDLE_TIMEOUT", "700ms")
            .start();
        control.push(Command::call("r1", "tools/call", "{}"));
        let post = control.only_terminal("r1");
        match reason {
            Some(reason) => {
                post.assert_failure(504, "timeout", &["timeout"]);
                assert!(client.await_log("MCP command failed").contains(reason), "{reason}");
            }
            None => assert_eq!(post.resp_code, 200, "{post:#?}"),
        }
    }
}

#[test]
fn a_unix_socket_serves_a_channel_and_the_url_names_host_and_path() {
    let (control, scratch) = (ControlPlane::http(), support::Scratch::new());
    let path = scratch.file("mcp.sock");
    let mcp = McpServer::unix(&path, |request, _| support::mcp::echo(request));
    let _client = ClientBuilder::new(&control)
        .server(format!(
            "url=http://mcp.internal:8123/some/path,unix-socket={}",
            path.display()
        ))
        .start();
    for number in 0..5 {
        let id = format!("r{number}");
        assert_eq!(control.call(Command::call(&id, "ping", "{}"), &id).resp_code, 200);
    }
    let seen = mcp.await_forwarded("r0");
    assert_eq!(
        (seen.path(), seen.header("host")),
        ("/some/path", Some("mcp.internal:8123"))
    );
}

#[test]
fn a_server_that_restarts_serves_the_next_call() {
    let control = ControlPlane::http();
    let mcp = McpServer::echo();
    let address = mcp.server().socket_address();
    let client = Client::http(&control, &mcp.url());
    assert_eq!(
        control.call(Command::call("before", "ping", "{}"), "before").resp_code,
        200
    );
    drop(mcp);
    let post = control.call(Command::call("between", "ping", "{}"), "between");
    assert_eq!(post.resp_code, 502, "{post:#?}");
    let again = McpServer::at(address, |request, _| {
        Answer::json(200, result(request, &id_of(request)))
    });
    assert_eq!(
        control.call(Command::call("after", "ping", "{}"), "after").resp_code,
        200
    );
    assert_eq!(again.forwarded().len(), 1);
    drop(client);
}

#[test]
fn an_endless_answer_is_cut_and_costs_bounded_memory() {
    let json = Answer::raw("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n");
    let block = Answer::default().chunk("x".repeat(1 << 20));
    let support::answer::Step::Send(block) = &block.steps[0] else {
        unreachable!()
    };
    for head in [
        json.chunk("\""),
        Answer::sse(&[]).chunk("data: "),
        Answer::sse(&[]).chunk(":"),
    ] {
        let control = ControlPlane::http();
        let mcp = McpServer::always(head.flood(block, 400 << 20).close());
        let mut client = Client::http(&control, &mcp.url());
        control.push(Command::call("r1", "tools/call", "{}"));
        let post = control.terminal_within(Duration::from_secs(40), "r1");
        assert_eq!(post.resp_code, 502, "{post:#?}");
        assert!(client.running());
        let peak = support::process::peak_resident_kib(client.pid());
        assert!(peak < 300 << 10, "{peak} KiB resident");
    }
}

#[test]
fn deep_nesting_passes_or_fails_but_never_ends_the_client() {
    let deep = format!("{}{}", "[".repeat(100_000), "]".repeat(100_000));
    let control = ControlPlane::http();
    let reply = deep.clone();
    let mcp = McpServer::http(move |request, _| Answer::json(200, result(request, &reply)));
    let mut client = Client::http(&control, &mcp.url());
    control.push(Command::call("answer", "tools/call", "{}"));
    control.only_terminal("answer");
    control.push(Command::call("request", "tools/call", &deep));
    control.only_terminal("request");
    assert!(client.running());
}
