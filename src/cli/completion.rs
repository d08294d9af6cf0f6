//! `tunnel-client completion`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("completion").about("Print the completions of a shell")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("completion: not built yet".to_owned()))
}
