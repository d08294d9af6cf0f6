//! Tests of [`File::parse`]: pure, no disk.
#![allow(clippy::unwrap_used, clippy::panic, reason = "tests")]

use std::fmt::Write as _;
use std::path::Path;

use super::*;
use crate::config::settings::{Text, Value};

mod hostile;
mod shapes;
mod yaml;

fn parse(text: &str) -> File {
    File::parse(Path::new("p.yaml"), text)
}

/// Every entry on a line: key, location, value.
fn entries(file: &File) -> Vec<String> {
    let shown = |text: &Text| text.text.to_string();
    let entries = file.entries.iter().map(|entry| {
        let value = match &entry.value {
            Value::One(text) => shown(text),
            Value::List(texts) => texts.iter().map(shown).collect::<Vec<_>>().join("|"),
            Value::Records(records) => {
                let mut line = String::new();
                for record in records {
                    line.push('{');
                    for (name, value) in &record.fields {
                        let texts: Vec<_> = value.texts().into_iter().map(shown).collect();
                        let _ = write!(line, "{name}={};", texts.join("+"));
                    }
                    line.push('}');
                }
                line
            }
            Value::Headers(pairs) => pairs
                .iter()
                .map(|(name, value)| format!("{}={}", *name.text, *value.text))
                .collect::<Vec<_>>()
                .join("|"),
        };
        let location = &entry.location;
        format!("{} {}:{} {value}", entry.setting.key, location.line, location.column)
    });
    entries.collect()
}

/// The entries of a text without mistakes.
#[track_caller]
fn accepted(text: &str) -> Vec<String> {
    let file = parse(text);
    assert!(file.mistakes.is_empty(), "{text:?}: {:#?}", mistakes(text));
    assert!(file.is_readable);
    entries(&file)
}

fn mistakes(text: &str) -> Vec<String> {
    parse(text).mistakes.iter().map(ToString::to_string).collect()
}

/// The one mistake of a text.
#[track_caller]
fn mistake(text: &str) -> String {
    let mut lines = mistakes(text);
    assert_eq!(lines.len(), 1, "{text:?}: {lines:#?}");
    lines.remove(0)
}
