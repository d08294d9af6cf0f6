//! Text for a terminal or a script: one line, no control characters, no secrets.

use std::fmt::Write as _;
use std::io::{self, IsTerminal as _};

use serde::Serialize;

use crate::secrets::Environment;
use crate::telemetry::{self, is_unsafe, redact};

/// Whether standard output takes colours: a terminal, unless the operator asks for none (https://no-color.org).
pub(super) fn is_coloured(environment: &Environment) -> bool {
    io::stdout().is_terminal() && environment.value("NO_COLOR").is_none()
}

/// Untrusted text as part of a line: scrubbed, trimmed, and nothing that a terminal would obey.
pub(super) fn one_line(text: &str) -> String {
    telemetry::one_line(&redact::scrub(text.trim()))
}

/// JSON with two spaces a level and a newline at the end. Its strings are scrubbed one by one; `<`, `>`, `&` and what a
/// terminal would obey are escaped (contract: cli, section 1).
pub(super) fn json(value: &impl Serialize) -> String {
    let plain = serde_json::to_string_pretty(value).unwrap_or_else(|_| "{}".to_owned());
    let mut out = String::with_capacity(plain.len() + 1);
    let mut rest = plain.as_str();
    while let Some((before, string, after)) = next_string(rest) {
        out.push_str(before);
        push_string(&mut out, string);
        rest = after;
    }
    out.push_str(rest);
    out.push('\n');
    out
}

/// The first string of a JSON text with its quotes, and what stands before and after it.
fn next_string(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find('"')?;
    let (before, string) = text.split_at_checked(start)?;
    let mut escaped = false;
    let end = string.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let ends = byte == b'"' && !escaped;
        escaped = byte == b'\\' && !escaped;
        ends.then_some(at + 1)
    })?;
    let (string, after) = string.split_at_checked(end)?;
    Some((before, string, after))
}

fn push_string(out: &mut String, string: &str) {
    let text: String = serde_json::from_str(string).unwrap_or_default();
    let quoted = serde_json::to_string(&redact::scrub(&text)).unwrap_or_default();
    for c in quoted.chars() {
        if matches!(c, '<' | '>' | '&') || is_unsafe(c) {
            // JSON escapes UTF-16 (RFC 8259, section 7). Writing to a String cannot fail.
            for unit in c.encode_utf16(&mut [0; 2]) {
                let _ = write!(out, "\\u{unit:04x}");
            }
        } else {
            out.push(c);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_holds_nothing_that_a_terminal_obeys_and_no_secret() {
        assert_eq!(one_line("  a \"b\"\r\n"), "a \"b\"");
        assert_eq!(
            one_line("a\u{1b}[31m\nb\u{9b}1m\u{202e}c"),
            "a\\u001b[31m\\nb\\u009b1m\\u202ec"
        );
        assert!(!one_line("key sk-0123456789abcdef").contains("0123456789"));
    }

    #[test]
    fn json_strings_are_scrubbed_one_by_one_and_the_rest_stays() {
        #[derive(Serialize)]
        struct Problem {
            code: &'static str,
            message: &'static str,
            numbers: [f64; 2],
        }
        let problem = Problem {
            code: "not_found",
            message: "\"sk-0123456789abcdef\" \\ said",
            numbers: [1.5, 2e300],
        };
        assert_eq!(
            json(&problem),
            "{\n  \"code\": \"not_found\",\n  \"message\": \"\\\"sk-REDACTED\\\" \\\\ said\",\n  \"numbers\": [\n    1.5,\n    \
             2e+300\n  ]\n}\n"
        );
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
