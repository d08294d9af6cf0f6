//! Messages of RFC 5424, and their frames on a stream: octet counting (RFC 6587, section 3.4.1; RFC 5425, section 4.3).

use std::fmt::Write as _;

use ::log::Level;

use super::form::{Draft, IDENTIFIER, cut};
use super::line;
use super::utc::Utc;
use crate::limits::{SYSLOG_FIELDS_MAX, SYSLOG_HOSTNAME_MAX, SYSLOG_NAME_MAX, SYSLOG_TEXT_MAX};

/// The structured data of ours. The number is the one for documentation (RFC 5612): this program has none of its own.
const ELEMENT: &str = "tunnel-client@32473";

/// Begins the text of UTF-8 messages (RFC 5424, section 6.4).
const BOM: &str = "\u{feff}";

/// Where the name of this host stands. The packaged unit hides the first (`ProcSubset=pid`).
const HOSTNAME: [&str; 2] = ["/proc/sys/kernel/hostname", "/etc/hostname"];

/// What is the same in every message.
#[derive(Debug, Clone)]
pub(super) struct Header {
    facility: u8,
    hostname: String,
    process: u32,
    /// Each message is preceded by its length.
    counted: bool,
}

impl Header {
    /// The header of this process; `counted`: for a stream.
    pub(super) fn new(facility: u8, counted: bool) -> Self {
        let name = HOSTNAME.into_iter().find_map(|path| std::fs::read_to_string(path).ok());
        let name = name.unwrap_or_default();
        Self {
            facility,
            hostname: hostname(name.trim()),
            process: std::process::id(),
            counted,
        }
    }
}

/// A name of printable ASCII, or the sign for none (section 6.2.4).
fn hostname(name: &str) -> String {
    let is_one = (1..=SYSLOG_HOSTNAME_MAX).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
    if is_one { name.to_owned() } else { "-".to_owned() }
}

/// The severity of a level (section 6.2.1).
pub(super) fn severity(level: Level) -> u8 {
    match level {
        Level::Error => 3,
        Level::Warn => 4,
        Level::Info => 6,
        Level::Debug | Level::Trace => 7,
    }
}

/// Begins a message: its header, and the structured data.
pub(super) fn begin(out: &mut String, header: &Header, at: Utc, level: Level) {
    let Header {
        facility,
        hostname,
        process,
        counted: _,
    } = header;
    let priority = u16::from(*facility) * 8 + u16::from(severity(level));
    // Writing to a String cannot fail.
    let _ = write!(out, "<{priority}>1 {at} {hostname} {IDENTIFIER} {process} - [{ELEMENT}");
}

/// Appends a message of another stream, which its message id names: text of ASCII, which needs no BOM.
pub(super) fn record(out: &mut String, header: &Header, stream: &str, line: &str, time: Option<&str>) {
    let Header {
        facility,
        hostname,
        process,
        counted,
    } = header;
    let priority = u16::from(*facility) * 8 + u16::from(severity(Level::Info));
    let time = time.unwrap_or("-");
    let start = out.len();
    // Writing to a String cannot fail.
    let _ = write!(
        out,
        "<{priority}>1 {time} {hostname} {IDENTIFIER} {process} {stream} - {line}"
    );
    if *counted {
        let length = out.len() - start;
        out.insert_str(start, &format!("{length} "));
    }
}

/// Adds a parameter (section 6.3.3), unless the parameters are many already: it stands in the message as well.
pub(super) fn field(out: &mut String, key: &str, value: &str) {
    let start = out.len();
    out.push(' ');
    out.extend(key.chars().take(SYSLOG_NAME_MAX).map(|char| match char {
        '=' | ']' | '"' => '_',
        char if char.is_ascii_graphic() => char,
        _ => '_',
    }));
    out.push_str("=\"");
    let from = out.len();
    line::escape_plain(out, value);
    if out[from..].contains(['"', '\\', ']']) {
        let value = out.split_off(from);
        for char in value.chars() {
            if matches!(char, '"' | '\\' | ']') {
                out.push('\\');
            }
            out.push(char);
        }
    }
    out.push('"');
    if out.len() > SYSLOG_FIELDS_MAX {
        out.truncate(start);
    }
}

/// Ends a message.
pub(super) fn end(draft: &mut Draft, header: &Header) {
    cut(&mut draft.text, SYSLOG_TEXT_MAX);
    draft.fields.push_str("] ");
    draft.fields.push_str(BOM);
    draft.fields.push_str(&draft.text);
    std::mem::swap(&mut draft.text, &mut draft.fields);
    if header.counted {
        let length = draft.text.len();
        draft.text.insert_str(0, &format!("{length} "));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_is_escaped_as_the_rfc_says() {
        for (key, value, expected) in [
            ("status", "503", " status=\"503\""),
            ("a=b]c\"d e\u{e4}", "x", " a_b_c_d_e_=\"x\""),
            ("k", "a\"b\\c]d", " k=\"a\\\"b\\\\c\\]d\""),
            ("k", "line\nend", " k=\"line\\\\nend\""),
            ("k", "[x] \u{e4}", " k=\"[x\\] \u{e4}\""),
        ] {
            let mut out = String::new();
            field(&mut out, key, value);
            assert_eq!(out, expected);
        }
        let mut out = String::new();
        field(&mut out, &"n".repeat(100), "v");
        assert_eq!(out, format!(" {}=\"v\"", "n".repeat(SYSLOG_NAME_MAX)));
    }

    #[test]
    fn a_parameter_that_finds_no_room_is_left_out_whole() {
        let mut out = String::new();
        field(&mut out, "long", &"]".repeat(SYSLOG_FIELDS_MAX));
        field(&mut out, "short", "x");
        assert_eq!(out, " short=\"x\"");
    }

    #[test]
    fn a_host_without_a_printable_name_has_none() {
        assert_eq!(hostname("host.example"), "host.example");
        for name in ["", "a b", "h\u{e4}", &"x".repeat(SYSLOG_HOSTNAME_MAX + 1)] {
            assert_eq!(hostname(name), "-");
        }
    }
}
