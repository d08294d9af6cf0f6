//! Removes secrets from text, for every sink: known secrets wherever they stand and in common encodings, and text that resembles
//! one.
//!
//! The rules (contract: ops, section 7): header lines, `name=value` and `"name": "value"` with a
//! telling name, credentials after the name of their scheme, keys by their look, JWTs, PEM blocks, user information in URLs.

mod encoded;
mod fields;
mod literal;
mod schemes;
mod shapes;
mod userinfo;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::limits::SCRUB_PASSES;

pub use fields::is_sensitive_name;
pub use literal::{longest, protect};

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED]";

/// What stands in the place of an `sk-` key, so that its kind can still be told.
const REDACTED_KEY: &str = "sk-REDACTED";

/// Texts from which a secret was taken out.
static REDACTIONS: AtomicU64 = AtomicU64::new(0);

/// Number of texts from which a secret was taken out, since the start.
#[must_use]
pub fn redactions() -> u64 {
    REDACTIONS.load(Ordering::Relaxed)
}

/// `text` without secrets. Borrowed when there was nothing to take out.
#[must_use]
pub fn scrub(text: &str) -> Cow<'_, str> {
    by_rules(literal::scrub(text))
}

/// The same for one who must not wait for another thread, or for itself; `None` while secrets are added.
#[must_use]
pub(super) fn try_scrub(text: &str) -> Option<Cow<'_, str>> {
    literal::try_scrub(text).map(by_rules)
}

fn by_rules(mut text: Cow<'_, str>) -> Cow<'_, str> {
    // What stands in the place of a secret can complete the look of another one.
    for _ in 0..SCRUB_PASSES {
        match scrub_by_rules(&text) {
            Cow::Borrowed(_) => break,
            Cow::Owned(scrubbed) => text = Cow::Owned(scrubbed),
        }
    }
    if let Cow::Owned(_) = text {
        REDACTIONS.fetch_add(1, Ordering::Relaxed);
    }
    text
}

/// A stretch of a text, in bytes, and what to write instead.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Hit {
    start: usize,
    end: usize,
    instead: &'static str,
}

fn scrub_by_rules(text: &str) -> Cow<'_, str> {
    let mut out = String::new();
    let mut copied = 0;
    let mut at = 0;
    while let Some(hit) = next_hit(text, at) {
        out.push_str(&text[copied..hit.start]);
        out.push_str(hit.instead);
        copied = hit.end;
        at = hit.end;
    }
    if copied == 0 {
        return Cow::Borrowed(text);
    }
    out.push_str(&text[copied..]);
    Cow::Owned(out)
}

/// The next secret from `at` on: looks at each word, that is each run of name characters, and at
/// what follows a URL's scheme. All ends of hits lie next to ASCII characters, so they are
/// boundaries of characters.
fn next_hit(text: &str, mut at: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    loop {
        let rest = bytes.get(at..)?;
        let start = at
            + rest
                .iter()
                .position(|byte| is_name_byte(*byte) || matches!(byte, b':' | b'%'))?;
        let end = run_end(bytes, start, is_name_byte).max(start + 1);
        let hit = userinfo::hit(bytes, start)
            .or_else(|| shapes::hit(bytes, start, end))
            .or_else(|| fields::hit(text, start, end))
            .or_else(|| schemes::hit(bytes, start, end));
        if hit.is_some() {
            return hit;
        }
        at = end;
    }
}

fn is_name_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// Where the run of bytes that satisfy `holds`, from `start` on, ends.
fn run_end(bytes: &[u8], start: usize, holds: impl Fn(u8) -> bool) -> usize {
    let rest = bytes.get(start..).unwrap_or_default();
    start + rest.iter().position(|byte| !holds(*byte)).unwrap_or(rest.len())
}

#[cfg(test)]
pub(super) mod spellings;
#[cfg(test)]
mod tests;
