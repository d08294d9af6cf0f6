//! Reads settings from the sources and remembers every mistake, so that all of them are reported at once.

use std::ffi::OsStr;
use std::fmt::Display;
use std::path::PathBuf;
use std::time::Duration;

use super::duration;
use super::error::ConfigError;
use super::file::File;
use super::sources::{Origin, Sources, Written};
use super::table::{COMMANDS, SERVER_URLS, Setting};
use crate::limits::TIME_MAX;
use crate::secrets::{Environment, Reference};

/// A mistake was reported; there is no value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reported;

/// A value, or the mark that its mistake was reported.
pub(super) type Checked<T> = Result<T, Reported>;

pub(super) struct Reader<'a> {
    pub(super) sources: Sources<'a>,
    errors: Vec<ConfigError>,
}

impl<'a> Reader<'a> {
    pub(super) fn new(sources: Sources<'a>) -> Self {
        Self {
            sources,
            errors: Vec::new(),
        }
    }

    /// The mistakes so far, those in the form of the configuration file first.
    pub(super) fn into_errors(self) -> Vec<ConfigError> {
        let Some(file) = self.sources.file else {
            return self.errors;
        };
        let others = self.errors.into_iter().filter(|error| !explains(file, error));
        file.mistakes.iter().cloned().chain(others).collect()
    }

    pub(super) fn report(&mut self, setting: &'static str, origin: Origin, problem: impl Display) -> Reported {
        self.errors.push(ConfigError {
            setting,
            origin,
            problem: problem.to_string(),
        });
        Reported
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
        parse(text)
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

    /// A path, taken as it is.
    pub(super) fn path(&mut self, setting: &'static Setting) -> Option<PathBuf> {
        self.sources.one(setting).map(|written| PathBuf::from(written.value))
    }

    /// A path that may be written as `env:NAME`, the variable that holds it, or `file:PATH`.
    pub(super) fn path_reference(&mut self, setting: &'static Setting) -> Checked<Option<PathBuf>> {
        let Some(written) = self.sources.one(setting) else {
            return Ok(None);
        };
        referenced_path(self.sources.environment, written.value)
            .map(Some)
            .map_err(|problem| self.report(setting.flag, written.origin, format!("{} {problem}", setting.flag)))
    }

    /// The entries of a list that parse, with their origins; an entry that does not is reported.
    pub(super) fn list<T, E: Display>(
        &mut self,
        setting: &'static Setting,
        mut parse: impl FnMut(&str) -> Result<T, E>,
    ) -> Checked<Vec<(T, Origin)>> {
        let mut values = Vec::new();
        let mut outcome = Ok(());
        for written in self.sources.list(setting) {
            let value = self.text(setting, &written).and_then(|text| {
                parse(text).map_err(|problem| self.report(setting.flag, written.origin.clone(), problem))
            });
            match value {
                Ok(value) => values.push((value, written.origin)),
                Err(reported) => outcome = Err(reported),
            }
        }
        outcome.map(|()| values)
    }

    fn text(&mut self, setting: &'static Setting, written: &Written<'a>) -> Checked<&'a str> {
        written.value.to_str().map(str::trim).ok_or_else(|| {
            self.report(
                setting.flag,
                written.origin.clone(),
                format!("{} is not UTF-8 text", setting.flag),
            )
        })
    }
}

/// Whether a value is only missing because the file, where it may well stand, has a mistake there.
fn explains(file: &File, error: &ConfigError) -> bool {
    let is_binding = |setting: &str| setting == SERVER_URLS.flag || setting == COMMANDS.flag;
    let section = error.setting.split('.').next().unwrap_or_default().replace('-', "_");
    error.origin == Origin::UNSET
        && (!file.is_readable
            || file.mistakes.iter().any(|mistake| {
                mistake.setting == error.setting
                    || mistake.setting == section
                    || is_binding(mistake.setting) && is_binding(error.setting)
            }))
}

/// What a plain path, `env:NAME` or `file:PATH` stands for (spec: config, section 3, path references).
pub(super) fn referenced_path(environment: &Environment, written: &OsStr) -> Result<PathBuf, String> {
    match Reference::parse(written) {
        Some(Reference::File(path)) => Ok(path),
        Some(Reference::Variable(name)) => {
            let value = environment
                .value(&name)
                .ok_or_else(|| format!("refers to variable {name}, which is not set; set it"))?;
            Ok(PathBuf::from(value))
        }
        None if written
            .to_str()
            .is_some_and(|text| text.starts_with("env:") || text == "file:") =>
        {
            Err("is not a valid reference; write a path, env:NAME or file:PATH".to_owned())
        }
        None => Ok(PathBuf::from(written)),
    }
}
