//! What a configuration file sets, every value with its line and column.

use std::fmt;
use std::path::PathBuf;

use secrecy::zeroize::Zeroizing;

use super::error::ConfigError;
use super::origin::Location;
use super::table::Setting;

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

/// The value of a [`crate::config::settings::table::Field`].
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
    pub(in crate::config) fn field(&self, name: &str) -> Option<&Text> {
        match self.value(name)? {
            FieldValue::One(text) => Some(text),
            _ => None,
        }
    }

    /// The value of a field, unless it is blank or missing.
    pub(in crate::config) fn value(&self, name: &str) -> Option<&FieldValue> {
        let field = self.fields.iter().find(|(known, _)| *known == name);
        field.map(|(_, value)| value)
    }
}

impl File {
    /// What the file has for `setting`.
    pub(in crate::config) fn value(&self, setting: &Setting) -> Option<&Value> {
        let entry = self.entries.iter().find(|entry| entry.setting.key == setting.key);
        entry.map(|entry| &entry.value)
    }
}
