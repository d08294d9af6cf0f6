//! The sources of values and their order: flag, then environment, then configuration file, then default.

use std::collections::BTreeMap;
use std::ffi::{OsStr, OsString};
use std::fmt;
use std::os::unix::ffi::OsStrExt;

use super::file::{File, Location};
use super::table::{Kind, Separator, Setting};
use crate::secrets::{Environment, Files};

/// Everything that a configuration is made from.
#[derive(Clone, Copy)]
pub struct Sources<'a> {
    /// What stood on the command line.
    pub flags: &'a Flags,
    /// The environment.
    pub environment: &'a Environment,
    /// The configuration file, if one is read.
    pub file: Option<&'a File>,
    /// Reads the files that references name.
    pub files: &'a dyn Files,
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
#[derive(Debug, Default)]
pub struct Flags(BTreeMap<&'static str, Vec<OsString>>);

impl Flags {
    /// Adds the values of one flag.
    pub fn add(&mut self, name: &'static str, values: impl IntoIterator<Item = OsString>) {
        self.0.entry(name).or_default().extend(values);
    }

    /// The values of a setting's flag that are not blank, and the spelling that was used.
    fn values(&self, setting: &Setting) -> Option<(&'static str, Vec<&OsStr>)> {
        [Some(setting.flag), setting.hidden_flag]
            .into_iter()
            .flatten()
            .find_map(|name| {
                let values = self.0.get(name)?.iter().map(OsString::as_os_str);
                let values: Vec<_> = values.filter(|value| !is_blank(value)).collect();
                (!values.is_empty()).then_some((name, values))
            })
    }
}

/// A value as it was written, and where.
#[derive(Debug, Clone)]
pub(super) struct Written<'a> {
    pub(super) value: &'a OsStr,
    pub(super) origin: Origin,
}

/// Where a value was written; shown with every mistake.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// The source.
    pub source: Source,
    /// In a list: which entry, from 1.
    pub entry: Option<usize>,
}

impl Origin {
    /// No source has the value.
    pub(super) const UNSET: Self = Self {
        source: Source::Unset,
        entry: None,
    };

    fn new(source: Source) -> Self {
        Self { source, entry: None }
    }
}

/// One source of values.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A flag, named without its dashes.
    Flag(&'static str),
    /// An environment variable.
    Variable(&'static str),
    /// A configuration file.
    File(Location),
    /// The table of settings.
    Default,
    /// None: the value is missing.
    Unset,
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.source {
            Source::Flag(name) => write!(f, "from flag --{name}")?,
            Source::Variable(name) => write!(f, "from variable {name}")?,
            Source::File(location) => write!(f, "from {location}")?,
            Source::Default => f.write_str("by default")?,
            Source::Unset => f.write_str("is not set")?,
        }
        match self.entry {
            Some(entry) => write!(f, ", entry {entry}"),
            None => Ok(()),
        }
    }
}

impl<'a> Sources<'a> {
    /// The value of a setting that is no list. Of a repeated flag the last one counts.
    pub(super) fn one(&self, setting: &Setting) -> Option<Written<'a>> {
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
        let value = OsStr::new(setting.default?);
        Some(Written {
            value,
            origin: Origin::new(Source::Default),
        })
    }

    /// The entries of a list, without empty ones. Sources are not mixed: the first that has any wins.
    pub(super) fn list(&self, setting: &Setting) -> Vec<Written<'a>> {
        let flags = self.flags;
        if let Some((name, values)) = flags.values(setting) {
            let parts = values.into_iter().flat_map(|value| match setting.kind {
                Kind::List(Separator::Comma) => split(value, b","),
                _ => vec![value],
            });
            return entries(parts, Source::Flag(name));
        }
        let Some((name, value)) = self.variable(setting) else {
            return Vec::new();
        };
        let separators: &[u8] = match setting.kind {
            Kind::List(Separator::Comma) => b",",
            Kind::Records(Separator::LineOrSemicolon, _) => b";\n",
            Kind::Headers => b",;",
            _ => b"\n",
        };
        entries(split(value, separators), Source::Variable(name))
    }

    fn variable(&self, setting: &Setting) -> Option<(&'static str, &'a OsStr)> {
        let environment = self.environment;
        setting.variables.iter().find_map(|name| {
            let value = environment.value(name).filter(|value| !is_blank(value))?;
            Some((*name, value))
        })
    }
}

/// Blank is unset, in every source (spec: better 18).
fn is_blank(value: &OsStr) -> bool {
    value.as_bytes().trim_ascii().is_empty()
}

/// Numbers entries as an operator counts them, blank ones included, and drops the blank ones.
fn entries<'a>(parts: impl IntoIterator<Item = &'a OsStr>, source: Source) -> Vec<Written<'a>> {
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
