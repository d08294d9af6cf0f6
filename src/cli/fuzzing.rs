//! Doors to the reading of arguments, and to what `config show` prints.

use std::ffi::OsString;

use super::args::{self, Request};
use super::settings;
use crate::config::Flags;

pub use super::config::fuzzing::shown_settings;

/// Flags that the arguments give to `run`; `None` when they ask for something else. The error is the message of the command.
pub fn flags_of_run(arguments: Vec<OsString>) -> Result<Option<Flags>, String> {
    match args::parse(arguments) {
        Ok(Request::Print(_)) => Ok(None),
        Ok(Request::Command(matches)) => Ok(matches
            .subcommand()
            .filter(|(name, _)| *name == "run")
            .map(|(_, matches)| settings::flags(matches))),
        Err(error) => Err(error.to_string()),
    }
}
