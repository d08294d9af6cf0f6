//! From the bytes of a file to text.

use std::str;

use super::document::{Broken, Mark};
use crate::limits::CONFIG_FILE_MAX;
use crate::wire::BYTE_ORDER_MARK;

/// The text of a configuration file, without its byte order mark.
pub(super) fn decode(bytes: &[u8]) -> Result<&str, Broken> {
    if bytes.len() > CONFIG_FILE_MAX {
        return whole(format!(
            "the file is larger than {CONFIG_FILE_MAX} bytes; is it a configuration file?"
        ));
    }
    if bytes.starts_with(b"\xff\xfe") || bytes.starts_with(b"\xfe\xff") || looks_like_utf16(bytes) {
        return whole("the file is UTF-16 text; save it as UTF-8");
    }
    let bytes = bytes.strip_prefix(BYTE_ORDER_MARK).unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Broken::new(
            mark(bytes, at),
            "the file has a NUL byte; is it a text file?",
        ));
    }
    let text = str::from_utf8(bytes).map_err(|error| {
        Broken::new(
            mark(bytes, error.valid_up_to()),
            "the file is not UTF-8 text from here on; save it as UTF-8",
        )
    })?;
    match text.char_indices().find(|(_, char)| hides_text(*char)) {
        Some((at, char)) => Err(Broken::new(
            mark(bytes, at),
            format!(
                "the file has the character U+{:04X}, which programs show in different ways; replace it by a line break or a space",
                u32::from(char)
            ),
        )),
        None => Ok(text),
    }
}

/// What an editor or another YAML reader takes for a line break and this one does not: a setting behind it, in a comment for
/// example, would have no effect. Other control characters are no YAML (YAML 1.2, section 5.1).
fn hides_text(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}') || char.is_control() && !matches!(char, '\t' | '\n' | '\r' | '\u{7f}')
}

/// Every second of the first bytes is zero.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0, first, 0, second, ..] | [first, 0, second, 0, ..] if *first != 0 && *second != 0)
}

/// Line, and column in characters, of the byte at `at`.
fn mark(bytes: &[u8], at: usize) -> Mark {
    let before = bytes.get(..at).unwrap_or(bytes);
    let is_break = |index: usize| match before.get(index) {
        Some(b'\n') => true,
        Some(b'\r') => before.get(index + 1) != Some(&b'\n'),
        _ => false,
    };
    let line_start = (0..before.len())
        .rev()
        .find(|index| is_break(*index))
        .map_or(0, |end| end + 1);
    let line = before.get(line_start..).unwrap_or_default();
    Mark {
        line: (0..before.len()).filter(|index| is_break(*index)).count() + 1,
        column: String::from_utf8_lossy(line).chars().count() + 1,
    }
}

fn whole<T>(problem: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::new(Mark::WHOLE, problem))
}
