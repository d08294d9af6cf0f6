//! Delivery of answers: their shape, their headers, and what is repeated when the control plane does not take them.

use std::time::Duration;

use crate::support;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, eventually, holds_for, result};

/// A server that streams three notifications and then the answer.
fn streaming() -> McpServer {
    McpServer::http(|request, _| {
        let mut answer = Answer::sse(&[]);
        for number in 1..=3 {
            answer = answer.event(format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"t","progress":{number}}}}}"#
            ));
        }
        answer.event(result(request, "{}")).end()
    })
}

#[test]
fn an_answer_carries_type_code_channel_and_the_commands_shard_token() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .server(format!("channel=tools,url={}", mcp.url()))
        .start();
    let shard = "opaque shard/token+==";
    let command = Command::call("r1", "tools/list", r#"{"a":1}"#)
        .channel("tools")
        .field("shard_token", format!("{shard:?}"));
    let post = control.call(command, "r1");
    assert_eq!(post.resp_type, "jsonrpc_response");
    assert_eq!(post.resp_code, 200);
    assert_eq!(post.channel.as_deref(), Some("tools"));
    assert_eq!(
        post.resp_json.as_deref(),
        Some(r#"{"jsonrpc":"2.0","id":"r1","result":{"echo":{"a":1}}}"#)
    );
    assert_eq!(post.request.header("x-tunnel-shard-token"), Some(shard));
    assert_eq!(post.request.header("content-type"), Some("application/json"));
    assert!(!post.request.text().contains("shard"), "{}", post.request.text());
}

#[test]
fn request_ids_of_the_service_come_back_with_the_answer() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    let post = control.call(
        Command::call("r1", "ping", "{}").header("X-Request-Id", "from-the-command"),
        "r1",
    );
    assert_eq!(post.request.header("x-client-request-id"), Some("from-the-command"));

    let body = support::command::poll_body(&[Command::call("r2", "ping", "{}")]);
    control.on_poll(Answer::new(
        200,
        &[("X-Request-Id", "from-the-poll"), ("Content-Type", "application/json")],
        body,
    ));
    assert_eq!(
        control.terminal("r2").request.header("x-client-request-id"),
        Some("from-the-poll")
    );
}

#[test]
fn only_the_listed_response_headers_cross_the_tunnel() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| {
        let headers = [
            ("content-type", "application/json; charset=utf-8"),
            ("mcp-session-id", "s-1"),
            ("MCP-PROTOCOL-VERSION", "2025-06-18"),
            ("www-authenticate", "Bearer realm=\"a\""),
            ("WWW-Authenticate", "Basic realm=\"b\""),
            ("Access-Control-Expose-Headers", "Mcp-Session-Id"),
            ("Connection", "keep-alive, Last-Event-Id"),
            ("Last-Event-Id", "7"),
            ("retry-after", "120"),
            ("RateLimit-Remaining", "0"),
            ("x-ratelimit-reset", "60"),
            ("DPoP-Nonce", "n-1"),
            ("Set-Cookie", "secret=1"),
            ("Location", "http://10.0.0.1/leak"),
            ("Link", "<http://10.0.0.1/leak>"),
            ("Alt-Svc", "h3=\":443\""),
            ("Strict-Transport-Security", "max-age=1"),
            ("X-Powered-By", "leak"),
            ("Server", "leak"),
        ];
        Answer::new(200, &headers, result(request, "{}"))
    });
    let _client = Client::http(&control, &mcp.url());
    let post = control.call(Command::call("r1", "initialize", "{}"), "r1");
    let names: Vec<&str> = post.resp_headers.keys().map(String::as_str).collect();
    let expected = [
        "Access-Control-Expose-Headers",
        "Content-Type",
        "Dpop-Nonce",
        "Mcp-Protocol-Version",
        "Mcp-Session-Id",
        "Ratelimit-Remaining",
        "Retry-After",
        "Www-Authenticate",
        "X-Ratelimit-Reset",
    ];
    assert_eq!(names, expected, "{post:#?}");
    assert_eq!(post.resp_header("Retry-After"), Some("120"));
    assert_eq!(post.resp_header("Mcp-Session-Id"), Some("s-1"));
    assert!(
        post.resp_header("Content-Type")
            .unwrap()
            .starts_with("application/json"),
        "{post:#?}"
    );
    assert_eq!(
        post.resp_headers["Www-Authenticate"],
        ["Bearer realm=\"a\"", "Basic realm=\"b\""]
    );
}

#[test]
fn a_refusal_says_when_to_ask_again() {
    for status in [429, 503] {
        let (control, mcp) = (
            ControlPlane::http(),
            McpServer::always(Answer::new(status, &[("Retry-After", "7")], "later")),
        );
        let _client = Client::http(&control, &mcp.url());
        let post = control.call(Command::call("r1", "tools/call", "{}"), "r1");
        assert_eq!((post.resp_code, post.resp_header("Retry-After")), (status, Some("7")));
        control.push(Command::notification("n1", "notifications/x", "{}"));
        let post = control.terminal("n1");
        assert_eq!((post.resp_code, post.resp_header("Retry-After")), (status, Some("7")));
    }
}

#[test]
fn streamed_answers_keep_their_content_type() {
    let (control, mcp) = (ControlPlane::http(), streaming());
    let _client = Client::http(&control, &mcp.url());
    let terminal = control.call(Command::call("r1", "tools/call", "{}"), "r1");
    assert!(
        terminal
            .resp_header("Content-Type")
            .unwrap()
            .starts_with("text/event-stream"),
        "{terminal:#?}"
    );
    for post in control.posts_of("r1").iter().filter(|post| !post.is_terminal()) {
        assert_eq!(post.request.header("x-tunnel-shard-token"), Some("shard-r1"));
    }
}

#[test]
fn an_answer_that_was_not_taken_is_sent_again_unchanged() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    for status in [408, 429, 502, 503, 504] {
        let id = format!("r{status}");
        control.on_delivery(&id, "jsonrpc_response", Answer::empty(status));
        control.push(Command::call(&id, "tools/call", r#"{"n":1}"#));
    }
    for status in [408, 429, 502, 503, 504] {
        let posts = control.await_posts(&format!("r{status}"), 2);
        assert_eq!(posts[0].request.body, posts[1].request.body, "{posts:#?}");
        assert_eq!(posts[0].request.headers, posts[1].request.headers, "{posts:#?}");
        assert!(
            posts[1].request.at - posts[0].request.at >= Duration::from_millis(190),
            "{posts:#?}"
        );
    }
    control.barrier();
    assert_eq!(
        control
            .posts()
            .iter()
            .filter(|post| post.request_id.starts_with('r'))
            .count(),
        10
    );
}

#[test]
fn an_answer_is_tried_three_times_at_most() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    for _ in 0..6 {
        control.on_delivery("r1", "jsonrpc_response", Answer::empty(503));
    }
    let mut client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "ping", "{}"));
    control.await_posts("r1", 3);
    holds_for(Duration::from_millis(1500), "three attempts", || {
        control.posts_of("r1").len() == 3
    });
    assert_eq!(control.call(Command::call("r2", "ping", "{}"), "r2").resp_code, 200);
    assert!(client.running());
}

#[test]
fn an_answer_whose_connection_broke_is_sent_again() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    control.on_delivery("closed", "jsonrpc_response", Answer::default().close());
    control.on_delivery("reset", "jsonrpc_response", Answer::default().reset());
    control.on_delivery("torn", "jsonrpc_response", Answer::raw("HTTP/1.1 20").close());
    for id in ["closed", "reset", "torn"] {
        control.push(Command::call(id, "ping", "{}"));
        let posts = control.await_posts(id, 2);
        assert_eq!(posts[0].request.body, posts[1].request.body, "{posts:#?}");
    }
}

#[test]
fn refusals_that_stay_are_not_repeated() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &mcp.url());
    for status in [400, 401, 404, 409, 410, 413] {
        let id = format!("r{status}");
        control.on_delivery(&id, "jsonrpc_response", Answer::empty(status));
        control.call(Command::call(&id, "ping", "{}"), &id);
    }
    holds_for(Duration::from_millis(800), "one attempt each", || {
        control.posts().len() == 6
    });
    control.barrier();
    assert!(
        !client.log_with("404").is_empty(),
        "a request that is gone is worth a warning"
    );
}

#[test]
fn retry_after_of_a_delivery_is_honoured() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.on_delivery("r1", "jsonrpc_response", Answer::new(429, &[("Retry-After", "1")], ""));
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "ping", "{}"));
    let posts = control.await_posts("r1", 2);
    assert!(
        posts[1].request.at - posts[0].request.at >= Duration::from_secs(1),
        "{posts:#?}"
    );
}

#[test]
fn a_delivery_that_stalls_is_given_up_and_holds_up_nobody() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    control.on_delivery("r1", "jsonrpc_response", Answer::default().stall());
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("CONTROL_PLANE_POLL_TIMEOUT", "500ms")
        .env("CONTROL_PLANE_POLL_DEADLINE_GUARDRAIL", "500ms")
        .start();
    control.push(Command::call("r1", "ping", "{}"));
    control.await_posts("r1", 1);
    control.call(Command::call("r2", "ping", "{}"), "r2");
    assert_eq!(
        control.posts_of("r1").len(),
        1,
        "r2 waited for the stalled delivery of r1"
    );
    control.await_posts("r1", 2);
}

#[test]
fn a_commands_deadline_bounds_its_delivery() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    for _ in 0..3 {
        control.on_delivery("r1", "jsonrpc_response", Answer::new(503, &[("Retry-After", "2")], ""));
    }
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "ping", "{}").timeout("\"1s\""));
    control.await_posts("r1", 1);
    holds_for(Duration::from_millis(2600), "no attempt after the deadline", || {
        control.posts_of("r1").len() == 1
    });
}

#[test]
fn a_notification_that_may_have_arrived_is_not_repeated() {
    for answer in [Answer::empty(503), Answer::default().close(), Answer::default().reset()] {
        let (control, mcp) = (ControlPlane::http(), streaming());
        let _client = Client::http(&control, &mcp.url());
        control.on_delivery("r1", "jsonrpc_notify", answer);
        control.push(Command::call("r1", "tools/call", "{}"));
        let terminal = control.only_terminal("r1");
        assert_eq!(terminal.resp_code, 200);
        let notified = control.posts_of("r1").iter().filter(|post| !post.is_terminal()).count();
        assert_eq!(
            notified,
            1,
            "the rest is skipped, the answer is not: {:#?}",
            control.posts_of("r1")
        );
    }
}

#[test]
fn a_notification_that_was_refused_for_its_rate_is_repeated_in_order() {
    let (control, mcp) = (ControlPlane::http(), streaming());
    let _client = Client::http(&control, &mcp.url());
    control.on_delivery("r1", "jsonrpc_notify", Answer::empty(429));
    control.push(Command::call("r1", "tools/call", "{}"));
    control.only_terminal("r1");
    let progress: Vec<u64> = control
        .posts_of("r1")
        .iter()
        .filter_map(|post| post.json()["params"]["progress"].as_u64())
        .collect();
    assert_eq!(progress, [1, 1, 2, 3]);
}

#[test]
fn hundreds_of_commands_share_a_handful_of_connections() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let workers = 6;
    let _client = ClientBuilder::new(&control).server(mcp.url()).workers(workers).start();
    for number in 0..400 {
        control.push(Command::call(&format!("r{number}"), "ping", "{}"));
    }
    for number in 0..400 {
        let post = control.terminal(&format!("r{number}"));
        assert_eq!(
            post.json()["id"],
            format!("r{number}"),
            "answers are mixed up: {post:#?}"
        );
    }
    assert!(
        control.connections() <= workers + 2,
        "{} connections to the control plane",
        control.connections()
    );
    let upstream = mcp.server().connections();
    assert!(
        upstream <= workers as u64 + 2,
        "{upstream} connections to the MCP server"
    );
    assert_eq!(control.posts().len(), 400);
}

#[test]
fn answers_go_on_after_the_control_plane_closed_its_idle_connections() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    for round in 0..5 {
        let id = format!("r{round}");
        control.push(Command::call(&id, "ping", "{}"));
        eventually("the answer", || control.posts_of(&id).into_iter().next());
        control.server().close_connections();
        mcp.server().close_connections();
    }
    let post = control.call(Command::call("last", "ping", "{}"), "last");
    assert_eq!(post.resp_code, 200, "{post:#?}");
}
