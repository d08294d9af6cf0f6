//! Text for a terminal or a script: one line, no control characters, no secrets.

use std::fmt::Write as _;

use serde::Serialize;

use crate::telemetry::redact;

/// Untrusted text as part of a line: scrubbed, white space single, and nothing that a terminal would obey.
pub(super) fn one_line(text: &str) -> String {
    let scrubbed = redact::scrub(text);
    let mut line = String::with_capacity(scrubbed.len());
    for word in scrubbed.split_whitespace() {
        if !line.is_empty() {
            line.push(' ');
        }
        line.extend(word.chars().map(|c| if is_obeyed(c) { '\u{fffd}' } else { c }));
    }
    line
}

/// JSON with two spaces a level and a newline at the end, `<`, `>` and `&` escaped (spec: cli, section 2, doctor).
pub(super) fn json(value: &impl Serialize) -> String {
    let plain = serde_json::to_string_pretty(value).unwrap_or_else(|_| "{}".to_owned());
    let mut escaped = String::with_capacity(plain.len() + 1);
    for c in plain.chars() {
        // Outside of strings JSON has none of these.
        if matches!(c, '<' | '>' | '&') || c != '\n' && is_obeyed(c) {
            for unit in c.encode_utf16(&mut [0; 2]) {
                // Writing to a String cannot fail.
                let _ = write!(escaped, "\\u{unit:04x}");
            }
        } else {
            escaped.push(c);
        }
    }
    escaped.push('\n');
    escaped
}

/// Control characters, and those that turn the direction of text or end a line.
fn is_obeyed(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_nothing_that_a_terminal_obeys_and_no_secret() {
        assert_eq!(one_line("  a\r\n\tb  c "), "a b c");
        assert_eq!(one_line("a\u{1b}[31mb\u{9b}1m\u{202e}c"), "a\u{fffd}[31mb\u{fffd}1m\u{fffd}c");
        assert!(!one_line("key sk-0123456789abcdef").contains("0123456789"));
    }

    #[test]
    fn json_escapes_what_a_terminal_or_a_web_page_obeys() {
        let text = json(&["<a> & \u{9b}\u{7f}\u{202e}", "\u{1b}\n"]);
        assert_eq!(
            text,
            "[\n  \"\\u003ca\\u003e \\u0026 \\u009b\\u007f\\u202e\",\n  \"\\u001b\\n\"\n]\n"
        );
    }
}
