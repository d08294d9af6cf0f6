//! From the bytes of a file to text.

use std::str;

use super::document::{Broken, Mark};
use crate::limits::CONFIG_FILE_MAX;

const UTF8_BOM: &[u8] = b"\xef\xbb\xbf";

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
    let bytes = bytes.strip_prefix(UTF8_BOM).unwrap_or(bytes);
    if let Some(at) = bytes.iter().position(|byte| *byte == 0) {
        return Err(Broken::new(
            mark(bytes, at),
            "the file has a NUL byte; is it a text file?",
        ));
    }
    str::from_utf8(bytes).map_err(|error| {
        Broken::new(
            mark(bytes, error.valid_up_to()),
            "the file is not UTF-8 text from here on; save it as UTF-8",
        )
    })
}

/// Every second of the first bytes is zero.
fn looks_like_utf16(bytes: &[u8]) -> bool {
    matches!(bytes, [0, first, 0, second, ..] | [first, 0, second, 0, ..] if *first != 0 && *second != 0)
}

/// Line, and column in characters, of the byte at `at`.
fn mark(bytes: &[u8], at: usize) -> Mark {
    let before = bytes.get(..at).unwrap_or(bytes);
    let line_start = before.iter().rposition(|byte| *byte == b'\n').map_or(0, |end| end + 1);
    let line = before.get(line_start..).unwrap_or_default();
    Mark {
        line: before.iter().filter(|byte| **byte == b'\n').count() + 1,
        column: String::from_utf8_lossy(line).chars().count() + 1,
    }
}

fn whole<T>(problem: impl Into<String>) -> Result<T, Broken> {
    Err(Broken::new(Mark::WHOLE, problem))
}
