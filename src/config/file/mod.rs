//! A configuration file as it was written: YAML or JSON, every value with its line and column.

mod document;
mod explain;
mod foreign;
mod mapping;
mod profiles;
mod schema;
mod selection;
mod syntax;
mod text;
mod values;
mod walk;

#[cfg(test)]
mod tests;

use std::path::Path;
use std::sync::Arc;

use self::document::{Document, Mark};
pub use self::profiles::{ProfileDirs, ProfileName, profile_dirs};
pub use self::selection::Selection;
use self::walk::Walk;
use crate::config::settings::{ConfigError, File, Location, Origin, Source};
use crate::telemetry::is_unsafe;

impl File {
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
    pub(in crate::config) fn unreadable(path: &Path, setting: &'static str, problem: String) -> Self {
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
