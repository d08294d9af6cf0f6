//! MCP servers and proxies that pack their answers although nobody asked for it.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::{DeflateEncoder, GzEncoder, ZlibEncoder};
use tunnel_client::limits::UNPACK_RATIO_MAX;

use crate::support;
use crate::support::{Answer, Client, Command, ControlPlane, Gate, McpServer, Post, eventually, result};

fn gzip(text: impl AsRef<[u8]>) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_ref()).unwrap();
    encoder.finish().unwrap()
}

fn answer(status: u16, encoding: &str, media_type: &str, body: impl AsRef<[u8]>) -> Answer {
    Answer::new(
        status,
        &[("Content-Type", media_type), ("Content-Encoding", encoding)],
        body,
    )
}

/// One call to a server that answers like this.
fn answered(answer: Answer) -> (ControlPlane, Client, Post) {
    let (control, mcp) = (ControlPlane::http(), McpServer::always(answer));
    let client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    let post = control.only_terminal("r1");
    (control, client, post)
}

const ANSWER: &str = r#"{"jsonrpc":"2.0","id":"r1","result":{"f":1.50}}"#;

#[test]
fn packed_answers_arrive_unpacked() {
    let zlib = || {
        let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(ANSWER.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let bare = || {
        let mut encoder = DeflateEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(ANSWER.as_bytes()).unwrap();
        encoder.finish().unwrap()
    };
    let events = format!("event: message\ndata: {ANSWER}\n\n");
    for answer in [
        answer(200, "gzip", "application/json", gzip(ANSWER)),
        answer(200, "GZIP", "application/json", gzip(format!("\u{feff}{ANSWER}"))),
        answer(200, "identity, x-gzip", "application/json", gzip(ANSWER)),
        answer(200, "deflate", "application/json", zlib()),
        answer(200, "deflate", "application/json", bare()),
        answer(200, "identity", "application/json", ANSWER),
        answer(200, "gzip", "text/event-stream", gzip(&events)),
    ] {
        let (_control, _client, post) = answered(answer);
        assert_eq!(
            (post.resp_code, post.resp_json.as_deref()),
            (200, Some(ANSWER)),
            "{post:#?}"
        );
        assert_eq!(post.resp_header("Content-Encoding"), None, "{post:#?}");
    }
    let error = r#"{"jsonrpc":"2.0","id":"r1","error":{"code":-32001,"message":"no\u0020session"}}"#;
    let (_control, _client, post) = answered(answer(404, "gzip", "application/json", gzip(error)));
    assert_eq!(
        (post.resp_code, post.resp_json.as_deref()),
        (404, Some(error)),
        "{post:#?}"
    );
}

#[test]
fn an_event_of_a_packed_stream_arrives_while_the_call_still_runs() {
    let (control, gate) = (ControlPlane::http(), Gate::new());
    let held = gate.clone();
    let mcp = McpServer::http(move |request, _| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        let note = r#"{"jsonrpc":"2.0","method":"notifications/message","params":{}}"#;
        encoder.write_all(format!("data: {note}\n\n").as_bytes()).unwrap();
        encoder.flush().unwrap();
        let first = encoder.get_ref().clone();
        encoder
            .write_all(format!("data: {}\n\n", result(request, "{}")).as_bytes())
            .unwrap();
        let whole = encoder.finish().unwrap();
        Answer::sse(&[("Content-Encoding", "gzip")])
            .chunk(&first)
            .hold(&held)
            .chunk(&whole[first.len()..])
            .end()
    });
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}"));
    eventually("the notification", || {
        control.posts_of("r1").into_iter().find(|post| !post.is_terminal())
    });
    assert!(!control.posts_of("r1").iter().any(Post::is_terminal));
    gate.open();
    assert_eq!(control.only_terminal("r1").resp_code, 200);
}

#[test]
fn no_packed_answer_is_asked_for_whatever_the_caller_takes() {
    let (control, mcp) = (ControlPlane::http(), McpServer::echo());
    let _client = Client::http(&control, &mcp.url());
    control.push(Command::call("r1", "tools/call", "{}").header("Accept-Encoding", "gzip, br"));
    control.only_terminal("r1");
    for seen in mcp.seen() {
        assert_eq!(seen.header_values("accept-encoding"), ["identity"], "{seen:?}");
    }
}

#[test]
fn an_answer_that_unpacks_to_many_times_its_size_is_given_up() {
    let bomb = gzip(vec![b' '; 128 << 20]);
    for media_type in ["application/json", "text/event-stream"] {
        let (_control, mut client, post) = answered(answer(200, "gzip", media_type, &bomb));
        post.assert_failure(502, "protocol", &["response_body_too_large"]);
        let more = format!("more than {UNPACK_RATIO_MAX} times larger");
        assert!(post.failure().message.contains(&more), "{post:#?}");
        assert!(client.running());
        let peak = support::process::peak_resident_kib(client.pid());
        assert!(peak < 100 << 10, "{peak} KiB resident");
    }
}

#[test]
fn an_answer_that_cannot_be_unpacked_is_told_as_what_it_is() {
    for (encoding, body, words) in [
        (
            "br",
            ANSWER.as_bytes().to_vec(),
            "it is compressed with br, which was not asked for",
        ),
        (
            "zstd",
            b"\x28\xb5\x2f\xfd".to_vec(),
            "it is compressed with zstd, which was not asked for",
        ),
        ("x-secret", b"x".to_vec(), "it is compressed with an unknown encoding"),
        (
            "gzip, gzip",
            gzip(gzip(ANSWER)),
            "it is compressed with several encodings",
        ),
        (
            "gzip",
            ANSWER.as_bytes().to_vec(),
            "it is compressed and cannot be unpacked",
        ),
    ] {
        for status in [200, 503] {
            let (_control, client, post) = answered(answer(status, encoding, "application/json", &body));
            let source = if status == 200 { "protocol" } else { "target_http" };
            let code = if status == 200 { 502 } else { status };
            post.assert_failure(code, source, &["response_body_unreadable"]);
            assert!(post.failure().message.contains(words), "{encoding}: {post:#?}");
            assert!(client.await_log("MCP command failed").contains(words), "{encoding}");
        }
    }
    let short = &gzip(ANSWER)[..20];
    let (_control, _client, post) = answered(answer(200, "gzip", "application/json", short));
    assert_eq!(post.failure().kind.as_deref(), Some("unexpected_eof"), "{post:#?}");
}

#[test]
fn a_packed_answer_to_a_notification_is_not_looked_at() {
    for encoding in ["gzip", "br"] {
        let (control, mcp) = (
            ControlPlane::http(),
            McpServer::always(answer(202, encoding, "text/plain", "ok")),
        );
        let _client = Client::http(&control, &mcp.url());
        control.push(Command::notification("n1", "notifications/initialized", "{}"));
        let post = control.only_terminal("n1");
        assert_eq!((&*post.resp_type, post.resp_code), ("notify_ack", 202), "{post:#?}");
    }
}
