//! The settings of the log.

use std::path::PathBuf;

/// Where and how log lines are written.
#[derive(Debug, Clone)]
pub struct Log {
    /// The lowest level that is written.
    pub level: log::LevelFilter,
    /// The form of a line.
    pub format: LogFormat,
    /// A file to append to (0600), instead of the format's default stream.
    pub file: Option<PathBuf>,
}

/// The form of a log line and its default stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// `2026/11/23 01:02:03 LEVEL message k=v`, to stderr.
    Plain,
    /// `time=... level=... msg=... k=v`, to stdout.
    StructText,
    /// One JSON object a line, to stdout.
    Json,
}
