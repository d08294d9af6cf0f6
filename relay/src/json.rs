//! JSON and JSON-RPC as far as a relay looks into them: what kind of message, whose id. Payload bytes are never
//! written anew.
//!
//! What an answer is stands in ARCHITECTURE.md ("Definition of a JSON-RPC answer") and, as cases that the client keeps too, in
//! `tests/data/jsonrpc-answers.txt`.

use std::borrow::Cow;
use std::fmt::Display;

use bytes::Bytes;
use serde::{Deserialize, Deserializer};
use serde_json::value::RawValue;

use crate::limits;

/// Why a body is no message.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Malformed {
    /// Not JSON, or not Unicode: not UTF-8, or an escaped surrogate without its other half.
    Json(&'static str),
    /// JSON, but not one JSON-RPC 2.0 message.
    Message(&'static str),
}

impl Malformed {
    /// What is wrong, for whoever sent it.
    pub(crate) fn reason(&self) -> &'static str {
        match self {
            Self::Json(reason) | Self::Message(reason) => reason,
        }
    }
}

/// What a JSON-RPC message is. Ids are kept as the JSON text they were written as.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Has a method and an id.
    Call {
        /// The id, a string or a number.
        id: Box<str>,
        /// The method.
        method: Box<str>,
    },
    /// Has a method and no id.
    Notification,
    /// Has a result or an error. An error may lack its id: nobody knows which call it belongs to.
    Response {
        /// The id, a string or a number; none for `null`.
        id: Option<Box<str>>,
        /// True if it carries an error.
        error: bool,
    },
}

/// Checks that a body is text in which every string is valid Unicode, and one JSON object.
///
/// The object's syntax is left to the parser that reads it; this finds what parsers that skip values do not look at.
pub(crate) fn check_text(body: &[u8]) -> Result<&str, Malformed> {
    let text = std::str::from_utf8(body).map_err(|_| Malformed::Json("the body is not UTF-8"))?;
    // serde would read a struct from an array, too.
    match text.trim_start_matches([' ', '\t', '\r', '\n']).as_bytes().first() {
        Some(b'{') => {}
        Some(b'[') => return Err(Malformed::Message("the body is an array: send one message at a time")),
        _ => return Err(Malformed::Json("the body is not a JSON object")),
    }
    if has_lone_surrogate(body) {
        return Err(Malformed::Json(
            "a string holds an escaped surrogate without its other half",
        ));
    }
    Ok(text)
}

/// Tells what kind of message a body is. The body must be one JSON-RPC 2.0 object; unknown members are fine.
pub(crate) fn classify(body: &[u8]) -> Result<Kind, Malformed> {
    let text = check_text(body)?;
    let envelope: Envelope<'_> = serde_json::from_str(text).map_err(|error| {
        // A number beyond all types counts as a fault of the text where another type is expected.
        match error.is_data() || serde_json::from_str::<&RawValue>(text).is_ok() {
            true => Malformed::Message("not a JSON-RPC message: a member is repeated or of the wrong type"),
            false => Malformed::Json("the body is not JSON"),
        }
    })?;
    envelope.kind()
}

/// Whether two ids, as JSON texts, are the same id: servers may write `1.0` for `1` or escape a string anew.
pub(crate) fn same_id(left: &str, right: &str) -> bool {
    use serde_json::Value;
    if left == right {
        return true;
    }
    let parse = |text: &str| serde_json::from_str::<Value>(text).ok();
    match (parse(left), parse(right)) {
        (Some(Value::Number(_)), Some(Value::Number(_))) => same_number(left, right),
        (Some(left), Some(right)) => left == right,
        _ => false,
    }
}

/// Whether an answer's id names this request: the same id, or its number as a string or the other way round. Servers keep
/// ids in types of their own, and SDKs of callers take both forms.
pub(crate) fn answers(asked: &str, answered: &str) -> bool {
    let unquoted = |id: &str| serde_json::from_str::<String>(id).ok();
    same_id(asked, answered)
        || match (unquoted(asked), unquoted(answered)) {
            (Some(text), None) => text == answered,
            (None, Some(text)) => text == asked,
            _ => false,
        }
}

/// Whether two JSON numbers that are written differently are the same. Integers are not: a float would make equal what
/// differs above 2^53, and above 2^64 there is nothing else.
fn same_number(left: &str, right: &str) -> bool {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let is_integer = |text: &str| !text.contains(['.', 'e', 'E']);
    if is_integer(left) && is_integer(right) {
        return false;
    }
    match (left.parse::<f64>(), right.parse::<f64>()) {
        (Ok(left), Ok(right)) => left == right && left.abs() < EXACT,
        _ => false,
    }
}

/// An error message that lacks its id, under this one (JSON text); the error itself stays as it was written.
pub(crate) fn with_id(message: &str, id: &str) -> Option<Vec<u8>> {
    let envelope: Envelope<'_> = serde_json::from_str(message).ok()?;
    let error = envelope.error?.get();
    Some(format!(r#"{{"jsonrpc":"2.0","id":{id},"error":{error}}}"#).into_bytes())
}

/// A borrowed JSON value that is kept as it was written, `null` included: for `Option` fields, where serde would
/// otherwise read `null` as absent.
pub(crate) fn written<'de: 'a, 'a, D: Deserializer<'de>>(deserializer: D) -> Result<Option<&'a RawValue>, D::Error> {
    <&RawValue>::deserialize(deserializer).map(Some)
}

#[derive(Deserialize)]
struct Envelope<'a> {
    #[serde(borrow, default)]
    jsonrpc: Option<Cow<'a, str>>,
    #[serde(borrow, default, deserialize_with = "written")]
    id: Option<&'a RawValue>,
    #[serde(borrow, default)]
    method: Option<Cow<'a, str>>,
    /// Not read; a second one is refused here, because clients and servers may read either.
    #[serde(borrow, default, rename = "params")]
    _params: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "written")]
    result: Option<&'a RawValue>,
    #[serde(borrow, default, deserialize_with = "written")]
    error: Option<&'a RawValue>,
}

impl Envelope<'_> {
    fn kind(self) -> Result<Kind, Malformed> {
        if self.jsonrpc.as_deref() != Some("2.0") {
            return Err(Malformed::Message("not a JSON-RPC message: \"jsonrpc\" is not \"2.0\""));
        }
        if self
            .method
            .as_deref()
            .is_some_and(|method| method.len() > limits::RPC_METHOD)
        {
            return Err(Malformed::Message("the method is longer than any that the relay takes"));
        }
        let id = match self.id.map(RawValue::get) {
            None => None,
            Some(text) if text.len() > limits::RPC_ID => {
                return Err(Malformed::Message("the id is longer than any that the relay takes"));
            }
            Some("null") => Some(None),
            Some(text) if text.starts_with(['"', '-']) || text.starts_with(|c: char| c.is_ascii_digit()) => {
                Some(Some(Box::from(text)))
            }
            Some(_) => {
                return Err(Malformed::Message(
                    "not a JSON-RPC message: the id is neither a string nor a number",
                ));
            }
        };
        // Some programs write every member and leave those null that are not meant.
        let null = |raw: &&RawValue| raw.get() == "null";
        let (result, error) = match (self.result, self.error) {
            (result, error) if self.method.is_some() => (result.filter(|r| !null(r)), error.filter(|e| !null(e))),
            (Some(result), Some(error)) if null(&error) => (Some(result), None),
            (Some(result), Some(error)) if null(&result) => (None, Some(error)),
            (None, Some(error)) if null(&error) => (None, None),
            both => both,
        };
        match (self.method, id, result, error) {
            (Some(method), Some(Some(id)), None, None) => Ok(Kind::Call {
                id,
                method: method.into(),
            }),
            (Some(_), None, None, None) => Ok(Kind::Notification),
            (Some(_), Some(None), ..) => Err(Malformed::Message("the id of a request must not be null")),
            (None, Some(Some(id)), Some(_), None) => Ok(Kind::Response {
                id: Some(id),
                error: false,
            }),
            (None, id, None, Some(_)) => Ok(Kind::Response {
                id: id.flatten(),
                error: true,
            }),
            _ => Err(Malformed::Message(
                "not a JSON-RPC message: neither a request nor a response",
            )),
        }
    }
}

/// Whether a valid JSON text escapes half of a surrogate pair. Backslashes occur in strings only.
fn has_lone_surrogate(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        rest = &rest[at + 1..];
        rest = match unit(rest) {
            // `\n`, `\\`, ...: one byte belongs to the escape.
            None => rest.get(1..).unwrap_or_default(),
            Some(0xd800..=0xdbff) => {
                let low = rest[5..].strip_prefix(b"\\").and_then(unit);
                if !low.is_some_and(|low| (0xdc00..=0xdfff).contains(&low)) {
                    return true;
                }
                &rest[11..]
            }
            Some(0xdc00..=0xdfff) => return true,
            Some(_) => &rest[5..],
        };
    }
    false
}

/// The UTF-16 unit of `uXXXX` at the start of what follows a backslash.
fn unit(text: &[u8]) -> Option<u16> {
    let digits = text.strip_prefix(b"u")?.get(..4)?;
    let digits = std::str::from_utf8(digits).ok()?;
    u16::from_str_radix(digits, 16).ok()
}

/// A JSON string literal.
pub(crate) fn quote(text: &str) -> String {
    // Serialising a string cannot fail.
    serde_json::to_string(text).unwrap_or_else(|_| "\"\"".into())
}

/// A JSON-RPC error message. `id` is JSON text; none becomes `null`.
pub(crate) fn rpc_error(id: Option<&str>, code: i32, message: &str, data_code: &str, request: impl Display) -> Bytes {
    let id = id.unwrap_or("null");
    let (message, data_code) = (quote(message), quote(data_code));
    format!(
        r#"{{"jsonrpc":"2.0","id":{id},"error":{{"code":{code},"message":{message},"data":{{"code":{data_code},"request_id":"{request}"}}}}}}"#
    )
    .into()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;

    #[test]
    fn ids_are_kept_as_written() {
        let kind = classify(br#" {"id":9007199254740993,"jsonrpc":"2.0","method":"a/b","x":[1]}"#).unwrap();
        assert_eq!(
            kind,
            Kind::Call {
                id: "9007199254740993".into(),
                method: "a/b".into()
            }
        );
        let kind = classify(br#"{"jsonrpc":"2.0","id":"a\u002fb","result":null}"#).unwrap();
        assert_eq!(
            kind,
            Kind::Response {
                id: Some(r#""a\u002fb""#.into()),
                error: false
            }
        );
    }

    #[test]
    fn kinds_are_told_apart() {
        assert_eq!(classify(br#"{"jsonrpc":"2.0","method":"m"}"#), Ok(Kind::Notification));
        assert_eq!(
            classify(br#"{"jsonrpc":"2.0","id":null,"error":{}}"#),
            Ok(Kind::Response { id: None, error: true })
        );
        assert_eq!(
            classify(br#"{"jsonrpc":"2.0","error":{}}"#),
            Ok(Kind::Response { id: None, error: true })
        );
    }

    #[test]
    fn what_is_not_one_message_is_refused() {
        for body in [
            r#"[{"jsonrpc":"2.0","method":"m"}]"#,
            r#"{"jsonrpc":"1.0","method":"m"}"#,
            r#"{"method":"m"}"#,
            r#"{"jsonrpc":"2.0"}"#,
            r#"{"jsonrpc":"2.0","id":1}"#,
            r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":true,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":1,"error":{}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","result":1}"#,
            r#"{"jsonrpc":"2.0","id":null,"result":1}"#,
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":5}"#,
            r#"{"jsonrpc":1e999,"id":1,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{},"params":{}}"#,
        ] {
            assert!(
                matches!(classify(body.as_bytes()), Err(Malformed::Message(_))),
                "{body}"
            );
        }
        for body in ["", "null", "5", "{", r#"{"a":}"#, r#"{"jsonrpc":"2.0","method":"m"} x"#] {
            assert!(matches!(classify(body.as_bytes()), Err(Malformed::Json(_))), "{body}");
        }
    }

    #[test]
    fn text_that_is_not_unicode_is_refused() {
        let body = |text: &[u8]| [br#"{"jsonrpc":"2.0","method":"m","params":{"x":""#, text, br#""}}"#].concat();
        for text in [
            &b"\xff"[..],
            br"\ud800",
            br"\udc00",
            br"\ud800\ud800",
            br"\uD83D\\uDE00",
            br"\ud83dx",
            br"\\\ud800",
        ] {
            assert!(
                matches!(classify(&body(text)), Err(Malformed::Json(_))),
                "{}",
                text.escape_ascii()
            );
        }
        for text in [
            &br"\ud83d\ude00"[..],
            br"\\ud800",
            br"\uFFFF\u0000",
            "\u{1f600}".as_bytes(),
        ] {
            assert_eq!(classify(&body(text)), Ok(Kind::Notification), "{}", text.escape_ascii());
        }
    }

    /// Another parser, which decodes strings, is the judge.
    #[test]
    fn lone_surrogates_are_found_in_every_combination_of_escapes() {
        let pieces = [r"\ud83d", r"\ude00", r"\\", r"\n", "a", r"\u0041", "u"];
        let mut texts = vec![String::new()];
        for _ in 0..4 {
            texts = texts
                .iter()
                .flat_map(|text| pieces.iter().map(move |piece| format!("{text}{piece}")))
                .collect();
            for text in &texts {
                let text = format!("\"{text}\"");
                let valid = serde_json::from_str::<String>(&text).is_ok();
                assert_eq!(has_lone_surrogate(text.as_bytes()), !valid, "{text}");
            }
        }
    }

    #[test]
    fn the_same_id_may_be_written_differently() {
        assert!(same_id("1", "1.0"));
        assert!(same_id(r#""a/b""#, r#""a\/b""#));
        assert!(!same_id("1", "\"1\""));
        assert!(!same_id("9007199254740993", "9007199254740992"));
        assert!(!same_id("1", "2"));
        assert!(same_id("10", "1e1") && same_id("1.50", "1.5"));
    }

    #[test]
    fn answers_are_judged_as_the_shared_table_says() {
        let table = include_str!("../../tests/data/jsonrpc-answers.txt");
        let cases = table.lines().filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut seen = 0;
        for case in cases {
            let mut parts = case.splitn(3, '|').map(str::trim);
            let (verdict, asked, message) = (parts.next().unwrap(), parts.next().unwrap(), parts.next().unwrap());
            let judged = match classify(message.as_bytes()) {
                Ok(Kind::Response { id: Some(id), .. }) if !answers(asked, &id) => "other",
                Ok(Kind::Response { id: None, error: true }) => "unnamed",
                Ok(Kind::Response { error: true, .. }) => "error",
                Ok(Kind::Response { .. }) => "result",
                Ok(_) | Err(_) => "none",
            };
            assert_eq!(judged, verdict, "{case}");
            seen += 1;
        }
        assert!(seen > 40, "{seen} cases");
    }

    #[test]
    fn large_ids_are_not_compared_as_floats() {
        assert!(!same_id("18446744073709551616", "18446744073709551617"));
        assert!(!same_id("9007199254740993", "9007199254740992.0"));
    }

    #[test]
    fn ids_and_methods_have_bounds() {
        let call = |id: usize, method: usize| {
            let (id, method) = ("i".repeat(id - 2), "m".repeat(method));
            classify(format!(r#"{{"jsonrpc":"2.0","id":"{id}","method":"{method}"}}"#).as_bytes())
        };
        assert!(call(limits::RPC_ID, limits::RPC_METHOD).is_ok());
        assert!(matches!(call(limits::RPC_ID + 1, 1), Err(Malformed::Message(_))));
        assert!(matches!(call(3, limits::RPC_METHOD + 1), Err(Malformed::Message(_))));
    }

    #[test]
    fn an_error_without_an_id_is_put_under_one_and_stays_as_written() {
        let message = with_id(
            r#"{"error":{"code":-3.20e4, "x":1},"id":null,"jsonrpc":"2.0"}"#,
            "\"a\"",
        )
        .unwrap();
        assert_eq!(
            message,
            br#"{"jsonrpc":"2.0","id":"a","error":{"code":-3.20e4, "x":1}}"#
        );
    }

    #[test]
    fn an_error_message_is_json_whatever_it_quotes() {
        let text = rpc_error(Some("\"x\""), -32603, "say \"hi\"\n", "code", "req_1");
        let value: serde_json::Value = serde_json::from_slice(&text).unwrap();
        assert_eq!(value["id"], "x");
        assert_eq!(value["error"]["message"], "say \"hi\"\n");
        let data = serde_json::json!({"code": "code", "request_id": "req_1"});
        assert_eq!(value["error"]["data"], data);
    }
}
