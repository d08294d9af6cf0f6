//! Whether a text is a profile that `run` would take, apart from what is not there yet.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::Path;

use crate::config::{self, ConfigError, File, Location, Source, Text, Value};
use crate::secrets::{Disk, Environment, Reference};

/// What the real loader says of a profile.
#[derive(Debug, Default)]
pub(in crate::cli) struct Verdict {
    /// Mistakes of the profile itself: it must not be saved.
    pub(in crate::cli) mistakes: Vec<ConfigError>,
    /// What it leaves to the environment, or refers to, and is not there now.
    pub(in crate::cli) missing: Vec<ConfigError>,
    /// Variables that it refers to and that are not set now, as far as their names may be shown.
    pub(in crate::cli) unset: BTreeSet<String>,
}

/// Loads `text` as the profile at `path`, alone: neither flags nor variables hide what stands in it.
pub(in crate::cli) fn check(path: &Path, text: &[u8], environment: &Environment) -> Verdict {
    let file = File::from_bytes(path, text);
    let references = References::of(&file);
    let mistakes = config::mistakes(&file, &references.environment(environment), &Disk::default());
    let mut verdict = Verdict {
        unset: references.unset(environment),
        ..Verdict::default()
    };
    for error in mistakes {
        let is_missing = match &error.origin.source {
            Source::File(location) => references.places.contains(location),
            Source::Unset => true,
            _ => false,
        };
        match is_missing {
            true => verdict.missing.push(error),
            false => verdict.mistakes.push(error),
        }
    }
    verdict
}

/// The well-formed references of a file.
#[derive(Default)]
struct References {
    /// Where they stand. An entry of a list is also known by its own place.
    places: Vec<Location>,
    variables: BTreeSet<String>,
}

impl References {
    fn of(file: &File) -> Self {
        let mut references = Self::default();
        for entry in &file.entries {
            match &entry.value {
                Value::One(text) => references.add(text, &entry.location),
                Value::List(texts) => texts.iter().for_each(|text| references.add(text, &text.location)),
                Value::Headers(headers) => {
                    headers
                        .iter()
                        .for_each(|(name, value)| references.add(value, &name.location));
                }
                Value::Records(records) => {
                    for record in records {
                        let texts = record.fields.iter().flat_map(|(_, value)| value.texts());
                        texts.for_each(|text| references.add(text, &record.location));
                    }
                }
            }
        }
        references
    }

    fn add(&mut self, text: &Text, whole: &Location) {
        let Some(reference) = Reference::parse_any_case(text.text.trim()) else {
            return;
        };
        self.places.extend([text.location.clone(), whole.clone()]);
        if let Reference::Variable(name) = reference {
            self.variables.insert(name);
        }
    }

    /// The variables that are referred to, and where systemd keeps credentials.
    fn environment(&self, all: &Environment) -> Environment {
        let names = self
            .variables
            .iter()
            .map(String::as_str)
            .chain(["CREDENTIALS_DIRECTORY"]);
        let known = names.filter_map(|name| Some((OsString::from(name), all.value(name)?.to_owned())));
        known.collect()
    }

    /// Those that are not set and may be shown: what stands after `env:` can be the secret itself, by mistake.
    fn unset(&self, environment: &Environment) -> BTreeSet<String> {
        let is_shown = |name: &&String| Reference::Variable((*name).clone()).written() == format!("env:{name}");
        let unset = self.variables.iter().filter(|name| environment.value(name).is_none());
        unset.filter(is_shown).cloned().collect()
    }
}
