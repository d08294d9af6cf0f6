//! Entries of a list of records: `key=value` with commas between in a flag or a variable, a mapping in a configuration file.

use std::fmt;

use super::table::{COMMANDS, SERVER_URLS, Spelling};
use super::{Field, FieldValue, Kind, Location, Origin, Record, Setting, Source, Written};

/// One entry of [`Kind::Records`].
#[derive(Debug, Clone)]
pub(in crate::config) enum RecordEntry<'a> {
    /// Of a flag or a variable: `key=value,key=value`, or one bare value.
    Text(Written<'a>),
    /// Of a configuration file, field by field: commas in values are part of them.
    Fields(&'a Record),
}

/// The fields of one value in an entry, as written; none is blank.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct Parts<'a>(Vec<(&'static Field, &'a str)>);

/// Why an entry is refused: the end of a sentence. The entry itself is not part of it: a URL or a command can hold a token.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) enum EntryError {
    /// A part between commas is not `key=value` with a key of the list.
    Unknown(&'static Setting),
    /// A key twice.
    Repeated(&'static str),
    /// A key that must be there is not.
    Missing(&'static str),
    /// A key that only entries of another list have.
    NotHere(&'static str, &'static Setting),
}

impl fmt::Display for EntryError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unknown(setting) => {
                let keys: Vec<&str> = fields(setting).iter().filter_map(Field::text_key).collect();
                let (last, others) = keys.split_last().unwrap_or((&"", &[]));
                let advice = match bare(setting) {
                    Some(_) => {
                        "a URL that contains a comma can be given in a configuration file, or alone for channel main"
                    }
                    None => "a comma inside a value can only be written in a configuration file",
                };
                let others = others.join(", ");
                write!(
                    f,
                    "has a part that is not key=value with key {others} or {last}; {advice}"
                )
            }
            Self::Repeated(key) => write!(f, "has {key} twice; keep one"),
            Self::Missing(key) => write!(f, "has no {key}; add it"),
            Self::NotHere(key, other) => {
                write!(f, "has {key}, which does not belong here; use --{} for it", other.flag)
            }
        }
    }
}

impl<'a> RecordEntry<'a> {
    /// Place of the entry.
    pub(in crate::config) fn origin(&self) -> Origin {
        match self {
            Self::Text(written) => written.origin.clone(),
            Self::Fields(record) => Origin::new(Source::File(record.location.clone())),
        }
    }

    /// Mapping of a configuration file.
    pub(in crate::config) fn record(&self) -> Option<&'a Record> {
        match self {
            Self::Text(_) => None,
            Self::Fields(record) => Some(record),
        }
    }

    /// Place of one field, where it has one of its own.
    pub(in crate::config) fn place(&self, name: &str) -> Option<Location> {
        let text = self.record()?.field(name)?;
        Some(text.location.clone())
    }

    /// Takes the entry apart by the keys that `setting` has.
    ///
    /// # Errors
    ///
    /// See [`EntryError`]. A text that is not UTF-8 has no parts.
    pub(in crate::config) fn parts(&self, setting: &'static Setting) -> Result<Parts<'a>, EntryError> {
        match self {
            Self::Text(written) => Parts::of_text(setting, written.value.to_str().unwrap_or_default().trim()),
            Self::Fields(record) => Ok(Parts::of_record(setting, record)),
        }
    }
}

impl<'a> Parts<'a> {
    fn of_record(setting: &'static Setting, record: &'a Record) -> Self {
        let one = |field: &'static Field| match record.value(field.name)? {
            FieldValue::One(text) => Some((field, text.text.trim())),
            _ => None,
        };
        Self(fields(setting).iter().filter_map(one).collect())
    }

    fn of_text(setting: &'static Setting, text: &'a str) -> Result<Self, EntryError> {
        let bare = bare(setting);
        let parts = match (bare, keyed(setting, text)) {
            (Some(bare), None) => vec![(bare, text)],
            (
                Some(Field {
                    text: Spelling::Line(_),
                    ..
                }),
                Some(first),
            ) => command_line(setting, first)?,
            _ => comma_parts(setting, text)?,
        };
        let own = fields(setting);
        match parts.iter().find(|(field, _)| !own.contains(field)) {
            Some((field, _)) => Err(not_here(setting, field)),
            None => Ok(Self(parts)),
        }
    }

    /// The value of a field.
    pub(in crate::config) fn get(&self, name: &str) -> Option<&'a str> {
        self.0
            .iter()
            .find(|(field, _)| field.name == name)
            .map(|(_, value)| *value)
    }

    /// The value of a field that must be there.
    pub(in crate::config) fn required(&self, name: &'static str) -> Result<&'a str, EntryError> {
        self.get(name).ok_or(EntryError::Missing(name))
    }
}

/// The fields of an entry of `setting`.
pub(super) fn fields(setting: &Setting) -> &'static [Field] {
    match setting.kind {
        Kind::Records(_, fields) => fields,
        _ => &[],
    }
}

/// The field that an entry without keys is.
pub(super) fn bare(setting: &Setting) -> Option<&'static Field> {
    let is_bare = |field: &&Field| matches!(field.text, Spelling::Bare(_) | Spelling::Line(_));
    fields(setting).iter().find(is_bare)
}

/// The list whose entries may be taken for those of `setting`: both are servers.
fn other_list(setting: &Setting) -> Option<&'static Setting> {
    match setting.key {
        key if key == SERVER_URLS.key => Some(&COMMANDS),
        key if key == COMMANDS.key => Some(&SERVER_URLS),
        _ => None,
    }
}

/// The field whose key a text begins with, and what follows its `=`. Where an entry can do without keys, nothing else may be between.
fn keyed<'a>(setting: &Setting, text: &'a str) -> Option<(&'static Field, &'a str)> {
    let (key, value) = text.split_once('=')?;
    let key = if bare(setting).is_some() { key } else { key.trim() };
    let own = fields(setting).iter();
    let mut known = own.chain(other_list(setting).map_or(&[][..], fields));
    Some((known.find(|field| field.text_key() == Some(key))?, value))
}

fn not_here(setting: &'static Setting, field: &Field) -> EntryError {
    EntryError::NotHere(
        field.text_key().unwrap_or(field.name),
        other_list(setting).unwrap_or(setting),
    )
}

fn comma_parts<'a>(setting: &'static Setting, text: &'a str) -> Result<Vec<(&'static Field, &'a str)>, EntryError> {
    let mut parts: Vec<(&'static Field, &str)> = Vec::new();
    for part in text.split(',').map(str::trim) {
        let (field, value) = keyed(setting, part).ok_or(EntryError::Unknown(setting))?;
        if parts.iter().any(|(known, _)| known.name == field.name) {
            return Err(EntryError::Repeated(field.text_key().unwrap_or(field.name)));
        }
        parts.push((field, value.trim()));
    }
    parts.retain(|(_, value)| !value.is_empty());
    Ok(parts)
}

/// `channel=..,command=..` or `command=..,channel=..`. Commas inside the command survive: a leading channel ends at its comma, a trailing
/// one begins at the last `,channel=`.
fn command_line<'a>(
    setting: &'static Setting,
    (first, value): (&'static Field, &'a str),
) -> Result<Vec<(&'static Field, &'a str)>, EntryError> {
    let own = fields(setting);
    let named = |name: &str| own.iter().find(|field| field.name == name);
    let (Some(channel), Some(command)) = (named("channel"), named("command")) else {
        return Ok(Vec::new());
    };
    let misplaced = |field: &'static Field| match own.contains(field) {
        true => EntryError::Repeated(field.text_key().unwrap_or(field.name)),
        false => not_here(setting, field),
    };
    if first == channel {
        let (name, rest) = value.split_once(',').ok_or(EntryError::Missing("command"))?;
        return match keyed(setting, rest.trim_start()) {
            Some((field, line)) if field == command => Ok(vec![(channel, name), (command, line)]),
            Some((field, _)) => Err(misplaced(field)),
            None => Err(EntryError::Missing("command")),
        };
    }
    if first != command {
        return Err(misplaced(first));
    }
    // Keys of HTTP entries after a command were surely meant as such. A command that contains one as text can be written after
    // `channel=..,command=`.
    let last = value.rsplit_once(',').and_then(|(_, last)| keyed(setting, last));
    match (last, value.rsplit_once(",channel=")) {
        (Some((field, _)), _) if !own.contains(field) => Err(misplaced(field)),
        (_, Some((line, name))) => Ok(vec![(channel, name), (command, line)]),
        (_, None) => Ok(vec![(command, value)]),
    }
}
