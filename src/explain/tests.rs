#![allow(clippy::unwrap_used, reason = "tests")]

use super::*;

const PLAIN: &str = "2026/12/01 03:14:15 WARN MCP command failed client_instance_id=ab request_id=req_1 caller_request_id=ticket-7 \
                     channel=main failure_source=connect reason=\"connection refused (os error 111)\" queue_ms=3 server_ms=12 delivery_ms=41";
const PAIRS: &str = r#"time=2026-12-01T03:14:15.123Z level=DEBUG msg="response not delivered; retrying" request_id=req_1 retry_in_ms=200"#;
const JSON: &str = r#"{"time":"2026-12-01T03:14:16.000Z","level":"WARN","msg":"response not delivered","request_id":"req_1","status_code":502}"#;
const RELAY: &str = "2026-12-01T03:14:17.000Z WARN request refused request_id=req_1 endpoint=mcp key=ops status=504 ms=30000 error=tunnel_response_timeout";

fn story(id: &str, log: &str) -> Story {
    let mut wanted = Wanted::new(id);
    wanted.learn(log.as_bytes()).unwrap();
    let mut story = Story::default();
    story.read(&wanted, log.as_bytes()).unwrap();
    story
}

#[test]
fn each_form_of_a_line_is_read() {
    for (text, message, time, (name, value)) in [
        (
            PLAIN,
            "MCP command failed",
            "2026/12/01 03:14:15",
            ("reason", "connection refused (os error 111)"),
        ),
        (
            PAIRS,
            "response not delivered; retrying",
            "2026-12-01T03:14:15.123Z",
            ("retry_in_ms", "200"),
        ),
        (
            JSON,
            "response not delivered",
            "2026-12-01T03:14:16.000Z",
            ("status_code", "502"),
        ),
        (
            RELAY,
            "request refused",
            "2026-12-01T03:14:17.000Z",
            ("error", "tunnel_response_timeout"),
        ),
    ] {
        for prefix in ["", "Dec 01 03:14:15 vm7 tunnel-client[812]: "] {
            let line = Line::parse(&format!("{prefix}{text}")).unwrap();
            assert_eq!(
                (&*line.message, line.field(name)),
                (message, Some(value)),
                "{prefix}{text}"
            );
            assert_eq!(line.field("request_id"), Some("req_1"));
            assert!(line.time.ends_with(time), "{}", line.time);
        }
    }
    for odd in [
        "",
        "no line of ours",
        "{\"time\":",
        "time= level=",
        " WARN ",
        "x INFO a=\"b",
    ] {
        let _ = Line::parse(odd);
    }
}

#[test]
fn a_callers_id_finds_the_lines_that_only_have_the_services() {
    let log = [
        PAIRS,
        PLAIN,
        JSON,
        RELAY,
        &PLAIN.replace("req_1", "req_2").replace("ticket-7", "ticket-8"),
    ]
    .join("\n");
    let found = story("ticket-7", &log);
    assert_eq!(found.lines.len(), 4);
    let text = found.to_string();
    for words in [
        "= between client and MCP server: no connection was made (queue 3 ms, server 12 ms, delivery 41 ms)",
        "> start the MCP server, or correct its URL",
        "= between client and control plane",
        "= beyond the relay: no answer came in time",
    ] {
        assert!(text.contains(words), "{words} is not in\n{text}");
    }
    assert!(!text.contains("client_instance_id"), "it says nothing of one request");
    assert_eq!(story("ticket-8", &log).lines.len(), 1);
}

#[test]
fn an_id_that_only_stands_in_a_text_or_is_part_of_another_names_no_request() {
    let other = PLAIN.replace("req_1 ", "req_10 ").replace("ticket-7", "ticket-77");
    assert!(story("req_1", &other).is_empty() && story("ticket-7", &other).is_empty());
    assert!(story("req_1", "2026/12/01 03:14:15 WARN req_1 reason=req_1").is_empty());
}

#[test]
fn a_time_that_was_up_is_blamed_on_where_it_went() {
    let line = |queue, server| {
        format!(
            "2026/12/01 03:14:15 INFO command response deadline reached; dropping without posting a response request_id=r \
             queue_ms={queue} server_ms={server}"
        )
    };
    assert!(
        story("r", &line(900, 100))
            .to_string()
            .contains("= at the client: the request waited")
    );
    assert!(
        story("r", &line(100, 900))
            .to_string()
            .contains("= at the MCP server: it did not answer")
    );
}

#[test]
fn what_is_told_is_bounded_and_drives_no_terminal() {
    let long = format!("{PLAIN} x={}\n{PLAIN}\n", "y".repeat(EXPLAIN_LINE_MAX));
    let found = story("req_1", &long);
    assert_eq!((found.lines.len(), found.too_long), (1, 1));
    let many = format!("{PLAIN}\n").repeat(EXPLAIN_LINES_MAX + 5);
    let found = story("req_1", &many);
    assert_eq!((found.lines.len(), found.more), (EXPLAIN_LINES_MAX, 5));
    let odd = r#"{"time":"t","level":"WARN","msg":"m\u001b[31m","request_id":"req_1","a":"Bearer sk-abcdefghijklmnopqrstuvwxyz\u202e"}"#;
    let text = story("req_1", odd).to_string();
    assert!(
        !text.contains(['\u{1b}', '\u{202e}']) && !text.contains("abcdefghijklm"),
        "{text}"
    );
}
