//! MCP servers that are within HTTP, but only just, and headers that could confuse one hop with the next.

use crate::support;
use crate::support::{Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, eventually, result};

/// Calls a server once and expects an ordinary answer.
#[track_caller]
fn works(mcp: &McpServer, command: Command) {
    let control = ControlPlane::http();
    let _client = Client::http(&control, &mcp.url());
    control.push(command);
    let post = control.only_terminal("r1");
    assert_eq!(post.resp_code, 200, "{post:#?}");
    assert!(post.json().get("result").is_some(), "{post:#?}");
}

fn call() -> Command {
    Command::call("r1", "tools/call", "{}")
}

#[test]
fn old_and_chatty_servers_are_understood() {
    let http10 = McpServer::http(|request, _| {
        let head = "HTTP/1.0 200 OK\r\nContent-Type: application/json\r\n\r\n";
        Answer::raw(head.to_owned() + &result(request, "{}")).close()
    });
    works(&http10, call());
    let informational = McpServer::http(|request, _| {
        let early = "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </x>\r\n\r\n";
        Answer::raw(early).then(Answer::json(200, result(request, "{}")))
    });
    works(&informational, call());
    let trailers = McpServer::http(|request, _| {
        let head =
            "HTTP/1.1 200 OK\r\ncontent-TYPE:application/json;charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n";
        Answer::raw(head)
            .chunk(result(request, "{}"))
            .send("0\r\nX-Trailer: 1\r\n\r\n")
    });
    works(&trailers, call());
    let spaced = McpServer::http(|request, _| Answer::json(200, format!("\r\n  {}\n\n", result(request, "{ }"))));
    works(&spaced, call());
}

#[test]
fn a_server_that_closes_after_each_answer_loses_no_call() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| Answer::json(200, result(request, "{}")).close());
    let _client = Client::http(&control, &mcp.url());
    for number in 0..50 {
        let id = format!("r{number}");
        let post = control.call(Command::call(&id, "tools/call", "{}"), &id);
        assert_eq!(post.resp_code, 200, "{post:#?}");
        // The probe's connection stays.
        eventually("the server closes", || {
            (mcp.server().open_connections() <= 1).then_some(())
        });
    }
}

#[test]
fn bytes_after_an_answer_are_not_taken_for_the_next_one() {
    let control = ControlPlane::http();
    let forged = r#"{"jsonrpc":"2.0","id":"r1","result":{"forged":true}}"#;
    let mcp =
        McpServer::http(move |request, _| Answer::json(200, result(request, "{}")).then(Answer::json(200, forged)));
    let _client = ClientBuilder::new(&control).server(mcp.url()).workers(1).start();
    for id in ["r0", "r1", "r2", "r1"] {
        control.push(Command::call(id, "tools/call", "{}"));
        control.await_posts(id, 1);
    }
    control.barrier();
    for post in control.posts() {
        assert!(
            !post.request.text().contains("forged"),
            "a stale answer was delivered: {post:#?}"
        );
    }
}

#[test]
fn bytes_after_a_poll_answer_are_not_taken_for_the_next_one() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let body = |id: &str| support::command::poll_body(&[Command::call(id, "ping", "{}")]);
    control.on_poll(Answer::json(200, body("real")).then(Answer::json(200, body("forged"))));
    let _client = Client::http(&control, &mcp.url());
    assert_eq!(control.terminal("real").resp_code, 200);
    assert_eq!(control.call(Command::call("next", "ping", "{}"), "next").resp_code, 200);
    assert!(
        mcp.forwarded_for("forged").is_empty(),
        "bytes nobody asked for were obeyed"
    );
}

#[test]
fn a_callers_wish_for_compression_does_not_break_its_call() {
    let mcp = McpServer::http(|request, _| match request.header("accept-encoding") {
        Some(list) if list.contains("gzip") => Answer::new(
            200,
            &[("Content-Type", "application/json"), ("Content-Encoding", "gzip")],
            b"\x1f\x8b\x08garbage",
        ),
        _ => support::mcp::echo(request),
    });
    works(&mcp, call().header("Accept-Encoding", "gzip, deflate, br"));
}

#[test]
fn connection_headers_of_a_caller_do_not_break_its_call() {
    for (name, value) in [
        ("Connection", "close"),
        ("Connection", "Upgrade"),
        ("Upgrade", "websocket"),
        ("Keep-Alive", "timeout=1"),
        ("Proxy-Connection", "keep-alive"),
        ("TE", "trailers"),
        ("Expect", "100-continue"),
        ("Trailer", "X-T"),
        ("Content-Encoding", "identity"),
        ("X-Empty", ""),
        ("X-Latin", "caf\u{e9}"),
    ] {
        let mcp = McpServer::echo();
        works(&mcp, call().header(name, value));
    }
}

#[test]
fn a_callers_content_type_does_not_double_ours() {
    let mcp = McpServer::echo();
    works(
        &mcp,
        call()
            .header("Content-Type", "application/json; charset=utf-8")
            .header("accept", "application/json"),
    );
    let seen = mcp.await_forwarded("r1");
    assert_eq!(seen.header_values("content-type").len(), 1, "{seen:?}");
    assert_eq!(seen.header_values("accept"), ["application/json"], "{seen:?}");
    assert_eq!(seen.header_values("host").len(), 1, "{seen:?}");
}

#[test]
fn large_payloads_pass_in_both_forms_and_directions() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.text().contains("stream") {
        true => Answer::sse(&[])
            .event(result(request, &format!("\"{}\"", "y".repeat(6 << 20))))
            .end(),
        false => support::mcp::echo(request),
    });
    let _client = Client::http(&control, &mcp.url());
    let params = format!(r#"{{"text":"{}"}}"#, "x".repeat(6 << 20));
    control.push(Command::call("json", "tools/call", &params));
    assert_eq!(
        control.only_terminal("json").json()["result"]["echo"]["text"]
            .as_str()
            .unwrap()
            .len(),
        6 << 20
    );
    control.push(Command::call("sse", "stream", "{}"));
    assert_eq!(
        control.only_terminal("sse").json()["result"].as_str().unwrap().len(),
        6 << 20
    );
}

#[test]
fn a_query_in_the_server_url_is_sent_and_never_logged() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let client = Client::http(&control, &format!("{}?token=hidden-in-the-query", mcp.url()));
    control.push(call());
    assert_eq!(control.only_terminal("r1").resp_code, 200);
    assert_eq!(mcp.await_forwarded("r1").query("token"), Some("hidden-in-the-query"));
    assert!(
        client.log_with("hidden-in-the-query").is_empty(),
        "{:#?}",
        client.log_with("hidden-in-the-query")
    );
}

#[test]
fn a_notification_to_a_server_that_is_gone_is_acknowledged_with_502() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let url = mcp.url();
    drop(mcp);
    let _client = Client::http(&control, &url);
    control.push(Command::notification("n1", "notifications/initialized", "{}"));
    let post = control.only_terminal("n1");
    assert_eq!(
        (post.resp_type.as_str(), post.resp_code),
        ("notify_ack", 502),
        "{post:#?}"
    );
    assert_eq!(post.resp_json, None);
}

#[test]
fn a_notification_whose_answer_has_a_body_is_acknowledged() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.text().contains("stream") {
        true => Answer::sse(&[]).chunk(": nothing to say\n\n").end(),
        false => Answer::json(200, "{}"),
    });
    let _client = Client::http(&control, &mcp.url());
    for method in ["notifications/stream", "notifications/json"] {
        control.push(Command::notification(method, method, "{}"));
        let post = control.only_terminal(method);
        assert_eq!(
            (post.resp_type.as_str(), post.resp_code),
            ("notify_ack", 200),
            "{post:#?}"
        );
    }
}
