//! What one message of an MCP server is to the call whose answer it comes with.

use std::borrow::Cow;
use std::fmt;

use bytes::Bytes;
use serde::Deserialize;
use serde::de::{Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::odd::Odd;
use super::said;
use crate::limits::{HTTP_BATCH_MAX, ID_MAX, ODD_NAME_MAX};
use crate::wire::BYTE_ORDER_MARK;
use crate::wire::answer::{Verdict, judge};
use crate::wire::jsonrpc::{Invalid, Kind, Message};
use crate::wire::said::Said;

/// A message, judged.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Found {
    /// The answer.
    Answer,
    /// A notification.
    Notification,
    /// A request of the server.
    Request {
        /// Its method.
        method: String,
        /// Its id, as JSON text.
        id: String,
    },
    /// An array.
    Array,
    /// No part of the call.
    Odd {
        /// What it is.
        odd: Odd,
        /// Its form, without its content.
        form: Cow<'static, str>,
        /// The words of an error that names no request.
        said: Option<Said>,
    },
}

/// The bytes without a byte order mark before them.
pub(super) fn without_mark(data: Bytes) -> Bytes {
    match data.strip_prefix(BYTE_ORDER_MARK) {
        Some(rest) => data.slice_ref(rest),
        None => data,
    }
}

/// Judges a message by the id of the call, as JSON text.
pub(super) fn look(data: &Bytes, asked: &str) -> Found {
    let odd = |odd, form: Cow<'static, str>, said| Found::Odd { odd, form, said };
    let bytes = || format!("{} bytes", data.len()).into();
    let parsed = std::str::from_utf8(data)
        .map_err(|_| Invalid::NotJson)
        .and_then(Message::parse);
    let message = match parsed {
        Ok(message) => message,
        Err(Invalid::NotJson) => return odd(Odd::NotJson, bytes(), None),
        Err(Invalid::NotAnObject) if data.trim_ascii_start().starts_with(b"[") => return Found::Array,
        Err(why) => return odd(Odd::NotAMessage, form(data, why), None),
    };
    match (judge(&message, asked), message.kind) {
        (Verdict::Result | Verdict::Error, _) => Found::Answer,
        (Verdict::Other, _) => odd(Odd::OtherAnswer, bytes(), None),
        (Verdict::Unnamed, _) => odd(Odd::Unnamed, bytes(), said("application/json", data)),
        (_, Kind::Notification { .. }) => Found::Notification,
        (_, Kind::Call { id, .. }) if id.json().len() > ID_MAX => odd(Odd::LongId, bytes(), None),
        (_, Kind::Call { method, id }) => Found::Request {
            method: method.into_owned(),
            id: id.json().to_owned(),
        },
        (Verdict::NoAnswer, Kind::Response { .. }) => odd(Odd::NotAMessage, "a result without an id".into(), None),
    }
}

/// The elements of an array, each a part of its bytes; `None` for more than [`HTTP_BATCH_MAX`].
pub(super) fn elements(data: &Bytes) -> Option<Vec<Bytes>> {
    struct Elements<'a>(Vec<&'a RawValue>);
    struct OfElements;
    impl<'de> Visitor<'de> for OfElements {
        type Value = Elements<'de>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an array")
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Elements<'de>, A::Error> {
            let mut elements = Vec::new();
            while let Some(element) = list.next_element()? {
                if elements.len() >= HTTP_BATCH_MAX {
                    return Err(A::Error::custom("too many"));
                }
                elements.push(element);
            }
            Ok(Elements(elements))
        }
    }
    impl<'de> Deserialize<'de> for Elements<'de> {
        fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            d.deserialize_seq(OfElements)
        }
    }
    let Elements(elements) = serde_json::from_slice(data).ok()?;
    Some(
        elements
            .into_iter()
            .map(|raw| data.slice_ref(raw.get().as_bytes()))
            .collect(),
    )
}

/// What JSON is that is no message: the names of its members, not their values.
fn form(data: &[u8], why: Invalid) -> Cow<'static, str> {
    struct Names(String);
    struct OfNames;
    impl<'de> Visitor<'de> for OfNames {
        type Value = Names;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Names, A::Error> {
            let mut names = String::new();
            while let Some(name) = members.next_key::<Cow<'de, str>>()? {
                members.next_value::<IgnoredAny>()?;
                if names.len() < ODD_NAME_MAX {
                    let name: String = name.chars().take(ODD_NAME_MAX).collect();
                    names = format!(
                        "{names}{}{}",
                        if names.is_empty() { "" } else { ", " },
                        name.escape_debug()
                    );
                }
            }
            Ok(Names(names))
        }
    }
    impl<'de> Deserialize<'de> for Names {
        fn deserialize<D: Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
            d.deserialize_map(OfNames)
        }
    }
    match serde_json::from_slice(data) {
        Ok(Names(names)) => format!("{}; its members: {names}", why.as_str()).into(),
        Err(_) => why.as_str().into(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]
    use super::*;

    fn found(text: &'static str) -> Found {
        look(&without_mark(Bytes::from_static(text.as_bytes())), "1")
    }

    #[test]
    fn odd_messages_are_named_by_their_form_and_not_by_their_content() {
        for (text, odd, form) in [
            ("internal", Odd::NotJson, "8 bytes"),
            ("7", Odd::NotAMessage, "one JSON object"),
            (r#"{"type":"internal"}"#, Odd::NotAMessage, "its members: type"),
            (
                r#"{"jsonrpc":"2.0","id":1,"x":"internal"}"#,
                Odd::NotAMessage,
                "its members: jsonrpc, id, x",
            ),
            (
                r#"{"jsonrpc":"2.0","id":777,"result":"internal"}"#,
                Odd::OtherAnswer,
                "bytes",
            ),
            (
                r#"{"jsonrpc":"2.0","id":null,"result":"internal"}"#,
                Odd::NotAMessage,
                "without an id",
            ),
            (
                r#"{"jsonrpc":"2.0","error":{"code":1,"message":"internal"}}"#,
                Odd::Unnamed,
                "bytes",
            ),
        ] {
            let Found::Odd {
                odd: found,
                form: shown,
                ..
            } = found(text)
            else {
                panic!("{text}")
            };
            assert_eq!(found, odd, "{text}");
            assert!(shown.contains(form) && !shown.contains("internal"), "{text}: {shown}");
        }
    }

    #[test]
    fn a_byte_order_mark_is_skipped_once() {
        assert_eq!(
            found("\u{feff}{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"),
            Found::Answer
        );
        assert!(matches!(
            found("\u{feff}\u{feff}{}"),
            Found::Odd { odd: Odd::NotJson, .. }
        ));
    }

    #[test]
    fn elements_are_parts_of_their_array_and_bounded() {
        let array = Bytes::from_static(b" [ {\"a\": 1.50} , 2]");
        assert_eq!(elements(&array).unwrap(), [&b"{\"a\": 1.50}"[..], b"2"]);
        let most = |count: usize| Bytes::from(format!("[{}]", vec!["1"; count].join(",")));
        assert_eq!(elements(&most(HTTP_BATCH_MAX)).unwrap().len(), HTTP_BATCH_MAX);
        assert_eq!(elements(&most(HTTP_BATCH_MAX + 1)), None);
    }
}
