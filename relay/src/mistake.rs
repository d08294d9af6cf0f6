//! What is wrong with a setting, or with the file that it names.

use std::fmt;
use std::path::{Path, PathBuf};

/// One mistake. Its text holds no secret.
#[derive(Debug, Clone)]
pub(crate) struct Mistake {
    /// The option or variable.
    pub(crate) setting: &'static str,
    /// The file that it names.
    pub(crate) file: Option<PathBuf>,
    /// The line of it, from 1.
    pub(crate) line: Option<usize>,
    /// What is wrong, and what to do.
    pub(crate) reason: String,
}

impl Mistake {
    /// A mistake in a setting.
    pub(crate) fn new(setting: &'static str, reason: impl Into<String>) -> Self {
        Self {
            setting,
            file: None,
            line: None,
            reason: reason.into(),
        }
    }

    /// A mistake in a file.
    pub(crate) fn of_file(setting: &'static str, file: &Path, reason: impl Into<String>) -> Self {
        Self {
            file: Some(file.to_owned()),
            ..Self::new(setting, reason)
        }
    }

    /// A mistake in a line of the same place.
    pub(crate) fn at_line(self, line: usize, reason: String) -> Self {
        Self {
            line: Some(line),
            reason,
            ..self
        }
    }
}

impl fmt::Display for Mistake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.setting)?;
        if let Some(file) = &self.file {
            write!(f, " {}", file.display())?;
        }
        if let Some(line) = self.line {
            write!(f, ", line {line}")?;
        }
        write!(f, ": {}", self.reason)
    }
}
