//! Known secrets in other spellings: escaped (URL, JSON, C, HTML), hexadecimal, base64. A peer that repeats a secret chooses the
//! spelling.
//!
//! The text is decoded and searched like any other; encoded forms are not stored. Decoded bytes are freed after the search, and
//! freed memory is wiped. Escapes are removed several times, and each time hexadecimal digits and base64 are searched: services put
//! escaped text into escaped text. Other codes (compression, ciphers, the secret in pieces) are not found.

use std::borrow::Cow;
use std::ops::Range;

use super::literal::Fingerprint;
use super::run_end;
use crate::limits::SCRUB_ROUNDS;

/// Places of the secrets in `text`, in bytes and any order.
pub(super) fn find(text: &str, known: &[Fingerprint]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    // No spelling is shorter than what it spells.
    let shortest = known.iter().map(Fingerprint::length).min();
    let Some(shortest) = shortest.filter(|shortest| *shortest <= text.len()) else {
        return found;
    };
    let mut view = View::of(text);
    let has_marks = memchr::memchr3(MARKS[0], MARKS[1], MARKS[2], text.as_bytes()).is_some();
    // A secret can look as if it had escapes of another kind in it.
    for mark in MARKS.iter().filter(|_| has_marks) {
        if let Some(decoded) = view.without_escapes(&[*mark]) {
            search(&decoded.bytes, known, |hit| found.push(decoded.stretch(hit)));
        }
    }
    // In forms a plus is a blank, and an escaped one a plus (application/x-www-form-urlencoded).
    if memchr::memchr(b'+', text.as_bytes()).is_some() {
        let blanks = text.replace('+', " ");
        let form = View::of(&blanks);
        let form = form.without_escapes(b"%").unwrap_or(form);
        search(&form.bytes, known, |hit| found.push(form.stretch(hit)));
    }
    for round in 0..=SCRUB_ROUNDS {
        if round > 0 {
            let Some(decoded) = view.without_escapes(&MARKS) else {
                break;
            };
            view = decoded;
            search(&view.bytes, known, |hit| found.push(view.stretch(hit)));
        }
        for_each_run(&view.bytes, shortest, |symbols, bits| {
            // Digits that fill whole bytes: two of four bits, four of six. The secret may begin within such a group.
            for phase in 0..if bits == 4 { 2 } else { 4 } {
                let Some(symbols) = symbols.get(phase..) else { break };
                search(&packed(symbols, bits), known, |hit| {
                    let (first, last) = (hit.start * 8 / bits, (hit.end * 8).div_ceil(bits) - 1);
                    if let (Some(first), Some(last)) = (symbols.get(first), symbols.get(last)) {
                        found.push(view.stretch(first.at..last.at + 1));
                    }
                });
            }
        });
    }
    found
}

fn search(bytes: &[u8], known: &[Fingerprint], mut hit: impl FnMut(Range<usize>)) {
    for secret in known {
        let mut from = 0;
        while let Some(at) = bytes.get(from..).and_then(|rest| secret.find(rest)) {
            hit(from + at..from + at + secret.length());
            from += at + secret.length();
        }
    }
}

/// First bytes of escapes: in URLs, in JSON and C, in HTML.
const MARKS: [u8; 3] = [b'%', b'\\', b'&'];

/// Decoded bytes of a text, and the place of each in the text.
struct View<'a> {
    bytes: Cow<'a, [u8]>,
    /// Place of each byte in the text; `None`: its own place.
    places: Option<Vec<Range<usize>>>,
}

impl<'a> View<'a> {
    fn of(text: &'a str) -> Self {
        Self {
            bytes: Cow::Borrowed(text.as_bytes()),
            places: None,
        }
    }

    /// Place of these bytes in the text.
    fn stretch(&self, bytes: Range<usize>) -> Range<usize> {
        let place = |at: usize| match &self.places {
            Some(places) => places.get(at).cloned().unwrap_or_default(),
            None => at..at + 1,
        };
        place(bytes.start).start..place(bytes.end.saturating_sub(1)).end
    }

    /// The same with each escape that begins with one of these marks replaced by its meaning; `None` when there is no escape.
    fn without_escapes(&self, marks: &[u8]) -> Option<Self> {
        self.bytes.iter().find(|byte| marks.contains(byte))?;
        let (mut bytes, mut places) = (
            Vec::with_capacity(self.bytes.len()),
            Vec::with_capacity(self.bytes.len()),
        );
        let mut at = 0;
        while let Some(byte) = self.bytes.get(at) {
            let meaning = marks.contains(byte).then(|| escape(&self.bytes[at..])).flatten();
            let (length, char) = meaning.unzip();
            let place = self.stretch(at..at + length.unwrap_or(1));
            match char {
                Some(Decoded::Byte(byte)) => bytes.push(byte),
                Some(Decoded::Char(char)) => bytes.extend_from_slice(char.encode_utf8(&mut [0; 4]).as_bytes()),
                None => bytes.push(*byte),
            }
            places.resize(bytes.len(), place);
            at += length.unwrap_or(1);
        }
        (bytes.len() < self.bytes.len()).then_some(Self {
            bytes: Cow::Owned(bytes),
            places: Some(places),
        })
    }
}

enum Decoded {
    Byte(u8),
    Char(char),
}

/// Escape that `text` begins with: its length and its meaning.
fn escape(text: &[u8]) -> Option<(usize, Decoded)> {
    let number = |digits: Option<&[u8]>, radix| {
        let digits = std::str::from_utf8(digits?).ok()?;
        let is_number = digits.chars().all(|digit| digit.is_digit(radix));
        u32::from_str_radix(digits, radix).ok().filter(|_| is_number)
    };
    let byte = |digits, radix| {
        number(digits, radix)
            .and_then(|n| u8::try_from(n).ok())
            .map(Decoded::Byte)
    };
    let char = |digits, radix| number(digits, radix).and_then(char::from_u32).map(Decoded::Char);
    match text {
        [b'%', ..] => byte(text.get(1..3), 16).map(|byte| (3, byte)),
        [b'\\', b'u', ..] => char(text.get(2..6), 16)
            .map(|char| (6, char))
            .or_else(|| surrogates(text).map(|char| (12, Decoded::Char(char)))),
        [b'\\', b'x', ..] => byte(text.get(2..4), 16).map(|byte| (4, byte)),
        [b'\\', b'0'..=b'7', ..] => byte(text.get(1..4), 8).map(|byte| (4, byte)),
        [b'\\', mark @ (b'"' | b'\\' | b'/' | b'\''), ..] => Some((2, Decoded::Byte(*mark))),
        [b'\\', b'n', ..] => Some((2, Decoded::Byte(b'\n'))),
        [b'\\', b'r', ..] => Some((2, Decoded::Byte(b'\r'))),
        [b'\\', b't', ..] => Some((2, Decoded::Byte(b'\t'))),
        [b'&', b'#', rest @ ..] => {
            let end = rest.iter().take(10).position(|byte| *byte == b';')?;
            let char = match rest.first()? {
                b'x' | b'X' => char(rest.get(1..end), 16),
                _ => char(rest.get(..end), 10),
            };
            char.map(|char| (end + 3, char))
        }
        [b'&', ..] => NAMED
            .iter()
            .find(|(name, _)| text.starts_with(name.as_bytes()))
            .map(|(name, byte)| (name.len(), Decoded::Byte(*byte))),
        _ => None,
    }
}

/// Characters that HTML and XML name.
const NAMED: [(&str, u8); 5] = [
    ("&amp;", b'&'),
    ("&quot;", b'"'),
    ("&apos;", b'\''),
    ("&lt;", b'<'),
    ("&gt;", b'>'),
];

/// A character past the first plane, which JSON writes as two (RFC 8259, section 7).
fn surrogates(text: &[u8]) -> Option<char> {
    let unit = |at: usize| {
        let is_unit = text.get(at..at + 2)? == b"\\u";
        let digits = std::str::from_utf8(text.get(at + 2..at + 6)?).ok()?;
        is_unit.then(|| u16::from_str_radix(digits, 16).ok())?
    };
    char::decode_utf16([unit(0)?, unit(6)?]).next()?.ok()
}

/// A digit of a code: its value, and the index of its byte in the view.
struct Symbol {
    value: u8,
    at: usize,
}

/// Reports each run of hexadecimal digits (4 bits) and of base64 characters of both alphabets (6 bits) that is long enough for
/// `shortest` bytes. Line ends do not end a run, and neither does a mark between pairs of hexadecimal digits.
fn for_each_run(bytes: &[u8], shortest: usize, mut run: impl FnMut(&[Symbol], usize)) {
    each(bytes, hex_digit, IN_HEX, shortest * 8 / 4, |symbols| run(symbols, 4));
    each(bytes, base64_digit, IN_BASE64, shortest * 8 / 6, |symbols| {
        run(symbols, 6)
    });
}

/// Bits of [`IN_RUN`].
const IN_HEX: u8 = 1;
const IN_BASE64: u8 = 2;

/// In runs of which code each byte may stand: its digits, and what is skipped between them.
const IN_RUN: [u8; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < table.len() {
        let char = byte.to_be_bytes()[size_of::<usize>() - 1];
        let is_line_end = matches!(char, b'\r' | b'\n');
        if hex_digit(char).is_some() || is_line_end || matches!(char, b' ' | b':' | b'-' | b',') {
            table[byte] |= IN_HEX;
        }
        if base64_digit(char).is_some() || is_line_end {
            table[byte] |= IN_BASE64;
        }
        byte += 1;
    }
    table
};

fn each(bytes: &[u8], digit: impl Fn(u8) -> Option<u8>, code: u8, least: usize, mut run: impl FnMut(&[Symbol])) {
    let mut at = 0;
    while at < bytes.len() {
        // Checked before any digit is kept: most runs are words.
        let length = run_end(bytes, at, |byte| IN_RUN[usize::from(byte)] & code != 0) - at;
        if length >= least {
            let symbols: Vec<Symbol> = (at..at + length)
                .filter_map(|at| digit(bytes[at]).map(|value| Symbol { value, at }))
                .collect();
            if symbols.len() >= least {
                run(&symbols);
            }
        }
        at += length + 1;
    }
}

/// Digits of `bits` bits each as bytes; an incomplete byte at the end is left out.
fn packed(symbols: &[Symbol], bits: usize) -> Vec<u8> {
    let mut out = Vec::with_capacity(symbols.len() * bits / 8 + 1);
    let (mut window, mut filled) = (0_u16, 0);
    for symbol in symbols {
        window = window << bits | u16::from(symbol.value);
        filled += bits;
        if filled >= 8 {
            filled -= 8;
            out.push((window >> filled).to_be_bytes()[1]);
        }
    }
    out
}

const fn hex_digit(byte: u8) -> Option<u8> {
    match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        b'A'..=b'F' => Some(byte - b'A' + 10),
        _ => None,
    }
}

pub(super) const fn base64_digit(byte: u8) -> Option<u8> {
    match byte {
        b'A'..=b'Z' => Some(byte - b'A'),
        b'a'..=b'z' => Some(byte - b'a' + 26),
        b'0'..=b'9' => Some(byte - b'0' + 52),
        b'+' | b'-' => Some(62),
        b'/' | b'_' => Some(63),
        _ => None,
    }
}
