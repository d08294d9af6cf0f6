//! Where values were written.

use std::fmt;
use std::sync::Arc;

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
    pub(in crate::config) const UNSET: Self = Self {
        source: Source::Unset,
        entry: None,
    };

    /// A place of its own, not an entry of a list.
    pub(in crate::config) fn new(source: Source) -> Self {
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
