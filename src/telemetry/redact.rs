//! Removes secrets from text, for every sink: known secrets wherever they stand and in common encodings, and text that resembles
//! one.
//!
//! The rules (contract: ops, section 7): header lines, `name=value` and `"name": "value"` with a
//! telling name, bearer tokens, `sk-` keys, user information in URLs.

mod encoded;
mod fields;
mod literal;

use std::borrow::Cow;
use std::sync::atomic::{AtomicU64, Ordering};

pub use fields::is_sensitive_name;
pub use literal::protect;

/// What stands in the place of a secret.
pub const REDACTED: &str = "[REDACTED]";

/// What stands in the place of an `sk-` key, so that its kind can still be told.
const REDACTED_KEY: &str = "sk-REDACTED";

/// A shorter run after `sk-` is a word, not a key.
const SK_TAIL_MIN: usize = 10;

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
    let scrubbed = match literal::scrub(text) {
        Cow::Borrowed(text) => scrub_by_rules(text),
        Cow::Owned(text) => Cow::Owned(scrub_by_rules(&text).into_owned()),
    };
    if let Cow::Owned(_) = scrubbed {
        REDACTIONS.fetch_add(1, Ordering::Relaxed);
    }
    scrubbed
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
        let start = at + rest.iter().position(|byte| is_name_byte(*byte) || *byte == b':')?;
        let end = run_end(bytes, start, is_name_byte).max(start + 1);
        let hit = userinfo(bytes, start)
            .or_else(|| sk_key(bytes, start, end))
            .or_else(|| fields::hit(text, start, end))
            .or_else(|| bearer_token(bytes, start, end));
        if hit.is_some() {
            return hit;
        }
        at = end;
    }
}

/// `sk-` and at least ten characters of a key, at the start of a word or after a separator in it.
fn sk_key(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    let word = bytes.get(start..end)?;
    let offset = word.windows(3).enumerate().position(|(index, window)| {
        window == b"sk-"
            && index
                .checked_sub(1)
                .is_none_or(|before| !word[before].is_ascii_alphanumeric())
            && word.len() - index - 3 >= SK_TAIL_MIN
    })?;
    let is_done = &word[offset..] == REDACTED_KEY.as_bytes();
    (!is_done).then_some(Hit {
        start: start + offset,
        end,
        instead: REDACTED_KEY,
    })
}

/// `Bearer` and a token: long, or with a digit, so that prose about bearer tokens stays readable.
fn bearer_token(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    if !bytes.get(start..end)?.eq_ignore_ascii_case(b"bearer") {
        return None;
    }
    let token_start = run_end(bytes, end, |byte| byte == b' ');
    let token_end = run_end(bytes, token_start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~' | b'+' | b'/' | b'=')
    });
    let token = bytes.get(token_start..token_end)?;
    let is_token = token.len() >= 20 || token.len() >= 8 && token.iter().any(u8::is_ascii_digit);
    (token_start > end && is_token).then_some(Hit {
        start: token_start,
        end: token_end,
        instead: REDACTED,
    })
}

/// `scheme://user:password@`; `colon` is where the scheme ends.
fn userinfo(bytes: &[u8], colon: usize) -> Option<Hit> {
    let start = colon + bytes.get(colon..)?.starts_with(b"://").then_some(3)?;
    let authority_end = run_end(bytes, start, |byte| {
        !byte.is_ascii_whitespace() && !matches!(byte, b'/' | b'?' | b'#' | b'"' | b'\'' | b'<' | b'>')
    });
    let at = bytes
        .get(start..authority_end)?
        .iter()
        .rposition(|byte| *byte == b'@')?;
    let is_done = &bytes[start..start + at] == REDACTED.as_bytes();
    (at > 0 && !is_done).then_some(Hit {
        start,
        end: start + at,
        instead: REDACTED,
    })
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
mod tests;
