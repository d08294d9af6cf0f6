//! A caller's body, as the relay classifies it (`relay/src/json.rs`).
//!
//! Oracles: the rules of a message applied to the members that serde_json reads, each in its order; serde_json's own tree for strings;
//! the client's reader, which must take what the relay takes; exact decimal numbers for ids.

use std::fmt;

use serde_json::Value;
use serde_json::de::Deserializer;
use serde_json::value::RawValue;
use tunnel_client::wire::jsonrpc::{Kind, Message};
use tunnel_relay::fuzzing::messages::{Class, ID_MAX, METHOD_MAX, answers, classify, rpc_error, same_id, with_id};

use crate::decimal::Decimal;

/// Feeds `data` as a body. What follows a zero byte is a second id.
pub fn check(data: &[u8]) {
    let mut parts = data.splitn(2, |byte| *byte == 0);
    let (body, other) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
    let class = classify(body);
    match expected(body) {
        Some(expected) => assert_eq!(class, expected),
        // Which of the mistakes is found first is not promised.
        None => assert!(matches!(class, Class::NotJson | Class::NotMessage), "{class:?}"),
    }
    if let Ok(text) = std::str::from_utf8(body) {
        agrees_with_client(&class, text);
        error_under_another_id(&class, text);
    }
    if let (Class::Call { id, .. } | Class::Response { id: Some(id), .. }, Ok(other)) =
        (&class, std::str::from_utf8(other))
    {
        ids(id, other);
    }
}

/// The class by the rules; `None` for what is neither JSON nor a message.
fn expected(body: &[u8]) -> Option<Class> {
    let text = std::str::from_utf8(body).ok()?;
    let members = members(text)?;
    // Numbers that do not fit are JSON all the same, and so is what is nested deeply.
    if let Err(error) = serde_json::from_str::<Value>(text) {
        let error = error.to_string();
        if !error.starts_with("number out of range") && !error.starts_with("recursion limit") {
            return None;
        }
        if has_surrogate(text) {
            return None;
        }
    }
    let one = |name: &str| {
        let mut values = members.iter().filter(|(known, _)| known == name);
        match (values.next(), values.next()) {
            (value, None) => Ok(value.map(|(_, value)| value.get())),
            _ => Err(()),
        }
    };
    let rules = || -> Result<Class, ()> {
        let string = |text: &str| serde_json::from_str::<String>(text).map_err(|_| ());
        let given = |value: Option<&str>| value.is_some_and(|value| value != "null");
        let (version, id, method) = (one("jsonrpc")?, one("id")?, one("method")?);
        let (result, error) = (one("result")?, one("error")?);
        // Not read by the relay, and read by everyone behind it.
        one("params")?;
        if string(version.ok_or(())?)? != "2.0" {
            return Err(());
        }
        let method = method.filter(|method| *method != "null").map(string).transpose()?;
        if id.is_some_and(|id| id.len() > ID_MAX) || method.as_ref().is_some_and(|method| method.len() > METHOD_MAX) {
            return Err(());
        }
        if id.is_some_and(|id| id != "null" && !matches!(id.as_bytes()[0], b'"' | b'-' | b'0'..=b'9')) {
            return Err(());
        }
        match method {
            Some(_) if given(result) || given(error) => Err(()),
            Some(method) => match id {
                None => Ok(Class::Notification),
                Some("null") => Err(()),
                Some(id) => Ok(Class::Call { id: id.into(), method }),
            },
            None => {
                // A null next to a member that says something counts as absent; two nulls are the result null.
                let is_result = result.is_some() && (given(result) || !given(error));
                match (is_result, given(error)) {
                    (true, true) | (false, false) => Err(()),
                    (true, false) => match id {
                        None | Some("null") => Err(()),
                        Some(id) => Ok(Class::Response {
                            id: Some(id.into()),
                            error: false,
                        }),
                    },
                    (false, true) => Ok(Class::Response {
                        id: id.filter(|id| *id != "null").map(Into::into),
                        error: true,
                    }),
                }
            }
        }
    };
    Some(rules().unwrap_or(Class::NotMessage))
}

/// The members of an object in their order, repeated ones too.
fn members(text: &str) -> Option<Vec<(String, Box<RawValue>)>> {
    struct Members;
    impl<'de> serde::de::Visitor<'de> for Members {
        type Value = Vec<(String, Box<RawValue>)>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("an object")
        }
        fn visit_map<A: serde::de::MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
            let mut members = Vec::new();
            while let Some(member) = map.next_entry()? {
                members.push(member);
            }
            Ok(members)
        }
    }
    let mut reader = Deserializer::from_str(text);
    let members = serde::Deserializer::deserialize_map(&mut reader, Members).ok()?;
    reader.end().ok()?;
    Some(members)
}

/// Whether a string escapes half of a pair. Only for texts that serde_json's tree cannot hold.
fn has_surrogate(text: &str) -> bool {
    let mut units = Vec::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        if char != '\\' {
            units.push(0);
            continue;
        }
        match chars.next() {
            Some('u') => {
                let digits: String = chars.by_ref().take(4).collect();
                units.push(u16::from_str_radix(&digits, 16).unwrap_or(0));
            }
            _ => units.push(0),
        }
    }
    char::decode_utf16(units).any(|decoded| decoded.is_err())
}

/// What the relay takes, the client reads likewise.
fn agrees_with_client(class: &Class, text: &str) {
    let read = Message::parse(text).map(|message| message.kind);
    match (class, read) {
        (
            Class::Call { id, method },
            Ok(Kind::Call {
                id: theirs,
                method: name,
            }),
        ) => {
            assert_eq!((id.as_str(), method.as_str()), (theirs.json(), &*name));
        }
        (Class::Notification, Ok(Kind::Notification { .. })) => {}
        (Class::Response { id, error }, Ok(Kind::Response { id: theirs, is_error })) => {
            assert_eq!((id.as_deref(), *error), (theirs.map(|id| id.json()), is_error));
        }
        (Class::NotJson | Class::NotMessage, _) => {}
        (class, read) => panic!("the relay takes {class:?}, the client {read:?}"),
    }
}

/// An error without an id keeps its words under another one.
fn error_under_another_id(class: &Class, text: &str) {
    let Class::Response { id: None, error: true } = class else {
        return;
    };
    let named = with_id(text, "\"other\"").expect("an error");
    let error = |text: &str| members(text).and_then(|all| all.into_iter().find(|(name, _)| name == "error"));
    let (before, after) = (error(text), std::str::from_utf8(&named).ok().and_then(error));
    assert_eq!(
        before.map(|(_, raw)| raw.to_string()),
        after.map(|(_, raw)| raw.to_string())
    );
    let id = Some("\"other\"".to_owned());
    assert_eq!(classify(&named), Class::Response { id, error: true });
}

/// Ids are compared alike from both sides, and no two whole numbers are the same that are not.
fn ids(id: &str, other: &str) {
    assert!(same_id(id, id));
    let own = rpc_error(Some(id), -32603, other, other);
    assert_eq!(
        classify(&own),
        Class::Response {
            id: Some(id.to_owned()),
            error: true
        }
    );
    let message = |id: &str| format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"m"}}"#);
    let Class::Call { id: other, .. } = classify(message(other).as_bytes()) else {
        return;
    };
    let (same, answer) = (same_id(id, &other), answers(id, &other));
    assert_eq!(same, same_id(&other, id));
    assert_eq!(answer, answers(&other, id));
    assert!(answer || !same);
    let strings = [id, other.as_str()].map(|id| serde_json::from_str::<String>(id).ok());
    match strings {
        [Some(left), Some(right)] => assert_eq!(same, left == right),
        [None, None] => {
            let numbers = [id, other.as_str()].map(Decimal::read);
            if let [Some(left), Some(right)] = numbers
                && left.is_whole()
                && right.is_whole()
            {
                assert!(!same || left == right, "{id} {other}");
            }
        }
        _ => assert!(!same),
    }
}
