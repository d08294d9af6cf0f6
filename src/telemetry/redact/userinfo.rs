//! User information in URLs: `scheme://user:password@host`, also where the URL is escaped for JSON or for another URL.

use super::{Hit, REDACTED, run_end};
use crate::limits::USERINFO_MAX;

/// The user information of a URL whose scheme ends at `colon`.
pub(super) fn hit(bytes: &[u8], colon: usize) -> Option<Hit> {
    let rest = bytes.get(colon..)?;
    if rest.first() == Some(&b'%') {
        return percent_encoded(bytes, colon);
    }
    let slashes: &[u8] = if rest.starts_with(b":\\/\\/") {
        b":\\/\\/"
    } else {
        b"://"
    };
    let start = colon + rest.starts_with(slashes).then_some(slashes.len())?;
    let bounded = bytes.get(..bytes.len().min(start + USERINFO_MAX))?;
    let word_end = run_end(bounded, start, |byte| !ends_word(byte));
    let authority_end = run_end(bytes, start, |byte| {
        !ends_word(byte) && !matches!(byte, b'/' | b'?' | b'#')
    });
    let at = bytes
        .get(start..authority_end)?
        .iter()
        .rposition(|byte| *byte == b'@')
        .or_else(|| past_authority(bounded.get(start..word_end)?, authority_end - start))?;
    let is_done = bytes.get(start..start + at)? == REDACTED.as_bytes();
    (at > 0 && !is_done).then_some(Hit {
        start,
        end: start + at,
        instead: REDACTED,
    })
}

/// The `@` after a password that has `/`, `?` or `#` in it as it is. Such a URL is wrong, and messages about it show it.
fn past_authority(word: &[u8], authority_end: usize) -> Option<usize> {
    let authority = word.get(..authority_end)?;
    let colon = authority.iter().position(|byte| *byte == b':')?;
    let is_port = authority[colon + 1..].iter().all(u8::is_ascii_digit);
    if is_port || authority.starts_with(b"[") {
        return None;
    }
    word.iter().rposition(|byte| *byte == b'@')
}

/// `%3A%2F%2Fuser%3Apassword%40`.
fn percent_encoded(bytes: &[u8], colon: usize) -> Option<Hit> {
    const SLASHES: &[u8] = b"%3A%2F%2F";
    const AT: &[u8] = b"%40";
    let start = colon + SLASHES.len();
    if !bytes.get(colon..start)?.eq_ignore_ascii_case(SLASHES) {
        return None;
    }
    let bounded = bytes.get(..bytes.len().min(start + USERINFO_MAX))?;
    let end = run_end(bounded, start, |byte| !ends_word(byte) && !matches!(byte, b'&' | b'/'));
    let word = bounded.get(start..end)?;
    let slash = word.windows(3).position(|part| part.eq_ignore_ascii_case(b"%2F"));
    let authority = word.get(..slash.unwrap_or(word.len()))?;
    let at = authority.windows(AT.len()).rposition(|part| part == AT)?;
    let is_done = authority.get(..at)? == REDACTED.as_bytes();
    (at > 0 && !is_done).then_some(Hit {
        start,
        end: start + at,
        instead: REDACTED,
    })
}

fn ends_word(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'<' | b'>')
}
