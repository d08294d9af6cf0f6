//! Door to the lines of the log.

use ::log::Record;

use super::Sink;
use crate::telemetry::LogFormat;
use crate::telemetry::form::{Draft, Form};
use crate::telemetry::output::{Output, To};
use crate::telemetry::syslog::Header;

/// Composer of log lines that writes them nowhere.
pub struct Lines(Sink);

impl Lines {
    /// Lines of one format that all have these fields.
    #[must_use]
    pub fn new(format: LogFormat, base: &[(&'static str, String)]) -> Self {
        Self::of(Form::Text(format), base)
    }

    /// The same as fields of journald.
    #[must_use]
    pub fn journal(base: &[(&'static str, String)]) -> Self {
        Self::of(Form::Journal, base)
    }

    /// The same as counted messages of syslog.
    #[must_use]
    pub fn syslog(base: &[(&'static str, String)]) -> Self {
        Self::of(Form::Syslog(Header::new(3, true)), base)
    }

    fn of(form: Form, base: &[(&'static str, String)]) -> Self {
        Self(Sink::new(form, Output::to(To::Server), base))
    }

    /// The line of one record.
    #[must_use]
    pub fn line(&self, record: &Record<'_>) -> String {
        let (mut draft, mut scratch) = (Draft::default(), String::new());
        self.0.compose(record, &mut draft, &mut scratch);
        draft.text
    }
}
