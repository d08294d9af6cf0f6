//! The forms that a log record takes: lines of text, fields of journald, messages of syslog.

use ::log::Level;

use super::line::{self, Value};
use super::settings::LogFormat;
use super::shown::Shown;
use super::syslog::Header;
use super::utc::Utc;
use super::{journal, syslog};

/// Name of this program in every log that has a place for one.
pub(super) const IDENTIFIER: &str = "tunnel-client";

/// The form of a record.
#[derive(Debug, Clone)]
pub(super) enum Form {
    /// A line of text.
    Text(LogFormat),
    /// Fields of journald's own protocol.
    Journal,
    /// A message of RFC 5424.
    Syslog(Header),
}

/// A record while it is made.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// The line, or the message for people; at the end the whole record.
    pub(super) text: String,
    /// The fields, where they stand apart from the message.
    pub(super) fields: String,
    /// The same record for the status page, when there is one.
    pub(super) kept: Option<String>,
}

impl Draft {
    /// Empties it, and keeps buffers of no more than this.
    pub(super) fn clear(&mut self, keep: usize) {
        for buffer in [&mut self.text, &mut self.fields].into_iter().chain(&mut self.kept) {
            buffer.clear();
            buffer.shrink_to(keep);
        }
    }
}

impl Form {
    /// Begins a record with time, level and message.
    pub(super) fn begin(&self, draft: &mut Draft, at: Utc, level: Level, message: &Shown<'_>) {
        if let Some(kept) = &mut draft.kept {
            line::begin_kept(kept, at, level.as_str(), message.text());
        }
        match self {
            Self::Text(format) => line::begin(&mut draft.text, *format, at, level.as_str(), message.text()),
            Self::Journal => {
                line::escape_plain(&mut draft.text, message.text());
                journal::begin(&mut draft.fields, level, message.text());
            }
            Self::Syslog(header) => {
                line::escape_plain(&mut draft.text, message.text());
                syslog::begin(&mut draft.fields, header, at, level);
            }
        }
    }

    /// Adds fields that were rendered before, those of every record.
    pub(super) fn base(&self, draft: &mut Draft, base: &str) {
        match self {
            Self::Text(_) => draft.text.push_str(base),
            Self::Journal | Self::Syslog(_) => draft.fields.push_str(base),
        }
    }

    /// Renders a field of every record.
    pub(super) fn base_field(&self, out: &mut String, key: &str, value: &Shown<'_>) {
        match self {
            Self::Text(format) => line::field(out, *format, key, Value::Text(value.text())),
            Self::Journal => journal::field(out, key, value.text()),
            Self::Syslog(_) => syslog::field(out, key, value.text()),
        }
    }

    /// Adds a number or a boolean.
    pub(super) fn bare(&self, draft: &mut Draft, key: &str, value: &str) {
        self.field(draft, key, Value::Bare(value));
    }

    /// Adds a field.
    pub(super) fn text(&self, draft: &mut Draft, key: &str, value: &Shown<'_>) {
        self.field(draft, key, Value::Text(value.text()));
    }

    fn field(&self, draft: &mut Draft, key: &str, value: Value<'_>) {
        let (Value::Bare(text) | Value::Text(text)) = value;
        if let Some(kept) = &mut draft.kept {
            line::field_kept(kept, key, value);
        }
        let format = match self {
            Self::Text(format) => *format,
            Self::Journal => {
                journal::field(&mut draft.fields, key, text);
                LogFormat::Plain
            }
            Self::Syslog(_) => {
                syslog::field(&mut draft.fields, key, text);
                LogFormat::Plain
            }
        };
        line::field(&mut draft.text, format, key, value);
    }

    /// Ends the record, which is `draft.text` then.
    pub(super) fn end(&self, draft: &mut Draft) {
        if let Some(kept) = &mut draft.kept {
            line::end_kept(kept);
        }
        match self {
            Self::Text(format) => line::end(&mut draft.text, *format),
            Self::Journal => journal::end(draft),
            Self::Syslog(header) => syslog::end(draft, header),
        }
    }
}

/// `text` cut to so many bytes, with a word about it.
pub(super) fn cut(text: &mut String, bound: usize) {
    const MARK: &str = "...";
    if text.len() > bound {
        text.truncate(text.floor_char_boundary(bound.saturating_sub(MARK.len())));
        text.push_str(MARK);
    }
}
