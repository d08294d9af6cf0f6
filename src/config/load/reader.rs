//! Reads settings from the sources and remembers every mistake, so that all of them are reported at once.

use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use secrecy::zeroize::Zeroizing;

use crate::config::settings::{ConfigError, File, Location, Origin, RecordEntry, Setting, Source, Sources, Written};
use crate::config::values::{duration, scalar};
use crate::limits::{CONFIG_ERRORS_MAX, TIME_MAX, TIME_MIN};

/// A mistake was reported; there is no value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported;

/// A value, or the mark that its mistake was reported.
pub(super) type Checked<T> = Result<T, Reported>;

/// A mistake, and its place when it has one of its own within its entry.
pub(super) type Problem = (Option<Location>, String);

/// Makes a value of fields that are [`Checked`]: all of them are read before the first mistake ends it, so that every mistake is reported.
macro_rules! checked {
    ($type:ident { $($field:ident $(: $value:expr)?,)+ $(..$base:expr)? }) => {{
        $($(let $field = $value;)?)+
        Ok($type { $($field: $field?,)+ $(..$base)? })
    }};
}
pub(super) use checked;

pub(super) struct Reader<'a> {
    pub(super) sources: Sources<'a>,
    errors: Vec<ConfigError>,
    warnings: Vec<String>,
}

/// What was found besides the values.
pub(super) struct Findings {
    /// Every mistake.
    pub(super) errors: Vec<ConfigError>,
    /// What is allowed and probably not meant.
    pub(super) warnings: Vec<String>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: Sources<'a>) -> Self {
        Self {
            sources,
            errors: Vec::new(),
            warnings: Vec::new(),
        }
    }

    /// The mistakes, those in the form of the configuration file first, and the warnings.
    pub(super) fn into_findings(self) -> Findings {
        Findings {
            errors: File::with_mistakes(self.sources.file, self.errors),
            warnings: self.warnings,
        }
    }

    /// Remembers one line for the log.
    pub(super) fn warn(&mut self, warning: String) {
        self.warnings.push(warning);
    }

    /// Remembers a mistake; of very many, the first.
    pub(super) fn report(&mut self, setting: &'static str, origin: Origin, problem: impl Display) -> Reported {
        if self.errors.len() > CONFIG_ERRORS_MAX {
            return Reported;
        }
        let is_last = self.errors.len() == CONFIG_ERRORS_MAX;
        self.errors.push(ConfigError {
            setting,
            origin,
            problem: if is_last {
                "there are more mistakes from here on; mend these first".to_owned()
            } else {
                problem.to_string()
            },
        });
        Reported
    }

    /// Remembers a mistake in the value of a setting, or in a list as a whole.
    pub(super) fn refuse(&mut self, setting: &'static Setting, problem: impl Display) -> Reported {
        self.report(setting.flag, self.sources.origin(setting), problem)
    }

    /// A setting that may be missing.
    pub(super) fn optional<T, E: Display>(
        &mut self,
        setting: &'static Setting,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Checked<Option<T>> {
        let Some(written) = self.sources.one(setting) else {
            return Ok(None);
        };
        let text = self.text(setting, &written)?;
        parse(&text)
            .map(Some)
            .map_err(|problem| self.report(setting.flag, written.origin, problem))
    }

    /// A setting that must have a value; `missing` says what to do when it has none.
    pub(super) fn required<T, E: Display>(
        &mut self,
        setting: &'static Setting,
        missing: &str,
        parse: impl FnOnce(&str) -> Result<T, E>,
    ) -> Checked<T> {
        let value = self.optional(setting, parse)?;
        value.ok_or_else(|| self.report(setting.flag, Origin::UNSET, missing))
    }

    /// True or false; the table has a default for each.
    pub(super) fn switch(&mut self, setting: &'static Setting) -> Checked<bool> {
        self.required(setting, "needs true or false", |text| {
            scalar::boolean(text).ok_or_else(|| format!("{} must be true or false", setting.flag))
        })
    }

    /// A whole number from 1 to `max`.
    pub(super) fn count(&mut self, setting: &'static Setting, max: usize) -> Checked<usize> {
        self.number(setting, 1, max)
    }

    /// A whole number from `min`, which is 0 or 1, to `max`.
    pub(super) fn number(&mut self, setting: &'static Setting, min: usize, max: usize) -> Checked<usize> {
        let is_in_file = self.sources.one(setting).is_some_and(|written| written.is_in_file());
        self.required(setting, "needs a number", |text| {
            if is_in_file {
                scalar::number(&scalar::yaml_number(text, setting.flag)?, setting.flag, min, max)
            } else {
                scalar::number(text, setting.flag, min, max)
            }
        })
    }

    /// A duration of at least `min`, which is zero or written in whole milliseconds.
    pub(super) fn time(&mut self, setting: &'static Setting, min: Duration) -> Checked<Duration> {
        let name = setting.flag;
        self.required(setting, "needs a duration", |text| match duration::parse(text) {
            Err(error) => Err(format!("{name} {error}")),
            Ok(value) if value < min => Err(format!(
                "{name} must be greater than 0; write at least {}ms",
                min.as_millis()
            )),
            Ok(value) if value > TIME_MAX => Err(format!(
                "{name} must be less than or equal to {}h",
                TIME_MAX.as_secs() / 3600
            )),
            Ok(value) => Ok(value),
        })
    }

    /// A time that has no default of its own.
    pub(super) fn optional_time(&mut self, setting: &'static Setting) -> Checked<Option<Duration>> {
        match self.sources.one(setting) {
            Some(_) => self.time(setting, TIME_MIN).map(Some),
            None => Ok(None),
        }
    }

    /// A path, taken as it is.
    pub(super) fn path(&mut self, setting: &'static Setting) -> Checked<Option<PathBuf>> {
        match self.sources.one(setting) {
            Some(written) if setting.reference && written.is_in_file() => {
                let text = self.text(setting, &written)?;
                Ok(Some(PathBuf::from(text.as_str())))
            }
            written => Ok(written.map(|written| PathBuf::from(written.value))),
        }
    }

    /// A path that may be written as `env:NAME`, the variable that holds it, `file:PATH` or `credential:NAME`. `what` begins
    /// the sentence about a mistake.
    pub(super) fn path_reference(&mut self, setting: &'static Setting, what: &str) -> Checked<Option<PathBuf>> {
        let Some(written) = self.sources.one(setting) else {
            return Ok(None);
        };
        let path = self.sources.path(written.value);
        path.map(Some)
            .map_err(|problem| self.refuse(setting, format!("{what} {problem}")))
    }

    /// The entries of a list of which there may be `most`; `too_many` says so.
    pub(super) fn at_most<T, E: Display>(
        &mut self,
        setting: &'static Setting,
        most: usize,
        too_many: &str,
        parse: impl FnMut(&str) -> Result<T, E>,
    ) -> Checked<Vec<(T, Origin)>> {
        let entries = self.list(setting, parse)?;
        match entries.get(most) {
            Some((_, origin)) => Err(self.report(setting.flag, origin.clone(), too_many)),
            None => Ok(entries),
        }
    }

    /// The entries of a list that parse, with their origins; an entry that does not is reported.
    pub(super) fn list<T, E: Display>(
        &mut self,
        setting: &'static Setting,
        mut parse: impl FnMut(&str) -> Result<T, E>,
    ) -> Checked<Vec<(T, Origin)>> {
        let mut values = Vec::new();
        let mut outcome = Ok(());
        if setting.needs_entry
            && let Some(origin) = self.sources.without_entry(setting)
        {
            outcome = Err(self.report(setting.flag, origin, setting.no_entry()));
        }
        for written in self.sources.list(setting) {
            let value = self.text(setting, &written).and_then(|text| {
                parse(&text).map_err(|problem| self.report(setting.flag, written.origin.clone(), problem))
            });
            match value {
                Ok(value) => values.push((value, written.origin)),
                Err(reported) => outcome = Err(reported),
            }
        }
        outcome.map(|()| values)
    }

    /// The entries of a list of records that `read` accepts, with their places. Of very many the first: one more than `most` is enough
    /// to tell that there are too many.
    pub(super) fn records<T>(
        &mut self,
        setting: &'static Setting,
        most: usize,
        mut read: impl FnMut(&mut Self, &RecordEntry<'a>) -> Result<T, Vec<Problem>>,
    ) -> Checked<Vec<(T, Origin)>> {
        let mut found = Vec::new();
        let mut outcome = Ok(());
        for entry in self.sources.records(setting).into_iter().take(most + 1) {
            if let RecordEntry::Text(written) = &entry
                && let Err(reported) = self.text(setting, written)
            {
                outcome = Err(reported);
                continue;
            }
            match read(self, &entry) {
                Ok(value) => found.push((value, entry.origin())),
                Err(problems) => {
                    for (place, problem) in problems {
                        let origin = place.map_or_else(|| entry.origin(), |place| Origin::new(Source::File(place)));
                        outcome = Err(self.report(setting.flag, origin, problem));
                    }
                }
            }
        }
        outcome.map(|()| found)
    }

    /// What was written, as text; for a reference in a configuration file, what it leads to.
    pub(super) fn text(&mut self, setting: &'static Setting, written: &Written<'a>) -> Checked<Zeroizing<String>> {
        let name = setting.flag;
        let Some(text) = written.value.to_str().map(str::trim) else {
            return Err(self.report(name, written.origin.clone(), format!("{name} is not UTF-8 text")));
        };
        let value = self.sources.value(text, setting.reference && written.is_in_file());
        value.map_err(|problem| self.report(name, written.origin.clone(), format!("{name} {problem}")))
    }
}
