//! Errors for callers, which may repeat the words of a server (`src/wire/failure.rs`). Oracle: one bounded line without hidden characters;
//! serde_json reads the error, with the members of the contract and no others; a known secret in the words is not in it.

use std::sync::Once;

use arbitrary::Arbitrary;
use serde_json::Value;
use tunnel_client::limits::{MCP_ERROR_BODY_MAX, SERVER_TEXT_MAX};
use tunnel_client::telemetry::redact;
use tunnel_client::wire::failure::{Failure, Source};
use tunnel_client::wire::said::Said;

use crate::support::text::assert_line;

/// An answer that cannot be passed on.
#[derive(Debug, Arbitrary)]
pub struct Input<'a> {
    media_type: Media<'a>,
    status: u16,
    /// Where a secret stands in the words; `None`: nowhere.
    secret_at: Option<u16>,
    form: Form,
    id: Option<i64>,
    /// How often the words stand there.
    times: u8,
    words: &'a [u8],
}

#[derive(Debug, Clone, Copy, Arbitrary)]
enum Media<'a> {
    Json,
    Html,
    Text,
    None,
    Other(&'a str),
}

/// How the words stand in the body.
#[derive(Debug, Clone, Copy, Arbitrary)]
enum Form {
    Raw,
    JsonRpc,
    OAuth,
    Problem,
    Page,
}

const SECRET: &str = "said-pL4nt-5b4a3c2d";

/// Feeds an answer.
pub fn check(input: Input<'_>) {
    static KNOWN: Once = Once::new();
    KNOWN.call_once(|| redact::protect(SECRET));
    let body = body(&input);
    let media_type = match input.media_type {
        Media::Json => "application/json",
        Media::Html => "text/html; charset=utf-8",
        Media::Text => "text/plain",
        Media::None => "",
        Media::Other(other) => other,
    };
    let said = Said::of(media_type, &body, |text| redact::scrub(text).into_owned());
    if body.len() > MCP_ERROR_BODY_MAX {
        assert!(said.is_none());
    }
    if let Some(said) = &said {
        line(said.text());
    }
    let beginning = String::from_utf8_lossy(&body);
    let beginning = Said::beginning(&redact::scrub(&beginning));
    if let Some(said) = &beginning {
        line(said.text());
    }
    for failure in [
        Failure::http(input.status, "http_status").saying(said),
        Failure::protocol("malformed_json").saying(beginning),
        Failure::transport(Source::Connect, "connection_refused"),
    ] {
        told(&failure, input.id);
    }
}

fn body(input: &Input<'_>) -> Vec<u8> {
    let mut words = input.words.repeat(usize::from(input.times));
    if let Some(at) = input.secret_at {
        let at = usize::from(at) % (words.len() + 1);
        words.splice(at..at, SECRET.bytes());
    }
    let text = || String::from_utf8_lossy(&words).into_owned();
    match input.form {
        Form::Raw => words,
        Form::JsonRpc => {
            serde_json::json!({"jsonrpc": "2.0", "id": null, "error": {"code": input.status, "message": text()}})
                .to_string()
                .into_bytes()
        }
        Form::OAuth => serde_json::json!({"error": "denied", "error_description": text()})
            .to_string()
            .into_bytes(),
        Form::Problem => serde_json::json!({"title": text(), "detail": [{"msg": text()}]})
            .to_string()
            .into_bytes(),
        Form::Page => [b"<html><title>t</title><body>", &words[..], b"</body>"].concat(),
    }
}

fn line(text: &str) {
    assert_line(text, SERVER_TEXT_MAX + 1);
    assert!(
        !text.is_empty() && text.trim() == text && !text.contains("  "),
        "{text:?}"
    );
    assert!(!text.contains(SECRET), "{text:?}");
}

/// The JSON-RPC error.
fn told(failure: &Failure, id: Option<i64>) {
    let id = id.map(|id| id.to_string());
    let text = failure.to_json(id.as_deref(), "req_1");
    assert!(!text.contains(SECRET), "{text}");
    let read: Value = serde_json::from_str(&text).unwrap_or_else(|error| panic!("{error}: {text}"));
    let members = |value: &Value| -> Vec<String> {
        value
            .as_object()
            .into_iter()
            .flat_map(|map| map.keys().cloned())
            .collect()
    };
    let expected: &[&str] = if id.is_some() {
        &["error", "id", "jsonrpc"]
    } else {
        &["error", "jsonrpc"]
    };
    assert_eq!(members(&read), expected);
    assert_eq!(read["id"].as_i64().map(|id| id.to_string()), id);
    let error = &read["error"];
    assert_eq!(members(error), ["code", "data", "message"]);
    assert_eq!(error["code"], -32603);
    let message = error["message"].as_str().unwrap_or_default();
    assert_line(message, SERVER_TEXT_MAX + 200);
    assert!(!message.is_empty());
    let data = &error["data"];
    assert_eq!(data["request_id"], "req_1");
    assert_eq!(data["tunnel_failure"]["version"], 1);
    assert_eq!(data["tunnel_failure"]["source"], failure.source.as_str());
    assert_eq!(data.get("mcp_server").is_some(), failure.said.is_some());
    if let Some(said) = &failure.said {
        assert_eq!(data["mcp_server"]["message"], said.text());
        assert!(message.ends_with(said.text()));
    }
    let status = data["tunnel_failure"]["upstream_status"].as_u64();
    assert_eq!(status, failure.upstream_status.map(u64::from));
    assert!((400..=599).contains(&failure.status));
}
