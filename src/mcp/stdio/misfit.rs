//! Lines of a child that were meant as an answer, and are none.
//!
//! Children print other text too: logs, banners, the requests that they received. A line counts as an answer that went wrong only if
//! it begins like a message and has what answers have.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde_json::value::RawValue;

use super::shown::shown;
use crate::wire::jsonrpc::{self, Message};

/// A line that was meant as an answer.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Misfit<'a> {
    /// What is wrong with it.
    pub(super) why: &'static str,
    /// Its id, as JSON text, if it can be read.
    pub(super) id: Option<Cow<'a, str>>,
    /// Its beginning, as messages may show it.
    pub(super) beginning: String,
}

impl<'a> Misfit<'a> {
    /// Judges a line that is no message. `None` for text that is no answer.
    pub(super) fn of(line: &'a [u8]) -> Option<Self> {
        let (why, id) = judge(line)?;
        Some(Self {
            why,
            id,
            beginning: shown(line),
        })
    }
}

fn judge(line: &[u8]) -> Option<(&'static str, Option<Cow<'_, str>>)> {
    if matches!(
        line,
        [0xff, 0xfe, ..] | [0xfe, 0xff, ..] | [b'{' | b'[', 0, ..] | [0, b'{' | b'[', ..]
    ) {
        return Some(("it is UTF-16; MCP is UTF-8", None));
    }
    if line
        .get(..15)
        .is_some_and(|start| start.eq_ignore_ascii_case(b"content-length:"))
    {
        return Some((
            "it is a header, as in the Language Server Protocol; MCP is one message a line",
            None,
        ));
    }
    let text = std::str::from_utf8(line);
    let loose = text.map_or_else(|_| String::from_utf8_lossy(line), Cow::Borrowed);
    if let Some(members) = Members::of(&loose) {
        let why = match text {
            Ok(text) => members.fault(text)?,
            Err(_) if members.is_answer() => "it is not UTF-8",
            Err(_) => return None,
        };
        return Some((why, members.id.map(|id| Cow::Owned(id.get().to_owned()))));
    }
    if !resembles_answer(line) {
        return None;
    }
    Some((
        if text.is_ok() {
            "it is not JSON"
        } else {
            "it is not UTF-8"
        },
        None,
    ))
}

/// Begins like a message, and has a result or an error before it has a method: what printed requests have comes the other way
/// round.
fn resembles_answer(line: &[u8]) -> bool {
    let begins = match line {
        [b'{', ..] => true,
        [b'[', rest @ ..] => rest.trim_ascii_start().first() == Some(&b'{'),
        _ => false,
    };
    let place = |name: &[u8]| memchr::memmem::find(line, name).unwrap_or(usize::MAX);
    let outcome = place(b"result").min(place(b"error"));
    begins && place(b"jsonrpc") < usize::MAX && outcome < place(b"method")
}

/// Members of an object, however often they stand.
#[derive(Debug, Default)]
struct Members<'a> {
    id: Option<&'a RawValue>,
    has_version: bool,
    has_method: bool,
    has_result: bool,
    has_error: bool,
    is_repeated: bool,
}

impl<'a> Members<'a> {
    /// `None` for a text that is no JSON object.
    fn of(text: &'a str) -> Option<Self> {
        let mut reader = serde_json::Deserializer::from_str(text);
        let members = reader.deserialize_map(Reader).ok()?;
        reader.end().ok()?;
        Some(members)
    }

    fn is_answer(&self) -> bool {
        let has_outcome = self.has_result || self.has_error;
        (self.has_version || self.id.is_some()) && has_outcome
            || self.has_version && self.id.is_some() && !self.has_method
    }

    /// What is wrong with an answer; `None` for what is none.
    fn fault(&self, text: &str) -> Option<&'static str> {
        if !self.is_answer() {
            return None;
        }
        Some(match Message::parse(text).err()? {
            jsonrpc::Invalid::Version if !self.has_version => "it lacks \"jsonrpc\": \"2.0\"",
            jsonrpc::Invalid::Version => "its version of JSON-RPC is not \"2.0\"",
            jsonrpc::Invalid::Id => "its id is neither a string nor a number",
            _ if self.is_repeated => "one of its members stands twice",
            _ if self.has_method => "it has a method beside its result or error",
            _ if self.has_result && self.has_error => "it has both a result and an error",
            _ if self.has_result || self.has_error => "it has no id",
            _ => "it has neither a result nor an error",
        })
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Members<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members = Members::default();
        while let Some(name) = map.next_key::<String>()? {
            let value = map.next_value::<&'de RawValue>()?;
            let seen = match name.as_str() {
                "jsonrpc" => std::mem::replace(&mut members.has_version, true),
                "method" => std::mem::replace(&mut members.has_method, true),
                "result" => std::mem::replace(&mut members.has_result, true),
                "error" => std::mem::replace(&mut members.has_error, true),
                "id" => members.id.replace(value).is_some(),
                _ => false,
            };
            members.is_repeated |= seen;
        }
        // Two ids name no call.
        if members.is_repeated {
            members.id = None;
        }
        Ok(members)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn fault(line: &[u8]) -> Option<(&'static str, Option<String>)> {
        Misfit::of(line).map(|misfit| (misfit.why, misfit.id.map(Cow::into_owned)))
    }

    #[test]
    fn an_answer_that_went_wrong_is_told_with_its_fault_and_its_id() {
        for (line, why, id) in [
            (
                &br#"{"jsonrpc":"2.0","id":1}"#[..],
                "it has neither a result nor an error",
                Some("1"),
            ),
            (
                br#"{"jsonrpc":"2.0","id":"1","result":1,"error":{}}"#,
                "it has both a result and an error",
                Some("\"1\""),
            ),
            (
                br#"{"jsonrpc":"2.0","id":1,"method":"m","result":1}"#,
                "it has a method beside its result or error",
                Some("1"),
            ),
            (
                br#"{"jsonrpc":"2.0","id":1,"id":2,"result":1}"#,
                "one of its members stands twice",
                None,
            ),
            (br#"{"jsonrpc":"2.0","result":1}"#, "it has no id", None),
            (
                br#"{"jsonrpc":"2.0","id":[1],"result":1}"#,
                "its id is neither a string nor a number",
                Some("[1]"),
            ),
            (br#"{"jsonrpc":2.0,"id":1,"result":1}"#, "it has no id", Some("1")),
            (
                br#"{"jsonrpc":"1.0","id":1,"result":1}"#,
                "its version of JSON-RPC is not \"2.0\"",
                Some("1"),
            ),
            (br#"{"id":1,"result":1}"#, "it lacks \"jsonrpc\": \"2.0\"", Some("1")),
            (br#"{"jsonrpc":"2.0","id":1,"result":NaN}"#, "it is not JSON", None),
            (b"{'jsonrpc': '2.0', 'id': 1, 'result': {}}", "it is not JSON", None),
            (
                b"{\"jsonrpc\":\"2.0\",\"id\":1,\"result\":\"\xe9\"}",
                "it is not UTF-8",
                Some("1"),
            ),
            (b"\xff\xfe{\0\"\0", "it is UTF-16; MCP is UTF-8", None),
            (b"{\0\"\0j\0", "it is UTF-16; MCP is UTF-8", None),
        ] {
            let line_text = String::from_utf8_lossy(line).into_owned();
            if line_text.contains("2.0,") {
                // The type of the version is wrong: whatever the words are, its call is found.
                assert_eq!(fault(line).and_then(|(_, id)| id).as_deref(), id);
                continue;
            }
            assert_eq!(fault(line), Some((why, id.map(str::to_owned))), "{line_text}");
        }
        assert!(fault(b"Content-Length: 20").is_some());
    }

    #[test]
    fn other_text_is_no_answer() {
        for line in [
            &b"Starting server..."[..],
            b"{broken",
            b"[INFO] sent {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}",
            b"{'jsonrpc': '2.0', 'id': 1, 'method': 'tools/call', 'params': {'error': 1, 'result': 2}}",
            br#"{"level":30,"time":1,"msg":"sent {\"jsonrpc\":\"2.0\",\"id\":1,\"result\":{}}"}"#,
            br#"{"level":"error","id":7,"msg":"x"}"#,
            br#"{"jsonrpc":"2.0","id":null,"method":"m"}"#,
            b"[]",
            b"5",
            b"",
        ] {
            assert_eq!(fault(line), None, "{}", String::from_utf8_lossy(line));
        }
    }
}
