//! The sink behind the `log` facade: one line a record, in UTC, scrubbed, written with one system call.
//!
//! Our own records pass at the configured level, those of libraries only from warnings upwards.

use std::borrow::Cow;
use std::fmt::{Display, Write as _};
use std::fs::File;
use std::io::{self, Write as _};
use std::os::fd::AsFd;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

use ::log::kv::{Error as KvError, Key, Value as KvValue, VisitSource, VisitValue};
use ::log::{Level, Log as Facade, Metadata, Record, info, warn};

use super::line::{self, Value};
use super::output::{Output, Told};
use super::redact;
use super::settings::{Log, LogFormat};
use super::utc::Utc;
use crate::files::{self, Missing, Rule, Spot, Trusted};
use crate::limits::{LOG_BUFFER_KEEP, LOG_FIELDS_MAX, LOG_TEXT_MAX};

/// The prefix of the targets of our own records.
const OWN_TARGET: &str = "tunnel_client";

/// Names that every line has already.
const LINE_KEYS: [&str; 3] = ["time", "level", "msg"];

/// Directs the `log` facade to a new sink. `base` are fields of every line; a record's field of the same name is left
/// out. A log file may belong to a `trusted` user.
///
/// # Errors
///
/// The log file cannot be opened, or the process has a logger already.
pub fn init(settings: &Log, base: &[(&'static str, String)], trusted: Trusted) -> io::Result<()> {
    let place = match &settings.file {
        Some(path) if Stream::named(path).is_none() => Some((std::path::absolute(path)?, trusted)),
        _ => None,
    };
    let sink = Sink {
        place,
        is_stderr: is_stderr(settings),
        ..Sink::new(settings.format, open(settings, trusted)?, base)
    };
    // One for the whole life of the process, as the facade wants it.
    let sink: &'static Sink = Box::leak(Box::new(sink));
    ::log::set_logger(sink).map_err(io::Error::other)?;
    ::log::set_max_level(settings.level);
    let _ = SINK.set(sink);
    Ok(())
}

static SINK: OnceLock<&'static Sink> = OnceLock::new();

/// Opens the log file anew, as after it was renamed (logrotate(8)), and says how that went. A log that is no file stays as it is.
pub fn reopen() {
    let Some((sink, (path, trusted))) = SINK.get().and_then(|sink| Some((sink, sink.place.as_ref()?))) else {
        return;
    };
    match open_file(path, *trusted) {
        Ok(file) => {
            sink.output().output.replace(file);
            info!(file:% = path.display(); "log file opened again");
        }
        Err(error) => warn!(
            file:% = path.display(), error:% = error,
            action = "still writing to the file that is open; let the client's user create the file in a directory that holds logs alone, have logrotate create it there, or use copytruncate";
            "log file not opened again"
        ),
    }
}

/// Number of log lines lost since the process began, because the place of the log took no more.
pub(crate) fn lost_lines() -> u64 {
    super::output::lost()
}

fn is_stderr(settings: &Log) -> bool {
    match &settings.file {
        Some(path) => matches!(Stream::named(path), Some(Stream::Error)),
        None => settings.format == LogFormat::Plain,
    }
}

fn open(settings: &Log, trusted: Trusted) -> io::Result<File> {
    match (&settings.file, settings.format) {
        (Some(path), _) => open_file(path, trusted).map_err(|error| {
            let error = io::Error::from(error);
            io::Error::new(error.kind(), format!("open log file {}: {error}", path.display()))
        }),
        (None, LogFormat::Plain) => stream(Stream::Error),
        (None, LogFormat::StructText | LogFormat::Json) => stream(Stream::Output),
    }
}

fn open_file(path: &Path, trusted: Trusted) -> Result<File, files::Error> {
    match Stream::named(path) {
        Some(named) => Ok(stream(named)?),
        None => Spot::of(path, Rule::creating(), Missing::Fail)?.append(FILE_MODE, trusted),
    }
}

/// Tests whether [`init`] could open the log file; leaves no file behind.
///
/// # Errors
///
/// The error of [`init`].
pub(crate) fn try_file(path: &Path, trusted: Trusted) -> Result<(), files::Error> {
    match Stream::named(path) {
        Some(_) => Ok(()),
        None => Spot::of(path, Rule::creating(), Missing::Fail)?.try_append(FILE_MODE, trusted),
    }
}

/// Tests the same as far as it shows without creating a file.
///
/// # Errors
///
/// The error of [`init`].
pub(crate) fn could_open(path: &Path, trusted: Trusted) -> Result<(), files::Error> {
    match Stream::named(path) {
        Some(_) => Ok(()),
        None => Spot::of(path, Rule::creating(), Missing::Fail)?.could_append(trusted),
    }
}

/// Mode of a log file that does not exist yet.
const FILE_MODE: u32 = 0o600;

#[derive(Clone, Copy)]
enum Stream {
    Output,
    Error,
}

impl Stream {
    /// Paths that containers use for the standard streams. They are links through `/proc`; the descriptor itself needs none.
    fn named(path: &Path) -> Option<Self> {
        match path.to_str()? {
            "/dev/stdout" | "/dev/fd/1" | "/proc/self/fd/1" => Some(Self::Output),
            "/dev/stderr" | "/dev/fd/2" | "/proc/self/fd/2" => Some(Self::Error),
            _ => None,
        }
    }
}

/// A duplicate, because it writes each line at once where the standard handles keep a buffer of their own.
fn stream(stream: Stream) -> io::Result<File> {
    let duplicate = match stream {
        Stream::Output => io::stdout().as_fd().try_clone_to_owned(),
        Stream::Error => io::stderr().as_fd().try_clone_to_owned(),
    };
    duplicate.map(File::from)
}

struct Sink {
    format: LogFormat,
    /// The base fields, ready to be copied into a line.
    base: String,
    base_keys: Vec<&'static str>,
    /// The file, when it is one that can be opened again.
    place: Option<(PathBuf, Trusted)>,
    is_stderr: bool,
    writing: Mutex<Writing>,
}

struct Writing {
    output: Output,
    line: String,
    /// Where a value is formatted before it is scrubbed.
    scratch: String,
}

impl Sink {
    fn new(format: LogFormat, file: File, base: &[(&'static str, String)]) -> Self {
        let mut rendered = String::new();
        for (key, value) in base {
            line::field(&mut rendered, format, key, Value::Text(&shown(value)));
        }
        Self {
            format,
            base: rendered,
            base_keys: base.iter().map(|(key, _)| *key).collect(),
            place: None,
            is_stderr: false,
            writing: Mutex::new(Writing {
                output: Output::to(file),
                line: String::new(),
                scratch: String::new(),
            }),
        }
    }

    fn output(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The line that stands for those that found no room.
    fn notice(&self, lost: u64) -> String {
        let mut line = String::new();
        line::begin(
            &mut line,
            self.format,
            Utc::now(),
            Level::Warn.as_str(),
            "log lines were lost",
        );
        line.push_str(&self.base);
        line::field(&mut line, self.format, "lost", Value::Bare(&lost.to_string()));
        line::end(&mut line, self.format);
        line
    }

    /// Says it where somebody may see it, unless that is where it cannot be written.
    fn tell(&self, told: &Told) {
        if self.is_stderr {
            return;
        }
        let place = self.place.as_ref().map(|(path, _)| path.display().to_string());
        let place = place.unwrap_or_else(|| "standard output".to_owned());
        // Nobody is left to be told of an error here.
        let _ = match told {
            Told::Losing(error) => writeln!(
                io::stderr(),
                "tunnel-client: the log in {place} cannot be written: {error}; lines are lost until it can"
            ),
            Told::Recovered(lost) => writeln!(
                io::stderr(),
                "tunnel-client: the log in {place} can be written again; {lost} lines were lost"
            ),
        };
    }

    fn compose(&self, record: &Record<'_>, line: &mut String, scratch: &mut String) {
        line.clear();
        let message = match record.args().as_str() {
            Some(text) => text,
            None => formatted(scratch, record.args()),
        };
        line::begin(line, self.format, Utc::now(), record.level().as_str(), &shown(message));
        line.push_str(&self.base);
        let mut fields = Fields {
            format: self.format,
            line,
            scratch,
            base: &self.base_keys,
            seen: [""; LOG_FIELDS_MAX],
            count: 0,
        };
        // Visiting fails only when a visitor does, and ours does not.
        let _ = record.key_values().visit(&mut fields);
        line::end(line, self.format);
    }
}

impl Facade for Sink {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        let ours = metadata
            .target()
            .strip_prefix(OWN_TARGET)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with("::"));
        metadata.level() <= ::log::max_level() && (ours || metadata.level() <= Level::Warn)
    }

    fn log(&self, record: &Record<'_>) {
        if !self.enabled(record.metadata()) {
            return;
        }
        let mut writing = self.output();
        let Writing { output, line, scratch } = &mut *writing;
        self.compose(record, line, scratch);
        if let Some(told) = output.write(line, |lost| self.notice(lost)) {
            self.tell(&told);
        }
        line.shrink_to(LOG_BUFFER_KEEP);
        scratch.clear();
        scratch.shrink_to(LOG_BUFFER_KEEP);
    }

    fn flush(&self) {}
}

/// Writes the fields of one record; the first of several with one name counts.
struct Fields<'a, 'kvs> {
    format: LogFormat,
    line: &'a mut String,
    scratch: &'a mut String,
    base: &'a [&'static str],
    seen: [&'kvs str; LOG_FIELDS_MAX],
    count: usize,
}

impl<'kvs> VisitSource<'kvs> for Fields<'_, 'kvs> {
    fn visit_pair(&mut self, key: Key<'kvs>, value: KvValue<'kvs>) -> Result<(), KvError> {
        // The macros of the facade always lend their keys.
        let Some(name) = key.to_borrowed_str() else {
            return Ok(());
        };
        let taken = LINE_KEYS.contains(&name) || self.base.contains(&name) || self.seen.contains(&name);
        let Some(slot) = self.seen.get_mut(self.count).filter(|_| !taken) else {
            return Ok(());
        };
        *slot = name;
        self.count += 1;
        if redact::is_sensitive_name(name) {
            line::field(self.line, self.format, name, Value::Text(redact::REDACTED));
            return Ok(());
        }
        value.visit(Field {
            format: self.format,
            line: self.line,
            scratch: self.scratch,
            name,
        })
    }
}

/// Writes one field.
struct Field<'a> {
    format: LogFormat,
    line: &'a mut String,
    scratch: &'a mut String,
    name: &'a str,
}

impl Field<'_> {
    fn bare(&mut self, value: impl Display) -> Result<(), KvError> {
        let text = formatted(self.scratch, &value);
        line::field(self.line, self.format, self.name, Value::Bare(text));
        Ok(())
    }
}

impl<'v> VisitValue<'v> for Field<'_> {
    fn visit_any(&mut self, value: KvValue<'_>) -> Result<(), KvError> {
        let text = formatted(self.scratch, &value);
        line::field(self.line, self.format, self.name, Value::Text(&shown(text)));
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), KvError> {
        line::field(self.line, self.format, self.name, Value::Text(&shown(value)));
        Ok(())
    }

    fn visit_borrowed_str(&mut self, value: &'v str) -> Result<(), KvError> {
        self.visit_str(value)
    }

    fn visit_bool(&mut self, value: bool) -> Result<(), KvError> {
        self.bare(value)
    }

    fn visit_u64(&mut self, value: u64) -> Result<(), KvError> {
        self.bare(value)
    }

    fn visit_i64(&mut self, value: i64) -> Result<(), KvError> {
        self.bare(value)
    }

    fn visit_f64(&mut self, value: f64) -> Result<(), KvError> {
        // JSON has no word for the others.
        if value.is_finite() {
            self.bare(value)
        } else {
            self.visit_any(KvValue::from_display(&value))
        }
    }

    fn visit_null(&mut self) -> Result<(), KvError> {
        // What there is not is left out.
        Ok(())
    }
}

/// What is left of a text after scrubbing, cut to a bound. Never the other way round: half a secret would pass.
fn shown(text: &str) -> Cow<'_, str> {
    let text = redact::scrub(text);
    if text.len() <= LOG_TEXT_MAX {
        return text;
    }
    let kept = &text[..text.floor_char_boundary(LOG_TEXT_MAX)];
    Cow::Owned(format!("{kept}... ({} bytes more)", text.len() - kept.len()))
}

/// Formats into the reused buffer.
fn formatted<'a>(scratch: &'a mut String, value: &dyn Display) -> &'a str {
    scratch.clear();
    // Writing to a String cannot fail; a value whose own formatting fails shows what it wrote.
    let _ = write!(scratch, "{value}");
    scratch
}

#[cfg(test)]
mod corpus;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
#[cfg(test)]
mod tests;
