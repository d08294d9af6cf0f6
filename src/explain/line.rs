//! One line of a log of the client or of the relay, in any of their forms, with or without the prefix of another logger.

use serde_json::{Map, Value};

/// A log line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Line {
    /// As written.
    pub(super) time: String,
    /// `INFO`, `WARN` and so on.
    pub(super) level: String,
    /// The constant phrase.
    pub(super) message: String,
    /// The other fields, in their order.
    pub(super) fields: Vec<(String, String)>,
}

/// Levels, as they stand in lines of text.
const LEVELS: [&str; 5] = ["ERROR", "WARN", "INFO", "DEBUG", "TRACE"];

impl Line {
    /// Reads a line; `None` for one of another form.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if let Some(at) = text.find(r#"{"time":"#) {
            return Self::of_json(text.get(at..)?);
        }
        match text.find("time=") {
            Some(at) if text.contains(" level=") => Some(Self::of_pairs(text.get(at..)?)),
            _ => Self::of_text(text),
        }
    }

    /// The value of a field.
    pub(super) fn field(&self, name: &str) -> Option<&str> {
        let found = self.fields.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    fn of_json(text: &str) -> Option<Self> {
        let object: Map<String, Value> = serde_json::from_str(text).ok()?;
        let mut line = Self::default();
        for (name, value) in object {
            let value = match value {
                Value::String(text) => text,
                other => other.to_string(),
            };
            line.take(name, value);
        }
        Some(line)
    }

    /// `time=.. level=.. msg=".." key=value`.
    fn of_pairs(text: &str) -> Self {
        let mut line = Self::default();
        for (name, value) in Pairs(text) {
            line.take(name.to_owned(), value);
        }
        line
    }

    /// `TIME LEVEL message key=value`. The message ends where the first pair begins.
    fn of_text(text: &str) -> Option<Self> {
        let (at, level) = LEVELS
            .iter()
            .filter_map(|level| Some((text.find(&format!(" {level} "))?, *level)))
            .min()?;
        let (before, after) = (text.get(..at)?, text.get(at + level.len() + 2..)?);
        let mut line = Self {
            time: before.trim().to_owned(),
            level: level.to_owned(),
            ..Self::default()
        };
        let pairs = first_pair(after).unwrap_or(after.len());
        line.message = after.get(..pairs)?.trim_end().to_owned();
        line.fields = Pairs(after.get(pairs..)?)
            .map(|(name, value)| (name.to_owned(), value))
            .collect();
        Some(line)
    }

    fn take(&mut self, name: String, value: String) {
        match name.as_str() {
            "time" => self.time = value,
            "level" => self.level = value,
            "msg" => self.message = value,
            _ => self.fields.push((name, value)),
        }
    }
}

/// Where `name=` first stands at the begin of a word.
fn first_pair(text: &str) -> Option<usize> {
    let mut at = 0;
    for word in text.split(' ') {
        let is_name =
            |name: &str| !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        if word.split_once('=').is_some_and(|(name, _)| is_name(name)) {
            return Some(at);
        }
        at += word.len() + 1;
    }
    None
}

/// The pairs of a text, `name=value` or `name="value"` with the escapes of JSON. It ends at what is no pair.
struct Pairs<'a>(&'a str);

impl<'a> Iterator for Pairs<'a> {
    type Item = (&'a str, String);

    fn next(&mut self) -> Option<Self::Item> {
        let (name, rest) = self.0.trim_start().split_once('=')?;
        if !rest.starts_with('"') {
            let (value, rest) = rest.split_once(' ').unwrap_or((rest, ""));
            self.0 = rest;
            return Some((name, value.to_owned()));
        }
        let end = closing_quote(rest)?;
        let (quoted, rest) = rest.split_at_checked(end + 1)?;
        self.0 = rest;
        // The relay's text form escapes as Rust does, which JSON does not always read.
        let value = serde_json::from_str(quoted).unwrap_or_else(|_| quoted.trim_matches('"').to_owned());
        Some((name, value))
    }
}

/// Where the quote that opens a text is closed.
fn closing_quote(text: &str) -> Option<usize> {
    let mut is_escaped = false;
    text.bytes().enumerate().skip(1).find_map(|(at, byte)| {
        let closes = byte == b'"' && !is_escaped;
        is_escaped = byte == b'\\' && !is_escaped;
        closes.then_some(at)
    })
}
