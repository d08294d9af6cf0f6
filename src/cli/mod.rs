//! The command line: what is asked for, done, and every error printed once.

#![forbid(unsafe_code)]

mod args;
mod help;
mod run;

use std::ffi::OsString;
use std::fmt;
use std::io::{self, Write};

use crate::config::ConfigErrors;
use crate::telemetry::redact;

/// Does what the arguments ask for; the first one is the name of the program.
///
/// # Errors
///
/// The arguments or the configuration are wrong, or the daemon could not start or failed.
pub fn execute(arguments: impl IntoIterator<Item = OsString>) -> Result<(), Error> {
    match args::parse(arguments)? {
        args::Request::Print(text) => print(&text),
        args::Request::Run(flags) => run::run(&flags),
    }
    .or_else(Error::ignore_closed_output)
}

fn print(text: &str) -> Result<(), Error> {
    let mut stdout = io::stdout().lock();
    stdout
        .write_all(text.as_bytes())
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
}

impl Error {
    /// Prints the error on standard error, scrubbed: what was typed in the wrong place may be a secret.
    pub fn report(&self) {
        // There is nowhere to report that reporting failed.
        let _ = writeln!(io::stderr(), "{}", redact::scrub(&self.to_string()));
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
            Self::Run(error) => write!(f, "start tunnel-client: {error}"),
            Self::Output(error) => write!(f, "write output: {error}"),
        }
    }
}

impl std::error::Error for Error {}
