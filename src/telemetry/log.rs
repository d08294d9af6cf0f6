//! The sink behind the `log` facade: one record after the other, in UTC, scrubbed, written without waiting for its reader.
//!
//! Our own records pass at the level in force, those of libraries only from warnings upwards.

mod kept;
mod level;
mod places;
mod queue;
mod reopen;

use std::fmt::{Display, Write as _};
use std::io;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use ::log::kv::{Error as KvError, Key, Value as KvValue, VisitSource, VisitValue};
use ::log::{Level, Log as Facade, Metadata, Record};
use tokio::sync::Notify;

use super::form::{Draft, Form};
pub use super::output::Condition;
use super::output::{Output, Told};
use super::redact;
use super::settings::Log;
use super::shown::Shown;
use super::stream::Stream;
use super::utc::Utc;
use crate::files::Trusted;
use crate::limits::{LOG_BUFFER_KEEP, LOG_FIELDS_MAX};

pub(crate) use kept::Kept;
pub use level::set_level;
pub(crate) use level::{configured_level, current, set_configured_level, toggle};
pub(crate) use places::{could_open, try_file, try_socket};
pub(crate) use queue::{finish, first, keep_up, kept_socket, reconnect_by, socket, taken, trouble};
pub use reopen::reopen;

/// The prefix of the targets of our own records.
const OWN_TARGET: &str = "tunnel_client";

/// Names that every line has already.
const LINE_KEYS: [&str; 3] = ["time", "level", "msg"];

/// Directs the `log` facade to a new sink. `base` are fields of every line; a record's field of the same name is left
/// out. A log file may belong to a `trusted` user. `keep`: records that are kept for the status page, besides.
///
/// # Errors
///
/// The log file cannot be opened, or the process has a logger already.
pub fn init(settings: &Log, base: &[(&'static str, String)], trusted: Trusted, keep: Option<usize>) -> io::Result<()> {
    let place = match &settings.file {
        Some(path) if !places::is_stream(path) => Some((std::path::absolute(path)?, trusted)),
        _ => None,
    };
    let sink = Sink {
        place,
        name: places::name(settings),
        stderr: places::elsewhere(settings),
        ..Sink::new(places::form(settings), places::open(settings, trusted)?, base).keeping(keep)
    };
    // One for the whole life of the process, as the facade wants it.
    let sink: &'static Sink = Box::leak(Box::new(sink));
    ::log::set_logger(sink).map_err(io::Error::other)?;
    ::log::set_max_level(settings.level);
    level::configured(settings.level);
    let _ = SINK.set(sink);
    Ok(())
}

static SINK: OnceLock<&'static Sink> = OnceLock::new();

/// Number of log lines lost since the process began, because the place of the log took no more.
pub(crate) fn lost_lines() -> u64 {
    super::output::lost()
}

/// The records that are kept for the status page, if they are.
pub(crate) fn kept() -> Option<Arc<Kept>> {
    SINK.get()?.kept.clone()
}

/// How the log is at this moment.
pub(crate) fn condition() -> Condition {
    SINK.get()
        .map_or(Condition::Writing, |sink| sink.output().output.condition())
}

struct Sink {
    form: Form,
    /// The base fields, ready to be copied into a record.
    base: String,
    base_keys: Vec<&'static str>,
    /// The file, when it is one that can be opened again.
    place: Option<(PathBuf, Trusted)>,
    /// Where the log goes, for people.
    name: String,
    /// Standard error, when the log goes elsewhere.
    stderr: Option<Stream>,
    writing: Mutex<Writing>,
    /// What is kept for the status page.
    kept: Option<Arc<Kept>>,
    /// Records wait.
    waits: Notify,
}

struct Writing {
    output: Output,
    draft: Draft,
    /// Where a value is formatted before it is scrubbed.
    scratch: String,
}

impl Sink {
    fn new(form: Form, output: Output, base: &[(&'static str, String)]) -> Self {
        let mut rendered = String::new();
        for (key, value) in base {
            form.base_field(&mut rendered, key, &Shown::of(value));
        }
        Self {
            form,
            base: rendered,
            base_keys: base.iter().map(|(key, _)| *key).collect(),
            place: None,
            name: String::new(),
            stderr: None,
            writing: Mutex::new(Writing {
                output,
                draft: Draft::default(),
                scratch: String::new(),
            }),
            kept: None,
            waits: Notify::new(),
        }
    }

    /// The same with the last records kept.
    fn keeping(mut self, lines: Option<usize>) -> Self {
        self.kept = lines.map(|lines| Arc::new(Kept::new(lines)));
        if self.kept.is_some() {
            self.output().draft.kept = Some(String::new());
        }
        self
    }

    fn output(&self) -> MutexGuard<'_, Writing> {
        self.writing.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The record that stands for those that found no room.
    fn notice(&self, lost: u64) -> String {
        let mut draft = Draft::default();
        let message = Shown::of("log lines were lost");
        self.form.begin(&mut draft, Utc::now(), Level::Warn, &message);
        self.form.base(&mut draft, &self.base);
        self.form.bare(&mut draft, "lost", &lost.to_string());
        self.form.end(&mut draft);
        draft.text
    }

    /// Says it where somebody may see it, unless that is where it cannot be written. Nobody is left to be told of an error here, and
    /// whoever does not read standard error is not waited for either.
    fn tell(&self, told: &Told) {
        let Some(stderr) = &self.stderr else { return };
        let name = &self.name;
        let line = match told {
            Told::Losing(error) => {
                format!("tunnel-client: the log in {name} cannot be written: {error}; lines are lost until it can\n")
            }
            Told::Waiting(error) => {
                format!("tunnel-client: the log in {name} cannot be written: {error}; lines wait until it can\n")
            }
            Told::Recovered(lost) => {
                format!("tunnel-client: the log in {name} can be written again; {lost} lines were lost\n")
            }
        };
        let _ = stderr.write(line.as_bytes());
    }

    fn compose(&self, record: &Record<'_>, draft: &mut Draft, scratch: &mut String) {
        let message = match record.args().as_str() {
            Some(text) => text,
            None => formatted(scratch, record.args()),
        };
        self.form.begin(draft, Utc::now(), record.level(), &Shown::of(message));
        self.form.base(draft, &self.base);
        let mut fields = Fields {
            form: &self.form,
            draft,
            scratch,
            base: &self.base_keys,
            seen: [""; LOG_FIELDS_MAX],
            count: 0,
        };
        // Visiting fails only when a visitor does, and ours does not.
        let _ = record.key_values().visit(&mut fields);
        self.form.end(draft);
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
        let Writing { output, draft, scratch } = &mut *writing;
        self.compose(record, draft, scratch);
        if let Some(told) = output.write(&draft.text, |lost| self.notice(lost)) {
            self.tell(&told);
        }
        if output.is_waiting() || output.has_lost() {
            self.waits.notify_one();
        }
        if let (Some(kept), Some(line)) = (&self.kept, &draft.kept) {
            kept.push(line);
        }
        draft.clear(LOG_BUFFER_KEEP);
        scratch.clear();
        scratch.shrink_to(LOG_BUFFER_KEEP);
    }

    fn flush(&self) {}
}

/// Writes the fields of one record; the first of several with one name counts.
struct Fields<'a, 'kvs> {
    form: &'a Form,
    draft: &'a mut Draft,
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
            self.form.text(self.draft, name, &Shown::redacted());
            return Ok(());
        }
        value.visit(Field {
            form: self.form,
            draft: self.draft,
            scratch: self.scratch,
            name,
        })
    }
}

/// Writes one field.
struct Field<'a> {
    form: &'a Form,
    draft: &'a mut Draft,
    scratch: &'a mut String,
    name: &'a str,
}

impl Field<'_> {
    fn bare(&mut self, value: impl Display) -> Result<(), KvError> {
        let text = formatted(self.scratch, &value);
        self.form.bare(self.draft, self.name, text);
        Ok(())
    }
}

impl<'v> VisitValue<'v> for Field<'_> {
    fn visit_any(&mut self, value: KvValue<'_>) -> Result<(), KvError> {
        let text = formatted(self.scratch, &value);
        self.form.text(self.draft, self.name, &Shown::of(text));
        Ok(())
    }

    fn visit_str(&mut self, value: &str) -> Result<(), KvError> {
        self.form.text(self.draft, self.name, &Shown::of(value));
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
