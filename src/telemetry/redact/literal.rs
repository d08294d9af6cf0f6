//! Known secrets, found wherever they stand.
//!
//! The secrets themselves are not kept here, so that scrubbing adds no copy of a key to memory (spec: better 3): a
//! rolling hash of each stretch of text is compared with the hash of the secret.

use std::borrow::Cow;
use std::hash::{BuildHasher, RandomState};
use std::sync::{LazyLock, PoisonError, RwLock};

use super::REDACTED;
use crate::limits::{PROTECTED_LEN_MIN, PROTECTED_MAX};

/// Length in bytes and hash of a secret.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Fingerprint {
    length: usize,
    hash: u64,
}

/// The secrets known so far, oldest first.
static KNOWN: RwLock<Vec<Fingerprint>> = RwLock::new(Vec::new());

/// Base of the hash, odd and chosen anew in each process, so that nobody can write a text that collides.
static BASE: LazyLock<u64> = LazyLock::new(|| RandomState::new().hash_one("base") | 1);

/// Takes `secret` out of everything that is scrubbed from now on. A secret of less than six bytes is not searched for:
/// it would blank out ordinary words. Past the bound on their number the oldest one is forgotten.
pub fn protect(secret: &str) {
    let secret = secret.as_bytes();
    let fingerprint = Fingerprint {
        length: secret.len(),
        hash: hash(secret),
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

/// `text` without the known secrets.
pub(super) fn scrub(text: &str) -> Cow<'_, str> {
    let known = KNOWN.read().unwrap_or_else(PoisonError::into_inner);
    let mut text = Cow::Borrowed(text);
    for fingerprint in &*known {
        if let Some(scrubbed) = without(&text, *fingerprint) {
            text = Cow::Owned(scrubbed);
        }
    }
    text
}

/// `None` when the secret does not occur.
fn without(text: &str, secret: Fingerprint) -> Option<String> {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = find(rest, secret) {
        out.push_str(&rest[..at]);
        out.push_str(REDACTED);
        rest = &rest[at + secret.length..];
    }
    if rest.len() == text.len() {
        return None;
    }
    out.push_str(rest);
    Some(out)
}

/// Where the secret occurs first. Both ends are boundaries of characters, as those of a secret are.
fn find(text: &str, secret: Fingerprint) -> Option<usize> {
    let bytes = text.as_bytes();
    let base = *BASE;
    let mut rolling = hash(bytes.get(..secret.length)?);
    let weight = (1..secret.length).fold(1_u64, |weight, _| weight.wrapping_mul(base));
    let mut at = 0;
    loop {
        let end = at + secret.length;
        if rolling == secret.hash && text.is_char_boundary(at) && text.is_char_boundary(end) {
            return Some(at);
        }
        let (leaving, entering) = (u64::from(*bytes.get(at)?) + 1, u64::from(*bytes.get(end)?) + 1);
        rolling = rolling
            .wrapping_sub(leaving.wrapping_mul(weight))
            .wrapping_mul(base)
            .wrapping_add(entering);
        at += 1;
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
    use super::*;

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
    fn a_short_secret_is_not_searched_for() {
        protect("the");
        assert_eq!(scrub("the word"), "the word");
    }
}
