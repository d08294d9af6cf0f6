//! `tunnel-client init`.

use clap::{ArgMatches, Command};

use super::Error;

pub(super) fn arguments() -> Command {
    Command::new("init").about("Write a profile from a sample")
}

pub(super) fn execute(_matches: &ArgMatches) -> Result<(), Error> {
    Err(Error::Message("init: not built yet".to_owned()))
}
