//! The sources of values and their order: flag, then environment, then configuration file, then default.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::{Embedded, File, Kind, Origin, RecordEntry, Recorder, Separator, Setting, Source, Text, Value};
use crate::secrets::Environment;

/// Everything that a configuration is made from.
#[derive(Clone, Copy)]
pub(in crate::config) struct Sources<'a> {
    /// What stood on the command line.
    pub(in crate::config) flags: &'a Flags,
    /// The environment.
    pub(in crate::config) environment: &'a Environment,
    /// The configuration file, if one is read.
    pub(in crate::config) file: Option<&'a File>,
    /// Reads the files that references name, and records them.
    pub(in crate::config) files: &'a Recorder<'a>,
}

impl fmt::Debug for Sources<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sources")
            .field("flags", self.flags)
            .field("environment", self.environment)
            .finish()
    }
}

/// Flags that were given, by name without dashes, each with its values in order.
#[derive(Default)]
pub struct Flags {
    settings: BTreeMap<&'static str, Vec<OsString>>,
    embedded: Option<Embedded>,
}

impl fmt::Debug for Flags {
    /// Names only.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.settings.keys()).finish()
    }
}

impl Flags {
    /// Adds the values of one flag.
    pub fn add(&mut self, name: &'static str, values: impl IntoIterator<Item = OsString>) {
        self.settings.entry(name).or_default().extend(values);
    }

    /// Has an MCP server in this process serve `main`.
    pub fn embed(&mut self, embedded: Embedded) {
        self.embedded = Some(embedded);
    }

    /// The MCP server in this process that was asked for.
    pub(in crate::config) fn embedded(&self) -> Option<&Embedded> {
        self.embedded.as_ref()
    }

    /// The last value of a setting's flag that is not blank.
    pub(in crate::config) fn last(&self, setting: &Setting) -> Option<&OsStr> {
        self.values(setting).and_then(|(_, values)| values.last().copied())
    }

    /// The values of a setting's flag that are not blank, and the spelling that was used.
    fn values(&self, setting: &Setting) -> Option<(&'static str, Vec<&OsStr>)> {
        [Some(setting.flag), setting.hidden_flag]
            .into_iter()
            .flatten()
            .find_map(|name| {
                let values = self.settings.get(name)?.iter().map(OsString::as_os_str);
                let values: Vec<_> = values.filter(|value| !is_blank(value)).collect();
                (!values.is_empty()).then_some((name, values))
            })
    }
}

/// A value as it was written, and where.
#[derive(Clone)]
pub(in crate::config) struct Written<'a> {
    pub(in crate::config) value: &'a OsStr,
    pub(in crate::config) origin: Origin,
}

impl fmt::Debug for Written<'_> {
    /// Without the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Written").field(&self.origin).finish()
    }
}

impl<'a> Written<'a> {
    /// A scalar of a configuration file.
    pub(in crate::config) fn in_file(text: &'a Text) -> Self {
        Self {
            value: OsStr::new(text.text.as_str()),
            origin: Origin::new(Source::File(text.location.clone())),
        }
    }

    /// Whether a configuration file holds the value: only there is `env:NAME` a reference in settings of every kind
    /// (contract: config, section 3).
    pub(in crate::config) fn is_in_file(&self) -> bool {
        matches!(self.origin.source, Source::File(_))
    }
}

/// One header of [`Kind::Headers`].
#[derive(Debug, Clone)]
pub(in crate::config) enum HeaderEntry<'a> {
    /// Of a flag or a variable: `Name: value`.
    Text(Written<'a>),
    /// Of a configuration file: name and value, with commas and semicolons intact. The value is never blank.
    Pair(Written<'a>, Written<'a>),
}

impl HeaderEntry<'_> {
    /// Place of the value.
    pub(in crate::config) fn origin(&self) -> Origin {
        let (Self::Text(written) | Self::Pair(_, written)) = self;
        written.origin.clone()
    }
}

impl<'a> Sources<'a> {
    /// The value of a setting that is no list. Of a repeated flag the last one counts.
    pub(in crate::config) fn one(&self, setting: &Setting) -> Option<Written<'a>> {
        let flags = self.flags;
        if let Some((name, values)) = flags.values(setting) {
            return values.last().map(|value| Written {
                value,
                origin: Origin::new(Source::Flag(name)),
            });
        }
        if let Some((name, value)) = self.variable(setting) {
            return Some(Written {
                value,
                origin: Origin::new(Source::Variable(name)),
            });
        }
        if let Some(Value::One(text)) = self.in_file(setting) {
            return Some(Written::in_file(text));
        }
        let value = OsStr::new(setting.default?);
        Some(Written {
            value,
            origin: Origin::new(Source::Default),
        })
    }

    /// Where the value of a setting is written, or the first entry of a list: a list is named as a whole.
    pub(in crate::config) fn origin(&self, setting: &Setting) -> Origin {
        let written = match setting.kind {
            Kind::One | Kind::Switch => self.one(setting).map(|written| written.origin),
            Kind::List(_) => self.list(setting).first().map(|written| written.origin.clone()),
            Kind::Records(..) => self.records(setting).first().map(RecordEntry::origin),
            Kind::Headers => self.headers(setting).first().map(HeaderEntry::origin),
        };
        written.map_or(Origin::UNSET, |origin| Origin { entry: None, ..origin })
    }

    /// The entries of a list, without empty ones. Sources are not mixed: the first that has any wins.
    pub(in crate::config) fn list(&self, setting: &Setting) -> Vec<Written<'a>> {
        match (self.texts(setting), self.in_file(setting)) {
            (Some(texts), _) => texts,
            (None, Some(Value::List(texts))) => texts.iter().map(Written::in_file).collect(),
            _ => Vec::new(),
        }
    }

    /// Where an allow-list is written without an entry: a variable or a flag of separators alone, which counts as unset elsewhere.
    pub(in crate::config) fn without_entry(&self, setting: &Setting) -> Option<Origin> {
        let is_empty = |texts: Option<Vec<Written<'_>>>| texts.is_some_and(|texts| texts.is_empty());
        if is_empty(self.flag_texts(setting)) {
            return Some(Origin::new(Source::Flag(setting.flag)));
        }
        let (name, _) = self.variable(setting)?;
        is_empty(self.variable_texts(setting)).then(|| Origin::new(Source::Variable(name)))
    }

    /// The entries of a list of records; sources are not mixed.
    pub(in crate::config) fn records(&self, setting: &Setting) -> Vec<RecordEntry<'a>> {
        match (self.texts(setting), self.in_file(setting)) {
            (Some(texts), _) => texts.into_iter().map(RecordEntry::Text).collect(),
            (None, Some(Value::Records(records))) => records.iter().map(RecordEntry::Fields).collect(),
            _ => Vec::new(),
        }
    }

    /// Headers, in the order written; sources are not mixed.
    pub(in crate::config) fn headers(&self, setting: &Setting) -> Vec<HeaderEntry<'a>> {
        match (self.texts(setting), self.in_file(setting)) {
            (Some(texts), _) => texts.into_iter().map(HeaderEntry::Text).collect(),
            (None, Some(Value::Headers(pairs))) => pairs
                .iter()
                .map(|(name, value)| HeaderEntry::Pair(Written::in_file(name), Written::in_file(value)))
                .collect(),
            _ => Vec::new(),
        }
    }

    /// The entries of a list in the flags or, when they have none, in the environment. Separators alone are no entries.
    fn texts(&self, setting: &Setting) -> Option<Vec<Written<'a>>> {
        let by_flag = self.flag_texts(setting).filter(|texts| !texts.is_empty());
        by_flag.or_else(|| self.variable_texts(setting).filter(|texts| !texts.is_empty()))
    }

    fn flag_texts(&self, setting: &Setting) -> Option<Vec<Written<'a>>> {
        let flags = self.flags;
        let (name, values) = flags.values(setting)?;
        let parts = values.into_iter().flat_map(|value| match setting.kind {
            Kind::List(Separator::Comma) => split(value, b","),
            _ => vec![value],
        });
        Some(entries(parts, &Source::Flag(name)))
    }

    fn variable_texts(&self, setting: &Setting) -> Option<Vec<Written<'a>>> {
        let (name, value) = self.variable(setting)?;
        let separators: &[u8] = match setting.kind {
            Kind::List(Separator::Comma) => b",",
            Kind::Records(Separator::LineOrSemicolon, _) => b";\n",
            Kind::Headers => b",;",
            _ => b"\n",
        };
        Some(entries(split(value, separators), &Source::Variable(name)))
    }

    fn in_file(&self, setting: &Setting) -> Option<&'a Value> {
        self.file?.value(setting)
    }

    fn variable(&self, setting: &Setting) -> Option<(&'static str, &'a OsStr)> {
        variable(setting, self.environment)
    }
}

/// The first variable of a setting that is not blank.
pub(in crate::config) fn variable<'a>(
    setting: &Setting,
    environment: &'a Environment,
) -> Option<(&'static str, &'a OsStr)> {
    setting.variables.iter().find_map(|name| {
        let value = environment.value(name).filter(|value| !is_blank(value))?;
        Some((*name, value))
    })
}

/// Blank is unset, in every source (contract: config, section 2).
fn is_blank(value: &OsStr) -> bool {
    value.as_bytes().trim_ascii().is_empty()
}

/// Numbers entries as an operator counts them, blank ones included, and drops the blank ones.
fn entries<'a>(parts: impl IntoIterator<Item = &'a OsStr>, source: &Source) -> Vec<Written<'a>> {
    let numbered = parts.into_iter().zip(1..).map(|(part, number)| Written {
        value: OsStr::from_bytes(part.as_bytes().trim_ascii()),
        origin: Origin {
            source: source.clone(),
            entry: Some(number),
        },
    });
    numbered.filter(|written| !written.value.is_empty()).collect()
}

fn split<'a>(value: &'a OsStr, separators: &[u8]) -> Vec<&'a OsStr> {
    value
        .as_bytes()
        .split(|byte| separators.contains(byte))
        .map(OsStr::from_bytes)
        .collect()
}
