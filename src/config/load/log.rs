//! Where and how log lines are written.

use log::LevelFilter;

use super::reader::{Checked, Reader};
use crate::config::checked::{Log, LogFormat};
use crate::config::settings::table;
use crate::config::values::scalar::echo;

/// Level, format and file, which depend on each other (contract: config, section 2).
pub(super) fn log_settings(reader: &mut Reader<'_>) -> Checked<Log> {
    let format = reader.optional(&table::LOG_FORMAT, log_format);
    let file = reader.path(&table::LOG_FILE);
    let level = reader.required(&table::LOG_LEVEL, "log.level is missing", |text| {
        let level = log_level(text)?;
        // A format that was given and is wrong has its own message.
        if level != LevelFilter::Info && matches!((&format, &file), (Ok(None), Ok(None))) {
            return Err(
                "this log level requires 'struct-text' or 'json' log format; set --log.format or LOG_FORMAT".to_owned(),
            );
        }
        Ok(level)
    });
    let (level, format, file) = (level?, format?, file?);
    let default = if file.is_some() {
        LogFormat::StructText
    } else {
        LogFormat::Plain
    };
    Ok(Log {
        level,
        format: format.unwrap_or(default),
        file,
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
