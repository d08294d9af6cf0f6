//! A configuration file as it was written: YAML or JSON, every value with its line and column.

mod document;
mod explain;
mod foreign;
mod mapping;
mod schema;
mod syntax;
mod text;
mod values;
mod walk;

#[cfg(test)]
mod tests;

use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use secrecy::zeroize::Zeroizing;

use self::document::{Document, Mark};
pub(super) use self::values::no_entry;
use self::walk::Walk;
use super::error::ConfigError;
use super::sources::{Origin, Source};
use super::table::Setting;
use crate::telemetry::is_unsafe;

/// A place in a configuration file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Location {
    /// The file, as it was named.
    pub path: Arc<str>,
    /// From 1; 0 when the whole file is meant.
    pub line: usize,
    /// From 1; 0 when the whole line is meant.
    pub column: usize,
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        match (self.line, self.column) {
            (0, _) => Ok(()),
            (line, 0) => write!(f, ":{line}"),
            (line, column) => write!(f, ":{line}:{column}"),
        }
    }
}

/// What a configuration file sets, and what is wrong with its form.
#[derive(Debug)]
pub struct File {
    /// Where it is.
    pub path: PathBuf,
    /// In the order written; each setting at most once.
    pub entries: Vec<Entry>,
    /// Unknown keys, wrong shapes: reported together with the mistakes in values, in the order of their places.
    pub mistakes: Vec<ConfigError>,
    /// False when nothing can be said about what the file sets: it is missing, no YAML, or refused as a whole.
    pub is_readable: bool,
}

/// One setting in a file.
#[derive(Debug)]
pub struct Entry {
    /// Which.
    pub setting: &'static Setting,
    /// Its value.
    pub value: Value,
    /// Where the value begins.
    pub location: Location,
}

/// A value in a file. Blank values are no entries: empty means unset (contract: config, section 2).
#[derive(Debug)]
pub enum Value {
    /// Of [`super::Kind::One`] and [`super::Kind::Switch`].
    One(Text),
    /// Of [`super::Kind::List`].
    List(Vec<Text>),
    /// Of [`super::Kind::Records`].
    Records(Vec<Record>),
    /// Of [`super::Kind::Headers`]: names and values.
    Headers(Vec<(Text, Text)>),
}

/// One scalar; wiped when dropped, because it may be a secret in the wrong place.
pub struct Text {
    /// As written, without quotes.
    pub text: Zeroizing<String>,
    /// Where it begins.
    pub location: Location,
}

impl fmt::Debug for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Text({})", self.location)
    }
}

/// One mapping of a sequence.
#[derive(Debug)]
pub struct Record {
    /// Known keys with values that are not blank, each once.
    pub fields: Vec<(&'static str, FieldValue)>,
    /// Where it begins.
    pub location: Location,
}

/// The value of a [`super::table::Field`].
#[derive(Debug)]
pub enum FieldValue {
    /// One value.
    One(Text),
    /// At least one.
    List(Vec<Text>),
    /// Names and values, at least one.
    Names(Vec<(Text, Text)>),
    /// A mapping.
    Group(Record),
}

impl FieldValue {
    /// Every value in it; names are none.
    pub fn texts(&self) -> Vec<&Text> {
        match self {
            Self::One(text) => vec![text],
            Self::List(texts) => texts.iter().collect(),
            Self::Names(pairs) => pairs.iter().map(|(_, value)| value).collect(),
            Self::Group(record) => record.fields.iter().flat_map(|(_, value)| value.texts()).collect(),
        }
    }
}

impl Record {
    /// The value of a field of one value, unless it is blank or missing.
    pub(super) fn field(&self, name: &str) -> Option<&Text> {
        match self.value(name)? {
            FieldValue::One(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a field, unless it is blank or missing.
    pub(super) fn value(&self, name: &str) -> Option<&FieldValue> {
        let field = self.fields.iter().find(|(known, _)| *known == name);
        field.map(|(_, value)| value)
    }
}

impl File {
    /// What the file has for `setting`.
    pub(super) fn value(&self, setting: &Setting) -> Option<&Value> {
        let entry = self.entries.iter().find(|entry| entry.setting.key == setting.key);
        entry.map(|entry| &entry.value)
    }

    /// Reads a configuration from its text. A pure function of its arguments: no disk, no panic on any input, bounded in
    /// time and memory.
    ///
    /// The text is YAML, of which JSON is a part (contract: config, section 1). What is wrong with it is in `mistakes`.
    #[must_use]
    pub fn parse(path: &Path, text: &str) -> Self {
        Self::from_bytes(path, text.as_bytes())
    }

    /// Like [`File::parse`], for text in an unknown encoding.
    #[must_use]
    pub fn from_bytes(path: &Path, bytes: &[u8]) -> Self {
        let document = text::decode(bytes).and_then(Document::parse);
        match document {
            Ok(document) => Walk::new(name_of(path), &document).file(path),
            Err(broken) => Self::refused(path, broken.mark, "", broken.problem),
        }
    }

    /// A file that was not read at all; `setting` is what named it.
    pub(super) fn unreadable(path: &Path, setting: &'static str, problem: String) -> Self {
        Self::refused(path, Mark::WHOLE, setting, problem)
    }

    /// A file of which nothing is known but why.
    fn refused(path: &Path, mark: Mark, setting: &'static str, problem: String) -> Self {
        let location = Location {
            path: name_of(path),
            line: mark.line,
            column: mark.column,
        };
        Self {
            path: path.to_owned(),
            entries: Vec::new(),
            mistakes: vec![ConfigError {
                setting,
                origin: Origin::new(Source::File(location)),
                problem,
            }],
            is_readable: false,
        }
    }
}

/// The path as messages show it, on one line.
fn name_of(path: &Path) -> Arc<str> {
    let shown = path.display().to_string();
    shown.replace(is_unsafe, "\u{fffd}").into()
}
