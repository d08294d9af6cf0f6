//! Member names and methods that another reader may take for JSON-RPC's or MCP's own.
//!
//! JSON names are compared byte by byte here (RFC 8259, section 8.3), but not everywhere: Go's `encoding/json` and .NET's web
//! defaults ignore case, and the last member of a name wins. `{"id":1,"ID":2}` is request 1 for one reader and request 2 for
//! another. On a pipe that callers share, such a message could answer, cancel or report on another caller's call.
//!
//! So could a method that is not one of MCP's here and is one for a server that ignores case, trims text, or ends it at a zero
//! (C): `notifications/cancelled\u0000` with another caller's id.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize as _;
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

/// Methods by which the client decides. Those of notifications are recognized by [`NOTIFICATIONS`].
const METHODS: [&str; 3] = ["initialize", "ping", "server/discover"];
/// Beginning of the methods of notifications.
const NOTIFICATIONS: &str = "notifications/";

/// False when a name of the message, of its `params` or of their `_meta` is one of JSON-RPC's or MCP's in another case, or
/// its method resembles one that the client decides by.
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
                Some("params") if name == "method" => members.next_value_seed(Method)?,
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

/// Checks the value of `method`. One that is no string is no method, which is found elsewhere.
struct Method;

impl<'de> DeserializeSeed<'de> for Method {
    type Value = bool;
    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<bool, D::Error> {
        super::jsonrpc::Text::deserialize(deserializer).map(|super::jsonrpc::Text(method)| !is_disguised(&method))
    }
}

/// Not a method that the client decides by, but one for a reader that ignores case and what stands around it.
fn is_disguised(method: &str) -> bool {
    let whole = method.split('\0').next().unwrap_or_default();
    let around = |char: char| char.is_whitespace() || char.is_control() || INVISIBLE.contains(&char);
    let plain = folded(whole.trim_matches(around)).to_ascii_lowercase();
    let decides = METHODS.contains(&&*plain) || plain.starts_with(NOTIFICATIONS);
    // The rest of a notification's method is compared too: the client recognizes some of them.
    decides && plain != method && !is_own_notification(method, &plain)
}

/// A notification of a server's own, whose name has capitals: no reader takes it for one of MCP's, whose names have few.
fn is_own_notification(method: &str, plain: &str) -> bool {
    method.starts_with(NOTIFICATIONS)
        && method.eq_ignore_ascii_case(plain)
        && !MCP_NOTIFICATIONS.contains(&&plain[NOTIFICATIONS.len()..])
}

/// Notifications of MCP, all in lower case, behind their common beginning.
const MCP_NOTIFICATIONS: [&str; 4] = ["initialized", "cancelled", "progress", "roots/list_changed"];

/// Characters without width, which some readers drop.
const INVISIBLE: [char; 5] = ['\u{200b}', '\u{200c}', '\u{200d}', '\u{2060}', '\u{feff}'];

/// Equal except for case, and not equal.
fn is_variant(name: &str, known: &str) -> bool {
    name != known && folded(name).eq_ignore_ascii_case(known)
}

/// The two letters that are not ASCII and become ASCII when case is ignored, as Go does: U+017F and U+212A.
fn folded(name: &str) -> Cow<'_, str> {
    if name.is_ascii() {
        Cow::Borrowed(name)
    } else {
        Cow::Owned(name.replace('\u{17f}', "s").replace('\u{212a}', "k"))
    }
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
    fn methods_that_resemble_those_of_mcp_are_found() {
        for method in [
            r"notifications/cancelled\u0000",
            r"notifications/cancelled\u0000x",
            r"notifications/Cancelled",
            r"Notifications/cancelled",
            r"NOTIFICATIONS/CANCELLED",
            r" notifications/cancelled",
            r"notifications/cancelled\n",
            r"notifications/cancelled\u00a0",
            r"\ufeffnotifications/cancelled",
            r"notifications/cancelled\u200b",
            r"notification\u017f/cancelled",
            r"notifications/Progress",
            r"notifications/initialized\u0007",
            r"notifications/roots/List_Changed",
            r"Notifications/own",
            r"notifications/own\u0000",
            r"Initialize",
            r"initialize\u0000",
            r"PING",
            r"server/Discover",
            r"\tserver/discover",
        ] {
            let message = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"}}"#);
            assert!(!is_exact(&message), "{message}");
        }
    }

    #[test]
    fn other_methods_are_free() {
        for method in [
            r"notifications/cancelled",
            r"notifications\/cancelled",
            r"notif\u0069cations/cancelled",
            r"notifications/initialized",
            r"notifications/ownThing",
            r"initialize",
            r"ping",
            r"tools/call",
            r"Tools/Call",
            r"initializer",
            r"my/initialize",
            r"x\u0000notifications/cancelled",
            r"",
        ] {
            let message = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{{"method":"PING"}}}}"#);
            assert!(is_exact(&message), "{message}");
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
