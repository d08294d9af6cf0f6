//! One log line in each of the forms. Every line stays one line, whatever is in it.

use std::fmt::Write as _;

use super::settings::LogFormat;
use super::utc::Utc;

/// The value of a field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Value<'a> {
    /// A number or a boolean, as it is written.
    Bare(&'a str),
    /// Anything else.
    Text(&'a str),
}

/// Begins a line with time, level and message.
pub(super) fn begin(out: &mut String, format: LogFormat, at: Utc, level: &str, message: &str) {
    let Utc {
        year,
        month,
        day,
        hour,
        minute,
        second,
        ..
    } = at;
    // Writing to a String cannot fail.
    let _ = match format {
        LogFormat::Plain => {
            write!(
                out,
                "{year:04}/{month:02}/{day:02} {hour:02}:{minute:02}:{second:02} {level} "
            )
        }
        LogFormat::StructText => write!(out, "time={at} level={level} msg="),
        LogFormat::Json => write!(out, "{{\"time\":\"{at}\",\"level\":\"{level}\",\"msg\":"),
    };
    match format {
        LogFormat::Plain => escape(out, message, Quotes::Keep),
        LogFormat::StructText => logfmt_value(out, message),
        LogFormat::Json => json_string(out, message),
    }
}

/// Adds a field.
pub(super) fn field(out: &mut String, format: LogFormat, key: &str, value: Value<'_>) {
    match format {
        LogFormat::Plain | LogFormat::StructText => {
            out.push(' ');
            out.extend(key.chars().map(|char| if is_logfmt_bare(char) { char } else { '_' }));
            out.push('=');
        }
        LogFormat::Json => {
            out.push(',');
            json_string(out, key);
            out.push(':');
        }
    }
    match (format, value) {
        (_, Value::Bare(text)) => out.push_str(text),
        (LogFormat::Json, Value::Text(text)) => json_string(out, text),
        (_, Value::Text(text)) => logfmt_value(out, text),
    }
}

/// Ends the line.
pub(super) fn end(out: &mut String, format: LogFormat) {
    out.push_str(if format == LogFormat::Json { "}\n" } else { "\n" });
}

/// Begins a record as the status page has it: the members of a JSON object behind its number (contract: status, section 6).
pub(super) fn begin_kept(out: &mut String, at: Utc, level: &str, message: &str) {
    // Writing to a String cannot fail.
    let _ = write!(out, "\"time\":\"{at}\",\"level\":\"{level}\",\"message\":");
    json_string(out, message);
    out.push_str(KEPT_FIELDS);
}

/// Adds a field to such a record.
pub(super) fn field_kept(out: &mut String, key: &str, value: Value<'_>) {
    if !out.ends_with(KEPT_FIELDS) {
        out.push(',');
    }
    json_string(out, key);
    out.push(':');
    match value {
        Value::Bare(text) => out.push_str(text),
        Value::Text(text) => json_string(out, text),
    }
}

/// Ends such a record.
pub(super) fn end_kept(out: &mut String) {
    out.push_str("}}");
}

/// What stands before the first field of such a record; no string ends like this.
const KEPT_FIELDS: &str = ",\"attrs\":{";

fn logfmt_value(out: &mut String, text: &str) {
    if !text.is_empty() && text.chars().all(is_logfmt_bare) {
        return out.push_str(text);
    }
    out.push('"');
    escape(out, text, Quotes::Escape);
    out.push('"');
}

fn is_logfmt_bare(char: char) -> bool {
    !matches!(char, ' ' | '"' | '=' | '\\') && !is_unsafe(char) && !char.is_whitespace()
}

fn json_string(out: &mut String, text: &str) {
    out.push('"');
    escape(out, text, Quotes::Escape);
    out.push('"');
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Quotes {
    Keep,
    Escape,
}

/// `text` on one line, for the part of a record that is no quoted value.
pub(super) fn escape_plain(out: &mut String, text: &str) {
    escape(out, text, Quotes::Keep);
}

/// Copies `text` with the escapes of JSON, which logfmt readers understand as well.
fn escape(out: &mut String, text: &str, quotes: Quotes) {
    for char in text.chars() {
        match char {
            '"' | '\\' if quotes == Quotes::Escape => out.extend(['\\', char]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // JSON escapes UTF-16 (RFC 8259, section 7). Writing to a String cannot fail.
            _ if is_unsafe(char) => {
                for unit in char.encode_utf16(&mut [0; 2]) {
                    let _ = write!(out, "\\u{unit:04x}");
                }
            }
            _ => out.push(char),
        }
    }
}

/// `text` on one line, in an order that shows, without what drives a terminal: for reports that people read.
pub(crate) fn one_line(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    escape(&mut out, text, Quotes::Keep);
    out
}

/// Characters that could end a line, drive a terminal, show a text in another order than it is, or show as nothing: two different
/// names could look alike, and a text could hide in another. Invisible ones are those that Unicode calls default ignorable
/// (`Default_Ignorable_Code_Point` in DerivedCoreProperties.txt, Unicode 16), with variation selectors and the joiner of emoji.
pub(crate) fn is_unsafe(char: char) -> bool {
    char.is_control() || is_reordering(char) || is_invisible(char)
}

fn is_reordering(char: char) -> bool {
    matches!(char, '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{fff9}'..='\u{fffb}')
}

fn is_invisible(char: char) -> bool {
    matches!(
        char,
        '\u{ad}'
            | '\u{34f}'
            | '\u{61c}'
            | '\u{115f}'
            | '\u{1160}'
            | '\u{17b4}'
            | '\u{17b5}'
            | '\u{180b}'..='\u{180f}'
            | '\u{200b}'..='\u{200f}'
            | '\u{2060}'..='\u{206f}'
            | '\u{3164}'
            | '\u{fe00}'..='\u{fe0f}'
            | '\u{feff}'
            | '\u{ffa0}'
            | '\u{fff0}'..='\u{fff8}'
            | '\u{1bca0}'..='\u{1bca3}'
            | '\u{1d173}'..='\u{1d17a}'
            | '\u{e0000}'..='\u{e0fff}'
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    const AT: Utc = Utc {
        year: 2026,
        month: 11,
        day: 23,
        hour: 1,
        minute: 2,
        second: 3,
        millisecond: 4,
    };

    fn line(format: LogFormat, message: &str, fields: &[(&str, Value<'_>)]) -> String {
        let mut out = String::new();
        begin(&mut out, format, AT, "INFO", message);
        for (key, value) in fields {
            field(&mut out, format, key, *value);
        }
        end(&mut out, format);
        out
    }

    #[test]
    fn each_form_looks_as_documented() {
        let fields = [
            ("addr", Value::Text("127.0.0.1:80")),
            ("why", Value::Text("a b")),
            ("n", Value::Bare("3")),
        ];
        for (format, expected) in [
            (
                LogFormat::Plain,
                "2026/11/23 01:02:03 INFO pid file written addr=127.0.0.1:80 why=\"a b\" n=3\n",
            ),
            (
                LogFormat::StructText,
                "time=2026-11-23T01:02:03.004Z level=INFO msg=\"pid file written\" addr=127.0.0.1:80 why=\"a b\" n=3\n",
            ),
            (
                LogFormat::Json,
                "{\"time\":\"2026-11-23T01:02:03.004Z\",\"level\":\"INFO\",\"msg\":\"pid file written\",\
                 \"addr\":\"127.0.0.1:80\",\"why\":\"a b\",\"n\":3}\n",
            ),
        ] {
            assert_eq!(line(format, "pid file written", &fields), expected);
        }
    }

    #[test]
    fn no_character_breaks_a_line_or_its_json() {
        for code in (0..0x3000).chain([0xfeff, 0x1f7e2, 0xe0041, 0xe01ef, 0x0010_ffff]) {
            let Some(char) = char::from_u32(code) else {
                continue;
            };
            let text = format!("a{char}b");
            for format in [LogFormat::Plain, LogFormat::StructText, LogFormat::Json] {
                let line = line(format, &text, &[(text.as_str(), Value::Text(&text))]);
                let body = line.strip_suffix('\n').unwrap();
                assert!(!body.contains(is_unsafe), "{code:#x} in {format:?}: {body:?}");
            }
            let json = line(LogFormat::Json, &text, &[("key", Value::Text(&text))]);
            let parsed: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(
                (parsed["msg"].as_str(), parsed["key"].as_str()),
                (Some(text.as_str()), Some(text.as_str()))
            );
        }
    }

    #[test]
    fn an_invisible_character_is_escaped() {
        for char in "\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{2060}\u{2064}\u{3164}\u{fe0f}\u{e0041}\u{e01ef}".chars() {
            let shown = one_line(&format!("a{char}b"));
            assert!(
                shown.is_ascii() && shown.starts_with("a\\u") && shown.ends_with('b'),
                "{shown:?}"
            );
        }
        assert_eq!(one_line("\u{e0041}"), "\\udb40\\udc41");
        for text in ["a b", "é", "日本", "🟢", "क्ष"] {
            assert_eq!(one_line(text), text);
        }
    }

    #[test]
    fn logfmt_quotes_what_would_be_read_otherwise() {
        for (text, expected) in [
            ("", r#" k="""#),
            ("plain-1.2:3/x", " k=plain-1.2:3/x"),
            ("a=b", r#" k="a=b""#),
            ("say \"hi\"\n", r#" k="say \"hi\"\n""#),
            ("back\\slash", r#" k="back\\slash""#),
            ("grün", " k=grün"),
        ] {
            let mut out = String::new();
            field(&mut out, LogFormat::StructText, "k", Value::Text(text));
            assert_eq!(out, expected);
        }
    }
}
