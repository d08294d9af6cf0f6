//! The command line: what is asked for, done, and every error printed once.

#![forbid(unsafe_code)]

mod admin;
mod args;
mod audit;
mod completion;
mod config;
mod doctor;
mod embedded;
#[cfg(fuzzing)]
pub(crate) mod fuzzing;
mod health;
mod help;
mod hints;
mod init;
mod left_out;
mod logs;
mod page_token;
mod profiles;
mod run;
mod settings;
mod start;
mod status;
mod support;
mod text;
mod topics;
mod version;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};

use clap::{ArgMatches, Command};

use crate::config::ConfigErrors;
use crate::telemetry::redact;

use start::Start;

pub use args::command;
#[cfg(fuzzing)]
pub(crate) use health::locator_fuzzing;
pub use topics::TOPICS;

/// One command: its arguments, and what it does.
struct Entry {
    name: &'static str,
    arguments: fn() -> Command,
    /// Who runs for long lets go of the arguments first.
    execute: fn(&mut ArgMatches, Start) -> Result<(), Error>,
}

/// Every command, in the order of the help text.
const COMMANDS: &[Entry] = &[
    entry("run", run::arguments, run::execute),
    entry("init", init::arguments, init::execute),
    entry("doctor", doctor::arguments, doctor::execute),
    entry("health", health::arguments, health::execute),
    entry("status", status::arguments, status::execute),
    entry("profiles", profiles::arguments, profiles::execute),
    entry("config", config::arguments, config::execute),
    entry("audit", audit::arguments, audit::execute),
    entry("admin", admin::arguments, admin::execute),
    entry("logs", logs::arguments, logs::execute),
    entry("support", support::arguments, support::execute),
    entry("help", topics::arguments, topics::execute),
    entry("completion", completion::arguments, completion::execute),
    entry("version", version::arguments, version::execute),
];

const fn entry(
    name: &'static str,
    arguments: fn() -> Command,
    execute: fn(&mut ArgMatches, Start) -> Result<(), Error>,
) -> Entry {
    Entry {
        name,
        arguments,
        execute,
    }
}

/// Performs the command that the arguments name; the first one is the name of the program. Closes the process to others before
/// anything else.
///
/// # Errors
///
/// The arguments or the configuration are wrong, or the daemon could not start or failed.
pub fn execute(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    let start = Start::close(arguments)?;
    match args::parse(start.arguments.clone())? {
        args::Request::Print(text) => print(&text),
        args::Request::Command(mut matches) => match matches.remove_subcommand() {
            Some((name, mut matches)) => match COMMANDS.iter().find(|command| command.name == name) {
                Some(command) => (command.execute)(&mut matches, start),
                None => left_out::command(&name).map_or(Ok(()), Err),
            },
            None => Ok(()),
        },
    }
    .or_else(Error::ignore_closed_output)
}

/// Prints on standard output, a line break at the end.
fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    let end = if text.ends_with('\n') { "" } else { "\n" };
    stdout
        .write_all(text.as_bytes())
        .and_then(|()| stdout.write_all(end.as_bytes()))
        .and_then(|()| stdout.flush())
        .map_err(Error::Output)
}

/// Why a command failed.
#[derive(Debug)]
pub enum Error {
    /// The arguments make no sense.
    Usage(String),
    /// The configuration is wrong.
    Config(ConfigErrors),
    /// The daemon could not start, or failed.
    Run(crate::run::Error),
    /// What was asked for could not be printed.
    Output(io::Error),
    /// Anything else that stops a command.
    Message(String),
    /// The report that was printed says it all; only the exit code is left.
    Reported(u8),
}

impl Error {
    /// Prints the error on standard error, scrubbed: what was typed in the wrong place may be a secret.
    pub fn report(&self) {
        if matches!(self, Self::Reported(_)) {
            return;
        }
        // There is nowhere to report that reporting failed.
        let _ = writeln!(io::stderr(), "{}", redact::scrub(&self.to_string()));
    }

    /// The exit code of the process.
    #[must_use]
    pub fn exit_code(&self) -> u8 {
        match self {
            Self::Reported(code) => *code,
            _ => 1,
        }
    }

    /// A reader that has seen enough (`tunnel-client --help | head -1`) is no failure.
    fn ignore_closed_output(self) -> Result<(), Self> {
        match self {
            Self::Output(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
            other => Err(other),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Usage(message) => f.write_str(message),
            Self::Config(errors) => {
                let mut lines = errors.iter();
                if let Some(first) = lines.next() {
                    write!(f, "configure tunnel-client: {first}")?;
                }
                lines.try_for_each(|error| write!(f, "\nconfigure tunnel-client: {error}"))
            }
            Self::Run(error) if error.is_late() => write!(f, "run tunnel-client: {error}"),
            Self::Run(error) => write!(f, "start tunnel-client: {error}"),
            Self::Output(error) => write!(f, "write output: {error}"),
            Self::Message(message) => f.write_str(message),
            Self::Reported(_) => f.write_str("see the report"),
        }
    }
}

impl std::error::Error for Error {}
