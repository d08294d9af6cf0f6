//! Secrets that show by their look: keys with a known beginning, JSON Web Tokens, PEM blocks.

use std::iter;

use super::{Hit, REDACTED, REDACTED_KEY, is_name_byte, run_end};
use crate::limits::PEM_LABEL_MAX;

const SK: &[u8] = b"sk-";
/// A shorter run after it is a word, not a key.
const SK_TAIL_MIN: usize = 10;

/// Beginnings of keys, and how many characters of a key follow at least.
const KEYS: &[(&str, usize)] = &[
    // Of `tunnel-relay keygen`.
    ("trk_", 32),
    ("ghp_", 20),
    ("gho_", 20),
    ("ghu_", 20),
    ("ghs_", 20),
    ("ghr_", 20),
    ("github_pat_", 20),
    ("glpat-", 16),
    ("xoxb-", 10),
    ("xoxp-", 10),
    ("xoxa-", 10),
    ("xoxr-", 10),
    ("xoxs-", 10),
    ("xapp-", 10),
    ("sk_live_", 10),
    ("sk_test_", 10),
    ("rk_live_", 10),
    ("rk_test_", 10),
    ("whsec_", 16),
    ("npm_", 30),
    ("pypi-", 40),
    ("hf_", 20),
    ("gsk_", 20),
    ("xai-", 20),
    ("nvapi-", 20),
    ("pplx-", 20),
    ("r8_", 30),
    ("dop_v1_", 20),
    ("dckr_pat_", 20),
    ("glsa_", 20),
    ("shpat_", 20),
    ("tskey-", 12),
    ("AIza", 30),
    ("AGE-SECRET-KEY-1", 20),
];

/// None of [`KEYS`] is shorter with what follows it.
const KEY_MIN: usize = 15;

/// Beginnings of keys that go on behind a dot.
const DOTTED: [&str; 5] = ["ya29", "SG", "hvs", "hvb", "hvr"];
const DOTTED_TAIL_MIN: usize = 20;

/// Identifiers of access keys of AWS are of one length.
const AWS: [&str; 2] = ["AKIA", "ASIA"];
const AWS_LENGTH: usize = 20;

/// How base64 begins that holds a key: DER of an RSA or PKCS#8 key or a certificate, a PEM block, a key of OpenSSH.
const BASE64: [&str; 3] = ["MII", "LS0tLS1CRUdJTi", "b3BlbnNzaC1rZXktdjE"];
const BASE64_MIN: usize = 40;

/// JOSE headers are objects of JSON: `{"`.
const JOSE: &[u8] = b"eyJ";
const JOSE_HEADER_MIN: usize = 12;
const JWT_MIN: usize = 24;

/// A body that is shorter is an example.
const PEM_BODY_MIN: usize = 16;

/// First bytes of what can begin within a word: most words have none of them where something could begin.
const FIRST: [bool; 256] = {
    let mut first = [false; 256];
    let mut at = 0;
    while at < KEYS.len() {
        first[KEYS[at].0.as_bytes()[0] as usize] = true;
        at += 1;
    }
    first[SK[0] as usize] = true;
    first[JOSE[0] as usize] = true;
    first
};

/// A secret that begins in the word at `start..end`.
pub(super) fn hit(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    let word = bytes.get(start..end)?;
    let within = places(word)
        .filter(|at| word.get(*at).is_some_and(|byte| FIRST[usize::from(*byte)]))
        .flat_map(|at| {
            [
                sk_key(word, start, at),
                key(word, start, at),
                jwt(bytes, start + at, end),
            ]
        });
    let whole = [
        aws(word, start),
        dotted_key(bytes, start, end),
        base64(bytes, start),
        pem(bytes, start, end),
    ];
    // One word can have several looks: nothing of any of them stays.
    within.chain(whole).flatten().reduce(|one, other| {
        let first = if one.start <= other.start { one } else { other };
        Hit {
            end: one.end.max(other.end),
            ..first
        }
    })
}

fn redacted(start: usize, end: usize) -> Hit {
    Hit {
        start,
        end,
        instead: REDACTED,
    }
}

/// Where a key may begin in a word: at its start, and after each separator in it.
fn places(word: &[u8]) -> impl Iterator<Item = usize> {
    let separators = word
        .iter()
        .enumerate()
        .filter(|(_, byte)| !byte.is_ascii_alphanumeric());
    iter::once(0).chain(separators.map(|(at, _)| at + 1))
}

/// `sk-` and at least ten characters of a key.
fn sk_key(word: &[u8], start: usize, at: usize) -> Option<Hit> {
    let found = word.get(at..)?;
    if !found.starts_with(SK) || found.len() - SK.len() < SK_TAIL_MIN || found == REDACTED_KEY.as_bytes() {
        return None;
    }
    Some(Hit {
        start: start + at,
        end: start + word.len(),
        instead: REDACTED_KEY,
    })
}

fn key(word: &[u8], start: usize, at: usize) -> Option<Hit> {
    let found = word.get(at..).filter(|found| found.len() >= KEY_MIN)?;
    let is_known = KEYS.iter().any(|(beginning, least)| {
        let tail = found.strip_prefix(beginning.as_bytes());
        // Words that are joined by `_` or `-` have no digits.
        tail.is_some_and(|tail| tail.len() >= *least && tail.iter().any(u8::is_ascii_digit))
    });
    is_known.then_some(redacted(start + at, start + word.len()))
}

fn aws(word: &[u8], start: usize) -> Option<Hit> {
    let is_key = word.len() == AWS_LENGTH
        && AWS.iter().any(|beginning| word.starts_with(beginning.as_bytes()))
        && word
            .iter()
            .all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit());
    is_key.then_some(redacted(start, start + word.len()))
}

fn dotted_key(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    let word = bytes.get(start..end).filter(|_| bytes.get(end) == Some(&b'.'))?;
    if !DOTTED.iter().any(|beginning| word == beginning.as_bytes()) {
        return None;
    }
    let tail = run_end(bytes, end + 1, |byte| is_name_byte(byte) || byte == b'.');
    (tail - end > DOTTED_TAIL_MIN).then_some(redacted(start, tail))
}

fn base64(bytes: &[u8], start: usize) -> Option<Hit> {
    let rest = bytes.get(start..)?;
    if !BASE64.iter().any(|beginning| rest.starts_with(beginning.as_bytes())) {
        return None;
    }
    let end = run_end(bytes, start, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-' | b'_')
    });
    (end - start >= BASE64_MIN).then_some(redacted(start, end))
}

/// Two parts or more in base64url, divided by dots (RFC 7515, RFC 7516). The first is `start..end`.
fn jwt(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    let header = bytes.get(start..end)?;
    if !header.starts_with(JOSE) || header.len() < JOSE_HEADER_MIN || bytes.get(end) != Some(&b'.') {
        return None;
    }
    let tail = run_end(bytes, end, |byte| is_name_byte(byte) || byte == b'.');
    let is_sentence = tail == end + 1;
    (!is_sentence && tail - start >= JWT_MIN).then_some(redacted(start, tail))
}

/// What a PEM block (RFC 7468) holds, to its end or to that of the text. Its label stays.
fn pem(bytes: &[u8], start: usize, end: usize) -> Option<Hit> {
    const BEGIN: &[u8] = b"-----BEGIN";
    const DASHES: &[u8] = b"-----";
    if !bytes.get(start..end)?.ends_with(BEGIN) {
        return None;
    }
    let label = bytes.get(end..bytes.len().min(end + PEM_LABEL_MAX))?;
    let body = end + label.windows(DASHES.len()).position(|part| part == DASHES)? + DASHES.len();
    let first = line_ends(bytes, body);
    let line = bytes.get(first..run_end(bytes, first, is_pem_byte))?;
    let is_attribute = bytes.get(first + line.len()) == Some(&b':');
    if line.len() < PEM_BODY_MIN && !is_attribute {
        return None;
    }
    let body_end = memchr::memmem::find(bytes.get(first..)?, b"-----END").map_or(bytes.len(), |at| first + at);
    Some(redacted(body, body_end))
}

/// Skips line ends and blanks, also as they stand in JSON and in URLs.
fn line_ends(bytes: &[u8], mut at: usize) -> usize {
    loop {
        let rest = bytes.get(at..).unwrap_or_default();
        at += match rest {
            [b' ' | b'\t' | b'\r' | b'\n' | b'\\', ..] => 1,
            // After a backslash.
            [b'n' | b'r', ..] if at > 0 && bytes[at - 1] == b'\\' => 1,
            [b'%', b'0', b'A' | b'D' | b'a' | b'd', ..] => 3,
            _ => return at,
        };
    }
}

fn is_pem_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=' | b'-')
}
