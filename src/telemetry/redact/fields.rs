//! Values whose name tells that they are secret: headers, `name=value`, `"name": "value"`.

use super::{Hit, REDACTED, is_name_byte, run_end};
use crate::limits::VALUE_LOOK;

/// What a name says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// A header: the rest of the line is its value.
    Header,
    /// A secret, however it is written.
    Secret,
    /// A word that also occurs in prose: secret after `=` or as a quoted name, not before a colon in a sentence.
    Word,
    /// An authorization code, or just a status code.
    Code,
    /// A key, or the file that holds it.
    Key,
    /// A secret when it is long, and in the query of a URL.
    Long,
    /// A secret in the query of a URL only.
    Query,
    /// A proxy, whose address may begin with credentials.
    Proxy,
}

/// Ends of names, without `-` and `_`, in lower case; `whole` ones must be all of the name.
const NAMES: &[(&str, bool, Kind)] = &[
    ("authorization", false, Kind::Header),
    ("cookie", false, Kind::Header),
    ("shardtoken", false, Kind::Header),
    ("mcpsessionid", true, Kind::Header),
    ("xapikey", true, Kind::Header),
    ("tunnelrelaykey", false, Kind::Header),
    ("token", true, Kind::Word),
    ("secret", true, Kind::Word),
    ("code", true, Kind::Code),
    ("token", false, Kind::Secret),
    ("secret", false, Kind::Secret),
    ("apikey", false, Kind::Secret),
    ("accesskey", false, Kind::Secret),
    ("secretkey", false, Kind::Secret),
    ("password", false, Kind::Secret),
    ("passwd", false, Kind::Secret),
    ("passphrase", false, Kind::Secret),
    ("passcode", false, Kind::Secret),
    ("privatekey", false, Kind::Key),
    ("signingkey", false, Kind::Key),
    ("encryptionkey", false, Kind::Key),
    ("accountkey", false, Kind::Key),
    ("sharedkey", false, Kind::Key),
    ("masterkey", false, Kind::Key),
    ("authkey", false, Kind::Key),
    ("sessionkey", false, Kind::Key),
    ("hmackey", false, Kind::Key),
    ("subscriptionkey", false, Kind::Key),
    ("functionskey", false, Kind::Key),
    ("idtokenhint", true, Kind::Secret),
    ("codeverifier", true, Kind::Secret),
    ("signature", false, Kind::Long),
    ("sig", true, Kind::Long),
    ("assertion", false, Kind::Long),
    ("samlresponse", true, Kind::Long),
    ("sessionid", false, Kind::Long),
    ("jwt", false, Kind::Long),
    ("hmac", true, Kind::Long),
    ("key", true, Kind::Query),
    ("auth", true, Kind::Query),
    ("pass", true, Kind::Query),
    ("pwd", true, Kind::Query),
    ("sid", true, Kind::Query),
    ("session", true, Kind::Query),
    ("ticket", true, Kind::Query),
    ("otp", true, Kind::Query),
    ("proxy", false, Kind::Proxy),
];

/// A shorter value of [`Kind::Long`] is a word.
const LONG_MIN: usize = 16;

/// A shorter value where a sentence could go on is a word.
const RANDOM_MIN: usize = 8;

/// Bytes before a name in which the beginning of a flag is looked for.
const FLAG_MAX: usize = 64;

/// Whether a field of this name is secret as a whole: `api_key`, `Authorization`, `refresh-token`, ...
#[must_use]
pub fn is_sensitive_name(name: &str) -> bool {
    matches!(kind(name.as_bytes()), Some(Kind::Header | Kind::Secret | Kind::Word))
}

/// How a name and its value are joined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Join {
    /// `name=value`, also with blanks.
    Equals,
    /// `name: value`.
    Colon,
    /// `"name": "value"`.
    Quoted,
    /// `("name", "value")`.
    Pair,
    /// `--name value`.
    Flag,
    /// `<name>value</name>`.
    Element,
    /// `name%3Dvalue`.
    Percent,
}

/// The value that belongs to the word at `start..end`, when that is a telling name.
pub(super) fn hit(text: &str, start: usize, end: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    // Nothing else joins a name and a value; most words are followed by neither.
    if !matches!(
        bytes.get(end)?,
        b'"' | b'\'' | b'\\' | b' ' | b'\t' | b'=' | b':' | b'>' | b'%'
    ) {
        return None;
    }
    let name = match start.checked_sub(1).and_then(|before| bytes.get(before)) {
        // Two digits of an escape, and the name.
        Some(b'%') => bytes.get((start + 2).min(end)..end)?,
        _ => bytes.get(start..end)?,
    };
    let kind = kind(name)?;
    let (join, value) = joined(text, start, end, kind)?;
    let near = match join {
        // Where these end, their name cannot stand again.
        Join::Element | Join::Pair => text,
        _ => text.get(..text.floor_char_boundary(value.saturating_add(VALUE_LOOK)))?,
    };
    let (start, mut end) = secret_range(near, value, kind, join, in_query(bytes, start))?;
    let shown = near.get(start..end)?;
    let is_plain = shown.is_empty()
        || shown.starts_with(REDACTED)
        || matches!(shown, "null" | "true" | "false")
        || kind == Kind::Code && is_status_code(shown)
        || kind != Kind::Header && is_reference(shown);
    if is_plain {
        return None;
    }
    if end == near.len() {
        end = end.max(range(text, value, kind, join)?.1);
    }
    Some(Hit {
        start,
        end,
        instead: REDACTED,
    })
}

/// How the name at `start..end` is joined to a value, and where that begins; `None` where it has none.
fn joined(text: &str, start: usize, end: usize, kind: Kind) -> Option<(Join, usize)> {
    let bytes = text.as_bytes();
    let (quoted, after_name) = match quote(bytes, end) {
        Some(mark) => (true, end + mark.len()),
        None => (false, end),
    };
    let separator_at = run_end(bytes, after_name, is_blank);
    let separator = *bytes.get(separator_at)?;
    let is_strong = matches!(kind, Kind::Header | Kind::Secret | Kind::Word | Kind::Key);
    // After `name=` a blank ends an empty value, after `name = ` and `name: ` it does not.
    let is_spaced = separator == b':' || separator_at > after_name;
    let value = if is_spaced {
        run_end(bytes, separator_at + 1, is_blank)
    } else {
        separator_at + 1
    };
    let join = match separator {
        b'=' => Join::Equals,
        // `a::b` is a path in a program, `a://b` a URL.
        b':' if bytes.get(separator_at + 1) == Some(&b':') || text[separator_at + 1..].starts_with("//") => {
            return None;
        }
        b':' if quoted => Join::Quoted,
        b':' => Join::Colon,
        b',' if quoted && is_strong && opens_pair(bytes, start) => {
            let value = run_end(bytes, separator_at + 1, is_blank);
            quote(bytes, value)?;
            return Some((Join::Pair, value));
        }
        b'>' if separator_at == end && is_strong && start > 0 && bytes[start - 1] == b'<' => Join::Element,
        b'%' if separator_at == end && bytes.get(end..end + 3)?.eq_ignore_ascii_case(b"%3D") => {
            return Some((Join::Percent, end + 3));
        }
        _ if separator_at > end && !quoted && is_strong && is_flag(bytes, start) => {
            return Some((Join::Flag, separator_at));
        }
        _ => return None,
    };
    Some((join, value))
}

/// Whether a name is one of a query: `?name=`, `&name=`.
fn in_query(bytes: &[u8], start: usize) -> bool {
    start > 0 && matches!(bytes[start - 1], b'?' | b'&' | b';')
        || start > 0 && bytes[start - 1] == b'%' && matches!(bytes.get(start..start + 2), Some(b"3F" | b"3f" | b"26"))
}

/// Whether the quote before `start` follows a bracket.
fn opens_pair(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(..start).unwrap_or_default();
    let Some((b'"' | b'\'', before)) = before.split_last() else {
        return false;
    };
    let before = before.iter().rev().find(|byte| **byte != b'\\');
    matches!(before, Some(b'(' | b'['))
}

/// Whether the word that ends in this name begins with two hyphens.
fn is_flag(bytes: &[u8], start: usize) -> bool {
    let before = bytes.get(start.saturating_sub(FLAG_MAX)..).unwrap_or_default();
    let before = before.get(..start.min(FLAG_MAX)).unwrap_or_default();
    let prefix = before
        .iter()
        .rev()
        .take_while(|byte| is_name_byte(**byte) || **byte == b'.')
        .count();
    bytes.get(start - prefix..).unwrap_or_default().starts_with(b"--")
}

/// Where the value that begins at `start` begins without its quote, and where it ends.
fn range(text: &str, start: usize, kind: Kind, join: Join) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    match join {
        Join::Element => {
            let end = run_end(bytes, start, |byte| byte != b'<');
            // Without its end it is a placeholder: `--token <token>`.
            bytes.get(end..)?.starts_with(b"</").then_some((start, end))
        }
        Join::Percent => {
            let end = run_end(bytes, start, |byte| !ends_value(byte));
            let inner = bytes.get(start..end)?.windows(3).position(|part| part == b"%26");
            Some((start, inner.map_or(end, |at| start + at)))
        }
        _ => Some(plain_range(text, start, kind, join == Join::Quoted)),
    }
}

/// The same; `None` where the value is no secret.
fn secret_range(text: &str, start: usize, kind: Kind, join: Join, in_query: bool) -> Option<(usize, usize)> {
    let bytes = text.as_bytes();
    let (start, end) = range(text, start, kind, join)?;
    let value = &text[start..end];
    if value.starts_with(REDACTED) {
        return Some((start, end));
    }
    let is_secret = match (kind, join) {
        (_, Join::Pair) => match bytes.get(run_end(bytes, end, |byte| matches!(byte, b'"' | b'\'' | b'\\' | b' '))) {
            Some(b')') => true,
            // A list of two names is none.
            Some(b']') => !value
                .bytes()
                .all(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'-' | b'_')),
            _ => false,
        },
        (_, Join::Flag) => looks_random(value),
        (Kind::Word, Join::Colon) => looks_random(value.trim_end_matches(['.', ',', ';', ')'])),
        (Kind::Code, Join::Colon) => false,
        (Kind::Key, _) => value.len() >= RANDOM_MIN && !is_place(value) && !value.contains(REDACTED),
        (Kind::Long, Join::Equals | Join::Percent) if in_query => !value.is_empty(),
        (Kind::Long, _) => value.len() >= LONG_MIN && is_token(value),
        (Kind::Query, Join::Equals | Join::Percent) => in_query,
        (Kind::Query, _) => false,
        (Kind::Proxy, Join::Equals | Join::Colon | Join::Quoted) => {
            let at = value.rfind('@').filter(|_| !value.contains("://"))?;
            let is_pair = value.get(..at)?.contains(':');
            return is_pair.then_some((start, start + at));
        }
        (Kind::Proxy, _) => false,
        _ => true,
    };
    is_secret.then_some((start, end))
}

/// The same by its quotes, or by what ends an unquoted value.
fn plain_range(text: &str, start: usize, kind: Kind, quoted_name: bool) -> (usize, usize) {
    let bytes = text.as_bytes();
    // As Rust shows what may be missing.
    let some = ["Some(\"", "Some(\\\""]
        .iter()
        .any(|some| text[start..].starts_with(some));
    let start = start + if some { "Some(".len() } else { 0 };
    if let Some(mark) = quote(bytes, start) {
        let inner = start + mark.len();
        return (inner, closing_quote(text, inner, mark).unwrap_or(text.len()));
    }
    if text[start..].starts_with(REDACTED) {
        return (start, start + REDACTED.len());
    }
    // A list or an object of secrets.
    if kind == Kind::Header || matches!(bytes.get(start), Some(b'[' | b'{')) {
        return (start, run_end(bytes, start, |byte| !matches!(byte, b'\r' | b'\n')));
    }
    let ends = |byte: u8| ends_value(byte) || quoted_name && matches!(byte, b',' | b'}' | b']');
    (start, run_end(bytes, start, |byte| !ends(byte)))
}

fn ends_value(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'&' | b'"' | b'\'' | b'<' | b'>')
}

/// Letters and digits without blanks: no word of a sentence.
fn looks_random(value: &str) -> bool {
    value.len() >= RANDOM_MIN
        && value.bytes().any(|byte| byte.is_ascii_digit())
        && value.bytes().any(|byte| byte.is_ascii_alphabetic())
        && is_token(value)
}

/// What keys and tokens are made of, and no path.
fn is_token(value: &str) -> bool {
    let is_part = |byte: u8| is_name_byte(byte) || matches!(byte, b'.' | b'~' | b'+' | b'/' | b'=' | b'%');
    value.bytes().all(is_part) && !is_place(value)
}

/// A reference to a secret names where it is (contract: config, section 4).
fn is_reference(value: &str) -> bool {
    let is_variable = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
    let is_part = |byte: u8| is_name_byte(byte) || byte == b'.';
    match value.trim_end_matches(['`', ',', '.', ';', ')', ']']).split_once(':') {
        Some(("env", name)) => !name.is_empty() && name.bytes().all(is_variable),
        Some(("file", path)) => path.starts_with('/'),
        Some(("credential", name)) => !name.is_empty() && name.bytes().all(is_part),
        _ => false,
    }
}

/// A file, a reference or a URL.
fn is_place(value: &str) -> bool {
    value.starts_with('/') || value.starts_with("./") || value.contains("://") || is_reference(value)
}

/// A quote mark at `at`, with the backslashes that a nested JSON text has before it.
fn quote(bytes: &[u8], at: usize) -> Option<&[u8]> {
    let mark = run_end(bytes, at, |byte| byte == b'\\');
    matches!(bytes.get(mark)?, b'"' | b'\'').then(|| bytes.get(at..=mark))?
}

/// Where `mark` stands again. A backslash in the value is written as twice as many as stand before a quote plus one, so
/// what is left over tells a closing quote from one in the value.
fn closing_quote(text: &str, from: usize, mark: &[u8]) -> Option<usize> {
    let bytes = text.as_bytes();
    let (quote, escapes) = mark.split_last()?;
    let mut at = from;
    loop {
        let run = at
            + bytes
                .get(at..)?
                .iter()
                .position(|byte| byte == quote || *byte == b'\\')?;
        let end = run_end(bytes, run, |byte| byte == b'\\');
        if bytes.get(end) == Some(quote) && (end - run) % (2 * (escapes.len() + 1)) == escapes.len() {
            return Some(end - escapes.len());
        }
        at = end + 1;
    }
}

fn is_status_code(text: &str) -> bool {
    let digits = text
        .strip_prefix('-')
        .unwrap_or(text)
        .trim_end_matches([',', ';', '.', ')']);
    (1..=5).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// For each letter the [`NAMES`] that end in it, as bits.
const BY_END: [u64; 26] = {
    assert!(NAMES.len() <= 64, "a bit for each name");
    let mut by_end = [0; 26];
    let mut at = 0;
    while at < NAMES.len() {
        if let Some(end) = NAMES[at].0.as_bytes().last() {
            by_end[(*end - b'a') as usize] |= 1 << at;
        }
        at += 1;
    }
    by_end
};

fn kind(name: &[u8]) -> Option<Kind> {
    let last = letters(name).next()?.to_ascii_lowercase();
    let candidates = BY_END.get(usize::from(last.checked_sub(b'a')?))?;
    NAMES
        .iter()
        .enumerate()
        .filter(|(at, _)| candidates >> at & 1 == 1)
        .find(|(_, (end, whole, _))| ends_with(name, end.as_bytes(), *whole))
        .map(|(_, (_, _, kind))| *kind)
}

/// What counts of a name, from its end.
fn letters(name: &[u8]) -> impl Iterator<Item = &u8> {
    name.iter()
        .rev()
        .filter(|byte| is_name_byte(**byte) && !matches!(byte, b'-' | b'_'))
}

/// Compares from the end, without case and separators.
fn ends_with(name: &[u8], end: &[u8], whole: bool) -> bool {
    let mut letters = letters(name);
    let same = end
        .iter()
        .rev()
        .all(|byte| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(byte)));
    same && (!whole || letters.next().is_none())
}
