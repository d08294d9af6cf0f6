//! Text as a log may show it. Every sink takes its text in this type alone, and there is one way to make it.

use std::borrow::Cow;

use super::redact;
use crate::limits::LOG_TEXT_MAX;

/// Text without secrets, of a bounded length.
#[derive(Debug)]
pub(super) struct Shown<'a>(Cow<'a, str>);

impl<'a> Shown<'a> {
    /// What is left of a text after scrubbing, cut to a bound. Never the other way round: half a secret would pass.
    pub(super) fn of(text: &'a str) -> Self {
        let text = redact::scrub(text);
        if text.len() <= LOG_TEXT_MAX {
            return Self(text);
        }
        let kept = &text[..text.floor_char_boundary(LOG_TEXT_MAX)];
        Self(Cow::Owned(format!(
            "{kept}... ({} bytes more)",
            text.len() - kept.len()
        )))
    }

    /// What stands in the place of a field whose name tells that it is secret.
    pub(super) fn redacted() -> Self {
        Self(Cow::Borrowed(redact::REDACTED))
    }

    /// The text.
    pub(super) fn text(&self) -> &str {
        &self.0
    }
}
