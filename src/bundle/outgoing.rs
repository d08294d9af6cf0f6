//! Text that may leave the host.

use std::pin::Pin;

use serde_json::{Map, Value};
use tokio::task::yield_now;

use super::windows::{Pace, scrubbed};
use crate::limits::{BUNDLE_CARRIED, BUNDLE_ENTRY_MAX};
use crate::telemetry::redact::{self, REDACTED, is_sensitive_name};

/// Said in the place of what is too long.
const CUT: &str = "[cut here: the text is longer than a bundle takes]\n";

/// Text that may leave the host: searched for secrets as a whole, whatever its parts went through before, and of bounded length.
#[derive(Debug, PartialEq, Eq)]
pub struct Outgoing(String);

impl Outgoing {
    /// The one way to such a text.
    pub async fn of(text: &str) -> Self {
        bounded(text, BUNDLE_ENTRY_MAX).await
    }

    /// A JSON document, each of its texts searched for secrets before the whole is.
    pub async fn json(value: &Value) -> Self {
        let value = clean(value, &mut Pace::default()).await;
        let mut text = serde_json::to_string_pretty(&value).unwrap_or_else(|_| "null".to_owned());
        // These three stand in strings only; escaped, the text may be pasted into a page.
        for (char, escape) in [('<', "\\u003c"), ('>', "\\u003e"), ('&', "\\u0026")] {
            text = text.replace(char, escape);
        }
        text.push('\n');
        yield_now().await;
        Self::of(&text).await
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// The search goes on past the bound, where a secret that begins before it may end. What it has seen too little of goes out never.
async fn bounded(text: &str, most: usize) -> Outgoing {
    let (searched, rest) = text.split_at(text.floor_char_boundary(most.saturating_add(BUNDLE_CARRIED)));
    let mut out = scrubbed(searched).await;
    let sure = match rest.is_empty() {
        true => out.len(),
        false => out.len().saturating_sub(BUNDLE_CARRIED),
    };
    let end = out.floor_char_boundary(sure.min(most));
    if end < out.len() || !rest.is_empty() {
        out.truncate(end);
        if !out.ends_with('\n') {
            out.push('\n');
        }
        out.push_str(CUT);
    }
    Outgoing(out)
}

/// The same without secrets: in texts, and in all that is below names that tell.
pub(super) async fn clean(value: &Value, pace: &mut Pace) -> Value {
    without_secrets(
        value,
        |name, value| is_sensitive_name(name).then(|| hidden(value)),
        pace,
    )
    .await
}

/// The same for settings as they may be shown: a name that tells has lists of references and their sources below it.
pub(super) async fn clean_settings(value: &Value, pace: &mut Pace) -> Value {
    let instead: Instead = |name, value| {
        let is_text = value.is_string() || value.is_number();
        (is_text && is_sensitive_name(name)).then(|| hidden(value))
    };
    without_secrets(value, instead, pace).await
}

/// What stands in the place of a member, if it may not be shown.
type Instead = fn(&str, &Value) -> Option<Value>;

/// Deep as the value, whose depth serde_json bounds.
fn without_secrets<'a>(
    value: &'a Value,
    instead: Instead,
    pace: &'a mut Pace,
) -> Pin<Box<dyn Future<Output = Value> + Send + 'a>> {
    Box::pin(async move {
        match value {
            Value::String(text) => Value::String(pace.scrubbed(text).await),
            Value::Array(values) => {
                let mut clean = Vec::with_capacity(values.len());
                for value in values {
                    clean.push(without_secrets(value, instead, pace).await);
                }
                Value::Array(clean)
            }
            Value::Object(members) => {
                let mut clean = Map::new();
                for (name, value) in members {
                    let value = match instead(name, value) {
                        Some(hidden) => hidden,
                        None => without_secrets(value, instead, pace).await,
                    };
                    clean.insert(pace.scrubbed(name).await, value);
                }
                Value::Object(clean)
            }
            other => other.clone(),
        }
    })
}

/// Its form only: no text and no number.
fn hidden(value: &Value) -> Value {
    match value {
        Value::String(_) | Value::Number(_) => Value::String(REDACTED.to_owned()),
        Value::Array(values) => values.iter().map(hidden).collect(),
        Value::Object(members) => {
            let members = members
                .iter()
                .map(|(name, value)| (redact::scrub(name).into_owned(), hidden(value)));
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
    use crate::bundle::windows::to_the_end;

    fn bounded(text: &str, most: usize) -> Outgoing {
        to_the_end(super::bounded(text, most))
    }

    #[test]
    fn a_text_has_a_bound() {
        let out = bounded(&"word ".repeat(1000), 4000);
        assert_eq!(out.as_str().len(), 4000 + 1 + CUT.len());
        assert!(out.as_str().ends_with(CUT));
        assert_eq!(bounded("word", 4).as_str(), "word");
    }

    #[test]
    fn a_secret_at_the_bound_leaves_no_beginning() {
        let secret = "cut-9f8e7d6c5b4a3f2e1d0c";
        redact::protect(secret);
        for before in (0..=secret.len()).step_by(4) {
            for after in [0, 10, 10_000] {
                let text = format!("{} {secret} {}", "x".repeat(3999 - before), "y ".repeat(after));
                let out = bounded(&text, 4000);
                assert!(!out.as_str().contains("cut-"), "{before} {after}");
                assert!(out.as_str().len() <= 4000 + 1 + CUT.len());
            }
        }
        // A secret that does not end within what is searched.
        let text = format!("{}{}", "x ".repeat(10_000), &secret[..20]);
        let out = bounded(&format!("{text}{}", secret.repeat(2)), text.len() - BUNDLE_CARRIED);
        assert!(!out.as_str().contains("cut-"));
    }

    #[test]
    fn what_is_below_a_name_that_tells_is_hidden() {
        let value = json!({
            "api_key": ["hunter2x", {"value": "hunter2x", "set": true}],
            "password": {"now": "hunter2x", "next": [4711], "none": null},
        });
        let hidden = json!({
            "api_key": [REDACTED, {"value": REDACTED, "set": true}],
            "password": {"now": REDACTED, "next": [REDACTED], "none": null},
        });
        let pace = &mut Pace::default();
        assert_eq!(to_the_end(clean(&value, pace)), hidden);
        assert_eq!(to_the_end(clean_settings(&value, pace)), value);
        assert_eq!(
            to_the_end(clean_settings(&json!({"password": "hunter2x"}), pace)),
            json!({"password": REDACTED})
        );
    }

    #[test]
    fn names_that_tell_hide_what_they_name_and_documents_stay_json() {
        redact::protect("json-\"4711\"-secret");
        let value = json!({
            "token": "anything", "password": 12, "credentials": {"state": "ok"}, "list": ["json-\"4711\"-secret", 1.5, null],
            "text": "<a> & b", "json-\"4711\"-secret": true, "url": "https://user:pw@h/?api_key=abcdefgh",
        });
        let out = to_the_end(Outgoing::json(&value));
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
