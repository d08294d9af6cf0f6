//! Known secrets, found wherever they stand.
//!
//! The secrets themselves are not kept here, so that scrubbing adds no copy of a key to memory (contract: ops, section 7): a
//! rolling hash of each stretch of text is compared with the hash of the secret.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::ops::Range;
use std::sync::{LazyLock, PoisonError, RwLock, TryLockError};

use super::{REDACTED, encoded};
use crate::limits::{PROTECTED_LEN_MIN, PROTECTED_LINE_MIN, PROTECTED_LINES_MAX, PROTECTED_MAX};

/// Length in bytes and hash of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fingerprint {
    length: usize,
    hash: u64,
    /// What the first byte of a stretch of that length counts.
    weight: u64,
}

/// The secrets known so far, oldest first.
static KNOWN: RwLock<Vec<Fingerprint>> = RwLock::new(Vec::new());

/// Base of the hash, odd and chosen anew in each process, so that nobody can write a text that collides.
static BASE: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("base") | 1);

/// Takes `secret` out of everything that is scrubbed from now on. A secret of less than six bytes is not searched for:
/// it would blank out ordinary words. Past the bound on their number the oldest one is forgotten.
///
/// Each line of a secret of several lines is one as well: programs print line by line.
pub fn protect(secret: &str) {
    if secret.contains('\n') {
        let lines = secret
            .lines()
            .map(str::trim)
            .filter(|line| line.len() >= PROTECTED_LINE_MIN);
        lines.take(PROTECTED_LINES_MAX).for_each(|line| add(line.as_bytes()));
    }
    add(secret.as_bytes());
}

fn add(secret: &[u8]) {
    let fingerprint = Fingerprint {
        length: secret.len(),
        hash: hash(secret),
        weight: (1..secret.len()).fold(1_u64, |weight, _| weight.wrapping_mul(*BASE)),
    };
    let mut known = KNOWN.write().unwrap_or_else(PoisonError::into_inner);
    if secret.len() < PROTECTED_LEN_MIN || known.contains(&fingerprint) {
        return;
    }
    if known.len() == PROTECTED_MAX {
        known.remove(0);
    }
    known.push(fingerprint);
}

/// Bytes of the longest secret known so far.
#[must_use]
pub fn longest() -> usize {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    known.iter().map(Fingerprint::length).max().unwrap_or_default()
}

/// `text` without the known secrets, however they are spelled.
pub(super) fn scrub(text: &str) -> Cow<'_, str> {
    scrub_of(text, &KNOWN.read().unwrap_or_else(PoisonError::into_inner))
}

/// The same for one who must not wait; `None` while secrets are added.
pub(super) fn try_scrub(text: &str) -> Option<Cow<'_, str>> {
    match KNOWN.try_read() {
        Ok(known) => Some(scrub_of(text, &known)),
        Err(TryLockError::Poisoned(known)) => Some(scrub_of(text, &known.into_inner())),
        Err(TryLockError::WouldBlock) => None,
    }
}

fn scrub_of<'t>(text: &'t str, known: &[Fingerprint]) -> Cow<'t, str> {
    let mut text = Cow::Borrowed(text);
    for fingerprint in known {
        if let Some(scrubbed) = without(&text, *fingerprint) {
            text = Cow::Owned(scrubbed);
        }
    }
    let encoded = encoded::find(&text, known);
    match encoded.is_empty() {
        true => text,
        false => Cow::Owned(replaced(&text, encoded)),
    }
}

/// `text` with these places, which may overlap, replaced.
fn replaced(text: &str, mut places: Vec<Range<usize>>) -> String {
    places.sort_unstable_by_key(|place| place.start);
    let mut out = String::with_capacity(text.len());
    let mut at = 0;
    for place in places {
        let start = text.floor_char_boundary(place.start);
        if start >= at {
            out.push_str(&text[at..start]);
            out.push_str(REDACTED);
        }
        at = at.max(text.ceil_char_boundary(place.end));
    }
    out.push_str(&text[at..]);
    out
}

/// `None` when the secret does not occur.
fn without(text: &str, secret: Fingerprint) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    // Both ends are boundaries of characters, as those of a secret are.
    while let Some((before, after)) = secret
        .find(rest.as_bytes())
        .and_then(|at| Some((rest.get(..at)?, rest.get(at + secret.length..)?)))
    {
        out.push_str(before);
        out.push_str(REDACTED);
        rest = after;
    }
    if rest.len() == text.len() {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

impl Fingerprint {
    /// Bytes of the secret.
    pub(super) fn length(&self) -> usize {
        self.length
    }

    /// First place of the secret.
    pub(super) fn find(&self, bytes: &[u8]) -> Option<usize> {
        let base = *BASE;
        let mut rolling = hash(bytes.get(..self.length)?);
        let entering = bytes.get(self.length..)?;
        for (at, (leaving, entering)) in bytes.iter().zip(entering).enumerate() {
            if rolling == self.hash {
                return Some(at);
            }
            rolling = rolling
                .wrapping_sub((u64::from(*leaving) + 1).wrapping_mul(self.weight))
                .wrapping_mul(base)
                .wrapping_add(u64::from(*entering) + 1);
        }
        (rolling == self.hash).then_some(entering.len())
    }
}

/// The value of a polynomial whose coefficients are the bytes, each plus one so that zeros count.
fn hash(bytes: &[u8]) -> u64 {
    let base = *BASE;
    bytes.iter().fold(0, |hash: u64, byte| {
        hash.wrapping_mul(base).wrapping_add(u64::from(*byte) + 1)
    })
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]
    use super::*;
    use crate::telemetry::redact::spellings::spellings;

    #[test]
    fn a_protected_secret_disappears_wherever_it_stands() {
        let secret = "lit-9f8e7d6c5b4a";
        protect(secret);
        protect(secret);
        for (text, expected) in [
            ("lit-9f8e7d6c5b4a", "[REDACTED]"),
            ("xlit-9f8e7d6c5b4ax", "x[REDACTED]x"),
            ("älit-9f8e7d6c5b4aälit-9f8e7d6c5b4a", "ä[REDACTED]ä[REDACTED]"),
            ("lit-9f8e7d6c5b4alit-9f8e7d6c5b4a", "[REDACTED][REDACTED]"),
            ("lit-9f8e7d6c5b4", "lit-9f8e7d6c5b4"),
            ("llit-9f8e7d6c5b4a", "l[REDACTED]"),
            ("", ""),
        ] {
            assert_eq!(scrub(text), expected);
        }
    }

    #[test]
    fn a_secret_disappears_in_every_spelling_that_a_peer_may_choose() {
        for secret in ["sk-enc-7f3a?>~b1c2d3e4f5", "enc-9\"\\/&%?>>>", "encsix"] {
            protect(secret);
            for spelling in spellings(secret) {
                // The text after the secret may be a further digit of the code, and the text before it shifts the digits.
                for (before, after) in [
                    ("", ""),
                    ("key ", " end"),
                    ("a", "b"),
                    ("\u{e4}", "\u{e4}"),
                    ("{\"k\":\"", "\"}"),
                ] {
                    let text = format!("{before}{spelling}{after}");
                    let scrubbed = scrub(&text);
                    assert!(scrubbed.contains(REDACTED), "{text}");
                    let left: usize = scrubbed.replace(REDACTED, "").len();
                    assert!(left <= before.len() + after.len() + 14, "{text} -> {scrubbed}");
                }
            }
        }
    }

    #[test]
    fn what_only_looks_encoded_stays() {
        protect("sk-stay-0123456789abcdef");
        for text in [
            "100% of \\u00e4 &amp; &#; %zz \\x \\",
            "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef",
            "aGVsbG8gd29ybGQsIHRoaXMgaXMgbm90IGEgc2VjcmV0IGF0IGFsbA==",
            "2026-11-29T19:33:38.123Z de:ad:be:ef",
        ] {
            assert!(matches!(scrub(text), Cow::Borrowed(_)), "{text}");
        }
    }

    #[test]
    fn each_line_of_a_long_secret_disappears_alone() {
        protect("first-line-4711-of-a-secret\n  second-line-4712-of-it\n}\nshort");
        assert_eq!(scrub("a first-line-4711-of-a-secret b"), "a [REDACTED] b");
        assert_eq!(scrub("second-line-4712-of-it"), "[REDACTED]");
        assert_eq!(scrub("} short"), "} short");
    }

    #[test]
    fn a_short_secret_is_not_searched_for() {
        protect("the");
        assert_eq!(scrub("the word"), "the word");
    }
}
