//! A stdio server: its command, and what its mapping in a configuration file says of its variables.

use std::ffi::OsStr;

use secrecy::{ExposeSecret as _, SecretString};

use super::bindings::channel;
use super::reader::{Problem, Reader};
use super::server_sandbox::sandbox;
use crate::config::checked::{Binding, Target, Variable, holds};
use crate::config::settings::{
    FieldValue, Origin, Record, RecordEntry, Source, Sources, Text, name_at, reference, refers, table,
};
use crate::config::values::{argv, echo, shell};
use crate::limits::{PASS_ENV_MAX, SERVER_VARIABLE_MAX, SERVER_VARIABLES_MAX};
use crate::secrets::{ApiKey, Prefix, Reference, is_variable_name};

/// What must not reach a server: the client's own secrets.
#[derive(Debug, Clone, Copy)]
pub(super) struct Own<'a> {
    /// Variables that hold one.
    pub(super) variables: &'a [String],
    /// The key, unless it is written wrong.
    pub(super) key: Option<&'a ApiKey>,
}

/// The mistakes of one mapping.
pub(super) struct Problems(pub(super) Vec<Problem>);

impl Problems {
    pub(super) fn add(&mut self, text: &Text, problem: String) {
        self.0.push((Some(text.location.clone()), problem));
    }

    /// What a step gave, if it went right.
    pub(super) fn take<T>(&mut self, text: &Text, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|problem| self.add(text, problem)).ok()
    }

    /// The texts of a list of which there may be `most`; `what` the list is and `of` what, for the message.
    pub(super) fn list<'r>(&mut self, record: &'r Record, name: &str, most: usize, what: &str, of: &str) -> &'r [Text] {
        let Some(FieldValue::List(texts)) = record.value(name) else {
            return &[];
        };
        if let Some(text) = texts.get(most) {
            self.add(text, too_many(what, most, of));
            return &[];
        }
        texts
    }
}

fn too_many(what: &str, most: usize, of: &str) -> String {
    format!("{what} must have less than or equal to {most} {of}; remove some")
}

/// A server that is a child process, or everything that is wrong with its entry.
pub(super) fn server(reader: &mut Reader<'_>, entry: &RecordEntry<'_>, own: Own<'_>) -> Result<Binding, Vec<Problem>> {
    let sources = reader.sources;
    let command = command(reader, entry);
    let mut problems = Problems(command.as_ref().err().cloned().into_iter().collect());
    let (env, pass_env, sandbox) = match entry.record() {
        Some(record) => (
            env(&sources, record, own, &mut problems),
            pass_env(record, own, &mut problems),
            sandbox(record, &mut problems),
        ),
        None => Default::default(),
    };
    match command {
        Ok((channel, argv)) if problems.0.is_empty() => Ok(Binding {
            channel,
            target: Target::Stdio {
                argv,
                env,
                pass_env,
                sandbox,
            },
        }),
        _ => Err(problems.0),
    }
}

/// Channel and command of an entry. A command is judged by its words: the place of a mistake is where it stands, not where its mapping
/// begins. What only a shell would understand in it is a warning.
fn command(reader: &mut Reader<'_>, entry: &RecordEntry<'_>) -> Result<(String, Vec<String>), Problem> {
    let in_entry = |error| (None, format!("entry {error}"));
    let in_command = |error: String| (entry.place("command"), error);
    let parts = entry.parts(&table::COMMANDS).map_err(in_entry)?;
    let written = parts.required("command").map_err(in_entry)?;
    let command = reader.sources.value(written, entry.record().is_some());
    let command = command.map_err(|error| in_command(format!("command {error}")))?;
    let channel = channel(&parts).map_err(|error| (None, error))?;
    let words = argv::words(&command).map_err(|error| in_command(error.to_string()))?;
    if let Some(said) = shell::meaningless(&words) {
        let place = entry.place("command").map(|place| Origin::new(Source::File(place)));
        let origin = place.unwrap_or_else(|| entry.origin());
        reader.warn(format!(
            "command {said} ({} {origin})",
            name_at(table::COMMANDS.flag, &origin)
        ));
    }
    let argv = argv::of_words(words).map_err(|error| in_command(error.to_string()))?;
    Ok((channel, argv))
}

fn env(sources: &Sources<'_>, record: &Record, own: Own<'_>, problems: &mut Problems) -> Vec<Variable> {
    let Some(FieldValue::Names(pairs)) = record.value("env") else {
        return Vec::new();
    };
    if let Some((name, _)) = pairs.get(SERVER_VARIABLES_MAX) {
        problems.add(name, too_many("env", SERVER_VARIABLES_MAX, "variables"));
        return Vec::new();
    }
    let mut variables = Vec::with_capacity(pairs.len());
    for (name, value) in pairs {
        if !is_variable_name(&name.text) {
            let shown = echo(&name.text);
            problems.add(
                name,
                format!("env has an invalid name of a variable: {shown}; write letters, digits and _"),
            );
            continue;
        }
        let name = name.text.to_string();
        let outcome = variable(sources, value.text.trim(), own).map_err(|problem| format!("env: {name} {problem}"));
        variables.extend(problems.take(value, outcome).map(|(value, referenced)| Variable {
            name,
            value,
            referenced,
        }));
    }
    variables
}

/// The value, which is never part of a message, and whether it was kept elsewhere.
fn variable(sources: &Sources<'_>, written: &str, own: Own<'_>) -> Result<(SecretString, bool), String> {
    let reference = reference(OsStr::new(written), Prefix::AnyCase, "")?;
    let referenced = reference.is_some();
    let (value, place) = match reference {
        Some(Reference::Variable(name)) if own.variables.contains(&name) => {
            return Err(refers(&Reference::Variable(name), OURS));
        }
        Some(reference) => {
            let secret = sources.secret(&reference, SERVER_VARIABLE_MAX);
            (
                secret.map_err(|error| refers(&reference, error))?,
                refers(&reference, ""),
            )
        }
        None => (SecretString::from(written), String::new()),
    };
    let text = value.expose_secret();
    if own.key.is_some_and(|key| holds(OsStr::new(text), key)) {
        return Err(format!("{place}{OURS}"));
    }
    if text.len() > SERVER_VARIABLE_MAX {
        return Err(format!("{place}is longer than {SERVER_VARIABLE_MAX} bytes; shorten it"));
    }
    if text.contains('\0') {
        return Err(format!("{place}has a NUL byte; remove it"));
    }
    Ok((value, referenced))
}

/// Why something is not passed on.
const OURS: &str = "holds a secret of tunnel-client itself; a server never receives those, give it one of its own";

fn pass_env(record: &Record, own: Own<'_>, problems: &mut Problems) -> Vec<String> {
    let mut patterns = Vec::new();
    for text in problems.list(record, "pass_env", PASS_ENV_MAX, "pass_env", "patterns") {
        let outcome =
            variable_pattern(text.text.trim(), "pass_env").and_then(|pattern| match own.variables.contains(&pattern) {
                true => Err(format!("pass_env names variable {pattern}, which {OURS}")),
                false => Ok(pattern),
            });
        patterns.extend(problems.take(text, outcome));
    }
    patterns
}

/// A variable's name, or the beginning of names followed by `*`.
pub(super) fn variable_pattern(text: &str, setting: &str) -> Result<String, String> {
    let name = text.strip_suffix('*').unwrap_or(text);
    if name.is_empty() && text == "*" || is_variable_name(name) {
        Ok(text.to_owned())
    } else {
        Err(format!(
            "{setting} has an invalid pattern: {}; write NAME or PREFIX*",
            echo(text)
        ))
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests")]

    use super::*;

    #[test]
    fn patterns_are_names_with_an_optional_star_at_the_end() {
        for text in ["PATH", "AWS_*", "_x1", "*"] {
            assert_eq!(variable_pattern(text, "pass_env").unwrap(), text);
        }
        for text in ["1X", "A B", "A*B", "**", "A=B", "\u{e4}", ""] {
            assert!(variable_pattern(text, "pass_env").is_err(), "{text}");
        }
    }
}
