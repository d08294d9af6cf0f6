//! The beginning of a child's line, as messages may show it.

use crate::limits::{STDIO_SHOWN_MAX, STDIO_SHOWN_READ};
use crate::telemetry::redact;

/// The first characters of a line, without secrets and control characters.
pub(super) fn shown(line: &[u8]) -> String {
    // UTF-16 of plain letters is readable without its zeros.
    let beginning: Vec<u8> = line
        .iter()
        .take(STDIO_SHOWN_READ)
        .copied()
        .filter(|byte| *byte != 0)
        .collect();
    let text = String::from_utf8_lossy(&beginning);
    // Scrubbed before it is cut: the rest of a secret at the cut would not be recognized afterwards.
    let text = redact::scrub(&text);
    let mut out = String::new();
    for char in text.chars().take(STDIO_SHOWN_MAX) {
        match char {
            '"' | '\'' | '\\' => out.push(char),
            _ => out.extend(char.escape_debug()),
        }
    }
    if text.chars().nth(STDIO_SHOWN_MAX).is_some() || line.len() > STDIO_SHOWN_READ {
        out.push_str("...");
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_beginning_is_short_and_drives_no_terminal() {
        assert_eq!(shown(b"{\"a\":\"b\\n\"}"), "{\"a\":\"b\\n\"}");
        assert_eq!(shown(b"\x1b[31m\xff\r"), "\\u{1b}[31m\u{fffd}\\r");
        assert_eq!(shown(b"{\0\"\0"), "{\"");
        assert_eq!(shown("é".repeat(80).as_bytes()), "é".repeat(80));
        assert_eq!(shown("é".repeat(81).as_bytes()), format!("{}...", "é".repeat(80)));
        assert_eq!(shown(&vec![b'x'; 1 << 20]).len(), 83);
    }

    #[test]
    fn a_beginning_holds_no_secret() {
        let line = format!(
            "{{\"result\":\"{}\",\"password\": \"hunter2-hunter2\"}}",
            "x".repeat(30)
        );
        assert!(
            !shown(line.as_bytes()).contains("hunter2"),
            "{}",
            shown(line.as_bytes())
        );
        let key = format!("{}sk-abcdefghijklmnopqrstuvwxyz", "x ".repeat(38));
        assert!(!shown(key.as_bytes()).contains("abcd"), "{}", shown(key.as_bytes()));
    }
}
