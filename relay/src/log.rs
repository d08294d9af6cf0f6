//! One line on stderr for each event that an operator can act on. No key and no payload is ever given to it.

use std::fmt::Display;
use std::io::Write as _;
use std::sync::OnceLock;
use std::time::SystemTime;

use crate::clock::rfc3339;

/// The form of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// `2026-01-31T23:59:59.123Z INFO message key=value`
    Text,
    /// One JSON object.
    Json,
}

/// How much an event matters.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Level {
    /// Ordinary life: started, connected, ended.
    Info,
    /// Something is wrong, the relay goes on.
    Warn,
}

static FORMAT: OnceLock<Format> = OnceLock::new();

/// Chooses the form of all lines, once, before the first.
pub(crate) fn choose(format: Format) {
    // A second choice would be a mistake of this program and harms nobody.
    let _ = FORMAT.set(format);
}

/// Writes one line. A stderr that cannot be written to is nobody's to hear about.
pub(crate) fn line(level: Level, message: &str, fields: &[(&str, &dyn Display)]) {
    let time = rfc3339(SystemTime::now());
    let level = match level {
        Level::Info => "INFO",
        Level::Warn => "WARN",
    };
    let text = match FORMAT.get() {
        Some(Format::Json) => json(&time, level, message, fields),
        Some(Format::Text) | None => text(&time, level, message, fields),
    };
    let _ = std::io::stderr().lock().write_all(text.as_bytes());
}

/// [`line`] with [`Level::Info`].
pub(crate) fn info(message: &str, fields: &[(&str, &dyn Display)]) {
    line(Level::Info, message, fields);
}

/// [`line`] with [`Level::Warn`].
pub(crate) fn warn(message: &str, fields: &[(&str, &dyn Display)]) {
    line(Level::Warn, message, fields);
}

fn text(time: &str, level: &str, message: &str, fields: &[(&str, &dyn Display)]) -> String {
    let mut line = format!("{time} {level} {message}");
    for (key, value) in fields {
        let value = value.to_string();
        let plain = !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'"');
        if plain {
            line.push_str(&format!(" {key}={value}"));
        } else {
            // Quoted and escaped, so that no peer can write a line of its own into the log.
            line.push_str(&format!(" {key}={value:?}"));
        }
    }
    line.push('\n');
    line
}

fn json(time: &str, level: &str, message: &str, fields: &[(&str, &dyn Display)]) -> String {
    let mut object = serde_json::Map::new();
    object.insert("time".into(), time.into());
    object.insert("level".into(), level.into());
    object.insert("msg".into(), message.into());
    for (key, value) in fields {
        object.insert((*key).into(), value.to_string().into());
    }
    let mut line = String::new();
    for char in serde_json::Value::Object(object).to_string().chars() {
        // JSON may hold what drives a terminal or turns the line around; such characters stand in its strings only.
        if char.is_ascii() && !char.is_ascii_control() || char.is_alphanumeric() {
            line.push(char);
        } else {
            for unit in char.encode_utf16(&mut [0; 2]) {
                line.push_str(&format!("\\u{unit:04x}"));
            }
        }
    }
    line.push('\n');
    line
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_with_a_line_break_stays_on_one_line() {
        let line = text("t", "INFO", "m", &[("agent", &"a\nb"), ("n", &7)]);
        assert_eq!(line, "t INFO m agent=\"a\\nb\" n=7\n");
    }

    #[test]
    fn json_lines_carry_the_same_fields() {
        let line = json("t", "WARN", "m", &[("k", &"v\"")]);
        let value: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        assert_eq!(value["k"], "v\"");
        assert_eq!(value["level"], "WARN");
    }

    #[test]
    fn json_lines_drive_no_terminal() {
        let odd = "\u{9b}31m\u{7f}\u{202e}\u{2028}\u{1f600}\u{fc}";
        let line = json("t", "INFO", "m", &[("method", &odd)]);
        assert!(
            line.contains("\\u009b31m\\u007f\\u202e\\u2028\\ud83d\\ude00\u{fc}"),
            "{line}"
        );
        let value: serde_json::Value = serde_json::from_str(&line).unwrap_or_default();
        assert_eq!(value["method"], odd);
    }
}
