//! The one form of an answer of `/api`: every text in it is scrubbed, and nothing in it is markup (contract: status, section 2).

use http::header::{HeaderValue, RETRY_AFTER};
use http::{HeaderMap, StatusCode};
use serde_json::{Value, json};

use crate::limits::API_BODY_MAX;
use crate::ops::answer::{self, Answer};
use crate::telemetry::redact;

const JSON: &str = "application/json; charset=utf-8";

/// An answer with this content.
pub(super) fn answer(mut content: Value) -> Answer {
    scrub(&mut content);
    of_scrubbed(StatusCode::OK, &content.to_string())
}

/// An answer with JSON whose texts are scrubbed already.
pub(super) fn of_scrubbed(status: StatusCode, text: &str) -> Answer {
    let mut body = without_markup(text);
    body.push('\n');
    if body.len() > API_BODY_MAX {
        return error(StatusCode::INTERNAL_SERVER_ERROR, "too_large");
    }
    answer::answer(status, JSON, body)
}

/// A refusal, by a word of the contract.
pub(in crate::ops) fn error(status: StatusCode, code: &'static str) -> Answer {
    of_scrubbed(status, &json!({"error": code}).to_string())
}

/// The refusal of a request for which there is no place.
pub(super) fn busy() -> Answer {
    let mut refused = error(StatusCode::SERVICE_UNAVAILABLE, "busy");
    let headers: &mut HeaderMap = refused.headers_mut();
    headers.insert(RETRY_AFTER, HeaderValue::from_static("1"));
    refused
}

fn scrub(value: &mut Value) {
    match value {
        Value::String(text) => {
            if let std::borrow::Cow::Owned(scrubbed) = redact::scrub(text) {
                *text = scrubbed;
            }
        }
        Value::Array(values) => values.iter_mut().for_each(scrub),
        Value::Object(members) => members.values_mut().for_each(scrub),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

/// JSON without the characters of markup, which stand in its strings alone: what reads it as something else finds no tag.
pub(super) fn without_markup(json: &str) -> String {
    let mut out = String::with_capacity(json.len() + 1);
    for char in json.chars() {
        match char {
            '<' => out.push_str("\\u003c"),
            '>' => out.push_str("\\u003e"),
            '&' => out.push_str("\\u0026"),
            other => out.push(other),
        }
    }
    out
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use http_body_util::BodyExt as _;

    use super::*;

    async fn body(answer: Answer) -> String {
        let bytes = answer.into_body().collect().await.unwrap().to_bytes();
        String::from_utf8(bytes.to_vec()).unwrap()
    }

    #[tokio::test]
    async fn texts_are_scrubbed_wherever_they_stand_and_nothing_is_markup() {
        let key = format!("sk-{}", "A1b2".repeat(6));
        let content = json!({"a": [{"b": format!("key {key}")}], "c": "</script>&"});
        let text = body(answer(content)).await;
        assert_eq!(
            text,
            "{\"a\":[{\"b\":\"key sk-REDACTED\"}],\"c\":\"\\u003c/script\\u003e\\u0026\"}\n"
        );
    }

    #[tokio::test]
    async fn an_answer_is_bounded() {
        let large = answer(json!("x".repeat(API_BODY_MAX)));
        assert_eq!(large.status(), StatusCode::INTERNAL_SERVER_ERROR);
        assert_eq!(body(large).await, "{\"error\":\"too_large\"}\n");
    }
}
