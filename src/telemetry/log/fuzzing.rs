//! Door to the lines of the log.

use std::fs::File;
use std::io;

use ::log::Record;

use super::Sink;
use crate::telemetry::LogFormat;

/// Composer of log lines that writes them nowhere.
pub struct Lines(Sink);

impl Lines {
    /// Lines of one format that all have these fields.
    ///
    /// # Errors
    /// `/dev/null` is missing.
    pub fn new(format: LogFormat, base: &[(&'static str, String)]) -> io::Result<Self> {
        Ok(Self(Sink::new(format, File::open("/dev/null")?, base)))
    }

    /// The line of one record.
    #[must_use]
    pub fn line(&self, record: &Record<'_>) -> String {
        let (mut line, mut scratch) = (String::new(), String::new());
        self.0.compose(record, &mut line, &mut scratch);
        line
    }
}
