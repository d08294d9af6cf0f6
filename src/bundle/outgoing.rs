//! Text that may leave the host.

use serde_json::{Map, Value};

use crate::limits::{BUNDLE_CARRIED, BUNDLE_ENTRY_MAX, BUNDLE_WINDOW};
use crate::telemetry::redact::{self, REDACTED, is_sensitive_name};

/// Said in the place of what is too long.
const CUT: &str = "[cut here: the text is longer than a bundle takes]\n";

/// Text that may leave the host: searched for secrets as a whole, whatever its parts went through before, and of bounded length.
#[derive(Debug, PartialEq, Eq)]
pub struct Outgoing(String);

impl Outgoing {
    /// The one way to such a text.
    #[must_use]
    pub fn of(text: &str) -> Self {
        bounded(text, BUNDLE_ENTRY_MAX)
    }

    /// A JSON document, each of its texts searched for secrets before the whole is.
    #[must_use]
    pub fn json(value: &Value) -> Self {
        let mut text = serde_json::to_string_pretty(&clean(value)).unwrap_or_else(|_| "null".to_owned());
        // These three stand in strings only; escaped, the text may be pasted into a page.
        for (char, escape) in [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")] {
            text = text.replace(char, escape);
        }
        text.push('\n');
        Self::of(&text)
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn bounded(text: &str, most: usize) -> Outgoing {
    let (kept, rest) = text.split_at(text.floor_char_boundary(most));
    let mut out = scrubbed(kept);
    if !rest.is_empty() {
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(CUT);
    }
    Outgoing(out)
}

/// Long texts are searched window by window, so that the search takes bounded memory. The end of a window is searched again with the
/// next one: a secret may begin in it.
pub(super) fn scrubbed(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut carried = String::new();
    let mut rest = text;
    while !rest.is_empty() {
        let (window, after) = rest.split_at(rest.floor_char_boundary(BUNDLE_WINDOW));
        rest = after;
        carried.push_str(window);
        let clean = redact::scrub(&carried);
        let end = match rest.is_empty() {
            true => clean.len(),
            false => clean.floor_char_boundary(clean.len().saturating_sub(BUNDLE_CARRIED)),
        };
        let (now, later) = clean.split_at(end);
        out.push_str(now);
        carried = later.to_owned();
    }
    out
}

/// The same without secrets: in texts, and under names that tell.
pub(super) fn clean(value: &Value) -> Value {
    match value {
        Value::String(text) => Value::String(redact::scrub(text).into_owned()),
        Value::Array(values) => Value::Array(values.iter().map(clean).collect()),
        Value::Object(members) => {
            let members = members.iter().map(|(name, value)| {
                let is_text = value.is_string() || value.is_number();
                let value = match is_text && is_sensitive_name(name) {
                    true => Value::String(REDACTED.to_owned()),
                    false => clean(value),
                };
                (redact::scrub(name).into_owned(), value)
            });
            Value::Object(members.collect::<Map<_, _>>())
        }
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use serde_json::json;

    use super::*;

    #[test]
    fn a_secret_disappears_wherever_a_long_text_is_divided() {
        let secret = "out-9f8e7d6c5b4a3f2e1d0c";
        redact::protect(secret);
        for before in [0, 1, 11, secret.len(), secret.len() + 1] {
            let at = BUNDLE_WINDOW - before;
            let mut text = "some words\n".repeat(at / 11 + 1);
            text.truncate(at);
            text.push_str(&format!("\n{secret}\n{}", "more words\n".repeat(100)));
            let out = Outgoing::of(&text);
            assert_eq!(out.as_str(), text.replace(secret, REDACTED), "{at}");
        }
    }

    #[test]
    fn a_text_has_a_bound() {
        let out = bounded(&"word ".repeat(1000), 4000);
        assert_eq!(out.as_str().len(), 4000 + 1 + CUT.len());
        assert!(out.as_str().ends_with(CUT));
        assert_eq!(bounded("word", 4).as_str(), "word");
    }

    #[test]
    fn names_that_tell_hide_what_they_name_and_documents_stay_json() {
        redact::protect("json-\"4711\"-secret");
        let value = json!({
            "token": "anything", "password": 12, "credentials": {"state": "ok"}, "list": ["json-\"4711\"-secret", 1.5, null],
            "text": "<a> & b", "json-\"4711\"-secret": true, "url": "https://user:pw@h/?api_key=abcdefgh",
        });
        let out = Outgoing::json(&value);
        let read: Value = serde_json::from_str(out.as_str()).unwrap();
        assert_eq!(read["token"], REDACTED);
        assert_eq!(read["password"], REDACTED);
        assert_eq!(read["credentials"]["state"], "ok");
        assert_eq!(read["list"], json!([REDACTED, 1.5, null]));
        assert_eq!(read["text"], "<a> & b");
        for secret in ["4711", "pw@", "abcdefgh", "<a>"] {
            assert!(!out.as_str().contains(secret), "{}", out.as_str());
        }
    }
}
