//! Event streams: every legal way to write one, notifications in order, and streams that break off.

use std::time::Duration;

use crate::support::{
    Answer, Client, ClientBuilder, Command, ControlPlane, Gate, McpServer, Post, eventually, id_of, result,
};

fn progress(number: u64) -> String {
    format!(
        r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":"t","progress":{number}}}}}"#
    )
}

fn numbers(posts: &[Post]) -> Vec<u64> {
    posts
        .iter()
        .filter_map(|post| post.json()["params"]["progress"].as_u64())
        .collect()
}

/// One call to a server that answers with this stream text, sent in pieces of `piece` bytes.
fn streamed(text: &str, piece: usize) -> (ControlPlane, Post) {
    let control = ControlPlane::http();
    let text = text.to_owned();
    let mcp = McpServer::http(move |request, _| {
        let text = text.replace("$ANSWER", &result(request, r#"{"ok":true}"#));
        text.as_bytes()
            .chunks(piece)
            .fold(Answer::sse(&[]), |answer, bytes| answer.chunk(bytes))
            .end()
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    (control, post)
}

#[test]
fn every_legal_spelling_of_a_stream_is_understood() {
    let one = progress(1);
    let spellings = [
        ("plain", format!("event: message\ndata: {one}\n\ndata: $ANSWER\n\n")),
        (
            "crlf",
            format!("event: message\r\ndata: {one}\r\n\r\ndata: $ANSWER\r\n\r\n"),
        ),
        ("no space", format!("event:message\ndata:{one}\n\ndata:$ANSWER\n\n")),
        ("byte order mark", format!("\u{feff}data: {one}\n\ndata: $ANSWER\n\n")),
        (
            "comments",
            format!(": hello\n\n:\n\ndata: {one}\n: inside\n\n: keep-alive\n\ndata: $ANSWER\n\n"),
        ),
        (
            "empty events",
            format!("event: message\ndata:\n\nid: 1\ndata: \n\ndata: {one}\n\n\n\ndata: $ANSWER\n\n"),
        ),
        (
            "other events",
            format!("event: ping\ndata: 2026\n\ndata: {one}\n\nevent: endpoint\ndata: /x\n\ndata: $ANSWER\n\n"),
        ),
        (
            "ids and retry",
            format!("retry: 100\nid: a-1\ndata: {one}\n\nid: a-2\ndata: $ANSWER\n\n"),
        ),
        (
            "unknown fields",
            format!("shape: round\ndata: {one}\n\ndata: $ANSWER\n\n"),
        ),
        (
            "many lines",
            format!("data: {}\n\ndata: $ANSWER\n\n", one.replace(",", ",\ndata: ")),
        ),
        (
            "many lines, crlf",
            format!("data: {}\r\n\r\ndata: $ANSWER\r\n\r\n", one.replace(",", ",\r\ndata: ")),
        ),
        ("old mac", format!("data: {one}\r\rdata: $ANSWER\r\r")),
    ];
    for (name, text) in spellings {
        for piece in [1, 7, 100_000] {
            let (control, post) = streamed(&text, piece);
            assert_eq!(post.resp_code, 200, "{name}, pieces of {piece}: {post:#?}");
            assert_eq!(
                post.json()["result"]["ok"],
                true,
                "{name}, pieces of {piece}: {post:#?}"
            );
            assert_eq!(numbers(&control.posts_of("r1")), [1], "{name}, pieces of {piece}");
        }
    }
}

#[test]
fn notifications_arrive_in_order_before_the_answer_and_unchanged() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| {
        (1..=40)
            .fold(Answer::sse(&[]), |answer, number| answer.event(progress(number)))
            .event(result(request, "{}"))
            .end()
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    control.only_terminal("r1");
    let posts = control.posts_of("r1");
    assert_eq!(numbers(&posts), (1..=40).collect::<Vec<u64>>());
    for post in posts.iter().filter(|post| !post.is_terminal()) {
        let number = post.json()["params"]["progress"].as_u64().unwrap();
        assert_eq!(post.resp_json, Some(progress(number)), "{post:#?}");
        assert_eq!(post.resp_code, 200, "{post:#?}");
    }
}

#[test]
fn a_notification_is_forwarded_while_the_call_still_runs() {
    let (control, gate) = (ControlPlane::http(), Gate::new());
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| {
        Answer::sse(&[])
            .event(progress(1))
            .hold(&held)
            .event(result(request, "{}"))
            .end()
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    eventually("the notification", || {
        control.posts_of("r1").into_iter().find(|post| !post.is_terminal())
    });
    assert!(!control.posts_of("r1").iter().any(Post::is_terminal));
    gate.open();
    control.terminal("r1");
}

#[test]
fn an_answer_ends_the_call_even_if_the_stream_stays_open() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| Answer::sse(&[]).event(result(request, "{}")).event(progress(9)).stall());
    let _client = ClientBuilder::new(&control).server(mcp.url()).workers(1).start();
    for number in 0..3 {
        let id = format!("r{number}");
        control.push(Command::call(&id, "tools/call", "{}"));
        assert_eq!(control.only_terminal(&id).resp_code, 200);
    }
}

#[test]
fn a_stream_that_breaks_after_an_event_id_is_resumed() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(
        |request, _| match (request.method.as_str(), request.header("last-event-id")) {
            ("POST", None) => Answer::sse(&[])
                .chunk(format!("retry: 50\nid: e-1\ndata: {}\n\n", progress(1)))
                .close(),
            ("GET", Some("e-1")) => Answer::sse(&[])
                .chunk(format!("id: e-2\ndata: {}\n\n", progress(2)))
                .end(),
            ("GET", Some("e-2")) => {
                let answer = r#"{"jsonrpc":"2.0","id":"r1","result":{"resumed":true}}"#;
                Answer::sse(&[]).chunk(format!("id: e-3\ndata: {answer}\n\n")).end()
            }
            _ => Answer::empty(400),
        },
    );
    let _client = Client::http(&control, &mcp.url());
    control.push(
        Command::call("r1", "tools/call", "{}")
            .header("Mcp-Session-Id", "s-9")
            .header("Authorization", "Bearer end-user"),
    );
    let post = control.only_terminal("r1");
    assert_eq!(post.json()["result"]["resumed"], true, "{post:#?}");
    assert_eq!(numbers(&control.posts_of("r1")), [1, 2]);
    let gets: Vec<_> = mcp
        .forwarded()
        .into_iter()
        .filter(|seen| seen.method == "GET")
        .collect();
    assert_eq!(gets.len(), 2, "{gets:#?}");
    for get in gets {
        assert_eq!(get.header("mcp-session-id"), Some("s-9"), "{get:?}");
        assert_eq!(get.header("authorization"), Some("Bearer end-user"), "{get:?}");
        assert!(get.header("accept").unwrap().contains("text/event-stream"), "{get:?}");
        assert!(get.body.is_empty() && get.path() == "/mcp", "{get:?}");
    }
    let posts = mcp.forwarded().into_iter().filter(|seen| seen.method == "POST").count();
    assert_eq!(posts, 1, "the call was repeated");
}

#[test]
fn resuming_waits_as_long_as_the_server_asks() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.method.as_str() {
        "POST" => Answer::sse(&[]).chunk("retry: 1200\nid: 1\ndata:\n\n").end(),
        _ => Answer::sse(&[])
            .event(r#"{"jsonrpc":"2.0","id":"r1","result":{}}"#)
            .end(),
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    assert_eq!(control.only_terminal("r1").resp_code, 200);
    let seen = mcp.forwarded();
    let gap = seen[1].at - seen[0].at;
    assert!(gap >= Duration::from_millis(1150), "{gap:?} before the resumption");
}

#[test]
fn resuming_is_given_up_after_a_few_refusals() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| match request.method.as_str() {
        "POST" => Answer::sse(&[]).chunk("retry: 20\nid: 1\ndata:\n\n").end(),
        _ => Answer::empty(405),
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert!(post.resp_code >= 400, "{post:#?}");
    assert_eq!(post.json()["error"]["code"], -32603, "{post:#?}");
    let gets = mcp.forwarded().iter().filter(|seen| seen.method == "GET").count();
    assert!((1..=5).contains(&gets), "{gets} attempts");
}

#[test]
fn a_stream_that_ends_without_an_answer_is_one_terminal_error() {
    let ends = [
        Answer::sse(&[]).end(),
        Answer::sse(&[]).event(progress(1)).end(),
        Answer::sse(&[]).event(progress(1)).close(),
        Answer::sse(&[]).event(progress(1)).reset(),
        Answer::sse(&[])
            .chunk("data: {\"jsonrpc\":\"2.0\",\"id\":\"r1\",\"result\":{}}")
            .end(),
    ];
    for end in ends {
        let (control, mcp) = (ControlPlane::http(), McpServer::always(end));
        let _client = Client::http(&control, &mcp.url());
        control.push(Command::call("r1", "tools/call", "{}"));
        let post = control.only_terminal("r1");
        assert_eq!(post.resp_code, 502, "{post:#?}");
        let source = post.failure().source;
        assert!(["transport_closed", "protocol"].contains(&source.as_str()), "{post:#?}");
        assert_eq!(
            mcp.forwarded().len(),
            1,
            "nothing to resume from: {:#?}",
            mcp.forwarded()
        );
    }
}

#[test]
fn nonsense_in_a_stream_is_a_protocol_failure() {
    for text in [
        "data: this is not json\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":\"other\",\"result\":{}}\n\n",
        "data: {\"jsonrpc\":\"2.0\",\"id\":null,\"result\":{}}\n\n",
        "data: 7\n\n",
    ] {
        let (_control, post) = streamed(text, 100_000);
        assert_eq!(post.resp_code, 502, "{text}: {post:#?}");
        assert_eq!(post.failure().source, "protocol", "{text}: {post:#?}");
    }
}

#[test]
fn a_stream_that_falls_silent_after_notifications_is_a_timeout() {
    let (control, mcp) = (
        ControlPlane::http(),
        McpServer::always(Answer::sse(&[]).event(progress(1)).stall()),
    );
    let _client = ClientBuilder::new(&control)
        .server(mcp.url())
        .env("MCP_CONNECTION_MAX_TTL", "3s")
        .start();
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    post.assert_failure(504, "timeout", &["timeout"]);
    assert_eq!(numbers(&control.posts_of("r1")), [1]);
}

#[test]
fn payloads_in_a_stream_keep_their_bytes() {
    let control = ControlPlane::http();
    let reply = r#"{"result":{"n":9007199254740993,"f":1.50,"u":"\u00e9é"},"later":[1 , 2],"jsonrpc":"2.0","id":$ID}"#;
    let note = r#"{"params":{"f":1.50, "n":1e400},"method":"notifications/message","jsonrpc":"2.0","x":{}}"#;
    let mcp = McpServer::http(move |request, _| {
        Answer::sse(&[])
            .event(note)
            .event(reply.replace("$ID", &id_of(request)))
            .end()
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call_with_id("r1", "9007199254740993", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    assert_eq!(post.resp_json, Some(reply.replace("$ID", "9007199254740993")));
    assert_eq!(control.posts_of("r1")[0].resp_json.as_deref(), Some(note));
}

#[test]
fn many_streams_at_once_stay_apart() {
    let control = ControlPlane::http();
    let mcp = McpServer::http(|request, _| {
        let token = id_of(request);
        let note = |n: u32| {
            format!(
                r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progressToken":{token},"progress":{n}}}}}"#
            )
        };
        (0..5)
            .fold(Answer::sse(&[]), |answer, n| {
                answer.event(note(n)).pause(Duration::from_millis(2))
            })
            .event(result(request, "{}"))
            .end()
    });
    let _client = ClientBuilder::new(&control).server(mcp.url()).workers(16).start();
    for number in 0..100 {
        control.push(Command::call(&format!("r{number}"), "tools/call", "{}"));
    }
    for number in 0..100 {
        let id = format!("r{number}");
        control.terminal(&id);
        let posts = control.posts_of(&id);
        assert_eq!(numbers(&posts), [0, 1, 2, 3, 4], "{posts:#?}");
        assert!(
            posts[..5]
                .iter()
                .all(|post| post.json()["params"]["progressToken"] == id),
            "{posts:#?}"
        );
    }
}
