//! What is wrong with a configuration: all of it at once.

use std::fmt;

use super::table::{COMMANDS, SERVER_URLS};
use super::{Origin, Source};

/// The mistakes of a configuration, at least one, in the order of their settings.
#[derive(Debug)]
pub struct ConfigErrors(pub(in crate::config) Vec<ConfigError>);

impl ConfigErrors {
    /// The mistakes, one by one.
    pub fn iter(&self) -> impl Iterator<Item = &ConfigError> {
        self.0.iter()
    }
}

impl fmt::Display for ConfigErrors {
    /// One mistake a line.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, error) in self.0.iter().enumerate() {
            if number > 0 {
                f.write_str("\n")?;
            }
            write!(f, "{error}")?;
        }
        Ok(())
    }
}

impl std::error::Error for ConfigErrors {}

/// One mistake in a configuration.
#[derive(Debug, Clone)]
pub struct ConfigError {
    /// The setting, by the name of its flag; for a variable that belongs to no setting, the variable; for a section of a
    /// configuration file, its name; empty when the whole file is meant.
    pub setting: &'static str,
    /// Where the value was written.
    pub origin: Origin,
    /// What is wrong and how to mend it; never a secret, never a URL.
    pub problem: String,
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.setting {
            "" => write!(f, "{} ({})", self.problem, self.origin),
            _ => write!(
                f,
                "{} ({} {})",
                self.problem,
                name_at(self.setting, &self.origin),
                self.origin
            ),
        }
    }
}

/// What a setting is called in the place where it was written: the key of a list of servers is another word than its flag.
pub(in crate::config) fn name_at(flag: &'static str, origin: &Origin) -> &'static str {
    let listed = [&COMMANDS, &SERVER_URLS].into_iter().find(|list| list.flag == flag);
    match (&origin.source, listed) {
        (Source::File(_), Some(list)) => list.key,
        _ => flag,
    }
}
