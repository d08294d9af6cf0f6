//! Values whose name tells that they are secret: headers, `name=value`, `"name": "value"`.

use super::{Hit, REDACTED, is_name_byte, run_end};

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
];

/// Whether a field of this name is secret as a whole: `api_key`, `Authorization`, `refresh-token`, ...
#[must_use]
pub fn is_sensitive_name(name: &str) -> bool {
    kind(name.as_bytes()).is_some_and(|kind| kind != Kind::Code)
}

/// The value that belongs to the word at `start..end`, when that is a telling name.
pub(super) fn hit(text: &str, start: usize, end: usize) -> Option<Hit> {
    let bytes = text.as_bytes();
    let kind = kind(bytes.get(start..end)?)?;
    let (quoted, after_name) = match quote(bytes, end) {
        Some(mark) => (true, end + mark.len()),
        None => (false, end),
    };
    let separator_at = run_end(bytes, after_name, is_blank);
    let separator = *bytes.get(separator_at)?;
    let is_field = match separator {
        b'=' => true,
        // `a::b` is a path in a program, `a://b` a URL.
        b':' if bytes.get(separator_at + 1) == Some(&b':') || text[separator_at + 1..].starts_with("//") => false,
        b':' => quoted || matches!(kind, Kind::Header | Kind::Secret),
        _ => false,
    };
    if !is_field {
        return None;
    }
    // After `name=` a blank ends an empty value, after `name = ` and `name: ` it does not.
    let is_spaced = separator == b':' || separator_at > after_name;
    let value = if is_spaced {
        run_end(bytes, separator_at + 1, is_blank)
    } else {
        separator_at + 1
    };
    let (start, end) = value_range(text, value, kind, quoted);
    let shown = &text[start..end];
    let is_plain = shown.is_empty()
        || shown.starts_with(REDACTED)
        || matches!(shown, "null" | "true" | "false")
        || kind == Kind::Code && is_status_code(shown);
    (!is_plain).then_some(Hit {
        start,
        end,
        instead: REDACTED,
    })
}

/// Where the value that begins at `start` begins without its quote, and where it ends.
fn value_range(text: &str, start: usize, kind: Kind, quoted_name: bool) -> (usize, usize) {
    let bytes = text.as_bytes();
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
    let ends = |byte: u8| {
        byte.is_ascii_whitespace()
            || matches!(byte, b'&' | b'"' | b'\'' | b'<' | b'>')
            || quoted_name && matches!(byte, b',' | b'}' | b']')
    };
    (start, run_end(bytes, start, |byte| !ends(byte)))
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

fn kind(name: &[u8]) -> Option<Kind> {
    NAMES
        .iter()
        .find(|(end, whole, _)| ends_with(name, end.as_bytes(), *whole))
        .map(|(_, _, kind)| *kind)
}

/// Compares from the end, without case and separators.
fn ends_with(name: &[u8], end: &[u8], whole: bool) -> bool {
    let mut letters = name
        .iter()
        .rev()
        .filter(|byte| is_name_byte(**byte) && !matches!(byte, b'-' | b'_'));
    let same = end
        .iter()
        .rev()
        .all(|byte| letters.next().is_some_and(|letter| letter.eq_ignore_ascii_case(byte)));
    same && (!whole || letters.next().is_none())
}
