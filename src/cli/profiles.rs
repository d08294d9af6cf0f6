//! `tunnel-client profiles`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("profiles").about("List, add, edit profiles; show the samples")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("profiles: not built yet".to_owned()))
}
