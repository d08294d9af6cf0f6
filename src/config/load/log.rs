//! Where and how log lines are written.

use log::LevelFilter;

use super::reader::{Checked, Reader};
use super::syslog::{self, Syslog};
use crate::config::checked::{Log, LogFormat, LogServer, LogTarget};
use crate::config::settings::{File, Value, table};
use crate::config::values::scalar::echo;

/// The log, and the server that it goes to over a connection.
pub(super) struct Logging {
    pub(super) log: Log,
    pub(super) server: Option<LogServer>,
    /// The settings of syslog, whether or not the log goes there.
    pub(super) syslog: Syslog,
}

/// What `log.target` says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Stream,
    Journald,
    Syslog,
}

/// The level that a configuration file asks for, alone.
pub(crate) fn log_level_of(file: &File) -> Result<LevelFilter, String> {
    match file.value(&table::LOG_LEVEL) {
        Some(Value::One(text)) => log_level(&text.text),
        _ => log_level(table::LOG_LEVEL.default.unwrap_or_default()),
    }
}

/// Level, format and place, which depend on each other (contract: config, section 2).
pub(super) fn log_settings(reader: &mut Reader<'_>) -> Checked<Logging> {
    let kind = reader.required(&table::LOG_TARGET, "log.target is missing", log_target);
    let format = reader.optional(&table::LOG_FORMAT, log_format);
    let file = reader.path(&table::LOG_FILE);
    let level = reader.required(&table::LOG_LEVEL, "log.level is missing", |text| {
        let level = log_level(text)?;
        // A format that was given and is wrong has its own message.
        let is_plain = matches!((&kind, &format, &file), (Ok(Kind::Stream), Ok(None), Ok(None)));
        if level != LevelFilter::Info && is_plain {
            return Err(
                "this log level requires 'struct-text' or 'json' log format; set --log.format or LOG_FORMAT".to_owned(),
            );
        }
        Ok(level)
    });
    let settings = Syslog::of_log(reader);
    let (kind, level, format, file, settings) = (kind?, level?, format?, file?, settings?);
    if kind != Kind::Stream && file.is_some() {
        let problem = "log.file has no place beside log.target; remove one of them";
        return Err(reader.refuse(&table::LOG_FILE, problem));
    }
    let (target, server) = match kind {
        Kind::Stream => (LogTarget::Stream, None),
        Kind::Journald => (LogTarget::Journal, None),
        Kind::Syslog => settings.target(),
    };
    if let Some(server) = &server {
        syslog::warn_if_open(reader, server, "log lines", &table::SYSLOG_ADDRESS);
    }
    let default = if file.is_some() {
        LogFormat::StructText
    } else {
        LogFormat::Plain
    };
    let log = Log {
        level,
        format: format.unwrap_or(default),
        file,
        target,
    };
    Ok(Logging {
        log,
        server,
        syslog: settings,
    })
}

fn log_target(text: &str) -> Result<Kind, String> {
    const NAMES: [(&str, Kind); 3] = [
        ("stream", Kind::Stream),
        ("journald", Kind::Journald),
        ("syslog", Kind::Syslog),
    ];
    let known = NAMES.iter().find(|(name, _)| text.eq_ignore_ascii_case(name));
    known.map(|(_, kind)| *kind).ok_or_else(|| {
        format!(
            "log.target is unknown: {}; write stream, journald or syslog",
            echo(text)
        )
    })
}

/// A level as Go's `slog` writes it: `info`, `WARN`, `debug-2`. An offset moves to the next level that is not lower.
fn log_level(text: &str) -> Result<LevelFilter, String> {
    const NAMES: [(&str, i32); 4] = [("debug", -4), ("info", 0), ("warn", 4), ("error", 8)];
    let (name, offset) = text.find(['+', '-']).map_or((text, "0"), |sign| text.split_at(sign));
    let base = NAMES
        .iter()
        .find(|(known, _)| name.eq_ignore_ascii_case(known))
        .map(|(_, value)| *value);
    let value = base
        .zip(offset.parse().ok())
        .and_then(|(base, offset): (i32, i32)| base.checked_add(offset));
    match value.ok_or_else(|| format!("log.level is unknown: {}; write debug, info, warn or error", echo(text)))? {
        ..-4 => Ok(LevelFilter::Trace),
        -4 => Ok(LevelFilter::Debug),
        -3..=0 => Ok(LevelFilter::Info),
        1..=4 => Ok(LevelFilter::Warn),
        5..=8 => Ok(LevelFilter::Error),
        9.. => Ok(LevelFilter::Off),
    }
}

/// `struct-text` or `json`, in any case.
fn log_format(text: &str) -> Result<LogFormat, String> {
    if text.eq_ignore_ascii_case("struct-text") {
        Ok(LogFormat::StructText)
    } else if text.eq_ignore_ascii_case("json") {
        Ok(LogFormat::Json)
    } else {
        Err(format!(
            "unsupported log format: {}; write struct-text or json",
            echo(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn levels_follow_slog_with_offsets() {
        for (text, level) in [
            ("debug", LevelFilter::Debug),
            ("INFO", LevelFilter::Info),
            ("Warn", LevelFilter::Warn),
            ("error", LevelFilter::Error),
            ("debug-1", LevelFilter::Trace),
            ("info-4", LevelFilter::Debug),
            ("info+1", LevelFilter::Warn),
            ("debug+2", LevelFilter::Info),
            ("error+1", LevelFilter::Off),
        ] {
            assert_eq!(log_level(text), Ok(level), "{text}");
        }
        for text in [
            "trace",
            "warning",
            "info+",
            "info+x",
            "info+99999999999",
            "error+2147483647",
            "",
        ] {
            assert!(log_level(text).is_err(), "{text}");
        }
    }

    #[test]
    fn formats_are_recognized_in_any_case() {
        assert_eq!(log_format("JSON"), Ok(LogFormat::Json));
        assert_eq!(log_format("Struct-Text"), Ok(LogFormat::StructText));
        assert!(log_format("logfmt").unwrap_err().contains("unsupported log format"));
    }
}
