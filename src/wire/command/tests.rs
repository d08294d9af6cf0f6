//! Commands of a poll answer.

#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
use super::*;

fn one(command: &str) -> Parsed {
    let body = Bytes::from(format!(r#"{{"commands":[{command}]}}"#));
    parse_list(&body).unwrap().pop().unwrap()
}

fn refusal(command: &str) -> &'static str {
    match one(command) {
        Parsed::Refused { reason, .. } => reason,
        other => panic!("{command} gave {other:?}"),
    }
}

#[test]
fn a_call_keeps_its_bytes_its_headers_and_its_deadline() {
    let parsed = one(
        r#"{"request_id":"r1","shard_token":"s","channel":" Tools ","created_at":"x","command_type":"jsonrpc","response_timeout":"5s",
            "headers":{"Mcp-Session-Id":["a"],"X-Request-Id":["q"],"X":["1","2"]},"unknown":1,
            "jsonrpc":{"jsonrpc":"2.0", "id":9007199254740993,"method":"initialize"}}"#,
    );
    let Parsed::Command(command) = parsed else {
        panic!("{parsed:?}")
    };
    assert_eq!(&*command.route.channel, "tools");
    assert_eq!(command.route.client_request_id.as_deref(), Some("q"));
    assert_eq!(command.response_timeout, Some(Duration::from_secs(5)));
    assert_eq!(command.headers.0.len(), 4);
    assert_eq!(
        command.action,
        Action::Call {
            payload: Bytes::from_static(br#"{"jsonrpc":"2.0", "id":9007199254740993,"method":"initialize"}"#),
            method: "initialize".into(),
            params: 0..0,
            id: "9007199254740993".into(),
            initialize: true,
            repeatable: false,
        }
    );
}

#[test]
fn a_bad_command_is_refused_alone_with_its_reason() {
    let id = r#""request_id":"r","shard_token":"s""#;
    assert!(refusal(&format!(r#"{{{id},"command_type":"x"}}"#)).contains("type"));
    assert!(refusal(&format!(r#"{{{id},"command_type":7}}"#)).contains("type"));
    assert!(refusal(&format!(r#"{{{id},"command_type":"jsonrpc"}}"#)).contains("no jsonrpc"));
    assert!(refusal(&format!(r#"{{{id},"jsonrpc":[]}}"#)).contains("batches"));
    assert!(refusal(&format!(r#"{{{id},"jsonrpc":{{}}}}"#)).contains("2.0"));
    assert!(refusal(&format!(r#"{{{id},"channel":"a b","jsonrpc":{{}}}}"#)).contains("channel"));
    assert!(refusal(&format!(r#"{{{id},"headers":[],"jsonrpc":{{}}}}"#)).contains("headers"));
    assert!(refusal(&format!(r#"{{{id},"command_type":"session_termination"}}"#)).contains("Mcp-Session-Id"));
}

#[test]
fn a_refusal_carries_the_id_of_the_message() {
    let parsed = one(r#"{"request_id":"r","shard_token":"s","jsonrpc":{"id":"x","method":"m"}}"#);
    assert!(matches!(parsed, Parsed::Refused { id: Some(id), .. } if &*id == "\"x\""));
}

#[test]
fn a_command_with_more_headers_than_a_request_can_carry_is_refused() {
    let with = |values: usize| {
        let values = vec!["\"\""; values].join(",");
        one(&format!(
            r#"{{"request_id":"r","shard_token":"s","headers":{{"X":[{values}],"Y":["1"]}},"jsonrpc":{{"jsonrpc":"2.0","id":1,"method":"m"}}}}"#
        ))
    };
    assert!(matches!(with(COMMAND_HEADERS_MAX - 1), Parsed::Command(_)));
    assert!(matches!(with(COMMAND_HEADERS_MAX), Parsed::Refused { reason, .. } if reason.contains("too many")));
}

#[test]
fn a_header_name_that_its_values_would_multiply_is_left_out() {
    let with = |length: usize| {
        let name = "a".repeat(length);
        one(&format!(
            r#"{{"request_id":"r","shard_token":"s","headers":{{"{name}":["","",""]}},"jsonrpc":{{"jsonrpc":"2.0","id":1,"method":"m"}}}}"#
        ))
    };
    for (length, values) in [(HEADER_NAME_MAX, 3), (HEADER_NAME_MAX + 1, 0)] {
        assert!(matches!(with(length), Parsed::Command(command) if command.headers.0.len() == values));
    }
}

#[test]
fn without_request_id_or_shard_token_nothing_can_be_answered() {
    for command in [
        "1",
        "{}",
        r#"["r","s",null,null,null,null,null,{"jsonrpc":"2.0","id":1,"method":"m"}]"#,
        r#"{"request_id":"r"}"#,
        r#"{"request_id":"","shard_token":"s"}"#,
        r#"{"request_id":1,"shard_token":"s"}"#,
        "{\"request_id\":\"r\",\"shard_token\":\"a\\nb\"}",
    ] {
        assert!(matches!(one(command), Parsed::Unanswerable { .. }), "{command}");
    }
}

#[test]
fn odd_timeouts_are_ignored_and_do_not_spoil_the_command() {
    for timeout in ["5", "true", "{}", "null", "\"-1s\"", "\"1m30s\""] {
        let parsed = one(&format!(
            r#"{{"request_id":"r","shard_token":"s","response_timeout":{timeout},"jsonrpc":{{"jsonrpc":"2.0","id":1,"method":"m"}}}}"#
        ));
        assert!(
            matches!(
                parsed,
                Parsed::Command(Command {
                    response_timeout: None,
                    ..
                })
            ),
            "{timeout}"
        );
    }
}

#[test]
fn a_list_of_more_commands_than_are_taken_is_an_error() {
    let list = |count: usize| Bytes::from(format!(r#"{{"commands":[{}]}}"#, vec!["1"; count].join(",")));
    assert_eq!(parse_list(&list(POLL_COMMANDS_MAX)).unwrap().len(), POLL_COMMANDS_MAX);
    assert_eq!(parse_list(&list(POLL_COMMANDS_MAX + 1)).err(), Some(NotACommandList));
}

#[test]
fn what_is_no_list_is_an_error() {
    for body in [
        "",
        "[]",
        "{}",
        r#"{"commands":{}}"#,
        "<html>",
        r#"{"commands":[]} x"#,
        r#"{"commands":[],"commands":[]}"#,
    ] {
        assert!(parse_list(&Bytes::from_static(body.as_bytes())).is_err(), "{body}");
    }
}

#[test]
fn the_tool_of_a_call_is_read_from_its_parameters() {
    for (message, tool) in [
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo"}}"#,
            Some(Some("echo")),
        ),
        (
            r#"{"params":{"name":"echo","name":"x"},"jsonrpc":"2.0","id":1,"method":"tools/call"}"#,
            Some(None),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":"tools/call"}"#, Some(None)),
        (
            r#"{"jsonrpc":"2.0","id":1,"method":"prompts/get","params":{"name":"echo"}}"#,
            None,
        ),
        (
            r#"{"jsonrpc":"2.0","method":"tools/call","params":{"name":"echo"}}"#,
            None,
        ),
    ] {
        let parsed = one(&format!(
            r#"{{"request_id":"r","shard_token":"s","jsonrpc":{message}}}"#
        ));
        let Parsed::Command(command) = parsed else {
            panic!("{parsed:?}")
        };
        let read = command.action.tool();
        assert_eq!(read.as_ref().map(Tool::name), tool, "{message}");
    }
}
