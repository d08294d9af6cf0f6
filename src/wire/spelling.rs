//! Member names that differ from JSON-RPC's own in case only.
//!
//! JSON names are compared byte by byte here (RFC 8259, section 8.3), but not everywhere: Go's `encoding/json` and .NET's web
//! defaults ignore case, and the last member of a name wins. `{"id":1,"ID":2}` is request 1 for one reader and request 2 for
//! another. On a pipe that callers share, such a message could answer, cancel or report on another caller's call.

use std::borrow::Cow;
use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};

/// Members of a message.
const ENVELOPE: [&str; 6] = ["jsonrpc", "id", "method", "params", "result", "error"];
/// Members that name a request: in `params` and in its `_meta`.
const REFERENCES: [&str; 4] = [
    "_meta",
    "requestId",
    "progressToken",
    "io.modelcontextprotocol/subscriptionId",
];

/// False when a name of the message, of its `params` or of their `_meta` is one of JSON-RPC's or MCP's in another case.
pub fn is_exact(message: &str) -> bool {
    let mut reader = serde_json::Deserializer::from_str(message);
    Object {
        names: &ENVELOPE,
        within: Some("params"),
    }
    .deserialize(&mut reader)
    .unwrap_or(false)
}

/// Checks the names of one object, and those of one member of it. Other values have no names.
struct Object {
    names: &'static [&'static str],
    within: Option<&'static str>,
}

impl<'de> DeserializeSeed<'de> for Object {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Object {
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<bool, A::Error> {
        let mut exact = true;
        while let Some(super::jsonrpc::Text(name)) = members.next_key()? {
            exact &= !self.names.iter().any(|known| is_variant(&name, known));
            exact &= match self.within {
                Some("params") if name == "params" => members.next_value_seed(Self {
                    names: &REFERENCES,
                    within: Some("_meta"),
                })?,
                Some("_meta") if name == "_meta" => members.next_value_seed(Self {
                    names: &REFERENCES,
                    within: None,
                })?,
                _ => {
                    members.next_value::<IgnoredAny>()?;
                    true
                }
            };
        }
        Ok(exact)
    }

    fn visit_seq<A: serde::de::SeqAccess<'de>>(self, mut elements: A) -> Result<bool, A::Error> {
        while elements.next_element::<IgnoredAny>()?.is_some() {}
        Ok(true)
    }

    fn visit_bool<E>(self, _: bool) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_i64<E>(self, _: i64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_u64<E>(self, _: u64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_f64<E>(self, _: f64) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_str<E>(self, _: &str) -> Result<bool, E> {
        Ok(true)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(true)
    }
}

/// Equal except for case, and not equal. Go also folds U+017F to `s` and U+212A to `k`.
fn is_variant(name: &str, known: &str) -> bool {
    if name == known {
        return false;
    }
    let folded: Cow<'_, str> = if name.is_ascii() {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.replace('\u{17f}', "s").replace('\u{212a}', "k"))
    };
    folded.eq_ignore_ascii_case(known)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_that_differ_in_case_only_are_found_where_they_name_a_request() {
        for message in [
            r#"{"jsonrpc":"2.0","id":1,"ID":2,"method":"m"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","Method":"notifications/cancelled"}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","\u0049d":2}"#,
            r#"{"jsonrpc":"2.0","method":"m","param\u017f":{}}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{"requestID":2}}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{"_Meta":{}}}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{"progressTo\u212aen":1}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"ProgressToken":2}}}"#,
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"IO.modelcontextprotocol/subscriptionid":2}}}"#,
        ] {
            assert!(!is_exact(message), "{message}");
        }
    }

    #[test]
    fn names_elsewhere_are_free() {
        for message in [
            r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"arguments":{"ID":1,"Method":"x","requestID":3},"Id":2}}"#,
            r#"{"jsonrpc":"2.0","id":1,"result":{"_Meta":{"ID":1}},"x":[1,2.5,null,true,"s"]}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":[{"requestID":1}]}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{"_meta":"x"}}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":-1}"#,
        ] {
            assert!(is_exact(message), "{message}");
        }
    }
}
