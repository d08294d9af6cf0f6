//! What comes in an answer and is no part of the call: skipped, counted, logged once, and told when the answer does not come.

use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, McpServer, Post, eventually, id_of, result,
};

const SECRET: &str = "internal-detail-7f3a";

/// Calls a server that sends `before`, then the answer, then `after`.
fn called(before: &str, after: &str) -> (ControlPlane, Client, Post) {
    let control = ControlPlane::http();
    let (before, after) = (before.to_owned(), after.to_owned());
    let mcp = McpServer::http(move |request, _| {
        let answer = format!("data: {}\n\n", result(request, r#"{"ok":true}"#));
        Answer::sse(&[]).chunk(format!("{before}{answer}{after}")).end()
    });
    let client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    (control, client, post)
}

#[test]
fn no_odd_event_ends_a_good_stream() {
    let data = |text: &str| format!("data: {text}\n\n");
    let cases = [
        data(r#"{"type":"heartbeat","at":"internal-detail-7f3a"}"#),
        data(r#"{"jsonrpc":"2.0","id":777,"result":{"s":"internal-detail-7f3a"}}"#),
        data(r#"{"jsonrpc":"2.0","id":"other","error":{"code":1,"message":"internal-detail-7f3a"}}"#),
        data(r#"{"jsonrpc":"2.0","id":null,"error":{"code":1,"message":"internal-detail-7f3a"}}"#),
        data(r#"{"jsonrpc":"2.0","id":null,"result":{}}"#),
        data(r#"{"jsonrpc":"2.0","id":null,"method":"notifications/message"}"#),
        data(r#"{"jsonrpc":"1.0","id":"r1","result":{}}"#),
        data("[]"),
        data("[1,[2],\"internal-detail-7f3a\"]"),
        data("internal-detail-7f3a"),
        data("{\"jsonrpc\":"),
        data("7"),
        data("null"),
        data("[DONE]"),
        format!("event: ping\n{}", data("internal-detail-7f3a")),
        format!("event: {SECRET}\u{7}{}\n{}", "x".repeat(10_000), data("{}")),
        "internal-detail-7f3a\n\n".to_owned(),
        "data\n\n".to_owned(),
        format!("\u{feff}{}", data("{}")),
        format!(
            "data: {{\"jsonrpc\":\"2.0\",\"id\":\"{}\",\"method\":\"ping\"}}\n\n",
            "x".repeat(20_000)
        ),
        format!(
            "data: {{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"{}\"}}\n\n",
            "m".repeat(20_000)
        ),
    ];
    for case in cases {
        let (_control, client, post) = called(&case, "");
        assert_eq!(
            (post.resp_code, post.json()["result"]["ok"].as_bool()),
            (200, Some(true)),
            "{case}: {post:#?}"
        );
        let told = client.log_with(SECRET);
        let named = case.starts_with("event: internal");
        assert!(named || told.is_empty(), "content of an event is in the log: {told:#?}");
    }
    let (_control, _client, post) = called("", "data: nonsense\n\n");
    assert_eq!(post.resp_code, 200, "{post:#?}");
}

#[test]
fn an_answer_in_an_array_is_found_among_notifications() {
    for json in [false, true] {
        let control = ControlPlane::http();
        let mcp = McpServer::http(move |request, _| {
            let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"n":1.50}}"#;
            let whole = format!(" [ {note} , {} , 7]", result(request, r#"{"ok": 1e1}"#));
            match json {
                true => Answer::json(200, whole),
                false => Answer::sse(&[]).event(whole).end(),
            }
        });
        let _client = Client::http(&control, &mcp.url());
        control.push(Command::call("r1", "tools/call", "{}"));
        let post = control.only_terminal("r1");
        assert_eq!(
            post.resp_json.as_deref(),
            Some(r#"{"jsonrpc":"2.0","id":"r1","result":{"ok": 1e1}}"#),
            "{post:#?}"
        );
        let posts = control.posts_of("r1");
        assert_eq!(posts.len(), 2, "{posts:#?}");
        assert_eq!(
            posts[0].resp_json.as_deref(),
            Some(r#"{"jsonrpc":"2.0","method":"notifications/message","params":{"n":1.50}}"#)
        );
    }
}

#[test]
fn odd_events_are_counted_each_and_logged_once() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| {
        let answer = Answer::sse(&[])
            .event(r#"{"type":"heartbeat"}"#)
            .event(r#"{"type":"heartbeat"}"#);
        answer.event("no").event(result(request, "{}")).end()
    });
    let client = Client::http(&control, &mcp.url());
    for id in ["r1", "r2"] {
        control.push(Command::call(id, "tools/call", "{}"));
        assert_eq!(control.only_terminal(id).resp_code, 200);
    }
    let series = |event: &str| format!(r#"mcp_http_odd_events_total{{channel="main",event="{event}"}}"#);
    eventually("the count", || {
        (client.metric(&series("not_a_message")) == Some(4.0) && client.metric(&series("not_json")) == Some(2.0))
            .then_some(())
    });
    let warnings = client.log_with("it is skipped");
    assert_eq!(warnings.len(), 2, "{warnings:#?}");
    assert!(warnings[0].contains("its members: type"), "{warnings:#?}");
}

#[test]
fn a_stream_without_its_answer_says_what_came() {
    let control = ControlPlane::http();
    let mcp = McpServer::always(
        Answer::sse(&[])
            .event(r#"{"type":"heartbeat"}"#)
            .event(r#"{"jsonrpc":"2.0","id":777,"result":"internal-detail-7f3a"}"#)
            .event(r#"{"type":"heartbeat"}"#)
            .end(),
    );
    let client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    post.assert_failure(502, "protocol", &["invalid_protocol_response"]);
    let cause = "its stream ended without the answer; what came: JSON, but no JSON-RPC message (2 times), an answer to another request";
    assert_eq!(
        post.failure().message,
        format!("answer of the MCP server not usable: {cause}")
    );
    assert!(!post.request.text().contains(SECRET), "{post:#?}");
    assert!(client.await_log("MCP command failed").contains(cause));
}

#[test]
fn a_connection_that_breaks_after_odd_events_says_both() {
    let control = ControlPlane::http();
    let mcp = McpServer::always(Answer::sse(&[]).event("no").reset());
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert_eq!(post.resp_code, 502, "{post:#?}");
    assert!(
        post.failure().message.ends_with("before that came not JSON"),
        "{post:#?}"
    );
}

#[test]
fn odd_events_do_not_keep_a_broken_stream_alive() {
    let control = ControlPlane::http();
    let mcp = McpServer::always(Answer::sse(&[]).chunk("retry: 1\nid: 1\ndata: no\n\n").end());
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert_eq!(post.resp_code, 502, "{post:#?}");
    let asked = mcp.forwarded().len();
    assert!(asked <= 6, "{asked} connections");
}

#[test]
fn endless_odd_events_end_the_call() {
    let control = ControlPlane::http();
    let many = "data: no\n\n".repeat(1000);
    let answer = (0..12).fold(Answer::sse(&[]), |answer, _| answer.chunk(&many));
    let mcp = McpServer::always(answer.stall());
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    post.assert_failure(502, "protocol", &["malformed_json"]);
    assert!(
        post.failure().message.contains("too much came that is no part of it"),
        "{post:#?}"
    );
}

#[test]
fn a_json_answer_with_a_byte_order_mark_is_taken() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.text().contains("fails") {
        true => {
            let error = format!(
                r#"{{"jsonrpc":"2.0","id":{},"error":{{"code":1,"message":"m"}}}}"#,
                id_of(request)
            );
            Answer::json(400, format!("\u{feff}{error}"))
        }
        false => Answer::json(200, format!("\u{feff}{}", result(request, "{}"))),
    });
    let _client = ClientBuilder::new(&control).server(mcp.url()).start();
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert_eq!(
        post.resp_json.as_deref(),
        Some(r#"{"jsonrpc":"2.0","id":"r1","result":{}}"#),
        "{post:#?}"
    );
    control.push(Command::call("r2", "fails", "{}"));
    let post = control.only_terminal("r2");
    assert_eq!(
        (post.resp_code, &post.json()["error"]["code"]),
        (400, &1.into()),
        "{post:#?}"
    );
}

#[test]
fn a_flood_of_requests_does_not_flood_the_log() {
    const BOUND: usize = 20;
    let asked = r#"data: {"jsonrpc":"2.0","id":1,"method":"ping"}"#;
    let (_control, client, post) = called(&format!("{asked}\n\n").repeat(5_000), "");
    assert_eq!(post.resp_code, 200);
    client.await_log("the MCP server asks faster than it takes answers");
    let warnings = client.log_with("WARN");
    assert!(warnings.len() < BOUND, "{} warnings", warnings.len());
}
