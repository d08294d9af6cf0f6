//! A stdio server: its command, and what its mapping in a configuration file says of its variables and its sandbox.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use secrecy::{ExposeSecret as _, SecretString};

use super::bindings::channel;
use super::reader::{Problem, Reader};
use crate::config::checked::{Binding, Level, ServerNetwork, ServerSandbox, Target, Variable, holds};
use crate::config::settings::{
    FieldValue, Origin, Record, RecordEntry, Source, Sources, Text, name_at, reference, refers, table,
};
use crate::config::values::{argv, boolean, echo, shell};
use crate::limits::{PASS_ENV_MAX, SERVER_RULES_MAX, SERVER_VARIABLE_MAX, SERVER_VARIABLES_MAX};
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
struct Problems(Vec<Problem>);

impl Problems {
    fn add(&mut self, text: &Text, problem: String) {
        self.0.push((Some(text.location.clone()), problem));
    }

    /// What a step gave, if it went right.
    fn take<T>(&mut self, text: &Text, outcome: Result<T, String>) -> Option<T> {
        outcome.map_err(|problem| self.add(text, problem)).ok()
    }
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
        problems.add(
            name,
            format!("env must have less than or equal to {SERVER_VARIABLES_MAX} variables; remove some"),
        );
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
    let Some(FieldValue::List(texts)) = record.value("pass_env") else {
        return Vec::new();
    };
    if let Some(text) = texts.get(PASS_ENV_MAX) {
        problems.add(
            text,
            format!("pass_env must have less than or equal to {PASS_ENV_MAX} patterns; remove some"),
        );
        return Vec::new();
    }
    let mut patterns = Vec::with_capacity(texts.len());
    for text in texts {
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

fn sandbox(record: &Record, problems: &mut Problems) -> ServerSandbox {
    let mut sandbox = ServerSandbox::default();
    let record = match record.value("sandbox") {
        Some(FieldValue::One(text)) => {
            sandbox.level = problems.take(text, level(text)).unwrap_or_default();
            return sandbox;
        }
        Some(FieldValue::Group(record)) => record,
        _ => return sandbox,
    };
    match record.field("level").map(|text| (text, level(text))) {
        Some((_, Ok(level))) => sandbox.level = level,
        Some((text, Err(problem))) => {
            problems.add(text, problem);
            // What the rest should be is not known.
            return sandbox;
        }
        None => {}
    }
    for (name, value) in &record.fields {
        let (least, levels) = match *name {
            "level" => (Level::Off, ""),
            "devices" => (Level::Default, "default or strict"),
            _ => (Level::Strict, "strict"),
        };
        if sandbox.level < least {
            let problem = format!("sandbox: {name} is for level: {levels}; write that too, or remove {name}");
            let location = value.texts().first().map(|text| text.location.clone());
            problems.0.push((location, problem));
        }
    }
    if sandbox.level >= Level::Default {
        sandbox.devices = paths(record, "devices", problems);
    }
    if sandbox.level < Level::Strict {
        return sandbox;
    }
    sandbox.read = paths(record, "read", problems);
    sandbox.write = paths(record, "write", problems);
    sandbox.network = network(record, problems);
    if let Some(text) = record.field("allow_writable_program") {
        let outcome = boolean(text.text.trim()).ok_or_else(|| {
            format!(
                "sandbox: allow_writable_program is not a boolean: {}; write true or false",
                echo(&text.text)
            )
        });
        sandbox.allow_writable_program = problems.take(text, outcome).unwrap_or_default();
    }
    sandbox
}

fn level(text: &Text) -> Result<Level, String> {
    match text.text.trim() {
        "default" => Ok(Level::Default),
        "strict" => Ok(Level::Strict),
        "off" => Ok(Level::Off),
        other => Err(format!(
            "sandbox has an unknown level: {}; write default, strict or off",
            echo(other)
        )),
    }
}

/// A list of the sandbox, not too long.
fn rules<'r>(record: &'r Record, name: &'static str, problems: &mut Problems) -> &'r [Text] {
    let Some(FieldValue::List(texts)) = record.value(name) else {
        return &[];
    };
    match texts.get(SERVER_RULES_MAX) {
        None => texts,
        Some(text) => {
            problems.add(
                text,
                format!("sandbox: {name} must have less than or equal to {SERVER_RULES_MAX} entries; remove some"),
            );
            &[]
        }
    }
}

fn paths(record: &Record, name: &'static str, problems: &mut Problems) -> Vec<PathBuf> {
    let mut paths = Vec::new();
    for text in rules(record, name, problems) {
        let path = Path::new(text.text.trim());
        let climbs = path.components().any(|part| part == std::path::Component::ParentDir);
        if !path.is_absolute() || climbs {
            let shown = echo(&text.text);
            let problem = format!(
                "sandbox: {name} has a path that is not absolute, or has .. in it: {shown}; write all of it from /"
            );
            problems.add(text, problem);
        } else if name == "devices" && !is_below_dev(path) {
            let shown = echo(&text.text);
            let problem =
                format!("sandbox: devices has a path that is not below /dev: {shown}; write the path of a device");
            problems.add(text, problem);
        } else {
            paths.push(path.to_owned());
        }
    }
    paths
}

fn is_below_dev(path: &Path) -> bool {
    path.strip_prefix("/dev")
        .is_ok_and(|rest| rest.components().next().is_some())
}

fn network(record: &Record, problems: &mut Problems) -> ServerNetwork {
    let mut ports = Vec::new();
    let known = problems.0.len();
    for text in rules(record, "connect", problems) {
        let port = text.text.trim().parse::<u16>().ok().filter(|port| *port > 0);
        let outcome = port.ok_or_else(|| {
            format!(
                "sandbox: connect has an invalid port: {}; write 1 to 65535",
                echo(&text.text)
            )
        });
        ports.extend(problems.take(text, outcome));
    }
    let Some(text) = record.field("network") else {
        return match ports.is_empty() {
            true => ServerNetwork::None,
            false => ServerNetwork::Tcp(ports),
        };
    };
    let names_ports = record.value("connect").is_some();
    let outcome = match (text.text.trim(), names_ports) {
        ("none", false) => Ok(ServerNetwork::None),
        ("any", false) => Ok(ServerNetwork::Any),
        ("tcp", true) => Ok(ServerNetwork::Tcp(ports)),
        ("none", true) => {
            Err("sandbox: network: none leaves no port of connect to reach; remove one of them".to_owned())
        }
        ("any", true) => {
            Err("sandbox: network: any opens all ports, not those of connect alone; remove one of them".to_owned())
        }
        ("tcp", false) => {
            Err("sandbox: network: tcp needs connect, the ports; or write any, which opens all".to_owned())
        }
        (other, _) => Err(format!(
            "sandbox has an unknown network: {}; write none, tcp or any",
            echo(other)
        )),
    };
    let network = problems.take(text, outcome);
    // With mistakes there is no binding, whatever this is.
    network.filter(|_| problems.0.len() == known).unwrap_or_default()
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
